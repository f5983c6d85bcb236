//! Lines for people: when, which connection, what. Nothing in here is an interface.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use satwire_core::node::{Announcement, ConnId, EventKind, FailedRequest, Output, Propagation, Verdict};
use satwire_core::peer::{Direction, Negotiated, Rejection};
use satwire_core::wire::Tx;
use satwire_core::{CloseReason, Instant, Network};
use satwire_json::Btc;

use super::figures::{Count, Grouped, SinceStart, Time, TimeOfDay};
use super::imported::Imported;
use super::message::{LabelLines, Labels, MessageText};
use super::{ascii, why};
use crate::cli::Look;
use crate::messages::Seen;
use crate::model::{Entry, EntryKind, Gap, Totals, Traffic};
use crate::plain::Plain;

/// Characters of a user agent that are shown.
const SUBVER_SHOWN: usize = 50;
/// Columns before the text of a line: the time and the connection.
const HEAD: usize = 19;
/// Ids of an inventory that are shown.
const IDS_SHOWN: usize = 3;

/// Prints lines of a look.
#[derive(Debug)]
pub(crate) struct Human {
    look: Look,
    /// Messages are shown with their bytes.
    pub(super) hex: bool,
    /// Times are those since the start, and orders are shown.
    transcript: bool,
}

/// How a line looks on a terminal.
#[derive(Clone, Copy)]
enum Tone {
    Plain,
    Good,
    Odd,
    Bad,
    Faint,
}

impl Tone {
    const fn escape(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "\x1b[32m",
            Self::Odd => "\x1b[33m",
            Self::Bad => "\x1b[31m",
            Self::Faint => "\x1b[2m",
        }
    }
}

impl Human {
    pub(super) const fn new(look: Look) -> Self {
        Self { look, hex: false, transcript: false }
    }

    pub(super) const fn transcript() -> Self {
        let look = Look { color: false, unicode: true, width: usize::MAX };
        Self { look, hex: false, transcript: true }
    }

    /// `+0.000643 c1 connect to 127.0.0.1:18555`
    pub(super) fn order<E>(&self, at: Instant, order: &Output<E>, out: &mut Vec<u8>) {
        if !self.transcript {
            return;
        }
        let at = SinceStart(at);
        // Writing to memory does not fail.
        let _ = match order {
            Output::Resolve { host, port, .. } => writeln!(out, "{at} look up {}:{port}", Plain(host)),
            Output::Connect { conn, addr } => writeln!(out, "{at} {conn} connect to {addr}"),
            Output::Disconnect(conn) => writeln!(out, "{at} {conn} disconnect"),
            _ => Ok(()),
        };
    }

    pub(super) fn entry(&self, entry: &Entry, out: &mut Vec<u8>) {
        match &entry.kind {
            EntryKind::Start(network, part) => {
                self.line(out, entry, Tone::Plain, Title(*network, *part));
            }
            EntryKind::Event(kind) => self.event(entry, kind, out),
            EntryKind::Lost(..) | EntryKind::Opaque(..) | EntryKind::Difference(_) => {
                self.line(out, entry, Tone::Odd, Imported(&entry.kind));
            }
            EntryKind::Message(seen) => self.message(entry, seen, out),
            EntryKind::Gap(gap) => self.line(out, entry, Tone::Odd, Missing(gap)),
            EntryKind::Summary(totals, traffic) => {
                self.line(out, entry, Tone::Plain, Sums(entry.at, *totals, *traffic));
            }
        }
    }

    fn message(&self, entry: &Entry, seen: &Seen, out: &mut Vec<u8>) {
        let width = self.look.width.saturating_sub(HEAD);
        self.line(out, entry, Tone::Faint, MessageText { seen, width });
        if self.hex {
            let lines = LabelLines { labels: &Labels::of(seen), indent: HEAD }.to_string();
            out.extend_from_slice(if self.look.unicode { lines } else { ascii(&lines) }.as_bytes());
        }
    }

