//! What kind of lock a script is: Bitcoin Core's `src/script/solver.cpp` `Solver`.

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

/// The kinds that have a name, with what each pays to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    Nonstandard,
    /// A key of the right form; whether it lies on the curve is not looked at.
    Pubkey(&'a [u8]),
    PubkeyHash(&'a [u8; 20]),
    ScriptHash(&'a [u8; 20]),
    /// So many signatures for these keys.
    Multisig(u32, Vec<&'a [u8]>),
    /// Behind `OP_RETURN` there are only pushes.
    NullData,
    Anchor,
    WitnessV0KeyHash(&'a [u8]),
    WitnessV0ScriptHash(&'a [u8]),
    WitnessV1Taproot(&'a [u8]),
    /// A version from 1 on, and its program.
    WitnessUnknown(u8, &'a [u8]),
}

impl<'a> Kind<'a> {
    /// The first that fits. Bitcoin Core's order does not matter: no two of these fit one script.
    pub(super) fn of(script: &'a [u8]) -> Self {
        witness(script)
            .or_else(|| script_hash(script).map(Self::ScriptHash))
            .or_else(|| null_data(script).then_some(Self::NullData))
            .or_else(|| pubkey(script).map(Self::Pubkey))
            .or_else(|| pubkey_hash(script).map(Self::PubkeyHash))
            .or_else(|| multisig(script))
            .unwrap_or(Self::Nonstandard)
    }

    /// What Bitcoin Core calls it (`GetTxnOutputType`).
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Nonstandard => "nonstandard",
            Self::Pubkey(_) => "pubkey",
            Self::PubkeyHash(_) => "pubkeyhash",
            Self::ScriptHash(_) => "scripthash",
            Self::Multisig(..) => "multisig",
            Self::NullData => "nulldata",
            Self::Anchor => "anchor",
            Self::WitnessV0KeyHash(_) => "witness_v0_keyhash",
            Self::WitnessV0ScriptHash(_) => "witness_v0_scripthash",
            Self::WitnessV1Taproot(_) => "witness_v1_taproot",
            Self::WitnessUnknown(..) => "witness_unknown",
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
        (0, 20) => Kind::WitnessV0KeyHash(program),
        (0, 32) => Kind::WitnessV0ScriptHash(program),
        // Such a script cannot be spent, now or ever: version 0 has no other programs.
        (0, _) => Kind::Nonstandard,
        (1, 32) => Kind::WitnessV1Taproot(program),
        (1, _) if program == ANCHOR => Kind::Anchor,
        _ => Kind::WitnessUnknown(version, program),
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
    let signatures = count(&ops.next()?.ok()?)?;
    let mut keys = Vec::new();
    let last = loop {
        let op = ops.next()?.ok()?;
        if !is_key(op.push) {
            break op;
        }
        keys.push(op.push);
    };
    let announced = count(&last)?;
    let fits = announced as usize == keys.len() && signatures <= announced && announced <= MAX_KEYS;
    (fits && ops.left() == [OP_CHECKMULTISIG]).then_some(Kind::Multisig(signatures, keys))
}

/// Whether the length is what the first byte of a key says: 2 and 3 for compressed, 4 for
/// uncompressed, 6 and 7 for the hybrid of both.
const fn is_key(bytes: &[u8]) -> bool {
    matches!((bytes.first(), bytes.len()), (Some(2 | 3), 33) | (Some(4 | 6 | 7), 65))
}
