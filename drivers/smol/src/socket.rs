//! Sockets that the reactor watches.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_io::Async;
use satwire_core::IoError;
use satwire_core::node::ConnId;
use satwire_std::{Readiness, Runtime, io_error};

use crate::bells::{Bells, Source};

/// Makes sockets that ring when they are ready.
#[derive(Debug)]
pub(crate) struct Watched(pub(crate) Arc<Bells>);

/// A connection's socket, and what it wakes: not the driver's own waker, but one that says which
/// socket it was, so that a wake-up costs what is ready and not what is connected.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    bell: Waker,
}

type Dial = Pin<Box<dyn Future<Output = io::Result<Async<TcpStream>>> + Send>>;

enum Stream {
    Dialling(Dial),
    Open(Async<TcpStream>),
}

/// A listening socket, and its bell.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Async<TcpListener>,
    bell: Waker,
}

impl Runtime for Watched {
    type Socket = Socket;
    type Listener = Listener;

    fn connect(&mut self, conn: ConnId, addr: SocketAddr) -> io::Result<Socket> {
        let bell = self.0.bell(Source::Conn(conn));
        let mut dial: Dial = Box::pin(Async::<TcpStream>::connect(addr));
        // It begins with the first poll.
        let stream = match dial.as_mut().poll(&mut Context::from_waker(&bell)) {
            Poll::Pending => Stream::Dialling(dial),
            Poll::Ready(stream) => {
                let stream = open(stream?);
                bell.wake_by_ref();
                stream
            }
        };
        Ok(Socket { stream, bell })
    }

    fn listen(&mut self, listener: usize, addr: SocketAddr) -> io::Result<(Listener, SocketAddr)> {
        let socket = satwire_std::listen(addr)?;
        let addr = socket.local_addr()?;
        let bell = self.0.bell(Source::Listener(listener));
        Ok((Listener { socket: Async::new(socket)?, bell }, addr))
    }

    fn accept(&mut self, listener: &mut Listener, conn: ConnId) -> io::Result<Option<(Socket, SocketAddr)>> {
        let Some((stream, addr)) = satwire_std::accept(|| listener.socket.get_ref().accept())? else {
            if listener.socket.poll_readable(&mut Context::from_waker(&listener.bell))?.is_ready() {
                listener.bell.wake_by_ref();
            }
            return Ok(None);
        };
        let stream = open(Async::new(stream)?);
        Ok(Some((Socket { stream, bell: self.0.bell(Source::Conn(conn)) }, addr)))
    }
}

impl satwire_std::Socket for Socket {
    fn finish_connect(&mut self) -> Option<Result<(), IoError>> {
        let Stream::Dialling(dial) = &mut self.stream else { return Some(Ok(())) };
        match dial.as_mut().poll(&mut Context::from_waker(&self.bell)) {
            Poll::Pending => None,
            Poll::Ready(Err(error)) => Some(Err(io_error(&error))),
            Poll::Ready(Ok(stream)) => {
                self.stream = open(stream);
                Some(Ok(()))
            }
        }
    }

    /// A socket that nobody writes to is always writable, as far as we know.
    fn poll_ready(&mut self, ready: &mut Readiness) -> Result<(), IoError> {
        let Stream::Open(stream) = &self.stream else { return Ok(()) };
        let mut context = Context::from_waker(&self.bell);
        let is_ready = |poll: Poll<io::Result<()>>| match poll {
            Poll::Ready(Ok(())) => Ok(true),
            Poll::Ready(Err(error)) => Err(io_error(&error)),
            Poll::Pending => Ok(false),
        };
        if !ready.readable {
            ready.readable = is_ready(stream.poll_readable(&mut context))?;
        }
        if !ready.writable {
            ready.writable = is_ready(stream.poll_writable(&mut context))?;
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, IoError> {
        let Stream::Open(stream) = &self.stream else { return Ok(None) };
        satwire_std::read(&mut stream.get_ref(), buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Option<usize>, IoError> {
        let Stream::Open(stream) = &self.stream else { return Ok(None) };
        satwire_std::write(&mut stream.get_ref(), bytes)
    }

    /// The reactor looks at what there is, and not at what arrives.
    fn short_read_drains(&self) -> bool {
        true
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dialling(_) => f.write_str("Dialling"),
            Self::Open(stream) => f.debug_tuple("Open").field(stream).finish(),
        }
    }
}

fn open(stream: Async<TcpStream>) -> Stream {
    // Messages are small and answers are waited for.
    let _ = stream.get_ref().set_nodelay(true);
    Stream::Open(stream)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use satwire_std::Socket as _;

    use super::*;

    /// A small message is not held back until the one before it is acknowledged.
    #[test]
    fn sockets_send_at_once() {
        let mut watched = Watched(Arc::default());
        let loopback = (Ipv4Addr::LOCALHOST, 0).into();
        let (mut listener, addr) = watched.listen(0, loopback).expect("loopback can be bound");
        let mut dialled = watched.connect(ConnId(1), addr).expect("it listens");
        smol::block_on(listener.socket.readable()).expect("it can be waited for");
        let (accepted, _) =
            watched.accept(&mut listener, ConnId(2)).expect("descriptors are left").expect("it was dialled");
        while dialled.finish_connect().is_none() {
            std::thread::yield_now();
        }
        for socket in [dialled, accepted] {
            let Stream::Open(stream) = &socket.stream else { panic!("{socket:?}") };
            assert!(stream.get_ref().nodelay().expect("an option of every socket"), "{socket:?}");
        }
    }
}
