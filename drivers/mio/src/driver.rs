//! The loop's body: one turn.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{self, Duration};

use mio::event::Event as Readiness;
use mio::{Poll, Token, Waker};
use satwire_core::node::{Address, ConnId, ConnMap, Environment, Event, Input, Output};
use satwire_core::{Config, Instant, IoError, Node, WallClock};
use satwire_std::{ACCEPT_PAUSE, ACCEPTS, Clock, Notice, READ, Totals, io_error};

use crate::connection::Connection;
use crate::listener::Listener;
use crate::resolver::Resolver;

/// Sockets that one poll names.
const NAMED: usize = 1024;

/// Connections are known to the poll by their own number, listeners count down from the top.
const WAKER: Token = Token(usize::MAX);
const LAST_LISTENER: usize = usize::MAX - 1;

/// A node on its sockets.
#[derive(Debug)]
pub struct Driver<E> {
    poll: Poll,
    readiness: mio::Events,
    waker: Arc<Waker>,
    resolver: Resolver,
    clock: Clock,
    node: Node<E>,
    connections: ConnMap<Connection>,
    listeners: Vec<Listener>,
    /// Connections that have something to read and whose peers read what we write.
    to_read: VecDeque<ConnId>,
    buffer: Box<[u8]>,
    totals: Totals,
    notices: Vec<Notice>,
}

impl<E: Environment> Driver<E> {
    /// A driver without connections, its clock at zero.
    ///
    /// # Errors
    /// If the system gives no poll or no waker.
    pub fn new(config: Config, environment: E) -> io::Result<Self> {
        Self::with_environment(config, |_| environment)
    }

