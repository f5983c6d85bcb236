//! The loop's body, which is the same under every event loop.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::task::Waker;

use satwire_core::node::{ConnId, ConnMap, Input, Output};
use satwire_core::{Instant, IoError, Machine, WallClock};

use crate::notice::Notices;
use crate::resolver::Resolver;
use crate::{ACCEPT_PAUSE, ACCEPTS, Clock, Notice, READ, Readiness, Runtime, Socket, Totals, io_error};

/// A [`Machine`] on its sockets: everything that a driver does but waiting.
///
/// A driver owns one and repeats:
///
/// 1. [`Turn::advance`] until it returns nothing: what the application has ordered meanwhile;
/// 2. wait until its runtime says that a socket is ready, at most until [`Turn::poll_timeout`], and not at all if
///    [`Turn::is_busy`] or [`Turn::is_over`];
/// 3. [`Turn::begin`]; then [`Turn::ready`] for each connection that is ready, and [`Turn::ready_to_accept`] for each
///    listener; then [`Turn::all_told`];
/// 4. [`Turn::advance`] until it returns nothing: sockets are accepted, read and written, names are looked up, and what
///    is due is done.
///
/// In one turn at most [`ACCEPTS`] connections of a listener are accepted and [`READ`] bytes of each connection are
/// read. The time is told after all reads, so that a process that slept does not cut peers whose answers wait in the
/// socket.
#[derive(Debug)]
pub struct Turn<M, R: Runtime> {
    runtime: R,
    machine: M,
    clock: Clock,
    resolver: Resolver,
    connections: ConnMap<Connection<R::Socket>>,
    listeners: Vec<Listener<R::Listener>>,
    /// Connections that have something to read and may be read.
    to_read: VecDeque<ConnId>,
    buffer: Box<[u8]>,
    totals: Totals,
    notices: Notices,
    phase: Phase,
    /// There may be more ready sockets than were told.
    more_ready: bool,
    ask_again: bool,
    stopped: bool,
}

/// The next step of [`Turn::advance`], after what the machine has ordered so far.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Find out whom to read.
    Begun,
    /// Read so many connections, then tell the time.
    Read(usize),
    /// Nothing: the turn is over.
    Over,
}

#[derive(Debug)]
struct Connection<S> {
    socket: S,
    ready: Readiness,
    /// The readiness when the runtime was last asked, which wakes the driver for the rest.
    asked: Option<Readiness>,
    /// Connected: what was accepted is from the start.
    open: bool,
    /// It is in the list of connections to read.
    listed: bool,
    /// The application does not want it read.
    paused: bool,
}

#[derive(Debug)]
struct Listener<L> {
    socket: L,
    addr: SocketAddr,
    /// There may be something to accept.
    ready: bool,
    /// Accepting failed for want of something; until when to leave it alone.
    paused_until: Option<Instant>,
}

impl<M: Machine, R: Runtime> Turn<M, R> {
    /// Starts the clock, and then the machine, which is told the time of the world at the clock's zero. `waker` ends
    /// the driver's waiting, from any thread.
    pub fn new(runtime: R, waker: Waker, machine: impl FnOnce(WallClock) -> M) -> Self {
        let clock = Clock::start();
        Self {
            machine: machine(clock.wall()),
            runtime,
            clock,
            resolver: Resolver::new(waker),
            connections: ConnMap::new(),
            listeners: Vec::new(),
            to_read: VecDeque::new(),
            buffer: vec![0; READ].into_boxed_slice(),
            totals: Totals::default(),
            notices: Notices::default(),
            phase: Phase::Over,
            more_ready: false,
            ask_again: false,
            stopped: false,
        }
    }

    // ── for the application ─────────────────────────────────────────────────────────────────

