//! The values of flags. Each parser says, for a wrong one, what would do.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::Path;
use std::time::Duration;

use satwire_capture::convert::Us;
use satwire_capture::journal::Origin;
use satwire_core::{Instant, Network};

/// How fast the demo's recorded traffic is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speed {
    /// All at once.
    Fast,
    /// In the recorded rhythm.
    Realtime,
}

/// The formats of `convert`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Journal,
    Pcapng,
    Pcap,
    /// A folder as Bitcoin Core writes it.
    CoreDat,
    /// Lines for programs.
    Jsonl,
}

impl FileFormat {
    const ALL: [Self; 5] = [Self::Journal, Self::Pcapng, Self::Pcap, Self::CoreDat, Self::Jsonl];

    /// Its name on the command line, which is the extension of its files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Pcapng => "pcapng",
            Self::Pcap => "pcap",
            Self::CoreDat => "dat",
            Self::Jsonl => "jsonl",
        }
    }

    /// The format that the extension of a file means.
    pub(super) fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        Self::ALL.into_iter().find(|format| format.name() == extension)
    }

    /// The format of what an import was made from.
    pub(crate) fn of_origin(origin: Option<Origin>) -> Self {
        match origin {
            Some(Origin::Pcap) => Self::Pcap,
            Some(Origin::Pcapng) => Self::Pcapng,
            Some(Origin::CoreDat) => Self::CoreDat,
            _ => Self::Journal,
        }
    }
}

pub(super) fn file_format(text: &str) -> Result<FileFormat, String> {
    let found = FileFormat::ALL.into_iter().find(|format| format.name() == text);
    found.ok_or_else(|| format!("give one of {}", FileFormat::ALL.map(FileFormat::name).join(", ")))
}

/// The subjects of diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    Net,
    None,
}

/// Where a replay stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// After everything that happened up to this time since the start.
    Time(Duration),
    /// After this record.
    Record(u64),
}

impl Until {
    /// Whether a record lies after the end.
    pub(crate) fn is_after(self, number: u64, at: Instant) -> bool {
        match self {
            Self::Time(time) => at > Instant::ZERO + time,
            Self::Record(last) => number > last,
        }
    }
}

/// The doing that a smaller journal must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Predicate {
    /// The node panics.
    Panics,
    /// A connection closes, or a dial fails, for the reason with this word.
    Closes(&'static str),
    /// The node does something else than was recorded.
    Differs,
}

/// The words of [`satwire_core::CloseReason`].
const REASONS: [&str; 24] = [
    "connect_timeout",
    "evicted",
    "handshake_timeout",
    "io_error",
    "late_feature",
    "local",
    "no_descriptors",
    "no_slot",
    "no_slot_for_address",
    "no_slot_for_group",
    "not_resolved",
    "obsolete_version",
    "payload_too_long",
    "ping_timeout",
    "refused",
    "reset",
    "self_connection",
    "stream_ended",
    "timed_out",
    "too_many_entries",
    "too_many_malformed",
    "unreachable",
    "unwanted_tx",
    "wrong_magic",
];

pub(super) fn predicate(text: &str) -> Result<Predicate, String> {
    match (text, text.strip_prefix("closes=")) {
        ("panics", _) => Ok(Predicate::Panics),
        ("differs", _) => Ok(Predicate::Differs),
        (_, Some(word)) => {
            let known = REASONS.into_iter().find(|reason| *reason == word);
            known.map(Predicate::Closes).ok_or_else(|| format!("the reason is one of {}", REASONS.join(", ")))
        }
        _ => Err("give panics, differs or closes=REASON, such as closes=ping_timeout".into()),
    }
}

pub(super) fn until(text: &str) -> Result<Until, String> {
    let parsed = match text.strip_prefix('#') {
        Some(number) => digits(number).map(Until::Record),
        None => seconds(text).ok().map(Until::Time),
    };
    parsed.ok_or_else(|| "give seconds since the start, such as 12.5, or a record, such as #300".into())
}

/// About 31 years. Longer waits are a mistake, or "never" in disguise.
const MOST_SECONDS: u64 = 1_000_000_000;

const MICROS: u64 = 1_000_000;

pub(super) fn chain(text: &str) -> Result<Network, String> {
    let found = Network::ALL.into_iter().find(|network| network.name() == text);
    found.ok_or_else(|| {
        let names: Vec<_> = Network::ALL.iter().map(|network| network.name()).collect();
        format!("give one of {}", names.join(", "))
    })
}

pub(super) fn us(text: &str) -> Result<Us, String> {
    text.parse()
        .map_err(|_| "give an address as the capture has it, such as 192.0.2.7 or 192.0.2.7:8333".into())
}

pub(super) fn speed(text: &str) -> Result<Speed, String> {
    match text {
        "fast" => Ok(Speed::Fast),
        "realtime" => Ok(Speed::Realtime),
        _ => Err("give fast or realtime".into()),
    }
}

pub(super) fn category(text: &str) -> Result<Category, String> {
    match text {
        // Bitcoin Core: `-debug` and `-debug=1` mean all.
        "net" | "all" | "1" => Ok(Category::Net),
        "none" | "0" => Ok(Category::None),
        _ => Err("give net, all or none".into()),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err("give 1 or 0, or the flag alone for 1".into()),
    }
}

