//! Output descriptors (BIP380), as far as they can be told from the script alone.

use std::fmt::Write as _;

use secp256k1::XOnlyPublicKey;

use super::checksum;
use super::kind::Kind;
use crate::hex::Hex;

/// The descriptor of a script with its checksum, as Bitcoin Core's `src/script/descriptor.cpp`
/// `InferDescriptor` has it if it knows no keys and no scripts.
pub(super) fn of(script: &[u8], kind: &Kind<'_>, address: Option<&str>) -> String {
    let mut text = match (kind, address) {
        (Kind::Pubkey(key), _) if is_usable(key) => format!("pk({})", Hex(key)),
        (Kind::Multisig { required, keys }, _) if keys.iter().all(|key| is_usable(key)) => {
            multi(*required, keys)
        }
        (Kind::WitnessV1Taproot(key), _) if is_on_curve(&key[..]) => format!("rawtr({})", Hex(&key[..])),
        (_, Some(address)) => format!("addr({address})"),
        (_, None) => format!("raw({})", Hex(script)),
    };
    let checksum = checksum::of(&text);
    text.push('#');
    text.push_str(&checksum);
    text
}

fn multi(required: u32, keys: &[&[u8]]) -> String {
    let mut text = format!("multi({required}");
    for key in keys {
        // Writing to text cannot fail.
        let _ = write!(text, ",{}", Hex(key));
    }
    text.push(')');
    text
}

/// Descriptors have no hybrid keys. Whether the key lies on the curve is not asked here.
const fn is_usable(key: &[u8]) -> bool {
    matches!(key.first(), Some(2..=4))
}

/// Whether the 32 bytes are the x of a point. If not, nobody can ever sign for them, and `rawtr`
/// would not be true.
fn is_on_curve(key: &[u8]) -> bool {
    XOnlyPublicKey::from_slice(key).is_ok()
}
