//! Scripts of each type and at each edge, compared with Bitcoin Core's words: `tests/core/README.md`.

use serde_json::Value;

use super::*;
use crate::hex;

fn fixtures(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    // No script is no digits.
    if text.is_empty() { Vec::new() } else { hex::decode(text).unwrap() }
}

fn network(name: &str) -> Network {
    Network::ALL.into_iter().find(|network| network.name() == name).unwrap()
}

#[test]
fn locks_are_explained_as_bitcoin_core_does() {
    let locks = fixtures(include_str!("../../tests/core/locks.json"));
    for lock in &locks {
        let text = |key: &str| lock[key].as_str();
        let script = bytes(text("hex").unwrap());
        let found = Explained::of(&script, network(text("chain").unwrap()));
        assert_eq!(Some(found.kind), text("type"), "{lock}");
        assert_eq!(found.address.as_deref(), text("address"), "{lock}");
        assert_eq!(Some(found.descriptor.as_str()), text("desc"), "{lock}");
        assert_eq!(Some(Asm::of_script_pubkey(&script).to_string().as_str()), text("asm"), "{lock}");
    }
    for kind in [
        "nonstandard",
        "pubkey",
        "pubkeyhash",
        "scripthash",
        "multisig",
        "nulldata",
        "anchor",
        "witness_v0_keyhash",
        "witness_v0_scripthash",
        "witness_v1_taproot",
        "witness_unknown",
    ] {
        assert!(locks.iter().any(|lock| lock["type"] == kind), "{kind}");
    }
}

#[test]
fn unlocks_are_explained_as_bitcoin_core_does() {
    for unlock in fixtures(include_str!("../../tests/core/unlocks.json")) {
        let nops = unlock["nops"].as_u64().unwrap_or_default() as usize;
        let script = [vec![0x61; nops], bytes(unlock["hex"].as_str().unwrap())].concat();
        let asm = Asm::of_script_sig(&script).to_string().replace("OP_NOP ", "");
        assert_eq!(unlock["asm"], asm, "{unlock}");
    }
}

/// Bitcoin Core has no simnet: btcd `chaincfg/params.go`. The other library takes the addresses apart.
#[test]
fn simnet_has_prefixes_of_its_own() {
    let address = |script: &[u8]| Explained::of(script, Network::Simnet).address.unwrap();
    let hash = [0x5d; 20];
    let old = |prefix: u8| [&[prefix][..], &hash].concat();
    let pubkey_hash = address(&[&[0x76, 0xa9, 20][..], &hash, &[0x88, 0xac]].concat());
    let script_hash = address(&[&[0xa9, 20][..], &hash, &[0x87]].concat());
    assert_eq!(bitcoin::base58::decode_check(&pubkey_hash).unwrap(), old(0x3f));
    assert_eq!(bitcoin::base58::decode_check(&script_hash).unwrap(), old(0x7b));
    assert!(pubkey_hash.starts_with('S') && script_hash.starts_with('r'), "{pubkey_hash} {script_hash}");
    assert!(address(&[&[0, 20][..], &hash].concat()).starts_with("sb1q"));
    assert!(address(&[&[0x51, 32][..], &[0x5d; 32]].concat()).starts_with("sb1p"));
}
