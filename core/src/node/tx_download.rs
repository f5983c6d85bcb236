//! What a node makes of announced and delivered transactions (Bitcoin Core `src/node/txdownloadman_impl.cpp`).
//!
//! A node cannot check a witness, so whoever delivers a transaction could deliver it with another one, or without,
//! and hide the real one from those that announce by txid. So it counts who delivered what, and whether it was
//! asked:
//!
//! | a body with these ids came | its wtxid | its txid, if it is another |
//! |---|---|---|
//! | asked of a peer that we dialled | nobody is asked for it again | nobody is asked for it again |
//! | asked of a peer that dialled us | nobody is asked for it again | only dialled peers are asked for it |
//! | not asked for | nobody that announces by wtxid is asked for it | as if it had not come |
//!
//! A body without witnesses has one id, and may be a stripped copy: asked of a peer that dialled us, its id counts
//! like a txid. Each body is told once.
//!
//! What was asked for and what was not is remembered apart, so that what nobody asked for flushes nothing.

use alloc::vec::Vec;
use core::time::Duration;

use super::recent_ids::{IdHash, RecentIds};
use super::tx_requests::{Delays, Request, Tracked, TxRequests};
use super::{Announcement, ConnId, ConnMap};
use crate::peer::Direction;
use crate::wire::{Hash, InvType, Inventory, Tx};
use crate::{Config, Instant};

/// Pairs of peer and transaction that are remembered, so that a repeated announcement is not told again.
const ANNOUNCED_BY: usize = 1 << 16;

const MINUTE: Duration = Duration::from_secs(60);

/// What became of a transaction that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// It is to be told.
    New,
    /// The same body came before.
    Known,
    /// The peer has pushed more than it may.
    OverQuota,
}

/// The transactions that are wanted, and those that came.
#[derive(Debug)]
pub(super) struct TxDownload {
    hasher: IdHash,
    requests: TxRequests,
    /// Whether anybody is asked at all.
    automatic: bool,
    /// Ids for which nobody is asked any more.
    fetched: RecentIds,
    /// Ids for which only peers that we dialled are asked.
    fetched_of_inbound: RecentIds,
    /// Wtxids of bodies that nobody asked for.
    pushed: RecentIds,
    /// Ids that were announced and never came: they are not announced for the first time again.
    missed: RecentIds,
    announced_by: RecentIds,
    unrequested_per_minute: u32,
    peers: ConnMap<Announcer>,
    wtxid_peers: usize,
}

/// A peer whose handshake is done.
#[derive(Clone, Copy, Debug)]
struct Announcer {
    direction: Direction,
    inv_type: InvType,
    /// When its quota of unrequested transactions is whole again.
    quota_whole_at: Instant,
}

impl TxDownload {
    pub(super) fn new(key: [u64; 4], config: &Config) -> Self {
        let hasher = IdHash::new(key);
        let salt = hasher.of(&Hash([0; 32]));
        let recent = |capacity| RecentIds::new(hasher, capacity);
        let ids = config.remembered_ids;
        Self {
            hasher,
            requests: TxRequests::new(hasher, salt, config.max_announcements),
            automatic: config.request_transactions,
            fetched: recent(ids),
            fetched_of_inbound: recent(ids / 4),
            pushed: recent(ids / 4),
            missed: recent(config.max_announcements.min(ids)),
            announced_by: recent(ANNOUNCED_BY.min(ids)),
            unrequested_per_minute: config.unrequested_per_minute,
            peers: ConnMap::new(),
            wtxid_peers: 0,
        }
    }

    /// A peer's handshake is done.
    pub(super) fn ready(&mut self, conn: ConnId, direction: Direction, inv_type: InvType) {
        self.wtxid_peers += usize::from(inv_type == InvType::WTX);
        self.peers.insert(conn, Announcer { direction, inv_type, quota_whole_at: Instant::ZERO });
    }

    /// A peer is gone. Returns what it was asked for, each with the peer that is to be asked instead.
    pub(super) fn gone(&mut self, conn: ConnId) -> Vec<(Hash, Option<Request>)> {
        if let Some(peer) = self.peers.remove(conn) {
            self.wtxid_peers -= usize::from(peer.inv_type == InvType::WTX);
        }
        let lost = self.requests.gone(conn);
        for (hash, instead) in &lost {
            self.note_missed(hash, instead.as_ref());
        }
        lost
    }

