//! The counts that a run and its replay have alike: bytes the node was told, and bytes it queued.

use satwire_core::Instant;
use satwire_core::node::Input;

use crate::model::Traffic;

/// Counts what an environment is shown.
///
/// How much of what was queued has been written is the driver's business, and a replay cannot know it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    traffic: Traffic,
    last_input: Instant,
    stopped: bool,
}

impl Meter {
    /// Takes what [`Environment::input`](satwire_core::node::Environment::input) shows.
    pub(crate) const fn input(&mut self, now: Instant, input: &Input<'_>) {
        self.last_input = now;
        match input {
            Input::Received(_, bytes) => self.traffic.received += bytes.len() as u64,
            Input::Stop => self.stopped = true,
            _ => {}
        }
    }

    /// Takes what [`Environment::queued`](satwire_core::node::Environment::queued) shows.
    pub(crate) const fn queued(&mut self, frames: &[u8]) {
        self.traffic.sent += frames.len() as u64;
    }

    /// The bytes so far.
    pub(crate) const fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// When the node was told something last: with this a run ends, and its replay.
    pub(crate) const fn last_input(&self) -> Instant {
        self.last_input
    }

    /// Whether the node was told to stop.
    pub(crate) const fn has_stopped(&self) -> bool {
        self.stopped
    }
}
