//! The table of transitions: what each message means at each stage of a connection.
//!
//! Bitcoin Core `src/net_processing.cpp` `ProcessMessage`; `protocol version` limits and the silence
//! before `verack` are ours.

use crate::wire::{Command, Services};

use super::{Direction, IgnoredBecause};

/// How far the handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The peer has not said who it is. Who dialled has sent `version`, who accepted is silent.
    AwaitingVersion,
    /// Both have said it; we have sent `verack` and wait for theirs.
    AwaitingVerack,
    /// Done.
    Ready,
}

/// What to do with a message, by its command alone: known as soon as its header is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Read it.
    Take,
    /// Pass over its body.
    Ignore(IgnoredBecause),
    /// It ends the connection.
    Late,
}

/// The table.
#[expect(clippy::match_same_arms, reason = "read stage by stage")]
pub(super) fn admit(stage: Stage, command: Command) -> Admission {
    use Admission::{Ignore, Late, Take};
    use Stage::{AwaitingVerack, AwaitingVersion, Ready};
    match (stage, command) {
        (AwaitingVersion, Command::VERSION) => Take,
        (AwaitingVersion, _) => Ignore(IgnoredBecause::BeforeVersion),

        (AwaitingVerack, Command::VERACK | Command::WTXIDRELAY | Command::SENDADDRV2) => Take,
        (AwaitingVerack | Ready, Command::VERSION) => Ignore(IgnoredBecause::Duplicate),
        (AwaitingVerack, _) => Ignore(IgnoredBecause::BeforeVerack),

        (Ready, Command::VERACK) => Ignore(IgnoredBecause::Duplicate),
        (Ready, Command::WTXIDRELAY | Command::SENDADDRV2) => Late,
        (
            Ready,
            Command::PING
            | Command::PONG
            | Command::INV
            | Command::GETDATA
            | Command::NOTFOUND
            | Command::FEEFILTER
            | Command::TX,
        ) => Take,
        (Ready, _) => Ignore(IgnoredBecause::Unhandled),
    }
}

/// The least protocol version we speak. Who we dial must know `notfound` (70001), or a request that
/// cannot be served would only end by its timeout; who dials us need only be Bitcoin Core's least.
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

/// What both sides agreed on, as far as it steers anything later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The lower of both protocol versions.
    pub(super) common: i32,
    /// What the peer serves.
    pub(super) services: Services,
    /// The peer announces transactions by wtxid.
    pub(super) wtxidrelay: bool,
    /// The peer understands `addrv2`.
    pub(super) addrv2: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H14: `sendtxrcncl` never ends a connection; nothing of BIP330 is known before or after.
    #[test]
    fn h14_sendtxrcncl_is_ignored_at_every_stage() {
        for stage in [Stage::AwaitingVersion, Stage::AwaitingVerack, Stage::Ready] {
            assert!(matches!(admit(stage, Command::SENDTXRCNCL), Admission::Ignore(_)), "{stage:?}");
        }
    }
}
