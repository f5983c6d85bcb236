//! Pings of our own: when the next one is due, how long the last one took, when a peer is dead.

use core::num::NonZeroU64;
use core::time::Duration;

use crate::Instant;

/// The state of our pings to one peer, from the end of the handshake on
/// (Bitcoin Core `src/net_processing.cpp` `MaybeSendPing`, `ProcessPong`).
#[derive(Debug)]
pub(super) struct Keepalive {
    /// The answer that the last ping waits for, if it was not answered yet.
    outstanding: Option<Answer>,
    /// When the last ping was sent; the end of the handshake before the first one.
    sent: Instant,
    /// When the next ping is due, unless one is outstanding.
    next: Instant,
    /// The shortest round trip in microseconds; the largest number before the first. Half of what an
    /// `Option<Duration>` takes of each connection.
    min: u64,
}

/// The answer to a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The pong with this nonce.
    Pong(NonZeroU64),
    /// Any message of the peer, which knows no pong (BIP31). Without this it could say nothing and read nothing
    /// for ever, and have its slot and our pings wait for it.
    Anything,
}

/// The action that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// Send a ping.
    Ping,
    /// The peer did not answer in time.
    Dead,
}

impl Keepalive {
    /// The first ping is due at once.
    pub(super) const fn new(now: Instant) -> Self {
        Self { outstanding: None, sent: now, next: now, min: u64::MAX }
    }

    /// Since when a ping waits for its answer, if one does.
    pub(super) fn outstanding_since(&self) -> Option<Instant> {
        self.outstanding.map(|_| self.sent)
    }

    /// The shortest time from a ping to its pong.
    pub(super) fn min(&self) -> Option<Duration> {
        (self.min != u64::MAX).then_some(Duration::from_micros(self.min))
    }

    pub(super) fn deadline(&self, timeout: Duration) -> Instant {
        if self.outstanding.is_some() { self.sent + timeout } else { self.next }
    }

    pub(super) fn due(&self, now: Instant, timeout: Duration) -> Due {
        match (now >= self.deadline(timeout), self.outstanding) {
            (false, _) => Due::Nothing,
            (true, None) => Due::Ping,
            (true, Some(_)) => Due::Dead,
        }
    }

    /// Notes that a ping was sent. Without a nonce no pong will come.
    pub(super) fn sent(&mut self, now: Instant, interval: Duration, nonce: Option<NonZeroU64>) {
        self.outstanding = Some(nonce.map_or(Answer::Anything, Answer::Pong));
        self.sent = now;
        self.next = now + interval;
    }

    /// The peer has said something.
    pub(super) fn heard(&mut self) {
        if self.outstanding == Some(Answer::Anything) {
            self.outstanding = None;
        }
    }

    /// Takes a pong: the time it took and the shortest so far, if it answers the ping. No nonce, or
    /// zero, cancels the ping; another nonce is ignored.
    pub(super) fn pong(&mut self, now: Instant, nonce: Option<u64>) -> Option<(Duration, Duration)> {
        let expected = self.outstanding?;
        match nonce {
            Some(nonce) if NonZeroU64::new(nonce).map(Answer::Pong) == Some(expected) => {
                self.outstanding = None;
                let rtt = now.as_micros().saturating_sub(self.sent.as_micros());
                self.min = self.min.min(rtt);
                Some((Duration::from_micros(rtt), Duration::from_micros(self.min)))
            }
            None | Some(0) => {
                self.outstanding = None;
                None
            }
            Some(_) => None,
        }
    }
}
