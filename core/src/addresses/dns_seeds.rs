//! When DNS seeds and seed nodes are asked: as few as will do, and none while peers are there.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::Draw;
use super::draw::shuffle_first;
use crate::Instant;

/// Peers with which no seed is asked (Bitcoin Core `src/net.cpp` `SEED_OUTBOUND_CONNECTION_THRESHOLD`).
const ENOUGH_PEERS: usize = 2;
/// Seeds that are asked at once (`DNSSEEDS_TO_QUERY_AT_ONCE`).
const AT_ONCE: u32 = 3;
/// Wait before each batch, and between two looks at the peers (`DNSSEEDS_DELAY_FEW_PEERS`).
const WAIT: Duration = Duration::from_secs(11);
/// Wait before each batch with many addresses (`DNSSEEDS_DELAY_MANY_PEERS`, `DNSSEEDS_DELAY_PEER_THRESHOLD`).
const LONG_WAIT: Duration = Duration::from_secs(5 * 60);
const MANY_ADDRESSES: usize = 1000;
/// How long seed nodes have for themselves (`SEEDNODE_TIMEOUT`).
const SEED_NODES_FIRST: Duration = Duration::from_secs(30);

/// From one seed node to the next (`ADD_NEXT_SEEDNODE`).
const SEED_NODE_INTERVAL: Duration = Duration::from_secs(10);

/// The seeds that were not asked yet, each once a run (Bitcoin Core `src/net.cpp` `ThreadDNSAddressSeed`). Bitcoin Core
/// waits for each answer; here it comes later, so that each batch but the first one is waited for.
#[derive(Clone, Debug)]
pub(super) struct DnsSeeds {
    /// The next one last.
    names: Vec<String>,
    step: Step,
    /// When to look again.
    look_at: Instant,
    has_asked: bool,
    /// The wait before each batch, from the first look on.
    wait: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Seed nodes are tried first.
    SeedNodes,
    /// So many seeds may be asked now.
    Ask(u32),
    /// Peers may come until then.
    Wait(Instant),
    Done,
}

impl DnsSeeds {
    /// Begins with these names, in random order.
    pub(super) fn new(mut names: Vec<String>, has_seed_nodes: bool, now: Instant, random: u64) -> Self {
        let count = names.len();
        shuffle_first(&mut names, count, &mut Draw::new(random));
        let (step, look_at) =
            if has_seed_nodes { (Step::SeedNodes, now + SEED_NODES_FIRST) } else { (Step::Ask(0), now) };
        Self { names, step, look_at, has_asked: false, wait: None }
    }

    /// When to call [`DnsSeeds::next`] again.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        (self.step != Step::Done).then_some(self.look_at)
    }

    /// Returns the next seed to ask now, if there is one.
    pub(super) fn next(&mut self, addresses: usize, peers: usize, now: Instant) -> Option<String> {
        if self.step == Step::Done || now < self.look_at {
            return None;
        }
        match self.step {
            Step::SeedNodes | Step::Wait(_) if peers >= ENOUGH_PEERS => {
                self.step = Step::Done;
                return None;
            }
            Step::SeedNodes => self.step = Step::Ask(0),
            Step::Wait(until) if now < until => {
                self.look_at = until.min(now + WAIT);
                return None;
            }
            Step::Wait(_) => self.step = Step::Ask(AT_ONCE),
            Step::Ask(_) | Step::Done => {}
        }
        let wait = if addresses >= MANY_ADDRESSES { LONG_WAIT } else { WAIT };
        let wait = *self.wait.get_or_insert(wait);
        if self.step == Step::Ask(0) {
            if addresses > 0 || self.has_asked {
                self.step = Step::Wait(now + wait);
                self.look_at = now + WAIT;
                return None;
            }
            self.step = Step::Ask(AT_ONCE);
        }
        self.has_asked = true;
        let name = self.names.pop();
        self.step = match self.step {
            Step::Ask(left) if name.is_some() => Step::Ask(left - 1),
            _ => Step::Done,
        };
        name
    }
}

/// Nodes that the user named to be asked for addresses, each once a run (Bitcoin Core `src/net.cpp`
/// `ThreadOpenConnections`, `-seednode`).
#[derive(Clone, Debug)]
pub(super) struct SeedNodes {
    /// The next one last.
    names: Vec<String>,
    next_at: Instant,
    is_first: bool,
}

impl SeedNodes {
    /// Begins with these names, in random order.
    pub(super) fn new(mut names: Vec<String>, now: Instant, random: u64) -> Self {
        let count = names.len();
        shuffle_first(&mut names, count, &mut Draw::new(random));
        Self { names, next_at: now, is_first: true }
    }

    /// When to call [`SeedNodes::next`] again.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        (!self.names.is_empty()).then_some(self.next_at)
    }

    /// Returns the node to ask now, if there is one: at once with an empty table, else one each 10 s while there are
    /// too few peers.
    pub(super) fn next(&mut self, addresses: usize, peers: usize, now: Instant) -> Option<String> {
        if self.names.is_empty() || now < self.next_at {
            return None;
        }
        let is_wanted = if self.is_first { addresses == 0 } else { peers < ENOUGH_PEERS };
        self.is_first = false;
        self.next_at = now + SEED_NODE_INTERVAL;
        if is_wanted { self.names.pop() } else { None }
    }
}
