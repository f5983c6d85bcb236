//! Whom to ask for which transaction: one announcer at a time, until one delivers.
//!
//! The rules of Bitcoin Core's `src/txrequest.h`, for peers that are all alike.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hashbrown::HashMap;

use super::ConnId;
use super::known::{IdHash, KnownIds};
use crate::wire::{Hash, Tx};

/// Which transactions are wanted, who has them, and which were seen.
///
/// A transaction is named by the hash under which it was announced, txid or wtxid; a legacy
/// transaction has one name for both.
#[derive(Debug)]
pub(super) struct Download {
    /// Looked up, never iterated: its order depends on the key.
    wanted: HashMap<Hash, Wanted, IdHash>,
    /// How many entries of `wanted` name a peer, for those that are named at all.
    named: BTreeMap<ConnId, usize>,
    known: KnownIds,
    max_announcements: usize,
}

/// A transaction that somebody was asked for.
#[derive(Debug)]
struct Wanted {
    /// Who announced it, in that order.
    announcers: Vec<ConnId>,
    /// How many of them were asked. The last of those is the one that may still answer.
    asked: usize,
}

impl Wanted {
    fn holder(&self) -> Option<ConnId> {
        self.announcers.get(self.asked.checked_sub(1)?).copied()
    }
}

/// What an announcement means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Nobody announced it before, as far as we remember.
    pub(super) first: bool,
    /// The announcer is to be asked for it now.
    pub(super) ask: bool,
}

impl Download {
    pub(super) fn new(key: [u64; 4], max_announcements: usize, remembered_ids: usize) -> Self {
        let hash = IdHash::new(key);
        Self {
            wanted: HashMap::with_hasher(hash),
            named: BTreeMap::new(),
            known: KnownIds::new(hash, remembered_ids),
            max_announcements,
        }
    }

    /// `conn` announced `hash`.
    pub(super) fn announced(&mut self, conn: ConnId, hash: Hash) -> Verdict {
        if self.known.contains(&hash) {
            return Verdict { first: false, ask: false };
        }
        let named = self.named.entry(conn).or_default();
        let has_room = *named < self.max_announcements;
        match self.wanted.get_mut(&hash) {
            Some(wanted) => {
                if has_room && !wanted.announcers.contains(&conn) {
                    wanted.announcers.push(conn);
                    *named += 1;
                }
                Verdict { first: false, ask: false }
            }
            None if has_room => {
                *named += 1;
                self.wanted.insert(hash, Wanted { announcers: [conn].into(), asked: 1 });
                Verdict { first: true, ask: true }
            }
            None => Verdict { first: true, ask: false },
        }
    }

    /// `conn` did not deliver what it was asked for: who is to be asked instead, if there is anybody.
    /// The others are asked in the order in which they announced it; `is_there` tells who still can be.
    pub(super) fn failed(
        &mut self,
        conn: ConnId,
        hash: Hash,
        is_there: impl Fn(ConnId) -> bool,
    ) -> Option<ConnId> {
        let wanted = self.wanted.get_mut(&hash).filter(|wanted| wanted.holder() == Some(conn))?;
        let next = wanted.announcers[wanted.asked..].iter().position(|&announcer| is_there(announcer));
        if let Some(skipped) = next {
            wanted.asked += skipped + 1;
            wanted.holder()
        } else {
            self.forget(&hash);
            None
        }
    }

    /// A transaction came, from whomever; false if it is known already.
    pub(super) fn arrived(&mut self, tx: &Tx) -> bool {
        let (txid, wtxid) = (tx.txid().into(), tx.wtxid().into());
        self.forget(&txid);
        self.forget(&wtxid);
        let is_new = self.known.insert(&wtxid);
        self.known.insert(&txid);
        is_new
    }

    /// `conn` is gone. What it was asked for must be [`failed`](Self::failed) as well; where it only
    /// waits to be asked it is passed over when its turn comes.
    pub(super) fn gone(&mut self, conn: ConnId) {
        self.named.remove(&conn);
    }

    fn forget(&mut self, hash: &Hash) {
        let Some(wanted) = self.wanted.remove(hash) else { return };
        for announcer in wanted.announcers {
            // A peer that is gone is not counted any more.
            if let Some(named) = self.named.get_mut(&announcer) {
                *named -= 1;
            }
        }
    }
}
