//! A [`Discovery`] in virtual time, with peers that answer or not.

use alloc::vec::Vec;
use core::time::Duration;

use super::super::{Addresses, DialPurpose, Discovery, DiscoveryConfig, DiscoveryOrder, LinkEnd};
use super::*;
use crate::{Instant, WallClock};

pub(super) const CLOCK: WallClock = WallClock { unix_micros_at_zero: NOW as i64 * 1_000_000 };

/// A discovery with its time, its random words, and what it ordered.
pub(super) struct World {
    pub(super) discovery: Discovery,
    pub(super) now: Instant,
    pub(super) draw: Draw,
    pub(super) drawn: usize,
    pub(super) orders: Vec<(u64, DiscoveryOrder)>,
}

impl World {
    pub(super) fn new(config: DiscoveryConfig, addresses: Addresses, seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let discovery = Discovery::new(config, addresses, CLOCK, Instant::ZERO, &mut || draw.next());
        Self { discovery, now: Instant::ZERO, draw, drawn: 0, orders: Vec::new() }
    }

    /// With so many addresses, each in a group of its own.
    pub(super) fn with_addresses(count: u16, config: DiscoveryConfig) -> Self {
        let mut addresses = Addresses::new(KEY, NetGroups::default());
        for n in 0..count {
            let at = nth_of(n as u8 % 190 + 20, (n / 190) as u8, 7);
            addresses.table.add(&told(at), &Source::Addr(at.addr), 0, NOW, 0);
        }
        Self::new(config, addresses, 1)
    }

    /// Lets time pass, timer by timer, up to this second. `meet` says what becomes of each order.
    pub(super) fn run_until(
        &mut self,
        second: u64,
        mut meet: impl FnMut(&mut Discovery, Instant, &DiscoveryOrder),
    ) {
        let end = Instant::ZERO + Duration::from_secs(second);
        for _ in 0..100_000 {
            while let Some(order) = self.discovery.poll() {
                meet(&mut self.discovery, self.now, &order);
                self.orders.push((self.now.as_micros() / 1_000_000, order));
            }
            let next = self.discovery.poll_timeout().expect("there is always a next saving").max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            let (draw, drawn) = (&mut self.draw, &mut self.drawn);
            let mut draw = || {
                *drawn += 1;
                draw.next()
            };
            self.discovery.handle_timeout(self.now, &|_| false, &mut draw);
        }
        panic!("no end of timers at {:?}", self.now);
    }

    pub(super) fn dialled(&self, wanted: DialPurpose) -> Vec<(u64, AddrPort)> {
        let connect = |(at, order): &(u64, DiscoveryOrder)| match order {
            DiscoveryOrder::Connect { addr, purpose } if *purpose == wanted => Some((*at, *addr)),
            _ => None,
        };
        self.orders.iter().filter_map(connect).collect()
    }

    pub(super) fn asked_seeds(&self) -> Vec<(u64, &str)> {
        let resolve = |(at, order): &'_ (u64, DiscoveryOrder)| {
            matches!(order, DiscoveryOrder::Resolve { .. }).then_some(*at)
        };
        let seconds = self.orders.iter().filter_map(resolve);
        let names = self.orders.iter().filter_map(|(_, order)| match order {
            DiscoveryOrder::Resolve { seed, .. } => Some(seed.as_str()),
            _ => None,
        });
        seconds.zip(names).collect()
    }
}

/// Everybody answers, and ends what is ordered to end.
pub(super) fn all_answer(discovery: &mut Discovery, now: Instant, order: &DiscoveryOrder) {
    match order {
        DiscoveryOrder::Connect { addr, .. } => discovery.ready(addr, FULL_NODE, now),
        DiscoveryOrder::Disconnect(addr) => {
            discovery.closed(addr, LinkEnd::Local, now);
        }
        _ => {}
    }
}

pub(super) fn nobody_answers(discovery: &mut Discovery, now: Instant, order: &DiscoveryOrder) {
    if let DiscoveryOrder::Connect { addr, .. } = order {
        discovery.closed(addr, LinkEnd::NotConnected, now);
    }
}

pub(super) fn seeds(count: u32) -> DiscoveryConfig {
    DiscoveryConfig { dns_seeds: (0..count).map(|n| seed(n.into())).collect(), ..DiscoveryConfig::default() }
}
