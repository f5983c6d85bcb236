//! One socket: whether it is open, and what its readiness was when it last told.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use satwire_core::Loss;

/// A socket and the edges that were seen: readiness is told once, so it is kept until used up.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact about the socket, and all combinations occur"
)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// Connected: what was accepted is from the start.
    pub(crate) open: bool,
    /// There may be something to read.
    pub(crate) readable: bool,
    /// The peer has closed its side, or the socket failed: read until the end shows.
    pub(crate) ending: bool,
    /// It is in the driver's list of connections to read.
    pub(crate) listed: bool,
    /// A write may make progress.
    pub(crate) writable: bool,
}

/// What a read gave.
pub(crate) enum Read1 {
    /// So many bytes.
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// The end.
    End(Loss),
}

impl Connection {
    /// Begins to connect.
    pub(crate) fn dial(registry: &Registry, token: Token, addr: SocketAddr) -> io::Result<Self> {
        Self::register(registry, token, TcpStream::connect(addr)?, false)
    }

    /// Takes over what a listener accepted.
    pub(crate) fn accepted(registry: &Registry, token: Token, stream: TcpStream) -> io::Result<Self> {
        Self::register(registry, token, stream, true)
    }

    fn register(registry: &Registry, token: Token, mut stream: TcpStream, open: bool) -> io::Result<Self> {
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        // Messages are small and answers are waited for.
        let _ = stream.set_nodelay(true);
        Ok(Self { stream, open, readable: false, ending: false, listed: false, writable: open })
    }

    /// Whether the connection that was begun is made; `None` while it is still on its way.
    pub(crate) fn finish_dial(&mut self) -> Option<Result<(), Loss>> {
        match self.stream.take_error() {
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => return Some(Err(loss(&error))),
        }
        match self.stream.peer_addr() {
            Ok(_) => {
                self.open = true;
                Some(Ok(()))
            }
            Err(error) if error.kind() == ErrorKind::NotConnected => None,
            Err(error) => Some(Err(loss(&error))),
        }
    }

    /// Reads once into `buffer`.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Read1 {
        loop {
            return match self.stream.read(buffer) {
                Ok(0) => Read1::End(Loss::Ended),
                Ok(n) => {
                    // A short read has emptied the socket: what comes later tells of itself. Only an
                    // end that came with these bytes does not.
                    self.readable = n == buffer.len() || self.ending;
                    Read1::Bytes(n)
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    Read1::Nothing
                }
                Err(error) => Read1::End(loss(&error)),
            };
        }
    }

    /// Writes once; zero bytes if the socket takes none for now.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<usize, Loss> {
        loop {
            return match self.stream.write(bytes) {
                Ok(n) => Ok(n),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.writable = false;
                    Ok(0)
                }
                Err(error) => Err(loss(&error)),
            };
        }
    }
}

/// What of an I/O error is the same on every machine.
pub(crate) fn loss(error: &io::Error) -> Loss {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Loss::Reset,
        ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => Loss::Ended,
        ErrorKind::ConnectionRefused => Loss::Refused,
        ErrorKind::TimedOut => Loss::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => {
            Loss::Unreachable
        }
        _ => Loss::Other,
    }
}
