//! Many peers: whom to dial, whom to ask for what, what they told us.
//!
//! Everything that can change a [`Node`] goes in through [`Node::handle`], with the time at which it
//! happened; everything that it wants and knows comes out of [`Node::poll`], in the order in which it
//! happened. Bytes leave through [`Node::transmit`], one stream a connection.

mod conn_map;
mod dial;
mod download;
mod environment;
mod event;
mod input;
mod recent_ids;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

pub use self::conn_map::ConnMap;
use self::dial::Target;
pub use self::dial::{Address, TargetId};
use self::download::Download;
pub use self::environment::{Environment, FromRng, Purpose};
pub use self::event::{Announcement, Event, EventKind, FailedRequest, NotTaken};
pub use self::input::{ConnId, Input, InputError, Output};
use crate::peer::{self, ConnectionConfig, Direction, Peer};
use crate::routable::is_routable;
use crate::wire::{Command, Hash, Inventory, NetAddress};
use crate::{CloseReason, Config, Instant, WallClock};

/// All connections, and what they share: addresses, transactions asked for and seen, deadlines.
#[derive(Debug)]
pub struct Node<E> {
    config: Arc<Config>,
    clock: WallClock,
    environment: E,
    now: Instant,
    links: ConnMap<Link>,
    last_conn: u64,
    inbound: usize,
    targets: Vec<Target>,
    /// The nonces of connections that we dialled and that are not ready: one that comes back to us
    /// is our own (Bitcoin Core `src/net.cpp` `CheckIncomingNonce`).
    nonces: BTreeSet<u64>,
    download: Download,
    deadlines: BTreeSet<(Instant, Due)>,
    outputs: VecDeque<Output>,
    stopped: bool,
}

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Target(TargetId),
    Conn(ConnId),
}

/// One connection.
#[derive(Debug)]
struct Link {
    addr: SocketAddr,
    target: Option<TargetId>,
    /// `None` until the connection is open.
    peer: Option<Box<Peer>>,
    ready_since: Option<Instant>,
    /// Its entry in the node's deadlines.
    deadline: Option<Instant>,
    /// The driver knows that there is something to write.
    transmit_told: bool,
}

impl<E: Environment> Node<E> {
    /// A node without connections. Draws the keys of its tables.
    pub fn new(config: impl Into<Arc<Config>>, clock: WallClock, mut environment: E) -> Self {
        let config = config.into();
        let key = core::array::from_fn(|_| environment.draw(Purpose::Salt));
        Self {
            download: Download::new(key, config.max_announcements, config.remembered_ids),
            config,
            clock,
            environment,
            now: Instant::ZERO,
            links: ConnMap::new(),
            last_conn: 0,
            inbound: 0,
            targets: Vec::new(),
            nonces: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            outputs: VecDeque::new(),
            stopped: false,
        }
    }

