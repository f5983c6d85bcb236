//! Transactions to send: those of mainnet block 702861 (September 2021) that are relayed like most,
//! again and again, no two the same.

use bitcoin::Block;
use bitcoin::consensus::{deserialize, serialize};
use satwire_core::wire::{Command, encode_frame};

/// Longer transactions are rare between blocks.
const LIMIT: usize = 2000;
/// The bytes that they all end with.
const LOCK_TIME: usize = 4;

/// The bytes that each of `peers` sends: together `txs` transactions, as messages one after the other.
pub(crate) fn shares(peers: usize, txs: usize) -> Vec<Vec<u8>> {
    let block: Block = deserialize(bitcoin_test_data::blocks::mainnet_702861()).expect("test data");
    // The coinbase never comes alone.
    let payloads = block.txdata.iter().skip(1).map(serialize).filter(|payload| payload.len() < LIMIT);
    let mut payloads: Vec<_> = payloads.take(txs).collect();
    let mut shares = vec![Vec::new(); peers];
    for number in 0..txs {
        let (again, which) = (number / payloads.len(), number % payloads.len());
        let payload = &mut payloads[which];
        // A lock time of its own makes it another transaction; no script is looked at here.
        let end = payload.len() - LOCK_TIME;
        payload[end..].copy_from_slice(&(again as u32).to_le_bytes());
        encode_frame(&mut shares[number % peers], harness::NETWORK.magic(), Command::TX, |out| {
            out.extend_from_slice(payload);
        });
    }
    shares
}
