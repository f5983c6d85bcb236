//! The only clock: the monotonic one for deadlines, the wall clock for what it is set to.

use std::time::{self, Duration, SystemTime, UNIX_EPOCH};

use satwire_core::{Instant, WallClock};

/// The wall clock may be this far off the monotonic one before it counts as set anew: far above
/// what NTP slews away, far below what a person would notice.
const STEP: Duration = Duration::from_millis(500);

/// The time on the core's own timeline, which is zero at the moment the clock was made.
#[derive(Clone, Debug)]
pub struct Clock {
    start: time::Instant,
    wall: WallClock,
}

impl Clock {
    /// A clock that shows zero now.
    pub fn start() -> Self {
        let wall = WallClock { unix_micros_at_zero: unix_micros() };
        Self { start: time::Instant::now(), wall }
    }

    /// The time since the clock was made.
    pub fn now(&self) -> Instant {
        self.instant(time::Instant::now())
    }

    /// The standard library's instant on the core's timeline.
    pub fn instant(&self, instant: time::Instant) -> Instant {
        let since = instant.saturating_duration_since(self.start);
        Instant::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }

    /// The core's instant as the standard library's, for a timer; `None` if that cannot go so far.
    pub fn deadline(&self, instant: Instant) -> Option<time::Instant> {
        self.start.checked_add(Duration::from_micros(instant.as_micros()))
    }

    /// The time of the world at zero, as [`Clock::stepped`] last told it.
    pub const fn wall(&self) -> WallClock {
        self.wall
    }

    /// The new offset, if the wall clock was set since the last time it was asked for: what
    /// [`Input::Clock`](satwire_core::node::Input::Clock) is to be told.
    pub fn stepped(&mut self) -> Option<WallClock> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_and_back() {
        let mut clock = Clock::start();
        let later = clock.now() + Duration::from_secs(1);
        assert_eq!(clock.deadline(later).map(|deadline| clock.instant(deadline)), Some(later));
        assert_eq!(clock.stepped(), None);
        // As if the world had been set back while we looked away.
        clock.wall.unix_micros_at_zero += 3_600_000_000;
        let stepped = clock.stepped().expect("an hour is more than half a second");
        assert_eq!(stepped, clock.wall());
        assert_eq!(clock.stepped(), None);
    }
}
