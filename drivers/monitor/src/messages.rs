//! Every message of a run, in both directions, for `--debug net`.

use std::collections::{BTreeMap, VecDeque};

use satwire_capture::journal::Way;
use satwire_capture::{Cutter, Piece};
use satwire_core::node::{ConnId, EventKind, Input, Output};
use satwire_core::wire::Header;
use satwire_core::{Instant, Magic};

/// Bytes of a payload that are kept; of a longer message there is the start. As many as this may wait on each
/// connection for the rest of a message.
pub(crate) const KEPT: usize = 512 << 10;

/// Messages of one turn whose room is kept for the next.
const SEEN_KEPT: usize = 1024;

/// A message that somebody saw who only looks on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) conn: ConnId,
    /// One from the peer is told when its last byte was read, one to it when it was queued: when it is written is the
    /// driver's business.
    pub(crate) way: Way,
    /// Its header, and its payload up to [`KEPT`] bytes.
    pub(crate) message: Vec<u8>,
    /// Events that the node told before.
    events: u64,
}

/// Looks at what an environment is shown, and keeps the messages until they are taken.
///
/// The messages that came in one read are told before all that follows from them; what is sent stands in order among the
/// events. A replay sees the same reads, and tells the same.
#[derive(Debug)]
pub(crate) struct Messages {
    magic: Magic,
    streams: BTreeMap<ConnId, Cutter>,
    seen: VecDeque<Seen>,
    /// Events that the node told, and those of them that were taken.
    told: u64,
    taken: u64,
}

impl Messages {
    /// Looks at connections of this network.
    pub(crate) const fn new(magic: Magic) -> Self {
        Self { magic, streams: BTreeMap::new(), seen: VecDeque::new(), told: 0, taken: 0 }
    }

    /// Takes what [`Environment::input`](satwire_core::node::Environment::input) shows.
    pub(crate) fn input(&mut self, now: Instant, input: &Input<'_>) {
        let Input::Received(conn, mut bytes) = *input else { return };
        let Some(cutter) = self.streams.get_mut(&conn) else { return };
        while let Some(piece) = cutter.next(&mut bytes) {
            if let Piece::Whole(message) = piece {
                let message = message.to_vec();
                self.seen.push_back(Seen { at: now, conn, way: Way::Received, message, events: self.told });
            }
        }
    }

    /// Takes what [`Environment::queued`](satwire_core::node::Environment::queued) shows.
    pub(crate) fn queued(&mut self, now: Instant, conn: ConnId, mut frames: &[u8]) {
        while let Some(header) = frames.first_chunk().map(Header::decode) {
            let whole = (Header::LEN + header.length as usize).min(frames.len());
            let (message, rest) = frames.split_at(whole);
            let message = message[..whole.min(Header::LEN + KEPT)].to_vec();
            self.seen.push_back(Seen { at: now, conn, way: Way::Sent, message, events: self.told });
            frames = rest;
        }
    }

    /// Takes what [`Environment::output`](satwire_core::node::Environment::output) shows.
    pub(crate) fn output(&mut self, output: &Output) {
        let Output::Event(event) = output else { return };
        self.told += 1;
        match (&event.kind, event.conn) {
            (EventKind::Connected { .. }, Some(conn)) => {
                self.streams.insert(conn, Cutter::new(self.magic, KEPT));
            }
            (EventKind::Disconnected(_), Some(conn)) => {
                self.streams.remove(&conn);
            }
            _ => {}
        }
    }

    /// Returns the next message that is to be told before the next event.
    pub(crate) fn next(&mut self) -> Option<Seen> {
        let is_next = self.seen.front().is_some_and(|seen| seen.events <= self.taken);
        if self.seen.is_empty() {
            // A burst is no reason to keep its memory.
            self.seen.shrink_to(SEEN_KEPT);
        }
        if is_next { self.seen.pop_front() } else { None }
    }

    /// Notes that an event was taken.
    pub(crate) const fn event_taken(&mut self) {
        self.taken += 1;
    }

    /// Leaves out all that was not taken so far.
    pub(crate) fn skip(&mut self) {
        self.seen.clear();
        self.taken = self.told;
    }
}

