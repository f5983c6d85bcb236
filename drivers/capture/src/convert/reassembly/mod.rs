//! TCP put together again: from segments as they were captured to [`CaptureEvent`]s. No I/O.
//!
//! **Order.** Bytes are told in the order of the stream, each once; of bytes that came twice, the first count.
//! They carry the time of the packet that completed the stream up to them. Events of all connections come in
//! the order of the packets that brought them. Where a stream waits for a missing segment, everything later
//! waits with it, so that the time of what follows the gap is its own whether the gap is filled or not. Time
//! never runs backwards: a packet that claims to be earlier than the one before it has that one's time.
//!
//! **Losses.** A gap is a loss, of as many bytes as the numbers tell,
//! - [`ACK_SLACK`] after the other side acknowledged what lies beyond it: it had come and was not captured;
//!   the time is for packets that were captured out of order;
//! - [`GAP`] after it opened, acknowledged or not;
//! - when its stream has [`STREAM`] bytes or [`STREAM_PIECES`] parts after it, or all streams and what waits
//!   with them [`HELD`] bytes;
//! - at the end. Bytes that were acknowledged and never seen are a loss then as well.
//!
//! The part of a packet that was not captured is a loss at once.
//!
//! **Numbers that jump.** A segment more than [`WINDOW`] away from the last is an error if the stream goes on
//! where it was, and a loss of unknown length if another one follows near it, or nothing else comes.
//!
//! **Connections.** One opens when its SYN was answered, or something follows its SYN. Of the SYNs that were
//! not, the last [`HALF_OPEN`] are kept, and nothing is told of them. Where bytes come of a connection that is
//! not known, it is adopted: as long as [`ACK_SLACK`] its first bytes may come out of order. A SYN with another
//! number that is answered opens another connection of the same addresses. Of [`CONNECTIONS`] open at once,
//! those that were silent the longest are forgotten.

mod flow;
mod opening;
mod queue;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use satwire_core::node::{Address, ConnId};

use self::flow::{Flow, Side};
use self::opening::{HalfOpen, Openings};
use self::queue::Queue;
use self::stream::{Last, Stamp, Stream, Told, What};
use super::{CaptureEvent, Direction, End, Ended, UnixMicros};

/// How long a segment may be captured after its acknowledgement was, in microseconds.
pub const ACK_SLACK: UnixMicros = 1_000_000;

/// How long a gap that nobody acknowledged may be filled, in microseconds: five retransmissions and more.
pub const GAP: UnixMicros = 60_000_000;

/// The most that one stream keeps after a gap, in bytes, each part counted with 128 on top: more than Linux'
/// largest window.
pub const STREAM: usize = 8 << 20;

/// The most parts that one stream keeps after a gap.
pub const STREAM_PIECES: usize = 1 << 14;

/// The most that all streams keep after gaps, and events that wait with them, in bytes, each counted with 128 on
/// top.
pub const HELD: usize = 64 << 20;

/// How far a segment may be from the last, in bytes.
pub const WINDOW: u64 = 64 << 20;

/// The most connections whose SYN was not answered.
pub const HALF_OPEN: usize = 4096;

/// The most connections that are known at once, open or closed. They take about 20 MB.
pub const CONNECTIONS: usize = 1 << 15;

/// A segment as it was captured.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the facts that TCP gives of a segment")]
pub struct Segment<'a> {
    /// When.
    pub time: UnixMicros,
    /// Its sender.
    pub from: SocketAddr,
    /// Its receiver.
    pub to: SocketAddr,
    /// Its sequence number.
    pub seq: u32,
    /// The number that it acknowledges, if it does.
    pub ack: Option<u32>,
    /// It opens a connection.
    pub syn: bool,
    /// Nothing follows it.
    pub fin: bool,
    /// It breaks the connection off.
    pub rst: bool,
    /// The captured part of the bytes that it carries.
    pub payload: &'a [u8],
    /// How many bytes it carried; not less than was captured, at most [`MAX_SEGMENT`](super::link::MAX_SEGMENT).
    pub length: u32,
}

/// Puts segments together.
///
/// After each [`segment`](Self::segment), [`poll`](Self::poll) until there is nothing; after the last one
/// [`finish`](Self::finish), and poll again.
#[derive(Debug, Default)]
pub struct Reassembler {
    openings: Openings,
    by_flow: BTreeMap<Flow, ConnId>,
    connections: BTreeMap<ConnId, Connection>,
    /// The streams that wait, by the earliest packet for which they may still tell something.
    waiting: BTreeSet<(u64, ConnId, Direction)>,
    /// When they are to give up a gap.
    deadlines: BTreeSet<(UnixMicros, ConnId, Direction)>,
    queue: Queue,
    /// The bytes that the streams hold.
    held: usize,
    now: Stamp,
    last_id: u64,
    told: Told,
}

