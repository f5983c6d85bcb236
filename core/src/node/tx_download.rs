//! The treatment of announced and delivered transactions (Bitcoin Core `src/node/txdownloadman_impl.cpp`).
//!
//! [`TxRequests`] decides whom to ask for what, [`Seen`](super::seen) knows what need not be asked for,
//! [`Announcers`] who announced what came. Here stands what belongs to the peer that speaks: whether we dialled it,
//! by which id it announces, how much it may send without being asked, and how fast it announces.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::announcers::{Announcers, Body, FirstAnnouncement};
use super::recent_ids::{IdHash, KeyedId};
use super::seen::{BodyFrom, Seen};
use super::slots::Group;
use super::tx_requests::{self, OVERLOADED, Outcome, TxRequests};
use super::{Announcement, ConnId, ConnMap, EventKind, FailedRequest, Propagation};
use crate::peer::{Direction, IgnoredReason};
use crate::wire::{Command, Hash, InvType, Inventory, Tx};
use crate::{Config, Instant};

/// So many announcements in so much time are the pace at which Bitcoin Core lets further ones wait: 14 a second
/// (`-txsendrate`), and a little less because its timers are random.
const CONGESTED: u32 = 130;
const PACE_WINDOW: Duration = Duration::from_secs(10);

const MINUTE: Duration = Duration::from_secs(60);

/// The transactions that are wanted, and those that came.
#[derive(Debug)]
pub(super) struct TxDownload {
    hasher: IdHash,
    requests: TxRequests,
    /// Whether anybody is asked at all.
    automatic: bool,
    announcers: Announcers,
    unrequested_per_minute: u32,
    peers: ConnMap<Announcer>,
    wtxid_peers: usize,
}

/// A peer whose handshake is done.
#[derive(Clone, Copy, Debug)]
struct Announcer {
    direction: Direction,
    by_txid: bool,
    /// When its quota of unrequested transactions is whole again.
    quota_whole_at: Instant,
    pace: Pace,
}

