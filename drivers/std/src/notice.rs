//! Notices for the operator.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use crate::ACCEPT_PAUSE;

/// Something that an operator should know and that no peer is to blame for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Notice {
    /// No more connections can be accepted for a while, most often for want of file descriptors.
    #[error("cannot accept on {addr}, trying again in {ACCEPT_PAUSE:?}: {error}")]
    AcceptPaused {
        /// The listener.
        addr: SocketAddr,
        /// The words of the system.
        error: io::Error,
    },
}

/// Notices that nobody has taken yet: the latest of each listener, however long nobody takes them.
#[derive(Debug, Default)]
pub(crate) struct Notices(VecDeque<Notice>);

impl Notices {
    /// Adds a notice, in the place of one about the same thing.
    pub(crate) fn push(&mut self, notice: Notice) {
        let Notice::AcceptPaused { addr, .. } = &notice;
        match self.0.iter_mut().find(|Notice::AcceptPaused { addr: other, .. }| other == addr) {
            Some(old) => *old = notice,
            None => self.0.push_back(notice),
        }
    }

    /// Takes the oldest out.
    pub(crate) fn pop(&mut self) -> Option<Notice> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paused(port: u16, errno: i32) -> Notice {
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        Notice::AcceptPaused { addr, error: io::Error::from_raw_os_error(errno) }
    }

    #[test]
    fn notices_that_nobody_takes_do_not_grow() {
        let mut notices = Notices::default();
        for second in 0..10_000 {
            notices.push(paused(1, second));
            notices.push(paused(2, second));
        }
        for port in [1, 2] {
            let Some(Notice::AcceptPaused { addr, error }) = notices.pop() else { panic!("one each") };
            assert_eq!((addr.port(), error.raw_os_error()), (port, Some(9999)), "the latest");
        }
        assert!(notices.pop().is_none());
    }
}
