//! Decisions of the embedder: names, limits and timers.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use core::time::Duration;

use crate::wire::{Command, Services};
use crate::{Magic, Network};

/// The protocol version that we speak (BIP339); with a peer, the lower of both counts.
pub const PROTOCOL_VERSION: i32 = 70016;

/// The settings that all connections of one node share. Plain data: take [`Config::new`] and set the fields that
/// you need.
///
/// ```
/// # use satwire_core::{Config, Network};
/// let mut config = Config::new(Network::Testnet4);
/// config.inbound_slots = 8;
/// ```
///
/// The defaults are Bitcoin Core's unless the field says otherwise; [`Config::default`] is for the main network.
///
/// Of the timers [`Duration::MAX`] means never. Zero means at the next [`Input::Timeout`](crate::node::Input::Timeout),
/// once; but some then repeat without end: with a `ping_interval` of zero each `pong` is followed by the next `ping`,
/// and with a `redial_min` or `redial_max` of zero a dial that fails is followed by the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch by itself")]
pub struct Config {
    /// The bytes that start each message: the network.
    pub magic: Magic,
    /// Name of the software (BIP14), at most 256 bytes. Default `/satwire:` and our version.
    pub user_agent: String,
    /// The services that our `version` offers. Default none: we serve nothing.
    pub services: Services,
    /// How long a dialled connection may take to be open. Default 5 s.
    pub connect_timeout: Duration,
    /// Whether our `version` asks for transactions (BIP37). If not, a peer that sends or announces one nevertheless
    /// is disconnected. Default true.
    pub relay: bool,
    /// From an open connection that we dialled to its `verack`. Default 30 s (btcd's).
    pub outbound_handshake_timeout: Duration,
    /// From an open connection that we accepted to its `verack`. Default 60 s.
    pub inbound_handshake_timeout: Duration,
    /// From one `ping` to the next; the first goes out right after the handshake. Default 2 min.
    pub ping_interval: Duration,
    /// From a `ping` to its `pong`; whatever else the peer sends does not save it, unless it is too old to
    /// know a `pong` (BIP31). Default 20 min.
    pub ping_timeout: Duration,
    /// From a `getdata` to its answer; then the next announcer is asked. Default 60 s.
    pub request_timeout: Duration,
    /// Requests to one peer that may wait for their answers at a time; further ones are refused. Besides them at
    /// most 1000 are kept that ran out of time, whose answers may still come. 150 bytes each. Default 5000.
    pub max_requests: usize,
    /// Messages that are delivered, as [`Event::Message`](crate::peer::Event::Message), besides those that have
    /// an event of their own. Bodies of all others are passed over unread. The messages of the handshake and the
    /// keepalive (`version`, `verack`, `wtxidrelay`, `sendaddrv2`, `ping`, `pong`) are never delivered. With
    /// [`Command::GETDATA`] in it the application answers requests; without, each transaction that a peer asks for is
    /// `notfound`. Default none.
    pub deliver: BTreeSet<Command>,
    /// Whether messages and bytes are counted by command, and what the peer says of itself is kept, for
    /// [`Peer::info`](crate::Peer::info) and [`Node::peers`](crate::Node::peers). Costs about 1 KiB a connection.
    /// Default false.
    pub count_messages: bool,
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
    ///
    /// One announcer is asked at a time: at once, if we dialled it. Each of these makes it wait 2 s longer: we did not
    /// dial it; it announces by txid, and there are peers that announce by wtxid; it had 100 requests or more under way
    /// when the announcement came (Bitcoin Core `src/node/txdownloadman.h`).
    pub request_transactions: bool,
    /// Announcements of transactions that one peer may have open; further ones are dropped. As many ids are
    /// remembered that were announced and never came, but no more than `remembered_ids`. Default 5000 (Bitcoin
    /// Core `MAX_PEER_TX_ANNOUNCEMENTS`).
    pub max_announcements: usize,
    /// How many transaction ids are remembered so that nothing is asked for twice: the last so many that were
    /// asked for and came, of which a transaction with witnesses has two. A quarter as many again of those that
    /// came unasked. 18 to 26 bytes each, reserved at the start. Of the last sixth of so many transactions it is
    /// remembered which peers announced them, so that a repeated announcement is not told: about 100 bytes each,
    /// reserved at the start, and with more than 64 peers a bit for each further one, 16 MiB of those at most.
    /// Default 50,000, about 3 MiB in all.
    pub remembered_ids: usize,
    /// Transactions that nobody asked for and that are told of one peer, a minute; more are ignored. Those of a
    /// minute may come at once. Default 6000 (ours).
    pub unrequested_per_minute: u32,
    /// The age, counted from its first announcement, at which it is told how a transaction spread
    /// ([`Propagation`](crate::node::Propagation)). Only where the node itself [asks](Self::request_transactions) for
    /// transactions, and of none that nobody announced. At zero it is told at the first
    /// [`Input::Timeout`](crate::node::Input::Timeout) after the transaction. Default 30 s (ours); [`Duration::MAX`]
    /// means never.
    pub propagation_age: Duration,
    /// Whether peers are judged ([`EventKind::Verdict`](crate::node::EventKind::Verdict)), and it is told when we are
    /// offline. It changes nothing that is said on the wire. Default true.
    pub verdicts: bool,
    /// How long a peer may announce no transaction while others do before its verdict is
    /// [`Verdict::InvsStopped`](crate::node::Verdict::InvsStopped). At least 1 s. Default 10 min (ours).
    pub inv_timeout: Duration,
    /// The wait before the first redial. It doubles with each failure, up to `redial_max`, and is then drawn at random
    /// between half of it and all of it. A connection that was not ready for as long as `redial_max` counts as a
    /// failure; one that was begins anew. Default 1 s (ours), so the first redial comes after 0.5 to 1 s.
    pub redial_min: Duration,
    /// The longest wait before a redial, of which between half and all is waited. Default 60 s (ours).
    pub redial_max: Duration,
}

impl Config {
    /// The defaults on `network` (or a custom signet, by its [`Magic`]).
    pub fn new(network: impl Into<Magic>) -> Self {
        Self {
            magic: network.into(),
            user_agent: user_agent(&[]),
            services: Services::NONE,
            relay: true,
            connect_timeout: Duration::from_secs(5),
            outbound_handshake_timeout: Duration::from_secs(30),
            inbound_handshake_timeout: Duration::from_secs(60),
            ping_interval: Duration::from_secs(120),
            ping_timeout: Duration::from_secs(20 * 60),
            request_timeout: Duration::from_secs(60),
            max_requests: 5000,
            deliver: BTreeSet::new(),
            count_messages: false,
            tolerated_malformed: 9,
            max_unsent: 1_000_000,
            inbound_slots: 114,
            inbound_per_address: 8,
            inbound_per_group: 32,
            request_transactions: true,
            max_announcements: 5000,
            remembered_ids: 50_000,
            unrequested_per_minute: 6000,
            propagation_age: Duration::from_secs(30),
            verdicts: true,
            inv_timeout: Duration::from_secs(600),
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
