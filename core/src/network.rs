//! The networks: magic bytes and default ports.

use core::fmt;

/// A Bitcoin network: which magic bytes start each message, and where its nodes listen.
///
/// Values from Bitcoin Core `src/kernel/chainparams.cpp`, simnet from btcd `wire/protocol.go` and
/// `chaincfg/params.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Network {
    /// The main network.
    Main,
    /// The third test network.
    Testnet3,
    /// The fourth test network (BIP94).
    Testnet4,
    /// The default signet (BIP325). A custom signet has other magic bytes: see [`Magic`].
    Signet,
    /// Bitcoin Core's and btcd's local test network.
    Regtest,
    /// btcd's simulation network.
    Simnet,
}

impl Network {
    /// All networks, in the order of their declaration.
    pub const ALL: [Self; 6] =
        [Self::Main, Self::Testnet3, Self::Testnet4, Self::Signet, Self::Regtest, Self::Simnet];

    /// The four bytes that start each message of this network.
    pub const fn magic(self) -> Magic {
        Magic(match self {
            Self::Main => [0xf9, 0xbe, 0xb4, 0xd9],
            Self::Testnet3 => [0x0b, 0x11, 0x09, 0x07],
            Self::Testnet4 => [0x1c, 0x16, 0x3f, 0x28],
            Self::Signet => [0x0a, 0x03, 0xcf, 0x40],
            Self::Regtest => [0xfa, 0xbf, 0xb5, 0xda],
            Self::Simnet => [0x16, 0x1c, 0x14, 0x12],
        })
    }

    /// The TCP port on which nodes of this network listen unless told otherwise.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Main => 8333,
            Self::Testnet3 => 18333,
            Self::Testnet4 => 48333,
            Self::Signet => 38333,
            Self::Regtest => 18444,
            Self::Simnet => 18555,
        }
    }

    /// The name that Bitcoin Core's `-chain` gives it (`main`, `test`, `testnet4`, `signet`,
    /// `regtest`), and `simnet`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Testnet3 => "test",
            Self::Testnet4 => "testnet4",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
            Self::Simnet => "simnet",
        }
    }

    /// The network whose messages start with these bytes, if it is one of ours.
    pub fn from_magic(magic: Magic) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.magic() == magic)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The four bytes that start each v1 message, in wire order.
///
/// Shown as eight hex digits, with the network's name where it is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a value")]
pub struct Magic(pub [u8; 4]);

impl Magic {
    /// How many bytes they are.
    pub const LEN: usize = 4;
}

impl fmt::Display for Magic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))?;
        match Network::from_magic(*self) {
            Some(network) => write!(f, " ({network})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Magic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Magic({self})")
    }
}

impl From<Network> for Magic {
    fn from(network: Network) -> Self {
        network.magic()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn magic_names_its_network() {
        for network in Network::ALL {
            assert_eq!(Network::from_magic(network.magic()), Some(network));
        }
        assert_eq!(Network::Regtest.magic().to_string(), "fabfb5da (regtest)");
        assert_eq!(Magic([0xff; 4]).to_string(), "ffffffff");
    }
}
