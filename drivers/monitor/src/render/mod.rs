//! Events as lines: what all forms of output share.

mod human;
mod json;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use satwire_core::node::{ConnId, Event, EventKind};
use satwire_core::peer::Direction;
use satwire_core::{CloseReason, Instant, IoError, Network, WallClock};
use serde::Serialize;

use self::human::Human;
use self::json::Json;
use crate::cli::Format;

/// Turns events into lines, in the order in which they happened.
#[derive(Debug)]
pub(crate) struct Renderer {
    book: Book,
    style: Style,
}

#[derive(Debug)]
enum Style {
    Json(Json),
    Human(Human),
}

impl Renderer {
    /// `debug_net` makes ignored messages visible.
    pub(crate) fn new(format: Format, network: Network, clock: WallClock, debug_net: bool) -> Self {
        let style = match format {
            Format::Json => Style::Json(Json::default()),
            Format::Human { color } => Style::Human(Human::new(color)),
        };
        Self { book: Book { network, clock, debug_net, ..Book::default() }, style }
    }

    /// Appends the first line.
    pub(crate) fn start(&mut self, at: Instant, out: &mut Vec<u8>) {
        match &mut self.style {
            Style::Json(json) => json.start(&self.book, at, out),
            Style::Human(human) => human.start(&self.book, at, out),
        }
    }

    /// Appends the lines of an event: one for each transaction in it in JSON, one at all for people.
    pub(crate) fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let stepped = self.book.before(event);
        match &mut self.style {
            Style::Json(json) => json.event(&self.book, event, stepped, out),
            Style::Human(human) => human.event(&self.book, event, stepped, out),
        }
        self.book.after(event);
    }

    /// Takes note of an event that nobody will see; how many there would have been.
    pub(crate) fn skip(&mut self, event: &Event) -> u64 {
        self.book.before(event);
        self.book.after(event);
        match &event.kind {
            EventKind::Announced(announcements) => announcements.len() as u64,
            EventKind::Notfound(misses) | EventKind::Unanswered(misses) => misses.len() as u64,
            EventKind::Ignored { .. } => self.book.debug_net.into(),
            _ => 1,
        }
    }

    /// Appends a line that says that `dropped` events are missing.
    pub(crate) fn gap(&mut self, at: Instant, dropped: u64, out: &mut Vec<u8>) {
        match &mut self.style {
            Style::Json(json) => json.gap(&self.book, at, dropped, out),
            Style::Human(human) => human.gap(&self.book, at, dropped, out),
        }
    }

    /// Appends the last line.
    pub(crate) fn summary(&mut self, at: Instant, traffic: Traffic, out: &mut Vec<u8>) {
        match &mut self.style {
            Style::Json(json) => json.summary(&self.book, at, traffic, out),
            Style::Human(human) => human.summary(&self.book, at, traffic, out),
        }
    }
}

/// What the events so far amount to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    /// Connections whose handshake was done.
    peers: u64,
    /// Different transactions.
    transactions: u64,
    /// Entries of inventories, repeated ones too.
    announcements: u64,
}

/// The bytes that went over all connections, which the driver counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

/// What a line may need besides its event: the time of the world, who is who, what came before.
#[derive(Debug)]
struct Book {
    network: Network,
    clock: WallClock,
    debug_net: bool,
    connections: BTreeMap<ConnId, Connection>,
    totals: Totals,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            network: Network::Main,
            clock: WallClock::default(),
            debug_net: false,
            connections: BTreeMap::new(),
            totals: Totals::default(),
        }
    }
}

/// A connection as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Connection {
    id: u64,
    addr: String,
    network: &'static str,
    inbound: bool,
    transport: &'static str,
    /// Its handshake was done.
    #[serde(skip)]
    ready: bool,
}

impl Connection {
    fn new(conn: ConnId, addr: SocketAddr, direction: Direction) -> Self {
        // A socket that takes IPv4 and IPv6 shows IPv4 as mapped.
        let ip = addr.ip().to_canonical();
        let (addr, network) = match ip {
            IpAddr::V4(_) => (SocketAddr::new(ip, addr.port()), "ipv4"),
            IpAddr::V6(_) => (addr, "ipv6"),
        };
        let inbound = direction == Direction::Inbound;
        Self { id: conn.0, addr: addr.to_string(), network, inbound, transport: "v1", ready: false }
    }
}

impl Book {
    /// Notes what the event's own line needs; by how many microseconds the wall clock steps, if it
    /// does.
    fn before(&mut self, event: &Event) -> i64 {
        match &event.kind {
            EventKind::Clock(clock) => {
                let stepped = clock.unix_micros_at_zero.saturating_sub(self.clock.unix_micros_at_zero);
                self.clock = *clock;
                return stepped;
            }
            EventKind::Connected { addr, direction } => {
                if let Some(conn) = event.conn {
                    self.connections.insert(conn, Connection::new(conn, *addr, *direction));
                }
            }
            EventKind::Handshake(_) => {
                self.totals.peers += 1;
                if let Some(connection) = event.conn.and_then(|conn| self.connections.get_mut(&conn)) {
                    connection.ready = true;
                }
            }
            EventKind::Announced(announcements) => self.totals.announcements += announcements.len() as u64,
            EventKind::Tx { .. } => self.totals.transactions += 1,
            _ => {}
        }
        0
    }

    /// Forgets what only the event's own line needed.
    fn after(&mut self, event: &Event) {
        if let (EventKind::Disconnected(_), Some(conn)) = (&event.kind, event.conn) {
            self.connections.remove(&conn);
        }
    }

    fn connection(&self, conn: Option<ConnId>) -> Option<&Connection> {
        self.connections.get(&conn?)
    }

    /// A sentence on why a connection ended, with what an operator may want to know besides.
    fn why(&self, conn: Option<ConnId>, reason: &CloseReason) -> String {
        let hung_up = matches!(reason, CloseReason::Io(IoError::Ended | IoError::Reset));
        match self.connection(conn) {
            Some(connection) if hung_up && !connection.ready && !connection.inbound => {
                format!(
                    "{reason} before the handshake was done: it may be on another network, have no free slot, \
                     or have banned us"
                )
            }
            _ => reason.to_string(),
        }
    }

    /// Unix microseconds.
    const fn time(&self, at: Instant) -> i64 {
        self.clock.unix_micros(at)
    }
}

/// Whole seconds, rounded up: a wait of half a second is no wait of none.
const fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + (duration.subsec_nanos() > 0) as u64
}

#[cfg(test)]
pub(crate) mod tests;
