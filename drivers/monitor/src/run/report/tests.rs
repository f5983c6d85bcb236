//! Waiting for a slow reader, and the loss if it reads nothing: in virtual time, the writer a step at a time.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use satwire_core::node::{Announcement, ConnId, EventKind};
use satwire_core::wire::{Hash, InvType, Inventory, Tx};
use satwire_core::{Network, WallClock};

use super::super::backlog::Backlog;
use super::super::output::{Step, Writer};
use super::*;
use crate::cli::Format;
use crate::event_set::EventSet;
use crate::model::Gap;
use crate::render::tests::{legacy, tx};

const HOSTILE: ConnId = ConnId(1);
const HONEST: ConnId = ConnId(2);
const AT: Instant = Instant::ZERO;

/// A reader that takes so many bytes a step.
#[derive(Clone, Default)]
struct Slow {
    takes: Rc<Cell<usize>>,
    read: Rc<RefCell<Vec<u8>>>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.takes.get().min(bytes.len());
        self.read.borrow_mut().extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A report, its writer and its reader; the time is theirs.
struct Stage {
    report: Report,
    writer: Writer<Slow>,
    reader: Slow,
    now: time::Instant,
    paused: BTreeSet<ConnId>,
}

impl Stage {
    fn new() -> Self {
        let now = time::Instant::now();
        let report =
            Report::new(Model::new(Network::Regtest, WallClock::default(), EventSet::usual(), true), now);
        let reader = Slow::default();
        let writer = Writer::new(report.queue.clone(), Renderer::new(Format::Json), reader.clone());
        Self { report, writer, reader, now, paused: BTreeSet::new() }
    }

    /// An event of a connection, which must be one that is read.
    fn event(&mut self, conn: ConnId, kind: EventKind) {
        assert!(!self.paused.contains(&conn), "{conn} is left unread");
        self.report.event(Event::new(AT, Some(conn), kind), self.now);
        // As a turn of the driver ends.
        self.flow();
    }

    /// Events of a connection until it is left unread; how many.
    fn until_paused(&mut self, conn: ConnId, kind: &EventKind) -> usize {
        let mut pushed = 0;
        while !self.paused.contains(&conn) {
            self.event(conn, kind.clone());
            pushed += 1;
            assert!(pushed < 10_000, "{conn} is never left unread");
        }
        pushed
    }

    /// Pauses and resumes; whom it resumed.
    fn flow(&mut self) -> Vec<ConnId> {
        let mut resumed = Vec::new();
        for flow in self.report.take_flow(AT, self.now) {
            match flow {
                Flow::Pause(conn) => assert!(self.paused.insert(conn), "{conn} twice"),
                Flow::Resume(conn) => {
                    assert!(self.paused.remove(&conn), "{conn} was not paused");
                    resumed.push(conn);
                }
            }
        }
        resumed
    }

    /// The writer goes on, and the reader takes so many bytes of what it has.
    fn step(&mut self, takes: usize) -> Step {
        self.reader.takes.set(takes);
        self.writer.step().unwrap()
    }

    fn drain(&mut self) {
        while self.step(usize::MAX) != Step::Idle {}
    }

