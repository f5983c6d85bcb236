//! `version`: who speaks, and what it offers.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{Ipv6Addr, SocketAddr};

use super::codec::put_var_bytes;
use super::{Command, Error, Reader, encode_frame};
use crate::Magic;

/// The longest user agent, in bytes (Bitcoin Core `src/net.h` `MAX_SUBVERSION_LENGTH`).
pub const MAX_USER_AGENT: u64 = 256;

/// The first message of each side.
///
/// i32 version · u64 services · i64 time · addr_recv 26 · addr_from 26 · u64 nonce · user agent ·
/// i32 height · bool relay. The first 46 bytes are mandatory; from `addr_from` on the message may end
/// between two groups, as in Bitcoin Core's `src/net_processing.cpp`, and the rest takes the defaults
/// that its fields tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The highest protocol version that the sender speaks.
    pub version: i32,
    /// The services of the sender.
    pub services: Services,
    /// The sender's clock, in Unix seconds; a negative value is read as 0.
    pub timestamp: i64,
    /// Where the sender sees the receiver.
    pub addr_recv: NetAddress,
    /// Where the sender believes to be: all zero in every current implementation.
    pub addr_from: NetAddress,
    /// A random number by which a node recognises a connection to itself; 0 if absent.
    pub nonce: u64,
    /// Name of the sender's software (BIP14), as it was sent; [`Version::user_agent()`] is what may be shown.
    pub user_agent: Vec<u8>,
    /// The height of the sender's best block; -1 if absent, as in Bitcoin Core.
    pub start_height: i32,
    /// Whether the sender wants transactions announced (BIP37); true if absent.
    pub relay: bool,
}

impl Version {
    pub(super) fn decode(payload: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(payload);
        let mut message = Self {
            version: reader.i32()?,
            services: Services(reader.u64()?),
            timestamp: reader.i64()?.max(0),
            addr_recv: NetAddress::decode(&mut reader)?,
            addr_from: NetAddress::UNSPECIFIED,
            nonce: 0,
            user_agent: Vec::new(),
            start_height: -1,
            relay: true,
        };
        if !reader.left().is_empty() {
            message.addr_from = NetAddress::decode(&mut reader)?;
            message.nonce = reader.u64()?;
        }
        if !reader.left().is_empty() {
            let len = reader.compact_size()?;
            if len > MAX_USER_AGENT {
                return Err(Error::UserAgentTooLong(len));
            }
            message.user_agent = reader.bytes(len)?.into();
        }
        if !reader.left().is_empty() {
            message.start_height = reader.i32()?;
        }
        if !reader.left().is_empty() {
            message.relay = reader.u8()? != 0;
        }
        Ok(message)
    }

    /// Appends the message, with all its fields. A user agent above [`MAX_USER_AGENT`] bytes is cut.
    pub fn encode(&self, out: &mut Vec<u8>, magic: Magic) {
        encode_frame(out, magic, Command::VERSION, |out| self.encode_payload(out));
    }

    pub(crate) fn encode_payload(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.services.0.to_le_bytes());
        out.extend_from_slice(&self.timestamp.to_le_bytes());
        self.addr_recv.encode(out);
        self.addr_from.encode(out);
        out.extend_from_slice(&self.nonce.to_le_bytes());
        let user_agent = &self.user_agent[..self.user_agent.len().min(MAX_USER_AGENT as usize)];
        put_var_bytes(out, user_agent);
        out.extend_from_slice(&self.start_height.to_le_bytes());
        out.push(u8::from(self.relay));
    }

    /// The user agent as it may be shown: only the characters `[A-Za-z0-9 .,;-_/:?@()]` are left
    /// (Bitcoin Core `src/util/strencodings.cpp` `SanitizeString`).
    pub fn user_agent(&self) -> String {
        self.user_agent
            .iter()
            .copied()
            .filter(|byte| byte.is_ascii_alphanumeric() || b" .,;-_/:?@()".contains(byte))
            .map(char::from)
            .collect()
    }
}

/// An address as `version` carries it: services u64 · IPv6 16 (IPv4 mapped) · port u16, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetAddress {
    /// The services of the node at this address.
    pub services: Services,
    /// The address, as it was sent; IPv4 as `::ffff:a.b.c.d`. OnionCat (`fd87:d87e:eb43::/48`), which is no
    /// more, is kept: Bitcoin Core reads it as `::`.
    pub ip: Ipv6Addr,
    /// The TCP port.
    pub port: u16,
}

impl NetAddress {
    /// All zero: "I do not say".
    pub const UNSPECIFIED: Self = Self { services: Services::NONE, ip: Ipv6Addr::UNSPECIFIED, port: 0 };

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self {
            services: Services(reader.u64()?),
            ip: Ipv6Addr::from(reader.array::<16>()?),
            port: reader.u16_be()?,
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.services.0.to_le_bytes());
        out.extend_from_slice(&self.ip.octets());
        out.extend_from_slice(&self.port.to_be_bytes());
    }
}

impl From<SocketAddr> for NetAddress {
    fn from(addr: SocketAddr) -> Self {
        let ip = match addr {
            SocketAddr::V4(addr) => addr.ip().to_ipv6_mapped(),
            SocketAddr::V6(addr) => *addr.ip(),
        };
        Self { services: Services::NONE, ip, port: addr.port() }
    }
}

