//! A random draw from the table: the next address to dial.

use super::buckets::{BUCKET_SIZE, Buckets};
use super::{AddrInfo, AddrTable, Draw, Networks};

/// Draws after which any address was taken: the smallest chance, 0.01 · 0.66⁸, is certain after 44 misses.
const MAX_DRAWS: u32 = 60;

/// The factor of a chance that has not been raised: 2³² stands for 1.
const ONE: u64 = 1 << 32;

impl AddrTable {
    /// Draws an address of these networks, from the new table alone or from either table with equal chance. `None` if
    /// there is none (Bitcoin Core `src/addrman.cpp` `Select_`).
    ///
    /// A bucket is drawn, then a position in it; the next address from there on is taken with a chance that falls with
    /// its failures, or all is drawn again with chances raised by a fifth. Bitcoin Core draws until it hits a bucket
    /// that is not empty; here only such buckets are drawn from, so that any table is done after 45 draws.
    pub fn select(&self, new_only: bool, networks: Networks, now: u32, random: u64) -> Option<AddrInfo> {
        let mut draw = Draw::new(random);
        let from_tried = self.tried.filled(networks).count() > 0 && !new_only;
        let from_new = self.new.filled(networks).count() > 0;
        let buckets = match (from_new, from_tried) {
            (false, false) => return None,
            (true, false) => &self.new,
            (false, true) => &self.tried,
            (true, true) => {
                if draw.below(2) == 0 {
                    &self.new
                } else {
                    &self.tried
                }
            }
        };
        let id = self.select_from(buckets, networks, now, &mut draw)?;
        self.entry(id)
    }

    fn select_from(&self, buckets: &Buckets, networks: Networks, now: u32, draw: &mut Draw) -> Option<u32> {
        let filled = buckets.filled(networks);
        let count = filled.count();
        let mut factor = ONE;
        for _ in 0..MAX_DRAWS {
            let bucket = filled.nth(draw.below(count))?;
            let start = draw.below(BUCKET_SIZE);
            let mut entries =
                buckets.bucket_from(bucket, start).filter_map(|(_, id)| Some((id, self.entries.get(id)?)));
            let (id, entry) = entries.find(|(_, entry)| networks.contains(entry.network()))?;
            let chance = (u128::from(entry.chance(now)) * u128::from(factor)) >> 32;
            if u128::from(draw.next() >> 34) < chance {
                return Some(id);
            }
            factor = factor.saturating_mul(6) / 5;
        }
        None
    }
}
