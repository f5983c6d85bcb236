//! The run loop of `watch` and `demo`: a driver whose events are reported until something ends it.
//!
//! Three threads: this one, which serves the network and waits for nobody else; [`output`], which makes lines and
//! writes them; [`diagnostics`], which writes to standard error. A fourth one takes signals.

mod backlog;
mod diagnostics;
mod every;
mod output;
mod report;
mod signals;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use satwire_core::Node;
use satwire_core::node::Event;
use satwire_mio::Driver;

use self::backlog::Flow;
pub(crate) use self::diagnostics::Diagnostics;
use self::every::Every;
use self::output::{Failure, Flushed, Patience};
use self::report::Report;
use self::signals::Signal;
use crate::cli::Format;
use crate::event_set::EventSet;
use crate::model::{Model, Traffic};
use crate::record::RunEnvironment;
use crate::render::{Renderer, peer_table};

/// Events of one turn whose room is kept for the next.
const EVENTS_KEPT: usize = 4096;

/// How long the last diagnostics may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a run ended, where it did not by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The task is done.
    Done,
    /// A signal came.
    Signal,
    /// Nobody reads standard output any more, or nothing can be written to it.
    Output,
}

/// A driver, and where its events go.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) driver: Driver<Node<RunEnvironment>>,
    diagnostics: Diagnostics,
    report: Report,
    signalled: Arc<Signalled>,
    events: Vec<Event>,
    tables: Every,
    /// Standard output is a terminal, as long as that is open.
    on_terminal: bool,
}

/// The signals that came and were not seen yet.
#[derive(Debug, Default)]
struct Signalled {
    end: AtomicBool,
    hangup: AtomicBool,
    peers: AtomicBool,
}

/// How events are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Show {
    pub(crate) network: satwire_core::Network,
    pub(crate) format: Format,
    /// The events that are told.
    pub(crate) told: EventSet,
    /// How often a table of the peers is shown.
    pub(crate) report: Option<Duration>,
    pub(crate) hex: bool,
    pub(crate) quiet: bool,
}

impl Run {
    /// Prints the first line, and listens to signals from now on.
    pub(crate) fn start(driver: Driver<Node<RunEnvironment>>, show: Show) -> io::Result<Self> {
        let judges = driver.node().config().verdicts;
        let model = Model::new(show.network, driver.wall_clock(), show.told, judges);
        let waker = driver.waker();
        let wake = move || {
            // The loop sees it at its next turn if this fails.
            let _ = waker.wake();
        };
        let diagnostics = Diagnostics::start(show.quiet)?;
        driver.node().environment().on_failure(wake.clone());
        let signalled = Arc::new(Signalled::default());
        let (noted, last_words, wake_too) = (signalled.clone(), diagnostics.clone(), wake.clone());
        signals::listen(move |signal| {
            let noted = match signal {
                Signal::End => &noted.end,
                Signal::Hangup => &noted.hangup,
                Signal::Peers => &noted.peers,
            };
            if noted.swap(true, Ordering::Relaxed) && signal == Signal::End {
                last_words.error("ended by a second signal: what was not written by now is lost");
                last_words.flush(LAST_WORDS);
                std::process::exit(1);
            }
            wake_too();
        })?;
        let report = Report::start(model, Renderer::new(show.format).with_hex(show.hex), io::stdout(), wake)?;
        let on_terminal = io::stdout().is_terminal();
        let tables = Every::new(show.report, Instant::now());
        Ok(Self { driver, diagnostics, report, signalled, events: Vec::new(), tables, on_terminal })
    }

