//! Events as lines, in both styles. Here are the events that the tests share.

use satwire_core::node::{Address, Announcement, ConnId, Event, EventKind, FailedRequest, Propagation};
use satwire_core::peer::{self, ConnectionConfig, Direction, IgnoredReason, Negotiated};
use satwire_core::wire::{
    Command, Hash, InvType, Inventory, Message, NetAddress, Reject, Services, Tx, TxView, Txid, Version,
    Wtxid,
};
use satwire_core::{CloseReason, Config, Fault, Instant, IoError, Label, Network, Peer, WallClock};

use super::*;
use crate::cli::Look;
use crate::event_set::EventSet;
use crate::model::{Gap, Model, Traffic};

mod extremes;
mod golden;
mod keys;
mod messages;
mod peer_table;
mod terminal;
mod transactions;
mod verdicts;
mod volume;

/// 2026-11-22 15:58:08.123456 UTC.
const CLOCK: WallClock = WallClock { unix_micros_at_zero: 1_795_363_088_123_456 };
const HEAD: &str = r#""time":1795363089123456,"mono":1000000,"#;
const PEER: &str =
    r#""peer":{"id":1,"addr":"127.0.0.1:18555","network":"ipv4","inbound":false,"transport":"v1"}"#;

pub(crate) fn tx(bytes: &[u8]) -> Tx {
    TxView::decode(bytes).unwrap().to_owned()
}

/// One input, locktime 7.
pub(crate) fn legacy(version: i32, values: &[i64]) -> Vec<u8> {
    let mut bytes = version.to_le_bytes().to_vec();
    bytes.push(1);
    bytes.extend([0xab; 32]);
    bytes.extend([1, 0, 0, 0, 1, 0x51, 0xfe, 0xff, 0xff, 0xff]);
    match values.len() {
        few @ ..0xfd => bytes.push(few as u8),
        many => {
            bytes.push(0xfd);
            bytes.extend((many as u16).to_le_bytes());
        }
    }
    for value in values {
        bytes.extend(value.to_le_bytes());
        bytes.extend([2, 0x51, 0x52]);
    }
    bytes.extend([7, 0, 0, 0]);
    bytes
}

/// One input with two items in its stack, one of them empty; one output.
pub(crate) fn segwit() -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 1];
    bytes.extend([0xab; 32]);
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([1, 0x39, 0x30, 0, 0, 0, 0, 0, 0, 2, 0x51, 0x52]);
    bytes.extend([2, 2, 1, 2, 0]);
    bytes.extend([0, 0, 0, 0]);
    bytes
}

fn event(conn: u64, kind: EventKind) -> Event {
    let conn = (conn > 0).then_some(ConnId(conn));
    Event::new(Instant::from_micros(1_000_000), conn, kind)
}

fn connected(conn: u64, addr: &str, direction: Direction) -> Event {
    event(conn, EventKind::Connected { addr: addr.parse().unwrap(), direction })
}

/// The outcome of a handshake with a peer of this name, whose clock is 2 s slow.
fn negotiated(user_agent: &[u8]) -> Negotiated {
    let version = Version {
        version: 70016,
        services: Services::NETWORK | Services::WITNESS | Services(1 << 24),
        timestamp: CLOCK.unix_seconds(Instant::ZERO) - 2,
        addr_recv: NetAddress::UNSPECIFIED,
        addr_from: NetAddress::UNSPECIFIED,
        nonce: 1,
        user_agent: user_agent.to_vec(),
        start_height: 101,
        relay: true,
    };
    let mut bytes = Vec::new();
    for message in [Message::Version(version), Message::Wtxidrelay, Message::Verack] {
        message.encode(&mut bytes, Network::Regtest.magic());
    }
    let connection = ConnectionConfig::new(Direction::Outbound, 2, CLOCK);
    let mut peer = Peer::new(Config::new(Network::Regtest).into(), connection, Instant::ZERO);
    match peer.receive(Instant::ZERO, &mut &bytes[..]) {
        Some(peer::Event::Handshake(negotiated)) => *negotiated,
        other => panic!("{other:?}"),
    }
}

/// How a transaction spread that connection 3 announced after a quarter of a second.
fn spread() -> Propagation {
    Propagation::new(Txid([1; 32]), Wtxid([2; 32]), Instant::from_micros(250_000), ConnId(3))
}

fn item(n: u8) -> Inventory {
    Inventory { inv_type: InvType::WTX, hash: Hash([n; 32]) }
}

const HUMAN: Format = Format::Human(Look::PLAIN);

/// Events to lines, at once.
struct Lines {
    model: Model,
    renderer: Renderer,
    out: Vec<u8>,
}

impl Lines {
    /// With nothing printed yet, and one connection.
    fn new(format: Format, debug_net: bool) -> Self {
        let told = if debug_net { EventSet::usual().with_net() } else { EventSet::usual() };
        let mut model = Model::new(Network::Regtest, CLOCK, told, true);
        let mut renderer = Renderer::new(format);
        let connected = model.event(connected(1, "127.0.0.1:18555", Direction::Outbound));
        renderer.entry(&connected.unwrap(), &mut Vec::new());
        Self { model, renderer, out: Vec::new() }
    }

    fn event(&mut self, event: Event) {
        if let Some(entry) = self.model.event(event) {
            self.renderer.entry(&entry, &mut self.out);
        }
    }

    fn take(&mut self) -> String {
        text(std::mem::take(&mut self.out))
    }

    /// An event of connection 1 as lines.
    fn of(format: Format, event: Event) -> String {
        let mut lines = Self::new(format, true);
        lines.event(event);
        lines.take()
    }
}

fn text(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap()
}

/// An event of connection 1 in JSON.
fn json(event: &Event) -> String {
    Lines::of(Format::Json, event.clone())
}

/// The same for people, without the time.
fn human(event: &Event) -> String {
    let text = Lines::of(HUMAN, event.clone());
    text.strip_prefix("15:58:09.123  ").unwrap_or(&text).to_owned()
}

/// The same on a terminal of this width.
fn on_terminal(width: usize, event: &Event) -> String {
    Lines::of(Format::Human(Look { width, ..Look::PLAIN }), event.clone())
}
