//! The node on its sockets, one turn after the other.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_io::{Async, Timer};
use futures_core::Stream;
use satwire_core::node::{Address, ConnId, ConnMap, Environment, Event, Input, Output};
use satwire_core::{Config, Instant, IoError, Node, WallClock};
use satwire_std::{ACCEPT_PAUSE, ACCEPTS, Clock, Notice, READ, Totals};

use crate::Handle;
use crate::connection::Connection;
use crate::listener::Listener;
use crate::mailbox::{Letter, Mailbox, Token};

/// Sockets that the reactor names at once.
const NAMED: usize = 1024;
/// After so many turns the reactor is asked about everybody: whoever sends as fast as he is read has to wait
/// for those whose readiness is not known yet.
const TURNS: u8 = 12;
/// Who was not polled for so long, though something was due, has slept: the reactor may not have named
/// all that are ready yet.
const SLEPT: Duration = Duration::from_millis(100);

/// A node on its sockets: the stream of what happens there.
///
/// Everything is done while the stream is polled, and nothing else runs. An error is something that an
/// operator should know, and not the end. The stream ends after [`Driver::stop`].
#[derive(Debug)]
pub struct Driver<E> {
    mailbox: Arc<Mailbox>,
    clock: Clock,
    node: Node<E>,
    connections: ConnMap<Connection>,
    listeners: Vec<Listener>,
    /// Connections that have something to read and whose peers read what we write.
    to_read: VecDeque<ConnId>,
    buffer: Box<[u8]>,
    totals: Totals,
    notices: VecDeque<Notice>,
    step: Step,
    /// Turns since the reactor was asked about everybody.
    turns: u8,
    /// Rings when something is due.
    alarm: Timer,
    alarm_at: Option<Instant>,
    /// When the last turn was over.
    rested: Instant,
    stopped: bool,
}

/// What comes next. Between any two steps the owner may be told something, and may take his time.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A turn begins: letters, and who wants to connect.
    Begin,
    /// So many connections are to be read before the turn ends.
    Read(usize),
    /// The turn is over.
    Rest,
}

/// No field is pinned in its place.
impl<E> Unpin for Driver<E> {}

impl<E: Environment> Driver<E> {
    /// A driver without connections, its clock at zero.
    pub fn new(config: Config, environment: E) -> Self {
        Self::with_environment(config, |_| environment)
    }

    /// As [`Driver::new`], for a environment that wants to know the time of the world at the driver's zero: a
    /// recorder writes it down first of all.
    pub fn with_environment(config: Config, environment: impl FnOnce(WallClock) -> E) -> Self {
        let clock = Clock::start();
        Self {
            mailbox: Arc::default(),
            node: Node::new(config, clock.wall(), environment(clock.wall())),
            clock,
            connections: ConnMap::new(),
            listeners: Vec::new(),
            to_read: VecDeque::new(),
            buffer: vec![0; READ].into_boxed_slice(),
            totals: Totals::default(),
            notices: VecDeque::new(),
            step: Step::Begin,
            turns: 0,
            alarm: Timer::never(),
            alarm_at: None,
            rested: Instant::ZERO,
            stopped: false,
        }
    }

    /// Accepts connections on `addr` from now on; port 0 takes any that is free.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn listen(&mut self, addr: SocketAddr) -> io::Result<SocketAddr> {
        let bell = self.mailbox.bell(Token::Listener(self.listeners.len()));
        let listener = Listener::bind(bell, addr)?;
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

    /// Closes all connections and makes no more. The stream ends after what there is to tell of that.
    pub fn stop(&mut self) {
        self.stopped = true;
        self.listeners.clear();
        self.node.handle(self.clock.now(), Input::Stop);
    }

