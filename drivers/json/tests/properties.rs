//! Bytes that anybody may have sent.

use proptest::collection::vec;
use proptest::prelude::*;
use satwire_core::Network;
use satwire_core::wire::put_compact_size;
use satwire_json::script::{Asm, Kind, address, descriptor};
use satwire_json::{Bounded, decode_tx};

/// Opcodes that mean something to some kind, and lengths that fit.
fn script() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop::sample::select(vec![
        0, 1, 2, 20, 32, 33, 65, 0x4c, 0x4e, 0x51, 0x60, 0x6a, 0x76, 0xa9, 0xae, 0xaf,
    ]);
    let piece = prop_oneof![opcode.prop_map(|code| vec![code]), vec(any::<u8>(), 0..70)];
    vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// A transaction with these scripts.
fn transaction(inputs: &[Vec<u8>], outputs: &[(i64, Vec<u8>)], witness: &[Vec<u8>]) -> Vec<u8> {
    let var_bytes = |bytes: &mut Vec<u8>, script: &[u8]| {
        put_compact_size(bytes, script.len() as u64);
        bytes.extend(script);
    };
    let mut bytes = vec![2, 0, 0, 0, 0, 1];
    put_compact_size(&mut bytes, inputs.len() as u64);
    for script in inputs {
        bytes.extend([0xab; 36]);
        var_bytes(&mut bytes, script);
        bytes.extend([0xff; 4]);
    }
    put_compact_size(&mut bytes, outputs.len() as u64);
    for (value, script) in outputs {
        bytes.extend(value.to_le_bytes());
        var_bytes(&mut bytes, script);
    }
    for _ in inputs {
        put_compact_size(&mut bytes, 1 + witness.len() as u64);
        bytes.push(0);
        for item in witness {
            var_bytes(&mut bytes, item);
        }
    }
    bytes.extend([0; 4]);
    bytes
}

proptest! {
    #[test]
    fn no_script_is_explained_in_more_than_it_may_take(script in script()) {
        let asm = Asm::of_script_pubkey(&script).to_string();
        prop_assert!(asm.len() <= 23 * script.len());
        let (kind, descriptor) = (Kind::of(&script), descriptor(&script, Network::Main));
        prop_assert!(descriptor.is_ascii() && descriptor.len() <= 2 * script.len() + 90, "{kind:?} {descriptor}");
        if let Some(address) = address(&script, Network::Main) {
            prop_assert!(address.len() <= 90 && !matches!(kind, Kind::Nonstandard), "{kind:?} {address}");
        }
    }

    #[test]
    fn every_transaction_is_json(
        inputs in vec(script(), 1..4),
        outputs in vec((any::<i64>(), script()), 0..4),
        witness in vec(vec(any::<u8>(), 0..70), 0..4),
    ) {
        let bytes = transaction(&inputs, &outputs, &witness);
        let tx = decode_tx(&bytes).unwrap().to_owned();
        let json = serde_json::to_string(&Bounded::new(&tx, Network::Main)).unwrap();
        // The numbers in front are not in proportion to anything.
        prop_assert!(json.len() <= 29 * bytes.len() + 400);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(value["vin"].as_array().unwrap().len(), inputs.len());
        prop_assert_eq!(value["vout"].as_array().unwrap().len(), outputs.len());
    }

    /// Cut or changed anywhere, it is a transaction or has a mistake in it, whose place is in it.
    #[test]
    fn mistakes_are_where_the_bytes_are(
        inputs in vec(script(), 1..3),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = transaction(&inputs, &[(1, Vec::new())], &[]);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        for bytes in [&bytes[..], &bytes[..at]] {
            if let Err(error) = decode_tx(bytes) {
                prop_assert!(error.offset() <= bytes.len(), "{error}");
            }
        }
    }
}