pub(super) fn count(text: &str) -> Result<NonZeroU64, String> {
    digits(text).and_then(NonZeroU64::new).ok_or_else(|| "give a whole number from 1 on".into())
}

pub(super) fn files(text: &str) -> Result<NonZeroU32, String> {
    let number = digits(text).and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new);
    number.ok_or_else(|| "give a whole number from 1 on, at most 4294967295".into())
}

pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    let most = MOST_SECONDS * 1000;
    let millis = digits(text).filter(|millis| (1..=most).contains(millis));
    millis.map(Duration::from_millis).ok_or_else(|| format!("give whole milliseconds, from 1 to {most}"))
}

/// Seconds with decimals, exactly: what lies below a microsecond is cut off.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let micros = || {
        let whole = if whole.is_empty() && !decimals.is_empty() { 0 } else { digits(whole)? };
        if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digit_at = |i| decimals.as_bytes().get(i).map_or(0, |byte| u64::from(byte - b'0'));
        let micros = (0..6).fold(0, |micros, i| micros * 10 + digit_at(i));
        whole.checked_mul(MICROS)?.checked_add(micros)
    };
    let micros = micros().filter(|micros| (1..=MOST_SECONDS * MICROS).contains(micros));
    micros.map(Duration::from_micros).ok_or_else(|| {
        format!(
            "give seconds like 30 or 0.5, more than 0 (a microsecond is the least), at most {MOST_SECONDS}"
        )
    })
}

/// A comment for the user agent: the characters that Bitcoin Core allows (`src/util/strencodings.cpp`
/// `SAFE_CHARS_UA_COMMENT`), which leaves out those that BIP14 gives a meaning, `/:()`.
pub(super) fn comment(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    match text.chars().find(|char| !char.is_ascii_alphanumeric() && !" .,;-_?@".contains(*char)) {
        None => Ok(text.into()),
        Some(char) => Err(format!("'{char}' is not allowed: take letters, digits, spaces and .,;-_?@")),
    }
}

/// A number of nothing but digits.
pub(super) fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact() {
        for (text, micros) in [
            ("1", 1_000_000),
            ("0.5", 500_000),
            (".25", 250_000),
            ("2.", 2_000_000),
            ("0.000001", 1),
            ("0.1234567", 123_456),
            ("007.10", 7_100_000),
            ("1000000000", 1_000_000_000_000_000),
        ] {
            assert_eq!(seconds(text), Ok(Duration::from_micros(micros)), "{text}");
        }
        for text in [
            "",
            ".",
            "0",
            "0.0",
            "0.0000009",
            "-1",
            "+1",
            "1e3",
            "inf",
            "NaN",
            "nan",
            "1,5",
            "1.2.3",
            "0x10",
            " 1",
            "1s",
            "1000000001",
            "1000000000.000001",
            "99999999999999999999",
            "1.٣",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn predicates_name_reasons_that_there_are() {
        assert_eq!(predicate("panics"), Ok(Predicate::Panics));
        assert_eq!(predicate("differs"), Ok(Predicate::Differs));
        for word in satwire_core::IoError::ALL.map(satwire_core::IoError::as_str).into_iter().chain(REASONS) {
            assert_eq!(predicate(&format!("closes={word}")), Ok(Predicate::Closes(word)));
        }
        for text in ["", "panic", "closes", "closes=", "closes=Reset", "closes=rest", "reset"] {
            assert!(predicate(text).is_err(), "{text}");
        }
        assert!(REASONS.is_sorted());
    }

    #[test]
    fn whole_numbers_are_nothing_but_digits() {
        assert_eq!(count("1"), Ok(NonZeroU64::MIN));
        assert_eq!(count("18446744073709551615"), Ok(NonZeroU64::MAX));
        for text in ["", "0", "-1", "+1", "1.5", "1e3", "ten", "18446744073709551616"] {
            assert!(count(text).is_err(), "{text}");
        }
        assert_eq!(milliseconds("5000"), Ok(Duration::from_secs(5)));
        for text in ["", "0", "-1", "0.5", "1000000000001"] {
            assert!(milliseconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn chains_have_the_names_of_bitcoin_core() {
        for network in Network::ALL {
            assert_eq!(chain(network.name()), Ok(network));
        }
        for text in ["", "mainnet", "testnet", "Main", "bitcoin"] {
            assert_eq!(
                chain(text),
                Err("give one of main, test, testnet4, signet, regtest, simnet".into()),
                "{text}"
            );
        }
    }

    #[test]
    fn comments_keep_clear_of_bip14() {
        for text in ["a", "Alice; id-1_2,3 <-?".trim_end_matches(" <-?"), "me@example.org?"] {
            assert_eq!(comment(text), Ok(text.into()));
        }
        for text in ["", "a/b", "a:b", "a(b", "a)b", "a<b", "a\"b", "é"] {
            assert!(comment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn switches_and_categories() {
        assert_eq!((switch("1"), switch("0")), (Ok(true), Ok(false)));
        for text in ["", "2", "true", "yes"] {
            assert!(switch(text).is_err(), "{text}");
        }
        for (text, expected) in [("net", Category::Net), ("all", Category::Net), ("0", Category::None)] {
            assert_eq!(category(text), Ok(expected));
        }
        assert!(category("mempool").is_err());
    }
}
