//! What `watch` and `demo` have in common: a driver whose events are reported until something ends it.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use satwire_core::Node;
use satwire_core::node::Event;
use satwire_mio::Driver;

use crate::cli::Format;
use crate::output::{Failure, Flushed, Patience, Printer, QUEUE_LIMIT};
use crate::record::RunEnvironment;
use crate::render::{Renderer, Traffic};
use crate::report::Report;
use crate::signals;

/// Events of one turn whose room is kept for the next.
const EVENTS_KEPT: usize = 4096;

/// When a reader that was too slow reads again, it hears within this time how much it has missed.
const GAP_TOLD: Duration = Duration::from_secs(1);

/// How a run ended, where it did not by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// What was asked for is done.
    Done,
    /// A signal came.
    Signal,
    /// Nobody reads standard output any more, or nothing can be written to it.
    Output,
}

/// A driver, and where its events go.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) driver: Driver<Node<RunEnvironment>>,
    report: Report,
    signalled: Arc<AtomicBool>,
    events: Vec<Event>,
    quiet: bool,
}

/// How events are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Show {
    pub(crate) network: satwire_core::Network,
    pub(crate) format: Format,
    pub(crate) debug_net: bool,
    pub(crate) quiet: bool,
}

impl Session {
    /// Prints the first line, and listens to signals from now on.
    pub(crate) fn start(driver: Driver<Node<RunEnvironment>>, show: Show) -> io::Result<Self> {
        let renderer = Renderer::new(show.format, show.network, driver.wall_clock(), show.debug_net);
        let waker = driver.waker();
        let wake = move || {
            // The loop sees it at its next turn if this fails.
            let _ = waker.wake();
        };
        let printer = Printer::start(io::stdout(), QUEUE_LIMIT, wake.clone())?;
        let signalled = Arc::new(AtomicBool::new(false));
        let flag = signalled.clone();
        let wake_too = wake.clone();
        let on_signal = move || {
            if flag.swap(true, Ordering::Relaxed) {
                eprintln!("satwire: ended by a second signal: what was not written by now is lost");
                std::process::exit(1);
            }
            wake();
        };
        signals::listen(on_signal)?;
        driver.node().environment().on_failure(wake_too);
        let report = Report::new(renderer, printer, satwire_core::Instant::ZERO);
        Ok(Self { driver, report, signalled, events: Vec::new(), quiet: show.quiet })
    }

    /// Runs until `until` comes, a signal, or an event for which `is_last` is true.
    pub(crate) fn run(
        &mut self,
        until: Option<Instant>,
        mut is_last: impl FnMut(&Event) -> bool,
    ) -> io::Result<Ended> {
        loop {
            self.report.flush(self.driver.now());
            if self.report.failure().is_some() {
                return Ok(Ended::Output);
            }
            if self.signalled.load(Ordering::Relaxed) {
                return Ok(Ended::Signal);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(Ended::Done);
            }
            let gap = self.report.has_gap().then(|| Instant::now() + GAP_TOLD);
            let wake = [until, gap, self.driver.node().environment().keep_at()].into_iter().flatten().min();
            self.driver.turn(wake, &mut self.events)?;
            if let Some(trouble) = self.driver.environment_mut().keep() {
                eprintln!("satwire: {trouble}");
            }
            for notice in self.driver.take_notices() {
                self.say(&notice.to_string());
            }
            for event in self.events.drain(..) {
                self.report.event(&event);
                if is_last(&event) {
                    // What came after it in the same turn is not told: `--count 1` shows one.
                    return Ok(Ended::Done);
                }
            }
            // A flood on all connections at once may have taken tens of megabytes for one turn.
            self.events.shrink_to(EVENTS_KEPT);
        }
    }

    /// Closes all connections, prints the last lines, and says how the program is to exit.
    pub(crate) fn finish(mut self, end: Ended) -> ExitCode {
        let mut events = Vec::new();
        self.driver.stop();
        if let Err(error) = self.driver.turn(Some(Instant::now()), &mut events) {
            self.say(&format!("cannot close the connections in good order: {error}"));
        }
        for event in &events {
            self.report.event(event);
        }
        if let Some(trouble) = self.driver.environment_mut().finish() {
            eprintln!("satwire: {trouble}");
        }
        let environment = self.driver.node().environment();
        let meter = environment.meter();
        let traffic = Traffic { journal_until: environment.journal_until(), ..meter.traffic() };
        let recorded = !environment.failed();
        // A replay knows no later moment.
        let at = meter.last_input();
        let patience = if end == Ended::Signal { Patience::BRIEF } else { Patience::PATIENT };
        let code = if recorded { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        match self.report.finish(at, traffic, patience) {
            Flushed::All | Flushed::Failed(Failure::ReaderGone) => code,
            Flushed::Late { lost } => {
                eprintln!("satwire: standard output was not read: the last {lost} bytes are lost");
                code
            }
            Flushed::Failed(Failure::Broken(error)) => {
                eprintln!("satwire: cannot write to standard output: {error}");
                ExitCode::FAILURE
            }
        }
    }

    /// Tells an operator something that is no event.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            eprintln!("satwire: {text}");
        }
    }
}
