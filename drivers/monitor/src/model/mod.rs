//! The known facts of a run: its connections, its transactions, its totals.
//!
//! The model is kept by whoever gets the events, in their order. It turns each into an [`Entry`] with all that a line
//! about it needs, so that lines can be made later and elsewhere. Every view reads this and keeps nothing of its own.

mod announcers;
mod entry;
mod import;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use satwire_core::node::{Announcement, ConnId, Event, EventKind, Verdict};
use satwire_core::peer::Direction;
use satwire_core::{Instant, Network, WallClock};
use serde::Serialize;

use self::announcers::Announcers;
pub(crate) use self::entry::{Context, Entry, EntryKind, Gap};
use crate::event_set::EventSet;
use crate::messages::Seen;

/// The sum of the events so far.
#[derive(Debug)]
pub(crate) struct Model {
    network: Network,
    clock: WallClock,
    /// The events that are told.
    told: EventSet,
    /// Whether the node judges its peers.
    judges: bool,
    peers: BTreeMap<ConnId, Peer>,
    totals: Totals,
    announcers: Announcers,
    offline_since: Option<Instant>,
    /// Connections of an import that are over, of which something may still come.
    over: BTreeMap<ConnId, Arc<Connection>>,
    /// The file with which a journal begins whose first ones are not there.
    part: Option<u32>,
}

/// An open connection, and what came of it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) connection: Arc<Connection>,
    /// When it was opened.
    pub(crate) since: Instant,
    /// Its handshake is done.
    pub(crate) ready: bool,
    /// The time that the last ping took.
    pub(crate) ping: Option<Duration>,
    /// The shortest such time.
    pub(crate) min_ping: Option<Duration>,
    /// Entries of its inventories, repeated ones too.
    pub(crate) announcements: u64,
    /// Those of them that nobody announced before.
    pub(crate) firsts: u64,
    /// The fault with it, and since when; `None` if the node does not judge.
    pub(crate) verdict: Option<(Verdict, Instant)>,
    /// Transactions that it brought first.
    pub(crate) transactions: u64,
}

/// A connection as lines name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) addr: String,
    pub(crate) network: &'static str,
    pub(crate) inbound: bool,
    pub(crate) transport: &'static str,
}

/// Sums over all events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Connections whose handshake was done.
    pub(crate) peers: u64,
    /// Different transactions.
    pub(crate) transactions: u64,
    /// Entries of inventories, repeated ones too.
    pub(crate) announcements: u64,
    /// Those of them that nobody announced before.
    pub(crate) firsts: u64,
}

/// The last line's words besides the events: the bytes that were read, and that were queued to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) received: u64,
    pub(crate) sent: u64,
    /// The count of bytes that were sent is not known.
    pub(crate) sent_unknown: bool,
    /// Up to when the journal is whole, if one is kept or played.
    pub(crate) journal_until: Option<Instant>,
}

impl Connection {
    pub(super) fn new(conn: ConnId, addr: SocketAddr, direction: Direction) -> Self {
        // A socket that takes IPv4 and IPv6 shows IPv4 as mapped.
        let ip = addr.ip().to_canonical();
        let (addr, network) = match ip {
            IpAddr::V4(_) => (SocketAddr::new(ip, addr.port()), "ipv4"),
            IpAddr::V6(_) => (addr, "ipv6"),
        };
        let inbound = direction == Direction::Inbound;
        Self { id: conn.0, addr: addr.to_string(), network, inbound, transport: "v1" }
    }
}

impl Model {
    /// A run that has not begun, of a node with or without verdicts. Of its events these are told.
    pub(crate) fn new(network: Network, clock: WallClock, told: EventSet, judges: bool) -> Self {
        Self {
            network,
            clock,
            told,
            judges,
            offline_since: None,
            peers: BTreeMap::new(),
            totals: Totals::default(),
            announcers: Announcers::default(),
            over: BTreeMap::new(),
            part: None,
        }
    }

