//! `HOST[:PORT]` and `ADDR[:PORT]`, as Bitcoin Core's `SplitHostPort` reads them, but strictly.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use satwire_core::node::Address;

use super::values::digits;

/// A peer to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    host: Host,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    /// With port 0.
    Addr(SocketAddr),
    Name(String),
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = split(text)?;
        if port == Some(0) {
            return Err(
                "port 0 cannot be dialled: give a port from 1 to 65535, or none for the chain's".into()
            );
        }
        let host = match addr(host)? {
            Some(addr) if addr.ip().is_unspecified() => {
                return Err(
                    "that means all interfaces and cannot be dialled: for this machine give 127.0.0.1 or \
                            [::1]"
                        .into(),
                );
            }
            Some(addr) => Host::Addr(addr),
            None => Host::Name(name(host)?.into()),
        };
        Ok(Self { host, port })
    }

    pub(super) fn with_port(self, default: u16) -> Address {
        let port = self.port.unwrap_or(default);
        match self.host {
            Host::Addr(mut addr) => {
                addr.set_port(port);
                Address::Socket(addr)
            }
            Host::Name(host) => Address::Name { host, port },
        }
    }
}

/// Where to listen. Port 0 leaves the choice to the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BindTo {
    addr: SocketAddr,
    port: Option<u16>,
}

impl BindTo {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = split(text)?;
        match addr(host)? {
            Some(addr) => Ok(Self { addr, port }),
            None => Err(format!("'{host}' is no address of an interface: give one like 127.0.0.1 or [::1]")),
        }
    }

    pub(super) fn with_port(&self, default: u16) -> SocketAddr {
        let mut addr = self.addr;
        addr.set_port(self.port.unwrap_or(default));
        addr
    }
}

