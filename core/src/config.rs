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
    /// Accepted connections at a time; one more is closed at once. Default 114.
    pub inbound_slots: usize,
    /// Announcements of transactions that one peer may have open; further ones are dropped. As many ids are
    /// remembered that were announced and never came, but no more than `remembered_ids`. Default 5000.
    pub max_announcements: usize,
    /// How many transaction ids are remembered so that nothing is asked for twice: the last so many that
    /// came, of which a transaction with witnesses has two. 18 to 28 bytes each, reserved at the start.
    /// Default 50,000, about 1 MiB.
    pub remembered_ids: usize,
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
            max_announcements: 5000,
            remembered_ids: 50_000,
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
