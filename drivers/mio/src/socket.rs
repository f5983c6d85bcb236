//! Sockets that `mio` polls.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Poll, Registry, Token};
use satwire_core::IoError;
use satwire_core::node::ConnId;
use satwire_std::{Readiness, Runtime, io_error};

/// Connections are known to the poll by their own number, listeners count down from the top.
pub(crate) const WAKER: Token = Token(usize::MAX);
const LAST_LISTENER: usize = usize::MAX - 1;

/// On epoll and kqueue each arrival is told, so that a short read has emptied the socket until the next one is. All
/// other selectors of `mio` (`poll(2)`, event ports, Windows) tell again only after a call has said that it would
/// block.
const ARRIVALS_ARE_TOLD: bool = cfg!(all(
    not(mio_unsupported_force_poll_poll),
    any(
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "illumos",
        target_os = "ios",
        target_os = "linux",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "tvos",
        target_os = "visionos",
        target_os = "watchos",
    )
));

/// Makes sockets that a poll waits for.
#[derive(Debug)]
pub(crate) struct Polled(pub(crate) Poll);

/// A connection's socket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    /// The peer has closed its side, or the socket failed: that is told once, maybe with the last bytes.
    ending: bool,
}

/// The subject of an event of the poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Waker,
    Listener(usize),
    Conn(ConnId),
}

impl From<Token> for Source {
    fn from(token: Token) -> Self {
        // No more listeners than ports.
        match usize::MAX - token.0 {
            0 => Self::Waker,
            distance @ 1..=65536 => Self::Listener(distance - 1),
            _ => Self::Conn(ConnId(token.0 as u64)),
        }
    }
}

impl Runtime for Polled {
    type Socket = Socket;
    type Listener = TcpListener;

    fn connect(&mut self, conn: ConnId, addr: SocketAddr) -> io::Result<Socket> {
        Socket::register(self.0.registry(), conn, TcpStream::connect(addr)?)
    }

    fn listen(&mut self, listener: usize, addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
        let mut socket = TcpListener::from_std(satwire_std::listen(addr)?);
        self.0.registry().register(&mut socket, Token(LAST_LISTENER - listener), Interest::READABLE)?;
        let addr = socket.local_addr()?;
        Ok((socket, addr))
    }

    fn accept(
        &mut self,
        listener: &mut TcpListener,
        conn: ConnId,
    ) -> io::Result<Option<(Socket, SocketAddr)>> {
        let Some((stream, addr)) = satwire_std::accept(|| listener.accept())? else { return Ok(None) };
        Ok(Some((Socket::register(self.0.registry(), conn, stream)?, addr)))
    }
}

impl Socket {
    fn register(registry: &Registry, conn: ConnId, mut stream: TcpStream) -> io::Result<Self> {
        let token = Token(conn.0 as usize);
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        // Messages are small and answers are waited for.
        let _ = stream.set_nodelay(true);
        Ok(Self { stream, ending: false })
    }

    /// Notes what the poll has told.
    pub(crate) fn note(&mut self, event: &mio::event::Event, ready: &mut Readiness) {
        self.ending |= event.is_read_closed() || event.is_error();
        ready.readable |= event.is_readable() || self.ending;
        ready.writable |= event.is_writable();
    }
}

impl satwire_std::Socket for Socket {
    fn finish_connect(&mut self) -> Option<Result<(), IoError>> {
        match self.stream.take_error() {
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => return Some(Err(io_error(&error))),
        }
        match self.stream.peer_addr() {
            Ok(_) => Some(Ok(())),
            Err(error) if error.kind() == ErrorKind::NotConnected => None,
            Err(error) => Some(Err(io_error(&error))),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, IoError> {
        satwire_std::read(&mut self.stream, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Option<usize>, IoError> {
        satwire_std::write(&mut self.stream, bytes)
    }

    fn short_read_drains(&self) -> bool {
        ARRIVALS_ARE_TOLD && !self.ending
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use mio::Events;

    use super::*;

    /// A small message is not held back until the one before it is acknowledged.
    #[test]
    fn sockets_send_at_once() {
        let mut polled = Polled(Poll::new().expect("the system gives a poll"));
        let (mut listener, addr) =
            polled.listen(0, (Ipv4Addr::LOCALHOST, 0).into()).expect("loopback can be bound");
        let dialled = polled.connect(ConnId(1), addr).expect("it listens");
        polled.0.poll(&mut Events::with_capacity(8), Some(Duration::from_secs(20))).expect("the poll works");
        let (accepted, _) =
            polled.accept(&mut listener, ConnId(2)).expect("descriptors are left").expect("it was dialled");
        for socket in [dialled, accepted] {
            assert!(socket.stream.nodelay().expect("an option of every socket"), "{socket:?}");
        }
    }
}
