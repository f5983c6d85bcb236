//! The decisions that keep a few good peers connected: whom to dial, and when.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::discovery_config::{DiscoveryConfig, DiscoveryOrder, LinkEnd};
use super::dns_seeds::{DnsSeeds, SeedNodes};
use super::exponential::exponential;
use super::{
    AddrNetwork, AddrPort, AddrTable, Addresses, BackOffVerdict, DialPurpose, DialRules, Draw, MAX_ANCHORS,
    NetGroup, Source, counts_failures, is_desirable, may_know_addresses, plausible_time,
};
use crate::wire::{AddrV2, KnownAddress, Services};
use crate::{Instant, WallClock};

/// From one attempt to fill a slot to the next (Bitcoin Core `src/net.cpp` `ThreadOpenConnections`).
const DIAL_INTERVAL: Duration = Duration::from_millis(500);
/// The mean time between feelers (Bitcoin Core `src/net.h` `FEELER_INTERVAL`), and what is added to each.
const FEELER_INTERVAL: Duration = Duration::from_secs(2 * 60);
const FEELER_NOISE_MICROS: u32 = 1_000_000;
/// From one saving to the next (Bitcoin Core `src/net.cpp` `DUMP_PEERS_INTERVAL`).
const SAVE_INTERVAL: Duration = Duration::from_secs(15 * 60);
/// With so many addresses that can be dialled nobody is asked for more, and one peer in this time with fewer (ours: a
/// peer that was asked counts us among those to whom it relays addresses, and so takes them from others).
const ENOUGH_ADDRESSES: usize = 1000;
const GET_ADDR_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Addresses of one seed that are used (Bitcoin Core `src/net.cpp` `ThreadDNSAddressSeed`).
const MAX_PER_SEED: usize = 32;

/// Keeps lasting connections, one in each network group, and tests addresses with feelers: the decisions of Bitcoin
/// Core's `ThreadOpenConnections` and `ThreadDNSAddressSeed` (`src/net.cpp`) and what `src/net_processing.cpp` does
/// with addresses. It knows outbound connections by their addresses; there is one for each.
///
/// Each call may make orders: take them with [`Discovery::poll`]. It announces nobody, least of all ourselves.
#[derive(Debug)]
pub struct Discovery {
    config: DiscoveryConfig,
    addresses: Addresses,
    clock: WallClock,
    links: BTreeMap<AddrPort, Link>,
    /// Anchors of the last run that are still to be dialled, the next one last.
    anchors: Vec<AddrPort>,
    seeds: DnsSeeds,
    seed_nodes: SeedNodes,
    orders: VecDeque<DiscoveryOrder>,
    dial_at: Instant,
    feeler_at: Instant,
    save_at: Instant,
    get_addr_at: Instant,
}

/// An outbound connection, made or in the making.
#[derive(Clone, Copy, Debug)]
struct Link {
    purpose: DialPurpose,
    ready_since: Option<Instant>,
}

impl Discovery {
    /// Begins with what is known of addresses. Draws three random words.
    pub fn new(
        config: DiscoveryConfig,
        mut addresses: Addresses,
        clock: WallClock,
        now: Instant,
        draw: &mut dyn FnMut() -> u64,
    ) -> Self {
        addresses.table.clock_set(unix(clock, now));
        let mut anchors = core::mem::take(&mut addresses.anchors);
        anchors.reverse();
        let has_seed_nodes = !config.seed_nodes.is_empty();
        let seeds = DnsSeeds::new(config.dns_seeds.clone(), has_seed_nodes, now, draw());
        let seed_nodes = SeedNodes::new(config.seed_nodes.clone(), now, draw());
        Self {
            feeler_at: now + exponential(FEELER_INTERVAL, draw()),
            config,
            addresses,
            clock,
            links: BTreeMap::new(),
            anchors,
            seeds,
            seed_nodes,
            orders: VecDeque::new(),
            dial_at: now,
            save_at: now + SAVE_INTERVAL,
            get_addr_at: now,
        }
    }

    /// Returns all that is known of addresses, to be saved.
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Returns the next order.
    pub fn poll(&mut self) -> Option<DiscoveryOrder> {
        self.orders.pop_front()
    }

