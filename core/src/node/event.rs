//! News for the application.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::{Address, ConnId, InputError, Verdict};
use crate::peer::{Direction, IgnoredReason, Negotiated, Rejection};
use crate::wire::{Command, Inventory, OwnedMessage, Tx, Txid, Wtxid};
use crate::{CloseReason, Instant, WallClock};

/// News: what happened, when, and on which connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// When the input came that caused it.
    pub at: Instant,
    /// On which connection. `None` for news of the node as a whole: [`EventKind::Clock`], [`EventKind::DialFailed`],
    /// [`EventKind::Propagation`], [`EventKind::Offline`], [`EventKind::Online`]; and for an
    /// [`EventKind::InputRefused`] unless it is about a connection that is open. All others name one, the first with
    /// [`EventKind::Connected`], the last with [`EventKind::Disconnected`].
    pub conn: Option<ConnId>,
    /// The news itself.
    pub kind: EventKind,
}

impl Event {
    /// An event of the application's own [`Machine`](crate::Machine), or of a test.
    pub const fn new(at: Instant, conn: Option<ConnId>, kind: EventKind) -> Self {
        Self { at, conn, kind }
    }
}

/// A kind of news, with its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// The wall clock was set to this.
    Clock(WallClock),
    /// No connection could be made, or it was called off while it was made: then the reason is
    /// [`CloseReason::Local`].
    DialFailed {
        /// Where to.
        address: Address,
        /// Why not.
        reason: CloseReason,
        /// How long we wait before we try again. Zero: the name's next address is tried now. [`Duration::MAX`]: never,
        /// the address is no target any more.
        retry: Duration,
    },
    /// A connection is open.
    Connected {
        /// The other side's address.
        addr: SocketAddr,
        /// The side that made it.
        direction: Direction,
    },
    /// The handshake is done.
    Handshake(Box<Negotiated>),
    /// The peer answered our ping.
    Pong {
        /// The time that it took.
        rtt: Duration,
        /// The shortest such time on this connection.
        min: Duration,
    },
    /// The least fee rate, in satoshi per 1000 virtual bytes, that the peer wants announced.
    Feefilter(u64),
    /// Transactions were announced, in this order.
    Announced(Vec<Announcement>),
    /// A transaction came that we did not have. Copies of it are [`EventKind::Ignored`].
    Tx {
        /// The transaction.
        tx: Tx,
        /// The time since our `getdata` to this peer, if there was one.
        latency: Option<Duration>,
    },
    /// How a transaction spread, told once of each that peers announced and that came, where the node itself
    /// [asks for transactions](crate::Config::request_transactions).
    Propagation(Box<Propagation>),
    /// A message of a command in [`Config::deliver`](crate::Config::deliver).
    Message(OwnedMessage),
    /// The peer does not have what we asked it for.
    Notfound(Vec<FailedRequest>),
    /// The peer did not answer in time, or is about to be [disconnected](EventKind::Disconnected) before it has.
    Unanswered(Vec<FailedRequest>),
    /// The peer says what it does not like, as btcd does before it hangs up.
    Rejected(Box<Rejection>),
    /// A message that was not read, or was dropped.
    Ignored {
        /// Its command.
        command: Command,
        /// The bytes of its payload.
        bytes: u32,
        /// Why.
        because: IgnoredReason,
    },
    /// The verdict on the peer is another one now. A handshake that does not take long is told by
    /// [`EventKind::Handshake`] alone.
    Verdict {
        /// The fault, or [`Verdict::Ok`].
        verdict: Verdict,
        /// Since when: never later than the event.
        since: Instant,
    },
    /// Nobody reaches us. Several peers are connected and none has said anything while our ping to one of them ran late;
    /// or no connection is open, and there are several targets of which none gave an answer to the last attempt. Until
    /// [`EventKind::Online`] no peer is blamed for its silence.
    Offline {
        /// When somebody was last heard.
        since: Instant,
    },
    /// Somebody reaches us again.
    Online {
        /// How long nobody did.
        after: Duration,
    },
    /// An input could not be carried out, and nothing has changed by it. [`InputError::conn`] names the connection that
    /// it was for, open or not.
    InputRefused(Box<InputError>),
    /// The connection is over.
    Disconnected(CloseReason),
}

/// One entry of an `inv`, and what we make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Announcement {
    /// The announced object: a `tx` or a `wtx`.
    pub item: Inventory,
    /// Nobody announced it before, as far as we remember ([`Config::remembered_ids`](crate::Config)).
    pub first: bool,
    /// A `getdata` for it follows to this peer, now. If not, one may follow later, to this peer or another, and is not
    /// told: [`Config::request_transactions`](crate::Config::request_transactions) says when.
    pub requested: bool,
}

/// How a transaction spread among our peers. It is told at the first [`Input::Timeout`](super::Input::Timeout) after
/// the transaction has the age [`Config::propagation_age`](crate::Config::propagation_age); if its body comes later
/// than that, at the first one after the body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Propagation {
    /// The txid.
    pub txid: Txid,
    /// The wtxid.
    pub wtxid: Wtxid,
    /// When it was announced first, under either id.
    pub first_at: Instant,
    /// The connection on which it was.
    pub first_conn: ConnId,
    /// The side that made this connection. It says how the peer times its announcements to us: to all peers that
    /// dialled it, as we did, at the same moments, 5 s apart on average; to those that it dialled, as us, to each at
    /// moments of its own, 2 s apart (Bitcoin Core `src/net_processing.cpp` `NextInvToInbounds`).
    pub first_direction: Direction,
    /// The first peer announced at the pace at which Bitcoin Core lets announcements wait (13 a second and more
    /// over ten seconds): it may have known the transaction for longer.
    pub congested: bool,
    /// How many peers announced it, under either id. Of those that were gone before the body came only the first
    /// counts.
    pub announcers: u32,
    /// How many peers could have announced it: those that are there, and those that have gone since it was
    /// announced first.
    pub listeners: u32,
    /// How many groups the announcers are in that are still there: the first 16 bits of an IPv4 address, the first
    /// 32 of an IPv6 address.
    pub netgroups: u32,
    /// The time from the first announcement to that by which 10 of a hundred announcers had announced it (nearest
    /// rank). As the others it is exact up to 64 announcers, and within 1 % above.
    pub p10: Duration,
    /// The same of 50 of a hundred.
    pub p50: Duration,
    /// The same of 90 of a hundred.
    pub p90: Duration,
    /// The time from the first announcement to the last; exact.
    pub max: Duration,
}

impl Propagation {
    /// A transaction that one peer announced, of one that could.
    pub const fn new(txid: Txid, wtxid: Wtxid, first_at: Instant, first_conn: ConnId) -> Self {
        Self {
            txid,
            wtxid,
            first_at,
            first_conn,
            first_direction: Direction::Outbound,
            congested: false,
            announcers: 1,
            listeners: 1,
            netgroups: 1,
            p10: Duration::ZERO,
            p50: Duration::ZERO,
            p90: Duration::ZERO,
            max: Duration::ZERO,
        }
    }
}

impl Announcement {
    /// The entry `item` of an `inv`.
    pub const fn new(item: Inventory, first: bool, requested: bool) -> Self {
        Self { item, first, requested }
    }
}

/// A request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedRequest {
    /// The object asked for, as it was announced.
    pub item: Inventory,
    /// The peer that is asked now.
    pub next: Option<ConnId>,
}

impl FailedRequest {
    /// The request for `item`, which `next` is asked for now.
    pub const fn new(item: Inventory, next: Option<ConnId>) -> Self {
        Self { item, next }
    }
}
