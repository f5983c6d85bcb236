//! An announcement: who made it, and what it led to.

use super::store::State;
use crate::node::announcers::FirstAnnouncement;
use crate::node::seen::AnnouncedAs;

/// The result of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node) struct Announced {
    /// Nobody announced this hash before, and no body came with it, as far as that is remembered.
    pub(in crate::node) first: bool,
    /// A body came that has this hash as one of its ids, as far as that is remembered.
    pub(in crate::node) has_body: bool,
    pub(in crate::node) outcome: Outcome,
}

/// The state of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node) enum Outcome {
    /// It is to be asked of this peer now; this counts as done.
    Requested,
    /// It may be asked of this peer later.
    Candidate,
    /// This peer had announced it already.
    Repeated,
    /// This peer has as many entries as it may have.
    Refused,
    /// There is nothing more to ask.
    Settled,
}

/// A peer, and what matters of it for what it announces.
#[derive(Clone, Copy, Debug)]
pub(in crate::node) struct Announcer {
    /// When and by whom; kept if it is the first for a hash.
    pub(in crate::node) first: FirstAnnouncement,
    /// We dialled it.
    pub(in crate::node) preferred: bool,
    /// It announces by txid, not by wtxid.
    pub(in crate::node) by_txid: bool,
    /// It had [`OVERLOADED`](super::OVERLOADED) requests in flight when the message came: what the message itself adds
    /// does not count.
    pub(in crate::node) overloaded: bool,
}

/// A peer that announces, and what is the same for all that one message announces.
#[derive(Debug)]
pub(in crate::node) struct Announcing {
    pub(super) first: FirstAnnouncement,
    pub(super) peer: u32,
    pub(super) preferred: bool,
    pub(super) announced: AnnouncedAs,
    pub(super) delays: u8,
    pub(super) state: State,
}
