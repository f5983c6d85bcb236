//! One byte stream: framing, handshake, keepalive, requests.
//!
//! A [`Peer`] is a connection's protocol without the connection. Its owner reads and writes the
//! socket and tells the time:
//!
//! 1. bytes that were read go into [`Peer::receive`], which returns one event at a time until they
//!    are used up;
//! 2. [`Peer::transmit`] is what is to be written; say with [`Peer::transmitted`] how much was;
//! 3. when [`Peer::poll_timeout`] has passed, and after each round of reads, [`Peer::handle_timeout`]
//!    does what is due.
//!
//! The time that is told must not go back. Where the byte stream is cut never changes what happens. Inputs
//! never fail: what ends the connection is the last event, [`Event::Closed`], and after it everything is a
//! no-op.

mod event;
mod frame;
mod handshake;
mod inbox;
mod keepalive;
mod outbox;
mod requests;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU64;

pub use self::event::{Event, IgnoredReason, Negotiated, Rejection, SendError};
use self::frame::Frame;
use self::handshake::{FEATURE_VERSION, PONG_VERSION, Stage, Terms};
use self::inbox::Inbox;
use self::keepalive::{Due, Keepalive};
use self::outbox::Outbox;
use self::requests::{Requests, announced_form};
use crate::wire::{
    self, Command, Header, InvType, Inventory, InventoryList, MAX_GETDATA_SENT, MAX_MONEY, Message,
    NetAddress, Services,
};
use crate::{CloseReason, Config, Fault, Instant, WallClock};

/// Who made the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// We dialled: we speak first.
    Outbound,
    /// We accepted: we say nothing until the other side has said who it is.
    Inbound,
}

/// What a connection starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionConfig {
    /// Who made the connection.
    pub direction: Direction,
    /// A fresh random word: the nonce of our `version`. Zero, which would mean "none", is sent as 1. Who owns
    /// several peers compares it with the nonces of theirs to see a connection to himself, as a
    /// [`Node`](crate::Node) does: one peer knows its own only.
    pub nonce: u64,
    /// The time of the world, for the timestamp of our `version`.
    pub clock: WallClock,
    /// What our `version` says of where the peer is; [`NetAddress::UNSPECIFIED`] says nothing.
    pub addr_recv: NetAddress,
}

impl ConnectionConfig {
    /// An opening that does not say where the peer is.
    pub const fn new(direction: Direction, nonce: u64, clock: WallClock) -> Self {
        Self { direction, nonce, clock, addr_recv: NetAddress::UNSPECIFIED }
    }
}

/// The Bitcoin protocol on one byte stream.
#[derive(Debug)]
pub struct Peer {
    config: Arc<Config>,
    opening: ConnectionConfig,
    stage: Stage,
    /// When the connection is given up if the handshake is not done.
    handshake_deadline: Instant,
    /// The peer's `version` until its `verack` comes.
    greeting: Option<Box<Negotiated>>,
    terms: Terms,
    inbox: Inbox,
    outbox: Outbox,
    keepalive: Keepalive,
    requests: Requests,
    malformed: u8,
    closed: bool,
}

impl Peer {
    /// Starts on an open stream. Who dialled has `version` to send at once.
    pub fn new(config: Arc<Config>, opening: ConnectionConfig, now: Instant) -> Self {
        let timeout = match opening.direction {
            Direction::Outbound => config.outbound_handshake_timeout,
            Direction::Inbound => config.inbound_handshake_timeout,
        };
        let opening = ConnectionConfig { nonce: opening.nonce.max(1), ..opening };
        let mut peer = Self {
            config,
            opening,
            stage: Stage::AwaitingVersion,
            handshake_deadline: now + timeout,
            greeting: None,
            terms: Terms { common_version: 0, services: Services::NONE, wtxidrelay: false, addrv2: false },
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            keepalive: Keepalive::new(now),
            requests: Requests::default(),
            malformed: 0,
            closed: false,
        };
        if opening.direction == Direction::Outbound {
            peer.send_version(now);
        }
        peer
    }