#[derive(Debug)]
struct Connection {
    flow: Flow,
    /// The side that `Opened` calls `from`.
    from: Side,
    streams: [Stream; 2],
    adopted: bool,
    closed: bool,
    /// The last packet.
    last: u64,
}

impl Reassembler {
    /// A machine that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next segment of the capture.
    pub fn segment(&mut self, segment: &Segment<'_>) {
        self.now = Stamp { packet: self.now.packet + 1, time: self.now.time.max(segment.time) };
        self.expire();
        let (flow, side) = Flow::new(segment.from, segment.to);
        if segment.syn {
            self.syn(flow, side, segment);
        } else {
            self.follow(flow, side, segment);
        }
        while self.held() > HELD
            && let Some(&(_, conn, direction)) = self.waiting.first()
        {
            self.with(conn, direction, Stream::give_up);
            self.queue.settle(self.waiting.first().map(|first| first.0));
        }
        self.queue.settle(self.waiting.first().map(|first| first.0));
    }

    /// There are no more segments.
    pub fn finish(&mut self) {
        for conn in self.connections.keys().copied().collect::<Vec<_>>() {
            self.finish_streams(conn);
        }
        self.queue.settle(None);
    }

    /// Returns what happened next.
    pub fn poll(&mut self) -> Option<CaptureEvent> {
        self.queue.pop()
    }

    /// Returns the bytes that wait in here, each part counted with 128 on top.
    pub fn held(&self) -> usize {
        self.held + self.queue.held()
    }

    /// How many connections are known, and how many SYNs without an answer.
    pub fn known(&self) -> (usize, usize) {
        (self.connections.len(), self.openings.len())
    }

    fn syn(&mut self, flow: Flow, side: Side, segment: &Segment<'_>) {
        let known = self.by_flow.get(&flow).and_then(|conn| self.connections.get(conn));
        // Once more, or late.
        if known.is_some_and(|known| known.streams[known.direction(side) as usize].syn == Some(segment.seq)) {
            return;
        }
        if let Some(half_open) = self.openings.syn(flow, side, segment) {
            let conn = self.open(flow, half_open);
            let first = Segment { seq: segment.seq.wrapping_add(1), ..*segment };
            self.carry(conn, side, &first);
        }
    }

    fn follow(&mut self, flow: Flow, side: Side, segment: &Segment<'_>) {
        let known = self.by_flow.get(&flow).copied();
        let is_open = known.and_then(|conn| self.connections.get(&conn)).is_some_and(|known| !known.closed);
        if segment.rst {
            self.openings.remove(&flow);
        } else if let Some(half_open) = self.openings.take(&flow, side, segment, is_open) {
            let conn = self.open(flow, half_open);
            return self.carry(conn, side, segment);
        }
        let known = known.filter(|conn| {
            let Some(known) = self.connections.get(conn) else { return false };
            // After its end, the same addresses may talk again.
            !known.closed || known.streams[known.direction(side) as usize].is_near(segment.seq)
        });
        if let Some(conn) = known {
            self.carry(conn, side, segment);
        } else if segment.length > 0 {
            let conn = self.create(flow, side, [None; 2], true);
            self.carry(conn, side, segment);
        }
    }

    /// A handshake is over.
    fn open(&mut self, flow: Flow, half_open: HalfOpen) -> ConnId {
        // Its first bytes may have been captured before it.
        if let Some((conn, known)) =
            self.by_flow.get(&flow).and_then(|conn| Some((conn, self.connections.get_mut(conn)?)))
            && known.adopted
            && !known.closed
            && [Side::Lower, Side::Upper].into_iter().all(|side| {
                let stream = &known.streams[known.direction(side) as usize];
                half_open.syn[side as usize].is_none_or(|syn| stream.is_near(syn.wrapping_add(1)))
            })
        {
            return *conn;
        }
        self.create(flow, half_open.dialler, half_open.syn, false)
    }

