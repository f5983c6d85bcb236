//! Whether anybody reaches us: "we are offline" is not "this peer is gone".

use alloc::collections::BTreeSet;
use core::time::Duration;

use crate::node::dialler::Dialler;
use crate::node::{EventKind, TargetId};
use crate::{CloseReason, Instant, IoError};

/// The fewest peers, or targets, whose silence at once is ours and not theirs.
const SEVERAL: usize = 2;

/// The record of what was heard of anybody.
#[derive(Debug)]
pub(super) struct Reach {
    /// When somebody last sent something, or a connection came to be.
    heard_at: Instant,
    /// Since when nothing was heard, while we are offline.
    offline_since: Option<Instant>,
    /// When we were last offline.
    online_since: Instant,
    /// Open connections.
    open: usize,
    /// Connections whose handshake is done.
    ready: usize,
    /// Targets from which there was no answer to the last attempt, while no connection is open.
    failed: BTreeSet<TargetId>,
    gaps: Gaps,
}

impl Reach {
    /// Nothing was heard yet. A peer that lives says something in each `ping_interval`.
    pub(super) fn new(ping_interval: Duration) -> Self {
        Self {
            heard_at: Instant::ZERO,
            offline_since: None,
            online_since: Instant::ZERO,
            open: 0,
            ready: 0,
            failed: BTreeSet::new(),
            gaps: Gaps::new(ping_interval),
        }
    }

    /// Notes that a connection is open.
    pub(super) fn opened(&mut self, now: Instant) -> Option<EventKind> {
        self.open += 1;
        self.heard(now)
    }

    /// Notes that a connection is ready.
    pub(super) const fn ready(&mut self) {
        self.ready += 1;
    }

    /// Notes that a connection is over.
    pub(super) fn gone(&mut self, was_ready: bool) {
        self.open -= 1;
        self.ready -= usize::from(was_ready);
    }

    /// Notes that there is somebody.
    #[inline]
    pub(super) fn heard(&mut self, now: Instant) -> Option<EventKind> {
        self.gaps.note(self.heard_at, now);
        self.heard_at = now;
        if self.offline_since.is_some() || !self.failed.is_empty() { self.back(now) } else { None }
    }

    #[cold]
    fn back(&mut self, now: Instant) -> Option<EventKind> {
        self.failed.clear();
        let since = self.offline_since.take()?;
        self.online_since = now;
        Some(EventKind::Online { after: now.saturating_duration_since(since) })
    }

    /// Notes that a target could not be reached. A refusal is an answer.
    pub(super) fn dial_failed(
        &mut self,
        id: TargetId,
        reason: CloseReason,
        dialler: &Dialler,
        now: Instant,
    ) -> Option<EventKind> {
        match reason {
            CloseReason::Io(IoError::Refused | IoError::Reset | IoError::Ended) => return self.heard(now),
            CloseReason::Io(IoError::NoDescriptors) | CloseReason::Local(_) => return None,
            _ if self.open > 0 || self.is_offline() => return None,
            _ => {}
        }
        self.failed.insert(id);
        let targets = dialler.len();
        if self.failed.len() >= targets {
            self.failed.retain(|id| dialler.address(*id).is_some());
        }
        if targets >= SEVERAL && self.failed.len() >= targets { self.lost() } else { None }
    }

    /// Whether nobody said anything after `since`, of several who could have.
    pub(super) fn silent_since(&self, since: Instant) -> bool {
        self.heard_at < since && (self.ready >= SEVERAL || self.is_offline())
    }

    /// Whether nobody has said anything for longer than it ever took of late.
    pub(super) fn is_quieter_than_usual(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.heard_at) > self.gaps.longest()
    }

    /// When somebody last said something.
    pub(super) const fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// When we were last offline.
    pub(super) const fn online_since(&self) -> Instant {
        self.online_since
    }

    /// Whether we are offline.
    pub(super) const fn is_offline(&self) -> bool {
        self.offline_since.is_some()
    }

    /// We are offline; tells it if that is news.
    pub(super) fn lost(&mut self) -> Option<EventKind> {
        if self.is_offline() {
            return None;
        }
        self.offline_since = Some(self.heard_at);
        Some(EventKind::Offline { since: self.heard_at })
    }
}

/// How long it was quiet at most, in microseconds, in the last one to two periods.
#[derive(Debug)]
struct Gaps {
    period: u64,
    /// When this period began.
    began: u64,
    longest: u64,
    /// The same of the period before. Without one nothing is known: any gap may be usual.
    longest_before: u64,
}

impl Gaps {
    fn new(period: Duration) -> Self {
        let period = u64::try_from(period.as_micros()).unwrap_or(u64::MAX);
        Self { period, began: 0, longest: 0, longest_before: u64::MAX }
    }

    /// Notes a gap that ended.
    #[inline]
    fn note(&mut self, began: Instant, now: Instant) {
        let (began, now) = (began.as_micros(), now.as_micros());
        if now.saturating_sub(self.began) >= self.period {
            self.longest_before = core::mem::take(&mut self.longest);
            self.began = now;
        }
        self.longest = self.longest.max(now.saturating_sub(began));
    }

    fn longest(&self) -> Duration {
        Duration::from_micros(self.longest.max(self.longest_before))
    }
}
