//! The name of a message.

use core::fmt;

/// The twelve bytes that name a message: printable ASCII (0x20 to 0x7e), then zeros.
///
/// The constants are the commands that Bitcoin Core's `src/protocol.h` (and, for those that it no
/// longer has, btcd's `wire/message.go`) name; any other well-formed name is a `Command` too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command([u8; 12]);

impl Command {
    /// A command by its name; for constants.
    ///
    /// # Panics
    /// If the name is longer than 12 bytes or not printable ASCII.
    pub const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        assert!(name.len() <= 12, "a command has at most 12 bytes");
        let mut bytes = [0; 12];
        let mut i = 0;
        while i < name.len() {
            assert!(is_command_char(name[i]), "a command is printable ASCII");
            bytes[i] = name[i];
            i += 1;
        }
        Self(bytes)
    }

    /// The command that these bytes of a header spell, or `None` if a byte is not printable or a
    /// letter follows a zero (Bitcoin Core `src/protocol.cpp` `IsMessageTypeValid`).
    #[inline]
    pub const fn from_wire(bytes: [u8; 12]) -> Option<Self> {
        let (Some(head), Some(tail)) = (bytes.first_chunk(), bytes.last_chunk()) else { return None };
        let (head, tail) = (u64::from_le_bytes(*head), u32::from_le_bytes(*tail) as u64);
        // With spaces for the zeros at the end, every byte must be printable.
        let padded = if tail == 0 { pad(head) } else { head };
        if is_printable(padded) && is_printable(pad(tail)) { Some(Self(bytes)) } else { None }
    }

    /// The text that a malformed command can be shown as: `?` for each byte that is not printable, the
    /// zeros at the end left out.
    pub fn from_wire_lossy(mut bytes: [u8; 12]) -> Self {
        let len = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        for byte in bytes[..len].iter_mut().filter(|byte| !is_command_char(**byte)) {
            *byte = b'?';
        }
        Self(bytes)
    }

    /// The twelve bytes as a header carries them.
    pub const fn to_wire(self) -> [u8; 12] {
        self.0
    }

    /// The name, without the zeros after it.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&byte| byte == 0).unwrap_or(self.0.len());
        // Only ASCII gets in, so this is never the empty fallback by mistake.
        core::str::from_utf8(&self.0[..len]).unwrap_or_default()
    }

    /// Whether it is one of the commands of the protocol, handled here or not.
    pub fn is_known(self) -> bool {
        Self::KNOWN.contains(&self)
    }
}

/// Declares each command's constant and the list of all of them.
macro_rules! commands {
    ($($name:ident = $text:literal),+ $(,)?) => {
        impl Command {
            $(
                #[doc = concat!("`", $text, "`")]
                pub const $name: Self = Self::new($text);
            )+

            /// All commands of the protocol, in alphabetical order.
            pub const KNOWN: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

commands! {
    ADDR = "addr",
    ADDRV2 = "addrv2",
    ALERT = "alert",
    BLOCK = "block",
    BLOCKTXN = "blocktxn",
    CFCHECKPT = "cfcheckpt",
    CFHEADERS = "cfheaders",
    CFILTER = "cfilter",
    CMPCTBLOCK = "cmpctblock",
    FEATURE = "feature",
    FEEFILTER = "feefilter",
    FILTERADD = "filteradd",
    FILTERCLEAR = "filterclear",
    FILTERLOAD = "filterload",
    GETADDR = "getaddr",
    GETBLOCKS = "getblocks",
    GETBLOCKTXN = "getblocktxn",
    GETCFCHECKPT = "getcfcheckpt",
    GETCFHEADERS = "getcfheaders",
    GETCFILTERS = "getcfilters",
    GETDATA = "getdata",
    GETHEADERS = "getheaders",
    HEADERS = "headers",
    INV = "inv",
    MEMPOOL = "mempool",
    MERKLEBLOCK = "merkleblock",
    NOTFOUND = "notfound",
    PING = "ping",
    PONG = "pong",
    REJECT = "reject",
    SENDADDRV2 = "sendaddrv2",
    SENDCMPCT = "sendcmpct",
    SENDHEADERS = "sendheaders",
    SENDTXRCNCL = "sendtxrcncl",
    TX = "tx",
    VERACK = "verack",
    VERSION = "version",
    WTXIDRELAY = "wtxidrelay",
}

/// Eight bytes of a name at once, the first in the lowest byte.
const fn lanes(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Puts spaces in the place of the zeros after the last byte that is none.
#[inline]
const fn pad(word: u64) -> u64 {
    let zeros = word.leading_zeros() / 8;
    word | lanes(b' ').unbounded_shl(8 * (8 - zeros))
}

#[inline]
const fn is_printable(word: u64) -> bool {
    let top = lanes(0x80);
    // Where no byte is above 0x7f, no sum carries into the next: 0x7f + 1 and 0x20 + 0x60 reach the top bit.
    (word | word.wrapping_add(lanes(1))) & top == 0 && word.wrapping_add(lanes(0x60)) & top == top
}

const fn is_command_char(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e)
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({:?})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F6: letters after a zero, or unprintable bytes, are no command.
    #[test]
    fn f6_malformed_commands_are_refused() {
        assert_eq!(Command::from_wire(*b"ping\0\0\0\0\0\0\0\0"), Some(Command::PING));
        assert_eq!(Command::from_wire(*b"ping\0junk\0\0\0"), None);
        assert_eq!(Command::from_wire(*b"pi\x1fng\0\0\0\0\0\0\0"), None);
        assert_eq!(Command::from_wire(*b"pi\x7fng\0\0\0\0\0\0\0"), None);
        assert_eq!(Command::from_wire(*b"\xffing\0\0\0\0\0\0\0\0"), None);
        assert_eq!(Command::from_wire([0; 12]).map(|command| command.as_str().len()), Some(0));
        assert_eq!(Command::from_wire_lossy(*b"p\x1b\0ng\0\0\0\0\0\0\0").as_str(), "p??ng");
        assert_eq!(Command::from_wire(*b"twelve bytes").unwrap().as_str(), "twelve bytes");
    }

    /// Every byte at every place, against the rule spelled out.
    #[test]
    fn f6_from_wire_is_the_rule() {
        for place in 0..12 {
            for byte in 0..=u8::MAX {
                for len in 0..=12 {
                    let mut bytes = [0; 12];
                    bytes[..len].fill(b'a');
                    bytes[place] = byte;
                    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(12);
                    let valid = bytes[..end].iter().all(|&byte| is_command_char(byte))
                        && bytes[end..].iter().all(|&byte| byte == 0);
                    assert_eq!(Command::from_wire(bytes).is_some(), valid, "{bytes:x?}");
                }
            }
        }
    }

    #[test]
    fn known_commands_are_sorted_and_found() {
        assert!(Command::KNOWN.is_sorted());
        assert!(Command::SENDTXRCNCL.is_known());
        assert!(!Command::new("madeup").is_known());
    }
}
