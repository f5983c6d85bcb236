//! The wakers of the driver: sockets that are ready, each with a bell of its own, and everything else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use satwire_core::node::ConnId;

/// Which socket rings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// The listener with this number.
    Listener(usize),
    Conn(ConnId),
}

/// Bells that have rung, in their order, and who waits for them.
///
/// A bell is set only by a driver that is polled, and a socket waits for two things at most: of each there are two
/// rings at most.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    rung: Vec<Source>,
    /// Something else wants the driver to look.
    woken: bool,
    driver: Option<Waker>,
}

impl Bells {
    /// Takes out what has rung.
    pub(crate) fn take(&self) -> Vec<Source> {
        let mut inner = self.lock();
        inner.woken = false;
        std::mem::take(&mut inner.rung)
    }

    /// True if something has rung or woken; else the next to do so wakes `driver`.
    pub(crate) fn poll(&self, driver: &Waker) -> bool {
        let mut inner = self.lock();
        if inner.rung.is_empty() && !inner.woken {
            inner.driver = Some(driver.clone());
            return false;
        }
        true
    }

    /// A waker that rings for this socket.
    pub(crate) fn bell(self: &Arc<Self>, source: Source) -> Waker {
        Waker::from(Arc::new(Bell { bells: self.clone(), source }))
    }

    fn ring(&self, source: Option<Source>) {
        let mut inner = self.lock();
        match source {
            Some(source) => inner.rung.push(source),
            None => inner.woken = true,
        }
        let driver = inner.driver.take();
        drop(inner);
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the driver for what is no socket.
impl Wake for Bells {
    fn wake(self: Arc<Self>) {
        self.ring(None);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring(None);
    }
}

#[derive(Debug)]
struct Bell {
    bells: Arc<Bells>,
    source: Source,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.bells.ring(Some(self.source));
    }
}
