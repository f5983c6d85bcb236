//! Transactions of the test's own, and how they are named on the wire.

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness};

use crate::message;

/// A legacy transaction; another one for each `n`.
pub fn legacy_tx(n: u32) -> Transaction {
    let mut prev = [0x11; 32];
    prev[..4].copy_from_slice(&n.to_le_bytes());
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint { txid: Txid::from_byte_array(prev), vout: n % 7 },
            script_sig: ScriptBuf::from_bytes(vec![0x51; 30]),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: vec![TxOut {
            value: Amount::from_sat(50_000 + u64::from(n)),
            script_pubkey: ScriptBuf::from_bytes(vec![0x52; 22]),
        }],
    }
}

/// A segwit transaction; another one for each `n`.
pub fn segwit_tx(n: u32) -> Transaction {
    let mut tx = legacy_tx(n);
    tx.input[0].script_sig = ScriptBuf::new();
    tx.input[0].witness = Witness::from_slice(&[vec![0x30; 71], vec![0x02; 33]]);
    tx
}

/// An inventory entry that names it by txid.
pub fn by_txid(tx: &Transaction) -> Inventory {
    Inventory::Transaction(tx.compute_txid())
}

/// An inventory entry that names it by wtxid.
pub fn by_wtxid(tx: &Transaction) -> Inventory {
    Inventory::WTx(tx.compute_wtxid())
}

/// The message that carries it.
pub fn tx_message(tx: &Transaction) -> Vec<u8> {
    message(NetworkMessage::Tx(tx.clone()))
}
