//! Things that happen again and again.

use std::time::{Duration, Instant};

/// When something is due that comes once in each period.
#[derive(Clone, Copy, Debug)]
pub(super) struct Every(Option<(Duration, Instant)>);

impl Every {
    /// Due first one period after `now`; without a period never.
    pub(super) fn new(period: Option<Duration>, now: Instant) -> Self {
        Self(period.map(|period| (period, now + period)))
    }

    /// When it is due.
    pub(super) fn at(self) -> Option<Instant> {
        self.0.map(|(_, at)| at)
    }

    /// Whether it is due; then it is not until the next time. Times that were missed are left out.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        let Some((period, at)) = &mut self.0 else { return false };
        if now < *at {
            return false;
        }
        let next = *at + *period;
        *at = if next > now { next } else { now + *period };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_in_each_period() {
        let (begin, second) = (Instant::now(), Duration::from_secs(1));
        let mut every = Every::new(Some(5 * second), begin);
        let mut due = vec![];
        for now in (0..40).filter(|now| !(12..28).contains(now)) {
            if every.take_due(begin + now * second) {
                due.push(now);
            }
            assert!(every.at() > Some(begin + now * second));
        }
        assert_eq!(due, [5, 10, 28, 33, 38]);
        let mut never = Every::new(None, begin);
        assert!(never.at().is_none() && !never.take_due(begin + second));
    }
}
