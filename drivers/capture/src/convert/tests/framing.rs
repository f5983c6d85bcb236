//! Where messages begin, with and without losses.

use proptest::prelude::*;
use satwire_core::wire::{Command, Header, encode_frame};
use satwire_core::{Magic, Network};

use super::rewrite::Dice;
use super::*;

const MAGIC: Magic = Network::Regtest.magic();

fn frame(command: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_frame(&mut out, MAGIC, Command::new(command), |out| out.extend_from_slice(payload));
    out
}

enum Part<'a> {
    Bytes(&'a [u8]),
    Lost(Option<u64>),
}
use Part::{Bytes, Lost};

/// Returns what comes of the parts of one direction, a word each: a command, `cut COMMAND captured/length`, `other N`,
/// `lost N`.
fn words(framing: &mut Framing, direction: Direction, parts: &[Part<'_>]) -> Vec<String> {
    let mut out = Vec::new();
    for part in parts {
        match part {
            Bytes(bytes) => framing.bytes(direction, 1, bytes, &mut out),
            Lost(lost) => framing.lost(direction, 1, *lost, &mut out),
        }
    }
    framing.end(direction, 2, &mut out);
    out.iter()
        .map(|framed| match framed {
            Framed::Message { .. } => name(framed.header().unwrap().command),
            Framed::Cut { header, captured, .. } => {
                format!("cut {} {captured}/{}", name(header.command), header.length)
            }
            Framed::Other { bytes, .. } => format!("other {}", bytes.len()),
            Framed::Lost { bytes, .. } => {
                format!("lost {}", bytes.map_or("?".into(), |bytes| bytes.to_string()))
            }
        })
        .collect()
}

fn one_way(parts: &[Part<'_>]) -> Vec<String> {
    words(&mut Framing::new(false, None), Direction::Forward, parts)
}

fn adopted(parts: &[Part<'_>]) -> Vec<String> {
    words(&mut Framing::new(true, None), Direction::Forward, parts)
}

#[test]
fn in_order_every_message_is_found_however_odd() {
    let wrong_checksum = [&frame("tx", b"abc")[..27 - 3 - 4], &[0; 4], b"abc"].concat();
    let mut unprintable = frame("ping", b"12345678");
    unprintable[4] = 7;
    let all = [frame("version", b"v"), wrong_checksum, unprintable, frame("made up", b""), frame("tx", b"t")]
        .concat();
    let expected = ["version", "tx", "\u{7}ing", "made up", "tx"];
    assert_eq!(one_way(&[Bytes(&all)]), expected);
    let bytes: Vec<_> = all.iter().map(std::slice::from_ref).map(Bytes).collect();
    assert_eq!(one_way(&bytes), expected);
}

#[test]
fn a_message_has_the_time_of_its_last_byte() {
    let ping = frame("ping", b"12345678");
    let (mut framing, mut out) = (Framing::new(false, None), Vec::new());
    framing.bytes(Direction::Forward, 10, &ping[..31], &mut out);
    assert!(out.is_empty());
    framing.bytes(Direction::Forward, 20, &[&ping[31..], &ping[..3]].concat(), &mut out);
    assert_eq!(out, [Framed::Message { time: 20, frame: ping }]);
    assert_eq!(framing.magic(), Some(MAGIC));
}

#[test]
fn inside_a_payload_the_header_says_where_the_next_message_is() {
    let (block, ping) = (frame("block", &[9; 1000]), frame("ping", b"12345678"));
    let cut = [Bytes(&block[..500]), Lost(Some(300)), Bytes(&block[800..]), Bytes(&ping)];
    assert_eq!(one_way(&cut), ["cut block 700/1000", "ping"]);
    // Up to its very end, and twice.
    assert_eq!(
        one_way(&[Bytes(&block[..500]), Lost(Some(524)), Bytes(&ping)]),
        ["cut block 476/1000", "ping"]
    );
    let twice = [Bytes(&block[..500]), Lost(Some(1)), Bytes(&block[501..600]), Lost(Some(424)), Bytes(&ping)];
    assert_eq!(one_way(&twice), ["cut block 575/1000", "ping"]);
    // A part of it that looks like a message is none.
    let nested = frame("block", &[&[0; 100][..], &ping, &ping].concat());
    assert_eq!(
        one_way(&[Bytes(&nested[..30]), Lost(Some(94)), Bytes(&nested[124..]), Bytes(&ping)]),
        ["cut block 70/164", "ping"]
    );
    // Past its end.
    assert_eq!(
        one_way(&[Bytes(&block[..500]), Lost(Some(530)), Bytes(&ping[6..]), Bytes(&ping)]),
        ["cut block 476/1000", "lost 530", "other 26", "ping"]
    );
    // Its length is not known.
    assert_eq!(
        one_way(&[Bytes(&block[..500]), Lost(None), Bytes(&block[800..]), Bytes(&ping)]),
        ["cut block 476/1000", "lost ?", "other 224", "ping"]
    );
}

#[test]
fn after_a_loss_the_next_header_is_searched() {
    let (ping, tx) = (frame("ping", b"12345678"), frame("tx", &[5; 200]));
    let whole = [ping.clone(), tx.clone(), ping.clone()].concat();
    assert_eq!(
        one_way(&[Bytes(&ping[..10]), Lost(Some(22)), Bytes(&whole)]),
        ["other 10", "lost 22", "ping", "tx", "ping"]
    );
    assert_eq!(adopted(&[Bytes(&ping[9..]), Bytes(&whole)]), ["other 23", "ping", "tx", "ping"]);
    // One whose end is lost as well, and one whose end never comes.
    assert_eq!(
        adopted(&[Bytes(&[&[1; 9][..], &tx[..100]].concat()), Lost(Some(124)), Bytes(&ping)]),
        ["other 9", "cut tx 76/200", "ping"]
    );
    assert_eq!(adopted(&[Bytes(&[&[1; 9][..], &tx[..100]].concat())]), ["other 9", "cut tx 76/200"]);
    // The start of a header at the end of what came.
    assert_eq!(adopted(&[Bytes(&MAGIC.0[..3])]), ["other 3"]);
    // In pieces.
    let bytes = [&[1; 9][..], &whole].concat();
    let pieces: Vec<_> = bytes.iter().map(std::slice::from_ref).map(Bytes).collect();
    assert_eq!(adopted(&pieces), ["other 9", "ping", "tx", "ping"]);
}

#[test]
fn what_only_looks_like_a_header_is_passed_over() {
    let ping = frame("ping", b"12345678");
    let mut too_long = frame("tx", b"");
    too_long[16..20].copy_from_slice(&4_000_001_u32.to_le_bytes());
    let mut wrong = frame("tx", &ping);
    wrong[20] ^= 1;
    let mut nameless = ping.clone();
    nameless[4..16].fill(0);
    let mut odd_name = ping.clone();
    odd_name[5] = 0;
    for fake in [&MAGIC.0[..], &too_long, &wrong[..24], &nameless, &odd_name] {
        let bytes = [&[1][..], fake, &ping, &ping].concat();
        assert_eq!(
            adopted(&[Bytes(&bytes)]),
            [format!("other {}", 1 + fake.len()), "ping".into(), "ping".into()],
            "{fake:?}"
        );
    }
    // Right after the loss, a known command is enough.
    assert_eq!(adopted(&[Bytes(&wrong), Bytes(&ping)]), ["tx", "ping"]);
    // A fake that claims four megabytes, which do not come: the messages in them are found.
    let mut vast = frame("tx", b"");
    vast[16..20].copy_from_slice(&4_000_000_u32.to_le_bytes());
    let bytes = [&[1][..], &vast, &ping, &ping].concat();
    assert_eq!(adopted(&[Bytes(&bytes)]), ["other 1", "cut tx 64/4000000"]);
    // They do come.
    let bytes = [&bytes[..], &vec![0; 4_000_000]].concat();
    assert_eq!(adopted(&[Bytes(&bytes)]), ["other 25", "ping", "ping", "other 4000000"]);
}

/// Fakes in fakes in fakes: each is hashed in vain, but no more than so many bytes of them.
#[test]
fn a_search_does_not_hash_without_end() {
    let mut fake = frame("tx", b"");
    fake[16..20].copy_from_slice(&3_000_000_u32.to_le_bytes());
    let mut bytes = vec![1];
    bytes.extend(fake.repeat(166_000));
    // Without a bound, 40,000 of them would be hashed, of three megabytes each.
    let words = adopted(&[Bytes(&bytes)]);
    assert!(words.len() < 5 && words[1] == "tx", "{words:?}");
}

#[test]
fn without_a_loss_a_wrong_header_is_where_the_search_begins() {
    let ping = frame("ping", b"12345678");
    let foreign = [&Network::Main.magic().0[..], &ping[4..]].concat();
    assert_eq!(one_way(&[Bytes(&ping), Bytes(&foreign), Bytes(&ping)]), ["ping", "other 32", "ping"]);
    let mut too_long = ping.clone();
    too_long[19] = 1;
    assert_eq!(one_way(&[Bytes(&ping), Bytes(&too_long), Bytes(&ping)]), ["ping", "other 32", "ping"]);
}

#[test]
fn the_network_is_that_of_the_first_header() {
    let of = |magic: [u8; 4], command: &str| {
        let mut bytes = frame(command, b"abc");
        bytes[..4].copy_from_slice(&magic);
        bytes
    };
    for network in Network::ALL {
        let mut framing = Framing::new(false, None);
        assert_eq!(words(&mut framing, Direction::Forward, &[Bytes(&of(network.magic().0, "tx"))]), ["tx"]);
        assert_eq!(framing.magic(), Some(network.magic()));
    }
    // A signet of one's own, by its version; then the other way is of it too.
    let mut framing = Framing::new(false, None);
    assert_eq!(words(&mut framing, Direction::Forward, &[Bytes(&of([1, 2, 3, 4], "version"))]), ["version"]);
    assert_eq!(words(&mut framing, Direction::Backward, &[Bytes(&of([1, 2, 3, 4], "tx"))]), ["tx"]);
    // In the middle, one that is given.
    let mut framing = Framing::new(true, Some(Magic([1, 2, 3, 4])));
    assert_eq!(words(&mut framing, Direction::Forward, &[Bytes(&of([1, 2, 3, 4], "tx"))]), ["tx"]);
    assert_eq!(adopted(&[Bytes(&of([1, 2, 3, 4], "tx"))]), ["other 27"]);
}

#[test]
fn an_encrypted_stream_is_opaque_and_comes_out_byte_for_byte() {
    let mut dice = Dice(1);
    let mut noise = |length: usize| (0..length).map(|_| dice.below(256) as u8).collect::<Vec<_>>();
    for is_adopted in [false, true] {
        let (mut framing, mut out) = (Framing::new(is_adopted, None), Vec::new());
        let (keys, garbage) = ([noise(64), noise(64)], [noise(4000), noise(90_000)]);
        for (direction, parts) in [(Direction::Forward, &keys), (Direction::Backward, &garbage)] {
            assert!(!framing.is_opaque());
            for part in parts {
                framing.bytes(direction, 1, part, &mut out);
            }
        }
        assert!(framing.is_opaque());
        for direction in Direction::BOTH {
            framing.end(direction, 2, &mut out);
        }
        let bytes: Vec<_> = out
            .iter()
            .flat_map(|framed| match framed {
                Framed::Other { bytes, .. } => bytes.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(bytes, [keys.concat(), garbage.concat()].concat());
    }
    // One message is enough.
    let mut framing = Framing::new(false, None);
    words(&mut framing, Direction::Forward, &[Bytes(&frame("version", b"v"))]);
    words(&mut framing, Direction::Backward, &[Bytes(&[7; 40])]);
    assert!(!framing.is_opaque());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Of random messages with random holes, all that are whole are found, and nothing is told twice.
    #[test]
    fn messages_between_holes_are_found(seed: u64, count in 1_usize..20, longest in 0_u64..300, holes in 0_usize..6,
                                        known: bool) {
        let mut dice = Dice(seed);
        let frames: Vec<_> = (0..count).map(|number| {
            let command = ["tx", "inv", "block", "made up"][dice.below(4) as usize];
            let length = dice.below(longest + 1);
            // Numbered, so that each is another.
            let payload: Vec<_> = (0..length).map(|_| dice.below(256) as u8).chain([number as u8]).collect();
            frame(command, &payload)
        }).collect();
        let stream = frames.concat();
        let mut kept = vec![true; stream.len()];
        for _ in 0..holes {
            let start = dice.below(stream.len() as u64) as usize;
            let end = (start + 1 + dice.below(200) as usize).min(stream.len());
            kept[start..end].fill(false);
        }
        let (mut framing, mut out) = (Framing::new(!known, None), Vec::new());
        let mut at = 0;
        for run in kept.chunk_by(|a, b| a == b) {
            if run[0] {
                let mut rest = &stream[at..at + run.len()];
                while !rest.is_empty() {
                    let (part, after) = rest.split_at(1 + dice.below(rest.len() as u64) as usize);
                    framing.bytes(Direction::Forward, 1, part, &mut out);
                    rest = after;
                }
            } else {
                let length = known.then_some(run.len() as u64);
                framing.lost(Direction::Forward, 1, length, &mut out);
            }
            at += run.len();
        }
        framing.end(Direction::Forward, 1, &mut out);
        let (mut whole, mut start) = (Vec::new(), 0);
        for frame in &frames {
            if kept[start..start + frame.len()].iter().all(|kept| *kept) {
                whole.push(frame.clone());
            }
            start += frame.len();
        }
        let mut told = 0;
        let mut found = Vec::new();
        for framed in out {
            match framed {
                Framed::Message { frame, .. } => {
                    told += frame.len();
                    found.push(frame);
                }
                Framed::Cut { captured, .. } => told += Header::LEN + captured as usize,
                Framed::Other { bytes, .. } => told += bytes.len(),
                Framed::Lost { .. } => {}
            }
        }
        prop_assert_eq!(found, whole);
        prop_assert_eq!(told, kept.iter().filter(|kept| **kept).count());
    }
}
