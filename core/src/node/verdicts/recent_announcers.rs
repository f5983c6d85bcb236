//! The peers that announced last: enough to know whether two did.

use crate::Instant;
use crate::node::ConnId;

/// The last two peers that announced a transaction, each with when it last did, the latest first.
#[derive(Debug)]
pub(super) struct RecentAnnouncers([(ConnId, Instant); 2]);

impl RecentAnnouncers {
    /// Notes an announcement.
    #[inline]
    pub(super) fn note(&mut self, conn: ConnId, now: Instant) {
        let [first, second] = &mut self.0;
        if first.0 != conn {
            *second = *first;
        }
        *first = (conn, now);
    }

    /// Whether two peers announced something after `from`.
    pub(super) fn are_two_after(&self, from: Instant) -> bool {
        self.0.iter().all(|(_, at)| *at > from)
    }
}

/// Nobody yet: connections are counted from 1.
impl Default for RecentAnnouncers {
    fn default() -> Self {
        Self([(ConnId(0), Instant::ZERO); 2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    /// Against a map of everybody, with every order of a few announcements.
    #[test]
    fn two_are_enough() {
        for sequence in 0..4_u64.pow(6) {
            let (mut recent, mut all) = (RecentAnnouncers::default(), BTreeMap::new());
            for step in 0..6 {
                let conn = ConnId(sequence / 4_u64.pow(step) % 4 + 1);
                let now = Instant::from_micros(u64::from(step) + 1);
                recent.note(conn, now);
                all.insert(conn, now);
            }
            for from in (0..8).map(Instant::from_micros) {
                let after = all.values().filter(|at| **at > from).count();
                assert_eq!(recent.are_two_after(from), after >= 2, "{sequence} {from:?}");
            }
        }
    }
}
