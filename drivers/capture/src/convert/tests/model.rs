//! The reassembly against what was sent: random streams, cut, repeated, reordered and dropped at random.

use proptest::prelude::*;

use super::rewrite::{Dice, Harm, harm};
use super::*;

/// The parts that a reader of a stream gets: runs of bytes, and losses between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Heard(Vec<Result<Vec<u8>, u64>>);

impl Heard {
    fn bytes(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(Ok(run)) => run.extend_from_slice(bytes),
            _ if bytes.is_empty() => {}
            _ => self.0.push(Ok(bytes.into())),
        }
    }

    fn lost(&mut self, count: u64) {
        match self.0.last_mut() {
            Some(Err(lost)) => *lost += count,
            _ => self.0.push(Err(count)),
        }
    }
}

/// A segment by numbers, its bytes elsewhere.
#[derive(Clone, Copy, Debug)]
struct Sent {
    conn: usize,
    direction: Direction,
    start: usize,
    end: usize,
    /// How many bytes of it are captured.
    captured: usize,
    fin: bool,
}

struct World {
    streams: Vec<[Vec<u8>; 2]>,
    starts: Vec<[u32; 2]>,
    adopted: bool,
}

impl World {
    fn new(conns: usize, longest: u64, adopted: bool, dice: &mut Dice) -> Self {
        let mut stream = || {
            let length = dice.below(longest + 1);
            (0..length).map(|_| dice.below(256) as u8).collect::<Vec<_>>()
        };
        let streams: Vec<_> = (0..conns).map(|_| [stream(), stream()]).collect();
        // Near the end, so that numbers wrap around, or anywhere.
        let mut start = || {
            if dice.falls(50) {
                u32::MAX - dice.below(longest + 1) as u32
            } else {
                dice.below(1 << 32) as u32
            }
        };
        let starts = (0..conns).map(|_| [start(), start()]).collect();
        Self { streams, starts, adopted }
    }

    /// All streams as segments, mixed as if they were sent at once.
    ///
    /// In percent: `again` of them repeat bytes before them, `cut` are captured in part. Where both happen, what
    /// was cut first counts as lost.
    fn segments(&self, again: u64, cut: u64, dice: &mut Dice) -> Vec<Sent> {
        let mut queues = Vec::new();
        for (conn, streams) in self.streams.iter().enumerate() {
            for direction in Direction::BOTH {
                let length = streams[direction as usize].len();
                let mut queue = std::collections::VecDeque::new();
                let mut start = 0;
                while start < length {
                    let from = if dice.falls(again) {
                        start - dice.below(start.min(20) as u64 + 1) as usize
                    } else {
                        start
                    };
                    let end = (start + 1 + dice.below(60) as usize).min(length);
                    let captured =
                        if dice.falls(cut) { dice.below((end - from) as u64) as usize } else { end - from };
                    queue.push_back(Sent { conn, direction, start: from, end, captured, fin: false });
                    start = end;
                }
                queue.push_back(Sent { conn, direction, start: length, end: length, captured: 0, fin: true });
                queues.push(queue);
            }
        }
        let mut sent = Vec::new();
        while !queues.is_empty() {
            let at = dice.below(queues.len() as u64) as usize;
            match queues[at].pop_front() {
                Some(segment) => sent.push(segment),
                None => drop(queues.swap_remove(at)),
            }
        }
        sent
    }

    fn addresses(conn: usize, direction: Direction) -> (SocketAddr, SocketAddr) {
        let ends = (SocketAddr::from((A.0, 1000 + conn as u16)), SocketAddr::from(B));
        if direction == Direction::Forward { ends } else { (ends.1, ends.0) }
    }

    fn segment(&self, sent: &Sent, acked: usize) -> Segment<'_> {
        let (from, to) = Self::addresses(sent.conn, sent.direction);
        let number = |direction: Direction, at: usize| {
            self.starts[sent.conn][direction as usize].wrapping_add(1).wrapping_add(at as u32)
        };
        Segment {
            from,
            to,
            ack: Some(number(sent.direction.reverse(), acked)),
            fin: sent.fin,
            length: (sent.end - sent.start) as u32,
            ..plain(
                number(sent.direction, sent.start),
                &self.streams[sent.conn][sent.direction as usize][sent.start..sent.start + sent.captured],
            )
        }
    }

    /// Returns what can be heard of a stream of which these segments are left.
    fn expected(&self, conn: usize, direction: Direction, left: &[Sent]) -> Heard {
        let stream = &self.streams[conn][direction as usize];
        let mut known = vec![false; stream.len()];
        for sent in left.iter().filter(|sent| sent.conn == conn && sent.direction == direction) {
            known[sent.start..sent.start + sent.captured].fill(true);
        }
        let mut heard = Heard::default();
        for (byte, known) in stream.iter().zip(known) {
            if known { heard.bytes(&[*byte]) } else { heard.lost(1) }
        }
        heard
    }
}