    /// Accepts connections on `addr` from now on; port 0 takes any that is free. Returns the address that was bound.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn listen(&mut self, addr: SocketAddr) -> io::Result<SocketAddr> {
        let (socket, addr) = self.runtime.listen(self.listeners.len(), addr)?;
        self.listeners.push(Listener { socket, addr, ready: true, paused_until: None });
        Ok(addr)
    }

    /// Gives the machine a command of the application. [`Input::Stop`] closes the listeners as well.
    ///
    /// Inputs that concern sockets, names and clocks are the driver's to give: a machine that is told of a connection
    /// which is none waits for it in vain.
    pub fn input(&mut self, input: Input<'_>) {
        if matches!(input, Input::Stop) {
            self.stopped = true;
            self.listeners.clear();
        }
        self.machine.handle(self.clock.now(), input);
    }

    /// Leaves a connection unread until [`Turn::resume_reading`]. Its peer can send what the sockets' buffers hold, and
    /// then has to wait. Writes and deadlines go on, also those for answers that are not read meanwhile. No connection
    /// of this name: nothing happens.
    pub fn pause_reading(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.paused = true;
        }
    }

    /// Reads a connection again, what has come meanwhile first.
    pub fn resume_reading(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.paused = false;
            self.list(conn);
        }
    }

    /// Returns the machine.
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// Returns the machine, to be changed. Inputs go through [`Turn::input`].
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Returns what has gone over all connections so far.
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// Takes the oldest notice. Of those that nobody takes, the latest of each listener is kept.
    pub fn take_notice(&mut self) -> Option<Notice> {
        self.notices.pop()
    }

    // ── for the driver ──────────────────────────────────────────────────────────────────────

    /// Returns the runtime.
    pub const fn runtime_mut(&mut self) -> &mut R {
        &mut self.runtime
    }

    /// Returns the machine's clock.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns whether [`Input::Stop`] was given.
    pub const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Returns whether [`Input::Stop`] was given and no connection is left: then there is nothing to wait for.
    pub fn is_over(&self) -> bool {
        self.stopped && self.connections.is_empty()
    }

    /// Returns whether there is something to do at once.
    pub fn is_busy(&self) -> bool {
        let accepts = |listener: &Listener<_>| listener.ready && listener.paused_until.is_none();
        !self.to_read.is_empty() || self.listeners.iter().any(accepts)
    }

    /// Returns the time of the next turn if no socket is ready before; `None` if nothing is ever due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let paused = self.listeners.iter().filter_map(|listener| listener.paused_until);
        paused.chain(self.machine.poll_timeout()).min()
    }

    /// Begins a turn: looks at the wall clock and takes the answers of look-ups.
    pub fn begin(&mut self) {
        if let Some(clock) = self.clock.stepped() {
            self.machine.handle(self.clock.now(), Input::Clock(clock));
        }
        while let Some((target, addrs)) = self.resolver.answer() {
            self.machine.handle(self.clock.now(), Input::Resolved(target, &addrs));
        }
    }

    /// Notes that a connection's socket may be ready, as far as `note` can tell; finishes connecting, and writes. A
    /// driver may learn late: no connection of this name, and nothing happens.
    pub fn ready(&mut self, conn: ConnId, note: impl FnOnce(&mut R::Socket, &mut Readiness)) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        note(&mut connection.socket, &mut connection.ready);
        connection.asked = None;
        if !connection.open {
            match connection.socket.finish_connect() {
                None => return,
                Some(Ok(())) => {
                    connection.open = true;
                    connection.ready.writable = true;
                    self.machine.handle(self.clock.now(), Input::Connected(conn));
                }
                Some(Err(error)) => return self.lost(conn, error),
            }
        }
        self.write(conn);
    }

    /// Notes that there may be something to accept, of the listener with this number.
    pub fn ready_to_accept(&mut self, listener: usize) {
        if let Some(listener) = self.listeners.get_mut(listener) {
            listener.ready = true;
        }
    }

    /// Ends the list of what is ready, and accepts. If `more` may be ready than was listed, and something is due, all
    /// connections are read: their answers may have come in time.
    pub fn all_told(&mut self, more: bool) {
        self.accept();
        self.more_ready = more;
        self.phase = Phase::Begun;
    }

    /// From now on a read leaves nothing readable, so that the runtime is asked about that socket
    /// ([`Socket::poll_ready`]) before it is read again; or not any more.
    pub const fn ask_again(&mut self, yes: bool) {
        self.ask_again = yes;
    }

    /// Goes on with the turn, up to the next thing that the machine tells; `None` when the turn is over. Between any
    /// two calls the driver may take its time: what one read has caused waits to be taken, and not more.
    pub fn advance(&mut self) -> Option<M::Event> {
        loop {
            if let Some(event) = self.carry_out() {
                return Some(event);
            }
            self.phase = match self.phase {
                Phase::Begun => {
                    self.list_all_if_due();
                    Phase::Read(self.to_read.len())
                }
                Phase::Read(0) => {
                    if self.is_due() {
                        self.machine.handle(self.clock.now(), Input::Timeout);
                    }
                    Phase::Over
                }
                Phase::Read(n) => {
                    self.read_next();
                    Phase::Read(n - 1)
                }
                Phase::Over => return None,
            };
        }
    }

    // ── a turn ──────────────────────────────────────────────────────────────────────────────

    fn is_due(&self) -> bool {
        self.machine.poll_timeout().is_some_and(|deadline| deadline <= self.clock.now())
    }

    /// Does what the machine orders, up to the next thing that it tells.
    fn carry_out(&mut self) -> Option<M::Event> {
        loop {
            match self.machine.poll()? {
                Output::Event(event) => return Some(event),
                Output::Transmit(conn) => self.write(conn),
                Output::Disconnect(conn) => {
                    self.connections.remove(conn);
                }
                Output::Connect { conn, addr } => match self.runtime.connect(conn, addr) {
                    Ok(socket) => {
                        self.connections.insert(conn, Connection::new(socket, false));
                    }
                    Err(error) => self.lost(conn, io_error(&error)),
                },
                Output::Resolve { target, host, port } => self.resolver.resolve(target, host, port),
            }
        }
    }

    fn accept(&mut self) {
        let now = self.clock.now();
        for index in 0..self.listeners.len() {
            for _ in 0..ACCEPTS {
                let listener = &mut self.listeners[index];
                listener.paused_until = listener.paused_until.filter(|until| *until > now);
                if !listener.ready || listener.paused_until.is_some() {
                    break;
                }
                let conn = self.machine.next_conn();
                match self.runtime.accept(&mut listener.socket, conn) {
                    Ok(None) => listener.ready = false,
                    Ok(Some((socket, addr))) => {
                        self.connections.insert(conn, Connection::new(socket, true));
                        self.machine.handle(self.clock.now(), Input::Accepted { conn, addr });
                        self.list(conn);
                    }
                    Err(error) => {
                        listener.paused_until = Some(now + ACCEPT_PAUSE);
                        self.notices.push(Notice::AcceptPaused { addr: listener.addr, error });
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
        if connection.paused || !self.machine.wants_read(conn) {
            return;
        }
        match connection.socket.read(&mut self.buffer) {
            Ok(Some(n)) => {
                let drained = n < self.buffer.len() && connection.socket.short_read_drains();
                connection.ready.readable = !drained && !self.ask_again;
                self.totals.received += n as u64;
                // The clock is read after the socket: the time is that of arrival, or later.
                self.machine.handle(self.clock.now(), Input::Received(conn, &self.buffer[..n]));
                // It has its answer before anybody takes time over what there is to tell.
                self.write(conn);
            }
            Ok(None) => {
                connection.ready.readable = false;
                self.list(conn);
            }
            Err(error) => self.lost(conn, error),
        }
    }

    /// Writes what there is to write, as far as the socket takes it.
    fn write(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.get_mut(conn).filter(|connection| connection.open) else {
            return;
        };
        loop {
            if let Err(error) = connection.poll_ready() {
                return self.lost(conn, error);
            }
            let unsent = self.machine.transmit(conn);
            if unsent.is_empty() || !connection.ready.writable {
                break;
            }
            match connection.socket.write(unsent) {
                Ok(Some(n)) => {
                    self.totals.sent += n as u64;
                    self.machine.transmitted(conn, n);
                }
                Ok(None) => connection.ready.writable = false,
                Err(error) => return self.lost(conn, error),
            }
        }
        // Bytes not read for want of room may be read now.
        self.list(conn);
    }

    /// Puts a connection that has something to read, and may be read, into the list.
    fn list(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        if let Err(error) = connection.poll_ready() {
            return self.lost(conn, error);
        }
        if connection.may_be_listed() && self.machine.wants_read(conn) {
            connection.listed = true;
            self.to_read.push_back(conn);
        }
    }

    /// Lists all connections for a read that will tell, if not all are known that are ready and something is due.
    fn list_all_if_due(&mut self) {
        if !std::mem::take(&mut self.more_ready) || !self.is_due() {
            return;
        }
        for conn in self.connections.conns() {
            if let Some(connection) = self.connections.get_mut(conn).filter(|connection| connection.open) {
                connection.ready.readable = true;
                self.list(conn);
            }
        }
    }

    fn lost(&mut self, conn: ConnId, error: IoError) {
        self.connections.remove(conn);
        self.machine.handle(self.clock.now(), Input::Closed(conn, error));
    }
}

impl<S: Socket> Connection<S> {
    const fn new(socket: S, open: bool) -> Self {
        let ready = Readiness { readable: false, writable: open };
        Self { socket, ready, asked: None, open, listed: false, paused: false }
    }

    /// Asks the runtime what the socket is ready for, unless nothing was used up since it was last asked.
    fn poll_ready(&mut self) -> Result<(), IoError> {
        if self.asked != Some(self.ready) {
            self.socket.poll_ready(&mut self.ready)?;
            self.asked = Some(self.ready);
        }
        Ok(())
    }

    const fn may_be_listed(&self) -> bool {
        self.ready.readable && !self.listed && !self.paused
    }
}
