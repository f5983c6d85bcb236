//! Reads an import: what its messages mean, without a node that could object to them.
//!
//! An [`Observer`] tells the events that a node tells, from what both ends said: it sends nothing, closes nothing, and
//! passes over no message. It reads in the capture what a node would know of itself: that a transaction was asked for,
//! and when, in the recorded `getdata`; that a ping was answered in the nonces of recorded pings. The timeout of a
//! request is told when it is due.
//!
//! Beside it runs our own core with the same bytes at the same times. Where that one would have closed a connection or
//! asked for something else, a [`Difference`] is told, and the observer goes on.
//!
//! **Several nodes.** A capture may show more than one node from its own end, as on loopback. Each of them hears of a
//! transaction for the first time, and gets it: so that is told for each. Our core is one; where it had heard before, from
//! the peer of another, what it would ask for is not compared.
//!
//! **Bounds.** It holds a message that is not whole for each direction, together at most [`HELD`] bytes: beyond that the
//! newest is given up. It knows [`CONNECTIONS`] that are open and the last [`OVER`] that are over; what comes of another
//! is told as of a connection without its beginning. Of ids the last [`REMEMBERED`] are known, as bodies and as announcements. Our core has a
//! budget of timeouts, so that a clock that jumps by years costs no time: [`PATIENCE`] and a few for each observation.
//! When it is spent no more differences are told.

mod asked;
mod conversation;
mod finding;
mod held;
mod ids;
mod messages;
mod play;
mod shadow;

use std::collections::{BTreeMap, VecDeque};

use satwire_core::node::{ConnId, EventKind, FailedRequest};
use satwire_core::wire::Inventory;
use satwire_core::{CloseReason, Instant, IoError, Label, Magic, WallClock};

use self::asked::Asked;
use self::conversation::Conversation;
pub use self::finding::{Difference, Finding, Found};
use self::held::Held;
pub use self::held::NOW;
use self::ids::{NodeKey, RecentIds};
pub use self::play::play_import;
use self::shadow::Shadow;
use super::event::Direction;
use super::framing::{Framed, Framing};
use super::import::framing_magic;
use super::reassembly::CONNECTIONS;
use crate::journal::{Close, Observation, Observed, Prologue, Way};

/// The most that messages which are not whole take together, in bytes.
pub const HELD: usize = 256 << 20;

/// How many ids are remembered in each of three tables: of transactions that came, and of those that were announced, to one
/// node and to any. About 200 bytes each.
pub const REMEMBERED: usize = 1 << 17;

/// How many connections that are over are remembered.
pub const OVER: usize = 1024;

/// How many timeouts our core may have at first.
pub const PATIENCE: u64 = 1 << 18;

/// How many more for each observation.
const PATIENCE_EACH: u64 = 8;

/// Reads observations, in their order.
///
/// After each [`observe`](Self::observe), [`poll`](Self::poll) until there is nothing; after the last one
/// [`finish`](Self::finish), and poll again. A finding that is told after an inventory waits for up to [`NOW`], until
/// it shows what was asked for.
#[derive(Debug)]
pub struct Observer {
    clock: WallClock,
    /// The network of our core.
    network: Magic,
    /// The network that all messages must be of, if there is one.
    magic: Option<Magic>,
    timeout: std::time::Duration,
    with_messages: bool,
    conversations: BTreeMap<ConnId, Conversation>,
    over: VecDeque<ConnId>,
    held: usize,
    asked: Asked,
    came: RecentIds,
    announced: RecentIds,
    /// The same, whatever node it was announced to: what our core knows.
    announced_to_all: RecentIds,
    shadow: Option<Shadow>,
    patience: u64,
    told: Held,
    now: Instant,
}

impl Observer {
    /// An observer of an import that begins like this.
    pub fn new(prologue: &Prologue) -> Self {
        Self {
            clock: prologue.clock,
            network: prologue.config.magic,
            magic: framing_magic(prologue),
            timeout: prologue.config.request_timeout,
            with_messages: false,
            conversations: BTreeMap::new(),
            over: VecDeque::new(),
            held: 0,
            asked: Asked::default(),
            came: RecentIds::new(REMEMBERED),
            announced: RecentIds::new(REMEMBERED),
            announced_to_all: RecentIds::new(REMEMBERED),
            // A journal holds nothing of what was sent, with which it could be compared.
            shadow: prologue.continuation.is_none().then(|| Shadow::new(&prologue.config, prologue.clock)),
            patience: PATIENCE,
            told: Held::default(),
            now: Instant::ZERO,
        }
    }

