//! A transaction is what the `bitcoin` crate says it is, but where Bitcoin Core says otherwise.

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode::deserialize_partial;
use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash as _;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness};
use harness::{legacy_tx, segwit_tx};
use proptest::prelude::*;
use satwire_core::wire::{TxView, sha256d};

fn script(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    // Lengths around where the CompactSize grows, now and then.
    let len = prop_oneof![20 => 0..longest, 1 => 0xfb..0x100_usize, 1 => 0xfffe..0x1_0001_usize];
    (len, any::<u8>()).prop_map(|(len, byte)| vec![byte; len])
}

fn input(segwit: bool) -> impl Strategy<Value = TxIn> {
    let witness = prop::collection::vec(script(80), 0..if segwit { 4 } else { 1 });
    (any::<[u8; 32]>(), any::<u32>(), script(120), any::<u32>(), witness).prop_map(
        |(txid, vout, script_sig, sequence, witness)| TxIn {
            previous_output: OutPoint { txid: Txid::from_byte_array(txid), vout },
            script_sig: ScriptBuf::from_bytes(script_sig),
            sequence: Sequence(sequence),
            witness: Witness::from_slice(&witness),
        },
    )
}

fn output() -> impl Strategy<Value = TxOut> {
    (any::<u64>(), script(50)).prop_map(|(value, script)| TxOut {
        value: Amount::from_sat(value),
        script_pubkey: ScriptBuf::from_bytes(script),
    })
}

fn transaction() -> impl Strategy<Value = Transaction> {
    any::<bool>().prop_flat_map(|segwit| {
        let inputs = prop_oneof![9 => 1..6_usize, 1 => 250..260_usize];
        let inputs = inputs.prop_flat_map(move |count| prop::collection::vec(input(segwit), count));
        let outputs = prop::collection::vec(output(), 0..6);
        (any::<i32>(), inputs, outputs, any::<u32>()).prop_map(|(version, input, output, lock_time)| {
            Transaction {
                version: Version(version),
                lock_time: LockTime::from_consensus(lock_time),
                input,
                output,
            }
        })
    })
}

/// Whether both say the same of the transaction at the start of `bytes`.
fn compare(bytes: &[u8]) -> Result<(), TestCaseError> {
    let theirs = deserialize_partial::<Transaction>(bytes);
    let ours = TxView::decode(bytes);
    match (theirs, ours) {
        (Ok((theirs, used)), Ok(ours)) => {
            prop_assert_eq!(ours.as_bytes(), &bytes[..used]);
            same(&theirs, ours)
        }
        (Err(_), Err(_)) => Ok(()),
        // `ver 00 00 locktime` is the empty transaction, as Bitcoin Core reads it.
        (Err(_), Ok(ours)) => {
            prop_assert_eq!(&bytes[4..6], &[0, 0]);
            prop_assert_eq!((ours.size(), ours.inputs().len(), ours.outputs().len()), (10, 0, 0));
            Ok(())
        }
        // A witness flag and no input: superfluous, as Bitcoin Core reads it.
        (Ok((theirs, _)), Err(error)) => {
            prop_assert!(theirs.input.is_empty(), "we refuse: {}", error);
            prop_assert_eq!(&bytes[4..7], &[0, 1, 0]);
            Ok(())
        }
    }
}

