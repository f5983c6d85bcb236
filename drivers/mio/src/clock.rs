//! The only clock: the monotonic one for deadlines, the wall clock for what it is set to.

use std::time::{self, Duration, SystemTime, UNIX_EPOCH};

use satwire_core::{Instant, WallClock};

/// The wall clock may be this far off the monotonic one before it counts as set anew: far above
/// what NTP slews away, far below what a person would notice.
const STEP: Duration = Duration::from_millis(500);

/// Counts from the moment it was made.
#[derive(Debug)]
pub(crate) struct Clock {
    start: time::Instant,
    wall: WallClock,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let wall = WallClock { unix_micros_at_zero: unix_micros() };
        Self { start: time::Instant::now(), wall }
    }

    pub(crate) fn now(&self) -> Instant {
        self.instant(time::Instant::now())
    }

    pub(crate) fn instant(&self, instant: time::Instant) -> Instant {
        let since = instant.saturating_duration_since(self.start);
        Instant::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }

    pub(crate) const fn wall(&self) -> WallClock {
        self.wall
    }

    /// The new offset, if the wall clock was set since the last time it was asked for.
    pub(crate) fn stepped(&mut self) -> Option<WallClock> {
        let expected = self.wall.unix_micros(self.now());
        let off = unix_micros().saturating_sub(expected);
        if u128::from(off.unsigned_abs()) < STEP.as_micros() {
            return None;
        }
        self.wall.unix_micros_at_zero = self.wall.unix_micros_at_zero.saturating_add(off);
        Some(self.wall)
    }
}

fn unix_micros() -> i64 {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => micros(since),
        Err(before) => -micros(before.duration()),
    }
}
