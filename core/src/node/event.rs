//! News for the application.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::{Address, ConnId, InputError, Verdict};
use crate::peer::{Direction, IgnoredReason, Negotiated, Rejection};
use crate::wire::{Command, Inventory, OwnedMessage, Tx};
use crate::{CloseReason, Instant, WallClock};

/// News: what happened, when, and on which connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When the input came that caused it.
    pub at: Instant,
    /// On which connection, if it concerns one.
    pub conn: Option<ConnId>,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// The wall clock was set to this.
    Clock(WallClock),
    /// No connection could be made.
    DialFailed {
        /// Where to.
        address: Address,
        /// Why not.
        reason: CloseReason,
        /// How long we wait before we try again.
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
        /// What is wrong, or [`Verdict::Ok`].
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
    /// An input could not be carried out, and nothing has changed by it.
    InputRefused(Box<InputError>),
    /// The connection is over.
    Disconnected(CloseReason),
}

/// One entry of an `inv`, and what we make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The announced object: a `tx` or a `wtx`.
    pub item: Inventory,
    /// Nobody announced it before, as far as we remember ([`Config::remembered_ids`](crate::Config)).
    pub first: bool,
    /// A `getdata` for it follows to this peer, now.
    pub requested: bool,
}

/// A request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedRequest {
    /// The object asked for, as it was announced.
    pub item: Inventory,
    /// The peer that is asked now.
    pub next: Option<ConnId>,
}
