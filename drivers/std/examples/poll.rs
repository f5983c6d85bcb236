//! A [`Node`] on plain `poll(2)`: dials the address that is the first argument, or listens on it if
//! `listen` comes first; prints what happens, and ends when a connection has ended.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use satwire_core::node::{Address, ConnId, EventKind, Input, Output, Purpose};
use satwire_core::{Config, IoError, Network, Node};
use satwire_std::{Clock, READ, accept, io_error, listen, look_up, read, write};
use socket2::{Domain, Socket, Type};

type Words = fn(Purpose) -> u64;

/// A random random from the operating system, by way of the standard library.
fn random(_purpose: Purpose) -> u64 {
    RandomState::new().build_hasher().finish()
}

struct Driver {
    node: Node<Words>,
    clock: Clock,
    sockets: BTreeMap<ConnId, TcpStream>,
    /// Dials that are on their way.
    dialling: BTreeMap<ConnId, TcpStream>,
    listener: Option<TcpListener>,
    buffer: Vec<u8>,
}

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let clock = Clock::start();
    let mut driver = Driver {
        node: Node::new(Config::new(Network::Regtest), clock.wall(), random),
        clock,
        sockets: BTreeMap::new(),
        dialling: BTreeMap::new(),
        listener: None,
        buffer: vec![0; READ],
    };
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["listen", addr] => {
            let listener = listen(addr.parse().map_err(io::Error::other)?)?;
            println!("listening on {}", listener.local_addr()?);
            driver.listener = Some(listener);
        }
        [addr] => {
            let addr = addr.parse().map_err(io::Error::other)?;
            driver.handle(Input::Dial(Address::Socket(addr)));
        }
        _ => return Err(io::Error::other("an address, or listen and an address")),
    }
    while driver.drain() {
        driver.wait()?;
        if let Some(clock) = driver.clock.stepped() {
            driver.handle(Input::Clock(clock));
        }
        driver.handle(Input::Timeout);
    }
    Ok(())
}

impl Driver {
    fn handle(&mut self, input: Input<'_>) {
        self.node.handle(self.clock.now(), input);
    }

    /// Carries out what the node orders; false if it is time to go.
    fn drain(&mut self) -> bool {
        let mut goes_on = true;
        while let Some(output) = self.node.poll() {
            match output {
                Output::Resolve { target, host, port } => {
                    // It blocks: where that matters, a thread does it.
                    self.handle(Input::Resolved(target, &look_up(&host, port)));
                }
                Output::Connect { conn, addr } => match dial(addr) {
                    Ok(stream) => drop(self.dialling.insert(conn, stream)),
                    Err(error) => self.handle(Input::Closed(conn, io_error(&error))),
                },
                Output::Transmit(conn) => self.write(conn),
                Output::Disconnect(conn) => {
                    self.sockets.remove(&conn);
                    self.dialling.remove(&conn);
                }
                Output::Event(event) => {
                    println!("{:?}", event.kind);
                    goes_on &= !matches!(event.kind, EventKind::Disconnected(_));
                }
            }
        }
        goes_on
    }

    /// Waits for sockets or the deadline, then reads and writes what is ready.
    fn wait(&mut self) -> io::Result<()> {
        let mut conns = Vec::new();
        let mut fds = Vec::new();
        for (conn, stream) in &self.sockets {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, self.node.wants_read(*conn));
            flags.set(PollFlags::OUT, !self.node.transmit(*conn).is_empty());
            conns.push(*conn);
            fds.push(PollFd::new(stream, flags));
        }
        for (conn, stream) in &self.dialling {
            conns.push(*conn);
            fds.push(PollFd::new(stream, PollFlags::OUT));
        }
        fds.extend(self.listener.as_ref().map(|listener| PollFd::new(listener, PollFlags::IN)));
        let wait = self.node.poll_timeout().map(|due| due.saturating_duration_since(self.clock.now()));
        match poll(&mut fds, wait.and_then(|wait| Timespec::try_from(wait).ok()).as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<_> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        for (conn, _) in conns.iter().zip(&ready).filter(|(_, ready)| **ready) {
            self.finish_dial(*conn);
            self.write(*conn);
            self.read(*conn);
        }
        if ready.len() > conns.len() && ready[conns.len()] {
            self.accept()?;
        }
        Ok(())
    }

    fn finish_dial(&mut self, conn: ConnId) {
        let Some(stream) = self.dialling.remove(&conn) else { return };
        match stream.take_error() {
            Ok(None) => {
                self.sockets.insert(conn, stream);
                self.handle(Input::Connected(conn));
            }
            Ok(Some(error)) | Err(error) => self.handle(Input::Closed(conn, io_error(&error))),
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        let Some(listener) = &self.listener else { return Ok(()) };
        if let Some((stream, addr)) = accept(|| listener.accept())? {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let conn = self.node.next_conn();
            self.sockets.insert(conn, stream);
            self.handle(Input::Accepted { conn, addr });
        }
        Ok(())
    }

    /// Reads once, so that everybody has his turn.
    fn read(&mut self, conn: ConnId) {
        let Some(stream) = self.sockets.get_mut(&conn).filter(|_| self.node.wants_read(conn)) else { return };
        match read(stream, &mut self.buffer) {
            Ok(Some(n)) => self.node.handle(self.clock.now(), Input::Received(conn, &self.buffer[..n])),
            Ok(None) => {}
            Err(error) => self.lost(conn, error),
        }
    }

    fn write(&mut self, conn: ConnId) {
        let Some(stream) = self.sockets.get_mut(&conn) else { return };
        while !self.node.transmit(conn).is_empty() {
            match write(stream, self.node.transmit(conn)) {
                Ok(Some(n)) => self.node.transmitted(conn, n),
                Ok(None) => return,
                Err(error) => return self.lost(conn, error),
            }
        }
    }

    fn lost(&mut self, conn: ConnId, error: IoError) {
        self.sockets.remove(&conn);
        self.handle(Input::Closed(conn, error));
    }
}

/// Begins to connect.
fn dial(addr: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    match socket.connect(&addr.into()) {
        Err(error) if error.raw_os_error() != Some(Errno::INPROGRESS.raw_os_error()) => Err(error),
        _ => Ok(socket.into()),
    }
}
