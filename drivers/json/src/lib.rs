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
//! `src/core_io.cpp` (`src/core_write.cpp` in earlier versions), with which the tests compare them. Amounts are
//! in BTC with eight decimals, without a float on the way. Facts that need the chain (fees, spent outputs) are absent.
//!
//! Nothing here runs a script, checks a signature, or judges a transaction: impossible ones, such as those
//! with negative amounts, are shown as they are.
//!
//! # What it costs
//!
//! Time and output are linear in the bytes of the transaction; memory besides the output is that of one output's
//! texts. The worst that fits in 400,000 weight units, the most that is relayed (`cargo bench -p satwire-json` has
//! the whole table, for each kind of script; the times are those of one machine, and say which is how much slower):
//!
//! | 400,000 weight units of | bytes in | bytes of JSON | ratio | time |
//! |---|---|---|---|---|
//! | an output of `OP_CHECKMULTISIGVERIFY`, the longest name | 100,000 | 2,898,800 | 29.0 | 4 ms |
//! | outputs without a script | 99,989 | 1,543,965 | 15.4 | 4 ms |
//! | outputs of type `witness_v1_taproot` | 99,985 | 1,140,489 | 11.4 | 24 ms |
//! | inputs without a script | 99,938 | 560,931 | 5.6 | 1 ms |
//! | a witness of empty items | 399,815 | 1,999,418 | 5.0 | 6 ms |
//!
//! No byte becomes more than 29 of JSON: the largest transaction that a message can hold, 4,000,000 bytes, gives 116 MB
//! at most, which is why [`Bounded`] exists. Slowest is the question whether the key of a taproot output
//! is on the curve: 10 µs for 43 bytes, 0.24 µs a byte; without it no kind takes more than 0.06 µs a byte.
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

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
