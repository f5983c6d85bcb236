//! What reaches the driver from elsewhere: sockets that are ready, names that were looked up, commands.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use satwire_core::node::{Address, ConnId, TargetId};

/// One thing for the driver to do in its next turn.
#[derive(Debug)]
pub(crate) enum Letter {
    /// A socket may be ready. Each waits for two things at most, so it has two letters here at most.
    Ring(Token),
    /// The answer to a look-up.
    Resolved(TargetId, Vec<SocketAddr>),
    Dial(Address),
    Disconnect(ConnId),
    Stop,
}

/// Which socket rings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token {
    /// The listener with this index.
    Listener(usize),
    Conn(ConnId),
}

/// Letters, in the order in which they came, and who waits for them.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    letters: Vec<Letter>,
    reader: Option<Waker>,
}

impl Mailbox {
    /// Puts a letter in, from any thread.
    pub(crate) fn put(&self, letter: Letter) {
        let mut inner = self.lock();
        inner.letters.push(letter);
        let reader = inner.reader.take();
        drop(inner);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes all letters out.
    pub(crate) fn empty(&self) -> Vec<Letter> {
        std::mem::take(&mut self.lock().letters)
    }

    /// True if there are letters; else the next one wakes `reader`.
    pub(crate) fn poll(&self, reader: &Waker) -> bool {
        let mut inner = self.lock();
        if inner.letters.is_empty() {
            inner.reader = Some(reader.clone());
            return false;
        }
        true
    }

    /// A waker that puts this socket's letter in.
    pub(crate) fn bell(self: &Arc<Self>, token: Token) -> Waker {
        Waker::from(Arc::new(Bell { mailbox: self.clone(), token }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Bell {
    mailbox: Arc<Mailbox>,
    token: Token,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.mailbox.put(Letter::Ring(self.token));
    }
}
