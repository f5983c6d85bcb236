//! Accepting connections.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::task::{Context, Waker};

use async_io::Async;
use satwire_core::Instant;

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Async<TcpListener>,
    bell: Waker,
    pub(crate) addr: SocketAddr,
    /// There may be something to accept; else the bell rings when there is.
    ready: bool,
    /// Accepting failed for want of something; until when to leave it alone.
    pub(crate) paused_until: Option<Instant>,
}

impl Listener {
    pub(crate) fn bind(bell: Waker, addr: SocketAddr) -> io::Result<Self> {
        let socket = satwire_std::listen(addr)?;
        let addr = socket.local_addr()?;
        let socket = Async::new(socket)?;
        Ok(Self { socket, bell, addr, ready: true, paused_until: None })
    }

    /// Finds out whether there is something to accept.
    pub(crate) fn poll_ready(&mut self) {
        // What cannot be waited for is tried.
        self.ready |= self.socket.poll_readable(&mut Context::from_waker(&self.bell)).is_ready();
    }

    /// Whether [`Listener::accept`] may give something at once.
    pub(crate) const fn is_ready(&self) -> bool {
        self.ready && self.paused_until.is_none()
    }

    /// The next connection; `None` when there is none left for now.
    pub(crate) fn accept(&mut self, now: Instant) -> io::Result<Option<(Async<TcpStream>, SocketAddr)>> {
        self.paused_until = self.paused_until.filter(|until| *until > now);
        if !self.is_ready() {
            return Ok(None);
        }
        let Some((stream, addr)) = satwire_std::accept(|| self.socket.get_ref().accept())? else {
            self.ready = false;
            self.poll_ready();
            return Ok(None);
        };
        Ok(Some((Async::new(stream)?, addr)))
    }
}