    fn create(&mut self, flow: Flow, from: Side, syn: [Option<u32>; 2], adopted: bool) -> ConnId {
        if let Some(before) = self.by_flow.get(&flow).copied() {
            self.retire(before, Ended::Replaced);
        }
        if self.connections.len() >= CONNECTIONS {
            self.forget_quarter();
        }
        self.last_id += 1;
        let conn = ConnId(self.last_id);
        let streams = [from, from.other()].map(|side| Stream::new(syn[side as usize]));
        let last = self.now.packet;
        self.by_flow.insert(flow, conn);
        self.connections.insert(conn, Connection { flow, from, streams, adopted, closed: false, last });
        let [from, to] = [from, from.other()].map(|side| End::At(Address::Socket(flow.addr(side))));
        let time = self.now.time;
        self.queue.push(self.now.packet, CaptureEvent::Opened { conn, from, to, time, adopted });
        conn
    }

    /// A segment of a connection that is known.
    fn carry(&mut self, conn: ConnId, side: Side, segment: &Segment<'_>) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        connection.last = self.now.packet;
        let direction = connection.direction(side);
        let length = u64::from(segment.length);
        self.with(conn, direction, |stream, now, told| {
            if length > 0 {
                stream.data(now, segment.seq, segment.payload, length, told);
            }
            let end = segment.seq.wrapping_add(segment.length);
            if segment.fin {
                stream.end(now, end, Last::Fin, told);
            }
            if segment.rst {
                stream.end(now, end, Last::Reset, told);
            }
        });
        if let Some(ack) = segment.ack {
            self.with(conn, direction.reverse(), |stream, now, _| stream.acked(now, ack));
        }
    }

    /// Gives up the gaps whose time has come.
    fn expire(&mut self) {
        while let Some(&(deadline, conn, direction)) = self.deadlines.first()
            && deadline < self.now.time
        {
            self.with(conn, direction, Stream::expire);
        }
    }

    /// Changes a stream: tells what it says, and keeps the indexes and sums right.
    fn with(
        &mut self,
        conn: ConnId,
        direction: Direction,
        change: impl FnOnce(&mut Stream, Stamp, &mut Told),
    ) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let stream = &mut connection.streams[direction as usize];
        let before = (stream.held, stream.floor(), stream.deadline);
        change(stream, self.now, &mut self.told);
        let after = (stream.held, stream.floor(), stream.deadline);
        self.held = self.held - before.0 + after.0;
        if before.1 != after.1 {
            before.1.map(|floor| self.waiting.remove(&(floor, conn, direction)));
            after.1.map(|floor| self.waiting.insert((floor, conn, direction)));
        }
        if before.2 != after.2 {
            before.2.map(|(time, _)| self.deadlines.remove(&(time, conn, direction)));
            after.2.map(|(time, _)| self.deadlines.insert((time, conn, direction)));
        }
        for (Stamp { packet, time }, what) in self.told.drain(..) {
            let event = match what {
                What::Bytes(bytes) => CaptureEvent::Bytes { conn, direction, time, bytes },
                What::Lost(bytes) => CaptureEvent::Lost { conn, direction, time, bytes },
                What::End(_) if connection.closed => continue,
                What::End(last) => {
                    connection.closed = true;
                    let how = match last {
                        Last::Fin => Ended::Finished(direction),
                        Last::Reset => Ended::Reset(direction),
                    };
                    CaptureEvent::Closed { conn, time, how }
                }
            };
            self.queue.push(packet, event);
        }
    }

    fn finish_streams(&mut self, conn: ConnId) {
        for direction in Direction::BOTH {
            self.with(conn, direction, Stream::finish);
        }
    }

    /// Tells all of a connection that waits, and drops it.
    fn retire(&mut self, conn: ConnId, how: Ended) {
        self.finish_streams(conn);
        let Some(connection) = self.connections.remove(&conn) else { return };
        self.by_flow.remove(&connection.flow);
        if !connection.closed {
            self.queue.push(self.now.packet, CaptureEvent::Closed { conn, time: self.now.time, how });
        }
    }

    /// Drops a quarter of the connections: those that are closed, then those that were silent the longest.
    fn forget_quarter(&mut self) {
        let mut all: Vec<_> =
            self.connections.iter().map(|(conn, known)| (!known.closed, known.last, *conn)).collect();
        all.sort_unstable();
        all.truncate(CONNECTIONS / 4);
        for (.., conn) in all {
            self.retire(conn, Ended::Forgotten);
        }
    }
}

impl Connection {
    fn direction(&self, side: Side) -> Direction {
        if side == self.from { Direction::Forward } else { Direction::Backward }
    }
}

/// Returns the bytes that a part of so many bytes takes, with what is around it.
const fn cost(bytes: usize) -> usize {
    bytes + 128
}
