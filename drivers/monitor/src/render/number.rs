//! Numbers as Bitcoin Core prints them, without a float on the way.

use std::fmt;
use std::time::Duration;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

const SATS_PER_COIN: u64 = 100_000_000;

/// Satoshis, shown in BTC with exactly eight decimals; any value, also those that cannot be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Btc(pub(super) i64);

impl fmt::Display for Btc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let sats = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:08}", sats / SATS_PER_COIN, sats % SATS_PER_COIN)
    }
}

/// A time, shown in seconds with exactly six decimals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seconds(pub(super) Duration);

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

/// Anything that can be shown, serialized as text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<T>(pub(super) T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
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
            (i64::MAX, "92233720368.54775807"),
            (i64::MIN, "-92233720368.54775808"),
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