    /// The same, and tells each message before what follows from it.
    #[must_use]
    pub fn with_messages(self) -> Self {
        Self { with_messages: true, ..self }
    }

    /// The same, without differences: at twice the speed.
    #[must_use]
    pub fn without_differences(self) -> Self {
        Self { shadow: None, ..self }
    }

    /// Takes the next observation.
    pub fn observe(&mut self, observation: Observation) {
        self.patience = self.patience.saturating_add(PATIENCE_EACH).min(PATIENCE);
        self.pass_time(observation.at);
        let conn = observation.conn;
        match observation.what {
            Observed::Opened { peer, us, direction, adopted } => {
                // Only a forged journal opens one twice, or so many.
                self.forget(conn);
                if self.conversations.len() >= CONNECTIONS + OVER
                    && let Some((&oldest, _)) = self.conversations.first_key_value()
                {
                    self.forget(oldest);
                }
                let framing = Framing::new(adopted, self.magic);
                let node = NodeKey::of(conn, us, &peer, direction);
                self.conversations.insert(conn, Conversation::new(node, framing));
                if let (Some(shadow), false) = (&mut self.shadow, adopted) {
                    shadow.open(self.now, conn, &peer, direction);
                }
                self.tell(conn, Found::Connected { peer, us, direction, adopted });
            }
            Observed::Negotiated(negotiated) => {
                self.conversation(conn).adopt(&negotiated);
                self.tell(conn, Found::Event(EventKind::Handshake(negotiated)));
            }
            Observed::Bytes(way, bytes) => {
                let conversation = self.conversation(conn);
                conversation.bytes[way as usize] += bytes.len() as u64;
                self.frame(conn, way, |framing, direction, time, out| {
                    framing.bytes(direction, time, &bytes, out);
                });
                if self.held > HELD {
                    self.frame(conn, way, |framing, direction, time, out| {
                        framing.lost(direction, time, None, out);
                    });
                }
            }
            Observed::Lost(way, bytes) => {
                self.conversation(conn);
                self.frame(conn, way, |framing, direction, time, out| {
                    framing.lost(direction, time, bytes, out);
                });
                self.tell(conn, Found::Lost { way, bytes });
            }
            Observed::Closed(close) => self.closed(conn, close),
        }
        self.tell_closed();
    }

    /// There is nothing more: what is not whole is given up.
    pub fn finish(&mut self) {
        for conn in self.conversations.keys().copied().collect::<Vec<_>>() {
            self.end(conn);
            if !self.over.contains(&conn) {
                self.tell_opaque(conn);
            }
        }
        self.tell_closed();
        self.told.finish();
    }

    /// Returns what was found next.
    pub fn poll(&mut self) -> Option<Finding> {
        self.told.pop(self.now)
    }

    /// Does what is due up to a time, each at its own.
    fn pass_time(&mut self, to: Instant) {
        loop {
            let request = self.asked.deadline(self.timeout);
            let shadow = self.shadow.as_ref().and_then(Shadow::poll_timeout);
            let Some(due) = request.into_iter().chain(shadow).min().filter(|due| *due <= to) else { break };
            self.now = self.now.max(due);
            if shadow == Some(due) {
                self.time_shadow();
            }
            if request == Some(due) {
                let mut expired = BTreeMap::<ConnId, Vec<Inventory>>::new();
                while self.asked.deadline(self.timeout) == Some(due)
                    && let Some((conn, item)) = self.asked.expire()
                {
                    expired.entry(conn).or_default().push(item);
                }
                for (conn, items) in expired {
                    self.tell(conn, Found::Event(EventKind::Unanswered(failed(items))));
                }
            }
            self.tell_closed();
        }
        self.now = self.now.max(to);
    }

    fn time_shadow(&mut self) {
        let conversations = &self.conversations;
        if let Some(shadow) = &mut self.shadow {
            let waits = |conn| conversations.get(&conn).is_some_and(Conversation::has_ping);
            let pings = shadow.handle_timeout(self.now, waits);
            self.patience = self.patience.saturating_sub(1 + pings);
            if self.patience == 0 {
                self.shadow = None;
            }
        }
    }

    /// The connection; one that is not known has no beginning.
    fn conversation(&mut self, conn: ConnId) -> &mut Conversation {
        let magic = self.magic;
        self.conversations
            .entry(conn)
            .or_insert_with(|| Conversation::new(NodeKey::default(), Framing::new(true, magic)))
    }

