//! Many peers: whom to dial, whom to ask for what, what they told us.
//!
//! Everything that can change a [`Node`] goes in through [`Node::handle`], with the time at which it
//! happened; everything that it wants and knows comes out of [`Node::poll`], in the order in which it
//! happened. Bytes leave through [`Node::transmit`], one stream a connection.

mod address;
mod announcers;
mod conn_map;
mod connections;
mod deadlines;
mod dialler;
mod environment;
mod event;
mod input;
mod linked_list;
mod outlet;
mod peer_events;
mod recent_ids;
mod seen;
mod slab;
mod slots;
mod tx_download;
mod tx_requests;
mod verdicts;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::net::SocketAddr;
use core::time::Duration;

pub use self::address::Address;
pub use self::conn_map::ConnMap;
pub use self::connections::NodePeer;
use self::connections::{Connections, Link};
use self::dialler::{Dialler, Resolved};
pub use self::environment::{Environment, FromRng, Purpose};
pub use self::event::{Announcement, Event, EventKind, FailedRequest, Propagation};
pub use self::input::{ConnId, Input, InputError, Output, TargetId};
use self::outlet::Outlet;
use self::tx_download::{TxDownload, failed_requests};
pub use self::verdicts::Verdict;
use self::verdicts::Verdicts;
use crate::peer::{ConnectionConfig, Direction, Peer};
use crate::routable::is_routable;
use crate::wire::NetAddress;
use crate::{CloseReason, Config, Instant, IoError, Label, WallClock};

/// Many connections, without their sockets: it keeps those that it is told to dial, takes those that come in, and
/// asks for each announced transaction. Give it facts and commands with [`Node::handle`], and carry out what
/// [`Node::poll`] returns until it returns nothing. Drivers do so on real sockets; to write one, keep to the
/// [contract](crate#the-driver-contract).
// A switchboard between departments: `Connections` holds the peers, `Dialler` knows whom to reach and when,
// `TxDownload` knows whom to ask for which transaction, `Verdicts` judges peers, and `Outlet` queues orders and events.
#[derive(Debug)]
pub struct Node<E> {
    config: Arc<Config>,
    clock: WallClock,
    outlet: Outlet<E>,
    connections: Connections,
    dialler: Dialler,
    download: TxDownload,
    verdicts: Verdicts,
    stopped: bool,
}

impl<E: Environment> Node<E> {
    /// A node without connections. Draws the keys of its tables.
    pub fn new(config: impl Into<Arc<Config>>, clock: WallClock, mut environment: E) -> Self {
        let config = config.into();
        let key = core::array::from_fn(|_| environment.draw(Purpose::Salt));
        Self {
            download: TxDownload::new(key, &config),
            verdicts: Verdicts::new(&config),
            config,
            clock,
            outlet: Outlet::new(environment),
            connections: Connections::default(),
            dialler: Dialler::default(),
            stopped: false,
        }
    }

