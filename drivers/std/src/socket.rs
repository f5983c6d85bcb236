//! The duties of a runtime's sockets.

use std::io;
use std::net::SocketAddr;

use satwire_core::IoError;
use satwire_core::node::ConnId;

/// The readiness of a socket, as far as known. Readiness wrongly taken for ready costs a call that would block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Readiness {
    /// There may be something to read, or an end to see.
    pub readable: bool,
    /// A write may make progress.
    pub writable: bool,
}

/// A stream socket of a runtime, on its way to be connected or connected. It never blocks.
///
/// [`Turn`](crate::Turn) keeps the [`Readiness`] of each. It sets what a call has shown to be used up to false; what
/// sets it to true is [`Turn::ready`](crate::Turn::ready), which the driver calls when its runtime wakes it for this
/// socket, or [`Socket::poll_ready`].
pub trait Socket {
    /// Goes on with connecting; `None` while it is on its way. It is called each time that the socket is said to be
    /// ready, until it has returned something, and not at all for a socket that was accepted.
    fn finish_connect(&mut self) -> Option<Result<(), IoError>>;

    /// Finds out what the socket is ready for, where a runtime has to be asked, and has the driver woken for what it
    /// is not. Does nothing where the runtime tells of itself. It is called again only when the driver was woken for
    /// this socket or something was used up.
    ///
    /// # Errors
    /// If the socket cannot be waited for.
    fn poll_ready(&mut self, ready: &mut Readiness) -> Result<(), IoError> {
        let _ = ready;
        Ok(())
    }

    /// Reads once; `None` if that would block. See [`read`](crate::read).
    ///
    /// # Errors
    /// The connection is over, be it that the stream has ended.
    fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, IoError>;

    /// Writes once; `None` if that would block. See [`write`](fn@crate::write).
    ///
    /// # Errors
    /// The connection is over.
    fn write(&mut self, bytes: &[u8]) -> Result<Option<usize>, IoError>;

    /// Returns whether a read that did not fill the buffer shows that the socket is empty: that the runtime tells of
    /// whatever comes after it, the end included. Where it is false, reading goes on until it would block.
    fn short_read_drains(&self) -> bool;
}

/// Makes a runtime's sockets.
pub trait Runtime {
    /// A connection's socket.
    type Socket: Socket;
    /// A listening socket.
    type Listener;

    /// Begins to connect. The driver is woken for `conn` when that has come to an end.
    ///
    /// # Errors
    /// If it has come to an end already.
    fn connect(&mut self, conn: ConnId, addr: SocketAddr) -> io::Result<Self::Socket>;

    /// Listens on `addr`. The driver is woken for the listener with this number when there is something to accept.
    ///
    /// # Errors
    /// If the address cannot be bound.
    fn listen(&mut self, listener: usize, addr: SocketAddr) -> io::Result<(Self::Listener, SocketAddr)>;

    /// Accepts a connection, which will be called `conn`; `None` if there is none, and the driver is woken when there
    /// is. See [`accept`](crate::accept).
    ///
    /// # Errors
    /// If the system gives no more sockets.
    fn accept(
        &mut self,
        listener: &mut Self::Listener,
        conn: ConnId,
    ) -> io::Result<Option<(Self::Socket, SocketAddr)>>;
}
