//! A transaction as Bitcoin Core's `decoderawtransaction` shows it.
//!
//! The keys and their order are those of `src/core_io.cpp` `TxToUniv` and `ScriptToUniv`.

use satwire_core::Network;
use satwire_core::wire::{Tx, TxIn, TxOut, TxView, Txid, Witness, Wtxid};
use serde::{Serialize, Serializer};

use crate::hex::Hex;
use crate::script::{Asm, Explained};
use crate::{Btc, Shown};

/// Serializes a transaction as the object that Bitcoin Core's `decoderawtransaction` prints.
///
/// The keys are `txid`, `hash`, `version`, `size`, `vsize`, `weight`, `locktime`, `vin`, `vout`, in this order, and
/// `hex` at the end if wanted. Sizes are in bytes, virtual bytes and weight units; `value` is in BTC.
///
/// It borrows the transaction, and everything below `vin` and `vout` is made while it is written: memory is that of
/// one output's texts. The output is up to 29 times as long as the transaction: [`Bounded`](crate::Bounded) is for
/// where strangers choose it.
#[derive(Clone, Debug, Serialize)]
pub struct Transaction<'a> {
    #[serde(flatten)]
    head: Head,
    vin: Inputs<'a>,
    vout: Outputs<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<Hex<'a>>,
}

impl<'a> Transaction<'a> {
    /// Takes a transaction to be shown. The network matters for addresses alone.
    pub fn new(tx: &'a Tx, network: Network) -> Self {
        let view = tx.view();
        Self { head: Head::new(tx), vin: Inputs(view), vout: Outputs { view, network }, hex: None }
    }

    /// Adds the bytes as `hex`, which `decoderawtransaction` leaves out and `getrawtransaction` does not.
    #[must_use]
    pub fn with_hex(self) -> Self {
        Self { hex: Some(Hex(self.vin.0.as_bytes())), ..self }
    }
}

/// A transaction in a few numbers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Head {
    txid: Shown<Txid>,
    hash: Shown<Wtxid>,
    version: u32,
    size: usize,
    vsize: usize,
    weight: usize,
    locktime: u32,
}

impl Head {
    pub(crate) fn new(tx: &Tx) -> Self {
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
        }
    }
}

#[derive(Clone, Debug)]
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
    script_sig: Option<ScriptSig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txinwitness: Option<Stack<'a>>,
    sequence: u32,
}

impl<'a> ShownInput<'a> {
    fn new(input: &TxIn<'a>, is_coinbase: bool, stack: Option<Witness<'a>>) -> Self {
        let txinwitness = stack.filter(|stack| stack.len() > 0).map(Stack);
        let shown = Self { txinwitness, sequence: input.sequence, ..Self::default() };
        let hex = Hex(input.script_sig);
        if is_coinbase {
            return Self { coinbase: Some(hex), ..shown };
        }
        Self {
            txid: Some(Shown(input.prev_txid)),
            vout: Some(input.prev_vout),
            script_sig: Some(ScriptSig { asm: Shown(Asm::of_script_sig(input.script_sig)), hex }),
            ..shown
        }
    }
}

#[derive(Debug, Serialize)]
struct ScriptSig<'a> {
    asm: Shown<Asm<'a>>,
    hex: Hex<'a>,
}

#[derive(Debug)]
struct Stack<'a>(Witness<'a>);

impl Serialize for Stack<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone().map(Hex))
    }
}

#[derive(Clone, Debug)]
struct Outputs<'a> {
    view: TxView<'a>,
    network: Network,
}

impl Serialize for Outputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let outputs = self.view.outputs().enumerate();
        serializer.collect_seq(outputs.map(|(n, output)| ShownOutput::new(n, &output, self.network)))
    }
}

#[derive(Debug, Serialize)]
struct ShownOutput<'a> {
    value: Btc,
    n: usize,
    #[serde(rename = "scriptPubKey")]
    script_pubkey: ScriptPubkey<'a>,
}

impl<'a> ShownOutput<'a> {
    fn new(n: usize, output: &TxOut<'a>, network: Network) -> Self {
        Self {
            value: Btc(output.value.into()),
            n,
            script_pubkey: ScriptPubkey::new(output.script_pubkey, network),
        }
    }
}

#[derive(Debug, Serialize)]
struct ScriptPubkey<'a> {
    asm: Shown<Asm<'a>>,
    desc: String,
    hex: Hex<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    r#type: &'static str,
}

impl<'a> ScriptPubkey<'a> {
    fn new(script: &'a [u8], network: Network) -> Self {
        let Explained { kind, address, descriptor } = Explained::of(script, network);
        Self {
            asm: Shown(Asm::of_script_pubkey(script)),
            desc: descriptor,
            hex: Hex(script),
            address,
            r#type: kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pretty::tests::like_bitcoin_tx;
    use crate::samples::{legacy, segwit, tx};

    fn json(bytes: &[u8]) -> String {
        serde_json::to_string(&Transaction::new(&tx(bytes), Network::Main).with_hex()).unwrap()
    }

    #[test]
    fn a_legacy_transaction() {
        let bytes = legacy(-1, &[i64::MIN, 2_100_000_000_000_001]);
        let script =
            "\"asm\":\"1 2\",\"desc\":\"raw(5152)#vah3w7vg\",\"hex\":\"5152\",\"type\":\"nonstandard\"";
        assert_eq!(
            json(&bytes),
            format!(
                "{{\"txid\":\"{id}\",\"hash\":\"{id}\",\"version\":4294967295,\"size\":74,\"vsize\":74,\
                 \"weight\":296,\"locktime\":7,\
                 \"vin\":[{{\"txid\":\"{}\",\"vout\":1,\"scriptSig\":{{\"asm\":\"1\",\"hex\":\"51\"}},\
                 \"sequence\":4294967294}}],\
                 \"vout\":[{{\"value\":-92233720368.54775808,\"n\":0,\"scriptPubKey\":{{{script}}}}},\
                 {{\"value\":21000000.00000001,\"n\":1,\"scriptPubKey\":{{{script}}}}}],\
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
            text.contains(
                "\"scriptSig\":{\"asm\":\"\",\"hex\":\"\"},\"txinwitness\":[\"0102\",\"\"],\"sequence\":0}],"
            ),
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

    /// Whole answers of Bitcoin Core's `bitcoin-tx -json`: `tests/core/README.md`.
    #[test]
    fn bitcoin_core_prints_the_same() {
        for expected in [
            include_str!("../tests/core/legacy.json"),
            include_str!("../tests/core/p2wpkh_spend.json"),
            include_str!("../tests/core/p2wsh_spend.json"),
            include_str!("../tests/core/p2tr_spend.json"),
        ] {
            let value: serde_json::Value = serde_json::from_str(expected).unwrap();
            let bytes = crate::hex::decode(value["hex"].as_str().unwrap()).unwrap();
            let tx = TxView::decode(&bytes).unwrap().to_owned();
            assert_eq!(like_bitcoin_tx(&Transaction::new(&tx, Network::Regtest).with_hex()), expected);
        }
    }
}