/// How fast a peer announces.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    since: Instant,
    count: u32,
    was_congested: bool,
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
            announcers: Announcers::new(config.propagation_age, ids / 6),
            unrequested_per_minute: config.unrequested_per_minute,
            peers: ConnMap::new(),
            wtxid_peers: 0,
        }
    }

    /// A peer's handshake is done.
    pub(super) fn ready(&mut self, conn: ConnId, ip: IpAddr, direction: Direction, inv_type: InvType) {
        let by_txid = inv_type == InvType::TX;
        self.wtxid_peers += usize::from(!by_txid);
        let peer = Announcer { direction, by_txid, quota_whole_at: Instant::ZERO, pace: Pace::default() };
        self.peers.insert(conn, peer);
        self.announcers.connected(conn, Group::of(ip.to_canonical()));
    }

    /// A peer is gone: what it was asked for may be asked of others.
    pub(super) fn gone(&mut self, conn: ConnId) {
        if let Some(peer) = self.peers.remove(conn) {
            self.wtxid_peers -= usize::from(!peer.by_txid);
            self.requests.disconnected(conn);
            self.announcers.disconnected(conn);
        }
    }

    /// When somebody is to be asked or something told, if nothing comes in before.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [self.requests.poll_timeout(), self.announcers.poll_timeout()];
        deadlines.into_iter().flatten().min()
    }

    /// The next transaction whose spreading is to be told now.
    pub(super) fn poll_propagation(&mut self, now: Instant) -> Option<Propagation> {
        self.announcers.poll(now)
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

    /// `conn` announced these. Returns the transactions among them that are news, and what is to be asked of it now.
    pub(super) fn announced(
        &mut self,
        conn: ConnId,
        items: &[Inventory],
        now: Instant,
    ) -> (Vec<Announcement>, Vec<(ConnId, Hash)>) {
        let mut requests = Vec::new();
        let Some(peer) = self.peers.get_mut(conn) else { return (Vec::new(), requests) };
        let congested = peer.pace.add(items.len(), now);
        let (preferred, Announcer { direction, by_txid, .. }) = (peer.is_preferred(), *peer);
        let departed = self.announcers.departed();
        let first = FirstAnnouncement { at: now, conn, direction, congested, departed };
        let overloaded = self.requests.in_flight(conn) >= OVERLOADED;
        let from = tx_requests::Announcer { first, preferred, by_txid, overloaded };
        let announcing = self.requests.begin(&from, self.wtxid_peers > 0);
        let mut announcements = Vec::with_capacity(items.len());
        for item in items.iter().filter(|item| item.inv_type.is_tx()) {
            let id = self.hasher.keyed(&item.hash);
            if !self.automatic {
                let is_first = self.requests.announced_first(id, first);
                if self.announcers.announced(now, conn, id.key) {
                    announcements.push(Announcement { item: *item, first: is_first, requested: false });
                }
                continue;
            }
            let announced = self.requests.announced(&announcing, id);
            let requested = announced.outcome == Outcome::Requested;
            if requested {
                requests.push((conn, item.hash));
            }
            let is_news = match announced.outcome {
                Outcome::Repeated => false,
                // A delivery that it was asked for is news in any case.
                _ => !announced.has_body || self.announcers.announced(now, conn, id.key) || requested,
            };
            if is_news {
                announcements.push(Announcement { item: *item, first: announced.first, requested });
            }
        }
        (announcements, requests)
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
        let ids: [Hash; 2] = [tx.wtxid().into(), tx.txid().into()];
        let ids @ [wtxid, txid] = ids.each_ref().map(|hash| self.hasher.keyed(hash));
        let bytes = tx.as_bytes().len() as u32;
        let ignored = |because| EventKind::Ignored { command: Command::TX, bytes, because };
        let asked = latency.is_some();
        if !asked && !self.requests.has_body(wtxid) && !self.take_quota(conn, now) {
            return ignored(IgnoredReason::TooManyUnrequested);
        }
        let preferred = self.peers.get(conn).is_some_and(Announcer::is_preferred);
        let from = match (asked, preferred) {
            (false, _) => BodyFrom::NotAsked,
            (true, false) => BodyFrom::Asked,
            (true, true) => BodyFrom::AskedPreferred,
        };
        self.note_announcers(&tx, ids, now);
        let is_new = self.requests.received(wtxid, txid, from);
        if asked {
            // It has answered, even if that settles nothing of what it was asked for.
            self.requests.failed(conn, wtxid);
            self.requests.failed(conn, txid);
        }
        if is_new { EventKind::Tx { tx, latency } } else { ignored(IgnoredReason::AlreadyKnown) }
    }

    /// Hands over who announced a transaction, which the requests are about to forget.
    fn note_announcers(&mut self, tx: &Tx, ids: [KeyedId<'_>; 2], now: Instant) {
        let is_new = !self.requests.has_body(ids[0]);
        let distinct = if ids[0] == ids[1] { &ids[..1] } else { &ids };
        let announced: Vec<_> = distinct.iter().flat_map(|id| self.requests.announcers(*id)).collect();
        let Some(&(conn, at)) = announced.iter().min_by_key(|(_, at)| *at) else { return };
        let departed = self.announcers.departed();
        let Some(Announcer { direction, .. }) = self.peers.get(conn).copied() else { return };
        let heard = FirstAnnouncement { at, conn, direction, congested: false, departed };
        let first = distinct.iter().filter_map(|id| self.requests.first(*id)).chain([heard]);
        let Some(first) = first.min_by_key(|first| first.at) else { return };
        let keys = ids.map(|id| id.key);
        let body = Body { txid: tx.txid(), wtxid: tx.wtxid(), keys, first, announced: &announced };
        self.announcers.body(now, is_new, &body);
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

impl Announcer {
    /// We dialled it (Bitcoin Core's preferred peers).
    fn is_preferred(&self) -> bool {
        self.direction == Direction::Outbound
    }
}

impl Pace {
    /// Counts announcements. Returns whether they are as fast as Bitcoin Core lets them be.
    fn add(&mut self, count: usize, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.since);
        if age >= PACE_WINDOW {
            self.was_congested = self.count >= CONGESTED && age < 2 * PACE_WINDOW;
            (self.since, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        self.was_congested || self.count >= CONGESTED
    }
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
