//! Numbers as Bitcoin Core prints them, without a float on the way.

use std::fmt;
use std::time::Duration;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

const SATS_PER_COIN: u128 = 100_000_000;

/// An amount in satoshis, shown in BTC with exactly eight decimals (Bitcoin Core `src/core_io.cpp`
/// `ValueFromAmount`).
///
/// Any value is shown as it is, also those that no amount can have: an `i128` holds the sum of more outputs
/// than a transaction can have, whatever each of them says. Serializes as a JSON number with these digits, by
/// `serde_json`'s serializers only; others get what [`RawValue`] gives them.
///
/// ```
/// use satwire_json::Btc;
///
/// assert_eq!(Btc(123_456_789).to_string(), "1.23456789");
/// assert_eq!(serde_json::to_string(&Btc(-50))?, "-0.00000050");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper of one value")]
pub struct Btc(pub i128);

impl fmt::Display for Btc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let sats = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:08}", sats / SATS_PER_COIN, sats % SATS_PER_COIN)
    }
}

/// A time, shown in seconds with exactly six decimals, the rest cut off: Bitcoin Core's `pingtime` and
/// `minping`. Serializes as [`Btc`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper of one value")]
pub struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0.as_secs(), self.0.subsec_micros())
    }
}

/// Serializes what is shown as a number as that very number.
fn verbatim<S: Serializer>(number: impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    let text = number.to_string();
    serde_json::from_str::<&RawValue>(&text).map_err(S::Error::custom)?.serialize(serializer)
}

impl Serialize for Btc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        verbatim(self, serializer)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        verbatim(self, serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (sats, expected) in [
            (0, "0.00000000"),
            (1, "0.00000001"),
            (-1, "-0.00000001"),
            (99_999_999, "0.99999999"),
            (100_000_000, "1.00000000"),
            (-123_456_789, "-1.23456789"),
            (2_100_000_000_000_000, "21000000.00000000"),
            (2_100_000_000_000_001, "21000000.00000001"),
            (i64::MAX.into(), "92233720368.54775807"),
            (i64::MIN.into(), "-92233720368.54775808"),
            (444_000 * i128::from(i64::MAX), "40951771843635204.58308000"),
            (i128::MAX, "1701411834604692317316873037158.84105727"),
            (i128::MIN, "-1701411834604692317316873037158.84105728"),
        ] {
            assert_eq!(serde_json::to_string(&Btc(sats)).unwrap(), expected);
        }
    }

    #[test]
    fn seconds_have_six_decimals() {
        for (duration, expected) in [
            (Duration::ZERO, "0.000000"),
            (Duration::from_micros(1), "0.000001"),
            (Duration::from_nanos(1_999), "0.000001"),
            (Duration::from_micros(61_000_500), "61.000500"),
        ] {
            assert_eq!(serde_json::to_string(&Seconds(duration)).unwrap(), expected);
        }
    }
}
