//! Scripts as Bitcoin Core explains them: without running them, and without knowing any keys.
//!
//! - [`Kind`]: `src/script/solver.cpp` `Solver`;
//! - [`address`](fn@address): `src/key_io.cpp` `EncodeDestination`, with BIP173 and BIP350;
//! - [`descriptor`](fn@descriptor): `src/script/descriptor.cpp` `InferDescriptor`, with BIP380, BIP381 (`pk`), BIP383
//!   (`multi`) and BIP385 (`addr`, `raw`); `rawtr` is Bitcoin Core's own;
//! - [`Asm`]: `src/core_io.cpp` `ScriptToAsmStr`.
//!
//! Time and text are linear in the script.

mod address;
mod asm;
mod checksum;
mod descriptor;
mod kind;
mod number;
mod ops;
mod signature;

use satwire_core::Network;

pub use self::asm::Asm;
pub use self::kind::Kind;
pub(crate) use self::ops::is_sane;

/// Returns the address that pays to a script, if there is one.
///
/// A bare public key has none: the address that people take for its own is that of its hash. The test networks
/// share their addresses, but regtest has a bech32 prefix of its own, and simnet has its own altogether.
///
/// ```
/// use satwire_core::Network;
/// use satwire_json::script::address;
///
/// let anchor = [0x51, 2, 0x4e, 0x73];
/// assert_eq!(address(&anchor, Network::Main).as_deref(), Some("bc1pfeessrawgf"));
/// assert_eq!(address(&[0x6a], Network::Main), None);
/// ```
pub fn address(script: &[u8], network: Network) -> Option<String> {
    address::of(&Kind::of(script), network)
}

/// Returns the output descriptor of a script, with its checksum (BIP380): `pk`, `multi` or `rawtr` if the keys are
/// there to be seen, else `addr`, or `raw` where there is no address.
///
/// ```
/// use satwire_core::Network;
/// use satwire_json::script::descriptor;
///
/// assert_eq!(descriptor(&[0xde, 0xad, 0xbe, 0xef], Network::Main), "raw(deadbeef)#89f8spxm");
/// ```
pub fn descriptor(script: &[u8], network: Network) -> String {
    Explained::of(script, network).descriptor
}

/// All there is to say about an output script, found in one go.
#[derive(Debug)]
pub(crate) struct Explained {
    /// The name of its [`Kind`].
    pub(crate) kind: &'static str,
    pub(crate) address: Option<String>,
    pub(crate) descriptor: String,
}

impl Explained {
    pub(crate) fn of(script: &[u8], network: Network) -> Self {
        let kind = Kind::of(script);
        let address = address::of(&kind, network);
        let descriptor = descriptor::of(script, &kind, address.as_deref());
        Self { kind: kind.as_str(), address, descriptor }
    }
}

#[cfg(test)]
mod tests;
