//! The history of one address, and its consequences.

use super::{AddrNetwork, AddrPort, Source};
use crate::wire::Services;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// An address with its history. Times are Unix seconds, 0 for never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) addr: AddrPort,
    /// The one that told of it first.
    pub(super) source: Source,
    pub(super) services: Services,
    /// When it was last seen, by what was told.
    pub(super) time: u32,
    pub(super) last_success: u32,
    pub(super) last_try: u32,
    /// The last try that was counted.
    pub(super) last_counted: u32,
    /// Failures since the last success; 255 stands for more.
    pub(super) attempts: u8,
    /// Places that it holds in the new table.
    pub(super) places: u8,
    pub(super) is_tried: bool,
}

/// The chance of 1 as [`Entry::chance`] gives it.
pub(super) const CERTAIN: u32 = 1 << 30;

/// 0.66ⁿ of [`CERTAIN`], rounded.
const POWERS: [u32; 9] = [
    CERTAIN,
    708_669_604,
    467_721_939,
    308_696_479,
    203_739_676,
    134_468_186,
    88_749_003,
    58_574_342,
    38_659_066,
];

impl Entry {
    pub(super) fn network(&self) -> AddrNetwork {
        AddrNetwork::of(&self.addr.addr)
    }

    /// Notes a handshake. Its time stays as it is: it would tell others whom we are connected to.
    pub(super) const fn succeeded(&mut self, now: u32) {
        self.last_success = now;
        self.last_try = now;
        self.attempts = 0;
    }

    /// Returns whether it is so bad that it may be forgotten and is not told to others (Bitcoin Core
    /// `src/addrman.cpp` `IsTerrible`).
    pub(super) fn is_terrible(&self, now: u32) -> bool {
        let since = |time: u32| i64::from(now) - i64::from(time);
        if since(self.last_try) <= MINUTE {
            return false;
        }
        since(self.time) < -10 * MINUTE
            || since(self.time) > 30 * DAY
            || (self.last_success == 0 && self.attempts >= 3)
            || (since(self.last_success) > 7 * DAY && self.attempts >= 10)
    }

    /// Returns the chance, of [`CERTAIN`], with which it is taken when it is drawn (Bitcoin Core `src/addrman.cpp`
    /// `GetChance`): a hundredth if it was tried in the last 10 minutes, and two thirds for each failure up to eight.
    pub(super) fn chance(&self, now: u32) -> u32 {
        let power = POWERS[usize::from(self.attempts).min(POWERS.len() - 1)];
        let was_tried_lately = i64::from(now) - i64::from(self.last_try) < 10 * MINUTE;
        if was_tried_lately { power / 100 } else { power }
    }
}