    /// The lines so far; they are numbered without holes.
    fn lines(&self) -> Vec<serde_json::Value> {
        let read = self.reader.read.borrow();
        let text = str::from_utf8(&read).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for (n, line) in lines.iter().enumerate() {
            assert_eq!(line["seq"], n);
        }
        lines
    }
}

fn inv(entries: usize) -> EventKind {
    let item = Inventory { inv_type: InvType::WTX, hash: Hash([0; 32]) };
    EventKind::Announced(vec![Announcement::new(item, true, false); entries])
}

/// A transaction of so many outputs, told apart by one of them.
fn transaction(outputs: usize, number: i64) -> Tx {
    let mut values = vec![0; outputs];
    values[0] = number;
    tx(&legacy(2, &values))
}

fn arrived(tx: Tx) -> EventKind {
    EventKind::Tx { tx, latency: None }
}

fn told(lines: &[serde_json::Value], event: &str) -> usize {
    lines.iter().filter(|line| line["event"] == event).count()
}

/// 10.10: a peer that pushes large transactions waits, and all that an honest one brings is told. The reader
/// is much too slow for what the other one could bring.
#[test]
fn the_cause_of_a_backlog_waits_and_others_do_not() {
    let mut stage = Stage::new();
    let mut pushed = 0;
    for number in 0..300 {
        // As much as it may.
        for _ in 0..1000 {
            if stage.paused.contains(&HOSTILE) {
                break;
            }
            stage.event(HOSTILE, arrived(transaction(200, pushed)));
            pushed += 1;
        }
        stage.event(HONEST, arrived(transaction(1, number)));
        assert!(stage.paused.contains(&HOSTILE) && !stage.paused.contains(&HONEST));
        for _ in 0..3 {
            stage.step(16 << 10);
            stage.flow();
        }
    }
    stage.drain();
    assert!(stage.flow().contains(&HOSTILE));
    let lines = stage.lines();
    assert_eq!(told(&lines, "gap"), 0);
    assert_eq!(told(&lines, "tx"), 300 + usize::try_from(pushed).unwrap());
    let small = lines.iter().filter(|line| line["size"].as_u64().is_some_and(|size| size < 100)).count();
    assert_eq!(small, 300);
}

/// Its memory is bounded, whatever it makes in lines: a share and one event.
#[test]
fn a_peer_holds_its_share_and_one_event() {
    let mut stage = Stage::new();
    let large = transaction(8000, 0);
    let bytes = large.as_bytes().len();
    let pushed = stage.until_paused(HOSTILE, &arrived(large));
    assert_eq!(pushed, Backlog::SHARE / bytes + 1);
    // It is read again when half of it is written, and not before.
    let mut written = 0;
    let resumed = loop {
        if let Step::Written { is_awaited } = stage.step(usize::MAX) {
            assert!(is_awaited, "somebody waits");
            written += 1;
            let resumed = stage.flow();
            if !resumed.is_empty() {
                break resumed;
            }
        }
    };
    assert_eq!(resumed, [HOSTILE]);
    assert!((pushed - written) * bytes <= Backlog::SHARE / 2, "{written} of {pushed}");
    assert!((pushed - written + 1) * bytes > Backlog::SHARE / 2, "{written} of {pushed}");
}

/// A reader that reads nothing stops nobody for longer than it may; what is lost is told, and whose it was.
#[test]
fn a_reader_that_reads_nothing_loses_events_and_hears_whose() {
    let mut stage = Stage::new();
    stage.step(0);
    stage.until_paused(HOSTILE, &inv(100));
    stage.event(HONEST, inv(1));
    let stalls_at = stage.report.stalls_at().unwrap();
    assert!(stalls_at <= stage.now + STALLED);
    stage.now = stalls_at.checked_sub(Duration::from_micros(1)).unwrap();
    assert!(stage.flow().is_empty(), "it may still read");
    stage.now = stalls_at;
    assert_eq!(stage.flow(), [HOSTILE]);
    assert_eq!(stage.report.stalls_at(), None);

    // Now it is read, and what it brings is lost; of who holds little nothing is.
    for _ in 0..50 {
        stage.event(HOSTILE, inv(100));
        stage.event(HONEST, inv(1));
    }
    assert!(stage.paused.is_empty() && stage.lines().is_empty());

    // The first byte that is read makes it wait again.
    stage.step(1);
    stage.flow();
    stage.event(HONEST, inv(1));
    stage.drain();
    stage.flow();
    stage.drain();
    let lines = stage.lines();
    let gaps: Vec<_> = lines.iter().filter(|line| line["event"] == "gap").collect();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0]["dropped"], 5000);
    assert_eq!(gaps[0]["by_peer"], serde_json::json!([{"id": 1, "dropped": 5000}]));
    assert_eq!(gaps[0]["rest"], 0);
    assert_eq!(lines.len() - 2, stage.report.model().totals().announcements as usize - 5000);
}

