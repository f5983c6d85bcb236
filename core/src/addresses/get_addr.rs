//! The answer to `getaddr`: addresses that we tell others.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::draw::shuffle_first;
use super::{AddrNetwork, AddrTable, Draw, Networks};
use crate::wire::KnownAddress;

/// Addresses of one answer to `getaddr` (Bitcoin Core `src/net_processing.cpp` `MAX_ADDR_TO_SEND`).
pub const MAX_GET_ADDR: usize = 1000;
/// Percent of the table that one answer shows (Bitcoin Core `MAX_PCT_ADDR_TO_SEND`).
pub const MAX_GET_ADDR_PERCENT: usize = 23;

/// Answers that are kept at a time: one for each network of askers on each of our addresses.
const MAX_ANSWERS: usize = 32;

impl AddrTable {
    /// Returns at most `max` random addresses of these networks, and at most `percent` of the table, without those so
    /// bad that they may be forgotten (Bitcoin Core `src/addrman.cpp` `GetAddr_`).
    pub fn get_addr(
        &self,
        max: usize,
        percent: usize,
        networks: Networks,
        now: u32,
        random: u64,
    ) -> Vec<KnownAddress> {
        let mut draw = Draw::new(random);
        let max = max.min(self.len() * percent.min(100) / 100);
        let mut ids: Vec<u32> = self.entries.iter().map(|(id, _)| id).collect();
        let mut told = Vec::with_capacity(max);
        for n in 0..ids.len() {
            if told.len() == max {
                break;
            }
            shuffle_first(&mut ids[n..], 1, &mut draw);
            let Some(entry) = self.entries.get(ids[n]) else { continue };
            if networks.contains(entry.network()) && !entry.is_terrible(now) {
                told.push(KnownAddress {
                    time: entry.time,
                    services: entry.services,
                    addr: entry.addr.addr,
                    port: entry.addr.port,
                });
            }
        }
        told
    }
}

/// The peers that get the same answer: those of one network that reached us at one address.
///
/// Answers that differ by address and network do not show that both belong to one node (Bitcoin Core `src/net.cpp`
/// `CConnman::GetAddresses`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the key of a kept answer, which callers name in full")]
pub struct AskedAt {
    /// The network of the one who asks.
    pub network: AddrNetwork,
    /// Our address, if it is known.
    pub local: Option<SocketAddr>,
}

/// The answers to `getaddr` that are given out at present. One that repeats its question learns nothing for 21 to 27
/// hours.
#[derive(Clone, Debug, Default)]
pub struct GetAddrCache {
    answers: BTreeMap<AskedAt, Answer>,
}

#[derive(Clone, Debug)]
struct Answer {
    until: u32,
    addresses: Vec<KnownAddress>,
}

impl GetAddrCache {
    /// Returns the answer for one who asks, made anew if there is none or its time is over. The caller draws `random`
    /// only if [`GetAddrCache::is_due`].
    pub fn answer(&mut self, asked: AskedAt, table: &AddrTable, now: u32, random: u64) -> &[KnownAddress] {
        if self.is_due(asked, now) {
            let mut draw = Draw::new(random);
            let until = now.saturating_add(21 * 3600 + draw.below(6 * 3600));
            let addresses =
                table.get_addr(MAX_GET_ADDR, MAX_GET_ADDR_PERCENT, Networks::ALL, now, draw.next());
            self.make_room(asked);
            self.answers.insert(asked, Answer { until, addresses });
        }
        self.answers.get(&asked).map_or(&[], |answer| &answer.addresses)
    }

    /// Returns whether the next answer needs a random word.
    pub fn is_due(&self, asked: AskedAt, now: u32) -> bool {
        // One that would be given out for longer was made before the clock was set back.
        let is_over = |until: u32| until < now || until > now.saturating_add(27 * 3600);
        self.answers.get(&asked).is_none_or(|answer| is_over(answer.until))
    }

    /// Forgets the answer whose time is over first, if there are too many.
    fn make_room(&mut self, asked: AskedAt) {
        if self.answers.len() >= MAX_ANSWERS
            && !self.answers.contains_key(&asked)
            && let Some(oldest) =
                self.answers.iter().min_by_key(|(_, answer)| answer.until).map(|(at, _)| *at)
        {
            self.answers.remove(&oldest);
        }
    }
}