    /// Tells an operator something that is no event.
    pub(crate) const fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    /// Runs until `until` comes, a signal, or an event for which `is_last` is true.
    pub(crate) fn run(
        &mut self,
        until: Option<Instant>,
        mut is_last: impl FnMut(&Event) -> bool,
    ) -> io::Result<Ended> {
        loop {
            for flow in self.report.take_flow(self.driver.now(), Instant::now()) {
                match flow {
                    Flow::Pause(conn) => self.driver.pause_reading(conn),
                    Flow::Resume(conn) => self.driver.resume_reading(conn),
                }
            }
            if let Some(ended) = self.ended(until) {
                return Ok(ended);
            }
            let keep_at = self.driver.node().environment().keep_at();
            let wakes = [until, self.report.stalls_at(), keep_at, self.tables.at()];
            let wake = wakes.into_iter().flatten().min();
            self.driver.turn(wake, &mut self.events)?;
            if let Some(trouble) = self.driver.environment_mut().keep() {
                self.diagnostics.error(trouble);
            }
            for notice in self.driver.take_notices() {
                self.diagnostics.notice(notice);
            }
            let now = Instant::now();
            let mut messages = self.driver.environment_mut().messages();
            for event in self.events.drain(..) {
                let is_last = is_last(&event);
                self.report.event_after(messages.as_deref_mut(), event, now);
                if is_last {
                    // An event after it in the same turn is not told: `--count 1` shows one.
                    return Ok(Ended::Done);
                }
            }
            self.report.messages(messages, now);
            // A flood on all connections at once may have taken tens of megabytes for one turn.
            self.events.shrink_to(EVENTS_KEPT);
        }
    }

    /// Does what signals want, and what is due; how the run has ended, if it has.
    fn ended(&mut self, until: Option<Instant>) -> Option<Ended> {
        if self.signalled.hangup.swap(false, Ordering::Relaxed) {
            self.driver.environment_mut().flush();
            if self.has_lost_terminal() {
                return Some(Ended::Output);
            }
        }
        let is_due = self.tables.take_due(Instant::now());
        if self.signalled.peers.swap(false, Ordering::Relaxed) || is_due {
            self.diagnostics.write(peer_table(self.report.model(), self.driver.now()));
        }
        if self.report.failure().is_some() {
            return Some(Ended::Output);
        }
        if self.signalled.end.load(Ordering::Relaxed) {
            return Some(Ended::Signal);
        }
        until.is_some_and(|until| Instant::now() >= until).then_some(Ended::Done)
    }

    /// Whether the terminal that was standard output is closed, so that nobody reads any more.
    fn has_lost_terminal(&self) -> bool {
        self.on_terminal && !io::stdout().is_terminal()
    }

    /// Closes all connections, prints the last lines, and says how the program is to exit.
    pub(crate) fn finish(mut self, end: Ended) -> ExitCode {
        let mut events = Vec::new();
        if let Some(messages) = self.driver.environment_mut().messages() {
            messages.skip();
        }
        self.driver.stop();
        if let Err(error) = self.driver.turn(Some(Instant::now()), &mut events) {
            self.diagnostics.notice(format_args!("cannot close the connections in good order: {error}"));
        }
        let now = Instant::now();
        let mut messages = self.driver.environment_mut().messages();
        for event in events {
            self.report.event_after(messages.as_deref_mut(), event, now);
        }
        self.report.messages(messages, now);
        if let Some(trouble) = self.driver.environment_mut().finish() {
            self.diagnostics.error(trouble);
        }
        let environment = self.driver.node().environment();
        let meter = environment.meter();
        let traffic = Traffic { journal_until: environment.journal_until(), ..meter.traffic() };
        let recorded = !environment.failed();
        // A replay knows no later moment.
        let at = meter.last_input();
        let patience = if end == Ended::Signal { Patience::BRIEF } else { Patience::PATIENT };
        let mut code = if recorded { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        let has_lost_terminal = self.has_lost_terminal();
        match self.report.finish(at, traffic, patience) {
            Flushed::All | Flushed::Failed(Failure::ReaderGone) => {}
            Flushed::Failed(Failure::Broken(_)) if has_lost_terminal => {}
            Flushed::Late { lost } => {
                self.diagnostics.error(format_args!(
                    "standard output was not read: the lines of the last {lost} events are lost"
                ));
            }
            Flushed::Failed(Failure::Broken(error)) => {
                self.diagnostics.error(format_args!("cannot write to standard output: {error}"));
                code = ExitCode::FAILURE;
            }
        }
        self.diagnostics.flush(LAST_WORDS);
        code
    }
}

#[cfg(test)]
mod tests;
