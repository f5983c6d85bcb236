//! Notices for the operator while a run goes on: standard error, written by a thread of its own, so that nobody
//! waits for who reads it.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::stderr;

/// Texts that may wait to be written; more are lost.
const WAITING: usize = 64;

/// A handle to the thread. It ends with the program.
#[derive(Clone, Debug)]
pub(crate) struct Diagnostics {
    shared: Arc<Shared>,
    quiet: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<String>,
    is_writing: bool,
}

impl Diagnostics {
    /// Starts the thread; `quiet` leaves nothing but errors and what was asked for.
    pub(crate) fn start(quiet: bool) -> io::Result<Self> {
        Self::start_with(quiet, |text| stderr::write(&text))
    }

    fn start_with(quiet: bool, write: impl Fn(String) + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writer = Arc::clone(&shared);
        let run = move || {
            loop {
                let text = writer.next();
                write(text);
                writer.lock().is_writing = false;
                writer.changed.notify_all();
            }
        };
        thread::Builder::new().name("diagnostics".into()).spawn(run)?;
        Ok(Self { shared, quiet })
    }

    /// A line about something that went wrong.
    pub(crate) fn error(&self, text: impl fmt::Display) {
        self.write(format!("satwire: {text}\n"));
    }

    /// A line about something that is good to know.
    pub(crate) fn notice(&self, text: impl fmt::Display) {
        if !self.quiet {
            self.error(text);
        }
    }

    /// A text that was asked for, with its line breaks.
    pub(crate) fn write(&self, text: String) {
        let mut state = self.shared.lock();
        if state.waiting.len() < WAITING {
            state.waiting.push_back(text);
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Waits until all is written, or as long as `patience` says.
    pub(crate) fn flush(&self, patience: Duration) {
        let end = Instant::now() + patience;
        let mut state = self.shared.lock();
        while state.is_writing || !state.waiting.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> String {
        let mut state = self.lock();
        loop {
            if let Some(text) = state.waiting.pop_front() {
                state.is_writing = true;
                return text;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_reader_that_reads_nothing_stalls_nobody() {
        let (permits, permitted) = channel::<()>();
        let (sender, written) = channel();
        let diagnostics = Diagnostics::start_with(true, move |text| {
            let _ = permitted.recv();
            let _ = sender.send(text);
        });
        let diagnostics = diagnostics.unwrap();
        for n in 0..1000 {
            diagnostics.notice("not wanted");
            diagnostics.error(n);
        }
        diagnostics.flush(Duration::from_millis(1));
        drop(permits);
        diagnostics.flush(Duration::from_secs(60));
        let written: Vec<_> = written.try_iter().collect();
        // One may have been in hand when the others began to wait.
        assert!((WAITING..=WAITING + 1).contains(&written.len()), "{}", written.len());
        assert_eq!((&*written[0], &*written[1]), ("satwire: 0\n", "satwire: 1\n"));
    }
}
