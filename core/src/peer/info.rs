//! The known facts of a connection, for people and for programs: Bitcoin Core's `getpeerinfo`.

use alloc::string::String;
use core::time::Duration;

use super::{Direction, Peer, Traffic};
use crate::Instant;
use crate::wire::Services;

/// The facts that a [`Peer`](super::Peer) knows of its connection. Unknown ones are absent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerInfo {
    /// The side that made the connection.
    pub direction: Direction,
    /// Whether the handshake is done.
    pub ready: bool,
    /// The lower of both protocol versions; 0 before the peer's `version`.
    pub common_version: i32,
    /// The services of the peer.
    pub services: Services,
    /// The peer announces transactions by wtxid (BIP339).
    pub wtxidrelay: bool,
    /// The peer understands `addrv2` (BIP155).
    pub addrv2: bool,
    /// The counts that only [`Config::count_messages`](crate::Config::count_messages) keeps.
    pub more: Option<PeerDetails>,
    /// Requests that wait for their answers.
    pub requests: usize,
    /// The least fee rate that the peer wants announced, in satoshi per 1000 virtual bytes, if it said so.
    pub feefilter: Option<u64>,
    /// Since when our ping waits for its answer, if it does.
    pub ping_sent: Option<Instant>,
    /// The shortest time from a ping to its pong.
    pub min_ping: Option<Duration>,
    /// Bytes that wait to be written.
    pub unsent: usize,
}

/// Facts that take more memory than a quiet connection itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerDetails {
    /// The protocol version that the peer speaks.
    pub version: i32,
    /// The name of its software, of printable characters.
    pub user_agent: String,
    /// The height that it said it has.
    pub start_height: i32,
    /// Whether it wants transactions announced.
    pub relay: bool,
    /// Its clock minus ours when its `version` came, in seconds.
    pub time_offset: i64,
    /// Messages and bytes that came.
    pub received: Traffic,
    /// The messages queued for it.
    pub sent: Traffic,
}

impl Peer {
    /// Since when our ping waits for its answer, if it does.
    pub(crate) fn ping_sent(&self) -> Option<Instant> {
        self.keepalive.outstanding_since()
    }
}

impl PeerInfo {
    pub(super) fn of(peer: &Peer) -> Self {
        let details = peer.details.as_ref().zip(peer.transport.traffic());
        Self {
            direction: peer.connection.direction,
            ready: peer.is_ready(),
            common_version: peer.agreed.common_version,
            services: peer.agreed.services,
            wtxidrelay: peer.agreed.wtxidrelay,
            addrv2: peer.agreed.addrv2,
            more: details.map(|(negotiated, [received, sent])| PeerDetails {
                version: negotiated.version.version,
                user_agent: negotiated.version.user_agent(),
                start_height: negotiated.version.start_height,
                relay: negotiated.version.relay,
                time_offset: negotiated.time_offset,
                received: received.clone(),
                sent: sent.clone(),
            }),
            requests: peer.requests.len(),
            feefilter: u64::try_from(peer.feefilter).ok(),
            ping_sent: peer.keepalive.outstanding_since(),
            min_ping: peer.keepalive.min(),
            unsent: peer.transport.unsent().len(),
        }
    }
}
