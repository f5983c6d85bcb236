//! Addresses: base58 with a checksum for hashes of old, bech32 (BIP173) and bech32m (BIP350) for
//! witness programs (Bitcoin Core `src/key_io.cpp` `EncodeDestination`).

use base58ck::Base58CkString;
use bech32::{Fe32, Hrp, segwit};
use satwire_core::Network;

use super::kind::{ANCHOR, Kind};

/// The prefixes that make addresses of one network differ from those of another.
struct Prefixes {
    pubkey_hash: u8,
    script_hash: u8,
    segwit: Hrp,
}

/// Bitcoin Core `src/kernel/chainparams.cpp`; simnet from btcd `chaincfg/params.go`.
fn prefixes(network: Network) -> Prefixes {
    let (pubkey_hash, script_hash, segwit) = match network {
        Network::Main => (0, 5, "bc"),
        Network::Regtest => (111, 196, "bcrt"),
        Network::Simnet => (0x3f, 0x7b, "sb"),
        // All test networks share theirs; one that is not known yet will too.
        _ => (111, 196, "tb"),
    };
    Prefixes { pubkey_hash, script_hash, segwit: Hrp::parse_unchecked(segwit) }
}

/// The address that pays to scripts of this kind.
pub(super) fn of(kind: &Kind<'_>, network: Network) -> Option<String> {
    let prefixes = prefixes(network);
    let (version, program) = match kind {
        Kind::PubkeyHash(hash) => return base58(prefixes.pubkey_hash, hash),
        Kind::ScriptHash(hash) => return base58(prefixes.script_hash, hash),
        Kind::WitnessV0KeyHash(program) => (0, &program[..]),
        Kind::WitnessV0ScriptHash(program) => (0, &program[..]),
        Kind::WitnessV1Taproot(program) => (1, &program[..]),
        Kind::Anchor => (1, &ANCHOR[..]),
        Kind::WitnessUnknown { version, program } => (*version, *program),
        Kind::Nonstandard | Kind::Pubkey(_) | Kind::Multisig { .. } | Kind::NullData => return None,
    };
    // Nothing here can fail: versions are at most 16, and the lengths were looked at.
    segwit::encode(prefixes.segwit, Fe32::try_from(version).ok()?, program).ok()
}

fn base58(prefix: u8, hash: &[u8; 20]) -> Option<String> {
    let mut payload = [prefix; 21];
    payload[1..].copy_from_slice(hash);
    Base58CkString::encode(&payload).ok().map(|address| address.as_str().to_owned())
}
