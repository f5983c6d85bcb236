//! The part of an `addr` or `addrv2` that is taken (Bitcoin Core `src/net_processing.cpp` `ProcessAddrs`).

use alloc::vec::Vec;
use core::time::Duration;

use super::Draw;
use super::draw::shuffle_first;
use crate::Instant;
use crate::wire::Services;

/// The cost of one address in [`AddrTokens`], which grow by one each microsecond: 10 s (Bitcoin Core
/// `MAX_ADDR_RATE_PER_SECOND`, 0.1).
const COST: u64 = 10_000_000;
/// Up to how many addresses the tokens grow by waiting, and how many more a `getaddr` brings (Bitcoin Core
/// `MAX_ADDR_PROCESSING_TOKEN_BUCKET`, `MAX_ADDR_TO_SEND`).
const BURST: u64 = 1000;

/// The ration of addresses that are taken of one peer: one at first, then one each 10 s, up to 1000 in reserve. A
/// `getaddr` that we send brings 1000 more.
///
/// A flood of addresses costs us no more than the reading of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddrTokens {
    tokens: u64,
    counted: Instant,
}

impl AddrTokens {
    /// Returns the ration of a peer whose connection is new.
    pub const fn new(now: Instant) -> Self {
        Self { tokens: COST, counted: now }
    }

    /// Notes that we sent `getaddr`: its answer is wanted.
    pub const fn get_addr_sent(&mut self) {
        self.tokens = self.tokens.saturating_add(BURST * COST);
    }

    /// Shortens a message to what is taken of it: a random choice, so that the peer cannot put in front what he wants
    /// to be taken. Returns how many addresses were dropped.
    pub fn admit<T>(&mut self, now: Instant, entries: &mut Vec<T>, random: u64) -> usize {
        self.refill(now);
        let affordable = usize::try_from(self.tokens / COST).unwrap_or(usize::MAX);
        let taken = affordable.min(entries.len());
        let dropped = entries.len() - taken;
        if dropped > 0 {
            shuffle_first(entries, taken, &mut Draw::new(random));
            entries.truncate(taken);
        }
        self.tokens -= taken as u64 * COST;
        dropped
    }

    /// Adds what came with time. Tokens above the most, from a `getaddr`, are kept and do not grow.
    fn refill(&mut self, now: Instant) {
        let passed: Duration = now.saturating_duration_since(self.counted);
        self.counted = self.counted.max(now);
        if self.tokens < BURST * COST {
            let micros = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
            self.tokens = self.tokens.saturating_add(micros).min(BURST * COST);
        }
    }
}

/// Returns the time that is noted for an address, of the time that was told: 5 days ago for one that is 0 or so, or
/// lies more than 10 min in the future. Unix seconds.
pub const fn plausible_time(told: u32, now: u32) -> u32 {
    if told <= 100_000_000 || told > now.saturating_add(10 * 60) {
        now.saturating_sub(5 * 24 * 60 * 60)
    } else {
        told
    }
}

/// Returns whether a node with these services is worth a place: it serves blocks, all or the last ones, so it knows
/// other nodes (Bitcoin Core `src/protocol.h` `MayHaveUsefulAddressDB`).
pub const fn may_know_addresses(services: Services) -> bool {
    services.contains(Services::NETWORK) || services.contains(Services::NETWORK_LIMITED)
}
