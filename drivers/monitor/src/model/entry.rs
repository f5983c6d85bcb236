//! Something to tell, with all that a line about it needs.

use std::mem::size_of;
use std::sync::Arc;

use satwire_capture::convert::Difference;
use satwire_capture::journal::Way;
use satwire_core::node::{Announcement, ConnId, EventKind, FailedRequest, Verdict};
use satwire_core::peer::Negotiated;
use satwire_core::{Instant, Network};

use super::{Connection, Totals, Traffic};
use crate::messages::Seen;

/// The least that an entry holds, and more than the rest of what has no large parts: addresses, names, reasons.
const LEAST: usize = size_of::<Entry>() + 256;

/// Something to tell.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) at: Instant,
    /// The same in Unix microseconds, by the clock as it was set then.
    pub(crate) time: i64,
    pub(crate) conn: Option<ConnId>,
    pub(crate) connection: Option<Arc<Connection>>,
    pub(crate) context: Context,
    pub(crate) kind: EntryKind,
}

/// The facts known when it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Context {
    /// By how many microseconds the wall clock stepped.
    pub(crate) stepped: i64,
    /// The connection's handshake is done.
    pub(crate) ready: bool,
    /// When a transaction that is told to have spread was announced first, in Unix microseconds.
    pub(crate) first_seen: i64,
    /// The connection's beginning is not in the capture.
    pub(crate) adopted: bool,
    /// Another peer that announced this transaction first.
    pub(crate) announcer: Option<ConnId>,
    /// The verdict on the peer, if the node judges.
    pub(crate) verdict: Option<Verdict>,
}

/// The thing to tell.
#[derive(Debug)]
pub(crate) enum EntryKind {
    /// The run begins, on this network; from this file of a journal on, if those before it are not there.
    Start(Network, Option<u32>),
    Event(EventKind),
    /// The capture lacks bytes that went this way: how many, if that is known.
    Lost(Way, Option<u64>),
    /// A connection has no messages that can be read: bytes received, and sent.
    Opaque(u64, u64),
    /// Our core would have done something else than the recorded node.
    Difference(Difference),
    /// A message went in or out.
    Message(Seen),
    Gap(Gap),
    /// The run is over.
    Summary(Totals, Traffic),
}

/// Events that are not told because the reader was too slow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gap {
    /// How many in all.
    pub(crate) dropped: u64,
    /// How many of each connection: those that lost most, at most [`Gap::NAMED`].
    pub(crate) by_peer: Vec<(ConnId, u64)>,
    /// How many of all others, and of none.
    pub(crate) rest: u64,
}

impl Gap {
    /// Connections that are named.
    pub(crate) const NAMED: usize = 16;
}

impl Entry {
    /// The Unix time in microseconds of a moment before it, by the clock as it was set then.
    pub(crate) const fn time_of(&self, moment: Instant) -> i64 {
        let before = self.at.as_micros().saturating_sub(moment.as_micros());
        self.time.saturating_sub_unsigned(before)
    }

    /// How many lines it makes for programs.
    pub(crate) fn lines(&self) -> u64 {
        match &self.kind {
            EntryKind::Event(EventKind::Announced(announcements)) => announcements.len() as u64,
            EntryKind::Event(EventKind::Notfound(failed) | EventKind::Unanswered(failed)) => {
                failed.len() as u64
            }
            _ => 1,
        }
    }

    /// The bytes of memory that it holds, or some more.
    pub(crate) fn bytes(&self) -> usize {
        let kind = match &self.kind {
            EntryKind::Event(kind) => kind,
            EntryKind::Message(seen) => return LEAST + seen.message.capacity(),
            _ => return LEAST,
        };
        LEAST
            + match kind {
                EventKind::Tx { tx, .. } => tx.as_bytes().len(),
                EventKind::Announced(announcements) => announcements.capacity() * size_of::<Announcement>(),
                EventKind::Notfound(failed) | EventKind::Unanswered(failed) => {
                    failed.capacity() * size_of::<FailedRequest>()
                }
                EventKind::Handshake(negotiated) => {
                    size_of::<Negotiated>() + negotiated.version.user_agent.capacity()
                }
                EventKind::Rejected(rejection) => rejection.command.capacity() + rejection.reason.capacity(),
                _ => 0,
            }
    }
}
