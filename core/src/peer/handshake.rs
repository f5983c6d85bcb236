//! The handshake: what each message means at each stage of a connection, and what we say to it.
//!
//! ```text
//!         we dialled: version →            we accepted: silence
//!                         │                  │
//!                         ▼                  ▼
//!                       ┌──────────────────────┐
//!                       │   AwaitingVersion    │  all else: passed over
//!                       └──────────┬───────────┘
//!     ← version, ours comes back   │  closed, self_connection
//!     ← version, too old           │  closed, obsolete_version
//!     ← version                    │  [version] [wtxidrelay sendaddrv2] verack →
//!                                  ▼
//!                       ┌──────────────────────┐
//!     ← wtxidrelay ───▶ │    AwaitingVerack    │  all else: passed over
//!     ← sendaddrv2      └──────────┬───────────┘
//!     ← verack                     │
//!                                  ▼
//!                       ┌──────────────────────┐
//!     ← wtxidrelay,     │        Ready         │  ping, inv, tx …: read
//!       sendaddrv2:     └──────────────────────┘  version, verack again: passed over
//!       closed, late_feature
//! ```
//!
//! Every transition stands in [`step`]. A connection that is not Ready in time is closed, `handshake_timeout`. Our
//! `version` follows the peer's only if the peer dialled; the features go to peers that speak 70016. Bitcoin Core
//! `src/net_processing.cpp` `ProcessMessage`; the least versions and the silence before `verack` are ours.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;

use super::keepalive::Keepalive;
use super::{Direction, Event, IgnoredReason, Negotiated, Peer};
use crate::config::PROTOCOL_VERSION;
use crate::wire::{Command, NetAddress, Services, Version};
use crate::{CloseReason, Instant};

/// How far the handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The peer has not said who it is. The side that dialled has sent `version`, the other is silent.
    AwaitingVersion,
    /// Both have said it; we have sent `verack` and wait for theirs.
    AwaitingVerack,
    /// Done.
    Ready,
}

/// The step of a message, by its command alone: known as soon as its header is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is read, and the stage stays.
    Read,
    /// It is read. Unless it ends the connection, this is the stage after it.
    Enter(Stage),
    /// Its body is passed over.
    Ignore(IgnoredReason),
    /// It ends the connection.
    Late,
}

/// The table.
#[inline(always)] // A call for each message that nobody wants costs a fifth of passing it over.
pub(super) fn step(stage: Stage, command: Command, deliver: &BTreeSet<Command>) -> Step {
    use Stage::{AwaitingVerack, AwaitingVersion, Ready};
    use Step::{Enter, Ignore, Late, Read};
    // Not a `match` on the name: that goes through it byte by byte.
    let is = |names: &[Command]| names.contains(&command);
    match stage {
        AwaitingVersion if is(&[Command::VERSION]) => Enter(AwaitingVerack),
        // It steers nothing, and says why a peer is about to go.
        AwaitingVersion if is(&[Command::REJECT]) => Read,
        AwaitingVersion => Ignore(IgnoredReason::BeforeVersion),

        AwaitingVerack if is(&[Command::VERACK]) => Enter(Ready),
        AwaitingVerack if is(&[Command::WTXIDRELAY, Command::SENDADDRV2, Command::REJECT]) => Read,
        AwaitingVerack if is(&[Command::VERSION]) => Ignore(IgnoredReason::Duplicate),
        AwaitingVerack => Ignore(IgnoredReason::BeforeVerack),

        Ready if is(&READ) => Read,
        Ready if is(&[Command::VERSION, Command::VERACK]) => Ignore(IgnoredReason::Duplicate),
        Ready if is(&[Command::WTXIDRELAY, Command::SENDADDRV2]) => Late,
        Ready if deliver.contains(&command) => Read,
        Ready => Ignore(IgnoredReason::Unhandled),
    }
}

impl Stage {
    /// Takes the transition of a message that was read and did not end the connection.
    fn advance(&mut self, command: Command) {
        if let Step::Enter(next) = step(*self, command, &BTreeSet::new()) {
            *self = next;
        }
    }
}

/// The commands that are read of a peer when the handshake is done.
const READ: [Command; 8] = [
    Command::INV,
    Command::TX,
    Command::PING,
    Command::PONG,
    Command::GETDATA,
    Command::NOTFOUND,
    Command::FEEFILTER,
    Command::REJECT,
];