    /// The one way in. What concerns a connection that is over is ignored: the driver may learn late.
    /// Time never goes back: a `now` before an earlier one is taken for that one.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.now = self.now.max(now);
        self.environment.input(self.now, &input);
        match input {
            Input::Dial(address) => self.add_target(address),
            Input::Resolved(target, addrs) => self.resolved(target, addrs),
            Input::Connected(conn) => self.connected(conn),
            Input::Accepted { conn, addr } => self.accepted(conn, addr),
            Input::Received(conn, bytes) => self.received(conn, bytes),
            Input::Closed(conn, error) => self.end(conn, CloseReason::Io(error), false),
            Input::Timeout => self.handle_timeouts(),
            Input::Clock(clock) => {
                self.clock = clock;
                self.emit(None, EventKind::Clock(clock));
            }
            Input::Disconnect { conn, label, .. } => self.end(conn, CloseReason::Local(label), true),
            Input::Send { .. } | Input::Request { .. } | Input::RemoveTarget(_) => {}
            Input::Stop => self.stop(),
        }
    }

    /// The one way out: the next order or event. Draining between inputs is allowed, never required; what waits
    /// to be drained is bounded by what came in, a few for each message, of which the shortest has 24 bytes.
    #[must_use = "it is an order to carry out, or news"]
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timeout`] is due, if nothing comes in before; `None` if it never is. A timer that rounds
    /// must round up.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline).filter(|deadline| *deadline < Instant::MAX)
    }

    /// Encoded messages that were not written yet, contiguous; empty for a connection that is over.
    pub fn transmit(&self, conn: ConnId) -> &[u8] {
        self.peer(conn).map_or(&[], Peer::transmit)
    }

    /// The first `n` bytes of [`Node::transmit`] were written. More than there are count as all of them, and
    /// what of them was not written is lost. Who writes and does not say so is not asked to write again.
    pub fn transmitted(&mut self, conn: ConnId, n: usize) {
        if let Some(link) = self.links.get_mut(conn)
            && let Some(peer) = &mut link.peer
        {
            peer.transmitted(n);
            link.transmit_told = !peer.transmit().is_empty();
        }
    }

    /// False while the peer does not read what we answer. Ask before each read.
    pub fn wants_read(&self, conn: ConnId) -> bool {
        self.peer(conn).is_some_and(Peer::wants_read)
    }

    /// The name that the next connection will have, made or accepted.
    pub const fn next_conn(&self) -> ConnId {
        ConnId(self.last_conn + 1)
    }

    /// The target with this address, if it is one.
    pub fn target(&self, address: &Address) -> Option<TargetId> {
        let place = self.targets.iter().rposition(|target| target.is(address));
        place.map(|place| TargetId(place as u32))
    }

    /// What all connections share.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the random words come from.
    pub const fn environment(&self) -> &E {
        &self.environment
    }

    /// Where the random words come from, to be changed.
    pub const fn environment_mut(&mut self) -> &mut E {
        &mut self.environment
    }

    // ── connections ─────────────────────────────────────────────────────────────────────────

    fn connected(&mut self, conn: ConnId) {
        if self.links.get(conn).is_some_and(|link| link.peer.is_none()) {
            self.open(conn, Direction::Outbound);
        }
    }

    fn accepted(&mut self, conn: ConnId, addr: SocketAddr) {
        if conn != self.next_conn() {
            return;
        }
        self.new_link(addr, None);
        let slots = self.config.inbound_slots;
        if self.stopped {
            self.links.remove(conn);
            self.push(Output::Disconnect(conn));
        } else if self.inbound >= slots {
            self.links.remove(conn);
            self.emit(Some(conn), EventKind::Connected { addr, direction: Direction::Inbound });
            self.emit(Some(conn), EventKind::Disconnected(CloseReason::NoSlot { slots }));
            self.push(Output::Disconnect(conn));
        } else {
            self.inbound += 1;
            self.open(conn, Direction::Inbound);
        }
    }

    fn new_link(&mut self, addr: SocketAddr, target: Option<TargetId>) -> ConnId {
        let conn = self.next_conn();
        self.last_conn = conn.0;
        let link = Link { addr, target, peer: None, ready_since: None, deadline: None, transmit_told: false };
        self.links.insert(conn, link);
        conn
    }

    fn open(&mut self, conn: ConnId, direction: Direction) {
        let nonce = self.environment.draw(Purpose::VersionNonce(conn));
        let Some(link) = self.links.get_mut(conn) else { return };
        let addr = link.addr;
        let addr_recv = if is_routable(addr.ip()) { addr.into() } else { NetAddress::UNSPECIFIED };
        let opening = ConnectionConfig { direction, nonce, clock: self.clock, addr_recv };
        let peer = Peer::new(self.config.clone(), opening, self.now);
        if direction == Direction::Outbound {
            self.nonces.insert(peer.nonce());
        }
        link.peer = Some(Box::new(peer));
        self.emit(Some(conn), EventKind::Connected { addr, direction });
        self.show_queued(conn, 0);
        self.settle(conn);
    }

    fn received(&mut self, conn: ConnId, mut bytes: &[u8]) {
        while let Some(peer) = self.links.get_mut(conn).and_then(|link| link.peer.as_mut()) {
            let before = peer.queued().len();
            let event = peer.receive_knowing(self.now, &mut bytes, |nonce| self.nonces.contains(&nonce));
            self.show_queued(conn, before);
            match event {
                Some(event) => self.peer_event(conn, event),
                None => break,
            }
        }
        self.settle(conn);
    }

    fn handle_timeouts(&mut self) {
        // What becomes due while this runs waits for the next round, so that it ends.
        let later =
            self.deadlines.split_off(&(self.now + Duration::from_micros(1), Due::Target(TargetId(0))));
        for (_, due) in core::mem::replace(&mut self.deadlines, later) {
            match due {
                Due::Target(id) => {
                    self.targets[id.0 as usize].redial_at = None;
                    self.dial(id);
                }
                Due::Conn(conn) => self.conn_due(conn),
            }
        }
    }

    fn conn_due(&mut self, conn: ConnId) {
        self.set_deadline(conn, None);
        let Some(link) = self.links.get(conn) else { return };
        if link.peer.is_none() {
            let timeout = self.config.connect_timeout;
            return self.end(conn, CloseReason::ConnectTimeout(timeout), true);
        }
        while let Some(peer) = self.links.get_mut(conn).and_then(|link| link.peer.as_mut()) {
            let before = peer.queued().len();
            let event = peer.handle_timeout(self.now, || self.environment.draw(Purpose::PingNonce(conn)));
            self.show_queued(conn, before);
            match event {
                Some(event) => self.peer_event(conn, event),
                None => break,
            }
        }
        self.settle(conn);
    }

    fn stop(&mut self) {
        self.stopped = true;
        for conn in self.links.conns() {
            self.end(conn, CloseReason::Local(crate::Label::LOCAL), true);
        }
        self.deadlines.clear();
    }

    /// Takes a connection out. `order` tells the driver to close it.
    fn end(&mut self, conn: ConnId, reason: CloseReason, order: bool) {
        let Some(link) = self.links.remove(conn) else { return };
        if let Some(deadline) = link.deadline {
            self.deadlines.remove(&(deadline, Due::Conn(conn)));
        }
        if order {
            self.push(Output::Disconnect(conn));
        }
        let Some(peer) = link.peer else {
            if let Some(id) = link.target {
                self.targets[id.0 as usize].conn = None;
                if !self.stopped {
                    self.dial_failed(id, reason);
                }
            }
            return;
        };
        self.nonces.remove(&peer.nonce());
        if peer.direction() == Direction::Inbound {
            self.inbound -= 1;
        }
        self.download.gone(conn);
        if self.stopped {
            return self.emit(Some(conn), EventKind::Disconnected(reason));
        }
        let (misses, requests) = self.reassign(conn, peer.requested());
        if !misses.is_empty() {
            self.emit(Some(conn), EventKind::Unanswered(misses));
        }
        self.emit(Some(conn), EventKind::Disconnected(reason));
        self.ask_each(requests);
        if let Some(id) = link.target {
            let lasted = link.ready_since.map(|since| self.now.saturating_duration_since(since));
            self.redial_later(id, lasted);
        }
    }

    // ── what peers say ──────────────────────────────────────────────────────────────────────

    fn peer_event(&mut self, conn: ConnId, event: peer::Event) {
        let kind = match event {
            peer::Event::Handshake(negotiated) => {
                if let Some(link) = self.links.get_mut(conn) {
                    link.ready_since = Some(self.now);
                    if let Some(peer) = &link.peer {
                        self.nonces.remove(&peer.nonce());
                    }
                }
                EventKind::Handshake(negotiated)
            }
            peer::Event::Pong { rtt, min } => EventKind::Pong { rtt, min },
            peer::Event::Feefilter(rate) => EventKind::Feefilter(rate),
            peer::Event::Inv(items) => return self.announced(conn, items),
            peer::Event::Tx { tx, latency } => {
                if self.download.arrived(&tx) {
                    EventKind::Tx { tx, latency }
                } else {
                    let bytes = tx.as_bytes().len() as u32;
                    EventKind::Ignored { command: Command::TX, bytes, because: NotTaken::Known }
                }
            }
            peer::Event::Notfound(items) => {
                let (misses, requests) = self.reassign(conn, items.into_iter());
                self.emit(Some(conn), EventKind::Notfound(misses));
                return self.ask_each(requests);
            }
            peer::Event::Unanswered(items) => {
                let (misses, requests) = self.reassign(conn, items.into_iter());
                self.emit(Some(conn), EventKind::Unanswered(misses));
                return self.ask_each(requests);
            }
            peer::Event::Rejected(rejection) => EventKind::Rejected(rejection),
            peer::Event::Ignored { command, bytes, because } => {
                EventKind::Ignored { command, bytes, because: because.into() }
            }
            peer::Event::Closed(reason) => return self.end(conn, reason, true),
        };
        self.emit(Some(conn), kind);
    }

    fn announced(&mut self, conn: ConnId, mut items: Vec<Inventory>) {
        items.retain(|item| item.inv_type.is_tx());
        let Some(direction) = self.peer(conn).map(Peer::direction) else { return };
        let announcements = self.download.announced(conn, direction, &items);
        if announcements.is_empty() {
            return;
        }
        let requested = announcements.iter().filter(|announcement| announcement.requested);
        let mut wanted = Vec::with_capacity(requested.clone().count());
        wanted.extend(requested.map(|announcement| announcement.item.hash));
        self.emit(Some(conn), EventKind::Announced(announcements));
        if !wanted.is_empty() {
            self.ask(conn, wanted);
        }
    }

    fn ask(&mut self, conn: ConnId, hashes: Vec<Hash>) {
        let Some(peer) = self.links.get_mut(conn).and_then(|link| link.peer.as_mut()) else { return };
        let before = peer.queued().len();
        let inv_type = peer.tx_inv_type();
        peer.request(self.now, hashes.into_iter().map(|hash| Inventory { inv_type, hash }));
        self.show_queued(conn, before);
    }

    /// `conn` failed to deliver these: who is to be asked instead, item by item and peer by peer.
    fn reassign(
        &mut self,
        conn: ConnId,
        items: impl Iterator<Item = Inventory>,
    ) -> (Vec<FailedRequest>, BTreeMap<ConnId, Vec<Hash>>) {
        let mut requests: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let is_there = |other| {
            let link: Option<&Link> = self.links.get(other);
            other != conn && link.and_then(|link| link.peer.as_ref()).is_some_and(|peer| peer.is_ready())
        };
        let misses = items
            .filter(|item| item.inv_type.is_tx())
            .map(|item| {
                let next = self.download.failed(conn, item.hash, is_there);
                if let Some(next) = next {
                    requests.entry(next).or_default().push(item.hash);
                }
                FailedRequest { item, next }
            })
            .collect();
        (misses, requests)
    }

    fn ask_each(&mut self, requests: BTreeMap<ConnId, Vec<Hash>>) {
        for (conn, hashes) in requests {
            self.ask(conn, hashes);
            self.settle(conn);
        }
    }

    // ── bookkeeping ─────────────────────────────────────────────────────────────────────────

    fn peer(&self, conn: ConnId) -> Option<&Peer> {
        self.links.get(conn)?.peer.as_deref()
    }

    fn emit(&mut self, conn: Option<ConnId>, kind: EventKind) {
        self.push(Output::Event(Event { at: self.now, conn, kind }));
    }

    fn push(&mut self, output: Output) {
        self.environment.output(self.now, &output);
        self.outputs.push_back(output);
    }

    /// Shows the environment what was queued after the first `before` unsent bytes.
    fn show_queued(&mut self, conn: ConnId, before: usize) {
        let peer = self.links.get(conn).and_then(|link| link.peer.as_ref());
        if let Some(queued) = peer.and_then(|peer| peer.queued().get(before..))
            && !queued.is_empty()
        {
            self.environment.queued(self.now, conn, queued);
        }
    }

    /// Brings the connection's deadline up to date, and tells the driver of unsent bytes, once.
    fn settle(&mut self, conn: ConnId) {
        let Some(link) = self.links.get_mut(conn) else { return };
        let Some(peer) = &link.peer else { return };
        let deadline = peer.poll_timeout();
        if !peer.transmit().is_empty() && !link.transmit_told {
            link.transmit_told = true;
            self.outputs.push_back(Output::Transmit(conn));
        }
        self.set_deadline(conn, deadline);
    }

    fn set_deadline(&mut self, conn: ConnId, deadline: Option<Instant>) {
        let Some(link) = self.links.get_mut(conn) else { return };
        if link.deadline == deadline {
            return;
        }
        if let Some(old) = link.deadline {
            self.deadlines.remove(&(old, Due::Conn(conn)));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, Due::Conn(conn)));
        }
        link.deadline = deadline;
    }
}
