//! Standard output: a thread that makes lines of what is to be told, and writes them.
//!
//! The node's thread never waits: neither for the making of a line, which may take a thousand times as long
//! as the event took to arrive, nor for a reader that is slow or gone.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use satwire_core::node::ConnId;

use super::backlog::Backlog;
use crate::model::Entry;
use crate::render::Renderer;

/// Bytes of lines that are made at a time, and of which no more than one event's are made in excess; and what is
/// written at a time.
const PIECE: usize = 64 << 10;

/// The lines that wait to be written, and how far the writing is.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something was queued, or nothing more will be.
    queued: Condvar,
    /// Something was written, or nothing more can be.
    written: Condvar,
}

/// The queue, locked.
#[derive(Debug, Default)]
pub(super) struct State {
    entries: VecDeque<Entry>,
    /// Entries whose lines are made and not written yet.
    in_hand: usize,
    pub(super) backlog: Backlog,
    /// Bytes that were written so far: if they grow, somebody reads.
    pub(super) progress: u64,
    closed: bool,
    failure: Option<Failure>,
}

/// Why nothing more can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The reader has gone, as `| head` does: no fault of anybody.
    ReaderGone,
    /// It cannot be written, for this reason.
    Broken(String),
}

/// How long the last lines may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Without a byte being taken.
    pub(crate) stalled: Duration,
    /// In all.
    pub(crate) whole: Duration,
}

impl Patience {
    /// For an end that has time: as long as the reader reads.
    pub(crate) const PATIENT: Self =
        Self { stalled: Duration::from_secs(5), whole: Duration::from_secs(24 * 60 * 60) };
    /// For an end that somebody waits for.
    pub(crate) const BRIEF: Self = Self { stalled: Duration::from_secs(1), whole: Duration::from_secs(5) };
}

/// How the last lines fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// All were written.
    All,
    /// Those of so many events were not, the reader being too slow.
    Late { lost: usize },
    /// They cannot be written.
    Failed(Failure),
}

impl State {
    /// Events that are not written.
    pub(super) fn unwritten(&self) -> usize {
        self.entries.len() + self.in_hand
    }

    /// Queues an entry for which the backlog has room.
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    /// Why nothing more can be written, if so.
    pub(super) const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }
}

impl Queue {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the writing thread: something was queued.
    pub(super) fn notify(&self) {
        self.queued.notify_one();
    }

    /// Waits until all is written, or for as long as `patience` says. Nothing can be queued any more.
    pub(super) fn finish(&self, patience: Patience) -> Flushed {
        let end = Instant::now() + patience.whole;
        let mut state = self.lock();
        state.closed = true;
        self.queued.notify_one();
        let mut progress = state.progress;
        let mut stalled = Instant::now() + patience.stalled;
        loop {
            if let Some(failure) = &state.failure {
                return Flushed::Failed(failure.clone());
            }
            if state.unwritten() == 0 {
                return Flushed::All;
            }
            let now = Instant::now();
            if state.progress != progress {
                progress = state.progress;
                stalled = now + patience.stalled;
            }
            let left = end.min(stalled).saturating_duration_since(now);
            if left.is_zero() {
                return Flushed::Late { lost: state.unwritten() };
            }
            let waited = self.written.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for something to write; false if there will be nothing.
    fn wait(&self) -> bool {
        let mut state = self.lock();
        while state.entries.is_empty() {
            if state.closed {
                return false;
            }
            state = self.queued.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// The next entry whose line is to be made.
    fn take(&self) -> Option<Entry> {
        let mut state = self.lock();
        let entry = state.entries.pop_front()?;
        state.in_hand += 1;
        Some(entry)
    }

    /// So many bytes were written.
    fn advance(&self, bytes: usize) {
        self.lock().progress += bytes as u64;
        self.written.notify_one();
    }

    /// The lines in hand are written, of which each entry held so much; whether somebody waits for that.
    fn release(&self, held: &mut Vec<(Option<ConnId>, usize)>) -> bool {
        let mut state = self.lock();
        state.in_hand = 0;
        for (conn, bytes) in held.drain(..) {
            state.backlog.release(conn, bytes);
        }
        let is_awaited = state.backlog.is_awaited();
        drop(state);
        self.written.notify_one();
        is_awaited
    }

    fn fail(&self, error: &io::Error) {
        let gone = matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
        let failure = if gone { Failure::ReaderGone } else { Failure::Broken(error.to_string()) };
        let mut state = self.lock();
        state.entries = VecDeque::new();
        state.in_hand = 0;
        state.failure = Some(failure);
        drop(state);
        self.written.notify_one();
    }
}

/// Makes lines and writes them.
pub(super) struct Writer<S> {
    queue: Arc<Queue>,
    renderer: Renderer,
    sink: S,
    lines: Vec<u8>,
    /// Bytes of `lines` that are written.
    written: usize,
    /// The sizes of the entries whose lines these are.
    held: Vec<(Option<ConnId>, usize)>,
}

impl<S: Write> Writer<S> {
    pub(super) const fn new(queue: Arc<Queue>, renderer: Renderer, sink: S) -> Self {
        Self { queue, renderer, sink, lines: Vec::new(), written: 0, held: Vec::new() }
    }

    /// Does all that is to be done until the queue is closed. `wake` is called for those who wait for what is written,
    /// and when nothing more can be written.
    fn run(mut self, wake: impl Fn()) {
        while self.queue.wait() {
            loop {
                match self.step() {
                    Ok(Step::Idle) => break,
                    Ok(Step::Written { is_awaited: true }) => wake(),
                    Ok(_) => {}
                    Err(error) => {
                        self.queue.fail(&error);
                        return wake();
                    }
                }
            }
        }
    }

    /// Makes some lines, or writes once.
    pub(super) fn step(&mut self) -> io::Result<Step> {
        if self.lines.is_empty() && self.held.is_empty() {
            return Ok(if self.fill() { Step::Busy } else { Step::Idle });
        }
        let rest = &self.lines[self.written..];
        if rest.is_empty() {
            retry(|| self.sink.flush())?;
            self.lines.clear();
            // A burst is no reason to keep its memory.
            self.lines.shrink_to(2 * PIECE);
            self.written = 0;
            return Ok(Step::Written { is_awaited: self.queue.release(&mut self.held) });
        }
        let piece = &rest[..rest.len().min(PIECE)];
        // Patiently: another program may have made the terminal non-blocking.
        match retry(|| self.sink.write(piece))? {
            0 => Err(ErrorKind::WriteZero.into()),
            written => {
                self.written += written;
                self.queue.advance(written);
                Ok(Step::Busy)
            }
        }
    }

    /// Makes lines of what waits; false if nothing does.
    fn fill(&mut self) -> bool {
        while self.lines.len() < PIECE
            && let Some(entry) = self.queue.take()
        {
            self.renderer.entry(&entry, &mut self.lines);
            self.held.push((entry.conn, entry.bytes()));
        }
        !self.held.is_empty()
    }
}

/// The progress of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: nothing waits.
    Idle,
    /// Some of it.
    Busy,
    /// All that it had in hand is written.
    Written {
        /// Somebody waits for that.
        is_awaited: bool,
    },
}

/// Starts the thread that writes to `sink`; [`Writer::run`] says when `wake` is called from it.
pub(super) fn start(
    queue: Arc<Queue>,
    renderer: Renderer,
    sink: impl Write + Send + 'static,
    wake: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let writer = Writer::new(queue, renderer, sink);
    thread::Builder::new().name("output".into()).spawn(move || writer.run(wake)).map(drop)
}

fn retry<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(10)),
            other => return other,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
