//! One direction of a connection: from segments in any order to bytes in theirs.

use std::collections::BTreeMap;

use super::{ACK_SLACK, GAP, STREAM, STREAM_PIECES, WINDOW, cost};
use crate::convert::UnixMicros;

/// A packet by its number, and its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    pub(super) packet: u64,
    pub(super) time: UnixMicros,
}

/// The parts that a stream tells, with the packet that brought it.
pub(super) type Told = Vec<(Stamp, What)>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Bytes(Vec<u8>),
    Lost(Option<u64>),
    End(Last),
}

/// The way in which a direction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    Fin,
    Reset,
}

/// A part of the stream that waits for those before it.
#[derive(Debug)]
struct Piece {
    stamp: Stamp,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Bytes(Vec<u8>),
    /// So many bytes that were sent and not captured.
    Cut(u64),
}

/// Positions count the bytes of the stream; the lower half of one is its sequence number.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked by itself, and any may hold with any other")]
pub(super) struct Stream {
    /// The number of its SYN, if that was seen.
    pub(super) syn: Option<u32>,
    /// The position of what is told next. Before the start is known, the position of the first segment seen.
    next: u64,
    /// Where the stream starts is known. Until then all that comes waits, for it may come out of order.
    anchored: bool,
    /// Any segment was seen.
    begun: bool,
    /// It starts after a loss of unknown length.
    after_jump: bool,
    /// Do not overlap, and begin at `next` or later.
    pending: BTreeMap<u64, Piece>,
    /// The bytes that `pending` and `jump` cost.
    pub(super) held: usize,
    /// How the stream ends, and at which position.
    end: Option<(u64, Stamp, Last)>,
    ended: bool,
    /// The other side has acknowledged up to this position.
    acked: u64,
    /// A segment that lies outside the window, and its number: see [`WINDOW`].
    jump: Option<(u32, Piece)>,
    /// The last packet for which anything was told.
    told: Stamp,
    /// When the stream began to wait.
    since: Option<Stamp>,
    /// Gaps before `.1` are losses from this time on.
    pub(super) deadline: Option<(UnixMicros, u64)>,
    /// The position for which the deadline was set.
    deadline_for: u64,
}

impl Stream {
    /// A stream that begins after this SYN, or one of which no beginning is known.
    pub(super) fn new(syn: Option<u32>) -> Self {
        let next = (1 << 32) + syn.map_or(0, |syn| u64::from(syn) + 1);
        Self { syn, next, acked: next, anchored: syn.is_some(), begun: syn.is_some(), ..Self::default() }
    }

    /// Whether a segment lies inside the window, so that it belongs to what was seen before.
    pub(super) fn is_near(&self, seq: u32) -> bool {
        !self.begun || self.position(seq).abs_diff(self.next) <= WINDOW
    }

    /// A segment with `bytes`, which was `length` bytes long, at least one.
    pub(super) fn data(&mut self, at: Stamp, seq: u32, bytes: &[u8], length: u64, told: &mut Told) {
        let near = self.is_near(seq);
        self.begin(seq);
        let start = self.position(seq);
        if near {
            if start + length > self.next {
                // The stream goes on where it was: what lay elsewhere was an error.
                self.take_jump();
            }
            if self.anchored && self.pending.is_empty() && start <= self.next {
                self.tell_directly(at, (self.next - start) as usize, bytes, length, told);
            } else {
                self.insert(at, start, bytes, length);
            }
            self.advance(told);
        } else {
            self.jump(at, seq, bytes, length, told);
        }
        while self.held > STREAM || self.pending.len() > STREAM_PIECES {
            self.skip_gap(told);
        }
        self.watch(at);
    }

    /// The end of the stream, before `seq`.
    pub(super) fn end(&mut self, at: Stamp, seq: u32, last: Last, told: &mut Told) {
        if self.ended || !self.is_near(seq) {
            return;
        }
        self.begin(seq);
        let position = self.position(seq);
        match last {
            // Nothing is missing before it, or nothing was ever seen.
            Last::Reset if !self.waits() && (!self.anchored || position <= self.next) => {
                self.end = Some((self.next, at, last));
                self.anchored = true;
            }
            // The first FIN says where the end is.
            _ if self.end.is_none() => self.end = Some((position, at, last)),
            _ => {}
        }
        self.advance(told);
        self.watch(at);
    }

