//! `addr` and `addrv2`: where other nodes are, as somebody heard.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::codec::put_var_bytes;
use super::{AddrV2, Entry, Error, List, NetAddress, Reader, Services, put_compact_size};

/// Entries that one `addr` or `addrv2` may hold; one more ends the connection
/// (Bitcoin Core `src/net_processing.cpp` `MAX_ADDR_TO_SEND`).
pub const MAX_ADDRESSES: u64 = 1000;

/// The longest address of an `addrv2`, in bytes (BIP155).
pub const MAX_ADDRESS: u64 = 512;

/// An entry of `addr`: u32 time · services u64 · IPv6 16 · port u16, big-endian; 30 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddrEntry {
    /// When the node was last seen, in Unix seconds, by the sender's word.
    pub time: u32,
    /// Where it is.
    pub address: NetAddress,
}

impl AddrEntry {
    /// The size of an encoded entry, in bytes.
    pub const LEN: usize = 30;
}

impl Entry<'_> for AddrEntry {
    const MIN_LEN: usize = Self::LEN;

    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self { time: reader.u32()?, address: NetAddress::decode(reader)? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.time.to_le_bytes());
        self.address.encode(out);
    }
}

/// An entry of `addrv2` (BIP155), as it was sent: u32 time · services CompactSize · u8 network ·
/// address · port u16, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddrV2Entry<'a> {
    /// When the node was last seen, in Unix seconds, by the sender's word.
    pub time: u32,
    /// Its services.
    pub services: Services,
    /// The number of its network: see [`AddrV2::network_id`].
    pub network: u8,
    /// Its address there, at most [`MAX_ADDRESS`] bytes.
    pub address: &'a [u8],
    /// Its port.
    pub port: u16,
}

impl AddrV2Entry<'_> {
    /// The address, or `None` where nobody could dial it: a network that is not known (among them TorV2,
    /// which is no more), `0.0.0.0`, `255.255.255.255`, `::`, `2001:db8::/32`, IPv4, OnionCat or Bitcoin
    /// Core's internal names as IPv6, a CJDNS address that does not start with `fc`. Bitcoin Core's
    /// `src/netaddress.h` `UnserializeV2Stream` and `src/netaddress.cpp` `IsValid` pass over the same.
    pub fn addr(&self) -> Option<AddrV2> {
        match self.network {
            1 => {
                let ip = Ipv4Addr::from(<[u8; 4]>::try_from(self.address).ok()?);
                (!ip.is_unspecified() && !ip.is_broadcast()).then_some(AddrV2::Ipv4(ip))
            }
            2 => {
                let ip = Ipv6Addr::from(<[u8; 16]>::try_from(self.address).ok()?);
                (!is_no_node(ip) && !embeds_another_network(ip)).then_some(AddrV2::Ipv6(ip))
            }
            4 => Some(AddrV2::TorV3(self.address.try_into().ok()?)),
            5 => Some(AddrV2::I2p(self.address.try_into().ok()?)),
            6 => AddrV2::cjdns(self.address.try_into().ok()?),
            _ => None,
        }
    }
}

/// Whether nobody has it: `::`, and `2001:db8::/32`, which is for documentation.
fn is_no_node(ip: Ipv6Addr) -> bool {
    ip.is_unspecified() || ip.segments()[..2] == [0x2001, 0xdb8]
}

/// Whether it is an address of another network in the guise of an IPv6 address: `::ffff:0:0/96`,
/// `fd87:d87e:eb43::/48` (OnionCat), `fd6b:88c0:8724::/48` (Bitcoin Core's internal names).
fn embeds_another_network(ip: Ipv6Addr) -> bool {
    let [a, b, c, ..] = ip.segments();
    ip.to_ipv4_mapped().is_some()
        || (a, b, c) == (0xfd87, 0xd87e, 0xeb43)
        || (a, b, c) == (0xfd6b, 0x88c0, 0x8724)
}

/// The length of the addresses of the networks that Bitcoin Core knows; an address of another length
/// makes the whole message malformed (`src/netaddress.cpp` `SetNetFromBIP155Network`).
const fn address_len(network: u8) -> Option<u64> {
    match network {
        1 => Some(4),
        2 | 6 => Some(16),
        4 | 5 => Some(32),
        _ => None,
    }
}

impl<'a> Entry<'a> for AddrV2Entry<'a> {
    // Time, services, network, no address, port.
    const MIN_LEN: usize = 9;

    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let time = reader.u32()?;
        let services = Services(reader.compact_u64()?);
        let network = reader.u8()?;
        let length = reader.compact_size()?;
        if length > MAX_ADDRESS {
            return Err(Error::TooLong { length, limit: MAX_ADDRESS });
        }
        if let Some(expected) = address_len(network)
            && length != expected
        {
            return Err(Error::AddressLength { network, length, expected });
        }
        Ok(Self { time, services, network, address: reader.bytes(length)?, port: reader.u16_be()? })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.time.to_le_bytes());
        put_compact_size(out, self.services.0);
        out.push(self.network);
        put_var_bytes(out, self.address);
        out.extend_from_slice(&self.port.to_be_bytes());
    }
}

/// A node of which an `addrv2` tells, on a network that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownAddress {
    /// When it was last seen, in Unix seconds, by the sender's word.
    pub time: u32,
    /// Its services.
    pub services: Services,
    /// Where it is.
    pub addr: AddrV2,
    /// Its port; 0 on I2P, which has none.
    pub port: u16,
}

impl<'a> List<'a, AddrV2Entry<'a>> {
    /// The entries that somebody could dial, in their order on the wire; the others, see
    /// [`AddrV2Entry::addr`], are passed over.
    pub fn known(&self) -> impl Iterator<Item = KnownAddress> + use<'a> {
        self.iter().filter_map(|entry| {
            let AddrV2Entry { time, services, port, .. } = entry;
            Some(KnownAddress { time, services, addr: entry.addr()?, port })
        })
    }
}
