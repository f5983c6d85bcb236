//! One socket: whether it is open, and what it was last known to be ready for.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use async_io::Async;
use satwire_core::IoError;
use satwire_std::io_error;

/// A socket, and whom it tells that it is ready: not the driver's own waker, but one that says which
/// socket it was, so that a wake-up costs what is ready and not what is connected.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact about the socket, and all combinations occur"
)]
pub(crate) struct Connection {
    socket: Socket,
    bell: Waker,
    /// There may be something to read; else the bell rings when there is.
    readable: bool,
    /// A write may make progress; else the bell rings when it may.
    writable: bool,
    /// The bell is set for what it is not ready for, and has not rung.
    awaited: bool,
    /// It is in the driver's list of connections to read.
    pub(crate) listed: bool,
}

type Dial = Pin<Box<dyn Future<Output = io::Result<Async<TcpStream>>> + Send>>;

enum Socket {
    Dialling(Dial),
    Open(Async<TcpStream>),
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dialling(_) => f.write_str("Dialling"),
            Self::Open(stream) => f.debug_tuple("Open").field(stream).finish(),
        }
    }
}

impl Connection {
    /// Begins to connect: [`Connection::poll_dial`] tells how that goes.
    pub(crate) fn dial(bell: Waker, addr: SocketAddr) -> Self {
        let socket = Socket::Dialling(Box::pin(Async::<TcpStream>::connect(addr)));
        Self { socket, bell, readable: false, writable: false, awaited: false, listed: false }
    }

    /// Takes over what a listener accepted.
    pub(crate) fn accepted(bell: Waker, stream: Async<TcpStream>) -> Self {
        Self { socket: open(stream), bell, readable: false, writable: true, awaited: false, listed: false }
    }

    /// Goes on with connecting; ready once, when that has come to an end.
    pub(crate) fn poll_dial(&mut self) -> Poll<Result<(), IoError>> {
        let Socket::Dialling(dial) = &mut self.socket else { return Poll::Pending };
        match dial.as_mut().poll(&mut Context::from_waker(&self.bell)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(io_error(&error))),
            Poll::Ready(Ok(stream)) => {
                self.socket = open(stream);
                self.writable = true;
                Poll::Ready(Ok(()))
            }
        }
    }

    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.socket, Socket::Open(_))
    }

    pub(crate) const fn is_readable(&self) -> bool {
        self.readable
    }

    /// The next read will tell.
    pub(crate) const fn assume_readable(&mut self) {
        self.readable = true;
    }

    pub(crate) const fn is_writable(&self) -> bool {
        self.writable
    }

    /// The bell has rung.
    pub(crate) const fn rung(&mut self) {
        self.awaited = false;
    }

    /// Finds out what the socket is ready for, and sets the bell for what it is not. Whom nobody writes
    /// to is always writable, as far as we know.
    pub(crate) fn poll_ready(&mut self) -> Result<(), IoError> {
        let Socket::Open(stream) = &self.socket else { return Ok(()) };
        if self.awaited {
            return Ok(());
        }
        let mut context = Context::from_waker(&self.bell);
        if !self.readable {
            self.readable = ready(stream.poll_readable(&mut context))?;
        }
        if !self.writable {
            self.writable = ready(stream.poll_writable(&mut context))?;
        }
        self.awaited = !self.readable || !self.writable;
        Ok(())
    }

    /// Reads once into `buffer`; `None` if there is nothing for now. A short read has emptied the socket:
    /// the reactor is asked when there is more, or the end. If `ask`, it is asked in any case.
    pub(crate) fn read(&mut self, buffer: &mut [u8], ask: bool) -> Result<Option<usize>, IoError> {
        let Socket::Open(stream) = &self.socket else { return Ok(None) };
        let read = satwire_std::read(&mut stream.get_ref(), buffer)?;
        self.readable = !ask && read == Some(buffer.len());
        self.awaited &= self.readable;
        Ok(read)
    }

    /// Writes once; zero bytes if the socket takes none for now.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<usize, IoError> {
        let Socket::Open(stream) = &self.socket else { return Ok(0) };
        let written = satwire_std::write(&mut stream.get_ref(), bytes)?;
        self.writable = written.is_some();
        self.awaited &= self.writable;
        Ok(written.unwrap_or(0))
    }
}

fn open(stream: Async<TcpStream>) -> Socket {
    // Messages are small and answers are waited for.
    let _ = stream.get_ref().set_nodelay(true);
    Socket::Open(stream)
}

fn ready(poll: Poll<io::Result<()>>) -> Result<bool, IoError> {
    match poll {
        Poll::Ready(Ok(())) => Ok(true),
        Poll::Ready(Err(error)) => Err(io_error(&error)),
        Poll::Pending => Ok(false),
    }
}
