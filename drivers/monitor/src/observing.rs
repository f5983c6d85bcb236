//! A capture as lines, observation by observation.

use satwire_capture::convert::{Observer, Story};
use satwire_capture::journal::{Observation, Observed, Way};
use satwire_core::{Instant, Network};

use crate::event_set::EventSet;
use crate::model::{Model, Traffic};
use crate::render::Renderer;

/// A capture that is observed, and the lines of what is found in it.
#[derive(Debug)]
pub(crate) struct Observing {
    story: Story,
    observer: Observer,
    model: Model,
    renderer: Renderer,
    /// The time of the last observation of which lines were made.
    at: Instant,
    traffic: Traffic,
    /// Whether times count from the first observation, and when that was.
    since_first: bool,
    first: Option<Instant>,
}

impl Observing {
    /// Observes this capture, of which these events are told.
    pub(crate) fn new(story: Story, told: EventSet, renderer: Renderer) -> Self {
        let prologue = story.prologue();
        let network = Network::from_magic(prologue.config.magic).unwrap_or(Network::Signet);
        let part = prologue.continuation.as_ref().map(|continuation| continuation.part);
        let model = Model::new(network, prologue.clock, told, false).beginning_with(part);
        let traffic = Traffic { sent_unknown: part.is_some(), ..Traffic::default() };
        let observer = Observer::new(prologue);
        let observer = if told.names("message") { observer.with_messages() } else { observer };
        Self { story, observer, model, renderer, at: Instant::ZERO, traffic, since_first: false, first: None }
    }

    /// The same with times since the first observation: what captures have in common, whenever each was begun.
    pub(crate) fn since_first(self) -> Self {
        Self { since_first: true, ..self }
    }

    /// Appends the first line.
    pub(crate) fn start(&mut self, lines: &mut Vec<u8>) {
        self.renderer.entry(&self.model.start(Instant::ZERO), lines);
    }

    /// Reads the next observation; `None` at the end, and an `Err` where something cannot be read.
    pub(crate) fn read(&mut self) -> Option<Result<Observation, String>> {
        Some(self.story.next()?.map_err(|error| error.to_string()))
    }

    /// The number of the last observation.
    pub(crate) const fn number(&self) -> u64 {
        self.story.number()
    }

    /// Appends the lines of an observation.
    pub(crate) fn tell(&mut self, mut observation: Observation, lines: &mut Vec<u8>) {
        if self.since_first {
            let first = *self.first.get_or_insert(observation.at);
            observation.at = Instant::ZERO + observation.at.saturating_duration_since(first);
        }
        self.at = observation.at;
        match &observation.what {
            Observed::Bytes(Way::Received, bytes) => self.traffic.received += bytes.len() as u64,
            Observed::Bytes(Way::Sent, bytes) => self.traffic.sent += bytes.len() as u64,
            _ => {}
        }
        self.observer.observe(observation);
        self.drain(lines);
    }

    /// Appends the last lines.
    pub(crate) fn finish(&mut self, lines: &mut Vec<u8>) {
        self.observer.finish();
        self.drain(lines);
        self.renderer.entry(&self.model.summary(self.at, self.traffic), lines);
    }

    /// Returns what is wrong with what was read to its end, if something is.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.story.trouble()
    }

    fn drain(&mut self, lines: &mut Vec<u8>) {
        while let Some(finding) = self.observer.poll() {
            if let Some(entry) = self.model.finding(finding) {
                self.renderer.entry(&entry, lines);
            }
        }
    }
}
