//! Standard output, written by a thread of its own: a reader that is slow or gone never stalls the one
//! who prints.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that may wait to be written. What is printed while less waits goes in whole, so there may be
/// one event more.
pub(crate) const QUEUE_LIMIT: usize = 16 << 20;

/// What is written at a time; in between it is seen how far the writer is.
const PIECE: usize = 64 << 10;

/// Queues lines for a thread that writes them.
#[derive(Debug)]
pub(crate) struct Printer {
    shared: Arc<Shared>,
    limit: usize,
    /// It was full, and is not half empty again.
    full: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Something was queued, or nothing more will be.
    queued: Condvar,
    /// Something was written, or nothing more can be.
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Bytes that the writer has taken and not written yet.
    in_hand: usize,
    /// The writer has something in hand, even if all of it is written but not flushed.
    is_writing: bool,
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

/// How long the last bytes may take.
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

/// How the last bytes fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// All were written.
    All,
    /// So many were not, the reader being too slow.
    Late { lost: usize },
    /// They cannot be written.
    Failed(Failure),
}

impl Printer {
    /// Starts the thread that writes to `sink`. Once that fails, `on_failure` is called from it, to
    /// wake whoever waits for something else.
    pub(crate) fn start(
        sink: impl Write + Send + 'static,
        limit: usize,
        on_failure: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writer = Arc::clone(&shared);
        thread::Builder::new().name("stdout".into()).spawn(move || {
            if let Err(error) = writer.write_all_to(sink) {
                writer.fail(&error);
                on_failure();
            }
        })?;
        Ok(Self { shared, limit, full: false })
    }

    /// Whether there is room for another event besides `more` bytes that are to be printed before. Once
    /// there is none, none is until half of it is free: one long gap tells more than many short ones.
    pub(crate) fn has_room(&mut self, more: usize) -> bool {
        let waiting = self.shared.lock().unwritten() + more;
        self.full = if self.full { waiting > self.limit / 2 } else { waiting >= self.limit };
        !self.full
    }

    /// Queues `lines` and leaves the buffer empty. Never waits for the reader.
    pub(crate) fn print(&self, lines: &mut Vec<u8>) {
        if lines.is_empty() {
            return;
        }
        let mut state = self.shared.lock();
        if state.failure.is_none() {
            if state.waiting.is_empty() {
                std::mem::swap(&mut state.waiting, lines);
            } else {
                state.waiting.append(lines);
            }
        }
        drop(state);
        lines.clear();
        self.shared.queued.notify_one();
    }

    /// Why nothing more can be written, if so.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.shared.lock().failure.clone()
    }

    /// Waits until all is written, or for as long as `patience` says.
    pub(crate) fn finish(self, patience: Patience) -> Flushed {
        let end = Instant::now() + patience.whole;
        let mut state = self.shared.lock();
        state.closed = true;
        self.shared.queued.notify_one();
        let mut unwritten = state.unwritten();
        let mut stalled = Instant::now() + patience.stalled;
        loop {
            if let Some(failure) = &state.failure {
                return Flushed::Failed(failure.clone());
            }
            if state.unwritten() == 0 && !state.is_writing {
                return Flushed::All;
            }
            let now = Instant::now();
            if state.unwritten() != unwritten {
                unwritten = state.unwritten();
                stalled = now + patience.stalled;
            }
            let left = end.min(stalled).saturating_duration_since(now);
            if left.is_zero() {
                return Flushed::Late { lost: unwritten };
            }
            let waited = self.shared.written.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    const fn unwritten(&self) -> usize {
        self.waiting.len() + self.in_hand
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is queued until no more comes. Two buffers go back and forth.
    fn write_all_to(&self, mut sink: impl Write) -> io::Result<()> {
        let mut taken = Vec::new();
        while self.take(&mut taken) {
            for piece in taken.chunks(PIECE) {
                write_piece(&mut sink, piece)?;
                self.lock().in_hand -= piece.len();
                self.written.notify_one();
            }
            retry(|| sink.flush())?;
            self.lock().is_writing = false;
            self.written.notify_one();
        }
        Ok(())
    }

    /// Waits for something to write; false if there will be nothing.
    fn take(&self, taken: &mut Vec<u8>) -> bool {
        taken.clear();
        // A burst is no reason to keep its memory.
        taken.shrink_to(PIECE);
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.closed {
                return false;
            }
            state = self.queued.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut state.waiting, taken);
        state.in_hand = taken.len();
        state.is_writing = true;
        true
    }

    fn fail(&self, error: &io::Error) {
        let gone = matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
        let failure = if gone { Failure::ReaderGone } else { Failure::Broken(error.to_string()) };
        let mut state = self.lock();
        state.waiting = Vec::new();
        state.in_hand = 0;
        state.failure = Some(failure);
        drop(state);
        self.written.notify_one();
    }
}

/// Writes all of `piece`, patiently: another program may have made the terminal non-blocking.
fn write_piece(sink: &mut impl Write, mut piece: &[u8]) -> io::Result<()> {
    while !piece.is_empty() {
        match retry(|| sink.write(piece))? {
            0 => return Err(ErrorKind::WriteZero.into()),
            written => piece = &piece[written..],
        }
    }
    Ok(())
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
