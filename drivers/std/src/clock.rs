//! The only clock: the monotonic one for deadlines, the wall clock for what it is set to.

use std::time::{self, Duration, SystemTime, UNIX_EPOCH};

use satwire_core::{Instant, WallClock};

/// The wall clock may be this far off the monotonic one before it counts as set anew: less than what NTP
/// steps by (128 ms and more; below that it slews, both clocks alike), more than they drift apart by themselves.
const STEP: Duration = Duration::from_millis(100);

/// Both clocks were read together if it took no longer than this; else the process was put aside between them.
const TOGETHER: Duration = Duration::from_millis(10);

/// How often it is tried to read both together before any reading is good enough.
const TRIES: usize = 10;

/// The time on the core's own timeline, which is zero at the moment the clock was made.
#[derive(Clone, Debug)]
pub struct Clock {
    start: time::Instant,
    wall: WallClock,
}

impl Clock {
    /// A clock that shows zero now.
    pub fn start() -> Self {
        let mut tries = 1;
        loop {
            let (start, unix) = (time::Instant::now(), unix_micros());
            if start.elapsed() <= TOGETHER || tries == TRIES {
                return Self { start, wall: WallClock { unix_micros_at_zero: unix } };
            }
            tries += 1;
        }
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
        let (before, unix, after) = (self.now(), unix_micros(), self.now());
        self.stepped_to(before, unix, after)
    }

    /// As [`Clock::stepped`], of what was read: the wall clock between two looks at the other one.
    fn stepped_to(&mut self, before: Instant, unix: i64, after: Instant) -> Option<WallClock> {
        if after.saturating_duration_since(before) > TOGETHER {
            // Nobody knows when in between it was: the next time will show.
            return None;
        }
        let off = unix.saturating_sub(self.wall.unix_micros(before));
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
    }

    #[test]
    fn steps_are_told_apart_from_pauses() {
        let mut clock = Clock::start();
        let zero = clock.wall().unix_micros_at_zero;
        let at = Instant::from_micros;
        let (second, step) = (1_000_000, 100_000);
        // Nothing was set, or too little; then forward, and far back.
        assert_eq!(clock.stepped_to(at(second), zero + 1_000_000, at(second + 5)), None);
        assert_eq!(clock.stepped_to(at(second), zero + 1_000_000 + step - 1, at(second + 5)), None);
        for to in [zero + step, zero - 3_600_000_000] {
            let stepped = Some(WallClock { unix_micros_at_zero: to });
            assert_eq!(clock.stepped_to(at(second), to + 1_000_000, at(second + 5)), stepped);
            assert_eq!(clock.stepped_to(at(second), to + 1_000_000, at(second + 5)), None, "told once");
        }
        // The process was stopped for an hour between two looks: the wall clock goes on, and was not set.
        let to = clock.wall().unix_micros_at_zero;
        assert_eq!(clock.stepped_to(at(second), to + 3_601_000_000, at(3_601_000_000)), None);
    }
}