    fn event(&self, entry: &Entry, kind: &EventKind, out: &mut Vec<u8>) {
        let mut say = |tone, text: fmt::Arguments<'_>| self.line(out, entry, tone, text);
        let addr = entry.connection.as_ref().map_or("", |connection| &connection.addr);
        match kind {
            EventKind::Clock(_) => {
                let (sign, time) = (if entry.context.stepped < 0 { '-' } else { '+' }, entry.context.stepped);
                let time = Time(Duration::from_micros(time.unsigned_abs()));
                say(Tone::Odd, format_args!("the wall clock stepped by {sign}{time}"));
            }
            EventKind::DialFailed { address, reason, retry } => {
                let address = Plain(address);
                match *retry {
                    Duration::ZERO => {
                        say(Tone::Bad, format_args!("✗ {address}: {reason}; its next address now"));
                    }
                    Duration::MAX => say(Tone::Bad, format_args!("✗ {address}: {reason}; not again")),
                    retry => say(Tone::Bad, format_args!("✗ {address}: {reason}; again in {}", Time(retry))),
                }
            }
            EventKind::Connected { direction, .. } => {
                let how = match direction {
                    Direction::Inbound => "accepted from",
                    Direction::Outbound => "connected to",
                };
                let adopted = if entry.context.adopted { ", before the capture began" } else { "" };
                say(Tone::Good, format_args!("● {how} {addr}{adopted}"));
            }
            EventKind::Handshake(negotiated) => say(Tone::Good, format_args!("● {}", Greeting(negotiated))),
            EventKind::Pong { rtt, min } => {
                let (rtt, min) = (Time(*rtt), Time(*min));
                say(Tone::Faint, format_args!("← pong after {rtt}, at best {min}"));
            }
            EventKind::Feefilter(rate) => {
                say(Tone::Faint, format_args!("← wants no less than {} sat/kvB", Grouped(*rate)));
            }
            EventKind::Announced(announcements) => {
                say(Tone::Faint, format_args!("{}", Inventory { announcements, columns: self.columns() }));
            }
            EventKind::Tx { tx, latency } => {
                let announcer = entry.context.announcer;
                let text = TxText { tx, latency: *latency, announcer, columns: self.columns() };
                say(Tone::Plain, format_args!("{text}"));
            }
            EventKind::Propagation(propagation) => {
                say(Tone::Faint, format_args!("{}", Spread { propagation, columns: self.columns() }));
            }
            EventKind::Notfound(misses) => {
                say(Tone::Odd, format_args!("← {}", FailedRequests(misses, "not found")));
            }
            EventKind::Unanswered(misses) => {
                say(Tone::Odd, format_args!("… {}", FailedRequests(misses, "not answered")));
            }
            EventKind::Rejected(rejection) => {
                let Rejection { command, reason, .. } = &**rejection;
                say(Tone::Odd, format_args!("← rejects our {command}: {reason}"));
            }
            EventKind::Ignored { command, bytes, because } => {
                let bytes = Count((*bytes).into(), "byte");
                say(Tone::Faint, format_args!("← {command}, {bytes}, ignored: {because}"));
            }
            // That is what we wanted, and no failure.
            EventKind::Disconnected(reason @ CloseReason::Local(_)) => {
                say(Tone::Plain, format_args!("○ {addr}: {reason}"));
            }
            EventKind::Disconnected(reason) => {
                let (why, verdict) = (why(entry, reason), Last(entry.context.verdict));
                say(Tone::Bad, format_args!("✗ {addr}: {why}{verdict}"));
            }
            EventKind::Verdict { verdict: Verdict::Ok, .. } => {
                say(Tone::Good, format_args!("● does its part again"));
            }
            EventKind::Verdict { verdict, since } => {
                let since = TimeOfDay(entry.time_of(*since));
                say(Tone::Odd, format_args!("! {} since {since} ({verdict})", trouble(*verdict)));
            }
            EventKind::Offline { since } => {
                let since = TimeOfDay(entry.time_of(*since));
                say(Tone::Bad, format_args!("✗ offline: nobody has been heard since {since}"));
            }
            EventKind::Online { after } => {
                say(Tone::Good, format_args!("● online again after {}", Time(*after)));
            }
            _ => {}
        }
    }

    fn columns(&self) -> Columns {
        Columns::of(self.look.width)
    }

