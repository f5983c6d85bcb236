//! A transaction as Bitcoin Core's `decoderawtransaction` shows it, and its bytes behind it.
//!
//! The keys and their order are those of `src/core_write.cpp` `TxToUniv`. `asm`, `desc`, `address`
//! and `type` of scripts are left out.

use satwire_core::wire::{Input, Output, Tx, TxView, Txid, Witness, Wtxid};
use serde::{Serialize, Serializer};

use super::number::{Btc, Hex, Shown};

/// The object.
#[derive(Debug, Serialize)]
pub(super) struct Transaction<'a> {
    txid: Shown<Txid>,
    hash: Shown<Wtxid>,
    version: u32,
    size: usize,
    vsize: usize,
    weight: usize,
    locktime: u32,
    vin: Inputs<'a>,
    vout: Outputs<'a>,
    hex: Hex<'a>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(tx: &'a Tx) -> Self {
        let view = tx.view();
        Self {
            txid: Shown(tx.txid()),
            hash: Shown(tx.wtxid()),
            // Bitcoin Core has read the version as unsigned since v28.
            version: view.version().cast_unsigned(),
            size: view.size(),
            vsize: view.vsize(),
            weight: view.weight(),
            locktime: view.lock_time(),
            vin: Inputs(view),
            vout: Outputs(view),
            hex: Hex(tx.as_bytes()),
        }
    }
}

#[derive(Debug)]
struct Inputs<'a>(TxView<'a>);

impl Serialize for Inputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_coinbase = self.0.is_coinbase();
        // A legacy transaction has no stacks at all.
        let mut stacks = self.0.witnesses();
        serializer
            .collect_seq(self.0.inputs().map(|input| ShownInput::new(&input, is_coinbase, stacks.next())))
    }
}

#[derive(Debug, Default, Serialize)]
struct ShownInput<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    coinbase: Option<Hex<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<Shown<Txid>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vout: Option<u32>,
    #[serde(rename = "scriptSig", skip_serializing_if = "Option::is_none")]
    script_sig: Option<Script<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txinwitness: Option<Stack<'a>>,
    sequence: u32,
}

impl<'a> ShownInput<'a> {
    fn new(input: &Input<'a>, is_coinbase: bool, stack: Option<Witness<'a>>) -> Self {
        let txinwitness = stack.filter(|stack| stack.len() > 0).map(Stack);
        let shown = Self { txinwitness, sequence: input.sequence, ..Self::default() };
        let script = Hex(input.script_sig);
        if is_coinbase {
            return Self { coinbase: Some(script), ..shown };
        }
        Self {
            txid: Some(Shown(input.prev_txid)),
            vout: Some(input.prev_vout),
            script_sig: Some(Script { hex: script }),
            ..shown
        }
    }
}

#[derive(Debug)]
struct Stack<'a>(Witness<'a>);

impl Serialize for Stack<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone().map(Hex))
    }
}

#[derive(Debug, Serialize)]
struct Script<'a> {
    hex: Hex<'a>,
}

#[derive(Debug)]
struct Outputs<'a>(TxView<'a>);

impl Serialize for Outputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.outputs().enumerate().map(|(n, output)| ShownOutput::new(n, &output)))
    }
}

#[derive(Debug, Serialize)]
struct ShownOutput<'a> {
    value: Btc,
    n: usize,
    #[serde(rename = "scriptPubKey")]
    script_pubkey: Script<'a>,
}

impl<'a> ShownOutput<'a> {
    fn new(n: usize, output: &Output<'a>) -> Self {
        Self { value: Btc(output.value), n, script_pubkey: Script { hex: Hex(output.script_pubkey) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::{legacy, segwit, tx};

    fn json(bytes: &[u8]) -> String {
        serde_json::to_string(&Transaction::new(&tx(bytes))).unwrap()
    }

    #[test]
    fn a_legacy_transaction() {
        let bytes = legacy(-1, &[i64::MIN, 2_100_000_000_000_001]);
        assert_eq!(
            json(&bytes),
            format!(
                "{{\"txid\":\"{id}\",\"hash\":\"{id}\",\"version\":4294967295,\"size\":74,\"vsize\":74,\
                 \"weight\":296,\"locktime\":7,\
                 \"vin\":[{{\"txid\":\"{}\",\"vout\":1,\"scriptSig\":{{\"hex\":\"51\"}},\
                 \"sequence\":4294967294}}],\
                 \"vout\":[{{\"value\":-92233720368.54775808,\"n\":0,\"scriptPubKey\":{{\"hex\":\"5152\"}}}},\
                 {{\"value\":21000000.00000001,\"n\":1,\"scriptPubKey\":{{\"hex\":\"5152\"}}}}],\
                 \"hex\":\"{}\"}}",
                "ab".repeat(32),
                Hex(&bytes),
                id = tx(&bytes).txid(),
            )
        );
    }

    #[test]
    fn a_segwit_transaction_shows_its_stacks() {
        let bytes = segwit();
        let text = json(&bytes);
        let (txid, wtxid) = (tx(&bytes).txid(), tx(&bytes).wtxid());
        assert!(text.starts_with(&format!(
            "{{\"txid\":\"{txid}\",\"hash\":\"{wtxid}\",\"version\":2,\"size\":69,\"vsize\":64,\"weight\":255,"
        )), "{text}");
        // An empty item is an item.
        assert!(
            text.contains("\"scriptSig\":{\"hex\":\"\"},\"txinwitness\":[\"0102\",\"\"],\"sequence\":0}],"),
            "{text}"
        );
    }

    #[test]
    fn a_coinbase_spends_nothing() {
        let mut bytes = legacy(1, &[0]);
        bytes[5..37].fill(0);
        bytes[37..41].fill(0xff);
        let text = json(&bytes);
        assert!(text.contains("\"vin\":[{\"coinbase\":\"51\",\"sequence\":4294967294}],"), "{text}");
    }

    #[test]
    fn nothing_in_nothing_out() {
        let text = json(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert!(text.contains("\"vin\":[],\"vout\":[],\"hex\":\"01000000000000000000\"}"), "{text}");
    }
}