    /// For orders from another task or thread.
    pub fn handle(&self) -> Handle {
        Handle { mailbox: self.mailbox.clone() }
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

    // ── a turn ──────────────────────────────────────────────────────────────────────────────

    fn begin(&mut self) {
        self.turns = (self.turns + 1) % TURNS;
        if let Some(clock) = self.clock.stepped() {
            self.node.handle(self.clock.now(), Input::Clock(clock));
        }
        let letters = self.mailbox.empty();
        let named = letters.len();
        for letter in letters {
            match letter {
                Letter::Ring(Token::Conn(conn)) => self.ready(conn),
                Letter::Ring(Token::Listener(index)) => {
                    if let Some(listener) = self.listeners.get_mut(index) {
                        listener.poll_ready();
                    }
                }
                Letter::Resolved(target, addrs) => {
                    self.node.handle(self.clock.now(), Input::Resolved(target, &addrs));
                }
                Letter::Dial(address) => self.dial(address),
                Letter::Disconnect(conn) => self.disconnect(conn),
                Letter::Stop => self.stop(),
            }
        }
        self.accept();
        let slept = |due: Instant| due.max(self.rested) + SLEPT <= self.clock.now();
        if self.node.poll_timeout().is_some_and(slept) || (named >= NAMED && self.is_due()) {
            // There may be more than were named, and their answers are to be read before the time is told.
            for conn in self.connections.conns() {
                self.list_anyway(conn);
            }
        }
    }

    /// Behind all reads, so that a process that slept does not cut peers whose answers wait.
    fn tell_time(&mut self) {
        if self.is_due() {
            self.node.handle(self.clock.now(), Input::Timeout);
        }
    }

    fn is_due(&self) -> bool {
        self.node.poll_timeout().is_some_and(|deadline| deadline <= self.clock.now())
    }

    /// Sees to it that the next turn comes when there is something for it to do.
    fn rest(&mut self, context: &mut Context<'_>) {
        self.rested = self.clock.now();
        let paused = self.listeners.iter().filter_map(|listener| listener.paused_until);
        let first = paused.chain(self.node.poll_timeout()).min();
        if first != self.alarm_at {
            self.alarm_at = first;
            match first.and_then(|first| self.clock.deadline(first)) {
                Some(deadline) => self.alarm.set_at(deadline),
                None => self.alarm = Timer::never(),
            }
        }
        let accepts = self.listeners.iter().any(Listener::is_ready);
        if self.mailbox.poll(context.waker()) || accepts || !self.to_read.is_empty() {
            // Others have their turn before: the executor, and those who tell what is ready.
            context.waker().wake_by_ref();
        } else if Pin::new(&mut self.alarm).poll(context).is_ready() {
            self.alarm_at = None;
            context.waker().wake_by_ref();
        }
    }

    // ── sockets ─────────────────────────────────────────────────────────────────────────────

    /// A socket has rung.
    fn ready(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        connection.rung();
        if !connection.is_open() {
            match connection.poll_dial() {
                Poll::Pending => return,
                Poll::Ready(Ok(())) => self.node.handle(self.clock.now(), Input::Connected(conn)),
                Poll::Ready(Err(error)) => return self.lost(conn, error),
            }
        }
        self.write(conn);
    }

    fn accept(&mut self) {
        let now = self.clock.now();
        for index in 0..self.listeners.len() {
            for _ in 0..ACCEPTS {
                let listener = &mut self.listeners[index];
                match listener.accept(now) {
                    Ok(None) => break,
                    Ok(Some((stream, addr))) => self.accepted(stream, addr),
                    Err(error) => {
                        listener.paused_until = Some(now + ACCEPT_PAUSE);
                        self.notices.push_back(Notice::AcceptPaused { addr: listener.addr, error });
                        break;
                    }
                }
            }
        }
    }

    fn accepted(&mut self, stream: Async<TcpStream>, addr: SocketAddr) {
        let conn = self.node.next_conn();
        let bell = self.mailbox.bell(Token::Conn(conn));
        self.connections.insert(conn, Connection::accepted(bell, stream));
        self.node.handle(self.clock.now(), Input::Accepted { conn, addr });
        self.list(conn);
    }

    /// Does what the node orders, up to the next thing that it tells.
    fn carry_out(&mut self) -> Option<Event> {
        loop {
            match self.node.poll()? {
                Output::Event(event) => return Some(event),
                Output::Transmit(conn) => self.write(conn),
                Output::Disconnect(conn) => {
                    self.connections.remove(conn);
                }
                Output::Connect { conn, addr } => {
                    let bell = self.mailbox.bell(Token::Conn(conn));
                    self.connections.insert(conn, Connection::dial(bell, addr));
                    self.ready(conn);
                }
                Output::Resolve { target, host, port } => {
                    let mailbox = self.mailbox.clone();
                    let look_up = move || {
                        mailbox.put(Letter::Resolved(target, satwire_std::look_up(&host, port)));
                    };
                    blocking::unblock(look_up).detach();
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
        match connection.read(&mut self.buffer, self.turns == 0) {
            Ok(Some(n)) => {
                self.totals.received += n as u64;
                // The clock is read after the socket: the time is that of arrival, or later.
                self.node.handle(self.clock.now(), Input::Received(conn, &self.buffer[..n]));
                // It has its answer before anybody takes his time over what there is to tell.
                self.write(conn);
            }
            Ok(None) => self.list(conn),
            Err(error) => self.lost(conn, error),
        }
    }

    /// Writes what there is to write, as far as the socket takes it.
    fn write(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        loop {
            if let Err(error) = connection.poll_ready() {
                return self.lost(conn, error);
            }
            let unsent = self.node.transmit(conn);
            if unsent.is_empty() || !connection.is_writable() {
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
        if let Err(error) = connection.poll_ready() {
            return self.lost(conn, error);
        }
        if connection.is_readable() && !connection.listed && self.node.wants_read(conn) {
            connection.listed = true;
            self.to_read.push_back(conn);
        }
    }

    /// The same for a connection that is not known to have something to read.
    fn list_anyway(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections.get_mut(conn).filter(|connection| connection.is_open()) {
            connection.assume_readable();
            self.list(conn);
        }
    }

    fn lost(&mut self, conn: ConnId, error: IoError) {
        self.connections.remove(conn);
        self.node.handle(self.clock.now(), Input::Closed(conn, error));
    }
}

impl<E: Environment> Stream for Driver<E> {
    type Item = Result<Event, Notice>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(notice) = self.notices.pop_front() {
                return Poll::Ready(Some(Err(notice)));
            }
            // What one step caused is told before the next one: of one read at most.
            if let Some(event) = self.carry_out() {
                return Poll::Ready(Some(Ok(event)));
            }
            self.step = match self.step {
                Step::Begin => {
                    self.begin();
                    Step::Read(self.to_read.len())
                }
                Step::Read(0) => {
                    self.tell_time();
                    Step::Rest
                }
                Step::Read(n) => {
                    self.read_next();
                    Step::Read(n - 1)
                }
                Step::Rest => {
                    self.step = Step::Begin;
                    if self.stopped {
                        return Poll::Ready(None);
                    }
                    self.rest(context);
                    return Poll::Pending;
                }
            };
        }
    }
}
