//! Lines for people: when, which connection, what. Nothing in here is an interface.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use satwire_core::Instant;
use satwire_core::node::{Announcement, ConnId, Event, EventKind, FailedRequest};
use satwire_core::peer::{Direction, Negotiated, Rejection};
use satwire_core::wire::{Hash, Tx};
use satwire_json::Btc;

use super::{Book, Traffic};
use crate::plain::Plain;

/// First announcers that are remembered until their transaction comes.
const REMEMBERED: usize = 10_000;
/// Characters of a user agent that are shown.
const SUBVER_SHOWN: usize = 50;

/// Prints with or without color, and remembers who was first.
#[derive(Debug)]
pub(super) struct Human {
    color: bool,
    /// Who announced first what has not come yet.
    first: HashMap<Hash, ConnId>,
    /// In which order, the oldest in front.
    remembered: VecDeque<Hash>,
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
    pub(super) fn new(color: bool) -> Self {
        Self { color, first: HashMap::new(), remembered: VecDeque::new() }
    }

    pub(super) fn start(&self, book: &Book, at: Instant, out: &mut Vec<u8>) {
        let version = env!("CARGO_PKG_VERSION");
        let text = format!("satwire {version} on {}, all times are UTC", book.network);
        self.line(out, book, at, None, Tone::Plain, text);
    }

    pub(super) fn gap(&self, book: &Book, at: Instant, dropped: u64, out: &mut Vec<u8>) {
        let text = format!("… {} left out: stdout is not read fast enough", Count(dropped, "event"));
        self.line(out, book, at, None, Tone::Odd, text);
    }

    pub(super) fn summary(&self, book: &Book, at: Instant, traffic: Traffic, out: &mut Vec<u8>) {
        let totals = book.totals;
        let text = format!(
            "in {}: {}, {}, {}, {} received, {} sent",
            Time(Duration::from_micros(at.as_micros())),
            Count(totals.peers, "peer"),
            Count(totals.transactions, "transaction"),
            Count(totals.announcements, "announcement"),
            Count(traffic.received, "byte"),
            Count(traffic.sent, "byte"),
        );
        self.line(out, book, at, None, Tone::Plain, text);
    }

    pub(super) fn event(&mut self, book: &Book, event: &Event, stepped: i64, out: &mut Vec<u8>) {
        match &event.kind {
            EventKind::Announced(announcements) => self.note_first(event.conn, announcements),
            EventKind::Tx { tx, latency } => {
                let announcer = self.take_first(tx).filter(|announcer| Some(*announcer) != event.conn);
                let text = TxText { tx, latency: *latency, announcer };
                return self.line(out, book, event.at, event.conn, Tone::Plain, text);
            }
            _ => {}
        }
        let mut say = |tone, text: fmt::Arguments<'_>| self.line(out, book, event.at, event.conn, tone, text);
        match &event.kind {
            EventKind::Clock(_) => {
                let (sign, time) = (if stepped < 0 { '-' } else { '+' }, stepped.unsigned_abs());
                let time = Time(Duration::from_micros(time));
                say(Tone::Odd, format_args!("the wall clock stepped by {sign}{time}"));
            }
            EventKind::DialFailed { address, reason, retry } => {
                let address = Plain(address);
                if retry.is_zero() {
                    say(Tone::Bad, format_args!("✗ {address}: {reason}; its next address now"));
                } else {
                    let retry = Time(*retry);
                    say(Tone::Bad, format_args!("✗ {address}: {reason}; again in {retry}"));
                }
            }
            EventKind::Connected { direction, .. } => {
                let addr = book.connection(event.conn).map_or("", |connection| &connection.addr);
                let how = match direction {
                    Direction::Outbound => "connected to",
                    Direction::Inbound => "accepted from",
                };
                say(Tone::Good, format_args!("● {how} {addr}"));
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
                let many = Count(announcements.len() as u64, "transaction");
                let new = announcements.iter().filter(|announcement| announcement.first).count();
                let asked = announcements.iter().filter(|announcement| announcement.requested).count();
                say(Tone::Faint, format_args!("← announces {many}, {new} new, {asked} asked for"));
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
            EventKind::Ignored { command, bytes, because } if book.debug_net => {
                let bytes = Count((*bytes).into(), "byte");
                say(Tone::Faint, format_args!("← {command}, {bytes}, ignored: {because}"));
            }
            EventKind::Disconnected(reason) => {
                let addr = book.connection(event.conn).map_or("", |connection| &connection.addr);
                let why = book.why(event.conn, reason);
                say(Tone::Bad, format_args!("✗ {addr}: {why}"));
            }
            _ => {}
        }
    }

    fn line(
        &self,
        out: &mut Vec<u8>,
        book: &Book,
        at: Instant,
        conn: Option<ConnId>,
        tone: Tone,
        text: impl fmt::Display,
    ) {
        let time = TimeOfDay(book.time(at));
        let conn = conn.map(|conn| conn.to_string()).unwrap_or_default();
        let (escape, reset) = match tone.escape() {
            escape if self.color && !escape.is_empty() => (escape, "\x1b[0m"),
            _ => ("", ""),
        };
        // Writing to memory does not fail.
        let _ = writeln!(out, "{time}  {conn:<4} {escape}{text}{reset}");
    }

    fn note_first(&mut self, conn: Option<ConnId>, announcements: &[Announcement]) {
        let Some(conn) = conn else { return };
        for announcement in announcements.iter().filter(|announcement| announcement.first) {
            self.first.insert(announcement.item.hash, conn);
            self.remembered.push_back(announcement.item.hash);
        }
        while self.remembered.len() > REMEMBERED {
            if let Some(hash) = self.remembered.pop_front() {
                self.first.remove(&hash);
            }
        }
    }

    fn take_first(&mut self, tx: &Tx) -> Option<ConnId> {
        let by_wtxid = self.first.remove(&tx.wtxid().into());
        by_wtxid.or_else(|| self.first.remove(&tx.txid().into()))
    }
}

/// `tx 0011223344556677…  segwit      141 vB   1 → 2       0.00012345 BTC   12.3 ms`
struct TxText<'a> {
    tx: &'a Tx,
    latency: Option<Duration>,
    /// If it is not the one who sent it.
    announcer: Option<ConnId>,
}

