//! Our JSON for a transaction beside btcd's.

use bitcoin::{Amount, Denomination};
use serde_json::Value;

/// The keys that both have of a transaction as a whole, if btcd's command gives them (`decoderawtransaction` gives less
/// than `getrawtransaction TXID 1`).
const WHOLE: [&str; 8] = ["txid", "hash", "version", "size", "vsize", "weight", "locktime", "hex"];

/// Where our JSON for a transaction differs from btcd's, in every field that both know; empty if nowhere.
///
/// Numbers are compared by their text, amounts exactly: ours must have eight decimals, as Bitcoin Core prints
/// them, where btcd leaves zeros away. That needs the `arbitrary_precision` of `serde_json`, without which a
/// decimal becomes a float while it is read.
pub fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut found = Differences(Vec::new());
    for key in WHOLE {
        if !theirs[key].is_null() {
            found.compare(key, &ours[key], &theirs[key]);
        }
    }
    found.each("vin", ours, theirs, |found, at, ours, theirs| {
        for pointer in ["/coinbase", "/txid", "/vout", "/sequence", "/scriptSig/hex", "/txinwitness"] {
            found.compare_at(at, pointer, ours, theirs);
        }
    });
    found.each("vout", ours, theirs, |found, at, ours, theirs| {
        for pointer in ["/n", "/scriptPubKey/hex"] {
            found.compare_at(at, pointer, ours, theirs);
        }
        let (ours, theirs) = (&ours["value"], &theirs["value"]);
        let same = satoshis(ours).is_some() && satoshis(ours) == satoshis(theirs);
        if !same || !has_eight_decimals(ours) {
            found.add(&format!("{at}/value"), ours, theirs);
        }
    });
    found.0
}

struct Differences(Vec<String>);

impl Differences {
    fn add(&mut self, at: &str, ours: &Value, theirs: &Value) {
        self.0.push(format!("{at}: {ours} here, {theirs} at btcd"));
    }

    fn compare(&mut self, at: &str, ours: &Value, theirs: &Value) {
        if ours != theirs {
            self.add(at, ours, theirs);
        }
    }

    /// Compares what both have at a JSON pointer. Absent in both is the same too.
    fn compare_at(&mut self, at: &str, pointer: &str, ours: &Value, theirs: &Value) {
        let get = |value: &Value| value.pointer(pointer).cloned().unwrap_or_default();
        self.compare(&format!("{at}{pointer}"), &get(ours), &get(theirs));
    }

    /// Compares two arrays item by item.
    fn each(
        &mut self,
        key: &str,
        ours: &Value,
        theirs: &Value,
        mut compare: impl FnMut(&mut Self, &str, &Value, &Value),
    ) {
        let (Some(ours), Some(theirs)) = (ours[key].as_array(), theirs[key].as_array()) else {
            return self.add(key, &ours[key], &theirs[key]);
        };
        if ours.len() != theirs.len() {
            self.add(&format!("length of {key}"), &ours.len().into(), &theirs.len().into());
        }
        for (n, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            compare(self, &format!("{key}/{n}"), ours, theirs);
        }
    }
}

/// An amount in bitcoin as a number of satoshis; no float on the way.
fn satoshis(value: &Value) -> Option<u64> {
    let text = value.as_number()?.to_string();
    let amount = Amount::from_str_in(&text, Denomination::Bitcoin).ok()?;
    Some(amount.to_sat())
}

fn has_eight_decimals(value: &Value) -> bool {
    let text = value.to_string();
    text.split_once('.').is_some_and(|(_, decimals)| decimals.len() == 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A transaction as btcd prints it, shortened.
    const THEIRS: &str = r#"{
        "hex": "0200", "txid": "aa", "hash": "bb", "size": 200, "version": 2, "locktime": 0,
        "vin": [{"txid": "cc", "vout": 1, "scriptSig": {"asm": "", "hex": ""},
                 "txinwitness": ["", "30"], "sequence": 4294967293}],
        "vout": [{"value": 1.5, "n": 0, "scriptPubKey": {"asm": "x", "hex": "0014", "type": "y"}}]
    }"#;

    /// The same as we print it.
    const OURS: &str = r#"{
        "txid": "aa", "hash": "bb", "version": 2, "size": 200, "vsize": 100, "weight": 400, "locktime": 0,
        "vin": [{"txid": "cc", "vout": 1, "scriptSig": {"hex": ""},
                 "txinwitness": ["", "30"], "sequence": 4294967293}],
        "vout": [{"value": 1.50000000, "n": 0, "scriptPubKey": {"hex": "0014"}}],
        "hex": "0200"
    }"#;

    fn parse(text: &str) -> Value {
        serde_json::from_str(text).expect("the texts of these tests are JSON")
    }

    #[test]
    fn the_same_transaction_has_no_differences() {
        assert_eq!(differences(&parse(OURS), &parse(THEIRS)), Vec::<String>::new());
    }

    #[test]
    fn each_field_counts() {
        for (from, to, at) in [
            (r#""hex": "0200""#, r#""hex": "0201""#, "hex"),
            (r#""locktime": 0,"#, "", "locktime"),
            (r#""vout": 1"#, r#""vout": 2"#, "vin/0/vout"),
            (r#"{"hex": ""}"#, r#"{"hex": "00"}"#, "vin/0/scriptSig/hex"),
            (r#"["", "30"]"#, r#"["30"]"#, "vin/0/txinwitness"),
            ("4294967293", "4294967295", "vin/0/sequence"),
            ("1.50000000", "1.50000001", "vout/0/value"),
            ("1.50000000", "1.5", "vout/0/value"),
            ("0014", "0015", "vout/0/scriptPubKey/hex"),
            (r#""vout": [{"#, r#""vout": [{}, {"#, "length of vout"),
        ] {
            assert!(OURS.contains(from), "{from} is changed");
            let found = differences(&parse(&OURS.replace(from, to)), &parse(THEIRS));
            let start = format!("{at}: ");
            assert!(found.iter().any(|line| line.starts_with(&start)), "{from} → {to}: {found:?}");
        }
    }

    #[test]
    fn the_last_satoshi_counts() {
        let ours = OURS.replace("1.50000000", "20999999.97690001");
        let theirs = THEIRS.replace("1.5", "20999999.9769");
        assert_eq!(differences(&parse(&ours), &parse(&theirs)).len(), 1);
    }
}
