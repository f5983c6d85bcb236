//! The type of an output script: Bitcoin Core's `src/script/solver.cpp` `Solver`.

use std::ops::RangeInclusive;

use super::number::count;
use super::ops::{
    OP_0, OP_1, OP_16, OP_CHECKMULTISIG, OP_CHECKSIG, OP_DUP, OP_EQUAL, OP_EQUALVERIFY, OP_HASH160,
    OP_RETURN, Ops, is_push_only,
};

/// The most keys of a bare multisig.
const MAX_KEYS: u32 = 20;

/// How long a witness program can be.
const PROGRAM_LEN: RangeInclusive<usize> = 2..=40;

/// The program of pay-to-anchor, of witness version 1.
pub(super) const ANCHOR: [u8; 2] = [0x4e, 0x73];

/// The type of an output script, with what it pays to.
///
/// Recognized by form alone: keys are not looked at but for their length and first byte, and nothing is run.
///
/// ```
/// use satwire_json::script::Kind;
///
/// let script = [&[0x00, 20][..], &[0x2a; 20]].concat();
/// assert_eq!(Kind::of(&script), Kind::WitnessV0KeyHash(&[0x2a; 20]));
/// assert_eq!(Kind::of(&script).as_str(), "witness_v0_keyhash");
/// assert_eq!(Kind::of(&[]).as_str(), "nonstandard");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// None of the others.
    Nonstandard,
    /// P2PK: a public key of 33 or 65 bytes. Whether it lies on the curve is not looked at.
    Pubkey(&'a [u8]),
    /// P2PKH: HASH160 of a public key.
    PubkeyHash(&'a [u8; 20]),
    /// P2SH (BIP16): HASH160 of a script.
    ScriptHash(&'a [u8; 20]),
    /// Bare multisig.
    Multisig {
        /// How many signatures it takes: 1 to the number of keys.
        required: u32,
        /// The public keys, 1 to 20 of them, of 33 or 65 bytes each.
        keys: Vec<&'a [u8]>,
    },
    /// `OP_RETURN` and nothing but pushes after it.
    NullData,
    /// P2A: witness version 1 with the program `4e73`.
    Anchor,
    /// P2WPKH (BIP141): HASH160 of a public key.
    WitnessV0KeyHash(&'a [u8; 20]),
    /// P2WSH (BIP141): SHA256 of a script.
    WitnessV0ScriptHash(&'a [u8; 32]),
    /// P2TR (BIP341): the x coordinate of a key. Whether there is such a point is not looked at.
    WitnessV1Taproot(&'a [u8; 32]),
    /// A witness program that has no meaning yet (BIP141).
    WitnessUnknown {
        /// The witness version, 1 to 16.
        version: u8,
        /// The witness program, 2 to 40 bytes.
        program: &'a [u8],
    },
}

impl<'a> Kind<'a> {
    /// Recognizes a script. No two kinds fit one script, so that Bitcoin Core's order does not matter.
    pub fn of(script: &'a [u8]) -> Self {
        witness(script)
            .or_else(|| script_hash(script).map(Self::ScriptHash))
            .or_else(|| null_data(script).then_some(Self::NullData))
            .or_else(|| pubkey(script).map(Self::Pubkey))
            .or_else(|| pubkey_hash(script).map(Self::PubkeyHash))
            .or_else(|| multisig(script))
            .unwrap_or(Self::Nonstandard)
    }

    /// Returns the name that Bitcoin Core gives it (`src/script/solver.cpp` `GetTxnOutputType`).
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Nonstandard => "nonstandard",
            Self::Pubkey(_) => "pubkey",
            Self::PubkeyHash(_) => "pubkeyhash",
            Self::ScriptHash(_) => "scripthash",
            Self::Multisig { .. } => "multisig",
            Self::NullData => "nulldata",
            Self::Anchor => "anchor",
            Self::WitnessV0KeyHash(_) => "witness_v0_keyhash",
            Self::WitnessV0ScriptHash(_) => "witness_v0_scripthash",
            Self::WitnessV1Taproot(_) => "witness_v1_taproot",
            Self::WitnessUnknown { .. } => "witness_unknown",
        }
    }
}

/// `<version> <program>` and nothing else (BIP141).
fn witness(script: &[u8]) -> Option<Kind<'_>> {
    let [version, len, program @ ..] = script else { return None };
    let version = match *version {
        OP_0 => 0,
        version @ OP_1..=OP_16 => version - OP_1 + 1,
        _ => return None,
    };
    if usize::from(*len) != program.len() || !PROGRAM_LEN.contains(&program.len()) {
        return None;
    }
    Some(match (version, program.len()) {
        (0, 20) => Kind::WitnessV0KeyHash(program.try_into().ok()?),
        (0, 32) => Kind::WitnessV0ScriptHash(program.try_into().ok()?),
        // Such a script cannot be spent, now or ever: version 0 has no other programs.
        (0, _) => Kind::Nonstandard,
        (1, 32) => Kind::WitnessV1Taproot(program.try_into().ok()?),
        (1, _) if program == ANCHOR => Kind::Anchor,
        _ => Kind::WitnessUnknown { version, program },
    })
}

/// `OP_HASH160 <20 bytes> OP_EQUAL` (BIP16).
fn script_hash(script: &[u8]) -> Option<&[u8; 20]> {
    let [OP_HASH160, 20, hash @ .., OP_EQUAL] = script else { return None };
    hash.try_into().ok()
}

/// `OP_RETURN`, then nothing but pushes.
fn null_data(script: &[u8]) -> bool {
    matches!(script, [OP_RETURN, rest @ ..] if is_push_only(rest))
}

/// `<key> OP_CHECKSIG`, the key pushed by the shortest opcode.
fn pubkey(script: &[u8]) -> Option<&[u8]> {
    let [len, key @ .., OP_CHECKSIG] = script else { return None };
    (usize::from(*len) == key.len() && is_key(key)).then_some(key)
}

/// `OP_DUP OP_HASH160 <20 bytes> OP_EQUALVERIFY OP_CHECKSIG`.
fn pubkey_hash(script: &[u8]) -> Option<&[u8; 20]> {
    let [OP_DUP, OP_HASH160, 20, hash @ .., OP_EQUALVERIFY, OP_CHECKSIG] = script else { return None };
    hash.try_into().ok()
}

/// `<signatures> <key>… <keys> OP_CHECKMULTISIG`, the keys pushed in any way.
fn multisig(script: &[u8]) -> Option<Kind<'_>> {
    // Most scripts are none: this alone tells.
    let [.., OP_CHECKMULTISIG] = script else { return None };
    let mut ops = Ops::new(script);
    let required = count(&ops.next()?.ok()?)?;
    let mut keys = Vec::new();
    let last = loop {
        let op = ops.next()?.ok()?;
        if !is_key(op.push) {
            break op;
        }
        keys.push(op.push);
    };
    let announced = count(&last)?;
    let fits = announced as usize == keys.len() && required <= announced && announced <= MAX_KEYS;
    (fits && ops.left() == [OP_CHECKMULTISIG]).then_some(Kind::Multisig { required, keys })
}

/// Whether the length is what the first byte of a key says: 2 and 3 for compressed, 4 for
/// uncompressed, 6 and 7 for the hybrid of both.
const fn is_key(bytes: &[u8]) -> bool {
    matches!((bytes.first(), bytes.len()), (Some(2 | 3), 33) | (Some(4 | 6 | 7), 65))
}
