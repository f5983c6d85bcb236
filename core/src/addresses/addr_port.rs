//! An address with its port: what the table keeps, and where a peer is dialled.

use core::fmt;
use core::net::SocketAddr;

use crate::wire::AddrV2;

/// An address on any network with a port: Bitcoin Core's `CService`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "an address and its port are all that there is")]
pub struct AddrPort {
    /// The address.
    pub addr: AddrV2,
    /// The port; 0 on I2P, which has none.
    pub port: u16,
}

impl AddrPort {
    /// Returns the address as a socket address, if it is one of the internet.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        self.addr.ip().map(|ip| SocketAddr::new(ip, self.port))
    }
}

impl From<SocketAddr> for AddrPort {
    fn from(addr: SocketAddr) -> Self {
        Self { addr: addr.ip().into(), port: addr.port() }
    }
}

/// `1.2.3.4:8333`, `[2001:db8::1]:8333`, `….onion:8333`.
impl fmt::Display for AddrPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addr {
            AddrV2::Ipv6(_) | AddrV2::Cjdns(_) => write!(f, "[{}]:{}", self.addr, self.port),
            AddrV2::Ipv4(_) | AddrV2::TorV3(_) | AddrV2::I2p(_) => write!(f, "{}:{}", self.addr, self.port),
        }
    }
}
