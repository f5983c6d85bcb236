//! Pings of our own: when the next one is due, how long the last one took, when a peer is dead.

use core::num::NonZeroU64;
use core::time::Duration;

use crate::Instant;

/// The state of our pings to one peer, from the end of the handshake on
/// (Bitcoin Core `src/net_processing.cpp` `MaybeSendPing`, `ProcessPong`).
#[derive(Debug)]
pub(super) struct Keepalive {
    /// The nonce of the ping that was not answered yet.
    outstanding: Option<NonZeroU64>,
    /// When the last ping was sent; the end of the handshake before the first one.
    sent: Instant,
    /// When the next ping is due, unless one is outstanding.
    next: Instant,
    min: Option<Duration>,
}

/// What time asks for.
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
        Self { outstanding: None, sent: now, next: now, min: None }
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

    /// Notes that a ping was sent. Without a nonce no pong will come (BIP31).
    pub(super) fn sent(&mut self, now: Instant, interval: Duration, nonce: Option<NonZeroU64>) {
        self.outstanding = nonce;
        self.sent = now;
        self.next = now + interval;
    }

    /// Takes a pong: the time it took and the shortest so far, if it answers the ping. No nonce, or
    /// zero, cancels the ping; another nonce is ignored.
    pub(super) fn pong(&mut self, now: Instant, nonce: Option<u64>) -> Option<(Duration, Duration)> {
        let expected = self.outstanding?;
        match nonce {
            Some(nonce) if nonce == expected.get() => {
                self.outstanding = None;
                let rtt = now.saturating_duration_since(self.sent);
                let min = self.min.map_or(rtt, |min| min.min(rtt));
                self.min = Some(min);
                Some((rtt, min))
            }
            None | Some(0) => {
                self.outstanding = None;
                None
            }
            Some(_) => None,
        }
    }
}