/// All together hold so much and no more; who holds little can still bring something.
#[test]
fn all_together_are_bounded() {
    let mut stage = Stage::new();
    let large = transaction(60_000, 0);
    // As many connections as it takes, each read once: more than 114, as when they come and go.
    for conn in 10..1000 {
        stage.event(ConnId(conn), arrived(large.clone()));
    }
    let mut queue = stage.report.queue.lock();
    let waiting = queue.unwritten();
    assert!(waiting > 90 && queue.backlog.total() <= Backlog::TOTAL, "{waiting}");
    let gap = queue.backlog.take_gap(true).unwrap();
    assert_eq!(gap.dropped + waiting as u64, 991, "with the first line");
    assert_eq!(gap.by_peer.len(), Gap::NAMED);
    assert_eq!(gap.rest, gap.dropped - Gap::NAMED as u64);
    drop(queue);
    // A connection that lost something is not read before there is room, although it holds nothing.
    assert!(stage.paused.contains(&ConnId(999)) && stage.flow().is_empty());
    stage.event(HONEST, arrived(transaction(1, 1)));
    assert_eq!(stage.report.queue.lock().unwritten(), waiting + 1, "the small one finds room");
}

/// Together many could fill the room of all; so they wait earlier, and nothing of anybody is lost.
#[test]
fn many_that_hold_much_leave_room_for_others() {
    let mut stage = Stage::new();
    for conn in 10..124 {
        stage.until_paused(ConnId(conn), &inv(10));
    }
    let mut queue = stage.report.queue.lock();
    assert_eq!(queue.backlog.take_gap(true), None);
    assert!(queue.backlog.total() > Backlog::TOTAL / 4 * 3, "{}", queue.backlog.total());
    drop(queue);
    stage.event(HONEST, arrived(transaction(1, 1)));
    assert_eq!(stage.report.queue.lock().backlog.take_gap(true), None);
}

/// A connection that ends while it waits is not spoken of again.
#[test]
fn a_connection_that_ends_waits_no_more() {
    let mut stage = Stage::new();
    stage.until_paused(HOSTILE, &inv(1000));
    stage.paused.clear();
    let reason = satwire_core::CloseReason::Io(satwire_core::IoError::Ended);
    stage.event(HOSTILE, EventKind::Disconnected(reason));
    stage.drain();
    assert!(stage.flow().is_empty() && stage.report.stalls_at().is_none());
    assert_eq!(stage.report.queue.lock().backlog.total(), 0);
}

#[test]
fn the_end_tells_the_gap_without_room() {
    let mut stage = Stage::new();
    stage.now += STALLED;
    stage.flow();
    for _ in 0..200 {
        stage.event(HOSTILE, inv(1000));
    }
    let patience = Patience { stalled: Duration::ZERO, whole: Duration::ZERO };
    let Flushed::Late { lost } = stage.report.finish(AT, Traffic::default(), patience) else { panic!() };
    assert!((4..203).contains(&lost), "{lost}");
    stage.reader.takes.set(usize::MAX);
    while stage.writer.step().unwrap() != Step::Idle {}
    let read = stage.reader.read.borrow();
    let text = str::from_utf8(&read).unwrap();
    let events: Vec<_> = text.lines().map(|line| line.split("\"event\":").nth(1).unwrap()).collect();
    assert!(events[0].starts_with("\"start\""), "{}", events[0]);
    assert!(events[events.len() - 2].starts_with("\"gap\""), "{}", events[events.len() - 2]);
    assert!(events[events.len() - 1].starts_with("\"summary\""));
}
