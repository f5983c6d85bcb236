//! One connection, as far as both ends have said what it is.

use std::time::Duration;

use satwire_core::Instant;
use satwire_core::peer::Negotiated;
use satwire_core::wire::Version;

use super::ids::NodeKey;
use crate::convert::framing::Framing;
use crate::journal::Way;

/// The protocol version of a node that has not said its own in the capture: a current one.
const UNKNOWN_VERSION: i32 = satwire_core::PROTOCOL_VERSION;

/// The facts known of a connection.
#[derive(Debug)]
pub(super) struct Conversation {
    /// The node at our end.
    pub(super) node: NodeKey,
    pub(super) framing: Framing,
    /// Bytes that its framing holds.
    pub(super) held: usize,
    /// Bytes of each way.
    pub(super) bytes: [u64; 2],
    /// The peer's `version`, until its `verack` comes.
    version: Option<(Version, i64)>,
    our_version: i32,
    /// The features that each side has, by [`Way`].
    pub(super) wtxidrelay: [bool; 2],
    addrv2: bool,
    /// The peer's `version` has come.
    pub(super) has_version: bool,
    /// The ends whose `verack` was sent, by [`Way`].
    pub(super) verack: [bool; 2],
    /// Our last ping that was not answered.
    ping: Option<(u64, Instant)>,
    min_ping: Option<Duration>,
    feefilter: Option<i64>,
}

impl Conversation {
    pub(super) const fn new(node: NodeKey, framing: Framing) -> Self {
        Self {
            node,
            framing,
            held: 0,
            bytes: [0; 2],
            version: None,
            our_version: UNKNOWN_VERSION,
            wtxidrelay: [false; 2],
            addrv2: false,
            has_version: false,
            verack: [false; 2],
            ping: None,
            min_ping: None,
            feefilter: None,
        }
    }

    /// Both had agreed on this before.
    pub(super) fn adopt(&mut self, negotiated: &Negotiated) {
        (self.has_version, self.verack) = (true, [true; 2]);
        self.our_version = negotiated.common_version;
        self.wtxidrelay = [negotiated.wtxidrelay; 2];
        self.addrv2 = negotiated.addrv2;
    }

    /// The peer says who it is.
    pub(super) fn take_version(&mut self, version: Version, now_seconds: i64) {
        let offset = version.timestamp.saturating_sub(now_seconds);
        self.version = Some((version, offset));
        self.has_version = true;
    }

    /// We say who we are.
    pub(super) const fn sent_version(&mut self, version: &Version) {
        self.our_version = version.version;
    }

    /// The peer announces by wtxid, or understands `addrv2`.
    pub(super) const fn take_feature(&mut self, wtxidrelay: bool) {
        if wtxidrelay {
            self.wtxidrelay[Way::Received as usize] = true;
        } else {
            self.addrv2 = true;
        }
    }

    /// The peer's handshake is done.
    pub(super) fn take_verack(&mut self) -> Option<Negotiated> {
        self.verack[Way::Received as usize] = true;
        let (version, time_offset) = self.version.take()?;
        let common_version = version.version.min(self.our_version);
        let mut negotiated = Negotiated::new(version, common_version);
        negotiated.wtxidrelay = self.wtxidrelay[Way::Received as usize];
        negotiated.addrv2 = self.addrv2;
        negotiated.time_offset = time_offset;
        Some(negotiated)
    }

    pub(super) const fn sent_ping(&mut self, at: Instant, nonce: u64) {
        self.ping = Some((nonce, at));
    }

    /// Whether a ping of ours waits for its answer.
    pub(super) const fn has_ping(&self) -> bool {
        self.ping.is_some()
    }

    /// The time since the ping that this answers, and the shortest so far.
    pub(super) fn take_pong(&mut self, at: Instant, nonce: u64) -> Option<(Duration, Duration)> {
        let (_, sent) = self.ping.take_if(|(expected, _)| *expected == nonce)?;
        let rtt = at.saturating_duration_since(sent);
        let min = self.min_ping.map_or(rtt, |min| min.min(rtt));
        self.min_ping = Some(min);
        Some((rtt, min))
    }

    /// Whether a fee filter says something new.
    pub(super) fn take_feefilter(&mut self, rate: i64) -> Option<u64> {
        let is_new = self.feefilter.replace(rate) != Some(rate);
        u64::try_from(rate).ok().filter(|_| is_new)
    }
}