    /// Changes the framing of a connection, and reads what it gives.
    fn frame(
        &mut self,
        conn: ConnId,
        way: Way,
        change: impl FnOnce(&mut Framing, Direction, u64, &mut Vec<Framed>),
    ) {
        let Some(conversation) = self.conversations.get_mut(&conn) else { return };
        let mut framed = Vec::new();
        let direction = if way == Way::Received { Direction::Forward } else { Direction::Backward };
        change(&mut conversation.framing, direction, self.now.as_micros(), &mut framed);
        let held = conversation.framing.held();
        self.held = self.held - conversation.held + held;
        conversation.held = held;
        for framed in framed {
            self.framed(conn, way, framed);
            // Right after the message that did it.
            self.tell_closed();
        }
    }

    fn framed(&mut self, conn: ConnId, way: Way, framed: Framed) {
        match framed {
            Framed::Message { frame, .. } => {
                if self.with_messages {
                    self.tell_sized(conn, Found::Message { way, frame: frame.clone() }, frame.len());
                }
                match way {
                    Way::Received => self.received(conn, &frame),
                    Way::Sent => self.sent(conn, &frame),
                }
            }
            Framed::Other { bytes, .. } => {
                // Before any message it may be encrypted: then nothing is to be said of it.
                let speaks =
                    self.conversations.get(&conn).is_some_and(|known| known.framing.magic().is_some());
                if let (Some(shadow), Way::Received, true) = (&mut self.shadow, way, speaks) {
                    shadow.received(self.now, conn, &bytes);
                }
            }
            Framed::Cut { .. } | Framed::Lost { .. } => {
                if let (Some(shadow), Way::Received) = (&mut self.shadow, way) {
                    shadow.forget(self.now, conn);
                }
            }
        }
    }

    fn closed(&mut self, conn: ConnId, close: Close) {
        if let Some(shadow) = &mut self.shadow {
            shadow.forget(self.now, conn);
        }
        self.tell_opaque(conn);
        let unanswered = self.asked.end(conn);
        if !unanswered.is_empty() {
            self.tell(conn, Found::Event(EventKind::Unanswered(failed(unanswered))));
        }
        let reason = match close {
            Close::Reset(Way::Received) => CloseReason::Io(IoError::Reset),
            Close::Finished(Way::Sent) | Close::Reset(Way::Sent) => CloseReason::Local(Label::LOCAL),
            Close::Finished(Way::Received) | Close::Unseen => CloseReason::Io(IoError::Ended),
        };
        self.tell(conn, Found::Event(EventKind::Disconnected(reason)));
        self.over.push_back(conn);
        if self.over.len() > OVER
            && let Some(oldest) = self.over.pop_front()
        {
            self.forget(oldest);
        }
    }

    /// Drops a connection.
    fn forget(&mut self, conn: ConnId) {
        self.end(conn);
        if let Some(shadow) = &mut self.shadow {
            shadow.forget(self.now, conn);
        }
        if let Some(conversation) = self.conversations.remove(&conn) {
            self.held -= conversation.held;
        }
    }

    /// Gives up what is not whole of a connection.
    fn end(&mut self, conn: ConnId) {
        for way in Way::BOTH {
            self.frame(conn, way, Framing::end);
        }
    }

    fn tell_opaque(&mut self, conn: ConnId) {
        let Some(conversation) = self.conversations.get(&conn) else { return };
        if conversation.framing.is_opaque() {
            let [received, sent] = conversation.bytes;
            self.tell(conn, Found::Opaque { received, sent });
        }
    }

    /// Tells what our core has closed.
    fn tell_closed(&mut self) {
        let closed = self.shadow.as_mut().map(Shadow::take_closed).unwrap_or_default();
        for (_, conn, reason) in closed {
            // It cannot know a stream that is encrypted, or of another network.
            let magic = self.conversations.get(&conn).and_then(|known| known.framing.magic());
            if magic == Some(self.network) {
                self.tell(conn, Found::Difference(Difference::Closes(reason)));
            }
        }
    }

    fn tell(&mut self, conn: ConnId, what: Found) {
        self.tell_sized(conn, what, 0);
    }

    fn tell_sized(&mut self, conn: ConnId, what: Found, bytes: usize) {
        self.told.push(Finding { at: self.now, conn, what }, bytes);
    }
}

/// Requests that failed. The peer that the recorded node asked instead is not looked for.
fn failed(items: Vec<Inventory>) -> Vec<FailedRequest> {
    items.into_iter().map(|item| FailedRequest::new(item, None)).collect()
}