impl Seen {
    /// A message that stands in no order with events.
    pub(crate) fn new(at: Instant, conn: ConnId, way: Way, mut message: Vec<u8>) -> Self {
        message.truncate(Header::LEN + KEPT);
        Self { at, conn, way, message, events: 0 }
    }

    /// The header; all zero if there is none, which cannot be.
    pub(crate) fn header(&self) -> Header {
        Header::decode(self.message.first_chunk().unwrap_or(&[0; Header::LEN]))
    }
}

#[cfg(test)]
mod tests {
    use satwire_core::node::Event;
    use satwire_core::peer::Direction;
    use satwire_core::wire::{Command, encode_frame, encode_ping, encode_pong};
    use satwire_core::{CloseReason, Network};

    use super::*;

    const MAGIC: Magic = Network::Regtest.magic();
    const CONN: ConnId = ConnId(1);

    fn event(kind: EventKind) -> Output {
        Output::Event(Event::new(Instant::ZERO, Some(CONN), kind))
    }

    fn connected() -> Output {
        event(EventKind::Connected { addr: "127.0.0.1:1".parse().unwrap(), direction: Direction::Inbound })
    }

    /// The names of those that are told before the next event.
    fn take(messages: &mut Messages) -> Vec<(Way, String)> {
        let name = |seen: Seen| (seen.way, seen.header().command().unwrap().to_string());
        std::iter::from_fn(|| messages.next()).map(name).collect()
    }

    #[test]
    fn messages_stand_among_the_events_in_order() {
        let mut messages = Messages::new(MAGIC);
        messages.output(&connected());
        let (mut pings, mut pong) = (Vec::new(), Vec::new());
        encode_ping(&mut pings, MAGIC, 1);
        encode_ping(&mut pings, MAGIC, 2);
        encode_pong(&mut pong, MAGIC, 1);
        // Cut within the second.
        messages.input(Instant::ZERO, &Input::Received(CONN, &pings[..40]));
        messages.queued(Instant::ZERO, CONN, &pong.repeat(2));
        messages.output(&event(EventKind::Feefilter(1)));
        messages.input(Instant::ZERO, &Input::Received(CONN, &pings[40..]));
        // Not before the event that comes first.
        assert_eq!(take(&mut messages), []);
        messages.event_taken();
        let of = |way, name: &str| (way, name.to_owned());
        assert_eq!(
            take(&mut messages),
            [of(Way::Received, "ping"), of(Way::Sent, "pong"), of(Way::Sent, "pong")]
        );
        messages.event_taken();
        assert_eq!(take(&mut messages), [of(Way::Received, "ping")]);
    }

    /// Of what a peer claims nothing is held that did not come, and no more than the bound of what came.
    #[test]
    fn a_connection_holds_no_more_than_is_kept() {
        let mut messages = Messages::new(MAGIC);
        messages.output(&connected());
        let mut long = Vec::new();
        encode_frame(&mut long, MAGIC, Command::BLOCK, |out| out.resize(out.len() + 3_000_000, 7));
        for read in long.chunks(1 << 16) {
            messages.input(Instant::ZERO, &Input::Received(CONN, read));
        }
        messages.event_taken();
        let seen = messages.next().unwrap();
        assert_eq!((seen.message.len(), seen.header().length), (Header::LEN + KEPT, 3_000_000));
        messages.queued(Instant::ZERO, CONN, &long);
        assert_eq!(messages.next().unwrap().message.len(), Header::LEN + KEPT);
        // The bytes that come after the end are nobody's.
        messages.output(&event(EventKind::Disconnected(CloseReason::SelfConnection)));
        messages.event_taken();
        messages.input(Instant::ZERO, &Input::Received(CONN, &long));
        assert_eq!((messages.next(), messages.streams.len()), (None, 0));
    }

    #[test]
    fn what_is_skipped_is_not_told_later() {
        let mut messages = Messages::new(MAGIC);
        messages.output(&connected());
        let mut ping = Vec::new();
        encode_ping(&mut ping, MAGIC, 1);
        messages.queued(Instant::ZERO, CONN, &ping);
        messages.skip();
        messages.queued(Instant::ZERO, CONN, &ping);
        assert_eq!(take(&mut messages), [(Way::Sent, "ping".to_owned())]);
        assert_eq!(take(&mut messages), []);
    }
}
