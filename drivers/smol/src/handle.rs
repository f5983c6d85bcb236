//! Commands from elsewhere.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use satwire_core::Machine;
use satwire_core::node::{Address, ConnId};

use crate::Driver;

/// Commands that may wait for a driver to be polled.
const MAX_COMMANDS: usize = 1024;

/// Gives a [`Driver`] commands while somebody else awaits its events: from another task, or another thread.
///
/// The driver carries them out, in their order, when it is polled next. At most 1024 may wait for that, and a stop.
#[derive(Debug)]
pub struct Handle<M> {
    queue: Arc<Queue<M>>,
}

/// Why a command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// The driver was dropped, or its stream has ended.
    #[error("the driver is gone: it was dropped or stopped")]
    Gone,
    /// Too many commands wait: the driver is not polled, or not often enough.
    #[error("{MAX_COMMANDS} commands wait for the driver already: poll it, or send them more slowly")]
    Full,
}

type Command<M> = Box<dyn FnOnce(&mut Driver<M>) + Send>;

/// The driver's end of the queue; without it no command is taken.
#[derive(Debug)]
pub(crate) struct Commands<M> {
    queue: Arc<Queue<M>>,
}

struct Queue<M> {
    inner: Mutex<Inner<M>>,
    driver: Waker,
}

struct Inner<M> {
    commands: Vec<Command<M>>,
    stops: bool,
    gone: bool,
}

impl<M: Machine> Handle<M> {
    /// Has `f` run on the driver: whatever the driver can do, [`Driver::input`] above all.
    ///
    /// # Errors
    /// If the driver is gone, or too many commands wait.
    pub fn run(&self, f: impl FnOnce(&mut Driver<M>) + Send + 'static) -> Result<(), HandleError> {
        let mut inner = self.queue.lock();
        if inner.gone {
            return Err(HandleError::Gone);
        }
        if inner.commands.len() >= MAX_COMMANDS {
            return Err(HandleError::Full);
        }
        inner.commands.push(Box::new(f));
        drop(inner);
        self.queue.driver.wake_by_ref();
        Ok(())
    }

    /// As [`Driver::dial`].
    ///
    /// # Errors
    /// If the driver is gone, or too many commands wait.
    pub fn dial(&self, address: Address) -> Result<(), HandleError> {
        self.run(|driver| driver.dial(address))
    }

    /// As [`Driver::disconnect`].
    ///
    /// # Errors
    /// If the driver is gone, or too many commands wait.
    pub fn disconnect(&self, conn: ConnId) -> Result<(), HandleError> {
        self.run(move |driver| driver.disconnect(conn))
    }

    /// As [`Driver::stop`], after the commands that wait, however many these are.
    ///
    /// # Errors
    /// If the driver is gone.
    pub fn stop(&self) -> Result<(), HandleError> {
        let mut inner = self.queue.lock();
        if inner.gone {
            return Err(HandleError::Gone);
        }
        inner.stops = true;
        drop(inner);
        self.queue.driver.wake_by_ref();
        Ok(())
    }
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<M> Commands<M> {
    pub(crate) fn new(driver: Waker) -> Self {
        let inner = Inner { commands: Vec::new(), stops: false, gone: false };
        Self { queue: Arc::new(Queue { inner: Mutex::new(inner), driver }) }
    }

    pub(crate) fn handle(&self) -> Handle<M> {
        Handle { queue: self.queue.clone() }
    }

    /// Takes all out, and whether to stop after them.
    pub(crate) fn take(&self) -> (Vec<Command<M>>, bool) {
        let mut inner = self.queue.lock();
        (std::mem::take(&mut inner.commands), std::mem::take(&mut inner.stops))
    }

    /// Takes no more commands, and forgets those that wait.
    pub(crate) fn close(&self) {
        let mut inner = self.queue.lock();
        inner.gone = true;
        let forgotten = std::mem::take(&mut inner.commands);
        drop(inner);
        // Things dropped with them may have handles of its own.
        drop(forgotten);
    }
}

impl<M> Drop for Commands<M> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<M> Queue<M> {
    fn lock(&self) -> MutexGuard<'_, Inner<M>> {
        // Nothing in here panics half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M> fmt::Debug for Queue<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        f.debug_struct("Queue")
            .field("waiting", &inner.commands.len())
            .field("stops", &inner.stops)
            .field("gone", &inner.gone)
            .finish_non_exhaustive()
    }
}