/// The least protocol version we speak. A peer that we dial must know `notfound` (70001), or a request
/// that cannot be served would only end by its timeout. A peer that dials us need only be Bitcoin Core's least.
pub(super) const fn least_version(direction: Direction) -> i32 {
    match direction {
        Direction::Outbound => 70001,
        Direction::Inbound => 31800,
    }
}

/// From this common version on a ping has a nonce and gets a pong (BIP31: versions *above* 60000).
pub(super) const PONG_VERSION: i32 = 60001;

/// From this common version on `wtxidrelay` and `sendaddrv2` are sent (BIP339, and by custom BIP155).
pub(super) const FEATURE_VERSION: i32 = 70016;

/// The agreement of both sides, as far as it steers anything later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreed {
    /// The lower of both protocol versions.
    pub(super) common_version: i32,
    /// The services of the peer.
    pub(super) services: Services,
    /// The peer announces transactions by wtxid.
    pub(super) wtxidrelay: bool,
    /// The peer understands `addrv2`.
    pub(super) addrv2: bool,
}

impl Peer {
    /// Takes the peer's `version` and answers it: our own if we were silent so far, the features
    /// that go before `verack`, `verack`.
    pub(super) fn take_version(
        &mut self,
        now: Instant,
        version: Version,
        is_ours: impl Fn(u64) -> bool,
    ) -> Option<Event> {
        let direction = self.connection.direction;
        if version.nonce != 0 && (version.nonce == self.connection.nonce || is_ours(version.nonce)) {
            return Some(self.close(CloseReason::SelfConnection));
        }
        let least = least_version(direction);
        if version.version < least {
            return Some(self.close(CloseReason::ObsoleteVersion { version: version.version, least }));
        }
        if direction == Direction::Inbound {
            self.send_version(now);
        }
        self.agreed.common_version = version.version.min(PROTOCOL_VERSION);
        self.agreed.services = version.services;
        if self.agreed.common_version >= FEATURE_VERSION {
            self.transport.send(now, Command::WTXIDRELAY, |_| {});
            self.transport.send(now, Command::SENDADDRV2, |_| {});
        }
        self.transport.send(now, Command::VERACK, |_| {});
        self.stage.advance(Command::VERSION);
        self.remote_version = Some(Box::new(Negotiated {
            common_version: self.agreed.common_version,
            wtxidrelay: false,
            addrv2: false,
            time_offset: version.timestamp.saturating_sub(self.connection.clock.unix_seconds(now)),
            version,
        }));
        None
    }

    /// Takes the peer's `verack`.
    pub(super) fn take_verack(&mut self, now: Instant) -> Option<Event> {
        self.stage.advance(Command::VERACK);
        self.keepalive = Keepalive::new(now);
        let mut negotiated = self.remote_version.take()?;
        negotiated.wtxidrelay = self.agreed.wtxidrelay;
        negotiated.addrv2 = self.agreed.addrv2;
        if self.config.count_messages {
            self.details = Some(negotiated.clone());
        }
        Some(Event::Handshake(negotiated))
    }

    /// Queues our `version`.
    pub(super) fn send_version(&mut self, now: Instant) {
        let version = Version {
            version: PROTOCOL_VERSION,
            services: self.config.services,
            timestamp: self.connection.clock.unix_seconds(now),
            addr_recv: self.connection.addr_recv,
            // Where we are is nobody's business (as in Bitcoin Core).
            addr_from: NetAddress { services: self.config.services, ..NetAddress::UNSPECIFIED },
            nonce: self.connection.nonce,
            user_agent: self.config.user_agent.as_bytes().into(),
            // With a height above its own btcd would take us for a node to sync from.
            start_height: 0,
            relay: self.config.relay,
        };
        self.transport.send(now, Command::VERSION, |out| version.encode_payload(out));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H14: `sendtxrcncl` never ends a connection; nothing of BIP330 is known before or after.
    #[test]
    fn h14_sendtxrcncl_is_ignored_at_every_stage() {
        for stage in [Stage::AwaitingVersion, Stage::AwaitingVerack, Stage::Ready] {
            assert!(
                matches!(step(stage, Command::SENDTXRCNCL, &BTreeSet::new()), Step::Ignore(_)),
                "{stage:?}"
            );
        }
    }
}
