//! One byte stream: framing, handshake, keepalive, requests.
//!
//! A [`Peer`] is a connection's protocol without the connection. Its owner reads and writes the
//! socket and tells the time:
//!
//! 1. bytes that were read go into [`Peer::receive`], which returns one event at a time until they
//!    are used up;
//! 2. [`Peer::transmit`] is what is to be written; say with [`Peer::transmitted`] how much was;
//! 3. when [`Peer::poll_timeout`] has passed, and after each round of reads, [`Peer::handle_timeout`]
//!    does what is due;
//! 4. that the stream has ended or failed is told with [`Peer::close`].
//!
//! The time that is told must not go back. Where the byte stream is cut never changes what happens. Inputs
//! never fail: what ends the connection is the last event, [`Event::Closed`], and after it everything is a
//! no-op.

mod connection_config;
mod event;
mod handshake;
mod info;
mod keepalive;
mod requests;
mod send;
mod transport;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU64;

pub use self::connection_config::{ConnectionConfig, Direction};
pub use self::event::{Event, IgnoredReason, Negotiated, Rejection, SendError};
use self::handshake::{Agreed, FEATURE_VERSION, PONG_VERSION, Stage};
pub use self::info::{PeerDetails, PeerInfo};
use self::keepalive::{Due, Keepalive};
use self::requests::{Asked, Requests, announced_form};
pub use self::transport::Traffic;
use self::transport::{Frame, V1};
use crate::wire::{
    self, Command, Header, InvType, Inventory, InventoryList, MAX_GETDATA_SENT, MAX_MONEY, Message,
    OwnedMessage, Services, TxView,
};
use crate::{CloseReason, Config, Fault, Instant};

/// The Bitcoin protocol on one byte stream.
#[derive(Debug)]
pub struct Peer {
    config: Arc<Config>,
    connection: ConnectionConfig,
    stage: Stage,
    /// When the connection is given up if the handshake is not done.
    handshake_deadline: Instant,
    /// The peer's `version` until its `verack` comes.
    remote_version: Option<Box<Negotiated>>,
    agreed: Agreed,
    transport: V1,
    keepalive: Keepalive,
    requests: Requests,
    /// The peer's last fee filter in satoshi per 1000 virtual bytes, or -1.
    feefilter: i64,
    /// At most so many of the bytes that wait to be written are of messages that the application sent.
    own_unsent: u32,
    malformed: u8,
    closed: bool,
    details: Option<Box<Negotiated>>,
}

impl Peer {
    /// Starts on an open stream. If we dialled, there is a `version` to send at once.
    pub fn new(config: Arc<Config>, connection: ConnectionConfig, now: Instant) -> Self {
        let timeout = match connection.direction {
            Direction::Outbound => config.outbound_handshake_timeout,
            Direction::Inbound => config.inbound_handshake_timeout,
        };
        let connection = ConnectionConfig { nonce: connection.nonce.max(1), ..connection };
        let transport = V1::new(&config);
        let mut peer = Self {
            config,
            connection,
            stage: Stage::AwaitingVersion,
            handshake_deadline: now + timeout,
            remote_version: None,
            agreed: Agreed { common_version: 0, services: Services::NONE, wtxidrelay: false, addrv2: false },
            transport,
            keepalive: Keepalive::new(now),
            requests: Requests::default(),
            feefilter: -1,
            own_unsent: 0,
            malformed: 0,
            closed: false,
            details: None,
        };
        if connection.direction == Direction::Outbound {
            peer.send_version(now);
        }
        peer
    }

