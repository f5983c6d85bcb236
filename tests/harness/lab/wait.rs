//! Waiting for something outside this process: always with a deadline, never with a fixed sleep.

use std::thread;
use std::time::{Duration, Instant};

use super::LabError;

/// How often is looked. Short, since most waits are for things that take some milliseconds.
const POLL: Duration = Duration::from_millis(20);

/// Looks until `poll` finds something, and gives up after `within`.
///
/// `Ok(None)` and [`LabError::Refused`] mean "not yet": a node that starts refuses everything. Any other error
/// ends the wait at once, it would not go away.
pub(super) fn until<T>(
    what: &str,
    within: Duration,
    mut poll: impl FnMut() -> Result<Option<T>, LabError>,
) -> Result<T, LabError> {
    let deadline = Instant::now() + within;
    loop {
        let last = match poll() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => String::new(),
            Err(refused @ LabError::Refused { .. }) => refused.to_string(),
            Err(error) => return Err(error),
        };
        if Instant::now() >= deadline {
            return Err(LabError::TimedOut { what: what.into(), after: within, last });
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> LabError {
        LabError::Refused { command: "getinfo".into(), message: "not up".into() }
    }

    #[test]
    fn refusals_are_not_the_end() {
        let mut looks = 0;
        let found = until("a third look", Duration::from_secs(10), || {
            looks += 1;
            match looks {
                1 => Err(refused()),
                2 => Ok(None),
                _ => Ok(Some(looks)),
            }
        });
        assert_eq!(found.expect("found at the third look"), 3);
    }

    #[test]
    fn a_deadline_says_what_stood_in_the_way() {
        let never: Result<(), _> = until("a miracle", Duration::ZERO, || Err(refused()));
        let error = never.expect_err("it never happens").to_string();
        assert_eq!(error, "a miracle: not within 0 s; at last: btcctl getinfo: not up");
    }

    #[test]
    fn other_errors_end_the_wait() {
        let broken: Result<(), _> =
            until("anything", Duration::from_secs(600), || Err(LabError::unexpected("a number", "seven")));
        assert!(matches!(broken, Err(LabError::Unexpected { .. })));
    }
}
