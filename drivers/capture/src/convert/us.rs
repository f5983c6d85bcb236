//! Which end of a connection is the node that an import shows.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use satwire_core::node::Address;

use super::event::End;

/// Our end in an [export](super::export) of what names none, as in most journals: an address for documentation
/// (RFC 5737), so that an import knows it again.
pub const NAMELESS_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The same where the peer has an address of IPv6 (RFC 3849).
pub const NAMELESS_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// The address that the user says is ours: `192.0.2.7` or `192.0.2.7:8333`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Us {
    ip: IpAddr,
    port: Option<u16>,
}

impl FromStr for Us {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(addr) = text.parse::<SocketAddr>() {
            return Ok(Self { ip: addr.ip(), port: Some(addr.port()) });
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        Ok(Self { ip: bare.parse()?, port: None })
    }
}

impl fmt::Display for Us {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => SocketAddr::new(self.ip, port).fmt(f),
            None => self.ip.fmt(f),
        }
    }
}

/// The two ends of a connection, told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    /// The end that the capture calls `from` is ours.
    pub(super) from_is_us: bool,
    /// The end that the capture calls `from` dialled, as far as one can know.
    pub(super) from_dialled: bool,
    /// The user named this end, and no other.
    pub(super) named: bool,
}

impl Ends {
    /// Tells them apart: the end that the user names; the end that made the capture; the end of an export that has no
    /// name; the end that dialled. Of a connection without its beginning the end with the higher port dialled.
    pub(super) fn of(from: &End, to: &End, adopted: bool, us: Option<Us>) -> Self {
        let from_dialled = !adopted || port(from) >= port(to);
        let named = us.and_then(|us| {
            let exact = |end: &End| us.port.is_some() && us.port == port(end) && ip(end) == Some(us.ip);
            let near = |end: &End| ip(end) == Some(us.ip);
            only(exact(from), exact(to)).or_else(|| only(near(from), near(to)))
        });
        let recorder = || only(*from == End::Recorder, *to == End::Recorder);
        let nameless = |end: &End| {
            ip(end).is_some_and(|ip| ip == IpAddr::V4(NAMELESS_V4) || ip == IpAddr::V6(NAMELESS_V6))
        };
        let from_is_us =
            named.or_else(recorder).or_else(|| only(nameless(from), nameless(to))).unwrap_or(from_dialled);
        Self { from_is_us, from_dialled, named: named.is_some() }
    }
}

/// Whether it is the first, if it is exactly one of both.
fn only(first: bool, second: bool) -> Option<bool> {
    (first != second).then_some(first)
}

fn ip(end: &End) -> Option<IpAddr> {
    match end {
        End::At(Address::Socket(addr)) => Some(addr.ip()),
        _ => None,
    }
}

fn port(end: &End) -> Option<u16> {
    match end {
        End::At(Address::Socket(addr)) => Some(addr.port()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_end_is_named_or_found() {
        let at = |text: &str| End::At(text.parse::<SocketAddr>().unwrap().into());
        let (low, high) = (at("10.0.0.1:8333"), at("10.0.0.2:50000"));
        let of = |from: &End, to: &End, adopted, us: &str| {
            let ends = Ends::of(from, to, adopted, us.parse().ok());
            (ends.from_is_us, ends.from_dialled, ends.named)
        };
        assert_eq!(of(&low, &high, false, ""), (true, true, false));
        assert_eq!(of(&low, &high, true, ""), (false, false, false));
        for us in ["10.0.0.1", "10.0.0.1:8333", "10.0.0.1:1"] {
            assert_eq!(of(&low, &high, true, us), (true, false, true), "{us}");
        }
        assert_eq!(of(&low, &high, false, "10.0.0.2"), (false, true, true));
        assert_eq!(of(&low, &high, false, "10.0.0.3"), (true, true, false));
        // Of two ends on one machine the port tells.
        let (one, two) = (at("[::1]:18444"), at("[::1]:40000"));
        assert_eq!(of(&two, &one, false, "[::1]:18444"), (false, true, true));
        assert_eq!(of(&two, &one, false, "::1"), (true, true, false));
        // Files of Bitcoin Core name their own side, and exports have a mark.
        assert_eq!(of(&two, &End::Recorder, false, ""), (false, true, false));
        assert_eq!(of(&low, &at("192.0.2.1:8333"), false, ""), (false, true, false));
        assert_eq!(of(&low, &at("[2001:db8::1]:8333"), false, ""), (false, true, false));
    }
}
