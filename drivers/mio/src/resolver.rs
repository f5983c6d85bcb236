//! Looking up names without stopping the loop: the system's resolver blocks, so each look-up has a
//! thread for as long as it takes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use mio::Waker;
use satwire_core::node::TargetId;

/// Names that were asked for; the answers come with a wake-up.
#[derive(Debug)]
pub(crate) struct Resolver {
    sender: Sender<(TargetId, Vec<SocketAddr>)>,
    receiver: Receiver<(TargetId, Vec<SocketAddr>)>,
    waker: Arc<Waker>,
}

impl Resolver {
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        let (sender, receiver) = channel();
        Self { sender, receiver, waker }
    }

    /// Looks `host` up. A node has at most one look-up under way for each of its targets.
    pub(crate) fn resolve(&self, target: TargetId, host: String, port: u16) -> io::Result<()> {
        let (sender, waker) = (self.sender.clone(), self.waker.clone());
        let look_up = move || {
            let found = satwire_std::look_up(&host, port);
            // The driver may be gone: then nobody wants to know.
            if sender.send((target, found)).is_ok() {
                let _ = waker.wake();
            }
        };
        thread::Builder::new().name("resolve".into()).spawn(look_up).map(drop)
    }

    /// The next answer that has come; no address where the name could not be resolved.
    pub(crate) fn answer(&self) -> Option<(TargetId, Vec<SocketAddr>)> {
        self.receiver.try_recv().ok()
    }
}
