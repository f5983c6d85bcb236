//! Time as data: a monotonic timeline that the caller picks, and the wall clock as an offset to it.

use core::ops::Add;
use core::time::Duration;

/// A point on the caller's monotonic timeline: microseconds from an origin that the caller picks.
///
/// The core has no clock. A driver counts from the moment it started, a replay takes the recorded
/// value, a test invents one. Arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The origin of the timeline.
    pub const ZERO: Self = Self(0);

    /// The end of the timeline: as a deadline it means never.
    pub const MAX: Self = Self(u64::MAX);

    /// The point `micros` microseconds after the origin.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the origin.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long `self` lies after `earlier`; zero if it does not.
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// A part of a microsecond counts as a whole one, so that nothing is due early, and what is due again after
    /// any time at all is not due at once. A duration of more than 2⁶⁴ µs (584,000 years) leads to the end of
    /// the timeline.
    fn add(self, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_nanos().div_ceil(1000)).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

/// Where the timeline lies in the world's time: the Unix time, in microseconds, of [`Instant::ZERO`].
///
/// It feeds the timestamp of our `version` message and the `timeoffset` of a peer, nothing else: no
/// deadline ever depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a value")]
pub struct WallClock {
    /// Unix microseconds at [`Instant::ZERO`]; negative if the origin lies before 1970.
    pub unix_micros_at_zero: i64,
}

impl WallClock {
    /// Unix microseconds at `instant`.
    pub const fn unix_micros(self, instant: Instant) -> i64 {
        self.unix_micros_at_zero.saturating_add_unsigned(instant.as_micros())
    }

    /// Unix seconds at `instant`, as the `version` message carries them.
    pub const fn unix_seconds(self, instant: Instant) -> i64 {
        self.unix_micros(instant).div_euclid(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let end = Instant::MAX;
        assert_eq!(end + Duration::from_secs(1), end);
        assert_eq!(Instant::ZERO + Duration::MAX, end);
        assert_eq!(Instant::ZERO.saturating_duration_since(end), Duration::ZERO);
    }

    /// A timer of less than a microsecond would be one of zero, which is due again without end.
    #[test]
    fn a_part_of_a_microsecond_is_a_whole_one() {
        for (nanos, micros) in [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2)] {
            let sum = Instant::from_micros(5) + Duration::from_nanos(nanos);
            assert_eq!(sum, Instant::from_micros(5 + micros), "{nanos} ns");
        }
        assert_eq!(Instant::from_micros(1) + Duration::MAX, Instant::MAX);
    }

    #[test]
    fn wall_clock_rounds_down() {
        let clock = WallClock { unix_micros_at_zero: -1 };
        assert_eq!(clock.unix_seconds(Instant::ZERO), -1);
        assert_eq!(clock.unix_seconds(Instant::from_micros(1)), 0);
        assert_eq!(clock.unix_micros(Instant::from_micros(2_000_001)), 2_000_000);
    }
}
