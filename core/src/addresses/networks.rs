//! The networks that addresses lie in, and sets of them.

use core::fmt;

use crate::wire::AddrV2;

/// A network that addresses lie in: Bitcoin Core's `Network` (`src/netaddress.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AddrNetwork {
    /// IPv4.
    Ipv4,
    /// IPv6, with the addresses in it that stand for IPv4.
    Ipv6,
    /// Tor.
    Onion,
    /// I2P.
    I2p,
    /// CJDNS.
    Cjdns,
}

impl AddrNetwork {
    /// All of them, in the order of Bitcoin Core's `getaddrmaninfo`.
    pub const ALL: [Self; 5] = [Self::Ipv4, Self::Ipv6, Self::Onion, Self::I2p, Self::Cjdns];

    /// How many there are.
    pub(super) const COUNT: usize = Self::ALL.len();

    /// Returns the network of an address.
    pub const fn of(addr: &AddrV2) -> Self {
        match addr {
            AddrV2::Ipv4(_) => Self::Ipv4,
            AddrV2::Ipv6(_) => Self::Ipv6,
            AddrV2::TorV3(_) => Self::Onion,
            AddrV2::I2p(_) => Self::I2p,
            AddrV2::Cjdns(_) => Self::Cjdns,
        }
    }

    /// Returns the name that Bitcoin Core's `getaddrmaninfo` and `-onlynet` give it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Onion => "onion",
            Self::I2p => "i2p",
            Self::Cjdns => "cjdns",
        }
    }

    /// Returns whether peers there are spread over network groups: on the other networks everybody makes as many
    /// addresses as he likes (Bitcoin Core `src/net.cpp` `ThreadOpenConnections`).
    pub const fn has_groups(self) -> bool {
        matches!(self, Self::Ipv4 | Self::Ipv6)
    }
}

impl fmt::Display for AddrNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A set of networks: those that can be dialled, or those that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Networks(u8);

impl Networks {
    /// No network.
    pub const NONE: Self = Self(0);
    /// All networks.
    pub const ALL: Self = Self((1 << AddrNetwork::COUNT) - 1);
    /// IPv4 and IPv6: what a socket reaches without a proxy.
    pub const INTERNET: Self = Self::NONE.with(AddrNetwork::Ipv4).with(AddrNetwork::Ipv6);

    /// Returns the set with this network in it.
    #[must_use]
    pub const fn with(self, network: AddrNetwork) -> Self {
        Self(self.0 | 1 << network as u8)
    }

    /// Returns whether the network is in the set.
    pub const fn contains(self, network: AddrNetwork) -> bool {
        self.0 & 1 << network as u8 != 0
    }
}
