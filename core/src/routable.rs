//! Which addresses lie in the public network.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address can be reached from everywhere: not private, local, reserved or for
/// documentation (Bitcoin Core `src/netaddress.cpp` `CNetAddr::IsRoutable`).
pub(crate) fn is_routable(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_routable_v4(ip),
        IpAddr::V6(ip) => is_routable_v6(ip),
    }
}

const fn is_routable_v4(ip: Ipv4Addr) -> bool {
    let [a, b, _, _] = ip.octets();
    !(a == 0
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_broadcast()
        // Benchmarks (RFC 2544) and carrier-grade NAT (RFC 6598).
        || (a == 198 && b & 0xfe == 18)
        || (a == 100 && b & 0xc0 == 64))
}

const fn is_routable_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, ..] = ip.segments();
    !(ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_unique_local()
        // Link-local (RFC 4862), ORCHID (RFC 4843, RFC 7343), documentation (RFC 3849).
        || (a == 0xfe80 && b == 0 && c == 0 && d == 0)
        || (a == 0x2001 && matches!(b & 0xfff0, 0x10 | 0x20))
        || (a == 0x2001 && b == 0xdb8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_and_not() {
        for ip in ["8.8.8.8", "100.63.0.1", "172.32.0.1", "2a00:1450::1", "fe80:0:0:1::1", "::ffff:8.8.8.8"] {
            assert!(is_routable(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "0.1.2.3",
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.1.1",
            "198.18.0.1",
            "198.19.0.1",
            "100.64.0.1",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.9",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd87:d87e:eb43::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(!is_routable(ip.parse().unwrap()), "{ip}");
        }
    }
}
