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
    #[expect(clippy::many_single_char_names, reason = "eight bytes")]
    pub const fn from_wire(bytes: [u8; 12]) -> Option<Self> {
        let [a, b, c, d, e, f, g, h, tail @ ..] = bytes;
        let (head, tail) = (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u32::from_le_bytes(tail) as u64);
        let (Some(letters), Some(_)) = (leading_letters(head), leading_letters(tail)) else { return None };
        if tail == 0 || letters == TOP { Some(Self(bytes)) } else { None }
    }

    /// What a malformed command can be shown as: `?` for each byte that is not printable, the
    /// zeros at the end left out.
    pub(crate) fn from_wire_lossy(mut bytes: [u8; 12]) -> Self {
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

    /// The name, without the zeros behind it.
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

/// The top bit of each of the eight bytes of a word.
const TOP: u64 = lanes(0x80);

const fn lanes(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Eight bytes of a name at once, the first in the lowest byte: which of them are letters, in their top
/// bits. `None` if one is neither letter nor zero, or a letter stands behind a zero.
#[inline]
const fn leading_letters(word: u64) -> Option<u64> {
    if word & TOP != 0 {
        return None;
    }
    // No byte is above 0x7f now, so that no sum carries into the next.
    let letters = (word + lanes(0x7f)) & TOP;
    let printable = (word + lanes(0x80 - 0x20)) & TOP;
    let delete = (word + lanes(1)) & TOP;
    let behind_zero = letters & !(letters << 8) & !0x80;
    if letters == printable && delete == 0 && behind_zero == 0 { Some(letters) } else { None }
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

    /// F6: letters behind a zero, or unprintable bytes, are no command.
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
