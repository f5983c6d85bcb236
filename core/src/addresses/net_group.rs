//! Network groups: addresses that one operator is likely to hold together.
//!
//! | Address | Group | Bitcoin Core `src/netgroup.cpp` |
//! |---|---|---|
//! | IPv4, and IPv6 that stands for IPv4 | the /16 | `HasLinkedIPv4` |
//! | IPv6 | the /32; of Hurricane Electric (2001:470::/32) the /36 | `IsHeNet` |
//! | IPv4 or IPv6 that the asmap knows | the autonomous system | `GetMappedAS` |
//! | Tor, I2P | the first 4 bits | |
//! | CJDNS | the first 12 bits, of which 8 are fixed | |
//! | not routable | all together | |
//! | the name of a DNS seed | each alone | `IsInternal` |

use core::net::{IpAddr, Ipv4Addr};

use sha2::{Digest as _, Sha256};

use super::Asmap;
use crate::routable::is_routable;
use crate::wire::AddrV2;

/// Where the table heard of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// From the peer there.
    Addr(AddrV2),
    /// From a DNS seed: the first bytes of the SHA-256 of its name (Bitcoin Core `src/netaddress.cpp`
    /// `SetInternal`).
    Seed([u8; 10]),
}

impl Source {
    /// Returns the source that a DNS seed is.
    pub fn seed(name: &str) -> Self {
        let mut first = [0; 10];
        first.copy_from_slice(&Sha256::digest(name.as_bytes())[..10]);
        Self::Seed(first)
    }
}

/// A group of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetGroup {
    len: u8,
    bytes: [u8; 11],
}

impl NetGroup {
    /// Returns the bytes that name it, at most 11: the class of the network and a prefix, as Bitcoin Core's
    /// `GetGroup` returns them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn new(class: Class, prefix: &[u8]) -> Self {
        let mut bytes = [0; 11];
        bytes[0] = class as u8;
        bytes[1..=prefix.len()].copy_from_slice(prefix);
        Self { len: 1 + prefix.len() as u8, bytes }
    }

    /// Returns the group of the first `bits` bits; the rest of their last byte counts as set.
    fn of_bits(class: Class, address: &[u8], bits: usize) -> Self {
        let mut group = Self::new(class, &address[..bits.div_ceil(8)]);
        if !bits.is_multiple_of(8) {
            group.bytes[usize::from(group.len) - 1] |= 0xff >> (bits % 8);
        }
        group
    }
}

/// Bitcoin Core's `GetNetClass`, as the number that it has there.
#[derive(Clone, Copy)]
enum Class {
    Unroutable = 0,
    Ipv4 = 1,
    Ipv6 = 2,
    Onion = 3,
    I2p = 4,
    Cjdns = 5,
    Internal = 6,
}

/// How addresses are grouped: by their prefixes, or by a map of autonomous systems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetGroups {
    /// The map of autonomous systems, if there is one. Default none.
    pub asmap: Option<Asmap>,
    /// Whether 127.0.0.0/8 counts as routable, each /16 of it a group of its own: for tests on one machine
    /// (`-test=routableloopback`). Default false.
    pub routable_loopback: bool,
}

impl NetGroups {
    /// Returns whether an address can be reached from everywhere (Bitcoin Core `src/netaddress.cpp` `IsRoutable`).
    pub fn is_routable(&self, addr: &AddrV2) -> bool {
        match addr {
            AddrV2::Ipv4(ip) if ip.is_loopback() => self.routable_loopback,
            AddrV2::Ipv4(ip) => is_routable(IpAddr::V4(*ip)),
            AddrV2::Ipv6(ip) => is_routable(IpAddr::V6(*ip)),
            AddrV2::TorV3(_) | AddrV2::I2p(_) | AddrV2::Cjdns(_) => true,
        }
    }

    /// Returns the group of an address.
    pub fn of(&self, addr: &AddrV2) -> NetGroup {
        if let Some(asn) = self.asn(addr) {
            // IPv4 and IPv6 of one autonomous system are one group.
            return NetGroup::new(Class::Ipv6, &asn.to_le_bytes());
        }
        if !self.is_routable(addr) {
            return NetGroup::new(Class::Unroutable, &[]);
        }
        if let Some(ip) = linked_ipv4(addr) {
            return NetGroup::new(Class::Ipv4, &ip.octets()[..2]);
        }
        match addr {
            AddrV2::Ipv4(ip) => NetGroup::new(Class::Ipv4, &ip.octets()[..2]),
            AddrV2::Ipv6(ip) => {
                let bits = if ip.segments()[..2] == [0x2001, 0x470] { 36 } else { 32 };
                NetGroup::of_bits(Class::Ipv6, &ip.octets(), bits)
            }
            AddrV2::TorV3(key) => NetGroup::of_bits(Class::Onion, key, 4),
            AddrV2::I2p(hash) => NetGroup::of_bits(Class::I2p, hash, 4),
            AddrV2::Cjdns(ip) => NetGroup::of_bits(Class::Cjdns, &ip.octets(), 12),
        }
    }

    /// Returns the group of a source.
    pub fn of_source(&self, source: &Source) -> NetGroup {
        match source {
            Source::Addr(addr) => self.of(addr),
            Source::Seed(name) => NetGroup::new(Class::Internal, name),
        }
    }

    /// Returns the autonomous system of an address: `mapped_as` of Bitcoin Core's `getpeerinfo`. `None` without a
    /// map, for what the map does not know, and on networks that have none.
    pub fn asn(&self, addr: &AddrV2) -> Option<u32> {
        let asmap = self.asmap.as_ref()?;
        if !self.is_routable(addr) {
            return None;
        }
        let ip = match (linked_ipv4(addr), addr) {
            (Some(ip), _) => ip.to_ipv6_mapped(),
            (None, AddrV2::Ipv6(ip)) => *ip,
            (None, _) => return None,
        };
        asmap.asn(ip.octets())
    }

    /// Returns what names the way of grouping in a saved table: zeros without a map.
    pub(super) fn version(&self) -> [u8; 32] {
        self.asmap.as_ref().map_or([0; 32], |asmap| *asmap.version())
    }
}

/// Returns the IPv4 address that an address is or stands for (Bitcoin Core `src/netaddress.cpp` `GetLinkedIPv4`).
fn linked_ipv4(addr: &AddrV2) -> Option<Ipv4Addr> {
    let ip = match addr {
        AddrV2::Ipv4(ip) => return Some(*ip),
        AddrV2::Ipv6(ip) => ip,
        AddrV2::TorV3(_) | AddrV2::I2p(_) | AddrV2::Cjdns(_) => return None,
    };
    let octets = ip.octets();
    let [a, b, c, d] = [12, 13, 14, 15].map(|i| octets[i]);
    match ip.segments() {
        // Mapped (RFC 4291), and translated: SIIT (RFC 6145) and NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            Some(Ipv4Addr::new(a, b, c, d))
        }
        // 6to4 (RFC 3964).
        [0x2002, ..] => Some(Ipv4Addr::new(octets[2], octets[3], octets[4], octets[5])),
        // Teredo (RFC 4380), with its bits flipped.
        [0x2001, 0, ..] => Some(Ipv4Addr::new(!a, !b, !c, !d)),
        _ => None,
    }
}