    /// The other side has everything before `ack`.
    pub(super) fn acked(&mut self, at: Stamp, ack: u32) {
        let position = self.position(ack);
        if self.anchored && position > self.acked && position.abs_diff(self.next) <= WINDOW {
            self.acked = position;
            self.watch(at);
        }
    }

    /// Whether something waits that is to be told.
    pub(super) fn waits(&self) -> bool {
        !self.pending.is_empty() || self.end.is_some() && !self.ended || self.jump.is_some()
    }

    /// The earliest packet for which anything of what waits can still be told.
    pub(super) fn floor(&self) -> Option<u64> {
        self.since.map(|since| since.max(self.told).packet)
    }

    /// Its time has come: gaps that had been there when the deadline was set are losses.
    pub(super) fn expire(&mut self, at: Stamp, told: &mut Told) {
        let Some((_, before)) = self.deadline.take() else { return };
        self.skip_gap(told);
        while self.waits() && self.next < before {
            self.skip_gap(told);
        }
        self.watch(at);
    }

    /// There is no room for what waits after the first gap.
    pub(super) fn give_up(&mut self, at: Stamp, told: &mut Told) {
        self.skip_gap(told);
        self.watch(at);
    }

    /// Gives up the first gap: what is missing there is lost. Something that waits is told.
    fn skip_gap(&mut self, told: &mut Told) {
        let first = self.pending.first_key_value().map(|(start, piece)| (*start, piece.stamp));
        let end = self.end.filter(|_| !self.ended).map(|(position, at, _)| (position, at));
        let Some((target, at)) = first.into_iter().chain(end).min() else {
            if let Some((seq, piece)) = self.take_jump() {
                self.restart(seq);
                self.put(self.next, piece);
                self.skip_gap(told);
            }
            return;
        };
        if self.anchored && target > self.next {
            self.tell(at, What::Lost(Some(target - self.next)), told);
        } else if !self.anchored && self.after_jump {
            self.tell(at, What::Lost(None), told);
        }
        // An end before the first byte is where it is.
        if !self.anchored || target > self.next {
            self.next = target;
        }
        if !self.anchored {
            self.acked = target;
        }
        self.anchored = true;
        self.advance(told);
    }

    /// Nothing more comes: tells all that waits, and what was acknowledged and never seen.
    pub(super) fn finish(&mut self, at: Stamp, told: &mut Told) {
        while self.waits() {
            self.skip_gap(told);
        }
        if self.anchored && !self.ended && self.acked > self.next {
            self.tell(at, What::Lost(Some(self.acked - self.next)), told);
            self.next = self.acked;
        }
        self.watch(at);
    }

    /// The first segment says where counting starts.
    fn begin(&mut self, seq: u32) {
        if !self.begun {
            self.begun = true;
            self.next = (1 << 32) + u64::from(seq);
        }
    }

    fn position(&self, seq: u32) -> u64 {
        let distance = seq.wrapping_sub(self.next as u32).cast_signed();
        self.next.wrapping_add_signed(i64::from(distance))
    }

    /// In order, as nearly everything is: past the first `known` bytes, which were told already.
    fn tell_directly(&mut self, at: Stamp, known: usize, bytes: &[u8], length: u64, told: &mut Told) {
        let left = length.saturating_sub(known as u64);
        let bytes = bytes.get(known..).unwrap_or_default();
        self.next += left;
        if !bytes.is_empty() {
            self.tell(at, What::Bytes(bytes.into()), told);
        }
        if left > bytes.len() as u64 {
            self.tell(at, What::Lost(Some(left - bytes.len() as u64)), told);
        }
    }

