//! Accepting connections.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use satwire_core::Instant;
use socket2::{Domain, Socket, Type};

/// Connections that may wait to be accepted: the standard library's 128 would make a burst of
/// peers wait for their second try.
const BACKLOG: i32 = 4096;

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
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
        if addr.is_ipv6() {
            // The IPv4 wildcard on the same port is a listener of its own.
            socket.set_only_v6(true)?;
        }
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        let mut socket = TcpListener::from_std(socket.into());
        registry.register(&mut socket, token, Interest::READABLE)?;
        let addr = socket.local_addr()?;
        Ok(Self { socket, addr, ready: false, paused_until: None })
    }

    /// The next connection; `None` when there is none left for now.
    pub(crate) fn accept(&mut self) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        loop {
            return match self.socket.accept() {
                Ok(accepted) => Ok(Some(accepted)),
                Err(error) => match error.kind() {
                    // The peer gave up while it waited: the next one.
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
                        continue;
                    }
                    ErrorKind::WouldBlock => {
                        self.ready = false;
                        Ok(None)
                    }
                    _ => Err(error),
                },
            };
        }
    }
}