    /// Takes bytes that were read off the stream, up to and with the next event, and moves `bytes`
    /// after them. Call it until it returns `None`: then all are used up. What is not a whole
    /// message yet is kept.
    #[must_use = "it is an event, and after it may be more"]
    pub fn receive(&mut self, now: Instant, bytes: &mut &[u8]) -> Option<Event> {
        self.receive_knowing(now, bytes, |_| false)
    }

    /// As [`Peer::receive`], for an owner of several peers: `is_ours` knows the nonces of all `version`
    /// messages that are on their way from here, so that a connection to ourselves is seen before
    /// it is answered.
    pub(crate) fn receive_knowing(
        &mut self,
        now: Instant,
        bytes: &mut &[u8],
        is_ours: impl Fn(u64) -> bool,
    ) -> Option<Event> {
        if !bytes.is_empty() {
            self.keepalive.heard();
        }
        // Whatever was kept of earlier bytes lacks something.
        while !bytes.is_empty() {
            if self.closed {
                *bytes = &[];
                break;
            }
            match self.next_frame(bytes) {
                Frame::Needs(_) => break,
                Frame::Whole(len) => {
                    let inbox = core::mem::take(&mut self.inbox);
                    let event = self.handle_frame(now, &inbox.front(bytes)[..len], &is_ours);
                    self.inbox = inbox;
                    self.inbox.consume(bytes, len);
                    if event.is_some() {
                        return event;
                    }
                }
                Frame::Skipped { len, command, because } => {
                    self.inbox.consume(bytes, len);
                    return self.ignore(command, len - Header::LEN, because);
                }
                Frame::Fatal(reason) => return Some(self.close(reason)),
            }
        }
        None
    }

    /// Does what is due at `now`, one event at a time: call it until it returns `None`. Then
    /// [`Peer::poll_timeout`] is `None` or later than `now`.
    ///
    /// `word` gives a fresh random word, the nonce of a ping, if one is needed.
    #[must_use = "it is an event, and after it may be more"]
    pub fn handle_timeout(&mut self, now: Instant, word: impl FnOnce() -> u64) -> Option<Event> {
        if self.closed {
            return None;
        }
        if self.stage != Stage::Ready {
            let timeout = match self.opening.direction {
                Direction::Outbound => self.config.outbound_handshake_timeout,
                Direction::Inbound => self.config.inbound_handshake_timeout,
            };
            let late = now >= self.handshake_deadline;
            return late.then(|| self.close(CloseReason::HandshakeTimeout(timeout)));
        }
        match self.keepalive.due(now, self.config.ping_timeout) {
            Due::Nothing => {}
            Due::Ping => self.send_ping(now, word()),
            Due::Dead => return Some(self.close(CloseReason::PingTimeout(self.config.ping_timeout))),
        }
        let expired = self.requests.expire(now, self.config.request_timeout);
        (!expired.is_empty()).then_some(Event::Unanswered(expired))
    }