    /// Keeps what of a segment was not there before: what came first stays.
    fn insert(&mut self, at: Stamp, start: u64, bytes: &[u8], length: u64) {
        let end = start + length;
        let mut from = if self.anchored { start.max(self.next) } else { start };
        while from < end {
            let before = self.pending.range(..=from).next_back();
            if let Some(covered) =
                before.map(|(start, piece)| start + piece.content.len()).filter(|to| *to > from)
            {
                from = covered;
                continue;
            }
            let to = self.pending.range(from..).next().map_or(end, |(start, _)| end.min(*start));
            let captured = (start + bytes.len() as u64).clamp(from, to);
            if captured > from {
                let part = &bytes[(from - start) as usize..(captured - start) as usize];
                self.put(from, Piece { stamp: at, content: Content::Bytes(part.into()) });
            }
            if to > captured {
                self.put(captured, Piece { stamp: at, content: Content::Cut(to - captured) });
            }
            from = to;
        }
    }

    fn put(&mut self, start: u64, piece: Piece) {
        self.held += piece.cost();
        self.pending.insert(start, piece);
    }

    /// A segment far from all others. A second one near it shows that the stream goes on there.
    fn jump(&mut self, at: Stamp, seq: u32, bytes: &[u8], length: u64, told: &mut Told) {
        if let Some((first, piece)) = self.take_jump()
            && u64::from(seq.wrapping_sub(first).cast_signed().unsigned_abs()) <= WINDOW
        {
            while self.waits() {
                self.skip_gap(told);
            }
            self.restart(first);
            self.put(self.next, piece);
            self.insert(at, self.position(seq), bytes, length);
        } else {
            let content = if bytes.is_empty() { Content::Cut(length) } else { Content::Bytes(bytes.into()) };
            let piece = Piece { stamp: at, content };
            self.held += piece.cost();
            self.jump = Some((seq, piece));
        }
    }

    fn take_jump(&mut self) -> Option<(u32, Piece)> {
        let jump = self.jump.take()?;
        self.held -= jump.1.cost();
        Some(jump)
    }

    /// Starts anew near `seq`, after a loss of unknown length.
    fn restart(&mut self, seq: u32) {
        self.next = (1 << 32) + u64::from(seq);
        (self.anchored, self.after_jump) = (false, true);
    }

    /// Tells what follows without a gap.
    fn advance(&mut self, told: &mut Told) {
        if !self.anchored {
            return;
        }
        while let Some(first) = self.pending.first_entry() {
            if *first.key() > self.next {
                break;
            }
            let piece = first.remove();
            self.held -= piece.cost();
            self.next += piece.content.len();
            let what = match piece.content {
                Content::Bytes(bytes) => What::Bytes(bytes),
                Content::Cut(length) => What::Lost(Some(length)),
            };
            self.tell(piece.stamp, what, told);
        }
        if let Some((position, at, last)) = self.end
            && position <= self.next
            && !self.ended
        {
            self.ended = true;
            self.tell(at, What::End(last), told);
        }
    }

    /// Never tells anything before what was told already.
    fn tell(&mut self, at: Stamp, what: What, told: &mut Told) {
        self.told = self.told.max(at);
        told.push((self.told, what));
    }

    /// Sets the time at which the gap that is there becomes a loss.
    fn watch(&mut self, at: Stamp) {
        if !self.waits() {
            (self.deadline, self.since) = (None, None);
            return;
        }
        self.since.get_or_insert(at);
        if self.deadline.is_none() || self.deadline_for != self.next {
            self.deadline = Some((at.time.saturating_add(GAP), 0));
            self.deadline_for = self.next;
        }
        let reset = matches!(self.end, Some((.., Last::Reset)));
        if !self.anchored || reset || self.acked > self.next {
            let soon = at.time.saturating_add(ACK_SLACK);
            if self.deadline.is_none_or(|(time, _)| time > soon) {
                self.deadline = Some((soon, self.acked));
            }
        }
    }
}

impl Piece {
    fn cost(&self) -> usize {
        cost(match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Cut(_) => 0,
        })
    }
}

impl Content {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Cut(length) => *length,
        }
    }
}
