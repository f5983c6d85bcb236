//! Random words that are not random.

use std::collections::{BTreeMap, VecDeque};

use satwire_core::Instant;
use satwire_core::node::{ConnId, Environment, Purpose};

/// An [`Environment`] whose words follow a script: those that a test set, else a counted sequence.
///
/// Every draw is recorded, so that a test can tell what a word was for, and so is what was queued.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The draws: the purpose, and the word.
    pub draws: Vec<(Purpose, u64)>,
    /// The next words for redials.
    pub jitter: VecDeque<u64>,
    /// The next words for nonces, of `version` and `ping` alike.
    pub nonces: VecDeque<u64>,
    /// Every message that the node queued, connection by connection.
    pub queued: BTreeMap<ConnId, Vec<u8>>,
    /// Nothing is recorded: for tests that count memory.
    pub forgetful: bool,
    /// How many were drawn.
    pub drawn: u64,
}

impl Environment for Script {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        let set = match purpose {
            Purpose::Jitter => self.jitter.pop_front(),
            Purpose::VersionNonce(_) | Purpose::PingNonce(_) => self.nonces.pop_front(),
            _ => None,
        };
        self.drawn += 1;
        let word = set.unwrap_or_else(|| spread(self.drawn));
        if !self.forgetful {
            self.draws.push((purpose, word));
        }
        word
    }

    fn queued(&mut self, _now: Instant, conn: ConnId, frames: &[u8]) {
        if !self.forgetful {
            self.queued.entry(conn).or_default().extend_from_slice(frames);
        }
    }
}

/// A word from a count, all of its bits used (the finaliser of SplitMix64).
fn spread(count: u64) -> u64 {
    let mut word = count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
