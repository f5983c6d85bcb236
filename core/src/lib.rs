//! front page
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod close;
mod config;
mod network;
pub mod node;
pub mod peer;
mod routable;
mod time;
pub mod wire;

pub use close::{CloseReason, Fault, Loss};
pub use config::{Config, PROTOCOL_VERSION, user_agent};
pub use network::{Magic, Network};
pub use node::Node;
pub use peer::Peer;
pub use time::{Instant, WallClock};