/// Runs the machine over what is left, and compares what it tells with what was sent.
fn check(world: &World, left: &[Sent]) {
    let mut segments = Vec::new();
    if !world.adopted {
        for (conn, starts) in world.starts.iter().enumerate() {
            let (from, to) = World::addresses(conn, Direction::Forward);
            segments.push(Segment { from, to, ..syn(starts[0]) });
            segments.push(Segment { from: to, to: from, ..syn_ack(starts[1], starts[0].wrapping_add(1)) });
        }
    }
    // Each side acknowledges all that has come to it in order, before packets went astray.
    let mut furthest = vec![[0; 2]; world.streams.len()];
    for sent in left {
        let ends = &mut furthest[sent.conn];
        segments.push(world.segment(sent, ends[sent.direction.reverse() as usize]));
        ends[sent.direction as usize] = ends[sent.direction as usize].max(sent.end);
    }
    // So fast that no gap is given up before the end.
    let spaced: Vec<_> =
        segments.iter().zip(1..).map(|(segment, n)| Segment { time: n * 10, ..*segment }).collect();
    let mut heard = vec![[Heard::default(), Heard::default()]; world.streams.len()];
    let mut conns = std::collections::BTreeMap::new();
    for event in reassemble_at(&spaced) {
        match event {
            CaptureEvent::Opened { conn, from, to, adopted, .. } => {
                assert_eq!(adopted, world.adopted);
                let number = (0..heard.len()).find(|number| {
                    let (a, b) = World::addresses(*number, Direction::Forward);
                    [&from, &to]
                        .iter()
                        .all(|end| [a, b].iter().any(|addr| **end == crate::convert::End::At((*addr).into())))
                });
                let forward = from
                    == crate::convert::End::At(
                        World::addresses(number.unwrap(), Direction::Forward).0.into(),
                    );
                assert!(conns.insert(conn, (number.unwrap(), forward)).is_none());
            }
            CaptureEvent::Bytes { conn, direction, bytes, .. } => {
                let (number, forward) = conns[&conn];
                heard[number][usize::from((direction == Direction::Forward) != forward)].bytes(&bytes);
            }
            CaptureEvent::Lost { conn, direction, bytes, .. } => {
                let (number, forward) = conns[&conn];
                heard[number][usize::from((direction == Direction::Forward) != forward)].lost(bytes.unwrap());
            }
            _ => {}
        }
    }
    for (conn, heard) in heard.iter().enumerate() {
        for direction in Direction::BOTH {
            let mut expected = world.expected(conn, direction, left);
            // Of an adopted stream nobody knows what came before its first byte.
            if world.adopted && matches!(expected.0.first(), Some(Err(_))) {
                drop(expected.0.remove(0));
            }
            assert_eq!(heard[direction as usize], expected, "connection {conn} {direction:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_sent_is_heard(seed: u64, conns in 1_usize..6, longest in 0_u64..2000, repeated in 0_u64..40,
                              moved in 0_u64..60, distance in 0_u64..50) {
        let mut dice = Dice(seed);
        let world = World::new(conns, longest, false, &mut dice);
        let sent = world.segments(10, 0, &mut dice);
        let left = harm(&sent, Harm { dropped: 0, repeated, moved, distance }, &mut dice, |_| true);
        for conn in 0..conns {
            for direction in Direction::BOTH {
                prop_assert!(world.expected(conn, direction, &left).0.iter().all(Result::is_ok));
            }
        }
        check(&world, &left);
    }

    #[test]
    fn what_was_dropped_is_the_loss(seed: u64, conns in 1_usize..6, longest in 0_u64..2000, dropped in 1_u64..60,
                                    cut in prop_oneof![Just(0_u64), 1_u64..20], repeated in 0_u64..20, moved in 0_u64..40, distance in 0_u64..30) {
        let mut dice = Dice(seed);
        let world = World::new(conns, longest, false, &mut dice);
        let (again, repeated) = if cut == 0 { (10, repeated) } else { (0, 0) };
        let sent = world.segments(again, cut, &mut dice);
        let left = harm(&sent, Harm { dropped, repeated, moved, distance }, &mut dice, |sent| sent.fin);
        check(&world, &left);
    }

    #[test]
    fn a_capture_that_starts_in_the_middle_gives_what_follows(seed: u64, conns in 1_usize..4, longest in 1_u64..2000,
                                                              dropped in 0_u64..30, moved in 0_u64..40, distance in 0_u64..30) {
        let mut dice = Dice(seed);
        let world = World::new(conns, longest, true, &mut dice);
        let sent = world.segments(10, 0, &mut dice);
        let middle = dice.below(sent.len() as u64) as usize;
        let (ends, rest): (Vec<Sent>, Vec<Sent>) = sent[middle..].iter().copied().partition(|sent| sent.fin);
        let mut left = harm(&rest, Harm { dropped, repeated: 0, moved, distance }, &mut dice, |_| false);
        // A connection of which only the end is left is none.
        let has_bytes = |conn: usize| left.iter().any(|sent| sent.conn == conn);
        let ends: Vec<_> = ends.into_iter().filter(|sent| has_bytes(sent.conn)).collect();
        left.extend(ends);
        check(&world, &left);
    }
}
