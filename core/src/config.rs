//! What the embedder decides: names, limits and timers.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use crate::wire::Services;
use crate::{Magic, Network};

/// The protocol version that we speak (BIP339); with a peer, the lower of both counts.
pub const PROTOCOL_VERSION: i32 = 70016;

/// What all connections of one node share. Plain data: take [`Config::new`] and change what you need.
///
/// The defaults are Bitcoin Core's, for the main network, unless the field says otherwise. Of the timers
/// `Duration::MAX` means never; one of zero is due again as soon as it was told, without end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The bytes that start each message: the network.
    pub magic: Magic,
    /// Name of the software (BIP14), at most 256 bytes. Default `/satwire:` and our version.
    pub user_agent: String,
    /// What our `version` offers. Default none: we serve nothing.
    pub services: Services,
    /// How long a dialled connection may take to be open. Default 5 s.
    pub connect_timeout: Duration,
    /// From an open connection that we dialled to its `verack`. Default 30 s (btcd's).
    pub outbound_handshake_timeout: Duration,
    /// From an open connection that we accepted to its `verack`. Default 60 s.
    pub inbound_handshake_timeout: Duration,
    /// From one `ping` to the next. Default 2 min.
    pub ping_interval: Duration,
    /// From a `ping` to its `pong`; whatever else the peer sends does not save it, unless it is too old to
    /// know a `pong` (BIP31). Default 20 min.
    pub ping_timeout: Duration,
    /// From a `getdata` to its answer; then the next announcer is asked. Default 60 s.
    pub request_timeout: Duration,
    /// Malformed messages that a peer may send without losing the connection. Default 9 (ours;
    /// Bitcoin Core has no limit, btcd tolerates none).
    pub tolerated_malformed: u8,
    /// Unsent bytes above which nothing more is read from a peer. Default 1,000,000.
    pub max_unsent: usize,
    /// Accepted connections at a time. When all are taken a newcomer takes the place of the one that is worth
    /// least: without a finished handshake, else with the fewest transactions delivered. Default 114.
    pub inbound_slots: usize,
    /// Accepted connections from one address at a time, loopback excepted. Default 8 (ours).
    pub inbound_per_address: usize,
    /// Accepted connections at a time from addresses with the same first 16 bits (IPv4) or 32 bits (IPv6),
    /// loopback excepted. Default 32 (ours).
    pub inbound_per_group: usize,
    /// Whether announced transactions are asked for. If not, [`Input::Request`](crate::node::Input::Request)
    /// asks for those that you choose. Default true.
    pub request_transactions: bool,
    /// Announcements of transactions that one peer may have open; further ones are dropped. As many ids are
    /// remembered that were announced and never came, but no more than `remembered_ids`. Default 5000.
    pub max_announcements: usize,
    /// How many transaction ids are remembered so that nothing is asked for twice: the last so many that
    /// came, of which a transaction with witnesses has two. 18 to 28 bytes each, reserved at the start.
    /// Default 50,000, about 1 MiB.
    pub remembered_ids: usize,
    /// Whether peers are judged. Costs about 100 bytes a connection and a
    /// wake-up every 10 s. Default false.
    pub judge_peers: bool,
    /// How long a peer may announce nothing while at least two others do, before its verdict is
    /// `invs_stopped`. Default 10 min.
    pub invs_timeout: Duration,
    /// Wait before the first redial; doubled with each failure. Default 1 s (ours).
    pub redial_min: Duration,
    /// The longest wait before a redial. Default 60 s (ours).
    pub redial_max: Duration,
}

impl Config {
    /// The defaults on `network` (or a custom signet, by its [`Magic`]).
    pub fn new(network: impl Into<Magic>) -> Self {
        Self {
            magic: network.into(),
            user_agent: user_agent(&[]),
            services: Services::NONE,
            connect_timeout: Duration::from_secs(5),
            outbound_handshake_timeout: Duration::from_secs(30),
            inbound_handshake_timeout: Duration::from_secs(60),
            ping_interval: Duration::from_secs(120),
            ping_timeout: Duration::from_secs(20 * 60),
            request_timeout: Duration::from_secs(60),
            tolerated_malformed: 9,
            max_unsent: 1_000_000,
            inbound_slots: 114,
            inbound_per_address: 8,
            inbound_per_group: 32,
            request_transactions: true,
            max_announcements: 5000,
            remembered_ids: 50_000,
            judge_peers: false,
            invs_timeout: Duration::from_secs(600),
            redial_min: Duration::from_secs(1),
            redial_max: Duration::from_secs(60),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new(Network::Main)
    }
}

/// Our user agent with these comments (BIP14): `/satwire:0.1.0(one; two)/`.
pub fn user_agent(comments: &[String]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    if comments.is_empty() {
        format!("/satwire:{version}/")
    } else {
        format!("/satwire:{version}({})/", comments.join("; "))
    }
}