    fn line(&self, out: &mut Vec<u8>, entry: &Entry, tone: Tone, text: impl fmt::Display) {
        if self.transcript {
            let at = SinceStart(entry.at);
            // Writing to memory does not fail.
            let _ = match entry.conn {
                Some(conn) => writeln!(out, "{at} {conn} {text}"),
                None => writeln!(out, "{at} {text}"),
            };
            return;
        }
        let time = TimeOfDay(entry.time);
        let conn = entry.conn.map(|conn| conn.to_string()).unwrap_or_default();
        let (escape, reset) = match tone.escape() {
            escape if self.look.color && !escape.is_empty() => (escape, "\x1b[0m"),
            _ => ("", ""),
        };
        // Writing to memory does not fail.
        let _ = if self.look.unicode {
            writeln!(out, "{time}  {conn:<4} {escape}{text}{reset}")
        } else {
            writeln!(out, "{time}  {conn:<4} {escape}{}{reset}", ascii(&text.to_string()))
        };
    }
}

/// Returns what is wrong with a peer, in words.
const fn trouble(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::HandshakePending => "has not finished the handshake",
        Verdict::NeverReads => "does not read what we send",
        Verdict::PingLate => "has not answered our ping",
        Verdict::RequestsUnanswered => "answers no request",
        Verdict::InvsStopped => "announces nothing while others do",
        Verdict::Junk => "sends transactions that can never be mined",
        _ => "does not do its part",
    }
}

/// The verdict on a peer that is gone, if something was wrong.
struct Last(Option<Verdict>);

impl fmt::Display for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None | Some(Verdict::Ok | Verdict::HandshakePending) => Ok(()),
            Some(verdict) => write!(f, " (it was {verdict})"),
        }
    }
}

/// The part of a transaction that fits in a line. All lines of a run have the same columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    /// Digits of an id.
    id: usize,
    /// Form, inputs and outputs, and the first announcer.
    all: bool,
}

impl Columns {
    /// The narrowest terminal on which a line fits, without and with all.
    const NARROW: usize = 80;
    const WIDE: usize = Look::WIDTH;
    /// Digits of an id on these.
    const LEAST_ID: (usize, usize) = (8, 16);

    /// Width beyond the need goes to the id.
    fn of(width: usize) -> Self {
        let all = width >= Self::WIDE;
        let (width_needed, least) =
            if all { (Self::WIDE, Self::LEAST_ID.1) } else { (Self::NARROW, Self::LEAST_ID.0) };
        let id = least + width.saturating_sub(width_needed);
        // One more takes the place of the dots.
        Self { id: if id >= 63 { 64 } else { id }, all }
    }

    fn id(self, id: &str) -> String {
        match id.get(..self.id) {
            Some(start) if start.len() < id.len() => format!("{start}…"),
            _ => id.into(),
        }
    }
}

/// `tx 0011223344556677…  segwit      141 vB   1 → 2       0.00012345 BTC   12.3 ms`
struct TxText<'a> {
    tx: &'a Tx,
    latency: Option<Duration>,
    /// If it is not the one who sent it.
    announcer: Option<ConnId>,
    columns: Columns,
}

impl fmt::Display for TxText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.tx.view();
        write!(f, "← tx {}  ", self.columns.id(&self.tx.txid().to_string()))?;
        if self.columns.all {
            write!(f, "{}  ", if view.has_witness() { "segwit" } else { "legacy" })?;
        }
        write!(f, "{:>7} vB  ", Grouped(view.vsize() as u64).to_string())?;
        if self.columns.all {
            let ways = format!("{} → {}", view.inputs().len(), view.outputs().len());
            write!(f, "{ways:^9}  ")?;
        }
        let sum = view.outputs().map(|output| i128::from(output.value)).sum::<i128>();
        write!(f, "{:>17} BTC  ", Btc(sum).to_string())?;
        match self.latency {
            Some(latency) => write!(f, "{:>8}", Time(latency).to_string())?,
            None => write!(f, "{:>8}", "unasked")?,
        }
        match self.announcer {
            Some(announcer) if self.columns.all => write!(f, "  first from {announcer}"),
            _ => Ok(()),
        }
    }
}

/// `← announces 2 transactions, 1 new, 1 asked for: 00112233…, 44556677…`
struct Inventory<'a> {
    announcements: &'a [Announcement],
    columns: Columns,
}