fn same(theirs: &Transaction, ours: TxView<'_>) -> Result<(), TestCaseError> {
    prop_assert_eq!(ours.version(), theirs.version.0);
    prop_assert_eq!(ours.lock_time(), theirs.lock_time.to_consensus_u32());
    prop_assert_eq!(ours.wtxid().0, theirs.compute_wtxid().to_byte_array());
    prop_assert_eq!(ours.txid().0, theirs.compute_txid().to_byte_array());
    prop_assert_eq!(ours.size(), theirs.total_size());
    prop_assert_eq!(ours.stripped_size(), theirs.base_size());
    prop_assert_eq!(ours.weight() as u64, theirs.weight().to_wu());
    prop_assert_eq!(ours.vsize(), theirs.vsize());
    prop_assert_eq!(ours.is_coinbase(), theirs.is_coinbase());
    let has_witness = theirs.input.iter().any(|input| !input.witness.is_empty());
    prop_assert_eq!(ours.has_witness(), has_witness);

    prop_assert_eq!(ours.inputs().len(), theirs.input.len());
    for (ours, theirs) in ours.inputs().zip(&theirs.input) {
        prop_assert_eq!(ours.prev_txid.0, theirs.previous_output.txid.to_byte_array());
        prop_assert_eq!(ours.prev_vout, theirs.previous_output.vout);
        prop_assert_eq!(ours.script_sig, theirs.script_sig.as_bytes());
        prop_assert_eq!(ours.sequence, theirs.sequence.0);
    }
    prop_assert_eq!(ours.outputs().len(), theirs.output.len());
    for (ours, theirs) in ours.outputs().zip(&theirs.output) {
        prop_assert_eq!(ours.value.cast_unsigned(), theirs.value.to_sat());
        prop_assert_eq!(ours.script_pubkey, theirs.script_pubkey.as_bytes());
    }
    prop_assert_eq!(ours.witnesses().len(), if has_witness { theirs.input.len() } else { 0 });
    for (ours, theirs) in ours.witnesses().zip(&theirs.input) {
        prop_assert!(ours.eq(theirs.witness.iter()));
    }
    // A copy of one's own is the same.
    let owned = ours.to_owned();
    prop_assert_eq!(owned.as_bytes(), ours.as_bytes());
    prop_assert_eq!((owned.txid(), owned.wtxid()), (ours.txid(), ours.wtxid()));
    prop_assert_eq!(owned.view().outputs().len(), theirs.output.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn transactions_decode_the_same(tx in transaction(), after in prop::collection::vec(any::<u8>(), 0..9)) {
        let mut bytes = serialize(&tx);
        let len = bytes.len();
        bytes.extend(after);
        let ours = TxView::decode(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(ours.as_bytes(), &bytes[..len]);
        same(&tx, ours)?;
        // The checksum's digest is the wtxid, but for what stands after.
        let hashed = TxView::decode_hashed(&bytes, sha256d(&bytes));
        prop_assert_eq!(hashed, Ok(ours));
    }

    #[test]
    fn damaged_transactions_are_judged_the_same(
        tx in transaction(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        front in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = serialize(&tx);
        for (place, byte) in damage {
            // The bytes that steer the parser stand mostly in front.
            let len = if front { bytes.len().min(12) } else { bytes.len() };
            bytes[place.index(len)] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        compare(&bytes)?;
    }

    #[test]
    fn noise_is_judged_the_same(mut bytes in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..120)) {
        compare(&bytes)?;
        if bytes.len() > 6 {
            bytes[4..6].copy_from_slice(&[0, 1]);
            compare(&bytes)?;
        }
    }
}

/// Every single byte of a transaction, every value: nothing depends on chance.
#[test]
fn every_single_damage_is_judged_the_same() {
    for tx in [legacy_tx(1), segwit_tx(1)] {
        let good = serialize(&tx);
        for place in 0..good.len() {
            compare(&good[..place]).expect("a cut transaction");
            let mut bytes = good.clone();
            for value in [0, 1, 2, 3, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff, good[place] ^ 1] {
                bytes[place] = value;
                compare(&bytes).expect("a damaged transaction");
            }
        }
    }
}

/// The two where Bitcoin Core and the `bitcoin` crate differ, and we are with Bitcoin Core.
#[test]
fn the_known_differences() {
    let empty = [1, 0, 0, 0, 0, 0, 9, 0, 0, 0];
    let view = TxView::decode(&empty).expect("Bitcoin Core reads it");
    assert_eq!((view.size(), view.lock_time(), view.weight()), (10, 9, 40));
    assert!(deserialize_partial::<Transaction>(&empty).is_err());

    let no_inputs = [1, 0, 0, 0, 0, 1, 0, 0, 9, 0, 0, 0];
    assert!(TxView::decode(&no_inputs).is_err());
    assert!(deserialize_partial::<Transaction>(&no_inputs).is_ok());
}
