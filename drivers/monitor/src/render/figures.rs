//! Times and numbers, as people read them.

use std::fmt;
use std::time::Duration;

use satwire_core::Instant;

/// `12:58:08.123` of these Unix microseconds.
pub(super) struct TimeOfDay(pub(super) i64);

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.div_euclid(1000).rem_euclid(24 * 60 * 60 * 1000);
        let (seconds, millis) = (millis / 1000, millis % 1000);
        write!(f, "{:02}:{:02}:{:02}.{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// `+1.021528`: seconds since the start.
pub(super) struct SinceStart(pub(super) Instant);

impl fmt::Display for SinceStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        write!(f, "+{}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }
}

/// A time in the unit that suits it, cut off after the first decimal.
pub(super) struct Time(pub(super) Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        match micros {
            0..1000 => write!(f, "{micros} µs"),
            1000..1_000_000 => write!(f, "{}.{} ms", micros / 1000, micros / 100 % 10),
            _ => write!(f, "{}.{} s", micros / 1_000_000, micros / 100_000 % 10),
        }
    }
}

/// `1 peer`, `2,000 peers`.
pub(super) struct Count(pub(super) u64, pub(super) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", Grouped(self.0), self.1)
    }
}

/// `1,234,567`.
pub(super) struct Grouped(pub(super) u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_groups() {
        for (micros, expected) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1000, "1.0 ms"),
            (999_999, "999.9 ms"),
            (1_000_000, "1.0 s"),
            (3_661_990_000, "3661.9 s"),
        ] {
            assert_eq!(Time(Duration::from_micros(micros)).to_string(), expected);
        }
        for (n, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(Grouped(n).to_string(), expected);
        }
        assert_eq!(
            (Count(1, "peer").to_string(), Count(0, "peer").to_string()),
            ("1 peer".into(), "0 peers".into())
        );
    }

    #[test]
    fn time_of_day_at_its_edges() {
        for (micros, expected) in [
            (0, "00:00:00.000"),
            (-1, "23:59:59.999"),
            (1_795_363_088_123_456, "15:58:08.123"),
            (i64::MIN, "19:59:05.224"),
        ] {
            assert_eq!(TimeOfDay(micros).to_string(), expected);
        }
    }
}
