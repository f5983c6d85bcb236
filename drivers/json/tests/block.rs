//! A block of the main chain, with the `bitcoin` crate as judge.

use bitcoin::opcodes::all::OP_CHECKMULTISIG;
use bitcoin::{Address, Block, Script, Transaction, TxOut};
use satwire_core::Network;
use satwire_json::decode_tx;
use serde_json::Value;

/// Every transaction of block 702861.
#[test]
fn a_block_is_explained_as_another_library_does() {
    let block = bitcoin_test_data::blocks::mainnet_702861();
    let block: Block = bitcoin::consensus::deserialize(block).unwrap();
    assert!(block.txdata.len() > 1000);
    for tx in &block.txdata {
        let ours = decode_tx(&bitcoin::consensus::serialize(tx)).unwrap().to_owned();
        let object = satwire_json::Transaction::new(&ours, Network::Main);
        let text = serde_json::to_string(&object).unwrap();
        compare(&serde_json::from_str(&text).unwrap(), tx);
    }
}

fn compare(object: &Value, tx: &Transaction) {
    assert_eq!(object["txid"], tx.compute_txid().to_string());
    assert_eq!(object["hash"], tx.compute_wtxid().to_string());
    assert_eq!(object["version"], tx.version.0);
    assert_eq!(object["size"], tx.total_size());
    assert_eq!(object["vsize"], tx.vsize());
    assert_eq!(object["weight"], tx.weight().to_wu());
    assert_eq!(object["locktime"], tx.lock_time.to_consensus_u32());
    assert_eq!(object.get("hex"), None);

    let inputs = object["vin"].as_array().unwrap();
    assert_eq!(inputs.len(), tx.input.len());
    for (shown, input) in inputs.iter().zip(&tx.input) {
        let script = input.script_sig.to_hex_string();
        if tx.is_coinbase() {
            assert_eq!(shown["coinbase"], script);
        } else {
            assert_eq!(shown["txid"], input.previous_output.txid.to_string());
            assert_eq!(shown["vout"], input.previous_output.vout);
            assert_eq!(shown["scriptSig"]["hex"], script);
        }
        assert_eq!(shown["sequence"], input.sequence.0);
        let stack = shown.get("txinwitness").map_or(0, |stack| stack.as_array().unwrap().len());
        assert_eq!(stack, input.witness.len());
    }

    let outputs = object["vout"].as_array().unwrap();
    assert_eq!(outputs.len(), tx.output.len());
    for ((shown, output), n) in outputs.iter().zip(&tx.output).zip(0..) {
        assert_eq!(shown["n"], n);
        assert_eq!(shown["value"].as_f64(), Some(output.value.to_btc()));
        compare_lock(&shown["scriptPubKey"], output);
    }
}

fn compare_lock(shown: &Value, output: &TxOut) {
    let script = &output.script_pubkey;
    assert_eq!(shown["hex"], script.to_hex_string());
    assert_eq!(shown["type"], kind(script), "{script}");
    let address = Address::from_script(script, bitcoin::Network::Bitcoin).ok();
    assert_eq!(shown.get("address"), address.map(|address| address.to_string().into()).as_ref());
}

/// Bitcoin Core's name for what the other library says it is.
fn kind(script: &Script) -> &'static str {
    let version = script.witness_version().map(bitcoin::WitnessVersion::to_num);
    if script.is_p2pkh() {
        "pubkeyhash"
    } else if script.is_p2sh() {
        "scripthash"
    } else if script.is_p2wpkh() {
        "witness_v0_keyhash"
    } else if script.is_p2wsh() {
        "witness_v0_scripthash"
    } else if script.is_p2tr() {
        "witness_v1_taproot"
    } else if script.as_bytes() == [0x51, 2, 0x4e, 0x73] {
        "anchor"
    } else if version.is_some_and(|version| version > 0) {
        "witness_unknown"
    } else if script.is_p2pk() {
        "pubkey"
    } else if script.is_multisig() && script.as_bytes().ends_with(&[OP_CHECKMULTISIG.to_u8()]) {
        "multisig"
    } else if script.is_op_return() && script.as_bytes()[1..].is_empty()
        || script.is_op_return() && Script::from_bytes(&script.as_bytes()[1..]).is_push_only()
    {
        "nulldata"
    } else {
        "nonstandard"
    }
}
