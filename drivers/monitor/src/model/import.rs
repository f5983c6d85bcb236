//! The findings that an import tells, as entries.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use satwire_capture::convert::{Finding, Found, OVER};
use satwire_core::node::{Address, ConnId, Event, EventKind};
use satwire_core::peer::Direction;

use crate::messages::Seen;

use super::{Connection, Context, Entry, EntryKind, Model};

impl Connection {
    /// A connection of an import: its other end may have no address of the internet.
    fn imported(conn: ConnId, peer: &Address, direction: Direction) -> Self {
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        match peer {
            Address::Socket(addr) => Self::new(conn, *addr, direction),
            Address::Name { host, port } => {
                let network = match host.rsplit_once('.').map(|(_, last)| last) {
                    Some("onion") => "onion",
                    Some("i2p") => "i2p",
                    _ => "unknown",
                };
                // A folder that is no address is a name without a port.
                let addr = if *port == 0 { host.clone() } else { peer.to_string() };
                let addr = crate::plain::Plain(addr).to_string();
                Self { addr, network, ..Self::new(conn, nowhere, direction) }
            }
            other => {
                Self { addr: other.to_string(), network: "unknown", ..Self::new(conn, nowhere, direction) }
            }
        }
    }
}

impl Model {
    /// Takes what an import tells; what there is to tell of it, if anything.
    pub(crate) fn finding(&mut self, finding: Finding) -> Option<Entry> {
        let Finding { at, conn, what, .. } = finding;
        let (name, kind) = match what {
            Found::Connected { peer, direction, adopted, .. } => {
                let addr = if let Address::Socket(addr) = peer { addr } else { ([0, 0, 0, 0], 0).into() };
                let connected = EventKind::Connected { addr, direction };
                let entry = self.event(Event::new(at, Some(conn), connected))?;
                let connection = Arc::new(Connection::imported(conn, &peer, direction));
                if let Some(peer) = self.peers.get_mut(&conn) {
                    peer.connection = connection.clone();
                }
                let context = Context { adopted, ..entry.context };
                return Some(Entry { connection: Some(connection), context, ..entry });
            }
            Found::Event(kind) => {
                if let (EventKind::Disconnected(_), Some(peer)) = (&kind, self.peers.get(&conn)) {
                    self.over.insert(conn, peer.connection.clone());
                    if self.over.len() > OVER {
                        self.over.pop_first();
                    }
                }
                let entry = self.event(Event::new(at, Some(conn), kind))?;
                let connection = entry.connection.clone().or_else(|| self.over.get(&conn).cloned());
                return Some(Entry { connection, ..entry });
            }
            Found::Message { way, frame } => ("message", EntryKind::Message(Seen::new(at, conn, way, frame))),
            Found::Lost { way, bytes } => ("loss", EntryKind::Lost(way, bytes)),
            Found::Opaque { received, sent } => ("opaque", EntryKind::Opaque(received, sent)),
            Found::Difference(difference) => ("difference", EntryKind::Difference(difference)),
            _ => return None,
        };
        let connection = self.peers.get(&conn).map(|peer| peer.connection.clone());
        let connection = connection.or_else(|| self.over.get(&conn).cloned());
        self.told.names(name).then(|| Entry { conn: Some(conn), connection, ..self.entry(at, kind) })
    }
}
