//! Where a peer is to be found.

use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

use crate::wire::AddrV2;

/// Where a peer is to be found: what [`Input::Dial`](super::Input::Dial) takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An address of the internet.
    Socket(SocketAddr),
    /// A host name, looked up anew for each attempt.
    Name {
        /// The name.
        host: String,
        /// A TCP port.
        port: u16,
    },
    /// An address of Tor, I2P or CJDNS. It can be named and kept; it is not dialled, because no driver can
    /// connect there: see [`InputError::NetworkNotDialled`](super::InputError::NetworkNotDialled).
    Overlay {
        /// The address on its network.
        addr: AddrV2,
        /// The port, 0 on I2P.
        port: u16,
    },
}

impl Address {
    /// Returns the address of a node on any network.
    pub const fn new(addr: AddrV2, port: u16) -> Self {
        match addr {
            AddrV2::Ipv4(ip) => Self::Socket(SocketAddr::new(IpAddr::V4(ip), port)),
            AddrV2::Ipv6(ip) => Self::Socket(SocketAddr::new(IpAddr::V6(ip), port)),
            AddrV2::TorV3(_) | AddrV2::I2p(_) | AddrV2::Cjdns(_) => Self::Overlay { addr, port },
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self::Socket(addr)
    }
}

/// `1.2.3.4:8333`, `[2001:db8::1]:8333`, `example.org:8333`, `….onion:8333`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(addr) => write!(f, "{addr}"),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
            Self::Overlay { addr: addr @ AddrV2::Cjdns(_), port } => write!(f, "[{addr}]:{port}"),
            Self::Overlay { addr, port } => write!(f, "{addr}:{port}"),
        }
    }
}