    /// When [`Peer::handle_timeout`] has something to do, if nothing comes in before; `None` when the connection
    /// is over, and only then. A timer that rounds must round up.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.closed {
            None
        } else if self.stage != Stage::Ready {
            Some(self.handshake_deadline)
        } else {
            let ping = self.keepalive.deadline(self.config.ping_timeout);
            let request = self.requests.deadline(self.config.request_timeout);
            Some(request.map_or(ping, |request| request.min(ping)))
        }
    }

    /// Asks for these, in as many `getdata` of 1000 as it takes; what is under way is not asked
    /// again. A transaction is asked for with its witnesses if the peer serves them.
    ///
    /// Before the handshake is done nothing may be asked, and nothing is.
    pub fn request(&mut self, now: Instant, items: impl IntoIterator<Item = Inventory>) {
        if self.closed || self.stage != Stage::Ready {
            return;
        }
        let witness = self.terms.services.contains(Services::WITNESS);
        let items = items.into_iter();
        let mut wanted = Vec::with_capacity(items.size_hint().0);
        self.requests.reserve(items.size_hint().0);
        for item in items {
            if !self.requests.ask(now, item) {
                continue;
            }
            let inv_type = match item.inv_type {
                InvType::TX if witness => InvType::WITNESS_TX,
                InvType::BLOCK if witness => InvType::WITNESS_BLOCK,
                other => other,
            };
            wanted.push(Inventory { inv_type, ..item });
        }
        for items in wanted.chunks(MAX_GETDATA_SENT) {
            let items = items.iter().copied();
            wire::encode_inventory(self.outbox.end(), self.config.magic, Command::GETDATA, items);
        }
    }

    /// Ends the connection. Nothing more is sent; the event returned is the last.
    #[cold]
    #[must_use = "it is the last event"]
    pub fn close(&mut self, reason: CloseReason) -> Event {
        self.closed = true;
        self.inbox = Inbox::default();
        self.greeting = None;
        Event::Closed(reason)
    }

    /// Encoded messages that were not written yet, contiguous; nothing when the connection is over.
    /// Write a prefix of them, then say how much with [`Peer::transmitted`].
    pub fn transmit(&self) -> &[u8] {
        if self.closed { &[] } else { self.outbox.unsent() }
    }

    /// As [`Peer::transmit`], and still there when the connection is over: what was queued by messages
    /// before the one that ended it is to be seen, wherever the stream was cut.
    pub(crate) fn queued(&self) -> &[u8] {
        self.outbox.unsent()
    }

    /// The first `n` bytes of [`Peer::transmit`] were written. More than there are count as all of them, and
    /// what of them was not written is lost.
    pub fn transmitted(&mut self, n: usize) {
        self.outbox.consume(n);
    }

    /// False while the peer does not read what we answer, and when the connection is over. Ask
    /// before each read: what is not read cannot make the answers pile up.
    pub fn wants_read(&self) -> bool {
        !self.closed && self.outbox.unsent().len() <= self.config.max_unsent
    }

    /// Who made the connection.
    pub const fn direction(&self) -> Direction {
        self.opening.direction
    }

    /// The nonce of our `version`.
    pub const fn nonce(&self) -> u64 {
        self.opening.nonce
    }

    /// The type under which this peer announces transactions, and is asked for them.
    pub const fn tx_inv_type(&self) -> InvType {
        if self.terms.wtxidrelay { InvType::WTX } else { InvType::TX }
    }

    /// What we asked for and may still get in time, in the order in which it was asked. Stays
    /// readable when the connection is over: somebody else may be asked now.
    pub fn requested(&self) -> impl Iterator<Item = Inventory> {
        self.requests.waiting()
    }

    /// Whether the handshake is done and the connection not over.
    pub fn is_ready(&self) -> bool {
        self.stage == Stage::Ready && !self.closed
    }

    /// The next frame, or [`Frame::Needs`] when `bytes` are used up and it is not whole.
    #[inline]
    fn next_frame(&mut self, bytes: &mut &[u8]) -> Frame {
        let mut need = Header::LEN;
        loop {
            if !self.inbox.fill(bytes, need) {
                return Frame::Needs(need);
            }
            match frame::judge(self.inbox.front(bytes), self.config.magic, self.stage) {
                Frame::Needs(more) => need = more,
                frame => return frame,
            }
        }
    }

    /// Takes a whole frame that [`frame::judge`] let through.
    #[inline(never)] // Passing over what nobody wants is the hot path of the caller.
    fn handle_frame(&mut self, now: Instant, frame: &[u8], is_ours: impl Fn(u64) -> bool) -> Option<Event> {
        let (header, payload) = frame.split_first_chunk()?;
        let header = Header::decode(header);
        let command = header.command()?;
        let digest = wire::sha256d(payload);
        if !header.matches(&digest) {
            return self.ignore(command, payload.len(), Fault::Checksum.into());
        }
        if command == Command::PING && self.terms.common_version < PONG_VERSION {
            // Such a ping has no nonce, and gets no answer (BIP31).
            return None;
        }
        match Message::decode(command, payload, digest) {
            Ok(message) => self.handle_message(now, message, is_ours),
            Err(error) => self.ignore(command, payload.len(), Fault::Payload(error).into()),
        }
    }

    fn handle_message(
        &mut self,
        now: Instant,
        message: Message<'_>,
        is_ours: impl Fn(u64) -> bool,
    ) -> Option<Event> {
        match message {
            Message::Version(version) => self.greet(now, version, is_ours),
            Message::Wtxidrelay => {
                self.terms.wtxidrelay = self.terms.common_version >= FEATURE_VERSION;
                None
            }
            Message::Sendaddrv2 => {
                self.terms.addrv2 = true;
                None
            }
            Message::Verack => self.finish_handshake(now),
            Message::Ping(nonce) => {
                wire::encode_pong(self.outbox.end(), self.config.magic, nonce);
                None
            }
            Message::Pong(nonce) => {
                let (rtt, min) = self.keepalive.pong(now, nonce)?;
                Some(Event::Pong { rtt, min })
            }
            // Values outside the range of money are ignored (Bitcoin Core `MoneyRange`).
            Message::Feefilter(rate) => {
                (0..=MAX_MONEY).contains(&rate).then_some(Event::Feefilter(rate.unsigned_abs()))
            }
            Message::Inv(list) => {
                let announced = [self.tx_inv_type(), InvType::BLOCK];
                let mut entries = list.to_vec();
                entries.retain(|entry| announced.contains(&entry.inv_type));
                (!entries.is_empty()).then_some(Event::Inv(entries))
            }
            Message::Getdata(list) => {
                self.answer_notfound(list);
                None
            }
            Message::Notfound(list) => {
                let requests = &mut self.requests;
                let missing = list.iter().map(announced_form);
                let missing: Vec<_> =
                    missing.filter(|item| requests.answered(now, *item).is_some()).collect();
                (!missing.is_empty()).then_some(Event::Notfound(missing))
            }
            Message::Tx(view) => {
                let tx = view.to_owned();
                let names = [(InvType::TX, tx.txid().into()), (InvType::WTX, tx.wtxid().into())];
                let latencies =
                    names.map(|(inv_type, hash)| self.requests.answered(now, Inventory { inv_type, hash }));
                Some(Event::Tx { tx, latency: latencies.into_iter().flatten().next() })
            }
            Message::Reject(reject) => Some(Event::Rejected(Box::new(reject.into()))),
            _ => None,
        }
    }

    /// Says of each transaction that we were asked for that we do not have it. About blocks and
    /// unknown types we are silent, as Bitcoin Core is: btcd counts such a `notfound` against us.
    fn answer_notfound(&mut self, asked: InventoryList<'_>) {
        let missing: Vec<_> = asked.iter().filter(|item| item.inv_type.is_tx()).collect();
        if !missing.is_empty() {
            wire::encode_inventory(self.outbox.end(), self.config.magic, Command::NOTFOUND, missing);
        }
    }

    fn send_ping(&mut self, now: Instant, word: u64) {
        let (out, magic) = (self.outbox.end(), self.config.magic);
        let nonce = (self.terms.common_version >= PONG_VERSION)
            .then(|| NonZeroU64::new(word).unwrap_or(NonZeroU64::MIN));
        match nonce {
            Some(nonce) => wire::encode_ping(out, magic, nonce.get()),
            None => wire::encode_frame(out, magic, Command::PING, |_| {}),
        }
        self.keepalive.sent(now, self.config.ping_interval, nonce);
    }

    /// Drops a message; a malformed one too many ends the connection.
    #[expect(clippy::unnecessary_wraps, reason = "an event that the caller wraps is copied through memory")]
    #[inline]
    fn ignore(&mut self, command: Command, bytes: usize, because: IgnoredReason) -> Option<Event> {
        if let IgnoredReason::Malformed(fault) = because
            && let Some(reason) = self.count_malformed(fault)
        {
            return Some(self.close(reason));
        }
        Some(Event::Ignored { command, bytes: bytes as u32, because })
    }

    #[cold]
    fn count_malformed(&mut self, last: Fault) -> Option<CloseReason> {
        self.malformed = self.malformed.saturating_add(1);
        let count = self.malformed;
        (count > self.config.tolerated_malformed).then_some(CloseReason::TooManyMalformed { count, last })
    }
}
