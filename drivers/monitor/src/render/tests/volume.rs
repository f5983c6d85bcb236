//! How much a day of JSON lines is: the table in the README, from the lengths of real lines.

use super::*;

/// Transactions a second, about what a node announces at most (Bitcoin Core `INVENTORY_BROADCAST_PER_SECOND`).
const RATE: u64 = 14;
const DAY: u64 = 24 * 60 * 60;
/// Pings to a peer a day.
const PINGS: u64 = DAY / 120;

/// A payment as most are: two inputs and two outputs of P2WPKH, 208 vB.
fn payment() -> Tx {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2];
    for input in [0xa1, 0xa2] {
        bytes.extend([input; 32]);
        bytes.extend([1, 0, 0, 0, 0, 0xfd, 0xff, 0xff, 0xff]);
    }
    bytes.push(2);
    for output in [0xb1, 0xb2] {
        bytes.extend(1_234_567_i64.to_le_bytes());
        bytes.extend([22, 0, 20]);
        bytes.extend([output; 20]);
    }
    for _ in 0..2 {
        bytes.extend([2, 71]);
        bytes.extend([0x30; 71]);
        bytes.push(33);
        bytes.extend([0x02; 33]);
    }
    bytes.extend([0; 4]);
    tx(&bytes)
}

/// Bytes of one line about peer 57 at noon, its number included, among so many lines a day.
fn length(kind: EventKind, lines_a_day: u64) -> u64 {
    let mut model = Model::new(Network::Main, CLOCK, EventSet::usual(), true);
    let mut renderer = Renderer::new(Format::Json);
    renderer.entry(&model.start(Instant::ZERO), &mut Vec::new());
    model.event(connected(57, "203.0.113.57:8333", Direction::Outbound));
    let noon = Instant::from_micros(DAY / 2 * 1_000_000);
    let mut line = Vec::new();
    renderer.entry(&model.event(Event::new(noon, Some(ConnId(57)), kind)).unwrap(), &mut line);
    let line = text(line);
    assert_eq!(line.lines().count(), 1);
    assert!(line.contains("\"seq\":1,"));
    line.len() as u64 - 1 + u64::from((lines_a_day / 2).ilog10() + 1)
}

/// How a transaction spread among so many peers, in figures as long as they usually are.
fn late_spread(peers: u64) -> Propagation {
    let mut spread = spread();
    (spread.announcers, spread.listeners, spread.netgroups) = (peers as u32, peers as u32, peers as u32);
    spread.p50 = Duration::from_micros(2_123_456);
    (spread.p90, spread.max) = (2 * spread.p50, 3 * spread.p50);
    spread
}

/// Megabytes a day with so many peers, each of which announces all.
fn megabytes(peers: u64, with_announcements: bool) -> u64 {
    let txs = RATE * DAY;
    let announcements = if with_announcements { txs * peers } else { 0 };
    let lines = 2 * txs + announcements + PINGS * peers;
    let latency = Some(Duration::from_millis(85));
    let (rtt, min) = (Duration::from_micros(85_123), Duration::from_micros(80_456));
    let announcement = Announcement::new(item(1), false, false);
    let spread = EventKind::Propagation(Box::new(late_spread(peers)));
    let bytes = txs * length(EventKind::Tx { tx: payment(), latency }, lines)
        + txs * length(spread, lines)
        + announcements * length(EventKind::Announced(vec![announcement]), lines)
        + PINGS * peers * length(EventKind::Pong { rtt, min }, lines);
    bytes / 1_000_000
}

#[test]
fn a_day_is_as_large_as_the_readme_says() {
    let view = payment();
    assert_eq!((view.view().vsize(), view.as_bytes().len()), (208, 370));
    let gigabytes = |peers, with| {
        let tenths = (megabytes(peers, with) + 50) / 100;
        format!("{}.{} GB", tenths / 10, tenths % 10)
    };
    let table = format!(
        "| a day at {RATE} transactions a second | 8 peers | 100 peers |\n\
         |---|---|---|\n\
         | all events | {} | {} |\n\
         | without `tx_announced` | {} | {} |\n",
        gigabytes(8, true),
        gigabytes(100, true),
        gigabytes(8, false),
        gigabytes(100, false)
    );
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    assert!(readme.contains(&table), "the README should say:\n{table}");
}
