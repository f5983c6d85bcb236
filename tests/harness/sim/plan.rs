//! The plan of a simulation: its nodes, its peers and its troubles.

use super::{Chance, Manner};

/// The cast, and how much goes wrong. With a seed it decides everything that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Decides all that is left to chance.
    pub seed: u64,
    /// Nodes of ours. Each dials all peers, and the nodes after it.
    pub nodes: u64,
    /// The peers, by their manner.
    pub peers: Vec<Manner>,
    /// Transactions that appear.
    pub txs: u32,
    /// Connections that are cut.
    pub cuts: u32,
    /// Times at which a connection delivers nothing for minutes.
    pub partitions: u32,
    /// Times at which a machine sleeps for up to an hour.
    pub sleeps: u32,
    /// Steps of wall clocks.
    pub steps: u32,
    /// Frames that a flooder says in one go, at most.
    pub flood: u32,
    /// How long it lasts, in seconds of its own.
    pub seconds: u64,
}

impl Plan {
    /// Nobody is there, and nothing happens.
    pub const QUIET: Self = Self {
        seed: 0,
        nodes: 0,
        peers: Vec::new(),
        txs: 0,
        cuts: 0,
        partitions: 0,
        sleeps: 0,
        steps: 0,
        flood: 0,
        seconds: 0,
    };

    /// The plan that a seed stands for.
    pub fn of_seed(seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x5eed);
        let peers = (0..2 + chance.below(7)).map(|_| chance.pick(&Manner::ALL)).collect();
        let mut up_to = |most: u64| chance.below(most + 1) as u32;
        Self {
            seed,
            peers,
            txs: up_to(80),
            cuts: up_to(8),
            partitions: up_to(4),
            sleeps: up_to(2),
            steps: up_to(3),
            flood: 1 + up_to(4),
            nodes: 1 + u64::from(up_to(2)),
            seconds: 1800,
        }
    }
}