impl fmt::Display for TxText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.tx.view();
        let form = if view.has_witness() { "segwit" } else { "legacy" };
        let sum = view.outputs().fold(0_i64, |sum, output| sum.saturating_add(output.value));
        let ways = format!("{} → {}", view.inputs().len(), view.outputs().len());
        let txid = self.tx.txid().to_string();
        let (vsize, sum) = (Grouped(view.vsize() as u64).to_string(), Btc(sum.into()).to_string());
        write!(f, "← tx {}…  {form}  {vsize:>7} vB  {ways:^9}  {sum:>17} BTC  ", &txid[..16])?;
        match self.latency {
            Some(latency) => write!(f, "{:>8}", Time(latency).to_string())?,
            None => write!(f, "{:>8}", "unasked")?,
        }
        match self.announcer {
            Some(announcer) => write!(f, "  first from {announcer}"),
            None => Ok(()),
        }
    }
}

struct Greeting<'a>(&'a Negotiated);

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = &self.0.version;
        let subver = version.subver();
        // It is ASCII.
        let shown = subver.get(..SUBVER_SHOWN).unwrap_or(&subver);
        let more = if shown.len() < subver.len() { "…" } else { "" };
        let height = Grouped(u64::try_from(version.start_height).unwrap_or(0));
        write!(f, "{shown}{more}, protocol {}, height {height}", version.version)?;
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

/// `12:58:08.123` of these Unix microseconds.
struct TimeOfDay(i64);

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.div_euclid(1000).rem_euclid(24 * 60 * 60 * 1000);
        let (seconds, millis) = (millis / 1000, millis % 1000);
        write!(f, "{:02}:{:02}:{:02}.{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// A time in the unit that suits it, cut off after the first decimal.
struct Time(Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        match micros {
            0..1000 => write!(f, "{micros} µs"),
            1000..1_000_000 => write!(f, "{}.{} ms", micros / 1000, micros / 100 % 10),
            _ => write!(f, "{}.{} s", micros / 1_000_000, micros / 100_000 % 10),
        }
    }
}

/// `1 peer`, `2,000 peers`.
struct Count(u64, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", Grouped(self.0), self.1)
    }
}

/// `1,234,567`.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_groups() {
        for (micros, expected) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1000, "1.0 ms"),
            (999_999, "999.9 ms"),
            (1_000_000, "1.0 s"),
            (3_661_990_000, "3661.9 s"),
        ] {
            assert_eq!(Time(Duration::from_micros(micros)).to_string(), expected);
        }
        for (n, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(Grouped(n).to_string(), expected);
        }
        assert_eq!(
            (Count(1, "peer").to_string(), Count(0, "peer").to_string()),
            ("1 peer".into(), "0 peers".into())
        );
    }

    #[test]
    fn time_of_day_at_its_edges() {
        for (micros, expected) in [
            (0, "00:00:00.000"),
            (-1, "23:59:59.999"),
            (1_795_363_088_123_456, "15:58:08.123"),
            (i64::MIN, "19:59:05.224"),
        ] {
            assert_eq!(TimeOfDay(micros).to_string(), expected);
        }
    }
}