    /// When [`Discovery::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = [self.seeds.poll_timeout(), self.seed_nodes.poll_timeout(), self.next_dial()];
        due.into_iter().flatten().chain([self.save_at]).min()
    }

    /// Does what is due. `is_excluded` says whether an address is not to be dialled: it is one of a peer named by
    /// hand, banned, or opted out.
    pub fn handle_timeout(
        &mut self,
        now: Instant,
        is_excluded: &dyn Fn(&AddrPort) -> bool,
        draw: &mut dyn FnMut() -> u64,
    ) {
        if self.save_at <= now {
            self.save_at = now + SAVE_INTERVAL;
            self.note_anchors();
            self.orders.push_back(DiscoveryOrder::Save);
        }
        self.ask_seeds(now);
        if self.next_dial().is_none_or(|at| now < at) {
            return;
        }
        if self.has_free_slot() {
            self.dial_at = now + DIAL_INTERVAL;
            self.dial_full_relay(now, is_excluded, draw);
        } else {
            let noise = Duration::from_micros(Draw::new(draw()).below(FEELER_NOISE_MICROS).into());
            self.feeler_at = now + exponential(FEELER_INTERVAL, draw()) + noise;
            let (links, unix) = (&self.links, self.unix(now));
            self.addresses.table.resolve_collisions(&|addr| links.contains_key(addr), unix);
            self.dial(DialPurpose::Feeler, now, is_excluded, draw());
        }
    }

    /// The handshake of a connection is done: the peer says that it has these services.
    pub fn ready(&mut self, addr: &AddrPort, services: Services, now: Instant) {
        let unix = self.unix(now);
        let Some(link) = self.links.get_mut(addr) else { return };
        link.ready_since = Some(now);
        let purpose = link.purpose;
        self.addresses.table.set_services(addr, services);
        if purpose == DialPurpose::FullRelay && !is_desirable(services) {
            return self.orders.push_back(DiscoveryOrder::Disconnect(*addr));
        }
        self.addresses.table.good(addr, unix);
        if purpose == DialPurpose::Feeler {
            return self.orders.push_back(DiscoveryOrder::Disconnect(*addr));
        }
        let is_hungry = || self.addresses.table.usable(self.config.networks, unix) < ENOUGH_ADDRESSES;
        if self.get_addr_at <= now && is_hungry() {
            self.get_addr_at = now + GET_ADDR_INTERVAL;
            self.orders.push_back(DiscoveryOrder::GetAddr(*addr));
        }
    }

    /// A connection is over, or could not be made. Returns what is remembered of it, if the peer ended it.
    pub fn closed(&mut self, addr: &AddrPort, end: LinkEnd, now: Instant) -> Option<BackOffVerdict> {
        let link = self.links.remove(addr)?;
        let unix = self.unix(now);
        if link.ready_since.is_some() && link.purpose == DialPurpose::FullRelay {
            self.addresses.table.connected(addr, unix);
        }
        if end != LinkEnd::Peer || link.purpose == DialPurpose::Feeler {
            return None;
        }
        let lasted = link.ready_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        Some(self.addresses.back_off.closed(&addr.addr, lasted, unix))
    }

    /// Takes what a peer told of addresses and the ration of that peer let through ([`AddrTokens`](super::AddrTokens)).
    /// Returns how many addresses are new or took one more place.
    pub fn told(
        &mut self,
        by: &AddrV2,
        told: &[KnownAddress],
        now: Instant,
        draw: &mut dyn FnMut() -> u64,
    ) -> usize {
        let unix = self.unix(now);
        let mut draw = Draw::new(draw());
        let mut taken = 0;
        for told in told.iter().filter(|told| may_know_addresses(told.services)) {
            let told = KnownAddress { time: plausible_time(told.time, unix), ..*told };
            let source = Source::Addr(*by);
            taken += usize::from(self.addresses.table.add(
                &told,
                &source,
                AddrTable::GOSSIP_PENALTY,
                unix,
                draw.next(),
            ));
        }
        taken
    }

    /// A DNS seed was looked up: these are its addresses, none if it gave none. They count as seen 3 to 7 days ago.
    pub fn resolved(&mut self, seed: &str, ips: &[IpAddr], now: Instant, draw: &mut dyn FnMut() -> u64) {
        if ips.is_empty() {
            return self.orders.push_back(DiscoveryOrder::Fetch(seed.into()));
        }
        let (unix, source) = (self.unix(now), Source::seed(seed));
        let mut draw = Draw::new(draw());
        for ip in ips.iter().take(MAX_PER_SEED) {
            let day = 24 * 60 * 60;
            let told = KnownAddress {
                time: unix.saturating_sub(3 * day + draw.below(4 * day)),
                services: Services::NETWORK | Services::WITNESS | Services::P2P_V2,
                addr: AddrV2::from(*ip),
                port: self.config.default_port,
            };
            self.addresses.table.add(&told, &source, 0, unix, draw.next());
        }
    }

    /// The wall clock was set.
    pub fn clock_set(&mut self, clock: WallClock, now: Instant) {
        self.clock = clock;
        self.addresses.table.clock_set(unix(clock, now));
    }

    /// Notes the peers that have been there for longest as anchors: to be called before the last saving.
    pub fn note_anchors(&mut self) {
        let lasting = self.links.iter().filter(|(_, link)| link.purpose == DialPurpose::FullRelay);
        let mut lasting: Vec<_> =
            lasting.filter_map(|(addr, link)| Some((link.ready_since?, *addr))).collect();
        lasting.sort_unstable();
        self.addresses.anchors = lasting.into_iter().take(MAX_ANCHORS).map(|(_, addr)| addr).collect();
    }

    fn unix(&self, now: Instant) -> u32 {
        unix(self.clock, now)
    }

    fn full_relay(&self) -> impl Iterator<Item = (&AddrPort, &Link)> {
        self.links.iter().filter(|(_, link)| link.purpose == DialPurpose::FullRelay)
    }

    fn full_relay_peers(&self) -> usize {
        self.full_relay().filter(|(_, link)| link.ready_since.is_some()).count()
    }

    fn has_free_slot(&self) -> bool {
        self.full_relay().count() < self.config.full_relay
    }

    /// When the next connection is to be made: at once while a slot is free, else, once all peers are there, for the
    /// next feeler, one at a time. `None` while something else has to come first.
    fn next_dial(&self) -> Option<Instant> {
        if self.addresses.table.is_empty() && self.anchors.is_empty() {
            None
        } else if self.has_free_slot() {
            Some(self.dial_at)
        } else {
            let is_full = self.full_relay_peers() == self.config.full_relay;
            let has_feeler = self.links.values().any(|link| link.purpose == DialPurpose::Feeler);
            (is_full && !has_feeler).then_some(self.feeler_at)
        }
    }

    fn ask_seeds(&mut self, now: Instant) {
        let (addresses, peers) = (self.addresses.table.len(), self.full_relay_peers());
        if let Some(node) = self.seed_nodes.next(addresses, peers, now) {
            self.orders.push_back(DiscoveryOrder::Fetch(node));
        }
        while let Some(seed) = self.seeds.next(addresses, peers, now) {
            self.orders.push_back(if self.config.resolve_names {
                // NETWORK and WITNESS: what every seed knows by this prefix (Bitcoin Core `doc/dnsseed-policy.md`).
                let host = alloc::format!("x9.{seed}");
                DiscoveryOrder::Resolve { seed, host }
            } else {
                DiscoveryOrder::Fetch(seed)
            });
        }
    }

    /// The groups of lasting connections, of networks that have groups.
    fn groups(&self) -> BTreeSet<NetGroup> {
        let groups = self.addresses.table.groups();
        let grouped = self.full_relay().filter(|(addr, _)| AddrNetwork::of(&addr.addr).has_groups());
        grouped.map(|(addr, _)| groups.of(&addr.addr)).collect()
    }

    /// Fills a slot: with an anchor of the last run, or with a draw.
    fn dial_full_relay(
        &mut self,
        now: Instant,
        is_excluded: &dyn Fn(&AddrPort) -> bool,
        draw: &mut dyn FnMut() -> u64,
    ) {
        let groups = self.groups();
        while let Some(anchor) = self.anchors.pop() {
            let group = self.addresses.table.groups().of(&anchor.addr);
            let is_reachable = self.config.networks.contains(AddrNetwork::of(&anchor.addr));
            if is_reachable && !groups.contains(&group) && !self.is_excluded(&anchor, is_excluded, now) {
                return self.connect(anchor, DialPurpose::FullRelay, groups.len(), now);
            }
        }
        self.dial(DialPurpose::FullRelay, now, is_excluded, draw());
    }

    fn dial(
        &mut self,
        purpose: DialPurpose,
        now: Instant,
        is_excluded: &dyn Fn(&AddrPort) -> bool,
        random: u64,
    ) {
        let groups = self.groups();
        let is_excluded = |addr: &AddrPort| self.is_excluded(addr, is_excluded, now);
        let rules = DialRules::new(purpose, self.config.networks, &groups, &is_excluded);
        if let Some(chosen) = self.addresses.table.choose(&rules, self.unix(now), random) {
            self.connect(chosen.addr, purpose, groups.len(), now);
        }
    }

    /// One connection for each address, whatever its port.
    fn is_excluded(&self, addr: &AddrPort, is_excluded: &dyn Fn(&AddrPort) -> bool, now: Instant) -> bool {
        let first = AddrPort { port: 0, ..*addr };
        let last = AddrPort { port: u16::MAX, ..*addr };
        self.links.range(first..=last).next().is_some()
            || self.addresses.back_off.is_avoided(&addr.addr, self.unix(now))
            || is_excluded(addr)
    }

    fn connect(&mut self, addr: AddrPort, purpose: DialPurpose, groups: usize, now: Instant) {
        let count_failure = counts_failures(groups, self.config.full_relay);
        let unix = self.unix(now);
        self.addresses.table.attempt(&addr, count_failure, unix);
        self.links.insert(addr, Link { purpose, ready_since: None });
        self.orders.push_back(DiscoveryOrder::Connect { addr, purpose });
    }
}

/// Returns Unix seconds as addresses have them.
fn unix(clock: WallClock, now: Instant) -> u32 {
    u32::try_from(clock.unix_seconds(now).max(0)).unwrap_or(u32::MAX)
}
