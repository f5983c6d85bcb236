//! The facts that a connection starts with.

use crate::WallClock;
use crate::wire::NetAddress;

/// The side that made the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a connection has two ends")]
pub enum Direction {
    /// We dialled: we speak first.
    Outbound,
    /// We accepted: we say nothing until the other side has said who it is.
    Inbound,
}

/// The facts that a connection starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionConfig {
    /// The side that made the connection.
    pub direction: Direction,
    /// A fresh random number: the nonce of our `version`. Zero, which would mean "none", is sent as 1. One peer
    /// knows its own nonce only: an owner of several compares it with those that come, to see a connection to
    /// himself, as a [`Node`](crate::Node) does.
    pub nonce: u64,
    /// The time of the world, for the timestamp of our `version`.
    pub clock: WallClock,
    /// The address that our `version` gives for where the peer is; [`NetAddress::UNSPECIFIED`] says nothing.
    pub addr_recv: NetAddress,
}

impl ConnectionConfig {
    /// A connection that does not say where the peer is; set `addr_recv` if it is to.
    pub const fn new(direction: Direction, nonce: u64, clock: WallClock) -> Self {
        Self { direction, nonce, clock, addr_recv: NetAddress::UNSPECIFIED }
    }
}
