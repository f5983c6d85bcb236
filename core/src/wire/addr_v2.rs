//! Where a node is, on any of the networks: as bytes (BIP155) and as text.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use sha3::{Digest as _, Sha3_256};

/// The address of a node, on one of the networks of BIP155 that are alive.
///
/// As text it is what Bitcoin Core's `src/netaddress.cpp` `ToStringAddr` shows, and parsing takes the
/// same back, in any case of letters. `fc00::/8` is CJDNS: an IPv6 address in it, which nobody could
/// reach, is read back as [`AddrV2::Cjdns`].
///
/// ```
/// use satwire_core::wire::AddrV2;
/// let text = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
/// let addr: AddrV2 = text.parse()?;
/// assert_eq!((addr.network_id(), addr.to_string().as_str()), (4, text));
/// # Ok::<(), satwire_core::wire::ParseAddrV2Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AddrV2 {
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// An onion service of Tor, version 3: its ed25519 public key. `….onion`, 62 characters.
    TorV3([u8; 32]),
    /// A destination of I2P: the SHA-256 of it. `….b32.i2p`, 60 characters.
    I2p([u8; 32]),
    /// An address of CJDNS, in `fc00::/8`: see [`AddrV2::cjdns`].
    Cjdns(Ipv6Addr),
}

impl AddrV2 {
    /// A CJDNS address, if the bytes start with `fc`.
    pub fn cjdns(bytes: [u8; 16]) -> Option<Self> {
        (bytes[0] == 0xfc).then(|| Self::Cjdns(bytes.into()))
    }

    /// The network's number in `addrv2` (BIP155).
    pub const fn network_id(&self) -> u8 {
        match self {
            Self::Ipv4(_) => 1,
            Self::Ipv6(_) => 2,
            Self::TorV3(_) => 4,
            Self::I2p(_) => 5,
            Self::Cjdns(_) => 6,
        }
    }

    /// The address as `addrv2` carries it, written to the front of `buffer`.
    ///
    /// ```
    /// # use satwire_core::wire::AddrV2;
    /// let addr: AddrV2 = "1.2.3.4".parse().unwrap();
    /// assert_eq!(addr.address(&mut [0; 32]), [1, 2, 3, 4]);
    /// ```
    pub fn address<'a>(&self, buffer: &'a mut [u8; 32]) -> &'a [u8] {
        let len = match self {
            Self::Ipv4(ip) => {
                buffer[..4].copy_from_slice(&ip.octets());
                4
            }
            Self::Ipv6(ip) | Self::Cjdns(ip) => {
                buffer[..16].copy_from_slice(&ip.octets());
                16
            }
            Self::TorV3(bytes) | Self::I2p(bytes) => {
                *buffer = *bytes;
                32
            }
        };
        &buffer[..len]
    }

    /// The address on the internet, if it is there.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ipv4(ip) => Some(IpAddr::V4(*ip)),
            Self::Ipv6(ip) => Some(IpAddr::V6(*ip)),
            Self::TorV3(_) | Self::I2p(_) | Self::Cjdns(_) => None,
        }
    }
}

/// An IPv4 address in the guise of an IPv6 address is taken for what it is.
impl From<IpAddr> for AddrV2 {
    fn from(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::Ipv4(ip),
            IpAddr::V6(ip) => Self::Ipv6(ip),
        }
    }
}

impl fmt::Display for AddrV2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(ip) => ip.fmt(f),
            Self::Ipv6(ip) | Self::Cjdns(ip) => ip.fmt(f),
            Self::TorV3(key) => {
                let mut text = [0; ONION_CHARS + ONION.len()];
                encode_base32(&onion(key), &mut text);
                text[ONION_CHARS..].copy_from_slice(ONION.as_bytes());
                f.pad(core::str::from_utf8(&text).unwrap_or_default())
            }
            Self::I2p(hash) => {
                let mut text = [0; I2P_CHARS + I2P.len()];
                encode_base32(hash, &mut text);
                text[I2P_CHARS..].copy_from_slice(I2P.as_bytes());
                f.pad(core::str::from_utf8(&text).unwrap_or_default())
            }
        }
    }
}

