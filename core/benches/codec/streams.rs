//! The bytes that are measured: mainnet block 702861 (September 2021), as its transactions were relayed.

use bitcoin::Block;
use bitcoin::consensus::{deserialize, serialize};
use satwire_core::Network;
use satwire_core::wire::{self, Command, Header};
use sha2_010::{Digest as _, Sha256};

/// The `tx` messages of a block, and what their hashes are taken of.
pub(crate) struct TxStream {
    pub(crate) name: &'static str,
    /// The messages, one after the other.
    pub(crate) framed: Vec<u8>,
    /// The payloads, one a transaction.
    pub(crate) payloads: Vec<Vec<u8>>,
    /// Of each segwit transaction the form without witnesses.
    pub(crate) stripped: Vec<Vec<u8>>,
}

impl TxStream {
    /// The transactions of fewer than `limit` bytes.
    pub(crate) fn new(name: &'static str, limit: usize) -> Self {
        let mut stream = Self { name, framed: Vec::new(), payloads: Vec::new(), stripped: Vec::new() };
        for tx in block().txdata {
            let payload = serialize(&tx);
            if payload.len() >= limit {
                continue;
            }
            stream.framed.extend(frame(Command::TX, &payload));
            if let Some(stripped) = strip(tx) {
                stream.stripped.push(stripped);
            }
            stream.payloads.push(payload);
        }
        stream
    }
}

/// The block, decoded by the `bitcoin` crate.
pub(crate) fn block() -> Block {
    deserialize(block_bytes()).expect("test data")
}

pub(crate) fn block_bytes() -> &'static [u8] {
    bitcoin_test_data::blocks::mainnet_702861()
}

/// The form without witnesses, where there are any.
pub(crate) fn strip(mut tx: bitcoin::Transaction) -> Option<Vec<u8>> {
    let segwit = tx.input.iter().any(|input| !input.witness.is_empty());
    segwit.then(|| {
        for input in &mut tx.input {
            input.witness = bitcoin::Witness::new();
        }
        serialize(&tx)
    })
}

/// A message of mainnet.
pub(crate) fn frame(command: Command, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    wire::encode_frame(&mut out, Network::Main.magic(), command, |out| out.extend_from_slice(payload));
    out
}

/// The measure's time for one hash: double SHA-256 by `sha2` 0.10.
#[inline]
pub(crate) fn reference(bytes: &[u8]) -> u64 {
    fold(&Sha256::digest(Sha256::digest(bytes)).into())
}

/// A word that depends on all of a hash's computation.
#[inline]
pub(crate) fn fold(hash: &[u8; 32]) -> u64 {
    u64::from_le_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]])
}

/// The first message of `stream` with its checksum compared: command, payload and digest.
#[expect(clippy::inline_always, reason = "a caller has this in its loop")]
#[inline(always)]
pub(crate) fn next_frame<'a>(stream: &mut &'a [u8]) -> Option<(Command, &'a [u8], wire::Hash)> {
    let (header, rest) = stream.split_first_chunk()?;
    let header = Header::decode(header);
    let (payload, rest) = rest.split_at_checked(header.length as usize)?;
    *stream = rest;
    let digest = wire::sha256d(payload);
    (header.magic == Network::Main.magic() && header.matches(&digest)).then_some(())?;
    Some((header.command()?, payload, digest))
}
