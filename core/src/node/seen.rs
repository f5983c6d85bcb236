//! Which transactions need not be asked for any more: the ids that bodies settled.
//!
//! A wtxid names the bytes of a transaction. A txid does not: anybody can make other bytes with the same txid, by
//! taking the witnesses off or by writing junk into them. Bitcoin Core runs the scripts, and does not let what
//! fails them hide the real one (`src/node/txdownloadman_impl.cpp`: `MempoolRejectedTx` keeps the txids of
//! transactions with witnesses, and whatever was `TX_WITNESS_STRIPPED`, out of its filters; `AlreadyHaveTx` never
//! asks the orphanage by txid). We have not the outputs that are spent and cannot run them. So a txid is settled
//! only by a body that was asked for, and only for peers that we trust no more than the one that sent it.
//!
//! | A body came with wtxid w and txid t | Settled for announcements of | Core |
//! |---|---|---|
//! | nobody asked this peer for w or t | w as a wtxid, in a memory of its own | `ReceivedTx`; filters hold wtxids |
//! | an accepted peer was asked for w or t | w as a wtxid; t as a txid by accepted peers | |
//! | a dialled peer was asked for w or t | w as a wtxid; t as a txid by everybody | `MempoolAcceptedTx` forgets both |
//! | it can never be mined (`CheckTransaction`) | w as a wtxid | `MempoolRejectedTx`: the wtxid is rejected |
//! | `notfound`, or nothing in time | nothing | `ReceivedResponse`: this peer only |
//!
//! "Dialled" stands for Core's "preferred". A request that ran out of time counts as asked when its answer comes.
//! A legacy transaction has w = t, and both rows hold for that one hash: whoever pushes, or announces by wtxid, a
//! copy without its witnesses settles its hash as a wtxid, and the same hash stays wanted as a txid.
//!
//! Not covered: a peer that we dialled can send a stripped or malleated copy that we asked it for. The real one is
//! then still fetched from everybody who announces by wtxid, but not from those who know txids only (btcd).

use super::announcers::FirstAnnouncement;
use super::recent_ids::{IdHash, RecentIds};

/// How a hash was announced, as far as it matters for what settles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnnouncedAs {
    /// As a wtxid (BIP339).
    Wtxid,
    /// As a txid, by a peer that dialled us.
    Txid,
    /// As a txid, by a peer that we dialled.
    PreferredTxid,
}

impl AnnouncedAs {
    pub(super) const fn new(is_txid: bool, is_preferred: bool) -> Self {
        match (is_txid, is_preferred) {
            (false, _) => Self::Wtxid,
            (true, false) => Self::Txid,
            (true, true) => Self::PreferredTxid,
        }
    }
}

/// For which announcements of a hash nothing more has to be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Settled(u8);

impl Settled {
    pub(super) const NOTHING: Self = Self(0);
    /// Those as a wtxid.
    pub(super) const WTXID: Self = Self(1 << AnnouncedAs::Wtxid as u8);

    /// The part of its txid that a body settles.
    pub(super) const fn txid(from: BodyFrom) -> Self {
        match from {
            BodyFrom::NotAsked => Self::NOTHING,
            BodyFrom::Asked => Self(1 << AnnouncedAs::Txid as u8),
            BodyFrom::AskedPreferred => {
                Self(1 << AnnouncedAs::Txid as u8 | 1 << AnnouncedAs::PreferredTxid as u8)
            }
        }
    }

    /// These and those.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn contains(self, announced: AnnouncedAs) -> bool {
        self.0 & 1 << announced as u8 != 0
    }
}

/// Where a body came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFrom {
    /// From a peer that was not asked for it; or it can never be mined, whoever sent it.
    NotAsked,
    /// From a peer that dialled us and was asked for it, under either of its ids.
    Asked,
    /// From a peer that we dialled and asked for it, under either of its ids.
    AskedPreferred,
}

