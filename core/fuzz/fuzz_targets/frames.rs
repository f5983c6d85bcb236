//! A byte stream in any cuts gives the same events and the same answers as in one piece.
//!
//! The first byte says how many of the following are sizes of pieces; then comes the stream. Checksums are
//! made right, or the fuzzer would have to guess them, unless a frame's checksum starts with `ff`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use satwire_core::peer::{Direction, Event, ConnectionConfig};
use satwire_core::wire::{Header, sha256d};
use satwire_core::{Config, Instant, Network, Peer, WallClock};

fuzz_target!(|data: &[u8]| {
    let Some((&count, rest)) = data.split_first() else { return };
    let Some((cuts, stream)) = rest.split_at_checked(usize::from(count % 16)) else { return };
    let mut stream = stream.to_vec();
    correct_checksums(&mut stream);

    for direction in [Direction::Inbound, Direction::Outbound] {
        let whole = run(direction, &stream, &[]);
        assert_eq!(run(direction, &stream, cuts), whole);
        if stream.len() < 400 {
            assert_eq!(run(direction, &stream, &[1]), whole);
        }
    }
});

fn correct_checksums(stream: &mut [u8]) {
    let mut rest = stream;
    while let Some((front, tail)) = rest.split_first_chunk_mut() {
        let mut header = Header::decode(front);
        header.magic = Network::Regtest.magic();
        let Some((payload, tail)) = tail.split_at_mut_checked(header.length as usize) else { return };
        if header.checksum[0] != 0xff {
            let [a, b, c, d, ..] = sha256d(payload).0;
            header.checksum = [a, b, c, d];
        }
        *front = header.encode();
        rest = tail;
    }
}

/// All events and all that is sent, with `stream` in pieces of these sizes, over and over.
fn run(direction: Direction, mut stream: &[u8], cuts: &[u8]) -> (Vec<Event>, Vec<u8>) {
    let clock = WallClock { unix_micros_at_zero: 1_795_363_088_000_000 };
    let opening = ConnectionConfig::new(direction, 1, clock);
    let mut peer = Peer::new(Config::new(Network::Regtest).into(), opening, Instant::ZERO);
    let mut sizes = cuts.iter().map(|&cut| usize::from(cut) + usize::from(cut == 0)).cycle();
    let mut events = Vec::new();
    while !stream.is_empty() {
        let (mut piece, rest) = stream.split_at(sizes.next().unwrap_or(usize::MAX).min(stream.len()));
        stream = rest;
        while let Some(event) = peer.receive(Instant::ZERO, &mut piece) {
            events.push(event);
        }
        assert!(piece.is_empty());
    }
    (events, peer.transmit().to_vec())
}
