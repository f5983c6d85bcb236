//! One JSON object a line. The keys, their order and their meaning are an interface: scripts read this.

use std::time::Duration;

use satwire_core::node::{Announcement, ConnId, Event, EventKind, FailedRequest};
use satwire_core::peer::{Negotiated, Rejection};
use satwire_core::wire::{Hash, InvType, ServiceName, Tx, Txid, Wtxid};
use satwire_core::{Instant, Network};
use satwire_json::{Seconds, Shown, Transaction};
use serde::Serialize;

use super::{Book, Connection, Traffic, whole_seconds};
use crate::plain::Plain;

/// The version of the format: new keys and events do not change it, anything else does.
const FORMAT_VERSION: u32 = 1;

/// Numbers the lines.
#[derive(Debug, Default)]
pub(super) struct Json {
    seq: u64,
}

/// What all lines start with.
#[derive(Serialize)]
struct Line<'a, T> {
    v: u32,
    seq: u64,
    time: i64,
    mono: u64,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a Connection>,
    #[serde(flatten)]
    more: T,
}

#[derive(Serialize)]
struct Start {
    program: &'static str,
    version: &'static str,
    chain: Shown<Network>,
}

#[derive(Serialize)]
struct Clock {
    offset: i64,
}

#[derive(Serialize)]
struct DialFailed {
    addr: String,
    reason: &'static str,
    retry: u64,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Handshake {
    version: i32,
    subver: String,
    services: String,
    servicesnames: Vec<Shown<ServiceName>>,
    startingheight: i32,
    relaytxes: bool,
    timeoffset: i64,
    wtxidrelay: bool,
    addrv2: bool,
}

impl Handshake {
    fn new(negotiated: &Negotiated) -> Self {
        let version = &negotiated.version;
        Self {
            version: version.version,
            subver: version.subver(),
            services: format!("{:016x}", version.services.0),
            servicesnames: version.services.names().map(Shown).collect(),
            startingheight: version.start_height,
            relaytxes: version.relay,
            timeoffset: negotiated.time_offset,
            wtxidrelay: negotiated.wtxidrelay,
            addrv2: negotiated.addrv2,
        }
    }
}

#[derive(Serialize)]
struct Ping {
    pingtime: Seconds,
    minping: Seconds,
}

#[derive(Serialize)]
struct Disconnected {
    reason: &'static str,
    detail: String,
}

#[derive(Serialize)]
struct Announced {
    inv_type: Shown<InvType>,
    hash: Shown<Hash>,
    first: bool,
    requested: bool,
}

impl Announced {
    const fn new(announcement: &Announcement) -> Self {
        Self {
            inv_type: Shown(announcement.item.inv_type),
            hash: Shown(announcement.item.hash),
            first: announcement.first,
            requested: announcement.requested,
        }
    }
}

#[derive(Serialize)]
struct Arrived<'a> {
    txid: Shown<Txid>,
    wtxid: Shown<Wtxid>,
    size: usize,
    vsize: usize,
    weight: usize,
    requested: bool,
    latency: Option<u64>,
    tx: Transaction<'a>,
}

impl<'a> Arrived<'a> {
    fn new(tx: &'a Tx, latency: Option<Duration>, network: Network) -> Self {
        let view = tx.view();
        Self {
            txid: Shown(tx.txid()),
            wtxid: Shown(tx.wtxid()),
            size: view.size(),
            vsize: view.vsize(),
            weight: view.weight(),
            requested: latency.is_some(),
            latency: latency.map(micros),
            tx: Transaction::new(tx, network).with_hex(),
        }
    }
}

#[derive(Serialize)]
struct Missed {
    hash: Shown<Hash>,
    next: Option<u64>,
}

impl Missed {
    fn new(miss: &FailedRequest) -> Self {
        Self { hash: Shown(miss.item.hash), next: miss.next.map(|conn| conn.0) }
    }
}

#[derive(Serialize)]
struct Feefilter {
    rate: u64,
}

#[derive(Serialize)]
struct Rejected<'a> {
    command: &'a str,
    code: u8,
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<Shown<Hash>>,
}

#[derive(Serialize)]
struct Ignored<'a> {
    command: &'a str,
    bytes: u32,
    why: String,
}

#[derive(Serialize)]
struct Gap {
    dropped: u64,
}

