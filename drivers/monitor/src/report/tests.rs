//! What a slow reader misses is counted, and told.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use satwire_core::node::{Announcement, ConnId, EventKind};
use satwire_core::wire::{Hash, InvType, Inventory};
use satwire_core::{Network, WallClock};

use super::*;
use crate::cli::Format;
use crate::output::tests::{Pipe, pipe, wait_until};

const PATIENCE: Patience = Patience { stalled: Duration::from_secs(60), whole: Duration::from_secs(60) };

fn report(pipe: Pipe, limit: usize) -> Report {
    let renderer = Renderer::new(Format::Json, Network::Regtest, WallClock::default(), false);
    let printer = Printer::start(pipe, limit, || ()).unwrap();
    Report::new(renderer, printer, Instant::ZERO)
}

fn inv(entries: usize) -> Event {
    let item = Inventory { inv_type: InvType::WTX, hash: Hash([0; 32]) };
    let announcement = Announcement { item, first: true, requested: false };
    Event {
        at: Instant::ZERO,
        conn: Some(ConnId(1)),
        kind: EventKind::Announced(vec![announcement; entries]),
    }
}

fn lines(read: &Arc<Mutex<Vec<u8>>>) -> Vec<serde_json::Value> {
    let read = read.lock().unwrap();
    let text = str::from_utf8(&read).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "half a line: {text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_slow_reader_gets_gaps_and_no_holes() {
    let (reader, pipe) = pipe();
    let mut report = report(pipe, 4000);
    for _ in 0..10 {
        // About 1700 bytes.
        report.event(&inv(10));
        report.flush(Instant::ZERO);
    }
    let read = reader.open();
    // A gap is told as soon as there is room, even if nothing happens.
    wait_until(|| {
        report.flush(Instant::ZERO);
        lines(&read).iter().any(|line| line["event"] == "gap")
    });
    report.event(&inv(1));
    assert_eq!(report.finish(Instant::ZERO, Traffic::default(), PATIENCE), Flushed::All);

    let lines = lines(&read);
    for (n, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], n);
    }
    let gaps: Vec<_> = lines.iter().filter(|line| line["event"] == "gap").collect();
    let printed = lines.iter().filter(|line| line["event"] == "tx_announced").count();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0]["dropped"], 101 - printed);
    assert_eq!(
        (lines[0]["event"].as_str(), lines[1]["event"].as_str()),
        (Some("start"), Some("tx_announced"))
    );
    assert_eq!(lines.last().unwrap()["event"], "summary");
    assert_eq!(lines.last().unwrap()["announcements"], 101);
}

#[test]
fn the_end_tells_the_gap_without_room() {
    let (reader, pipe) = pipe();
    let mut report = report(pipe, 10);
    report.event(&inv(5));
    let read = reader.open();
    assert_eq!(report.finish(Instant::ZERO, Traffic::default(), PATIENCE), Flushed::All);
    let events: Vec<_> = lines(&read).iter().map(|line| line["event"].to_string()).collect();
    assert_eq!(events, ["\"start\"", "\"gap\"", "\"summary\""]);
}

#[test]
fn a_burst_is_handed_on_before_it_is_over() {
    let (reader, pipe) = pipe();
    let mut report = report(pipe, 1 << 20);
    report.event(&inv(1000));
    assert!(report.lines.is_empty());
    reader.answer(Err(io::ErrorKind::BrokenPipe.into()));
    wait_until(|| report.failure() == Some(Failure::ReaderGone));
}