impl fmt::Display for Inventory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = Count(self.announcements.len() as u64, "transaction");
        let new = self.announcements.iter().filter(|announcement| announcement.first).count();
        let asked = self.announcements.iter().filter(|announcement| announcement.requested).count();
        write!(f, "← announces {many}, {new} new, {asked} asked for")?;
        let shown = if self.columns.all { IDS_SHOWN } else { 1 };
        for (i, announcement) in self.announcements.iter().take(shown).enumerate() {
            let id = self.columns.id(&announcement.item.hash.to_string());
            write!(f, "{} {id}", if i == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

/// `· tx 00112233…  7 of 8 peers, half of them after 1.2 s, the last after 4.0 s, first c3`
struct Spread<'a> {
    propagation: &'a Propagation,
    columns: Columns,
}

impl fmt::Display for Spread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Propagation { txid, announcers, listeners, first_conn, p50, max, .. } = self.propagation;
        let id = self.columns.id(&txid.to_string());
        write!(f, "· tx {id}  {announcers} of {}", Count((*listeners).into(), "peer"))?;
        if *announcers > 1 {
            write!(f, ", half after {}, last after {}", Time(*p50), Time(*max))?;
        }
        if self.columns.all { write!(f, ", first {first_conn}") } else { Ok(()) }
    }
}

/// `… 12 events left out: stdout is not read fast enough (10 of c1, 1 of c2, 1 more)`
struct Missing<'a>(&'a Gap);

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gap { dropped, by_peer, rest } = self.0;
        write!(f, "… {} left out: stdout is not read fast enough", Count(*dropped, "event"))?;
        let mut sign = " (";
        for (conn, dropped) in by_peer {
            write!(f, "{sign}{} of {conn}", Grouped(*dropped))?;
            sign = ", ";
        }
        if *rest > 0 {
            write!(f, "{sign}{} of others", Grouped(*rest))?;
            sign = ", ";
        }
        if sign == ", " { f.write_str(")") } else { Ok(()) }
    }
}

/// The first line.
struct Title(Network, Option<u32>);

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(network, part) = self;
        write!(f, "satwire {} on {network}, all times are UTC", env!("CARGO_PKG_VERSION"))?;
        match part {
            Some(part) => {
                write!(f, "; observed, not played: file {part} of a journal, without those before it")
            }
            None => Ok(()),
        }
    }
}

struct Sums(Instant, Totals, Traffic);

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(at, totals, traffic) = self;
        write!(
            f,
            "in {}: {}, {}, {}, {} received",
            Time(Duration::from_micros(at.as_micros())),
            Count(totals.peers, "peer"),
            Count(totals.transactions, "transaction"),
            Count(totals.announcements, "announcement"),
            Count(traffic.received, "byte"),
        )?;
        if traffic.sent_unknown { Ok(()) } else { write!(f, ", {} sent", Count(traffic.sent, "byte")) }
    }
}

struct Greeting<'a>(&'a Negotiated);

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = &self.0.version;
        let subver = version.user_agent();
        // It is ASCII.
        let shown = subver.get(..SUBVER_SHOWN).unwrap_or(&subver);
        let more = if shown.len() < subver.len() { "…" } else { "" };
        let sign = if version.start_height < 0 { "-" } else { "" };
        let height = Grouped(version.start_height.unsigned_abs().into());
        write!(f, "{shown}{more}, protocol {}, height {sign}{height}", version.version)?;
        for (has, what) in [
            (!version.relay, "relays no transactions"),
            (self.0.wtxidrelay, "wtxid relay"),
            (self.0.addrv2, "addrv2"),
        ] {
            if has {
                write!(f, ", {what}")?;
            }
        }
        Ok(())
    }
}

/// How many requests came to nothing, and what becomes of them.
struct FailedRequests<'a>(&'a [FailedRequest], &'a str);

impl fmt::Display for FailedRequests<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = self.0.iter().filter(|miss| miss.next.is_some()).count();
        let many = Count(self.0.len() as u64, "transaction");
        write!(f, "{many} {}, {again} asked of another peer", self.1)
    }
}
