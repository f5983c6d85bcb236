//! Captures that want memory: each bound by itself.

use super::*;
use crate::convert::reassembly::{CONNECTIONS, HALF_OPEN, HELD, STREAM, STREAM_PIECES};

/// A segment between ends that nobody else uses.
fn elsewhere(number: u32, segment: Segment<'_>) -> Segment<'_> {
    let [a, b, c, d] = number.to_be_bytes();
    let end = SocketAddr::from(([10 + a, b, c, d], 40_000));
    let swap = |addr| if addr == SocketAddr::from(A) { end } else { addr };
    Segment { from: swap(segment.from), to: swap(segment.to), ..segment }
}

fn drain(machine: &mut Reassembler) -> Vec<CaptureEvent> {
    std::iter::from_fn(|| machine.poll()).collect()
}

#[test]
fn ten_thousand_half_open_connections_say_nothing_and_the_last_ones_can_open() {
    let mut machine = Reassembler::new();
    for number in 0..10_000 {
        machine.segment(&elsewhere(number, syn(number)));
        assert!(machine.known().1 <= HALF_OPEN);
    }
    assert!(drain(&mut machine).is_empty());
    assert_eq!(machine.known(), (0, HALF_OPEN));
    // The oldest had to go: its answer alone opens nothing, while the newest opens.
    machine.segment(&elsewhere(9_999, syn_ack(1, 10_000)));
    assert_eq!(lines(&drain(&mut machine)), ["0 ms: 1 opened"]);
    machine.segment(&elsewhere(0, syn_ack(1, 1)));
    assert!(drain(&mut machine).is_empty());
}

/// SYNs of one pair of addresses, each with another number: one handshake.
#[test]
fn a_megabyte_of_syns_is_one_handshake() {
    let mut machine = Reassembler::new();
    for number in 0..20_000 {
        machine.segment(&syn(number));
        assert_eq!(machine.known(), (0, 1));
    }
    machine.segment(&syn_ack(1, 20_000));
    assert_eq!(lines(&drain(&mut machine)), ["0 ms: 1 opened"]);
}

#[test]
fn connections_are_forgotten_when_there_are_too_many() {
    let mut machine = Reassembler::new();
    let (mut opened, mut forgotten) = (0, Vec::new());
    for number in 0..CONNECTIONS as u32 + 10 {
        let second = u64::from(number) * 10;
        machine.segment(&Segment { time: second, ..elsewhere(number, syn(1)) });
        machine.segment(&Segment { time: second + 1, ..elsewhere(number, syn_ack(1, 2)) });
        // The first of all is never silent.
        machine.segment(&Segment { time: second + 2, ..elsewhere(0, plain(2 + number, b"x")) });
        for event in drain(&mut machine) {
            match event {
                CaptureEvent::Opened { .. } => opened += 1,
                CaptureEvent::Closed { conn, how: Ended::Forgotten, .. } => forgotten.push(conn.0),
                CaptureEvent::Bytes { conn, .. } => assert_eq!(conn, ConnId(1)),
                other => panic!("{other:?}"),
            }
        }
        assert!(machine.known().0 <= CONNECTIONS);
    }
    assert_eq!(opened, CONNECTIONS + 10);
    assert_eq!(forgotten, (2..2 + CONNECTIONS as u64 / 4).collect::<Vec<_>>());
}

/// One stream with a gap keeps only so many bytes after it.
#[test]
fn a_gap_is_given_up_when_its_stream_has_too_much_after_it() {
    let mut machine = Reassembler::new();
    for segment in [syn(100), syn_ack(500, 101)] {
        machine.segment(&segment);
    }
    let payload = vec![7; 60_000];
    let (mut seq, mut most, mut lost, mut bytes) = (111_u32, 0, 0, 0);
    for _ in 0..300 {
        machine.segment(&plain(seq, &payload));
        seq += 60_000;
        most = most.max(machine.held());
        for event in drain(&mut machine) {
            match event {
                CaptureEvent::Lost { bytes, .. } => lost += bytes.unwrap(),
                CaptureEvent::Bytes { bytes: more, .. } => bytes += more.len(),
                _ => {}
            }
        }
    }
    assert!(most > STREAM / 2 && most <= STREAM + 60_000 + 200, "{most}");
    assert_eq!((lost, bytes), (10, 300 * 60_000));
}

#[test]
fn a_gap_is_given_up_when_its_stream_has_too_many_parts_after_it() {
    let mut machine = Reassembler::new();
    for segment in [syn(100), syn_ack(500, 101)] {
        machine.segment(&segment);
    }
    let mut told = 0;
    // Every second byte.
    for number in 0..STREAM_PIECES as u32 + 100 {
        machine.segment(&plain(102 + 2 * number, b"x"));
        told += drain(&mut machine).len();
        assert!(machine.held() <= (STREAM_PIECES + 2) * 129);
    }
    // A loss and a byte each; the last pair waits, as the stream does.
    assert_eq!(told, 1 + 2 * 99);
}

/// Many streams that each wait for a byte, and one that talks on.
#[test]
fn all_streams_together_hold_no_more_than_their_bound() {
    let mut machine = Reassembler::new();
    let payload = vec![7; 60_000];
    let (mut most, mut lost, mut bytes) = (0, 0, 0);
    let mut sent = 0;
    for number in 0..2_000 {
        machine.segment(&elsewhere(number, syn(100)));
        machine.segment(&elsewhere(number, syn_ack(500, 101)));
        // After a gap here, without one there; and one far away.
        machine.segment(&elsewhere(number, plain(111, &payload)));
        machine.segment(&elsewhere(number, answer(501, &payload)));
        machine.segment(&elsewhere(number, answer(2_000_000_000, &payload)));
        sent += 3;
        most = most.max(machine.held());
        for event in drain(&mut machine) {
            match event {
                CaptureEvent::Lost { .. } => lost += 1,
                CaptureEvent::Bytes { .. } => bytes += 1,
                _ => {}
            }
        }
    }
    assert!(most > HELD / 2 && most <= HELD, "{most}");
    machine.finish();
    for event in drain(&mut machine) {
        match event {
            CaptureEvent::Lost { .. } => lost += 1,
            CaptureEvent::Bytes { .. } => bytes += 1,
            _ => {}
        }
    }
    assert_eq!((bytes, lost), (sent, 4_000));
    assert_eq!(machine.held(), 0);
}

/// Small things count with what is around them.
#[test]
fn a_byte_at_a_time_is_no_way_around_the_bound() {
    let mut machine = Reassembler::new();
    machine.segment(&elsewhere(1, plain(1, b"x")));
    for number in 0..1_000_000 {
        machine.segment(&plain(101 + number, b"x"));
        assert!(machine.held() <= HELD);
        drain(&mut machine);
    }
}

/// A file that is mostly zeros unpacks to gigabytes: it is read as it comes, and refused or passed over.
#[test]
fn a_zip_bomb_is_read_in_little_memory() {
    // A block of four gigabytes that says nothing, in a pcapng file; as much as comes of it.
    let start =
        [files::section(files::Order::Little), [9, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff].to_vec()].concat();
    let zeros = std::io::Read::take(std::io::repeat(0), 200 << 20);
    let bomb = std::io::Read::chain(std::io::Cursor::new(start), zeros);
    let said = Capture::from_reader(bomb).unwrap().next().unwrap().unwrap_err().to_string();
    assert!(said.ends_with("the file ends in a block: 209715200 of 4294967280 bytes"), "{said}");
    // A packet that claims more than there is reserves no more than there is.
    let start = files::pcap(files::Order::Little, false, 1, &[(0, b"", 0)]);
    let said =
        Capture::from_reader(std::io::Cursor::new(files::gzip(&[&start[..], &vec![0; 1 << 20]].concat())));
    assert!(said.unwrap().filter(Result::is_err).count() <= 1);
}
