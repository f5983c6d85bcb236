//! A journal as lines, step by step.

use std::io::Read;
use std::num::NonZeroU64;

use satwire_capture::journal::{Digested, Ending, PlayError, Played, Player, Reader, Tape};
use satwire_core::node::{ConnId, Environment, EventKind, Input, Output, Purpose};
use satwire_core::{Instant, Network, Node};

use crate::messages::Messages;
use crate::meter::Meter;
use crate::model::{Model, Traffic};
use crate::options::Options;
use crate::render::Renderer;

/// A journal that is played, and the lines of what the node says.
#[derive(Debug)]
pub(crate) struct Replayed<R> {
    player: Player<R, Node<Digested<Metered>>>,
    model: Model,
    renderer: Renderer,
    /// Transactions that are still to be told, if the run was to end after some.
    left: Option<u64>,
    /// The time of the last step of which lines were made.
    at: Instant,
}

impl<R: Read> Replayed<R> {
    /// Plays this journal; which events are told is said by `options`.
    pub(crate) fn new(reader: Reader<R>, options: Options, renderer: Renderer) -> Self {
        let prologue = reader.prologue();
        // A custom signet has no name here; of the networks that have one it is nearest to signet.
        let network = Network::from_magic(prologue.config.magic).unwrap_or(Network::Signet);
        let model = Model::new(network, prologue.clock, options.told(), prologue.config.verdicts);
        let messages = options.told().names("message").then(|| Messages::new(prologue.config.magic));
        let player = Player::watched(reader, |tape| Metered { tape, meter: Meter::default(), messages });
        let left = options.count.map(NonZeroU64::get);
        Self { player, model, renderer: renderer.with_hex(options.hex), left, at: Instant::ZERO }
    }

    /// Appends the first line.
    pub(crate) fn start(&mut self, lines: &mut Vec<u8>) {
        self.renderer.entry(&self.model.start(Instant::ZERO), lines);
    }

    /// Plays a record; `None` at the end of the journal.
    pub(crate) fn step(&mut self) -> Result<Option<Played>, PlayError> {
        self.player.step()
    }

    /// Appends the lines of what was said since the last time, up to this record.
    pub(crate) fn tell(&mut self, played: Played, lines: &mut Vec<u8>) {
        self.at = played.at;
        let stopped = self.player.environment().meter.has_stopped();
        loop {
            while let Some(seen) = self.player.environment_mut().messages.as_mut().and_then(Messages::next) {
                if self.left != Some(0) || stopped {
                    self.renderer.entry(&self.model.message(seen), lines);
                }
            }
            let Some(output) = self.player.poll() else { break };
            let event = match output {
                Output::Event(event) => event,
                order => {
                    self.renderer.order(self.at, &order, lines);
                    continue;
                }
            };
            if let Some(messages) = &mut self.player.environment_mut().messages {
                messages.event_taken();
            }
            if self.left == Some(0) && !stopped {
                continue;
            }
            if let (EventKind::Tx { .. }, Some(left)) = (&event.kind, &mut self.left) {
                *left = left.saturating_sub(1);
            }
            if let Some(entry) = self.model.event(event) {
                self.renderer.entry(&entry, lines);
            }
        }
    }

    /// Appends the last line.
    pub(crate) fn summary(&mut self, lines: &mut Vec<u8>) {
        let traffic = Traffic { journal_until: Some(self.at), ..self.player.environment().meter.traffic() };
        self.renderer.entry(&self.model.summary(self.at, traffic), lines);
    }

    /// How the journal ends.
    pub(crate) const fn ending(&self) -> Ending {
        self.player.ending()
    }
}

/// Counts, and draws what was recorded.
#[derive(Debug)]
struct Metered {
    tape: Tape,
    meter: Meter,
    messages: Option<Messages>,
}

impl Environment for Metered {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        self.tape.draw(purpose)
    }

    fn observe(&mut self, purpose: Purpose, seen: u64) -> u64 {
        self.tape.observe(purpose, seen)
    }

    fn input(&mut self, now: Instant, input: &Input<'_>) {
        self.meter.input(now, input);
        if let Some(messages) = &mut self.messages {
            messages.input(now, input);
        }
    }

    fn queued(&mut self, now: Instant, conn: ConnId, frames: &[u8]) {
        self.meter.queued(frames);
        if let Some(messages) = &mut self.messages {
            messages.queued(now, conn, frames);
        }
    }

    fn output(&mut self, _now: Instant, output: &Output) {
        if let Some(messages) = &mut self.messages {
            messages.output(output);
        }
    }
}
