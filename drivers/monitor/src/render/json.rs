//! One JSON object a line. The keys, their order and their meaning are an interface: scripts read this.

use std::time::Duration;

use satwire_capture::convert::Difference;
use satwire_core::node::{Announcement, ConnId, EventKind, FailedRequest, Verdict};
use satwire_core::peer::{Direction, Negotiated, Rejection};
use satwire_core::wire::{Hash, InvType, ServiceName, Tx, Txid, Wtxid};
use satwire_core::{Instant, Network};
use satwire_json::{Bounded, Seconds, Shown};
use serde::Serialize;

use super::message_line::MessageLine;
use super::propagation_line::{Spread, delay_class};
use super::{whole_seconds, why};
use crate::model::{Connection, Entry, EntryKind, Gap};
use crate::plain::Plain;

/// The version of the format: new keys and events do not change it, anything else does.
const FORMAT_VERSION: u32 = 1;

/// Numbers the lines.
#[derive(Debug, Default)]
pub(crate) struct Json {
    seq: u64,
    /// The network whose addresses are shown; the first line says so.
    network: Option<Network>,
    /// Messages are shown with their bytes.
    pub(super) hex: bool,
}

/// The beginning of all lines.
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
    program_version: &'static str,
    chain: Shown<Network>,
    /// Not played but observed, from this file of a journal on.
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_from_file: Option<u32>,
}

#[derive(Serialize)]
struct Clock {
    offset: i64,
}

#[derive(Serialize)]
struct DialFailed<'a> {
    addr: String,
    reason: &'a str,
    /// Absent if it is not dialled again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<u64>,
}

#[derive(Serialize)]
struct Connected {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    adopted: bool,
}

#[derive(Serialize)]
struct Lost {
    direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct Opaque {
    bytesrecv: u64,
    bytessent: u64,
}

#[derive(Serialize)]
struct Differs<'a> {
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    detail: String,
}

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
            subver: version.user_agent(),
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
struct Disconnected<'a> {
    reason: &'a str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
}

#[derive(Serialize)]
struct Judged {
    verdict: &'static str,
    since: i64,
}

#[derive(Serialize)]
struct Offline {
    since: i64,
}

#[derive(Serialize)]
struct Online {
    duration: u64,
}

#[derive(Serialize)]
struct Announced {
    inv_type: Shown<InvType>,
    hash: Shown<Hash>,
    first: bool,
    requested: bool,
    delay_class: &'static str,
}

