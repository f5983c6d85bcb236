//! Accepting connections.

use std::io;
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use satwire_core::Instant;

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    pub(crate) addr: SocketAddr,
    /// There may be something to accept.
    pub(crate) ready: bool,
    /// Accepting failed for want of something; until when to leave it alone.
    pub(crate) paused_until: Option<Instant>,
}

impl Listener {
    pub(crate) fn bind(registry: &Registry, token: Token, addr: SocketAddr) -> io::Result<Self> {
        let mut socket = TcpListener::from_std(satwire_std::listen(addr)?);
        registry.register(&mut socket, token, Interest::READABLE)?;
        let addr = socket.local_addr()?;
        Ok(Self { socket, addr, ready: false, paused_until: None })
    }

    /// The next connection; `None` when there is none left for now.
    pub(crate) fn accept(&mut self) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        let accepted = satwire_std::accept(|| self.socket.accept())?;
        self.ready = accepted.is_some();
        Ok(accepted)
    }
}
