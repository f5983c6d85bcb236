//! The world around a node: where its random words come from, and who watches it.

use rand_core::Rng;

use super::{ConnId, Input, Output};
use crate::Instant;

/// The needs of a node from where it runs, and the words that it tells of itself.
///
/// Only [`Environment::draw`] and [`Environment::observe`] steer the node. The other methods let a recorder, a
/// transcript or a test see everything that does, and everything that follows, in the order in which it happens; by
/// default they do nothing. With the inputs, the draws and the observations a replay does the same again.
///
/// An environment around another one hands on both, or a replay falls out of step.
///
/// A random number generator becomes an environment through [`FromRng`]; a closure that gives words is one.
pub trait Environment {
    /// A fresh random word. `purpose` says what for: a replay that has to invent a word (a packet
    /// capture holds nonces only) can do so without falling out of step with the others.
    fn draw(&mut self, purpose: Purpose) -> u64;

    /// Takes what the node has `seen` of something that is no input, and returns what it is to act on: the same, or
    /// in a replay what was recorded. The node says so only where it cannot do without: of how far writes get.
    fn observe(&mut self, purpose: Purpose, seen: u64) -> u64 {
        let _ = purpose;
        seen
    }

    /// An input is about to be handled.
    fn input(&mut self, now: Instant, input: &Input<'_>) {
        let _ = (now, input);
    }

    /// These messages, whole, were queued for `conn`. When they are written is the driver's business.
    fn queued(&mut self, now: Instant, conn: ConnId, frames: &[u8]) {
        let _ = (now, conn, frames);
    }

    /// An order or an event was queued. [`Output::Transmit`] is not shown here: how far a write gets
    /// never steers the protocol, and [`Environment::queued`] has shown the messages.
    fn output(&mut self, now: Instant, output: &Output) {
        let _ = (now, output);
    }
}

/// Draws from the closure, and tells nobody.
impl<F: FnMut(Purpose) -> u64> Environment for F {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        self(purpose)
    }
}

/// The purpose of a random word, or of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// The nonce of our `version` on this connection.
    VersionNonce(ConnId),
    /// The nonce of our next `ping` on this connection.
    PingNonce(ConnId),
    /// The key of a hash table. Drawn when the node is made.
    Salt,
    /// How long a redial waits.
    Jitter,
    /// An observation: 1 if bytes wait to be written to this connection and none could be for long, else 0
    /// ([`Verdict::NeverReads`](super::Verdict::NeverReads)).
    Stuck(ConnId),
}

/// An [`Environment`] that draws from a random number generator and tells nobody.
///
/// `R` is an `Rng` of the crate `rand_core`, version 0.10: for example `rand::rng()` of the crate `rand`, version 0.10,
/// or a generator of `chacha20`, version 0.10. The generator decides how well nobody can guess our nonces: seed one from
/// the operating system.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper of one value")]
pub struct FromRng<R>(pub R);

impl<R: Rng> Environment for FromRng<R> {
    fn draw(&mut self, _purpose: Purpose) -> u64 {
        self.0.next_u64()
    }
}
