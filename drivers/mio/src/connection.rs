//! One socket: whether it is open, and what its readiness was when it last told.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use satwire_core::IoError;
use satwire_std::io_error;

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
    pub(crate) fn finish_dial(&mut self) -> Option<Result<(), IoError>> {
        match self.stream.take_error() {
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => return Some(Err(io_error(&error))),
        }
        match self.stream.peer_addr() {
            Ok(_) => {
                self.open = true;
                Some(Ok(()))
            }
            Err(error) if error.kind() == ErrorKind::NotConnected => None,
            Err(error) => Some(Err(io_error(&error))),
        }
    }

    /// Reads once into `buffer`; `None` if there is nothing for now.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, IoError> {
        let read = satwire_std::read(&mut self.stream, buffer)?;
        // A short read has emptied the socket: what comes later tells of itself. Only an end that came
        // with these bytes does not.
        self.readable = read.is_some_and(|n| n == buffer.len() || self.ending);
        Ok(read)
    }

    /// Writes once; zero bytes if the socket takes none for now.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<usize, IoError> {
        let written = satwire_std::write(&mut self.stream, bytes)?;
        self.writable = written.is_some();
        Ok(written.unwrap_or(0))
    }
}
