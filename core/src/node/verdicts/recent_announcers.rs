//! The peers that announced last: enough to know whether two others did.

use crate::Instant;
use crate::node::ConnId;

/// The last three peers that announced a transaction, each with when it last did, the latest first. Three, so that
/// whoever is left out, the last two others are there.
#[derive(Debug)]
pub(super) struct RecentAnnouncers([(ConnId, Instant); 3]);

impl RecentAnnouncers {
    /// Notes an announcement.
    #[inline]
    pub(super) fn note(&mut self, conn: ConnId, now: Instant) {
        let [first, second, third] = &mut self.0;
        if first.0 != conn {
            if second.0 != conn {
                *third = *second;
            }
            *second = *first;
        }
        *first = (conn, now);
    }

    /// Whether two others than this one announced something after `from`.
    pub(super) fn two_others(&self, conn: ConnId, from: Instant) -> bool {
        self.0.iter().filter(|(other, at)| *other != conn && *at > from).count() >= 2
    }
}

/// Nobody yet: connections are counted from 1.
impl Default for RecentAnnouncers {
    fn default() -> Self {
        Self([(ConnId(0), Instant::ZERO); 3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    /// Against a map of everybody, with every order of a few announcements.
    #[test]
    fn three_are_enough() {
        for sequence in 0..4_u64.pow(6) {
            let (mut recent, mut all) = (RecentAnnouncers::default(), BTreeMap::new());
            for step in 0..6 {
                let (conn, now) =
                    (ConnId(sequence / 4_u64.pow(step) % 4 + 1), Instant::from_micros(u64::from(step) + 1));
                recent.note(conn, now);
                all.insert(conn, now);
            }
            for conn in (1..=5).map(ConnId) {
                for from in (0..8).map(Instant::from_micros) {
                    let others = all.iter().filter(|(other, at)| **other != conn && **at > from).count();
                    assert_eq!(recent.two_others(conn, from), others >= 2, "{sequence} {conn} {from:?}");
                }
            }
        }
    }
}
