//! Packets as a bad network, or a bad capture, leaves them: dropped, repeated, out of order, by a seed.

use super::*;

/// Numbers that look random, the same for a seed on every machine (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    /// True `percent` times of a hundred.
    pub(super) fn falls(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// The harm that is done to packets: each in percent of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Harm {
    pub(super) dropped: u64,
    pub(super) repeated: u64,
    /// Moved back by up to `distance` packets.
    pub(super) moved: u64,
    pub(super) distance: u64,
}

/// Harms items; those for which `keep` is true are never dropped.
pub(super) fn harm<T: Clone>(items: &[T], harm: Harm, dice: &mut Dice, keep: impl Fn(&T) -> bool) -> Vec<T> {
    let mut placed = Vec::new();
    for (place, item) in items.iter().enumerate() {
        if dice.falls(harm.dropped) && !keep(item) {
            continue;
        }
        for _ in 0..=u64::from(dice.falls(harm.repeated)) {
            let moved = if dice.falls(harm.moved) { dice.below(harm.distance + 1) } else { 0 };
            placed.push((place as u64 + moved, item.clone()));
        }
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, item)| item).collect()
}

/// A pcap file with its packets harmed. Those that remain have, one after the other, the times that there were;
/// none moves past a pause of a tenth of a second.
pub(super) fn rewrite(pcap: &[u8], harm_: Harm, dice: &mut Dice) -> Vec<u8> {
    let (header, mut rest) = pcap.split_at(24);
    let mut records = Vec::new();
    while let Some(front) = rest.first_chunk::<16>() {
        let length = u32::from_le_bytes([front[8], front[9], front[10], front[11]]) as usize;
        let (record, after) = rest.split_at(16 + length);
        records.push(record.to_vec());
        rest = after;
    }
    // The handshake stays, and stays first.
    let (first, rest) = records.split_at(3);
    let mut harmed = first.to_vec();
    for burst in rest.chunk_by(|before, after| micros(after) - micros(before) < 100_000) {
        harmed.extend(harm(burst, harm_, dice, |_| false));
    }
    let mut times: Vec<_> = harmed.iter().map(|record| time(record)).collect();
    times.sort_unstable();
    for (record, (seconds, micros)) in harmed.iter_mut().zip(times) {
        record[..4].copy_from_slice(&seconds.to_le_bytes());
        record[4..8].copy_from_slice(&micros.to_le_bytes());
    }
    [header.to_vec(), harmed.concat()].concat()
}

fn micros(record: &[u8]) -> u64 {
    let (seconds, micros) = time(record);
    u64::from(seconds) * 1_000_000 + u64::from(micros)
}

fn time(record: &[u8]) -> (u32, u32) {
    let at = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().unwrap());
    (at(0), at(4))
}

/// Repeated and reordered segments change nothing that is found.
#[test]
fn a_harmed_capture_gives_the_same_messages_as_long_as_none_is_dropped() {
    let pcap = std::fs::read(committed("core-regtest.pcap")).unwrap();
    let of = |pcap: &[u8]| {
        let events = whole(Capture::from_reader(std::io::Cursor::new(pcap.to_vec())).unwrap());
        assert!(!events.iter().any(|event| matches!(event, CaptureEvent::Lost { .. })));
        let mut found: Vec<_> = messages(events)
            .into_iter()
            .map(|(conn, way, _, name, payload)| (conn, way, name, payload))
            .collect();
        found.sort_by_key(|(conn, way, ..)| (*conn, *way));
        found
    };
    let expected = of(&pcap);
    for seed in 0..50 {
        let harm = Harm { repeated: 20, moved: 20, distance: 6, dropped: 0 };
        assert_eq!(of(&rewrite(&pcap, harm, &mut Dice(seed))), expected, "seed {seed}");
    }
}

/// Where segments are dropped, all messages that lie whole in what is left are found, and no others.
#[test]
fn a_capture_with_holes_gives_all_messages_that_are_whole() {
    let pcap = std::fs::read(committed("core-regtest.pcap")).unwrap();
    let all = messages(whole(Capture::open(&committed("core-regtest.pcap")).unwrap()));
    for seed in 0..50 {
        let harm = Harm { dropped: 10, ..Harm::default() };
        let harmed = rewrite(&pcap, harm, &mut Dice(seed));
        let events = whole(Capture::from_reader(std::io::Cursor::new(harmed)).unwrap());
        for direction in Direction::BOTH {
            let expected = survivors(&events, &all, direction);
            let found: Vec<_> = messages(events.clone())
                .into_iter()
                .filter(|found| found.1 == direction)
                .map(|(_, _, _, name, payload)| (name, payload))
                .collect();
            assert_eq!(found, expected, "seed {seed}, {direction:?}");
        }
    }
}

/// The messages of a stream of which no byte is lost.
fn survivors(events: &[CaptureEvent], all: &[Found], direction: Direction) -> Vec<(String, Vec<u8>)> {
    let (mut present, mut position) = (Vec::new(), 0);
    for event in events {
        match event {
            CaptureEvent::Bytes { direction: way, bytes, .. } if *way == direction => {
                present.push(position..position + bytes.len() as u64);
                position += bytes.len() as u64;
            }
            CaptureEvent::Lost { direction: way, bytes, .. } if *way == direction => {
                position += bytes.unwrap();
            }
            _ => {}
        }
    }
    let holds = |byte: u64| present.iter().any(|range| range.contains(&byte));
    let (mut whole, mut start) = (Vec::new(), 0);
    for (_, _, _, name, payload) in all.iter().filter(|found| found.1 == direction) {
        let end = start + 24 + payload.len() as u64;
        if (start..end).all(holds) {
            whole.push((name.clone(), payload.clone()));
        }
        start = end;
    }
    whole
}
