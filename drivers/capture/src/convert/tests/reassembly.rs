//! The reassembly, rule by rule.

use super::*;
use crate::convert::reassembly::{ACK_SLACK, GAP, WINDOW};

/// A handshake from A (number 100) to B (number 500).
fn opened<'a>(rest: &[Segment<'a>]) -> Vec<Segment<'a>> {
    [&[syn(100), syn_ack(500, 101)], rest].concat()
}

/// Returns what comes of it after the line that says that it was opened, without times.
fn story(rest: &[Segment<'_>]) -> Vec<String> {
    let mut lines = untimed(&reassemble(&opened(rest)));
    assert_eq!(lines.remove(0), "1 opened");
    lines
}

fn untimed(events: &[CaptureEvent]) -> Vec<String> {
    lines(events).iter().map(|line| line.split_once(": ").unwrap().1.to_string()).collect()
}

fn acking(ack: u32, segment: Segment<'_>) -> Segment<'_> {
    Segment { ack: Some(ack), ..segment }
}

#[test]
fn a_connection_from_its_first_packet_to_its_last() {
    let fin = Segment { fin: true, ..plain(104, b"") };
    let end = Segment { fin: true, ..answer(503, b"!") };
    let segments = opened(&[plain(101, b"one"), answer(501, b"to"), fin, acking(105, end)]);
    assert_eq!(
        lines(&reassemble(&segments)),
        ["2 ms: 1 opened", "3 ms: 1 > one", "4 ms: 1 < to", "5 ms: 1 > finished", "6 ms: 1 < !"]
    );
}

#[test]
fn nothing_is_told_twice_and_the_first_copy_counts() {
    let retransmitted = [plain(101, b"abc"), plain(101, b"abc"), plain(101, b"abcdef"), plain(103, b"XXXg")];
    assert_eq!(story(&retransmitted), ["1 > abc", "1 > def"]);
    // After a gap as well: of what waits, the first copy of each byte.
    let overlapping = [
        plain(105, b"ef"),
        plain(103, b"CDEFGH"),
        plain(101, b"ab"),
        plain(101, b"AB"),
        plain(110, b"j"),
        plain(108, b"hiJ"),
    ];
    assert_eq!(story(&overlapping), ["1 > ab", "1 > CD", "1 > ef", "1 > GH", "1 > i", "1 > j"]);
}

#[test]
fn keepalives_are_no_data() {
    let keepalives =
        [plain(101, b"a"), plain(101, b"\0"), plain(101, b""), plain(102, b"b"), plain(102, b"")];
    assert_eq!(story(&keepalives), ["1 > a", "1 > b"]);
}

#[test]
fn order_is_that_of_the_numbers_and_time_that_of_the_packet_that_completes() {
    let reordered = opened(&[plain(107, b"last"), plain(101, b"one"), answer(501, b"x"), plain(104, b"two")]);
    assert_eq!(
        lines(&reassemble(&reordered)),
        ["2 ms: 1 opened", "4 ms: 1 > one", "5 ms: 1 < x", "6 ms: 1 > two", "6 ms: 1 > last"]
    );
}

/// The part that follows a gap has its own time, though the gap is declared later, and comes before what is later.
#[test]
fn a_gap_that_was_acknowledged_is_a_loss() {
    let second = |n: u64, segment| Segment { time: n * 1_000_000, ..segment };
    let segments = [
        second(1, syn(100)),
        second(1, syn_ack(500, 101)),
        second(2, plain(111, b"after")),
        second(3, acking(116, answer(501, b"x"))),
        second(20, plain(116, b"end")),
    ];
    let expected = [
        "1000 ms: 1 opened",
        "2000 ms: 1 > lost 10",
        "2000 ms: 1 > after",
        "3000 ms: 1 < x",
        "20000 ms: 1 > end",
    ];
    assert_eq!(lines(&reassemble_at(&segments)), expected);
    // It is told as soon as the slack is over, not at the end.
    let mut machine = Reassembler::new();
    for segment in &segments[..4] {
        machine.segment(segment);
    }
    assert_eq!(std::iter::from_fn(|| machine.poll()).count(), 1);
    let later = Segment { time: 3_000_000 + ACK_SLACK, ..acking(0, answer(502, b"")) };
    machine.segment(&later);
    assert_eq!(std::iter::from_fn(|| machine.poll()).count(), 0);
    machine.segment(&Segment { time: later.time + 1, ..later });
    assert_eq!(std::iter::from_fn(|| machine.poll()).count(), 3);
}

#[test]
fn a_segment_captured_after_its_acknowledgement_is_no_loss() {
    let late = [plain(104, b"two"), acking(107, answer(501, b"x")), plain(101, b"one")];
    assert_eq!(story(&late), ["1 < x", "1 > one", "1 > two"]);
}

#[test]
fn a_gap_that_nobody_acknowledged_is_filled_by_a_retransmission_or_given_up() {
    let minute = |n: u64, segment| Segment { time: n * GAP, ..segment };
    let waits = [minute(1, syn(100)), minute(1, syn_ack(500, 101)), minute(1, plain(104, b"two"))];
    let filled = [&waits[..], &[minute(2, plain(101, b"one"))]].concat();
    assert_eq!(untimed(&reassemble_at(&filled)), ["1 opened", "1 > one", "1 > two"]);
    let late = [&waits[..], &[minute(3, plain(101, b"one"))]].concat();
    assert_eq!(untimed(&reassemble_at(&late)), ["1 opened", "1 > lost 3", "1 > two"]);
}

#[test]
fn at_the_end_gaps_and_what_was_acknowledged_are_losses() {
    assert_eq!(
        story(&[plain(104, b"two"), plain(117, b"x")]),
        ["1 > lost 3", "1 > two", "1 > lost 10", "1 > x"]
    );
    assert_eq!(
        story(&[plain(101, b"one"), acking(140, answer(501, b"x"))]),
        ["1 > one", "1 < x", "1 > lost 36"]
    );
    let fin = Segment { fin: true, ..plain(106, b"") };
    assert_eq!(story(&[plain(101, b"one"), fin]), ["1 > one", "1 > lost 2", "1 > finished"]);
}

#[test]
fn what_was_not_captured_of_a_packet_is_lost_at_once() {
    let cut = Segment { length: 10, ..plain(101, b"abcd") };
    assert_eq!(story(&[cut, plain(111, b"x")]), ["1 > abcd", "1 > lost 6", "1 > x"]);
    let header_only = Segment { length: 10, ..plain(104, b"") };
    assert_eq!(
        story(&[header_only, plain(101, b"abc"), plain(114, b"x")]),
        ["1 > abc", "1 > lost 10", "1 > x"]
    );
}

#[test]
fn numbers_wrap_around() {
    let start = u32::MAX - 3;
    let segments = [
        syn(start),
        syn_ack(u32::MAX, start + 1),
        plain(0, b"de"),
        plain(start + 1, b"abc"),
        answer(0, b"x"),
        plain(2, b"f"),
    ];
    assert_eq!(untimed(&reassemble(&segments)), ["1 opened", "1 > abc", "1 > de", "1 < x", "1 > f"]);
}

#[test]
fn a_connection_without_its_beginning_is_adopted() {
    // The end that is seen first is the dialler, as far as known; what comes out of order at first is put right.
    let segments = [answer(9000, b"world"), answer(8995, b"hello"), plain(70, b"a"), plain(71, b"b")];
    assert_eq!(
        lines(&reassemble(&segments)),
        ["1 ms: 1 adopted", "2 ms: 1 > hello", "2 ms: 1 > world", "3 ms: 1 < a", "4 ms: 1 < b"]
    );
    // Without bytes there is nothing to adopt.
    assert!(reassemble(&[plain(1, b""), answer(1, b""), Segment { rst: true, ..plain(5, b"") }]).is_empty());
}

#[test]
fn handshakes_of_which_a_part_is_missing() {
    // No answer seen: what follows the SYN shows that there was one.
    assert_eq!(untimed(&reassemble(&[syn(100), acking(501, plain(101, b""))])), ["1 opened"]);
    assert_eq!(untimed(&reassemble(&[syn(100), acking(101, answer(501, b"hi"))])), ["1 opened", "1 < hi"]);
    // Only the answer: who gets it has dialled.
    assert_eq!(
        untimed(&reassemble(&[syn_ack(500, 101), answer(501, b"hi"), plain(101, b"x")])),
        ["1 opened", "1 < hi", "1 > x"]
    );
    // The first bytes are missing: the SYN says how many.
    assert_eq!(untimed(&reassemble(&[syn(100), plain(111, b"x")])), ["1 opened", "1 > lost 10", "1 > x"]);
    // Refused.
    let refused = Segment { rst: true, ack: Some(101), ..answer(0, b"") };
    assert!(reassemble(&[syn(100), refused, syn(100), refused]).is_empty());
}

#[test]
fn both_may_dial_at_once() {
    let segments = [
        syn(100),
        Segment { syn: true, ..answer(500, b"") },
        Segment { syn: true, ack: Some(501), ..plain(100, b"") },
        syn_ack(500, 101),
        plain(101, b"a"),
        answer(501, b"b"),
    ];
    assert_eq!(untimed(&reassemble(&segments)), ["1 opened", "1 > a", "1 < b"]);
}

#[test]
fn a_syn_that_comes_twice_opens_one_connection() {
    let segments =
        [syn(100), syn(100), syn_ack(500, 101), syn(100), syn_ack(500, 101), plain(101, b"a"), syn(100)];
    assert_eq!(untimed(&reassemble(&segments)), ["1 opened", "1 > a"]);
    let late = [plain(101, b"a"), syn(100), syn_ack(500, 101), plain(102, b"b"), answer(501, b"c")];
    assert_eq!(untimed(&reassemble(&late)), ["1 adopted", "1 > a", "1 > b", "1 < c"]);
}

#[test]
fn ports_are_used_again() {
    let fin = Segment { fin: true, ..plain(102, b"") };
    let again = |first: &[Segment<'static>]| {
        let second = [
            syn(7_000_000),
            syn_ack(90_000_000, 7_000_001),
            plain(7_000_001, b"new"),
            answer(90_000_001, b"x"),
        ];
        untimed(&reassemble(&[&opened(&[plain(101, b"a")]), first, &second].concat()))
    };
    assert_eq!(again(&[fin]), ["1 opened", "1 > a", "1 > finished", "2 opened", "2 > new", "2 < x"]);
    assert_eq!(again(&[]), ["1 opened", "1 > a", "1 replaced", "2 opened", "2 > new", "2 < x"]);
    assert_eq!(
        again(&[plain(105, b"gap")]),
        ["1 opened", "1 > a", "1 > lost 3", "1 > gap", "1 replaced", "2 opened", "2 > new", "2 < x"]
    );
    // A SYN that nobody answers changes nothing.
    assert_eq!(story(&[plain(101, b"a"), syn(7_000_000), plain(102, b"b")]), ["1 > a", "1 > b"]);
    // Nor does one whose answer is for another.
    assert_eq!(
        story(&[plain(101, b"a"), syn(7_000_000), syn_ack(9, 55), plain(102, b"b")]),
        ["1 > a", "1 > b"]
    );
    // After the end, without a SYN.
    let far = 101 + 2 * WINDOW as u32;
    assert_eq!(
        story(&[fin, plain(101, b"a"), plain(far, b"b")]),
        ["1 > a", "1 > finished", "2 adopted", "2 > b"]
    );
}

#[test]
fn a_reset_ends_it_and_what_was_under_way_is_still_told() {
    let reset = |seq| Segment { rst: true, ..plain(seq, b"") };
    assert_eq!(
        story(&[plain(101, b"a"), reset(102), answer(501, b"b"), reset(102)]),
        ["1 > a", "1 > reset", "1 < b"]
    );
    // Captured out of order, it waits for what comes before it.
    assert_eq!(story(&[reset(102), plain(101, b"a")]), ["1 > a", "1 > reset"]);
    // One with a number far away is none.
    assert_eq!(story(&[reset(3_000_000_000), plain(101, b"a")]), ["1 > a"]);
    // An end that was never heard of may reset too.
    assert_eq!(untimed(&reassemble(&[answer(501, b"b"), reset(7)])), ["1 adopted", "1 > b", "1 < reset"]);
}

#[test]
fn numbers_that_jump_are_errors_or_losses() {
    let far = 101 + WINDOW as u32 * 9;
    // One alone, and the stream goes on: an error.
    assert_eq!(story(&[plain(101, b"a"), plain(far, b"?"), plain(102, b"b")]), ["1 > a", "1 > b"]);
    // Two: it goes on there, also if they came in the wrong order.
    let jump = [plain(101, b"a"), plain(far + 1, b"y"), plain(far, b"x"), plain(far + 2, b"z")];
    assert_eq!(story(&jump), ["1 > a", "1 > lost ?", "1 > x", "1 > y", "1 > z"]);
    // One, and nothing else: bytes all the same.
    assert_eq!(story(&[plain(101, b"a"), plain(far, b"x")]), ["1 > a", "1 > lost ?", "1 > x"]);
    // Backwards as well.
    let back = [plain(101, b"a"), plain(101_u32.wrapping_sub(WINDOW as u32 + 9), b"x")];
    assert_eq!(story(&back), ["1 > a", "1 > lost ?", "1 > x"]);
}

#[test]
fn connections_do_not_mix() {
    let other = |segment: Segment<'static>| {
        let swap = |addr: SocketAddr| {
            if addr == SocketAddr::from(A) { SocketAddr::from((A.0, 50_001)) } else { addr }
        };
        Segment { from: swap(segment.from), to: swap(segment.to), ..segment }
    };
    let segments = [
        syn(100),
        other(syn(100)),
        other(syn_ack(500, 101)),
        syn_ack(500, 101),
        plain(101, b"a"),
        other(plain(102, b"y")),
        answer(501, b"b"),
        other(plain(101, b"x")),
        other(answer(501, b"z")),
    ];
    assert_eq!(
        untimed(&reassemble(&segments)),
        ["1 opened", "2 opened", "2 > a", "2 < b", "1 > x", "1 > y", "1 < z"]
    );
}

#[test]
fn time_never_runs_backwards() {
    let at = |time, segment| Segment { time, ..segment };
    let segments = [
        at(9000, syn(100)),
        at(2000, syn_ack(500, 101)),
        at(5000, plain(101, b"a")),
        at(10_000, plain(102, b"b")),
    ];
    assert_eq!(lines(&reassemble_at(&segments)), ["9 ms: 1 opened", "9 ms: 1 > a", "10 ms: 1 > b"]);
}