/// Takes the port off. Two colons and no brackets make a bare IPv6 address.
fn split(text: &str) -> Result<(&str, Option<u16>), String> {
    let (host, port) = if let Some(inner) = text.strip_prefix('[') {
        let (host, after) = inner.split_once(']').ok_or("the ']' after the IPv6 address is missing")?;
        if !host.contains(':') {
            return Err(format!("'{host}' in brackets is no IPv6 address: give one like [::1]:18444"));
        }
        match after.strip_prefix(':') {
            None if after.is_empty() => (host, None),
            None => return Err(format!("'{after}' after the ']': give a port like :18444, or nothing")),
            port => (host, port),
        }
    } else {
        match text.split_once(':') {
            Some((_, rest)) if rest.contains(':') => (text, None),
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    if host.is_empty() {
        return Err("the host is empty: give HOST or HOST:PORT".into());
    }
    let Some(port) = port else { return Ok((host, None)) };
    let number = digits(port).and_then(|port| u16::try_from(port).ok());
    match number {
        Some(number) => Ok((host, Some(number))),
        None => Err(format!("port '{port}' is no number from 1 to 65535")),
    }
}

/// The address that `host` is, with port 0; `None` if it is a name. An IPv4 address mapped into IPv6 is
/// taken for what it is.
fn addr(host: &str) -> Result<Option<SocketAddr>, String> {
    if host.contains(':') {
        let (ip, scope) = match host.split_once('%') {
            None => (host, 0),
            Some((ip, scope)) => (ip, self::scope(scope)?),
        };
        let Ok(ip) = ip.parse() else {
            return Err(format!("'{host}' is no IPv6 address: give one like ::1 or [::1]:18444"));
        };
        let addr = SocketAddrV6::new(ip, 0, 0, scope);
        return Ok(Some(match addr.ip().to_canonical() {
            IpAddr::V4(ip) => (ip, 0).into(),
            IpAddr::V6(_) => addr.into(),
        }));
    }
    if let Ok(ip) = host.parse() {
        return Ok(Some(SocketAddr::new(IpAddr::V4(ip), 0)));
    }
    // Resolvers take `1.2.3` for 1.2.0.3; nobody means that.
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) && !last.is_empty() {
        return Err(format!("'{host}' is no IPv4 address: give four numbers like 127.0.0.1"));
    }
    Ok(None)
}

/// The number of an interface (RFC 4007), which may be given by its name.
fn scope(text: &str) -> Result<u32, String> {
    let number = digits(text).filter(|_| !text.is_empty());
    match number.map(u32::try_from) {
        Some(Ok(number)) => Ok(number),
        Some(Err(_)) => Err(format!("'{text}' is no number of an interface")),
        None => interface(text),
    }
}

#[cfg(unix)]
fn interface(name: &str) -> Result<u32, String> {
    nix::net::if_::if_nametoindex(name).map_err(|_| {
        format!(
            "'{name}' is no interface of this machine: give its name or number after the %, as in fe80::1%2"
        )
    })
}

#[cfg(not(unix))]
fn interface(name: &str) -> Result<u32, String> {
    Err(format!("'{name}' is no number of an interface: give one after the %, as in fe80::1%2"))
}

/// A host name that can be looked up.
fn name(host: &str) -> Result<&str, String> {
    let bad = |char: char| !char.is_ascii_alphanumeric() && !"-_.".contains(char);
    if let Some(char) = host.chars().find(|char| bad(*char)) {
        let hint = if char.is_ascii() { "" } else { " (an international name in its xn-- form)" };
        return Err(format!(
            "{char:?} cannot be in a host name: take letters, digits, hyphens and dots{hint}"
        ));
    }
    let labels = host.strip_suffix('.').unwrap_or(host);
    if labels.split('.').any(|label| label.is_empty() || label.len() > 63) || labels.len() > 253 {
        return Err("host name out of shape: between its dots are 1 to 63 characters, 253 in all".into());
    }
    // To ask a name server about these would tell the world (RFC 7686).
    let top = labels.rsplit('.').next().unwrap_or_default();
    if ["onion", "i2p"].iter().any(|private| top.eq_ignore_ascii_case(private)) {
        return Err(format!(
            ".{top} addresses need a proxy, which satwire cannot use yet: give an IP address"
        ));
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_targets() {
        for (text, expected) in [
            ("127.0.0.1", "127.0.0.1:8333"),
            ("127.0.0.1:18444", "127.0.0.1:18444"),
            ("[::1]:18444", "[::1]:18444"),
            ("[::1]", "[::1]:8333"),
            ("::1", "[::1]:8333"),
            ("2001:db8::7", "[2001:db8::7]:8333"),
            ("::ffff:192.0.2.1", "192.0.2.1:8333"),
            ("[fe80::1%2]:1", "[fe80::1%2]:1"),
            ("fe80::1%2", "[fe80::1%2]:8333"),
            ("localhost:65535", "localhost:65535"),
            ("seed.example.org", "seed.example.org:8333"),
            ("example.org.", "example.org.:8333"),
            ("my_node-1", "my_node-1:8333"),
            ("3com.example:00080", "3com.example:80"),
        ] {
            let address = Target::parse(text).map(|target| target.with_port(8333).to_string());
            assert_eq!(address.as_deref(), Ok(expected), "{text}");
        }
        let name = Target::parse("localhost").unwrap().with_port(1);
        assert_eq!(name, Address::Name { host: "localhost".into(), port: 1 });
        assert_eq!(
            Target::parse("::1").unwrap().with_port(1),
            Address::Socket(([0, 0, 0, 0, 0, 0, 0, 1], 1).into())
        );
    }

    /// 10.18: what people read of `ip address`.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_interface_is_known_by_its_name() {
        let number = std::fs::read_to_string("/sys/class/net/lo/ifindex").unwrap();
        let expected = format!("[fe80::1%{}]:18444", number.trim());
        for text in ["[fe80::1%lo]:18444", "fe80::1%lo"] {
            assert_eq!(Target::parse(text).unwrap().with_port(18444).to_string(), expected);
        }
        assert_eq!(BindTo::parse("[fe80::1%lo]").unwrap().with_port(18444).to_string(), expected);
    }

    #[test]
    fn bad_targets() {
        let long = format!("{}.example", "a".repeat(64));
        for (text, word) in [
            ("", "empty"),
            (":18444", "empty"),
            ("[]:18444", "no IPv6 address"),
            ("[::1", "']'"),
            ("[::1]18444", "after the ']'"),
            ("[::1]:", "port ''"),
            ("[127.0.0.1]:1", "no IPv6 address"),
            ("[example.org]", "no IPv6 address"),
            ("::1::2", "no IPv6 address"),
            ("::g", "no IPv6 address"),
            ("fe80::1%nosuch0", "'nosuch0' is no"),
            ("[fe80::1%]:1", "'' is no"),
            ("fe80::1%99999999999", "'99999999999' is no number"),
            ("127.0.0.1%1", "'%' cannot"),
            ("1:2:3", "no IPv6 address"),
            ("127.0.0.1:", "port ''"),
            ("127.0.0.1:0", "port 0"),
            ("127.0.0.1:65536", "port '65536'"),
            ("127.0.0.1:99999999999999999999", "port"),
            ("127.0.0.1:-1", "port '-1'"),
            ("127.0.0.1:+1", "port '+1'"),
            ("127.0.0.1: 1", "port ' 1'"),
            ("127.0.0.1:http", "port 'http'"),
            ("http://example.org", "port '//example.org'"),
            ("127.0.0.256", "no IPv4 address"),
            ("1.2.3", "no IPv4 address"),
            ("0", "no IPv4 address"),
            ("0.0.0.0", "all interfaces"),
            ("::", "all interfaces"),
            ("exa mple.org", "' ' cannot"),
            (" example.org", "' ' cannot"),
            ("exa\0mple.org", "'\\0' cannot"),
            ("a/b", "'/' cannot"),
            ("user@example.org", "'@' cannot"),
            ("bücher.example", "xn--"),
            ("a..b", "out of shape"),
            (".example", "out of shape"),
            (".", "out of shape"),
            (&long, "out of shape"),
            ("expyuzz4wqqyqhjn.onion:8333", "proxy"),
            ("abc.b32.I2P", "proxy"),
        ] {
            let error = Target::parse(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn places_to_listen() {
        for (text, expected) in [
            ("0.0.0.0", "0.0.0.0:8333"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("[::]:18444", "[::]:18444"),
            ("::1", "[::1]:8333"),
        ] {
            assert_eq!(BindTo::parse(text).unwrap().with_port(8333).to_string(), expected);
        }
        for (text, word) in [
            ("localhost", "no address of an interface"),
            ("", "empty"),
            (":8333", "empty"),
            ("127.0.0.1:x", "port 'x'"),
            ("127.0.0.1:8333=onion", "port '8333=onion'"),
        ] {
            let error = BindTo::parse(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
