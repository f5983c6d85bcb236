//! The treatment of announced and delivered transactions (Bitcoin Core `src/node/txdownloadman_impl.cpp`).
//!
//! [`TxRequests`] decides whom to ask for what, [`Seen`](super::seen) knows what need not be asked for. Here stands
//! what belongs to the peer that speaks: whether we dialled it, by which id it announces, how much it may send
//! without being asked, and what it said before.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::recent_ids::{IdHash, RecentIds};
use super::seen::{BodyFrom, Seen};
use super::tx_requests::{self, OVERLOADED, Outcome, TxRequests};
use super::{Announcement, ConnId, ConnMap, EventKind, FailedRequest};
use crate::peer::{Direction, IgnoredReason};
use crate::wire::{Command, Hash, InvType, Inventory, Tx};
use crate::{Config, Instant};

/// Pairs of peer and transaction that are remembered, so that a repeated announcement is not told again.
const ANNOUNCED_BY: usize = 1 << 16;

const MINUTE: Duration = Duration::from_secs(60);

/// The transactions that are wanted, and those that came.
#[derive(Debug)]
pub(super) struct TxDownload {
    hasher: IdHash,
    requests: TxRequests,
    /// Whether anybody is asked at all.
    automatic: bool,
    announced_by: RecentIds,
    unrequested_per_minute: u32,
    peers: ConnMap<Announcer>,
    wtxid_peers: usize,
}

/// A peer whose handshake is done.
#[derive(Clone, Copy, Debug)]
struct Announcer {
    preferred: bool,
    by_txid: bool,
    /// When its quota of unrequested transactions is whole again.
    quota_whole_at: Instant,
}

impl TxDownload {
    pub(super) fn new(key: [u64; 4], config: &Config) -> Self {
        let hasher = IdHash::new(key);
        // Keys that are no hash's: nobody else knows them either.
        let rank_key = [0, 1].map(|n| hasher.of(&Hash([n; 32])));
        let ids = config.remembered_ids;
        let seen = Seen::new(hasher, ids, ids / 4, config.max_announcements.min(ids));
        let entries_per_peer = u32::try_from(config.max_announcements).unwrap_or(u32::MAX);
        Self {
            hasher,
            requests: TxRequests::new(rank_key, seen, entries_per_peer),
            automatic: config.request_transactions,
            announced_by: RecentIds::new(hasher, ANNOUNCED_BY.min(ids)),
            unrequested_per_minute: config.unrequested_per_minute,
            peers: ConnMap::new(),
            wtxid_peers: 0,
        }
    }

    /// A peer's handshake is done.
    pub(super) fn ready(&mut self, conn: ConnId, direction: Direction, inv_type: InvType) {
        let by_txid = inv_type == InvType::TX;
        self.wtxid_peers += usize::from(!by_txid);
        let preferred = direction == Direction::Outbound;
        self.peers.insert(conn, Announcer { preferred, by_txid, quota_whole_at: Instant::ZERO });
    }

    /// A peer is gone: what it was asked for may be asked of others.
    pub(super) fn gone(&mut self, conn: ConnId) {
        if let Some(peer) = self.peers.remove(conn) {
            self.wtxid_peers -= usize::from(!peer.by_txid);
            self.requests.disconnected(conn);
        }
    }