impl Announced {
    fn new(announcement: &Announcement, entry: &Entry) -> Self {
        let is_inbound = entry.connection.as_ref().is_some_and(|connection| connection.inbound);
        Self {
            delay_class: delay_class(if is_inbound { Direction::Inbound } else { Direction::Outbound }),
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
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    abridged: bool,
    tx: Bounded<'a>,
}

impl<'a> Arrived<'a> {
    fn new(tx: &'a Tx, latency: Option<Duration>, network: Network) -> Self {
        let view = tx.view();
        let bounded = Bounded::new(tx, network);
        Self {
            txid: Shown(tx.txid()),
            wtxid: Shown(tx.wtxid()),
            size: view.size(),
            vsize: view.vsize(),
            weight: view.weight(),
            requested: latency.is_some(),
            latency: latency.map(micros),
            abridged: bounded.is_abridged(),
            tx: bounded,
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
struct Missing {
    dropped: u64,
    by_peer: Vec<MissingOf>,
    rest: u64,
}

#[derive(Serialize)]
struct MissingOf {
    id: u64,
    dropped: u64,
}

impl Missing {
    fn new(gap: &Gap) -> Self {
        let of = |&(conn, dropped): &(ConnId, u64)| MissingOf { id: conn.0, dropped };
        Self { dropped: gap.dropped, by_peer: gap.by_peer.iter().map(of).collect(), rest: gap.rest }
    }
}

#[derive(Serialize)]
struct Summary {
    peers: u64,
    transactions: u64,
    announcements: u64,
    bytesrecv: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytessent: Option<u64>,
    duration: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    journal_until: Option<u64>,
}

impl Json {
    pub(super) fn entry(&mut self, entry: &Entry, out: &mut Vec<u8>) {
        match &entry.kind {
            EntryKind::Start(network, part) => {
                self.network = Some(*network);
                let program_version = env!("CARGO_PKG_VERSION");
                let start = Start {
                    program: "satwire",
                    program_version,
                    chain: Shown(*network),
                    observed_from_file: *part,
                };
                self.line(out, entry, "start", start);
            }
            EntryKind::Event(kind) => self.event(entry, kind, out),
            EntryKind::Lost(way, bytes) => {
                self.line(out, entry, "loss", Lost { direction: way.as_str(), bytes: *bytes });
            }
            EntryKind::Opaque(received, sent) => {
                self.line(out, entry, "opaque", Opaque { bytesrecv: *received, bytessent: *sent });
            }
            EntryKind::Difference(difference) => {
                let reason = match difference {
                    Difference::Closes(reason) => Some(reason.as_str()),
                    _ => None,
                };
                let (what, detail) = (difference.as_str(), difference.to_string());
                self.line(out, entry, "difference", Differs { what, reason, detail });
            }
            EntryKind::Message(seen) => {
                self.line(out, entry, "message", MessageLine::new(seen, self.hex));
            }
            EntryKind::Gap(gap) => self.line(out, entry, "gap", Missing::new(gap)),
            EntryKind::Summary(totals, traffic) => {
                let summary = Summary {
                    peers: totals.peers,
                    transactions: totals.transactions,
                    announcements: totals.announcements,
                    bytesrecv: traffic.received,
                    bytessent: (!traffic.sent_unknown).then_some(traffic.sent),
                    duration: entry.at.as_micros(),
                    journal_until: traffic.journal_until.map(Instant::as_micros),
                };
                self.line(out, entry, "summary", summary);
            }
        }
    }

    fn event(&mut self, entry: &Entry, kind: &EventKind, out: &mut Vec<u8>) {
        match kind {
            EventKind::Clock(_) => self.line(out, entry, "clock", Clock { offset: entry.context.stepped }),
            EventKind::DialFailed { address, reason, retry } => {
                let retry = (*retry != Duration::MAX).then(|| whole_seconds(*retry));
                let addr = Plain(address).to_string();
                let failed = DialFailed { addr, reason: reason.as_str(), retry };
                self.line(out, entry, "peer_dial_failed", failed);
            }
            EventKind::Connected { .. } => {
                self.line(out, entry, "peer_connected", Connected { adopted: entry.context.adopted });
            }
            EventKind::Handshake(negotiated) => {
                self.line(out, entry, "peer_handshake", Handshake::new(negotiated));
            }
            EventKind::Pong { rtt, min } => {
                let ping = Ping { pingtime: Seconds(*rtt), minping: Seconds(*min) };
                self.line(out, entry, "peer_ping", ping);
            }
            EventKind::Feefilter(rate) => self.line(out, entry, "feefilter", Feefilter { rate: *rate }),
            EventKind::Announced(announcements) => {
                for announcement in announcements {
                    self.line(out, entry, "tx_announced", Announced::new(announcement, entry));
                }
            }
            EventKind::Tx { tx, latency } => {
                let network = self.network.unwrap_or(Network::Main);
                self.line(out, entry, "tx", Arrived::new(tx, *latency, network));
            }
            EventKind::Propagation(propagation) => {
                self.line(out, entry, "tx_propagation", Spread::new(propagation, entry));
            }
            EventKind::Notfound(misses) => {
                for miss in misses {
                    self.line(out, entry, "tx_notfound", Missed::new(miss));
                }
            }
            EventKind::Unanswered(misses) => {
                for miss in misses {
                    self.line(out, entry, "tx_unanswered", Missed::new(miss));
                }
            }
            EventKind::Rejected(rejection) => {
                let Rejection { command, code, reason, hash, .. } = &**rejection;
                let rejected = Rejected { command, code: *code, why: reason, hash: hash.map(Shown) };
                self.line(out, entry, "peer_reject", rejected);
            }
            EventKind::Ignored { command, bytes, because } => {
                let ignored = Ignored { command: command.as_str(), bytes: *bytes, why: because.to_string() };
                self.line(out, entry, "ignored", ignored);
            }
            EventKind::Disconnected(reason) => {
                let verdict = entry.context.verdict.map(Verdict::as_str);
                let disconnected =
                    Disconnected { reason: reason.as_str(), detail: why(entry, reason), verdict };
                self.line(out, entry, "peer_disconnected", disconnected);
            }
            EventKind::Verdict { verdict, since } => {
                let judged = Judged { verdict: verdict.as_str(), since: entry.time_of(*since) };
                self.line(out, entry, "peer_verdict", judged);
            }
            EventKind::Offline { since } => {
                self.line(out, entry, "offline", Offline { since: entry.time_of(*since) });
            }
            EventKind::Online { after } => {
                self.line(out, entry, "online", Online { duration: micros(*after) });
            }
            _ => {}
        }
    }

    fn line<T: Serialize>(&mut self, out: &mut Vec<u8>, entry: &Entry, event: &'static str, more: T) {
        let line = Line {
            v: FORMAT_VERSION,
            seq: self.seq,
            time: entry.time,
            mono: entry.at.as_micros(),
            event,
            peer: entry.connection.as_deref(),
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

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
