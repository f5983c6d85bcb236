//! Scripts as Bitcoin Core explains them: without running them, and without knowing any keys.

mod address;
mod asm;
mod checksum;
mod descriptor;
mod kind;
mod number;
mod ops;
mod signature;

use satwire_core::Network;

pub(crate) use self::asm::Asm;
use self::kind::Kind;
pub(crate) use self::ops::is_sane;

/// What a locking script is to a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    /// The name of its type, one of Bitcoin Core's eleven.
    pub(crate) kind: &'static str,
    /// Its address, if it has one.
    pub(crate) address: Option<String>,
    /// Its output descriptor (BIP380), with the checksum.
    pub(crate) descriptor: String,
}

impl Lock {
    /// Recognizes a script. The network matters for the address alone.
    pub(crate) fn of(script: &[u8], network: Network) -> Self {
        let kind = Kind::of(script);
        let address = address::of(&kind, network);
        let descriptor = descriptor::of(script, &kind, address.as_deref());
        Self { kind: kind.name(), address, descriptor }
    }
}

#[cfg(test)]
mod tests;