    /// When somebody is to be asked, if nothing comes in before.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.requests.poll_timeout()
    }

    /// Returns whom to ask for what now, peer by peer, what is asked of one peer in the order in which it announced
    /// it.
    pub(super) fn take_requests(&mut self, now: Instant) -> Vec<(ConnId, Hash)> {
        self.requests.take_requests(now)
    }

    /// Asks for these, which are in order, by `ask`, which tells how many of those of one peer it took; the others
    /// count as failed, and others are asked for them.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        mut requests: Vec<(ConnId, Hash)>,
        mut ask: impl FnMut(ConnId, &[(ConnId, Hash)]) -> usize,
    ) {
        while !requests.is_empty() {
            for of_one in requests.chunk_by(|a, b| a.0 == b.0) {
                let conn = of_one[0].0;
                for (_, hash) in &of_one[ask(conn, of_one)..] {
                    self.failed(conn, hash);
                }
            }
            requests = self.take_requests(now);
        }
    }

    /// `conn` announced these. Returns what is new of it; what is `requested` is to be asked of it now, in this
    /// order.
    pub(super) fn announced(&mut self, conn: ConnId, items: &[Inventory], now: Instant) -> Vec<Announcement> {
        let Some(&Announcer { preferred, by_txid, .. }) = self.peers.get(conn) else { return Vec::new() };
        let overloaded = self.requests.in_flight(conn) >= OVERLOADED;
        let from = tx_requests::Announcer { conn, preferred, by_txid, overloaded };
        let mut announcements = Vec::with_capacity(items.len());
        for item in items {
            let id = self.hasher.keyed(&item.hash);
            let (first, requested) = if self.automatic {
                let announced = self.requests.announced(now, from, id, self.wtxid_peers > 0);
                if announced.outcome == Outcome::Repeated {
                    continue;
                }
                (announced.first, announced.outcome == Outcome::Requested)
            } else {
                (self.requests.announced_first(id), false)
            };
            // A delivery that it was asked for is news in any case.
            if self.announced_by.insert(pair(id.key, conn)) || requested {
                announcements.push(Announcement { item: *item, first, requested });
            }
        }
        announcements
    }

    /// `conn` was asked for this and has not delivered it.
    pub(super) fn failed(&mut self, conn: ConnId, hash: &Hash) {
        self.requests.failed(conn, self.hasher.keyed(hash));
    }

    /// A transaction came from `conn`, which was asked for it `latency` ago, or not. Returns what to tell of it.
    pub(super) fn received(
        &mut self,
        conn: ConnId,
        tx: Tx,
        latency: Option<Duration>,
        now: Instant,
    ) -> EventKind {
        let (wtxid, txid): (Hash, Hash) = (tx.wtxid().into(), tx.txid().into());
        let [wtxid, txid] = [&wtxid, &txid].map(|hash| self.hasher.keyed(hash));
        let bytes = tx.as_bytes().len() as u32;
        let ignored = |because| EventKind::Ignored { command: Command::TX, bytes, because };
        let asked = latency.is_some();
        if !asked && !self.requests.has_body(wtxid) && !self.take_quota(conn, now) {
            return ignored(IgnoredReason::TooManyUnrequested);
        }
        let preferred = self.peers.get(conn).is_some_and(|peer| peer.preferred);
        let from = match (asked, preferred) {
            (false, _) => BodyFrom::NotAsked,
            (true, false) => BodyFrom::Asked,
            (true, true) => BodyFrom::AskedPreferred,
        };
        let is_new = self.requests.received(wtxid, txid, from);
        if asked {
            // It has answered, even if that settles nothing of what it was asked for.
            self.requests.failed(conn, wtxid);
            self.requests.failed(conn, txid);
        }
        if is_new { EventKind::Tx { tx, latency } } else { ignored(IgnoredReason::AlreadyKnown) }
    }

    /// A transaction that can never be mined came from `conn`, which was `asked` for it or not. Every
    /// body with this wtxid is the same.
    pub(super) fn received_invalid(&mut self, conn: ConnId, wtxid: &Hash, txid: &Hash, asked: bool) {
        let [wtxid, txid] = [wtxid, txid].map(|hash| self.hasher.keyed(hash));
        if asked {
            self.requests.received(wtxid, txid, BodyFrom::NotAsked);
            self.requests.failed(conn, wtxid);
            self.requests.failed(conn, txid);
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

/// The failed ones of these requests, each with the peer that is asked instead.
pub(super) fn failed_requests(
    items: impl Iterator<Item = Inventory>,
    requests: &[(ConnId, Hash)],
) -> Vec<FailedRequest> {
    let next: BTreeMap<_, _> = requests.iter().map(|(conn, hash)| (*hash, *conn)).collect();
    let txs = items.filter(|item| item.inv_type.is_tx());
    txs.map(|item| FailedRequest { item, next: next.get(&item.hash).copied() }).collect()
}
