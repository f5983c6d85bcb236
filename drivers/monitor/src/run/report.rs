//! The events that are told and left out, and the peers that wait meanwhile.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{self, Duration};

use satwire_core::Instant;
use satwire_core::node::{Event, EventKind};

use super::backlog::Flow;
use super::output::{self, Failure, Flushed, Patience, Queue};
use crate::messages::{Messages, Seen};
use crate::model::{Entry, Model, Traffic};
use crate::render::Renderer;

/// How long a reader may take nothing at all before peers no longer wait for it.
pub(super) const STALLED: Duration = Duration::from_secs(5);

/// Hands events on to the output, or counts them if the reader is too slow.
#[derive(Debug)]
pub(crate) struct Report {
    model: Model,
    queue: Arc<Queue>,
    /// The bytes that the reader had taken when something was last taken, or began to wait; and when that was.
    progress: (u64, time::Instant),
    stalled: bool,
    flow: Vec<Flow>,
}

impl Report {
    /// Starts with the first line, and the thread that writes to `sink`. `wake` ends the owner's waiting: it is called
    /// when [`Report::take_flow`] or [`Report::failure`] may have something to say.
    pub(crate) fn start(
        model: Model,
        renderer: Renderer,
        sink: impl Write + Send + 'static,
        wake: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let report = Self::new(model, time::Instant::now());
        output::start(report.queue.clone(), renderer, sink, wake)?;
        Ok(report)
    }

    fn new(model: Model, now: time::Instant) -> Self {
        let start = model.start(Instant::ZERO);
        let report =
            Self { model, queue: Arc::default(), progress: (0, now), stalled: false, flow: Vec::new() };
        report.always(start);
        report
    }

    /// The model so far.
    pub(crate) const fn model(&self) -> &Model {
        &self.model
    }

    /// Tells an event, or leaves all of it out.
    pub(crate) fn event(&mut self, event: Event, now: time::Instant) {
        let is_over = matches!(event.kind, EventKind::Disconnected(_));
        if let Some(entry) = self.model.event(event) {
            self.tell(entry, is_over, now);
        }
    }

    /// Tells the messages that come before an event, and the event.
    pub(crate) fn event_after(
        &mut self,
        mut messages: Option<&mut Messages>,
        event: Event,
        now: time::Instant,
    ) {
        self.messages(messages.as_deref_mut(), now);
        if let Some(messages) = messages {
            messages.event_taken();
        }
        self.event(event, now);
    }

    /// Tells the messages that come before the next event.
    pub(crate) fn messages(&mut self, messages: Option<&mut Messages>, now: time::Instant) {
        let Some(messages) = messages else { return };
        while let Some(seen) = messages.next() {
            self.message(seen, now);
        }
    }

    /// Tells a message that went in or out, or leaves it out.
    fn message(&mut self, seen: Seen, now: time::Instant) {
        let entry = self.model.message(seen);
        self.tell(entry, false, now);
    }

    fn tell(&mut self, entry: Entry, is_over: bool, now: time::Instant) {
        let mut state = self.queue.lock();
        if state.failure().is_some() {
            return;
        }
        if state.unwritten() == 0 {
            self.progress.1 = now;
        }
        let conn = entry.conn;
        if let Some(conn) = conn.filter(|_| is_over) {
            state.backlog.forget(conn);
        }
        let admitted = state.backlog.admit(conn, entry.bytes(), entry.lines(), self.stalled);
        if admitted {
            state.push(entry);
        }
        if let Some(conn) = conn.filter(|_| !self.stalled && !is_over)
            && state.backlog.must_pause(conn, admitted)
        {
            self.flow.push(Flow::Pause(conn));
        }
        drop(state);
        self.queue.notify();
    }

    /// Connections to leave unread, and those to read again, in this order. To be called after each turn, at `at` of
    /// the node's time.
    pub(crate) fn take_flow(&mut self, at: Instant, now: time::Instant) -> Vec<Flow> {
        let mut state = self.queue.lock();
        if state.progress != self.progress.0 || state.unwritten() == 0 {
            self.progress = (state.progress, now);
        }
        self.stalled = state.failure().is_none() && now >= self.progress.1 + STALLED;
        let mut flow = std::mem::take(&mut self.flow);
        flow.extend(state.backlog.take_resumed(self.stalled).into_iter().map(Flow::Resume));
        let gap = if self.stalled { None } else { state.backlog.take_gap(false) };
        drop(state);
        if let Some(gap) = gap {
            let gap = self.model.gap(at, gap);
            self.always(gap);
        }
        flow
    }

    /// When [`Report::take_flow`] is to be called at the latest, if the reader takes nothing until then.
    pub(crate) fn stalls_at(&self) -> Option<time::Instant> {
        let is_awaited = !self.stalled && self.queue.lock().backlog.is_awaited();
        is_awaited.then(|| self.progress.1 + STALLED)
    }

    /// Tells the last of it and waits, within limits, until it is written.
    pub(crate) fn finish(self, at: Instant, traffic: Traffic, patience: Patience) -> Flushed {
        let gap = self.queue.lock().backlog.take_gap(true);
        if let Some(gap) = gap {
            let gap = self.model.gap(at, gap);
            self.always(gap);
        }
        let summary = self.model.summary(at, traffic);
        self.always(summary);
        self.queue.finish(patience)
    }

    /// Why nothing more can be written, if so.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.queue.lock().failure().cloned()
    }

    /// Tells what is short, and for which there is always room.
    fn always(&self, entry: Entry) {
        let mut state = self.queue.lock();
        if state.failure().is_none() {
            state.backlog.hold(entry.conn, entry.bytes());
            state.push(entry);
        }
        drop(state);
        self.queue.notify();
    }
}

#[cfg(test)]
mod tests;
