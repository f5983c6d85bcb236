//! The parts of the tests: peers that follow a script, and a clock that only a test moves.
//!
//! Nothing of that sleeps, opens a socket or reads a clock. The bytes of the other side are built with the
//! `bitcoin` crate, and what we send is decoded with it: it is the outside judge of our bytes. Where
//! it refuses to build what a hostile peer sends, [`Frame`] does.
//!
//! - [`Session`]: one [`Peer`](satwire_core::Peer) and the other end of its stream;
//! - [`World`]: one [`Node`](satwire_core::Node), its connections, and a [`Script`] for its random words;
//! - [`Pair`]: two worlds, back to back, with a delay between them;
//! - [`sim`]: many nodes and peers, and everything that can go wrong between them;
//! - [`Transcript`]: what a node did, in lines that a person can read; [`import_transcript`]: what a capture shows;
//! - [`Counting`]: an allocator that knows what is alive.
//!
//! Only [`lab`] is of another kind: it starts real btcds.

#![allow(clippy::missing_panics_doc, reason = "a test panics where it fails")]
#![allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "its users are the tests of this tree"
)]

mod config;
mod counting;
mod decode;
mod frame;
mod hello;
mod import;
#[cfg(unix)]
pub mod lab;
mod pair;
mod render;
mod script;
mod session;
pub mod sim;
mod transcript;
mod txs;
mod world;

pub use config::config;
pub use counting::Counting;
pub use decode::{Sent, decode_frames, decode_frames_of};
pub use frame::{Frame, MAGIC, NETWORK, message};
pub use hello::Hello;
pub use import::import_transcript;
pub use pair::Pair;
pub use script::Script;
pub use session::{Session, closed};
pub use transcript::Transcript;
pub use txs::{by_txid, by_wtxid, legacy_tx, segwit_tx, tx_message};
pub use world::{World, peer_addr};
