//! How many addresses of each network a table has.

use super::AddrNetwork;

/// How many addresses of one network are in each table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Addresses in the new table: each counts once.
    pub new: u32,
    /// Addresses in the tried table.
    pub tried: u32,
}

impl Counts {
    /// Returns both together.
    pub const fn total(&self) -> u32 {
        self.new + self.tried
    }
}

/// The counts of all networks: Bitcoin Core's `getaddrmaninfo`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkCounts([Counts; AddrNetwork::COUNT]);

impl NetworkCounts {
    /// Returns the counts of a network.
    pub const fn of(&self, network: AddrNetwork) -> Counts {
        self.0[network as usize]
    }

    /// Returns each network with its counts, in the order of [`AddrNetwork::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (AddrNetwork, Counts)> {
        AddrNetwork::ALL.into_iter().zip(self.0)
    }

    /// Returns the counts of all networks together: `all_networks`.
    pub fn total(&self) -> Counts {
        self.0.iter().fold(Counts::default(), |sum, counts| Counts {
            new: sum.new + counts.new,
            tried: sum.tried + counts.tried,
        })
    }

    pub(super) const fn of_mut(&mut self, network: AddrNetwork) -> &mut Counts {
        &mut self.0[network as usize]
    }
}
