//! The traffic of a connection, counted by command.

use alloc::collections::BTreeMap;

use crate::Instant;
use crate::wire::Command;

/// Messages and bytes of a connection in one direction, headers included. A message counts as sent when it is queued:
/// how far a write gets is no matter of the protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes of all messages.
    pub bytes: u64,
    /// When the last message came or was queued.
    pub last: Option<Instant>,
    /// Messages and their bytes, by command.
    pub by_command: BTreeMap<Command, (u64, u64)>,
    /// Messages and bytes of commands that the codec does not know, together (Bitcoin Core's `*other*`).
    pub other: (u64, u64),
}

impl Traffic {
    pub(super) fn count(&mut self, now: Instant, command: Command, bytes: usize) {
        self.bytes += bytes as u64;
        self.last = Some(now);
        let (messages, sum) =
            if command.is_known() { self.by_command.entry(command).or_default() } else { &mut self.other };
        *messages += 1;
        *sum += bytes as u64;
    }
}
