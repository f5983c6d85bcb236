//! The settings of a [`Discovery`](super::Discovery), and the words in which it speaks with its owner.

use alloc::string::String;
use alloc::vec::Vec;

use super::{AddrPort, DialPurpose, Networks};

/// The settings of a [`Discovery`](super::Discovery).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiscoveryConfig {
    /// Lasting connections that are made automatically. Default 8.
    pub full_relay: usize,
    /// The networks that can be dialled. Default IPv4 and IPv6.
    pub networks: Networks,
    /// Names of DNS seeds. Default none.
    pub dns_seeds: Vec<String>,
    /// Whether names may be looked up. If not, where a proxy shall do it, the seeds are connected to by their
    /// names. Default true.
    pub resolve_names: bool,
    /// Nodes to be asked for addresses: DNS seeds are asked 30 s later then. Default none.
    pub seed_nodes: Vec<String>,
    /// The port of nodes that a DNS seed names. Default 8333.
    pub default_port: u16,
}

impl Default for DiscoveryConfig {
    fn default() -> Self {
        Self {
            full_relay: 8,
            networks: Networks::INTERNET,
            dns_seeds: Vec::new(),
            resolve_names: true,
            seed_nodes: Vec::new(),
            default_port: 8333,
        }
    }
}

/// An order to the owner of a [`Discovery`](super::Discovery).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiscoveryOrder {
    /// Dial this address. Tell of it with [`Discovery::ready`](super::Discovery::ready) and [`Discovery::closed`](super::Discovery::closed).
    Connect {
        /// The address.
        addr: AddrPort,
        /// The purpose.
        purpose: DialPurpose,
    },
    /// End the connection to this address: its purpose is fulfilled, or it lacks services.
    Disconnect(AddrPort),
    /// Ask this peer for addresses, with `getaddr`.
    GetAddr(AddrPort),
    /// Look up `host`, and answer with [`Discovery::resolved`](super::Discovery::resolved) for `seed`.
    Resolve {
        /// The name of the DNS seed.
        seed: String,
        /// The name to look up: the seed's, with a prefix that asks for the services that we want.
        host: String,
    },
    /// Connect to this seed node, or to a node of this DNS seed, ask it for addresses, and leave.
    Fetch(String),
    /// Keep [`Discovery::addresses`](super::Discovery::addresses).
    Save,
}

/// Why the end of a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkEnd {
    /// It could not be made.
    NotConnected,
    /// The peer ended it.
    Peer,
    /// We ended it.
    Local,
}
