//! A client of many connections, which do nothing but answer pings.

use std::io::{self, ErrorKind, Read as _, Write as _};

use harness::Hello;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::peer::{Pinged, connect};

/// Connections that are begun before the server has greeted those before.
const AT_ONCE: usize = 64;

struct Peer {
    stream: TcpStream,
    pinged: Pinged,
}

struct Crowd {
    poll: Poll,
    events: Events,
    peers: Vec<Peer>,
    buffer: Vec<u8>,
    pongs: Vec<u8>,
    /// Pings that were answered.
    answered: usize,
    gone: usize,
}

/// Keeps so many connections until the server ends them.
pub(crate) fn call(connections: usize, port: u16) -> io::Result<()> {
    let mut crowd = Crowd {
        poll: Poll::new()?,
        events: Events::with_capacity(1024),
        peers: Vec::new(),
        buffer: vec![0; 4096],
        pongs: Vec::new(),
        answered: 0,
        gone: 0,
    };
    let hello = Hello::default().all();
    while crowd.peers.len() < connections {
        for _ in 0..AT_ONCE.min(connections - crowd.peers.len()) {
            crowd.join(port, &hello)?;
        }
        // Early ones may be pinged twice meanwhile: no matter, this only keeps the listener's queue short.
        while crowd.answered < crowd.peers.len() {
            crowd.answer()?;
        }
    }
    while crowd.gone < connections {
        crowd.answer()?;
    }
    Ok(())
}

impl Crowd {
    fn join(&mut self, port: u16, hello: &[u8]) -> io::Result<()> {
        let number = self.peers.len();
        let stream = connect(number, port, None)?;
        (&stream).write_all(hello)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
        self.peers.push(Peer { stream, pinged: Pinged::default() });
        Ok(())
    }

    /// Waits for something to read, and answers it.
    fn answer(&mut self) -> io::Result<()> {
        self.poll.poll(&mut self.events, None)?;
        for event in &self.events {
            let peer = &mut self.peers[event.token().0];
            match peer.stream.read(&mut self.buffer) {
                Ok(n @ 1..) => {
                    self.pongs.clear();
                    self.answered += peer.pinged.take(&self.buffer[..n], &mut self.pongs);
                    peer.stream.write_all(&self.pongs)?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => self.gone += 1,
            }
        }
        Ok(())
    }
}
