//! A scripted peer that does the least: it connects, greets, and answers pings.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use harness::Hello;
use satwire_core::wire::{Command, Header};
use socket2::{Domain, Socket, Type};

/// Where peers come from, in turn: each address has ports of its own.
const SOURCES: usize = 10;

/// Connects, as the peer with this number.
pub(crate) fn connect(number: usize, port: u16, buffer: Option<usize>) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if let Some(size) = buffer {
        socket.set_recv_buffer_size(size)?;
    }
    let source = Ipv4Addr::new(127, 0, 0, 2 + (number % SOURCES) as u8);
    socket.bind(&std::net::SocketAddr::from((source, 0)).into())?;
    socket.connect(&std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

/// The whole greeting: until the first ping is answered.
pub(crate) fn greet(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(&Hello::default().all())?;
    let (mut pinged, mut buffer) = (Pinged::default(), [0; 1024]);
    loop {
        let n = stream.read(&mut buffer)?;
        if n == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut pongs = Vec::new();
        if pinged.take(&buffer[..n], &mut pongs) > 0 {
            return stream.write_all(&pongs);
        }
    }
}

/// Finds pings in what is read.
#[derive(Debug, Default)]
pub(crate) struct Pinged {
    /// The beginning of a message.
    kept: Vec<u8>,
}

impl Pinged {
    /// Appends the answers to `pongs`; says how many.
    pub(crate) fn take(&mut self, bytes: &[u8], pongs: &mut Vec<u8>) -> usize {
        self.kept.extend_from_slice(bytes);
        let (mut rest, mut count) = (&self.kept[..], 0);
        while let Some(header) = rest.first_chunk().map(Header::decode)
            && let Some((frame, after)) = rest.split_at_checked(Header::LEN + header.length as usize)
        {
            if header.command() == Some(Command::PING) {
                // The answer has the same payload, and so the same checksum.
                pongs.extend(Header { command: Command::PONG.to_wire(), ..header }.encode());
                pongs.extend(&frame[Header::LEN..]);
                count += 1;
            }
            rest = after;
        }
        let used = self.kept.len() - rest.len();
        self.kept.drain(..used);
        count
    }
}
