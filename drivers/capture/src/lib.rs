//! Records what steers a Bitcoin P2P node, and replays it exactly.
//!
//! A [`Node`](satwire_core::Node) is a pure function of what it is told and of the random words that it draws. A
//! [`Recorder`](journal::Recorder) is the environment that writes both down, under any driver; a
//! [`Player`](journal::Player) is the driver whose network and clock are that file. A session of the field happens
//! again on the desk, byte by byte, and a replay that differs says in which record.
//!
//! ```
//! use satwire_capture::journal::{Ending, EndReason, Player, Prologue, Reader, Recorder};
//! use satwire_core::node::{Address, ConnId, Input};
//! use satwire_core::{Config, Instant, Network, Node, WallClock};
//!
//! // Record: the recorder is the node's environment, around the one that draws.
//! let (config, clock) = (Config::new(Network::Signet), WallClock::default());
//! let mut journal = Vec::new();
//! let prologue = Prologue::new("example 1.0", config.clone(), clock);
//! let mut node = Node::new(config, clock, Recorder::new(|_| 7, &mut journal, prologue));
//!
//! let peer = Address::Socket("203.0.113.1:38333".parse().unwrap());
//! node.handle(Instant::from_micros(10), Input::Dial(peer));
//! node.handle(Instant::from_micros(90), Input::Connected(ConnId(1)));
//! node.environment_mut().flush(); // at least once a second
//! node.handle(Instant::from_micros(30_000_090), Input::Timeout);
//! node.environment_mut().finish();
//! let said: Vec<_> = std::iter::from_fn(|| node.poll()).collect();
//! drop(node);
//!
//! // Replay: the same node, fed the same. It compares what it says with what was said.
//! let mut player = Player::new(Reader::new(&journal[..]).unwrap());
//! let mut again = Vec::new();
//! let ending = player.run(|output| again.push(output)).unwrap();
//! assert_eq!(ending, Ending::Marked(EndReason::Clean));
//! assert!(said.len() > 3 && again.iter().all(|output| said.contains(output)));
//! ```
//!
//! Live, the journal goes to a [`BackgroundFile`](journal::BackgroundFile). The format is described in
//! [`journal`]; [`Summary`] tells what is in one, and [`shrink`] leaves out what a bug does not need.

// They panic where nothing can be written.
#![deny(clippy::print_stderr, clippy::print_stdout)]
#![forbid(unsafe_code)]

pub mod convert;
mod cutter;
pub mod journal;
pub mod shrink;
mod summary;

pub use cutter::{Cutter, Piece};
pub use summary::{Connection, Messages, Summary};

#[cfg(test)]
mod tests;
