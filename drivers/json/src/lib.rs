//! Bitcoin transactions and scripts as JSON, field for field as Bitcoin Core prints them.
//!
//! - [`Transaction`] serializes as the object of `decoderawtransaction`; [`Transaction::with_hex`] adds the
//!   `hex` of `getrawtransaction`.
//! - [`Bounded`] is that object for places where strangers choose the transaction: above
//!   [`MAX_STANDARD_TX_WEIGHT`] it is [`Abridged`] to a few hundred bytes.
//! - [`decode_tx`] reads bytes as `decoderawtransaction` does, and says where they stop being a transaction.
//! - [`script`] tells the type of an output script, its address, its descriptor and its opcodes in words.
//! - [`hex`](mod@hex), [`Btc`], [`Seconds`], [`Shown`] and [`write_pretty`] are the parts that it is made of.
//!
//! ```
//! use satwire_core::Network;
//! use satwire_json::{Transaction, decode_tx, hex};
//!
//! let bytes = hex::decode("0100000000010065cd1d00000000225120\
//!     79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f8179800000000")?;
//! let tx = decode_tx(&bytes)?.to_owned();
//! let json = serde_json::to_string(&Transaction::new(&tx, Network::Main))?;
//! assert!(json.contains(r#""vout":[{"value":5.00000000,"n":0,"scriptPubKey":{"asm":"1 79be667e"#));
//! assert!(json.contains(r#""desc":"rawtr(79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)#"#));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! The keys, their order and the form of each value are an interface: they follow Bitcoin Core's
//! `src/core_io.cpp` (`src/core_write.cpp` before version 31), with which the tests compare them. Amounts are
//! in BTC with eight decimals, without a float on the way. What needs the chain (fees, what is spent) is absent.
//!
//! Nothing here runs a script, checks a signature, or judges a transaction: impossible ones, such as those
//! with negative amounts, are shown as they are.
//!
//! # What it costs
//!
//! Time and output are linear in the bytes of the transaction. FIGURES
#![forbid(unsafe_code)]

mod bounded;
mod decode;
pub mod hex;
mod number;
mod pretty;
pub mod script;
mod shown;
mod transaction;

#[cfg(test)]
mod samples;

pub use bounded::{Abridged, Bounded, MAX_STANDARD_TX_WEIGHT};
pub use decode::{DecodeTxError, decode_tx};
pub use number::{Btc, Seconds};
pub use pretty::write_pretty;
pub use shown::Shown;
pub use transaction::Transaction;
