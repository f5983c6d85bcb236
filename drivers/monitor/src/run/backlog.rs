//! The connections whose events wait to be written, and those that have to wait for it.
//!
//! The bytes that an event holds count for its connection until its line is written. A connection that holds more than
//! its share is left unread until it holds less than half of it, and all others are told meanwhile. A share is
//! [`Backlog::SHARE`], or an eighth of what is free if that is less, so that many together never use up the room of the
//! others: whoever holds little can go on when those who hold much have to wait.
//!
//! A connection holds at most its share and what one turn of the driver reads of it: an event of the largest message,
//! or the small ones of 64 KiB. All together hold [`Backlog::TOTAL`]: what does not fit is dropped, and its connection
//! waits until an eighth is free.

use std::collections::{BTreeMap, BTreeSet};

use satwire_core::node::ConnId;

use crate::model::Gap;

/// Connections whose losses are counted for each.
const COUNTED: usize = 1024;

/// The bytes that wait, by connection. Events that concern none have a share, too.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    held: BTreeMap<Option<ConnId>, usize>,
    total: usize,
    /// Connections that are left unread.
    paused: BTreeSet<ConnId>,
    lost: Lost,
}

/// Events that were dropped and not told of yet.
#[derive(Debug, Default)]
struct Lost {
    dropped: u64,
    by_peer: BTreeMap<ConnId, u64>,
}

/// The order about reading a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Pause(ConnId),
    Resume(ConnId),
}

impl Backlog {
    /// Bytes that all events together may hold.
    pub(super) const TOTAL: usize = 64 << 20;
    /// Bytes that a connection may hold before it has to wait.
    pub(super) const SHARE: usize = 1 << 20;

    /// Takes an event that holds so many bytes and makes so many lines; false if it is dropped. While the reader has
    /// `stalled` nobody waits for it, and what is above a share is dropped.
    pub(super) fn admit(&mut self, conn: Option<ConnId>, bytes: usize, lines: u64, stalled: bool) -> bool {
        let held = self.held.get(&conn).copied().unwrap_or(0);
        if self.total + bytes > Self::TOTAL || stalled && held > self.share() {
            self.lost.note(conn, lines);
            return false;
        }
        self.hold(conn, bytes);
        true
    }

    /// Takes an event that is never dropped. To be used for those that are few.
    pub(super) fn hold(&mut self, conn: Option<ConnId>, bytes: usize) {
        *self.held.entry(conn).or_default() += bytes;
        self.total += bytes;
    }

    /// An event that was taken is written.
    pub(super) fn release(&mut self, conn: Option<ConnId>, bytes: usize) {
        self.total = self.total.saturating_sub(bytes);
        if let Some(held) = self.held.get_mut(&conn) {
            *held = held.saturating_sub(bytes);
            if *held == 0 {
                self.held.remove(&conn);
            }
        }
    }

    /// Whether this connection is to be left unread from now on, after its event was `admitted` or not.
    pub(super) fn must_pause(&mut self, conn: ConnId, admitted: bool) -> bool {
        (!admitted || self.held(conn) > self.share()) && self.paused.insert(conn)
    }

    /// The connections that are to be read again: of those that wait, or all if the reader has `stalled`.
    pub(super) fn take_resumed(&mut self, stalled: bool) -> Vec<ConnId> {
        // A connection that lost something for want of room holds perhaps nothing.
        let has_room = self.total <= Self::TOTAL / 8 * 7;
        let is_below = |conn| has_room && self.held(conn) <= self.share() / 2;
        let resumed = self.paused.iter().filter(|conn| stalled || is_below(**conn));
        let resumed: Vec<_> = resumed.copied().collect();
        for conn in &resumed {
            self.paused.remove(conn);
        }
        resumed
    }

    /// A connection is over: it waits no more.
    pub(super) fn forget(&mut self, conn: ConnId) {
        self.paused.remove(&conn);
    }

    /// The counts of dropped events, once there is room again, or in any case.
    pub(super) fn take_gap(&mut self, in_any_case: bool) -> Option<Gap> {
        (self.lost.dropped > 0 && (in_any_case || self.total <= Self::TOTAL / 2)).then(|| self.lost.take())
    }

    /// Whether somebody waits for something to be written.
    pub(super) fn is_awaited(&self) -> bool {
        !self.paused.is_empty() || self.lost.dropped > 0
    }

    /// The bytes that all events hold.
    #[cfg(test)]
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    fn held(&self, conn: ConnId) -> usize {
        self.held.get(&Some(conn)).copied().unwrap_or(0)
    }

    /// The share that a connection may hold.
    const fn share(&self) -> usize {
        let free = Self::TOTAL.saturating_sub(self.total) / 8;
        if free < Self::SHARE { free } else { Self::SHARE }
    }
}

impl Lost {
    fn note(&mut self, conn: Option<ConnId>, lines: u64) {
        self.dropped += lines;
        let Some(conn) = conn else { return };
        if self.by_peer.len() < COUNTED || self.by_peer.contains_key(&conn) {
            *self.by_peer.entry(conn).or_default() += lines;
        }
    }

    fn take(&mut self) -> Gap {
        let Self { dropped, by_peer } = std::mem::take(self);
        let mut by_peer: Vec<_> = by_peer.into_iter().collect();
        by_peer.sort_by_key(|(conn, lost)| (std::cmp::Reverse(*lost), *conn));
        by_peer.truncate(Gap::NAMED);
        let named: u64 = by_peer.iter().map(|(_, lost)| lost).sum();
        Gap { dropped, by_peer, rest: dropped - named }
    }
}
