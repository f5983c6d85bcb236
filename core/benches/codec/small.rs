//! P5: lists and pings, every entry read.

use bitcoin::consensus::Decodable as _;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::p2p::message_blockdata::Inventory;
use satwire_core::wire::{Command, Message, put_compact_size};

use crate::measure::Bench;
use crate::streams::{block_bytes, fold, frame, next_frame, reference};

/// Bytes of a real block, of any length, from any place.
fn noise(start: usize, len: usize) -> impl Iterator<Item = u8> {
    block_bytes().iter().copied().cycle().skip(start).take(len)
}

fn list(count: usize, entry: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    let mut payload = Vec::new();
    put_compact_size(&mut payload, count as u64);
    payload.extend((0..count).flat_map(entry));
    payload
}

pub(crate) fn add(bench: &mut Bench<'_>) {
    for (name, count, target) in [("inv 35", 35, 0.98), ("inv 1000", 1000, 0.98), ("inv 50000", 50_000, 0.98)]
    {
        let entry = |n: usize| [vec![5, 0, 0, 0], noise(32 * n, 32).collect()].concat();
        add_message(bench, name, Command::INV, list(count, entry), [target, 2.8]);
    }
    let entry = |n: usize| [noise(80 * n, 80).collect(), vec![0]].concat();
    add_message(bench, "headers 2000", Command::HEADERS, list(2000, entry), [0.98, 1.0]);
    add_message(bench, "ping", Command::PING, noise(7, 8).collect(), [0.98, 1.6]);
}

fn add_message(
    bench: &mut Bench<'_>,
    name: &'static str,
    command: Command,
    payload: Vec<u8>,
    [target, target_bitcoin]: [f64; 2],
) {
    // About as much work a round for each of them.
    let repeats = (2_000_000 / payload.len()).clamp(1, 5000);
    let framed = frame(command, &payload);
    let [limit, ours, bitcoin] =
        [format!("{name}, checksum only"), name.into(), format!("{name}, bitcoin 0.32")];
    bench.case(&limit, repeats, move || {
        (0..repeats).fold(0, |result, _| result ^ reference(std::hint::black_box(&payload)))
    });
    let bytes = framed.clone();
    bench.case(&ours, repeats, move || {
        (0..repeats).fold(0, |result, _| {
            let (command, payload, digest) =
                next_frame(&mut std::hint::black_box(&bytes[..])).expect("a message");
            result ^ touch(&Message::decode(command, payload, digest).expect("well-formed"))
        })
    });
    bench.case(&bitcoin, repeats, move || {
        (0..repeats).fold(0, |result, _| {
            let message = RawNetworkMessage::consensus_decode(&mut std::hint::black_box(&framed[..]));
            result ^ touch_bitcoin(message.expect("well-formed").payload())
        })
    });
    bench.speed("P5", name, [&ours, &limit], [0.93, target]);
    bench.speed("P5a", name, [&ours, &bitcoin], [1.0, target_bitcoin]);
}

#[inline]
fn touch(message: &Message<'_>) -> u64 {
    match message {
        Message::Inv(list) => {
            list.iter().fold(0, |result, item| result ^ fold(&item.hash.0) ^ u64::from(item.inv_type.0))
        }
        Message::Headers(list) => {
            list.iter().fold(0, |result, header| result ^ fold(&header.previous.0) ^ u64::from(header.nonce))
        }
        Message::Ping(nonce) => *nonce,
        other => panic!("{}", other.command()),
    }
}

#[inline]
fn touch_bitcoin(message: &NetworkMessage) -> u64 {
    match message {
        NetworkMessage::Inv(list) => list.iter().fold(0, |result, item| {
            let Inventory::WTx(wtxid) = item else { panic!("{item:?}") };
            result ^ fold(wtxid.as_ref())
        }),
        NetworkMessage::Headers(list) => list.iter().fold(0, |result, header| {
            result ^ fold(header.prev_blockhash.as_ref()) ^ u64::from(header.nonce)
        }),
        NetworkMessage::Ping(nonce) => *nonce,
        other => panic!("{other:?}"),
    }
}