    /// As [`Driver::new`], for a environment that wants to know the time of the world at the driver's zero: a
    /// recorder writes it down first of all.
    ///
    /// # Errors
    /// As [`Driver::new`].
    pub fn with_environment(config: Config, environment: impl FnOnce(WallClock) -> E) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let clock = Clock::start();
        Ok(Self {
            readiness: mio::Events::with_capacity(NAMED),
            resolver: Resolver::new(waker.clone()),
            node: Node::new(config, clock.wall(), environment(clock.wall())),
            connections: ConnMap::new(),
            listeners: Vec::new(),
            to_read: VecDeque::new(),
            buffer: vec![0; READ].into_boxed_slice(),
            totals: Totals::default(),
            notices: Vec::new(),
            poll,
            waker,
            clock,
        })
    }

    /// Accepts connections on `addr` from now on; port 0 takes any that is free.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn listen(&mut self, addr: SocketAddr) -> io::Result<SocketAddr> {
        let token = Token(LAST_LISTENER - self.listeners.len());
        let listener = Listener::bind(self.poll.registry(), token, addr)?;
        let addr = listener.addr;
        self.listeners.push(listener);
        Ok(addr)
    }

    /// Keeps a connection to `address` from now on.
    pub fn dial(&mut self, address: Address) {
        self.node.handle(self.clock.now(), Input::Dial(address));
    }

    /// Closes this connection. If we dialled its address, that is dialled again.
    pub fn disconnect(&mut self, conn: ConnId) {
        self.node.handle(
            self.clock.now(),
            Input::Disconnect { conn: conn, redial: true, label: satwire_core::Label::LOCAL },
        );
    }

    /// Closes all connections and makes no more. The events of that come with the next turn.
    pub fn stop(&mut self) {
        self.listeners.clear();
        self.node.handle(self.clock.now(), Input::Stop);
    }

    /// Ends a turn that waits, from any thread.
    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// Waits until something happens or is due, or `until` has come, then does it; appends what
    /// there is to tell to `events`.
    ///
    /// # Errors
    /// If the poll itself fails; what happens to a connection is an event.
    pub fn turn(&mut self, until: Option<time::Instant>, events: &mut Vec<Event>) -> io::Result<()> {
        let told = events.len();
        self.carry_out(events);
        // What was ordered between the turns has its events now, and they are not to wait for others.
        let timeout = if events.len() > told { Some(Duration::ZERO) } else { self.wait(until) };
        match self.poll.poll(&mut self.readiness, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => self.readiness.clear(),
            result => result?,
        }
        if let Some(clock) = self.clock.stepped() {
            self.node.handle(self.clock.now(), Input::Clock(clock));
        }
        let readiness = std::mem::replace(&mut self.readiness, mio::Events::with_capacity(0));
        let mut named = 0;
        for ready in &readiness {
            self.note(ready);
            named += 1;
        }
        self.readiness = readiness;
        self.accept();
        self.carry_out(events);
        if named == NAMED && self.is_due() {
            // There may be more than were named, and their answers are to be read before the time is told.
            for conn in self.connections.conns() {
                self.list_anyway(conn);
            }
        }
        for _ in 0..self.to_read.len() {
            self.read_next();
            self.carry_out(events);
        }
        if self.is_due() {
            self.node.handle(self.clock.now(), Input::Timeout);
            self.carry_out(events);
        }
        Ok(())
    }

    /// The node, for what it can tell.
    pub const fn node(&self) -> &Node<E> {
        &self.node
    }

    /// The node's environment, to be changed.
    pub const fn environment_mut(&mut self) -> &mut E {
        self.node.environment_mut()
    }

    /// What has gone over all connections so far.
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// The time of the world at the driver's own zero.
    pub const fn wall_clock(&self) -> WallClock {
        self.clock.wall()
    }

    /// The time since the driver was made, on its own clock.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Takes what an operator should know.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn is_due(&self) -> bool {
        self.node.poll_timeout().is_some_and(|deadline| deadline <= self.clock.now())
    }

    /// How long the poll may wait; for ever if nothing is due.
    fn wait(&self, until: Option<time::Instant>) -> Option<Duration> {
        if !self.to_read.is_empty() || self.listeners.iter().any(|l| l.ready && l.paused_until.is_none()) {
            return Some(Duration::ZERO);
        }
        let until = until.map(|until| self.clock.instant(until));
        let paused = self.listeners.iter().filter_map(|listener| listener.paused_until).min();
        let first = [self.node.poll_timeout(), until, paused].into_iter().flatten().min()?;
        Some(first.saturating_duration_since(self.clock.now()))
    }

    /// Notes what a socket is ready for.
    fn note(&mut self, ready: &Readiness) {
        let Token(number) = ready.token();
        if ready.token() == WAKER {
            while let Some((target, addrs)) = self.resolver.answer() {
                self.node.handle(self.clock.now(), Input::Resolved(target, &addrs));
            }
            return;
        }
        if let Some(listener) = LAST_LISTENER.checked_sub(number).and_then(|i| self.listeners.get_mut(i)) {
            listener.ready = true;
            return;
        }
        let conn = ConnId(number as u64);
        let Some(connection) = self.connections.get_mut(conn) else { return };
        if !connection.open {
            match connection.finish_dial() {
                None => return,
                Some(Ok(())) => {
                    connection.writable = true;
                    self.node.handle(self.clock.now(), Input::Connected(conn));
                }
                Some(Err(error)) => return self.lost(conn, error),
            }
        }
        let Some(connection) = self.connections.get_mut(conn) else { return };
        connection.ending |= ready.is_read_closed() || ready.is_error();
        connection.readable |= ready.is_readable() || connection.ending;
        if ready.is_writable() {
            connection.writable = true;
            self.write(conn);
        }
        self.list(conn);
    }

    fn accept(&mut self) {
        let now = self.clock.now();
        for listener in &mut self.listeners {
            if listener.paused_until.is_some_and(|until| until > now) {
                continue;
            }
            listener.paused_until = None;
            for _ in 0..ACCEPTS {
                if !listener.ready {
                    break;
                }
                let conn = self.node.next_conn();
                let token = Token(conn.0 as usize);
                let accepted = listener.accept().and_then(|accepted| {
                    let Some((stream, addr)) = accepted else { return Ok(None) };
                    Ok(Some((Connection::accepted(self.poll.registry(), token, stream)?, addr)))
                });
                match accepted {
                    Ok(None) => {}
                    Ok(Some((connection, addr))) => {
                        self.connections.insert(conn, connection);
                        self.node.handle(self.clock.now(), Input::Accepted { conn, addr });
                    }
                    Err(error) => {
                        listener.paused_until = Some(now + ACCEPT_PAUSE);
                        self.notices.push(Notice::AcceptPaused { addr: listener.addr, error });
                        break;
                    }
                }
            }
        }
    }

    /// Does what the node orders, and passes on what it tells.
    fn carry_out(&mut self, events: &mut Vec<Event>) {
        while let Some(output) = self.node.poll() {
            match output {
                Output::Event(event) => events.push(event),
                Output::Transmit(conn) => self.write(conn),
                Output::Disconnect(conn) => {
                    self.connections.remove(conn);
                }
                Output::Connect { conn, addr } => {
                    match Connection::dial(self.poll.registry(), Token(conn.0 as usize), addr) {
                        Ok(connection) => {
                            self.connections.insert(conn, connection);
                        }
                        Err(error) => self.lost(conn, io_error(&error)),
                    }
                }
                Output::Resolve { target, host, port } => {
                    if self.resolver.resolve(target, host, port).is_err() {
                        self.node.handle(self.clock.now(), Input::Resolved(target, &[]));
                    }
                }
            }
        }
    }

    /// Reads the connection whose turn it is, once.
    fn read_next(&mut self) {
        let Some(conn) = self.to_read.pop_front() else { return };
        let Some(connection) = self.connections.get_mut(conn) else { return };
        connection.listed = false;
        if !self.node.wants_read(conn) {
            return;
        }
        match connection.read(&mut self.buffer) {
            Ok(Some(n)) => {
                self.totals.received += n as u64;
                // The clock is read after the socket: the time is that of arrival, or later.
                self.node.handle(self.clock.now(), Input::Received(conn, &self.buffer[..n]));
                self.list(conn);
            }
            Ok(None) => {}
            Err(error) => self.lost(conn, error),
        }
    }

    /// Writes what there is to write, as far as the socket takes it.
    fn write(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.get_mut(conn).filter(|connection| connection.open) else {
            return;
        };
        while connection.writable {
            let unsent = self.node.transmit(conn);
            if unsent.is_empty() {
                break;
            }
            match connection.write(unsent) {
                Ok(n) => {
                    self.totals.sent += n as u64;
                    self.node.transmitted(conn, n);
                }
                Err(error) => return self.lost(conn, error),
            }
        }
        // What was not read for want of room may be read now.
        self.list(conn);
    }

    /// Puts a connection that has something to read, and may be read, into the list.
    fn list(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        if connection.readable && !connection.listed && self.node.wants_read(conn) {
            connection.listed = true;
            self.to_read.push_back(conn);
        }
    }

    /// The same for a connection that is not known to have something to read.
    fn list_anyway(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections.get_mut(conn).filter(|connection| connection.open) {
            connection.readable = true;
            self.list(conn);
        }
    }

    fn lost(&mut self, conn: ConnId, error: IoError) {
        self.connections.remove(conn);
        self.node.handle(self.clock.now(), Input::Closed(conn, error));
    }
}