    /// The open connections, the oldest first.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values()
    }

    /// The sums so far.
    pub(crate) const fn totals(&self) -> Totals {
        self.totals
    }

    /// Since when nobody is heard, while we are offline.
    pub(crate) const fn offline_since(&self) -> Option<Instant> {
        self.offline_since
    }

    /// The Unix time in microseconds of a moment, by the clock as it is set now.
    pub(crate) const fn time(&self, at: Instant) -> i64 {
        self.clock.unix_micros(at)
    }

    /// Takes an event; what there is to tell of it, if anything.
    pub(crate) fn event(&mut self, event: Event) -> Option<Entry> {
        let Event { at, conn, kind, .. } = event;
        let mut context = Context::default();
        match &kind {
            EventKind::Clock(clock) => {
                context.stepped = clock.unix_micros_at_zero.saturating_sub(self.clock.unix_micros_at_zero);
                self.clock = *clock;
            }
            EventKind::Connected { addr, direction } => {
                if let Some(conn) = conn {
                    let connection = Arc::new(Connection::new(conn, *addr, *direction));
                    let verdict = self.judges.then_some((Verdict::HandshakePending, at));
                    self.peers.insert(conn, Peer::new(connection, at, verdict));
                }
            }
            EventKind::Handshake(_) => self.totals.peers += 1,
            EventKind::Announced(announcements) => {
                self.totals.announcements += announcements.len() as u64;
                self.totals.firsts += firsts(announcements);
                self.announcers.note(conn, announcements);
            }
            EventKind::Propagation(propagation) => {
                context.first_seen = self.clock.unix_micros(propagation.first_at);
            }
            EventKind::Tx { tx, .. } => {
                self.totals.transactions += 1;
                context.announcer = self.announcers.take(tx).filter(|announcer| Some(*announcer) != conn);
            }
            EventKind::Offline { since } => self.offline_since = Some(*since),
            EventKind::Online { .. } => self.offline_since = None,
            _ => {}
        }
        let peer = conn.and_then(|conn| self.peers.get_mut(&conn));
        let connection = peer.map(|peer| {
            peer.note(&kind, at);
            context.ready = peer.ready;
            context.verdict = peer.verdict.map(|(verdict, _)| verdict);
            peer.connection.clone()
        });
        if let (EventKind::Disconnected(_), Some(conn)) = (&kind, conn) {
            self.peers.remove(&conn);
        }
        self.told.has(&kind).then(|| Entry {
            conn,
            connection,
            context,
            ..self.entry(at, EntryKind::Event(kind))
        })
    }

    /// Takes a message that went in or out.
    pub(crate) fn message(&self, seen: Seen) -> Entry {
        let conn = Some(seen.conn);
        let connection = self.peers.get(&seen.conn).map(|peer| peer.connection.clone());
        Entry { conn, connection, ..self.entry(seen.at, EntryKind::Message(seen)) }
    }

    /// The same, for what begins with this file of a journal.
    pub(crate) fn beginning_with(self, part: Option<u32>) -> Self {
        Self { part, ..self }
    }

    /// The first thing to tell.
    pub(crate) fn start(&self, at: Instant) -> Entry {
        self.entry(at, EntryKind::Start(self.network, self.part))
    }

    /// That events are missing.
    pub(crate) fn gap(&self, at: Instant, gap: Gap) -> Entry {
        self.entry(at, EntryKind::Gap(gap))
    }

    /// The last thing to tell.
    pub(crate) fn summary(&self, at: Instant, traffic: Traffic) -> Entry {
        self.entry(at, EntryKind::Summary(self.totals, traffic))
    }

    fn entry(&self, at: Instant, kind: EntryKind) -> Entry {
        Entry {
            at,
            time: self.clock.unix_micros(at),
            conn: None,
            connection: None,
            context: Context::default(),
            kind,
        }
    }
}

impl Peer {
    fn new(connection: Arc<Connection>, since: Instant, verdict: Option<(Verdict, Instant)>) -> Self {
        Self {
            connection,
            since,
            ready: false,
            ping: None,
            min_ping: None,
            announcements: 0,
            firsts: 0,
            verdict,
            transactions: 0,
        }
    }

    fn note(&mut self, kind: &EventKind, at: Instant) {
        match kind {
            EventKind::Handshake(_) => {
                self.ready = true;
                self.verdict = self.verdict.map(|_| (Verdict::Ok, at));
            }
            EventKind::Verdict { verdict, since } => self.verdict = Some((*verdict, *since)),
            EventKind::Pong { rtt, min } => (self.ping, self.min_ping) = (Some(*rtt), Some(*min)),
            EventKind::Announced(announcements) => {
                self.announcements += announcements.len() as u64;
                self.firsts += firsts(announcements);
            }
            EventKind::Tx { .. } => self.transactions += 1,
            _ => {}
        }
    }
}

fn firsts(announcements: &[Announcement]) -> u64 {
    announcements.iter().filter(|announcement| announcement.first).count() as u64
}

#[cfg(test)]
mod tests;