/// Why a text is not an [`AddrV2`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseAddrV2Error {
    /// None of the forms.
    #[error("neither an IP address nor an .onion or .b32.i2p name")]
    Form,
    /// Before `.onion` or `.b32.i2p` there is not the right number of characters, `a` to `z` and `2`
    /// to `7`, or the last of them has bits that mean nothing.
    #[error("not {expected} characters of base32")]
    Base32 {
        /// How many characters there should be.
        expected: usize,
    },
    /// The checksum of the onion service does not match: a typing error.
    #[error("wrong checksum")]
    Checksum,
    /// An onion service of another version than 3.
    #[error("onion service of version {0}, only 3 is known")]
    Version(u8),
}

impl FromStr for AddrV2 {
    type Err = ParseAddrV2Error;

    fn from_str(text: &str) -> Result<Self, ParseAddrV2Error> {
        if let Some(name) = strip_suffix(text, ONION) {
            let bytes: [u8; 35] = decode_base32(name)?;
            let [key @ .., _, _, version] = bytes;
            if version != ONION_VERSION {
                return Err(ParseAddrV2Error::Version(version));
            }
            return if onion(&key) == bytes { Ok(Self::TorV3(key)) } else { Err(ParseAddrV2Error::Checksum) };
        }
        if let Some(name) = strip_suffix(text, I2P) {
            return decode_base32(name).map(Self::I2p);
        }
        let ip: IpAddr = text.parse().map_err(|_| ParseAddrV2Error::Form)?;
        match ip {
            IpAddr::V6(ip) if ip.octets()[0] == 0xfc => Ok(Self::Cjdns(ip)),
            ip => Ok(ip.into()),
        }
    }
}

const ONION: &str = ".onion";
const I2P: &str = ".b32.i2p";
/// The version of onion services, the last byte of their names.
const ONION_VERSION: u8 = 3;
/// Base32 characters of an onion service: 35 bytes.
const ONION_CHARS: usize = 56;
/// Base32 characters of an I2P destination: 32 bytes, the last character holds one bit.
const I2P_CHARS: usize = 52;

/// The bytes that an onion service's name spells: key 32 · checksum 2 · version 1 (Tor's
/// `rend-spec-v3`, "Encoding onion addresses").
fn onion(key: &[u8; 32]) -> [u8; 35] {
    let digest = Sha3_256::new()
        .chain_update(b".onion checksum")
        .chain_update(key)
        .chain_update([ONION_VERSION])
        .finalize();
    let mut bytes = [0; 35];
    bytes[..32].copy_from_slice(key);
    bytes[32..34].copy_from_slice(&digest[..2]);
    bytes[34] = ONION_VERSION;
    bytes
}

fn strip_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a [u8]> {
    let (name, end) = text.as_bytes().split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix.as_bytes()).then_some(name)
}

/// Writes `bytes` in base32 (RFC 4648, lower case, no padding) to the front of `text`.
fn encode_base32(bytes: &[u8], text: &mut [u8]) {
    for (i, char) in text.iter_mut().take((8 * bytes.len()).div_ceil(5)).enumerate() {
        // Five bits from `5 * i` on lie in two bytes at most.
        let (byte, bit) = (5 * i / 8, 5 * i % 8);
        let next = bytes.get(byte + 1).copied().unwrap_or(0);
        let pair = u16::from_be_bytes([bytes[byte], next]);
        *char = BASE32[usize::from(pair >> (11 - bit) & 31)];
    }
}

/// Reads `N` bytes of base32, in any case of letters; the bits that the last character has in excess
/// are zero, as Bitcoin Core's `src/util/strencodings.cpp` `DecodeBase32` demands.
fn decode_base32<const N: usize>(text: &[u8]) -> Result<[u8; N], ParseAddrV2Error> {
    let error = ParseAddrV2Error::Base32 { expected: (8 * N).div_ceil(5) };
    if text.len() != (8 * N).div_ceil(5) {
        return Err(error);
    }
    let mut bytes = [0; N];
    let (mut bits, mut held, mut written) = (0_u32, 0, 0);
    for char in text {
        let value = match char.to_ascii_lowercase() {
            letter @ b'a'..=b'z' => letter - b'a',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return Err(error),
        };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes[written] = (bits >> held) as u8;
            written += 1;
            bits &= (1 << held) - 1;
        }
    }
    if bits == 0 { Ok(bytes) } else { Err(error) }
}

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
