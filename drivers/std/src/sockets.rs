//! Errors of sockets, in the core's words.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use satwire_core::IoError;
use socket2::{Domain, Socket, Type};

/// Connections that may wait to be accepted: the standard library's 128 would make a burst of
/// peers wait for their second try.
const BACKLOG: i32 = 4096;

/// Addresses taken from one answer (Bitcoin Core takes as many from a seed).
const MAX_ADDRESSES: usize = 32;

/// The part of an I/O error that is the same on every machine.
pub fn io_error(error: &io::Error) -> IoError {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => IoError::Reset,
        ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => IoError::Ended,
        ErrorKind::ConnectionRefused => IoError::Refused,
        ErrorKind::TimedOut => IoError::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => {
            IoError::Unreachable
        }
        _ if error.raw_os_error().is_some_and(is_out_of_descriptors) => IoError::NoDescriptors,
        _ => IoError::Other,
    }
}

/// `ENFILE`, `EMFILE`: the same on every Unix, and without an [`ErrorKind`].
const fn is_out_of_descriptors(code: i32) -> bool {
    cfg!(unix) && matches!(code, 23 | 24)
}

/// Reads once; `None` if there is nothing for now.
///
/// # Errors
/// The connection is over, be it that the stream has ended.
pub fn read(stream: &mut impl Read, buffer: &mut [u8]) -> Result<Option<usize>, IoError> {
    loop {
        return match stream.read(buffer) {
            Ok(0) => Err(IoError::Ended),
            Ok(n) => Ok(Some(n)),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(io_error(&error)),
        };
    }
}

/// Writes once; `None` if the socket takes nothing for now.
///
/// # Errors
/// The connection is over.
pub fn write(stream: &mut impl Write, bytes: &[u8]) -> Result<Option<usize>, IoError> {
    loop {
        return match stream.write(bytes) {
            // No socket does this, and who layers something on one may: to try again would be for ever.
            Ok(0) if !bytes.is_empty() => Err(IoError::Ended),
            Ok(n) => Ok(Some(n)),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(io_error(&error)),
        };
    }
}

/// A listener that does not block; port 0 takes any that is free.
///
/// # Errors
/// If the address cannot be bound.
pub fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
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
    Ok(socket.into())
}

/// The next connection of a listener, through its own `accept`; `None` when there is none left for now.
///
/// # Errors
/// If the system has no more sockets to give: leave the listener alone for
/// [`ACCEPT_PAUSE`](crate::ACCEPT_PAUSE).
pub fn accept<T>(mut accept: impl FnMut() -> io::Result<T>) -> io::Result<Option<T>> {
    loop {
        return match accept() {
            Ok(accepted) => Ok(Some(accepted)),
            Err(error) => match error.kind() {
                // The peer gave up while it waited: the next one.
                ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
                    continue;
                }
                ErrorKind::WouldBlock => Ok(None),
                _ => Err(error),
            },
        };
    }
}

/// Looks a name up, and blocks as long as that takes. No address where it could not be resolved:
/// what [`Input::Resolved`](satwire_core::node::Input::Resolved) is to be told.
pub fn look_up(host: &str, port: u16) -> Vec<SocketAddr> {
    let found = (host, port).to_socket_addrs().into_iter().flatten();
    found.take(MAX_ADDRESSES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that takes nothing and does not say why is not tried again.
    #[test]
    fn a_stream_that_takes_nothing_has_ended() {
        let mut nothing: &mut [u8] = &mut [];
        assert_eq!(write(&mut nothing, b"more"), Err(IoError::Ended));
        assert_eq!(write(&mut nothing, b""), Ok(Some(0)));
    }
}
