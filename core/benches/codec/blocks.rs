//! P4: a block, with the ids of all its transactions.

use bitcoin::consensus::{Decodable as _, serialize};
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use satwire_core::wire::{Block, Command, Message};

use crate::measure::Bench;
use crate::streams::{block, block_bytes, fold, frame, next_frame, reference, strip};

pub(crate) fn add(bench: &mut Bench<'_>) {
    let hashed: Vec<_> =
        block().txdata.into_iter().map(|tx| strip(tx.clone()).unwrap_or_else(|| serialize(&tx))).collect();
    bench.case("REF-B", 1, move || {
        hashed.iter().fold(reference(block_bytes()), |result, bytes| result ^ reference(bytes))
    });
    let framed = frame(Command::BLOCK, block_bytes());
    let each = framed.clone();
    bench.case("block, one walk", 1, move || {
        let (_, payload, _) = next_frame(&mut &each[..]).expect("a message");
        let mut result = 0;
        let block = Block::decode_each(payload, |tx| result ^= fold(&tx.txid().0)).expect("a block");
        result ^ block.transactions.len() as u64
    });
    let twice = framed.clone();
    bench.case("block, two walks", 1, move || {
        let (command, payload, digest) = next_frame(&mut &twice[..]).expect("a message");
        let Ok(Message::Block(block)) = Message::decode(command, payload, digest) else { panic!("no block") };
        block.transactions.iter().fold(0, |result, tx| result ^ fold(&tx.txid().0))
    });
    bench.case("block, bitcoin 0.32", 1, move || {
        let message = RawNetworkMessage::consensus_decode(&mut &framed[..]).expect("a message");
        let NetworkMessage::Block(block) = message.into_payload() else { panic!("no block") };
        block.txdata.iter().fold(0, |result, tx| result ^ fold(&tx.compute_txid().to_byte_array()))
    });
    bench.speed("P4", "702861, one walk", ["block, one walk", "REF-B"], [0.88, 0.93]);
    bench.speed("P4", "702861, two walks", ["block, two walks", "REF-B"], [0.88, 0.93]);
    bench.speed("P4a", "702861, one walk", ["block, one walk", "block, bitcoin 0.32"], [2.1, 2.1]);
}