/// The ids of the last bodies, and of the last announcements. Each memory has its size; what nobody asked for
/// flushes only what nobody asked for.
#[derive(Debug)]
pub(super) struct Seen {
    /// Ids of bodies that were asked for, with what they settle.
    asked: RecentIds<Settled>,
    /// Wtxids of bodies that nobody asked for.
    not_asked: RecentIds,
    /// Ids that were announced, whatever became of them, each with its first announcement.
    announced: RecentIds<FirstAnnouncement>,
}

/// The facts known of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// For which announcements of it nothing more has to be asked.
    pub(super) settled: Settled,
    /// It was announced.
    pub(super) announced: bool,
}

impl Seen {
    /// Remembers so many ids of bodies that were asked for (a transaction with witnesses has two), so many bodies
    /// that were not, and so many announced ids.
    pub(super) fn new(hash: IdHash, asked: usize, not_asked: usize, announced: usize) -> Self {
        Self {
            asked: RecentIds::new(hash, asked),
            not_asked: RecentIds::new(hash, not_asked),
            announced: RecentIds::new(hash, announced),
        }
    }

    /// Returns the facts known of the id with this key.
    pub(super) fn find(&self, key: u64) -> Known {
        Known { settled: self.settled(key), announced: self.announced.contains(key) }
    }

    /// For which announcements of the hash with this key nothing more has to be asked.
    pub(super) fn settled(&self, key: u64) -> Settled {
        let settled = self.asked.get(key).copied().unwrap_or_default();
        if self.not_asked.contains(key) { settled.and(Settled::WTXID) } else { settled }
    }

    /// The hash with this key was announced, which was [not known](Known::announced) to be.
    pub(super) fn announced(&mut self, key: u64, first: FirstAnnouncement) {
        self.announced.insert(key, first);
    }

    /// How the hash with this key was announced first, as far as that is remembered.
    pub(super) fn first(&self, key: u64) -> Option<FirstAnnouncement> {
        self.announced.get(key).copied()
    }

    /// A body came; the keys are those of its two ids. Returns whether it is new: no body with this wtxid is
    /// remembered.
    pub(super) fn received(&mut self, wtxid_key: u64, txid_key: u64, from: BodyFrom) -> bool {
        let had = self.settled(wtxid_key).contains(AnnouncedAs::Wtxid);
        if from == BodyFrom::NotAsked {
            if !had {
                self.not_asked.insert(wtxid_key, ());
            }
        } else {
            self.settle(wtxid_key, Settled::WTXID);
            self.settle(txid_key, Settled::txid(from));
        }
        !had
    }

