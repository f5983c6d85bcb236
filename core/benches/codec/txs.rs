//! P1 to P3: a stream of transactions.

use std::collections::VecDeque;

use bitcoin::consensus::Decodable as _;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use satwire_core::wire::{Message, Tx, TxView};

use crate::measure::Bench;
use crate::streams::{TxStream, fold, next_frame, reference};

/// Walks the stream with the checksums compared, and gives each transaction to `each`.
#[inline]
fn decode(mut stream: &[u8], mut each: impl FnMut(TxView<'_>) -> u64) -> u64 {
    let mut result = 0;
    while let Some((command, payload, digest)) = next_frame(&mut stream) {
        let Ok(Message::Tx(tx)) = Message::decode(command, payload, digest) else { panic!("not a tx") };
        result ^= each(tx);
    }
    assert!(stream.is_empty());
    result
}

fn both_ids(tx: &TxView<'_>) -> u64 {
    fold(&tx.txid().0) ^ fold(&tx.wtxid().0)
}

pub(crate) fn add<'a>(bench: &mut Bench<'a>, stream: &'a TxStream) {
    let count = stream.payloads.len();
    let name = |case: &str| format!("{case}, {}", stream.name);
    let [reference_case, checksum, view, lazy, owned, bitcoin] =
        ["REF", "checksum only", "view", "view, lazy txid", "owned, last 1024 kept", "bitcoin 0.32"]
            .map(name);

    bench.case(&reference_case, count, || {
        let hashed = stream.payloads.iter().chain(&stream.stripped);
        hashed.fold(0, |result, bytes| result ^ reference(bytes))
    });
    bench
        .case(&checksum, count, || stream.payloads.iter().fold(0, |result, bytes| result ^ reference(bytes)));
    bench.case(&view, count, || decode(&stream.framed, |tx| both_ids(&tx)));
    bench.case(&lazy, count, || decode(&stream.framed, |tx| fold(&tx.wtxid().0)));
    let mut kept: VecDeque<Tx> = VecDeque::with_capacity(1025);
    bench.case(&owned, count, move || {
        decode(&stream.framed, |tx| {
            let tx = tx.to_owned();
            let ids = fold(&tx.txid().0) ^ fold(&tx.wtxid().0);
            kept.push_back(tx);
            if kept.len() > 1024 {
                kept.pop_front();
            }
            ids
        })
    });
    bench.case(&bitcoin, count, || {
        let mut rest = &stream.framed[..];
        let mut result = 0;
        while !rest.is_empty() {
            let message = RawNetworkMessage::consensus_decode(&mut rest).expect("a message");
            let NetworkMessage::Tx(tx) = message.into_payload() else { panic!("not a tx") };
            result ^= fold(&tx.compute_txid().to_byte_array()) ^ fold(&tx.compute_wtxid().to_byte_array());
        }
        result
    });

    bench.speed("P1", stream.name, [&view, &reference_case], [0.88, 0.95]);
    bench.speed("P1a", stream.name, [&view, &bitcoin], [2.7, 3.1]);
    bench.speed("P2", stream.name, [&owned, &reference_case], [0.75, 0.82]);
    bench.speed("P3", stream.name, [&lazy, &checksum], [0.92, 0.96]);
}