    /// Takes bytes that were read off the stream, up to and with the next event, and moves `bytes` after them. Call it
    /// until it returns `None`: then all are used up. A message that is not whole yet is kept.
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
        // The bytes that were kept are no whole message.
        while !bytes.is_empty() {
            if self.closed {
                *bytes = &[];
                break;
            }
            match self.transport.next_frame(bytes, &self.config, self.stage) {
                Frame::Needs(_) => break,
                Frame::Whole(len) => {
                    let inbox = self.transport.lend();
                    let event = self.handle_frame(now, &inbox.front(bytes)[..len], &is_ours);
                    self.transport.take_back(inbox, bytes, len);
                    if event.is_some() {
                        return event;
                    }
                }
                Frame::Skipped { len, command, because } => {
                    self.transport.skip(bytes, len);
                    self.transport.count_received(now, command, len);
                    return self.ignore(command, len - Header::LEN, because);
                }
                Frame::Fatal(reason) => return Some(self.close(reason)),
            }
        }
        None
    }

    /// Does what is due at `now`, one event at a time: call it until it returns `None`. Then
    /// [`Peer::poll_timeout`] is `None` or later than `now`. It may be called at any time: if nothing is due, it does
    /// nothing.
    ///
    /// `random` gives a fresh random number, the nonce of a ping, if one is needed.
    #[must_use = "it is an event, and after it may be more"]
    pub fn handle_timeout(&mut self, now: Instant, random: impl FnOnce() -> u64) -> Option<Event> {
        if self.closed {
            return None;
        }
        if self.stage != Stage::Ready {
            let timeout = match self.connection.direction {
                Direction::Outbound => self.config.outbound_handshake_timeout,
                Direction::Inbound => self.config.inbound_handshake_timeout,
            };
            let late = now >= self.handshake_deadline;
            return late.then(|| self.close(CloseReason::HandshakeTimeout(timeout)));
        }
        match self.keepalive.due(now, self.config.ping_timeout) {
            Due::Nothing => {}
            Due::Ping => self.send_ping(now, random()),
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
    /// Returns how many of the items were taken, from the first on. The others are refused: at most
    /// [`Config::max_requests`] may wait for their answers at a time, and before the handshake is done nothing may be
    /// asked.
    pub fn request(&mut self, now: Instant, items: impl IntoIterator<Item = Inventory>) -> usize {
        if self.closed || self.stage != Stage::Ready {
            return 0;
        }
        let mut taken = 0;
        let witness = self.agreed.services.contains(Services::WITNESS);
        let items = items.into_iter();
        let room = self.config.max_requests.saturating_sub(self.requests.len());
        let expected = items.size_hint().0.min(room);
        let mut wanted = Vec::with_capacity(expected);
        self.requests.reserve(expected);
        for item in items {
            match self.requests.ask(now, item, self.config.max_requests) {
                Asked::Full => break,
                Asked::UnderWay => {
                    taken += 1;
                    continue;
                }
                Asked::New => taken += 1,
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
            self.transport.send(now, Command::GETDATA, |out| wire::put_inventory(out, items));
        }
        taken
    }

    /// Ends the connection. Nothing more is sent; the event returned is the last.
    ///
    /// It is also how to tell that the stream has ended, with [`CloseReason::Io`] and
    /// [`IoError::Ended`](crate::IoError::Ended), or failed, with another [`IoError`](crate::IoError). A reason of your
    /// own is a [`CloseReason::Local`].
    #[cold]
    #[must_use = "it is the last event"]
    pub fn close(&mut self, reason: CloseReason) -> Event {
        self.closed = true;
        self.transport.close();
        self.remote_version = None;
        Event::Closed(reason)
    }

    /// Encoded messages that were not written yet, contiguous; nothing when the connection is over.
    /// Write a prefix of them, then say how much with [`Peer::transmitted`].
    pub fn transmit(&self) -> &[u8] {
        if self.closed { &[] } else { self.transport.unsent() }
    }

    /// As [`Peer::transmit`], and still there when the connection is over: what was queued by messages
    /// before the one that ended it is to be seen, wherever the stream was cut.
    pub(crate) fn queued(&self) -> &[u8] {
        self.transport.unsent()
    }

    /// The first `n` bytes of [`Peer::transmit`] were written. More than there are count as all of them, and
    /// what of them was not written is lost.
    pub fn transmitted(&mut self, n: usize) {
        self.transport.written(n);
        self.own_unsent = self.own_unsent.min(self.transport.unsent().len() as u32);
    }

    /// False while the peer does not read what we answer, and when the connection is over. Ask
    /// before each read: what is not read cannot make the answers pile up. The application's own messages do not count:
    /// two that send each other long messages must not wait for each other.
    pub fn wants_read(&self) -> bool {
        !self.closed && self.answers_unsent() <= self.config.max_unsent
    }

    /// Unsent bytes that are not the application's own.
    fn answers_unsent(&self) -> usize {
        self.transport.unsent().len().saturating_sub(self.own_unsent as usize)
    }

    /// The side that made the connection.
    pub const fn direction(&self) -> Direction {
        self.connection.direction
    }

    /// The nonce of our `version`.
    pub const fn nonce(&self) -> u64 {
        self.connection.nonce
    }

    /// The type under which the other side announces transactions to us, and is asked for them; not the one under which
    /// we may announce to it.
    pub const fn tx_inv_type(&self) -> InvType {
        if self.agreed.wtxidrelay { InvType::WTX } else { InvType::TX }
    }

    /// Objects that we asked for and may still get in time, in the order in which it was asked. Stays
    /// readable when the connection is over: somebody else may be asked now.
    pub fn requested(&self) -> impl Iterator<Item = Inventory> {
        self.requests.waiting()
    }

    /// Returns what is known of the connection.
    pub fn info(&self) -> PeerInfo {
        PeerInfo::of(self)
    }

    /// Whether the handshake is done and the connection not over.
    pub fn is_ready(&self) -> bool {
        self.stage == Stage::Ready && !self.closed
    }

    /// Takes a whole frame that [`frame::judge`] let through.
    #[inline(never)] // Passing over what nobody wants is the hot path of the caller.
    fn handle_frame(&mut self, now: Instant, frame: &[u8], is_ours: impl Fn(u64) -> bool) -> Option<Event> {
        let (header, payload) = frame.split_first_chunk()?;
        let header = Header::decode(header);
        let command = header.command()?;
        self.transport.count_received(now, command, frame.len());
        let digest = wire::sha256d(payload);
        if !header.matches(&digest) {
            return self.ignore(command, payload.len(), Fault::Checksum.into());
        }
        if command == Command::PING && self.agreed.common_version < PONG_VERSION {
            // Such a ping has no nonce, and gets no answer (BIP31).
            return None;
        }
        match Message::decode(command, payload, digest) {
            Ok(message) => self.handle_message(now, message, is_ours),
            Err(wire::Error::TooManyEntries { count, limit }) => {
                Some(self.close(CloseReason::TooManyEntries { command, count, limit }))
            }
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
            Message::Version(version) => self.take_version(now, version, is_ours),
            Message::Wtxidrelay => {
                self.agreed.wtxidrelay = self.agreed.common_version >= FEATURE_VERSION;
                None
            }
            Message::Sendaddrv2 => {
                self.agreed.addrv2 = true;
                None
            }
            Message::Verack => self.take_verack(now),
            Message::Ping(nonce) => {
                self.answer(now, Command::PONG, |out| out.extend_from_slice(&nonce.to_le_bytes()));
                None
            }
            Message::Pong(nonce) => {
                let (rtt, min) = self.keepalive.pong(now, nonce)?;
                Some(Event::Pong { rtt, min })
            }
            Message::Feefilter(rate) => self.take_feefilter(rate),
            Message::Inv(list) if !self.config.relay && list.iter().any(|item| item.inv_type.is_tx()) => {
                Some(self.close(CloseReason::UnwantedTx(Command::INV)))
            }
            Message::Inv(list) => {
                let announced = [self.tx_inv_type(), InvType::BLOCK];
                let mut entries = list.to_vec();
                entries.retain(|entry| announced.contains(&entry.inv_type));
                (!entries.is_empty()).then_some(Event::Inv(entries))
            }
            Message::Getdata(list) if !self.config.deliver.contains(&Command::GETDATA) => {
                self.answer_notfound(now, list);
                None
            }
            Message::Notfound(list) => {
                let requests = &mut self.requests;
                let missing = list.iter().map(announced_form);
                let missing: Vec<_> =
                    missing.filter(|item| requests.answered(now, *item).is_some()).collect();
                (!missing.is_empty()).then_some(Event::Notfound(missing))
            }
            Message::Tx(view) => Some(self.take_tx(now, view)),
            Message::Reject(reject) => Some(Event::Rejected(Box::new(reject.into()))),
            other => Some(Event::Message(OwnedMessage::from(&other))),
        }
    }

    /// Takes a fee filter, if it says something new. Values outside the range of money are ignored (Bitcoin Core
    /// `MoneyRange`).
    fn take_feefilter(&mut self, rate: i64) -> Option<Event> {
        if !(0..=MAX_MONEY).contains(&rate) || self.feefilter == rate {
            return None;
        }
        self.feefilter = rate;
        Some(Event::Feefilter(rate.unsigned_abs()))
    }

    /// Takes a transaction, and with it the answers to what it was asked for as.
    fn take_tx(&mut self, now: Instant, view: TxView<'_>) -> Event {
        let checked = view.check_loose();
        let tx = view.to_owned();
        let (txid, wtxid) = (tx.txid(), tx.wtxid());
        let names = [(InvType::TX, txid.into()), (InvType::WTX, wtxid.into())];
        let latencies =
            names.map(|(inv_type, hash)| self.requests.answered(now, Inventory { inv_type, hash }));
        let latency = latencies.into_iter().flatten().next();
        match checked {
            Ok(()) => Event::Tx { tx, latency },
            Err(error) => Event::InvalidTx { txid, wtxid, bytes: tx.as_bytes().len() as u32, error, latency },
        }
    }

    /// Says of each transaction that we were asked for that we do not have it. About blocks and
    /// unknown types we are silent, as Bitcoin Core is: btcd counts such a `notfound` against us.
    fn answer_notfound(&mut self, now: Instant, asked: InventoryList<'_>) {
        let missing: Vec<_> = asked.iter().filter(|item| item.inv_type.is_tx()).collect();
        if !missing.is_empty() {
            self.answer(now, Command::NOTFOUND, |out| wire::put_inventory(out, missing));
        }
    }

    /// Sends an answer. A caller that goes on reading although [`Peer::wants_read`] says no may read as much as
    /// one message more; what is asked then has no answer, so that the answers stay bounded.
    fn answer(&mut self, now: Instant, command: Command, payload: impl FnOnce(&mut Vec<u8>)) {
        if self.answers_unsent() <= self.config.max_unsent.saturating_add(wire::MAX_PAYLOAD as usize) {
            self.transport.send(now, command, payload);
        }
    }

    fn send_ping(&mut self, now: Instant, random: u64) {
        let nonce = (self.agreed.common_version >= PONG_VERSION)
            .then(|| NonZeroU64::new(random).unwrap_or(NonZeroU64::MIN));
        self.transport.send(now, Command::PING, |out| {
            if let Some(nonce) = nonce {
                out.extend_from_slice(&nonce.get().to_le_bytes());
            }
        });
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