    fn settle(&mut self, key: u64, settled: Settled) {
        match self.asked.get_mut(key) {
            Some(before) => *before = before.and(settled),
            None => self.asked.insert(key, settled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AnnouncedAs::{PreferredTxid, Txid, Wtxid};
    use super::*;
    use crate::node::ConnId;
    use crate::wire::Hash;

    const EVERY_WAY: [AnnouncedAs; 3] = [Wtxid, Txid, PreferredTxid];
    const HASH: IdHash = IdHash::new([
        0x243f_6a88_85a3_08d3,
        0x1319_8a2e_0370_7344,
        0xa409_3822_299f_31d0,
        0x082e_fa98_ec4e_6c89,
    ]);

    fn key(n: u32) -> u64 {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&n.to_le_bytes());
        HASH.of(&Hash(id))
    }

    fn seen() -> Seen {
        Seen::new(HASH, 100, 10, 10)
    }

    /// The three ways in which a hash may be announced: is it still wanted?
    fn wanted(seen: &Seen, key: u64) -> [bool; 3] {
        EVERY_WAY.map(|announced| !seen.settled(key).contains(announced))
    }

    /// The table of the module, row by row: with witnesses, and without.
    #[test]
    fn t10_t11_a_body_settles_what_the_table_says() {
        let (wtxid, txid, legacy) = (key(1), key(2), key(3));
        for (from, of_txid, of_legacy) in [
            (BodyFrom::NotAsked, [true, true, true], [false, true, true]),
            (BodyFrom::Asked, [true, false, true], [false, false, true]),
            (BodyFrom::AskedPreferred, [true, false, false], [false, false, false]),
        ] {
            let mut seen = seen();
            assert!(seen.received(wtxid, txid, from) && seen.received(legacy, legacy, from), "{from:?}");
            assert_eq!(wanted(&seen, wtxid), [false, true, true], "{from:?}");
            assert_eq!(wanted(&seen, txid), of_txid, "{from:?}");
            assert_eq!(wanted(&seen, legacy), of_legacy, "{from:?}");
            // And the requests hear the same.
            assert_eq!(EVERY_WAY.map(|way| !Settled::txid(from).contains(way)), of_txid, "{from:?}");
        }
        assert_eq!(EVERY_WAY.map(|way| Settled::WTXID.contains(way)), [true, false, false]);
    }

    /// A push of a stripped or malleated copy blocks nobody, and a malleated one is told beside the real one.
    #[test]
    fn t11_copies_that_nobody_asked_for_do_not_hide_the_real_one() {
        let (real, malleated, txid) = (key(1), key(2), key(3));
        let mut seen = seen();
        assert!(seen.received(txid, txid, BodyFrom::NotAsked), "stripped");
        assert!(seen.received(malleated, txid, BodyFrom::NotAsked));
        assert_eq!(wanted(&seen, txid), [false, true, true]);
        assert_eq!(wanted(&seen, real), [true; 3]);
        assert!(seen.received(real, txid, BodyFrom::AskedPreferred), "told");
        assert_eq!(wanted(&seen, txid), [false; 3]);
    }

    /// A peer that dialled us and is asked for a stripped copy blocks nobody whom we dialled.
    #[test]
    fn a_txid_is_settled_for_those_that_are_trusted_no_more() {
        let (real, txid) = (key(1), key(3));
        let mut seen = seen();
        assert!(seen.received(txid, txid, BodyFrom::Asked));
        assert_eq!(wanted(&seen, txid), [false, false, true]);
        assert!(seen.received(real, txid, BodyFrom::AskedPreferred));
        assert_eq!(wanted(&seen, txid), [false; 3]);
        // It does not fall back.
        assert!(!seen.received(real, txid, BodyFrom::Asked));
        assert_eq!(wanted(&seen, txid), [false; 3]);
    }

    /// A body is told once, whoever sends it and in whichever order.
    #[test]
    fn t10_a_body_is_new_once() {
        let ways = [BodyFrom::NotAsked, BodyFrom::Asked, BodyFrom::AskedPreferred];
        for first in ways {
            for second in ways {
                let mut seen = seen();
                assert!(seen.received(key(1), key(2), first));
                assert!(!seen.received(key(1), key(2), second), "{first:?}, {second:?}");
            }
        }
    }

    /// Unasked junk fills its own memory only.
    #[test]
    fn unasked_transactions_flush_none_that_was_asked_for() {
        let mut seen = seen();
        assert!(seen.received(key(1), key(2), BodyFrom::AskedPreferred));
        for n in 100..10_000 {
            assert!(seen.received(key(n), key(n), BodyFrom::NotAsked), "{n}");
        }
        assert!(!seen.received(key(1), key(2), BodyFrom::NotAsked));
        assert_eq!(wanted(&seen, key(2)), [true, false, false]);
        // Its own memory has its size: ten.
        assert!(!seen.received(key(9_990), key(9_990), BodyFrom::NotAsked));
        assert!(seen.received(key(9_989), key(9_989), BodyFrom::NotAsked));
    }

    #[test]
    fn an_announced_id_is_remembered() {
        let mut seen = seen();
        let by = |conn| FirstAnnouncement { conn: ConnId(conn), ..FirstAnnouncement::default() };
        let is_announced = |seen: &Seen, n| seen.find(key(n)).announced;
        assert!(!is_announced(&seen, 1));
        seen.announced(key(1), by(1));
        // It is remembered when nobody delivers it, until ten others were announced.
        for n in 10..19 {
            seen.announced(key(n), by(n.into()));
        }
        assert!(is_announced(&seen, 1));
        seen.announced(key(19), by(19));
        assert!(!is_announced(&seen, 1));
        assert_eq!([1, 10, 19].map(|n| seen.first(key(n))), [None, Some(by(10)), Some(by(19))]);
    }
}