    /// The one way in. News of a connection that is over is ignored: the driver may learn late.
    /// Time never goes back: a `now` before an earlier one is taken for that one.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.outlet.now = self.outlet.now.max(now);
        self.outlet.environment.input(self.outlet.now, &input);
        let result = match input {
            Input::Dial(address) => self.add_target(address),
            Input::RemoveTarget(id) => self.remove_target(id, Label::LOCAL),
            Input::Resolved(target, addrs) => {
                self.resolved(target, addrs);
                Ok(())
            }
            Input::Connected(conn) => self.connected(conn),
            Input::Accepted { conn, addr } => self.accepted(conn, addr),
            Input::Received(conn, bytes) => self.received(conn, bytes),
            Input::Closed(conn, error) => self.closed(conn, error),
            Input::Timeout => {
                self.handle_timeouts();
                Ok(())
            }
            Input::Clock(clock) => {
                self.clock = clock;
                self.outlet.emit(None, EventKind::Clock(clock));
                Ok(())
            }
            Input::Disconnect { conn, redial, label } => self.disconnect(conn, redial, label),
            Input::Send { conn, command, payload } => {
                self.connections.send(&mut self.outlet, conn, command, payload)
            }
            Input::Request { conn, items } => self.connections.request(&mut self.outlet, conn, items),
            Input::Stop => {
                self.stop();
                Ok(())
            }
        };
        if let Err(error) = result {
            let conn = error.conn().filter(|conn| self.connections.peer(*conn).is_some());
            self.outlet.emit(conn, EventKind::InputRefused(Box::new(error)));
        }
    }

    /// The one way out: the next order or event. Draining between inputs is allowed, never required; what waits
    /// to be drained is bounded by what came in, a few for each message, of which the shortest has 24 bytes.
    #[must_use = "it is an order to carry out, or news"]
    pub fn poll(&mut self) -> Option<Output> {
        self.outlet.poll()
    }

    /// When [`Input::Timeout`] is due, if nothing comes in before; `None` if it never is. A timer that rounds
    /// must round up.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [
            self.connections.poll_timeout(),
            self.dialler.poll_timeout(),
            self.download.poll_timeout(),
            self.verdicts.poll_timeout(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Encoded messages that were not written yet, contiguous; empty for a connection that is over.
    pub fn transmit(&self, conn: ConnId) -> &[u8] {
        self.connections.peer(conn).map_or(&[], Peer::transmit)
    }

    /// The first `n` bytes of [`Node::transmit`] were written. More than there are count as all of them, and
    /// what of them was not written is lost. Without this call no more [`Output::Transmit`] comes for `conn`.
    pub fn transmitted(&mut self, conn: ConnId, n: usize) {
        self.connections.transmitted(conn, n, self.outlet.now);
    }

    /// False while the peer does not read what we answer. Ask before each read.
    pub fn wants_read(&self, conn: ConnId) -> bool {
        self.connections.peer(conn).is_some_and(Peer::wants_read)
    }

    /// The name that the next connection will have, made or accepted.
    pub const fn next_conn(&self) -> ConnId {
        self.connections.next()
    }

    /// The target with this address, if it is one.
    pub fn target(&self, address: &Address) -> Option<TargetId> {
        self.dialler.find(address)
    }

    /// Returns what is known of each open connection, the oldest first: Bitcoin Core's `getpeerinfo`. A connection is
    /// open from [`EventKind::Connected`] on, so that those that still shake hands are there too. Some of it is only
    /// kept with [`Config::count_messages`].
    pub fn peers(&self) -> impl Iterator<Item = NodePeer> {
        self.connections.peers(|conn| self.verdicts.of(conn))
    }

    /// The settings that all connections share.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the random numbers come from.
    pub const fn environment(&self) -> &E {
        &self.outlet.environment
    }

    /// Where the random numbers come from, to be changed.
    pub const fn environment_mut(&mut self) -> &mut E {
        &mut self.outlet.environment
    }

    // ── targets ─────────────────────────────────────────────────────────────────────────────

    fn add_target(&mut self, address: Address) -> Result<(), InputError> {
        if self.stopped {
            return Err(InputError::Stopped);
        }
        if let Some(id) = self.dialler.add(address)? {
            self.dial(id);
        }
        Ok(())
    }

    /// Forgets a target. If a connection to it is in the making, that is called off for the reason that `label` gives.
    fn remove_target(&mut self, id: TargetId, label: Label) -> Result<(), InputError> {
        let (address, conn) = self.dialler.remove(id)?;
        if let Some(conn) = conn
            && let Ok(Some(Link { peer: None, .. })) = self.connections.find(conn)
        {
            let reason = CloseReason::Local(label);
            self.end(conn, reason, true);
            self.outlet.emit(None, EventKind::DialFailed { address, reason, retry: Duration::MAX });
        }
        Ok(())
    }

    fn dial(&mut self, id: TargetId) {
        self.dialler.dial(id, &mut self.outlet, &mut self.connections, &self.config);
    }

    fn connect(&mut self, id: TargetId, addr: SocketAddr) {
        self.dialler.connect(id, addr, &mut self.outlet, &mut self.connections, &self.config);
    }

    fn resolved(&mut self, id: TargetId, addrs: &[SocketAddr]) {
        if self.stopped {
            return;
        }
        match self.dialler.resolved(id, addrs) {
            Resolved::Connect(addr) => self.connect(id, addr),
            Resolved::Nothing => self.dial_failed(id, CloseReason::Io(IoError::NotResolved)),
            Resolved::NotAwaited => {}
        }
    }

    /// A connection could not be made: the name's next address now, or all over again later.
    fn dial_failed(&mut self, id: TargetId, reason: CloseReason) {
        let Some(address) = self.dialler.address(id).cloned() else { return };
        let next = self.dialler.failed(id);
        let retry = if next.is_some() { Duration::ZERO } else { self.redial_later(id, None) };
        self.outlet.emit(None, EventKind::DialFailed { address, reason, retry });
        if let Some(addr) = next {
            return self.connect(id, addr);
        }
        let offline = self.verdicts.dial_failed(id, reason, &self.dialler, self.outlet.now);
        self.outlet.tell(None, offline);
    }

    fn redial_later(&mut self, id: TargetId, lasted: Option<Duration>) -> Duration {
        let random = self.outlet.environment.draw(Purpose::Jitter);
        self.dialler.ended(id, self.outlet.now, lasted, random, &self.config)
    }

    // ── connections ─────────────────────────────────────────────────────────────────────────

    fn connected(&mut self, conn: ConnId) -> Result<(), InputError> {
        match self.connections.find(conn)? {
            Some(link) if link.peer.is_some() => return Err(InputError::AlreadyConnected(conn)),
            Some(link) => self.open(conn, link.addr, Direction::Outbound),
            None => {}
        }
        Ok(())
    }

    fn accepted(&mut self, conn: ConnId, addr: SocketAddr) -> Result<(), InputError> {
        let expected = self.connections.next();
        if conn != expected {
            return Err(InputError::WrongConn { got: conn, expected });
        }
        if self.stopped {
            self.connections.add(addr, None);
            self.connections.remove(conn);
            self.outlet.push(Output::Disconnect(conn));
            return Ok(());
        }
        let slots = self.config.inbound_slots;
        match self.connections.room(addr, &self.config) {
            Ok(evicted) => {
                self.connections.add(addr, None);
                if let Some(evicted) = evicted {
                    self.end(evicted, CloseReason::Evicted { slots }, true);
                }
                self.open(conn, addr, Direction::Inbound);
            }
            Err(reason) => {
                self.connections.add(addr, None);
                self.connections.remove(conn);
                self.outlet.emit(conn, EventKind::Connected { addr, direction: Direction::Inbound });
                self.outlet.emit(conn, EventKind::Disconnected(reason));
                self.outlet.push(Output::Disconnect(conn));
            }
        }
        Ok(())
    }

    fn open(&mut self, conn: ConnId, addr: SocketAddr, direction: Direction) {
        let nonce = self.outlet.environment.draw(Purpose::VersionNonce(conn));
        let addr_recv = if is_routable(addr.ip()) { addr.into() } else { NetAddress::UNSPECIFIED };
        let connection = ConnectionConfig { direction, nonce, clock: self.clock, addr_recv };
        let peer = Peer::new(self.config.clone(), connection, self.outlet.now);
        self.outlet.emit(conn, EventKind::Connected { addr, direction });
        self.connections.open(&mut self.outlet, conn, Box::new(peer));
        let online = self.verdicts.opened(conn, direction, self.outlet.now);
        self.outlet.tell(None, online);
    }

    fn received(&mut self, conn: ConnId, mut bytes: &[u8]) -> Result<(), InputError> {
        if self.connections.find(conn)?.is_some_and(|link| link.peer.is_none()) {
            return Err(InputError::NotConnected(conn));
        }
        let online = if bytes.is_empty() { None } else { self.verdicts.heard(self.outlet.now) };
        self.outlet.tell(None, online);
        while let Some(event) = self.connections.receive(&mut self.outlet, conn, &mut bytes) {
            self.judged_event(conn, event);
        }
        self.connections.settle(&mut self.outlet, conn);
        Ok(())
    }

    fn closed(&mut self, conn: ConnId, error: IoError) -> Result<(), InputError> {
        self.connections.find(conn)?;
        self.end(conn, CloseReason::Io(error), false);
        Ok(())
    }

    fn handle_timeouts(&mut self) {
        for id in self.dialler.take_due(self.outlet.now) {
            self.dial(id);
        }
        for conn in self.connections.take_due(self.outlet.now) {
            self.conn_due(conn);
        }
        while let Some(propagation) = self.download.poll_propagation(self.outlet.now) {
            self.outlet.emit(None, EventKind::Propagation(Box::new(propagation)));
        }
        self.verdicts.handle_timeout(&self.connections, &mut self.outlet);
        self.ask_all();
    }

    fn conn_due(&mut self, conn: ConnId) {
        if self.connections.peer(conn).is_none() {
            let timeout = self.config.connect_timeout;
            return self.end(conn, CloseReason::ConnectTimeout(timeout), true);
        }
        while let Some(event) = self.connections.handle_timeout(&mut self.outlet, conn) {
            self.judged_event(conn, event);
        }
        self.connections.settle(&mut self.outlet, conn);
    }

    fn stop(&mut self) {
        self.stopped = true;
        self.dialler.stop();
        for conn in self.connections.conns() {
            self.end(conn, CloseReason::Local(Label::LOCAL), true);
        }
    }

    /// Takes a connection out. `order` tells the driver to close it.
    fn end(&mut self, conn: ConnId, reason: CloseReason, order: bool) {
        let Some(link) = self.connections.remove(conn) else { return };
        if order {
            self.outlet.push(Output::Disconnect(conn));
        }
        let Some(peer) = link.peer else {
            if let (Some(id), false) = (link.target, self.stopped) {
                self.dial_failed(id, reason);
            }
            return;
        };
        self.download.gone(conn);
        self.verdicts.gone(conn);
        if self.stopped {
            return self.outlet.emit(conn, EventKind::Disconnected(reason));
        }
        let requests = self.download.take_requests(self.outlet.now);
        let failed = failed_requests(peer.requested(), &requests);
        if !failed.is_empty() {
            self.outlet.emit(conn, EventKind::Unanswered(failed));
        }
        self.outlet.emit(conn, EventKind::Disconnected(reason));
        self.ask(requests);
        if let Some(id) = link.target.filter(|id| self.dialler.address(*id).is_some()) {
            let lasted = link.ready_since.map(|since| self.outlet.now.saturating_duration_since(since));
            self.redial_later(id, lasted);
        }
    }

    // ── commands ────────────────────────────────────────────────────────────────────────────

    fn disconnect(&mut self, conn: ConnId, redial: bool, label: Label) -> Result<(), InputError> {
        let Some(link) = self.connections.find(conn)? else { return Ok(()) };
        if let (Some(id), false) = (link.target, redial) {
            let _ = self.remove_target(id, label);
        }
        self.end(conn, CloseReason::Local(label), true);
        Ok(())
    }
}
