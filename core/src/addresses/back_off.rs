//! Peers that send us away: they are left alone for longer each time (ours, G6).

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::wire::AddrV2;

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

/// A connection that ended so soon after its handshake says that we are not wanted.
const EARLY: Duration = Duration::from_secs(60);
/// How long an address is left alone after the first, the second and each further time.
const WAITS: [u32; 3] = [10 * MINUTE, HOUR, DAY];
/// Three times within this time, and the address is left alone as long.
const LONGEST: u32 = 30 * DAY;

/// Addresses that are remembered; of more, the one that may be dialled first is forgotten.
pub(super) const MAX_AVOIDED: usize = 1024;

/// The memory of an address that sent us away. Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Avoided {
    /// How often in a row.
    pub(super) times: u8,
    /// When, the last three times: the latest first, 0 for never.
    pub(super) last: [u32; 3],
    /// Until when it is not dialled.
    pub(super) until: u32,
}

/// The addresses that sent us away, and until when each is not dialled. It counts addresses without their ports.
///
/// One that ends a connection within 60 s of the handshake is left alone for 10 minutes, the second time in a row for
/// an hour, then for a day. Three times within 30 days are 30 days: it avoids us. One that keeps us for longer is
/// forgotten. At most 1024 are remembered, in at most [`BackOff::MAX_BYTES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackOff {
    pub(super) avoided: BTreeMap<AddrV2, Avoided>,
}

/// The consequence of the end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackOffVerdict {
    /// It lasted: nothing is remembered.
    Kept,
    /// It was short: the address is left alone for so long.
    Waits(Duration),
    /// It was the third short one in 30 days: the peer avoids us, and is left alone for so long.
    AvoidsUs(Duration),
}

impl BackOff {
    /// The most that it takes, in bytes.
    pub const MAX_BYTES: usize = 128 * 1024;

    /// Notes that the peer ended a connection that had been ready for `lasted`. Not to be called for ends of our own.
    pub fn closed(&mut self, addr: &AddrV2, lasted: Duration, now: u32) -> BackOffVerdict {
        if lasted >= EARLY {
            self.avoided.remove(addr);
            return BackOffVerdict::Kept;
        }
        let before = self.avoided.get(addr).copied();
        let mut avoided = before.unwrap_or(Avoided { times: 0, last: [0; 3], until: 0 });
        avoided.times = avoided.times.saturating_add(1);
        avoided.last = [now, avoided.last[0], avoided.last[1]];
        let third = avoided.last[2];
        let avoids_us = third != 0 && now.saturating_sub(third) < LONGEST;
        let wait =
            if avoids_us { LONGEST } else { WAITS[usize::from(avoided.times - 1).min(WAITS.len() - 1)] };
        avoided.until = now.saturating_add(wait);
        self.make_room(addr);
        self.avoided.insert(*addr, avoided);
        let wait = Duration::from_secs(wait.into());
        if avoids_us { BackOffVerdict::AvoidsUs(wait) } else { BackOffVerdict::Waits(wait) }
    }

    /// Returns whether an address is not to be dialled now.
    pub fn is_avoided(&self, addr: &AddrV2, now: u32) -> bool {
        // One that would wait for longer was noted before the clock was set back.
        let is_waiting = |until: u32| now < until && until <= now.saturating_add(LONGEST);
        self.avoided.get(addr).is_some_and(|avoided| is_waiting(avoided.until))
    }

    fn make_room(&mut self, addr: &AddrV2) {
        if self.avoided.len() >= MAX_AVOIDED
            && !self.avoided.contains_key(addr)
            && let Some(first) =
                self.avoided.iter().min_by_key(|(_, avoided)| avoided.until).map(|(at, _)| *at)
        {
            self.avoided.remove(&first);
        }
    }
}