/// The services of a node: 64 flags, of which a few have a meaning. Anybody may claim anything.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Services(pub u64);

impl Services {
    /// No service.
    pub const NONE: Self = Self(0);
    /// Serves all blocks.
    pub const NETWORK: Self = Self(1);
    /// Serves bloom filters and `mempool` (BIP111).
    pub const BLOOM: Self = Self(1 << 2);
    /// Serves witnesses (BIP144).
    pub const WITNESS: Self = Self(1 << 3);
    /// Serves compact block filters (BIP157).
    pub const COMPACT_FILTERS: Self = Self(1 << 6);
    /// Serves the last 288 blocks (BIP159).
    pub const NETWORK_LIMITED: Self = Self(1 << 10);
    /// Speaks the v2 transport (BIP324).
    pub const P2P_V2: Self = Self(1 << 11);

    const NAMES: [(Self, &str); 6] = [
        (Self::NETWORK, "NETWORK"),
        (Self::BLOOM, "BLOOM"),
        (Self::WITNESS, "WITNESS"),
        (Self::COMPACT_FILTERS, "COMPACT_FILTERS"),
        (Self::NETWORK_LIMITED, "NETWORK_LIMITED"),
        (Self::P2P_V2, "P2P_V2"),
    ];

    /// Whether all flags of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the flags that are set, lowest first, as Bitcoin Core's `getpeerinfo` gives
    /// them in `servicesnames`: one without a name is `UNKNOWN[2^n]`.
    pub fn names(self) -> impl Iterator<Item = ServiceName> {
        (0..u64::BITS as u8).filter(move |bit| self.0 >> bit & 1 == 1).map(ServiceName)
    }
}

impl core::ops::BitOr for Services {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Services(")?;
        for (i, name) in self.names().enumerate() {
            write!(f, "{}{name}", if i == 0 { "" } else { " | " })?;
        }
        f.write_str(")")
    }
}

/// The name of one service flag: shown as Bitcoin Core's `servicesnames` spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceName(u8);

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Services::NAMES.iter().find(|(flag, _)| flag.0 == 1 << self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "UNKNOWN[2^{}]", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;
    use crate::wire::Header;
    use alloc::string::ToString as _;

    fn sample() -> Version {
        Version {
            version: 70016,
            services: Services::NETWORK | Services::WITNESS,
            timestamp: 1_795_363_088,
            addr_recv: NetAddress::from("203.0.113.9:8333".parse::<SocketAddr>().unwrap()),
            addr_from: NetAddress::UNSPECIFIED,
            nonce: 0x0102_0304_0506_0708,
            user_agent: b"/satwire:0.1.0/".to_vec(),
            start_height: 7,
            relay: false,
        }
    }

    fn payload(message: &Version) -> Vec<u8> {
        let mut bytes = Vec::new();
        message.encode(&mut bytes, Network::Main.magic());
        bytes.split_off(Header::LEN)
    }

    #[test]
    fn round_trip() {
        let bytes = payload(&sample());
        assert_eq!(bytes.len(), 86 + sample().user_agent.len());
        assert_eq!(Version::decode(&bytes), Ok(sample()));
    }

    /// The message may end after `addr_recv` and after each further group, nowhere else.
    #[test]
    fn may_end_between_groups() {
        let bytes = payload(&sample());
        let ends = [46, 80, 80 + 16, 80 + 16 + 4, bytes.len()];
        for len in 0..=bytes.len() {
            let decoded = Version::decode(&bytes[..len]);
            assert_eq!(decoded.is_ok(), ends.contains(&len), "{len} bytes: {decoded:?}");
        }
        let shortest = Version::decode(&bytes[..46]).unwrap();
        assert_eq!((shortest.nonce, shortest.start_height, shortest.relay), (0, -1, true));
        assert!(shortest.user_agent.is_empty());
    }

    #[test]
    fn any_nonzero_relay_is_true_and_time_is_never_negative() {
        let mut bytes = payload(&sample());
        *bytes.last_mut().unwrap() = 2;
        bytes[12..20].copy_from_slice(&(-5_i64).to_le_bytes());
        let decoded = Version::decode(&bytes).unwrap();
        assert!(decoded.relay);
        assert_eq!(decoded.timestamp, 0);
    }

    #[test]
    fn user_agent_is_limited_and_shown_filtered() {
        let mut message = sample();
        message.user_agent = b"/a\x1b[31m\n\xff<b>(c; d)/".to_vec();
        assert_eq!(message.user_agent(), "/a31mb(c; d)/");
        message.user_agent = alloc::vec![b'a'; 256];
        let mut bytes = payload(&message);
        assert_eq!(Version::decode(&bytes).unwrap().user_agent.len(), 256);
        bytes[80..83].copy_from_slice(&[0xfd, 0x01, 0x01]);
        assert_eq!(Version::decode(&bytes), Err(Error::UserAgentTooLong(257)));
    }

    #[test]
    fn services_have_names() {
        let services = Services::NETWORK | Services::WITNESS | Services(1 << 24);
        let names: Vec<_> = services.names().map(|name| name.to_string()).collect();
        assert_eq!(names, ["NETWORK", "WITNESS", "UNKNOWN[2^24]"]);
        assert_eq!(alloc::format!("{services:?}"), "Services(NETWORK | WITNESS | UNKNOWN[2^24])");
        assert!(services.contains(Services::WITNESS) && !services.contains(Services::BLOOM));
    }
}