#[derive(Serialize)]
struct Summary {
    peers: u64,
    transactions: u64,
    announcements: u64,
    bytesrecv: u64,
    bytessent: u64,
    duration: u64,
}

impl Json {
    pub(super) fn start(&mut self, book: &Book, at: Instant, out: &mut Vec<u8>) {
        let start =
            Start { program: "satwire", version: env!("CARGO_PKG_VERSION"), chain: Shown(book.network) };
        self.line(out, book, at, None, "start", start);
    }

    pub(super) fn gap(&mut self, book: &Book, at: Instant, dropped: u64, out: &mut Vec<u8>) {
        self.line(out, book, at, None, "gap", Gap { dropped });
    }

    pub(super) fn summary(&mut self, book: &Book, at: Instant, traffic: Traffic, out: &mut Vec<u8>) {
        let summary = Summary {
            peers: book.totals.peers,
            transactions: book.totals.transactions,
            announcements: book.totals.announcements,
            bytesrecv: traffic.received,
            bytessent: traffic.sent,
            duration: at.as_micros(),
        };
        self.line(out, book, at, None, "summary", summary);
    }

    pub(super) fn event(&mut self, book: &Book, event: &Event, stepped: i64, out: &mut Vec<u8>) {
        let (at, conn) = (event.at, event.conn);
        match &event.kind {
            EventKind::Clock(_) => self.line(out, book, at, conn, "clock", Clock { offset: stepped }),
            EventKind::DialFailed { address, reason, retry } => {
                let (addr, retry) = (Plain(address).to_string(), whole_seconds(*retry));
                let failed = DialFailed { addr, reason: reason.as_str(), retry };
                self.line(out, book, at, conn, "peer_dial_failed", failed);
            }
            EventKind::Connected { .. } => self.line(out, book, at, conn, "peer_connected", Nothing {}),
            EventKind::Handshake(negotiated) => {
                self.line(out, book, at, conn, "peer_handshake", Handshake::new(negotiated));
            }
            EventKind::Pong { rtt, min } => {
                let ping = Ping { pingtime: Seconds(*rtt), minping: Seconds(*min) };
                self.line(out, book, at, conn, "peer_ping", ping);
            }
            EventKind::Feefilter(rate) => {
                self.line(out, book, at, conn, "feefilter", Feefilter { rate: *rate });
            }
            EventKind::Announced(announcements) => {
                for announcement in announcements {
                    self.line(out, book, at, conn, "tx_announced", Announced::new(announcement));
                }
            }
            EventKind::Tx { tx, latency } => {
                self.line(out, book, at, conn, "tx", Arrived::new(tx, *latency, book.network));
            }
            EventKind::Notfound(misses) => {
                for miss in misses {
                    self.line(out, book, at, conn, "tx_notfound", Missed::new(miss));
                }
            }
            EventKind::Unanswered(misses) => {
                for miss in misses {
                    self.line(out, book, at, conn, "tx_unanswered", Missed::new(miss));
                }
            }
            EventKind::Rejected(rejection) => {
                let Rejection { command, code, reason, hash } = &**rejection;
                let rejected = Rejected { command, code: *code, why: reason, hash: hash.map(Shown) };
                self.line(out, book, at, conn, "peer_reject", rejected);
            }
            EventKind::Ignored { command, bytes, because } if book.debug_net => {
                let ignored = Ignored { command: command.as_str(), bytes: *bytes, why: because.to_string() };
                self.line(out, book, at, conn, "ignored", ignored);
            }
            EventKind::Disconnected(reason) => {
                let disconnected = Disconnected { reason: reason.as_str(), detail: book.why(conn, reason) };
                self.line(out, book, at, conn, "peer_disconnected", disconnected);
            }
            _ => {}
        }
    }

    fn line<T: Serialize>(
        &mut self,
        out: &mut Vec<u8>,
        book: &Book,
        at: Instant,
        conn: Option<ConnId>,
        event: &'static str,
        more: T,
    ) {
        let line = Line {
            v: FORMAT_VERSION,
            seq: self.seq,
            time: book.time(at),
            mono: at.as_micros(),
            event,
            peer: book.connection(conn),
            more,
        };
        let before = out.len();
        if serde_json::to_writer(&mut *out, &line).is_ok() {
            out.push(b'\n');
            self.seq += 1;
        } else {
            // Nothing here can fail. If it ever does, half a line is worse than none.
            debug_assert!(false, "{event} cannot be serialized");
            out.truncate(before);
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
