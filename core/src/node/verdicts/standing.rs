//! The standing of one peer: what it did last, and what is wrong with it.

use alloc::boxed::Box;

use super::Verdict;
use crate::Instant;

/// Everything that may be wrong with a peer, the first first.
const CAUSES: [Verdict; 5] = [
    Verdict::NeverReads,
    Verdict::PingLate,
    Verdict::RequestsUnanswered,
    Verdict::InvsStopped,
    Verdict::Junk,
];

/// The standing of one peer.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) ready: bool,
    /// Whether it was told that the handshake is not done.
    pub(super) is_told: bool,
    /// Since when nothing is wrong. Before the handshake is done: since when the connection is open.
    well_since: Instant,
    /// When it last announced a transaction; before that, the end of its handshake.
    pub(super) announced_at: Instant,
    /// When it was last compared with others that were as quiet.
    pub(super) compared_at: Instant,
    /// When it last answered a request; before that, the end of its handshake.
    pub(super) answered_at: Instant,
    /// When it was asked for what it has not answered, while it may be we who are offline; else [`Instant::MAX`].
    pub(super) unanswered_since: Instant,
    /// When it is to be looked at; [`Instant::MAX`] if it is not.
    pub(super) deadline: Instant,
    /// For each of [`CAUSES`] since when it holds; [`Instant::MAX`] if it does not. Boxed because with most peers
    /// nothing is wrong.
    causes: Option<Box<[Instant; CAUSES.len()]>>,
}

impl Standing {
    /// The standing of a peer whose connection, or whose handshake, came to be `now`.
    pub(super) const fn new(ready: bool, now: Instant) -> Self {
        Self {
            ready,
            is_told: false,
            well_since: now,
            announced_at: now,
            compared_at: now,
            answered_at: now,
            unanswered_since: Instant::MAX,
            deadline: Instant::MAX,
            causes: None,
        }
    }

    /// Returns the verdict, and since when it holds.
    pub(super) fn verdict(&self) -> (Verdict, Instant) {
        let well = if self.ready { Verdict::Ok } else { Verdict::HandshakePending };
        let causes = self.causes.iter().flat_map(|causes| CAUSES.into_iter().zip(**causes));
        let first = causes.into_iter().find(|(_, since)| *since < Instant::MAX);
        first.unwrap_or((well, self.well_since))
    }

    /// Whether nothing is wrong.
    pub(super) const fn is_well(&self) -> bool {
        self.causes.is_none()
    }

    /// Whether this is wrong.
    pub(super) fn is_blamed_for(&self, cause: Verdict) -> bool {
        let causes = self.causes.iter().flat_map(|causes| CAUSES.into_iter().zip(**causes));
        causes.into_iter().any(|(other, since)| other == cause && since < Instant::MAX)
    }

    /// Notes that this is wrong, since then if it was not wrong before.
    pub(super) fn blame(&mut self, cause: Verdict, since: Instant) {
        let causes = self.causes.get_or_insert_with(|| Box::new([Instant::MAX; CAUSES.len()]));
        for (other, held_since) in CAUSES.into_iter().zip(causes.iter_mut()) {
            if other == cause {
                *held_since = since.min(*held_since);
            }
        }
    }

    /// Notes that this is no longer wrong.
    pub(super) fn clear(&mut self, cause: Verdict, now: Instant) {
        let Some(causes) = &mut self.causes else { return };
        for (other, since) in CAUSES.into_iter().zip(causes.iter_mut()) {
            if other == cause {
                *since = Instant::MAX;
            }
        }
        if causes.iter().all(|since| *since == Instant::MAX) {
            self.causes = None;
            self.well_since = now;
        }
    }

    /// Notes that no ping is late.
    pub(super) fn clear_ping(&mut self, now: Instant) {
        self.clear(Verdict::NeverReads, now);
        self.clear(Verdict::PingLate, now);
    }

    /// Notes that a request was answered.
    pub(super) fn answered(&mut self, now: Instant) {
        self.answered_at = now;
        self.unanswered_since = Instant::MAX;
        self.clear(Verdict::RequestsUnanswered, now);
    }
}