    /// When somebody is to be asked, if nothing comes in before.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.requests.poll_timeout()
    }

    /// Returns the peers that are to be asked now, because time has passed.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Request> {
        self.requests.due(now)
    }

    /// `conn` announced these. Returns what is new of it; what is `requested` is to be asked of it now, in this
    /// order.
    pub(super) fn announced(&mut self, conn: ConnId, items: &[Inventory], now: Instant) -> Vec<Announcement> {
        let Some(&peer) = self.peers.get(conn) else { return Vec::new() };
        let preferred = peer.direction == Direction::Outbound;
        // As Core counts: what is under way when the message comes, not what it adds.
        let in_flight = self.requests.in_flight(conn);
        let by_txid = peer.inv_type == InvType::TX && self.wtxid_peers > 0;
        let ready_at = Delays { preferred, by_txid, in_flight }.ready_at(now);
        let mut announcements = Vec::with_capacity(items.len());
        for item in items {
            let id = self.hasher.of(&item.hash);
            let is_settled = self.is_settled(id, peer);
            let (first, requested) = if is_settled || !self.automatic {
                let known = is_settled || self.fetched.contains(id) || self.fetched_of_inbound.contains(id);
                (!known && self.missed.insert(id), false)
            } else {
                match self.requests.announced(conn, item.hash, preferred, ready_at, now) {
                    Tracked::Again => continue,
                    Tracked::Full => {
                        let known =
                            self.requests.contains(&item.hash) || self.fetched_of_inbound.contains(id);
                        (!known && self.missed.insert(id), false)
                    }
                    Tracked::Ask { first } => (first && self.is_unheard(id), true),
                    Tracked::Waits { first } => (first && self.is_unheard(id), false),
                }
            };
            if !self.announced_by.insert(pair(id, conn)) && !requested {
                continue;
            }
            announcements.push(Announcement { item: *item, first, requested });
        }
        announcements
    }

    /// `conn` was asked for this and has not delivered it. Returns the peer that is to be asked instead.
    pub(super) fn failed(&mut self, conn: ConnId, hash: &Hash) -> Option<Request> {
        let instead = self.requests.failed(conn, hash);
        self.note_missed(hash, instead.as_ref());
        instead
    }

    /// A transaction came from `conn`, which was `asked` for it or not.
    /// Returns what to make of it, and the peer that is to be asked now.
    pub(super) fn received(
        &mut self,
        conn: ConnId,
        tx: &Tx,
        asked: bool,
        now: Instant,
    ) -> (Received, Option<Request>) {
        let (wtxid, txid): (Hash, Hash) = (tx.wtxid().into(), tx.txid().into());
        let id = self.hasher.of(&wtxid);
        let known =
            self.fetched.contains(id) || self.fetched_of_inbound.contains(id) || self.pushed.contains(id);
        let mut instead = None;
        if asked {
            let dialled = self.peers.get(conn).is_some_and(|peer| peer.direction == Direction::Outbound);
            self.settle(&wtxid, dialled || wtxid != txid);
            instead = self.settle(&txid, dialled);
        } else if !known {
            if !self.take_quota(conn, now) {
                return (Received::OverQuota, None);
            }
            self.pushed.insert(id);
            if wtxid != txid {
                self.requests.settled(&wtxid);
            }
        }
        (if known { Received::Known } else { Received::New }, instead)
    }

    /// A transaction that can never be mined came from `conn`, which was `asked` for it or not: nobody else is
    /// asked for it.
    pub(super) fn received_invalid(&mut self, wtxid: &Hash, txid: &Hash, asked: bool) {
        if asked {
            self.settle(wtxid, true);
            self.settle(txid, true);
        }
    }

    /// Nobody is to be asked for this id any more, or only those that we dialled.
    fn settle(&mut self, hash: &Hash, by_anybody: bool) -> Option<Request> {
        let id = self.hasher.of(hash);
        if by_anybody {
            self.fetched.insert(id);
            self.requests.settled(hash);
            None
        } else {
            self.fetched_of_inbound.insert(id);
            self.requests.settled_of_inbound(hash)
        }
    }

    /// Whether this peer need not be asked for this id.
    fn is_settled(&self, id: u64, peer: Announcer) -> bool {
        // Under a wtxid there is no other body than the one that came.
        let by_wtxid = peer.inv_type == InvType::WTX;
        let of_inbound = by_wtxid || peer.direction == Direction::Inbound;
        self.fetched.contains(id)
            || (of_inbound && self.fetched_of_inbound.contains(id))
            || (by_wtxid && self.pushed.contains(id))
    }

    fn is_unheard(&self, id: u64) -> bool {
        !self.missed.contains(id) && !self.fetched_of_inbound.contains(id)
    }

    fn note_missed(&mut self, hash: &Hash, instead: Option<&Request>) {
        if instead.is_none() && !self.requests.contains(hash) {
            self.missed.insert(self.hasher.of(hash));
        }
    }

    /// Takes one out of the quota of unrequested transactions: one minute's worth at a time, and as many each
    /// minute.
    fn take_quota(&mut self, conn: ConnId, now: Instant) -> bool {
        let Some(peer) = self.peers.get_mut(conn) else { return false };
        let Some(each) = MINUTE.checked_div(self.unrequested_per_minute) else { return false };
        let whole_at = peer.quota_whole_at.max(now) + each;
        let has_some = whole_at.saturating_duration_since(now) <= MINUTE;
        if has_some {
            peer.quota_whole_at = whole_at;
        }
        has_some
    }
}

/// The keyed hash of an id and a peer.
const fn pair(id: u64, conn: ConnId) -> u64 {
    (id ^ conn.0.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
