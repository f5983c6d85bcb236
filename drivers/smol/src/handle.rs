//! Commands from elsewhere.

use std::sync::Arc;

use satwire_core::node::{Address, ConnId};

use crate::mailbox::{Letter, Mailbox};

/// Gives a [`Driver`](crate::Driver) orders while somebody else awaits its events: from another task, or
/// another thread.
///
/// The driver carries them out, in their order, when it is polled next. If it is gone, nobody does.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) mailbox: Arc<Mailbox>,
}

impl Handle {
    /// As [`Driver::dial`](crate::Driver::dial).
    pub fn dial(&self, address: Address) {
        self.mailbox.put(Letter::Dial(address));
    }

    /// As [`Driver::disconnect`](crate::Driver::disconnect).
    pub fn disconnect(&self, conn: ConnId) {
        self.mailbox.put(Letter::Disconnect(conn));
    }

    /// As [`Driver::stop`](crate::Driver::stop).
    pub fn stop(&self) {
        self.mailbox.put(Letter::Stop);
    }
}
