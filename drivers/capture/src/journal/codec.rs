//! Numbers, texts and addresses as bytes, and back.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::Duration;

use satwire_core::node::Address;
use satwire_core::wire::AddrV2;

use super::input::Unsupported;
use super::{ErrorKind, Version};

/// Appends a number: seven bits a byte, the lowest first, the top bit of all but the last byte set.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number: the sign in the lowest bit, so that small values stay short.
pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

pub(super) fn put_duration(out: &mut Vec<u8>, value: Duration) {
    put_varint(out, value.as_secs());
    put_varint(out, u64::from(value.subsec_nanos()));
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends 4 · IPv4 · port or 6 · IPv6 · port · flow label · scope; the port is little-endian.
pub(super) fn put_socket(out: &mut Vec<u8>, addr: &SocketAddr) {
    match addr {
        SocketAddr::V4(addr) => {
            out.push(4);
            out.extend_from_slice(&addr.ip().octets());
            out.extend_from_slice(&addr.port().to_le_bytes());
        }
        SocketAddr::V6(addr) => {
            out.push(6);
            out.extend_from_slice(&addr.ip().octets());
            out.extend_from_slice(&addr.port().to_le_bytes());
            put_varint(out, u64::from(addr.flowinfo()));
            put_varint(out, u64::from(addr.scope_id()));
        }
    }
}

/// Added to a network's number in BIP155: the family of an address that is not of the internet.
const OVERLAY: u8 = 16;

/// Appends an address as [`put_socket`] does, or 0 · name · port, or 16 + network of BIP155 · address · port.
pub(super) fn put_address(out: &mut Vec<u8>, address: &Address) -> Result<(), Unsupported> {
    match address {
        Address::Socket(addr) => put_socket(out, addr),
        Address::Name { host, port } => {
            out.push(0);
            put_bytes(out, host.as_bytes());
            out.extend_from_slice(&port.to_le_bytes());
        }
        Address::Overlay { addr: addr @ (AddrV2::TorV3(_) | AddrV2::I2p(_) | AddrV2::Cjdns(_)), port } => {
            out.push(OVERLAY + addr.network_id());
            out.extend_from_slice(addr.address(&mut [0; 32]));
            out.extend_from_slice(&port.to_le_bytes());
        }
        _ => return Err(Unsupported),
    }
    Ok(())
}

/// Takes the fields of one record apart. Its values lie in the record: it allocates nothing
/// that is not there.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    left: &'a [u8],
    /// The format of the journal, to name it where something is unknown.
    pub(super) format: Version,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(body: &'a [u8], format: Version) -> Self {
        Self { left: body, format }
    }

    pub(super) const fn left(&self) -> usize {
        self.left.len()
    }

    /// All that is left.
    pub(super) const fn rest(&mut self) -> &'a [u8] {
        let rest = self.left;
        self.left = &[];
        rest
    }

    /// There must be nothing left.
    pub(super) const fn end(&self) -> Result<(), ErrorKind> {
        if self.left.is_empty() { Ok(()) } else { Err(ErrorKind::Trailing("the last field of a record")) }
    }

    pub(super) const fn unknown(&self, what: &'static str, code: u64) -> ErrorKind {
        ErrorKind::Unknown { what, code, format: self.format }
    }

    pub(super) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], ErrorKind> {
        let Some((array, left)) = self.left.split_first_chunk() else {
            return Err(ErrorKind::Short { field, needed: N as u64, left: self.left.len() as u64 });
        };
        self.left = left;
        Ok(*array)
    }

    pub(super) fn byte(&mut self, field: &'static str) -> Result<u8, ErrorKind> {
        self.array(field).map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, ErrorKind> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(super) fn varint(&mut self, field: &'static str) -> Result<u64, ErrorKind> {
        let mut varint = Varint::default();
        loop {
            if let Some(value) = varint.push(self.byte(field)?)? {
                return Ok(value);
            }
        }
    }

    /// A number of at most `most`.
    pub(super) fn at_most(&mut self, field: &'static str, most: u64) -> Result<u64, ErrorKind> {
        let value = self.varint(field)?;
        if value > most { Err(ErrorKind::above(field, value, most)) } else { Ok(value) }
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, ErrorKind> {
        self.at_most(field, u64::from(u32::MAX)).map(|value| value as u32)
    }

    pub(super) fn signed(&mut self, field: &'static str) -> Result<i64, ErrorKind> {
        let value = self.varint(field)?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    pub(super) fn duration(&mut self, field: &'static str) -> Result<Duration, ErrorKind> {
        let secs = self.varint(field)?;
        let nanos = self.at_most(field, 999_999_999)?;
        Ok(Duration::new(secs, nanos as u32))
    }

    /// 0 or 1.
    pub(super) fn flag(&mut self, field: &'static str) -> Result<bool, ErrorKind> {
        match self.byte(field)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(ErrorKind::above(field, u64::from(other), 1)),
        }
    }

    /// A length, and so many bytes.
    pub(super) fn bytes(&mut self, field: &'static str) -> Result<&'a [u8], ErrorKind> {
        let needed = self.varint(field)?;
        let left = self.left.len() as u64;
        if needed > left {
            return Err(ErrorKind::Short { field, needed, left });
        }
        let (bytes, left) = self.left.split_at(needed as usize);
        self.left = left;
        Ok(bytes)
    }

    pub(super) fn str(&mut self, field: &'static str) -> Result<&'a str, ErrorKind> {
        std::str::from_utf8(self.bytes(field)?).map_err(|_| ErrorKind::Text(field))
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<String, ErrorKind> {
        self.str(field).map(Into::into)
    }

    /// All that is left, as text.
    pub(super) fn rest_text(&mut self, field: &'static str) -> Result<String, ErrorKind> {
        std::str::from_utf8(self.rest()).map(Into::into).map_err(|_| ErrorKind::Text(field))
    }

    /// Takes number · length · value, up to the end, and gives each value to `take`, which must take all of it. The
    /// numbers ascend, so that each field is there once and every set of fields has one form.
    pub(super) fn each_numbered(
        &mut self,
        what: &'static str,
        mut take: impl FnMut(u64, &mut Self) -> Result<(), ErrorKind>,
    ) -> Result<(), ErrorKind> {
        let mut last = 0;
        while self.left() > 0 {
            let number = self.varint(what)?;
            if number <= last {
                let expected = format!("more than {last}");
                return Err(ErrorKind::Value { field: what, found: number, expected });
            }
            last = number;
            let mut value = Self::new(self.bytes(what)?, self.format);
            take(number, &mut value)?;
            if value.left() > 0 {
                return Err(ErrorKind::Trailing("the value of a field"));
            }
        }
        Ok(())
    }

    pub(super) fn socket(&mut self) -> Result<SocketAddr, ErrorKind> {
        match self.byte("address family")? {
            4 => self.socket_v4(),
            6 => self.socket_v6(),
            other => Err(self.unknown("address family", u64::from(other))),
        }
    }

    pub(super) fn address(&mut self) -> Result<Address, ErrorKind> {
        match self.byte("address family")? {
            0 => Ok(Address::Name { host: self.text("host name")?, port: self.u16("port")? }),
            4 => self.socket_v4().map(Address::Socket),
            6 => self.socket_v6().map(Address::Socket),
            20 => self.overlay(|fields| fields.array("onion service").map(|key| Some(AddrV2::TorV3(key)))),
            21 => self.overlay(|fields| fields.array("I2P destination").map(|hash| Some(AddrV2::I2p(hash)))),
            22 => self.overlay(|fields| fields.array("CJDNS address").map(AddrV2::cjdns)),
            other => Err(self.unknown("address family", u64::from(other))),
        }
    }

    fn overlay(
        &mut self,
        take: impl FnOnce(&mut Self) -> Result<Option<AddrV2>, ErrorKind>,
    ) -> Result<Address, ErrorKind> {
        let addr = take(self)?.ok_or(ErrorKind::Malformed("CJDNS address"))?;
        Ok(Address::Overlay { addr, port: self.u16("port")? })
    }

    fn socket_v4(&mut self) -> Result<SocketAddr, ErrorKind> {
        let ip = Ipv4Addr::from(self.array::<4>("IPv4 address")?);
        Ok(SocketAddrV4::new(ip, self.u16("port")?).into())
    }

    fn socket_v6(&mut self) -> Result<SocketAddr, ErrorKind> {
        let ip = Ipv6Addr::from(self.array::<16>("IPv6 address")?);
        let port = self.u16("port")?;
        Ok(SocketAddrV6::new(ip, port, self.u32("flow label")?, self.u32("scope")?).into())
    }
}

/// A number that comes in byte by byte.
#[derive(Debug, Default)]
pub(super) struct Varint {
    value: u64,
    shift: u32,
}

impl Varint {
    /// Takes the next byte; the value if it was the last. Every value has exactly one form.
    pub(super) fn push(&mut self, byte: u8) -> Result<Option<u64>, ErrorKind> {
        let bits = u64::from(byte & 0x7f);
        let last = byte & 0x80 == 0;
        let too_big = self.shift == 63 && (bits > 1 || !last);
        let padded = last && bits == 0 && self.shift > 0;
        if too_big || padded {
            return Err(ErrorKind::Varint);
        }
        self.value |= bits << self.shift;
        self.shift += 7;
        Ok(last.then_some(self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::FORMAT;

    fn read(bytes: &[u8]) -> Result<u64, ErrorKind> {
        Fields::new(bytes, FORMAT).varint("number")
    }

    #[test]
    fn numbers_have_one_form() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert!(bytes.len() <= 10);
            assert_eq!(read(&bytes).unwrap(), value);
        }
        for bad in [&[0x80, 0x00][..], &[0xff, 0x80, 0x00], &[0xff; 10], &[0xff; 11]] {
            assert!(matches!(read(bad), Err(ErrorKind::Varint)), "{bad:?}");
        }
        let above = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert!(matches!(read(&above), Err(ErrorKind::Varint)));
        assert!(matches!(read(&[0x80]), Err(ErrorKind::Short { .. })));
    }

    #[test]
    fn signed_numbers_round_trip() {
        for value in [0, -1, 1, 63, -64, i64::MIN, i64::MAX] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, value);
            assert_eq!(Fields::new(&bytes, FORMAT).signed("number").unwrap(), value);
        }
    }
}
