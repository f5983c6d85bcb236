//! A digest of everything that a node says.
//!
//! Old journals are compared by it, so what they can hold is encoded as it ever was: numbers are never used again, a
//! new event gets the next one, and a field that an event gets later is written only where it has another value than
//! the event had before there was the field.

use std::cell::{Ref, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use satwire_core::node::{
    Address, ConnId, Environment, Event, EventKind, FailedRequest, Input, InputError, NotTaken, Output,
    Purpose,
};
use satwire_core::peer::{Direction, IgnoredReason, Negotiated, Rejection};
use satwire_core::wire::{self, Header, Inventory, NetAddress};
use satwire_core::{CloseReason, Fault, Instant, Label};

use super::codec::{put_address, put_bytes, put_duration, put_signed, put_socket, put_varint};
use super::sum::Sum;
use super::{DIGEST, Mark};

/// The running digest of everything that a node says: each message that it queues, each order and each
/// event, with its time, in an encoding of its own.
///
/// Messages count one by one, so that it does not matter how many were queued at once. A transaction
/// counts by its ids and its length, which stand for every byte of it. What has a variant that has no number
/// here counts by its text.
///
/// What is said in one step has a digest of its own beside it, whatever was said before.
///
/// 128 bits that are no cryptographic hash: two programs that say different things have the same digest by
/// accident only, about never.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    all: Sum,
    step: Sum,
    count: u64,
    /// What is said just now, encoded.
    item: Vec<u8>,
}

impl Digest {
    /// The digest of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what [`Environment::queued`] shows.
    pub fn queued(&mut self, at: Instant, conn: ConnId, mut frames: &[u8]) {
        while !frames.is_empty() {
            let whole =
                frames.first_chunk().map(|header| Header::LEN + Header::decode(header).length as usize);
            let (frame, rest) = frames.split_at(whole.unwrap_or(usize::MAX).min(frames.len()));
            self.start(ITEM_FRAME, at, Some(conn));
            self.item.extend_from_slice(frame);
            self.close();
            frames = rest;
        }
    }

    /// Takes what [`Environment::output`] shows.
    pub fn output(&mut self, at: Instant, output: &Output) {
        match output {
            Output::Resolve { target, host, port } => {
                self.start(ITEM_RESOLVE, at, None);
                put_varint(&mut self.item, u64::from(target.0));
                put_bytes(&mut self.item, host.as_bytes());
                self.item.extend_from_slice(&port.to_le_bytes());
            }
            Output::Connect { conn, addr } => {
                self.start(ITEM_CONNECT, at, Some(*conn));
                put_socket(&mut self.item, addr);
            }
            // Never shown, and nobody's business: how far a write got.
            Output::Transmit(_) => return,
            Output::Disconnect(conn) => self.start(ITEM_DISCONNECT, at, Some(*conn)),
            Output::Event(event) => {
                self.start(ITEM_EVENT, event.at, event.conn);
                put_event(&mut self.item, event);
            }
        }
        self.close();
    }

    /// How many messages, orders and events it has taken.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The digest as it stands.
    pub fn sum(&self) -> [u8; DIGEST] {
        self.all.value()
    }

    /// From here on is another step.
    pub fn next_step(&mut self) {
        self.step = Sum::default();
    }

    /// Whether nothing was said in this step.
    pub fn is_silent(&self) -> bool {
        self.step == Sum::default()
    }

    /// The digest of this step.
    pub fn step(&self) -> [u8; DIGEST] {
        self.step.value()
    }

    /// The first bytes of the step's digest.
    pub fn mark(&self) -> Mark {
        let [a, b, ..] = self.step();
        Mark([a, b])
    }

    /// The item is complete.
    fn close(&mut self) {
        let mut sum = Sum::default();
        sum.update(&self.item);
        let item = sum.value();
        self.all.chain(item);
        self.step.chain(item);
    }

    fn start(&mut self, item: u8, at: Instant, conn: Option<ConnId>) {
        self.count += 1;
        self.item.clear();
        let mut front = [item; 17];
        front[1..9].copy_from_slice(&at.as_micros().to_le_bytes());
        // Connections are counted from 1.
        front[9..].copy_from_slice(&conn.map_or(0, |conn| conn.0).to_le_bytes());
        self.item.extend_from_slice(&front);
    }
}

/// An environment around another that keeps the digest of what its node says, where each input is a step.
#[derive(Debug)]
pub struct Digested<E> {
    /// The environment inside.
    pub inner: E,
    digest: SharedDigest,
}

/// A digest that is read where the node cannot be asked for it: there may be another machine around it.
pub(super) type SharedDigest = Rc<RefCell<Digest>>;

impl<E> Digested<E> {
    /// Starts with the digest of nothing.
    pub fn new(inner: E) -> Self {
        Self { inner, digest: SharedDigest::default() }
    }

    /// The digest so far.
    pub fn digest(&self) -> Ref<'_, Digest> {
        self.digest.borrow()
    }

    /// The digest, to be read from elsewhere.
    pub(super) fn share(&self) -> SharedDigest {
        self.digest.clone()
    }
}

impl<E: Environment> Environment for Digested<E> {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        self.inner.draw(purpose)
    }

    fn input(&mut self, now: Instant, input: &Input<'_>) {
        self.digest.borrow_mut().next_step();
        self.inner.input(now, input);
    }

    fn queued(&mut self, now: Instant, conn: ConnId, frames: &[u8]) {
        self.digest.borrow_mut().queued(now, conn, frames);
        self.inner.queued(now, conn, frames);
    }

    fn output(&mut self, now: Instant, output: &Output) {
        self.digest.borrow_mut().output(now, output);
        self.inner.output(now, output);
    }
}

const ITEM_FRAME: u8 = 1;
const ITEM_RESOLVE: u8 = 2;
const ITEM_CONNECT: u8 = 3;
const ITEM_DISCONNECT: u8 = 4;
const ITEM_EVENT: u8 = 5;

/// Stands before the text of what has no number yet.
const OTHER: u8 = 255;

fn put_event(out: &mut Vec<u8>, event: &Event) {
    match &event.kind {
        EventKind::Clock(clock) => {
            out.push(0);
            put_signed(out, clock.unix_micros_at_zero);
        }
        EventKind::DialFailed { address, reason, retry } => {
            out.push(1);
            put_address_or_text(out, address);
            put_reason(out, reason);
            put_duration(out, *retry);
        }
        EventKind::Connected { addr, direction } => put_connected(out, addr, *direction),
        EventKind::Handshake(negotiated) => {
            out.push(3);
            put_negotiated(out, negotiated);
        }
        EventKind::Pong { rtt, min } => {
            out.push(4);
            put_duration(out, *rtt);
            put_duration(out, *min);
        }
        EventKind::Feefilter(rate) => {
            out.push(5);
            put_varint(out, *rate);
        }
        EventKind::Announced(announcements) => {
            out.push(6);
            put_varint(out, announcements.len() as u64);
            for announcement in announcements {
                let flags = u8::from(announcement.first) | u8::from(announcement.requested) << 1;
                let mut item = [flags; 37];
                item[..4].copy_from_slice(&announcement.item.inv_type.0.to_le_bytes());
                item[4..36].copy_from_slice(&announcement.item.hash.0);
                out.extend_from_slice(&item);
            }
        }
        EventKind::Tx { tx, latency } => {
            out.push(7);
            let (wtxid, txid) = (tx.wtxid().0, tx.txid().0);
            let flags = u8::from(latency.is_some()) | u8::from(txid != wtxid) << 1;
            let latency = latency.unwrap_or_default();
            let mut item = [7; 50];
            item[1] = flags;
            item[2..6].copy_from_slice(&(tx.as_bytes().len() as u32).to_le_bytes());
            item[6..14].copy_from_slice(&latency.as_secs().to_le_bytes());
            item[14..18].copy_from_slice(&latency.subsec_nanos().to_le_bytes());
            // The wtxid stands for every byte of it.
            item[18..].copy_from_slice(&wtxid);
            out.extend_from_slice(&item);
            if txid != wtxid {
                out.extend_from_slice(&txid);
            }
        }
        EventKind::Notfound(misses) => put_misses(out, 8, misses),
        EventKind::Unanswered(misses) => put_misses(out, 9, misses),
        EventKind::Ignored { command, bytes, because } => {
            out.push(10);
            out.extend_from_slice(&command.to_wire());
            put_varint(out, u64::from(*bytes));
            put_not_taken(out, because);
        }
        EventKind::Disconnected(reason) => {
            out.push(11);
            put_reason(out, reason);
        }
        EventKind::Rejected(rejection) => {
            out.push(12);
            let Rejection { command, code, reason, hash } = &**rejection;
            put_bytes(out, command.as_bytes());
            out.push(*code);
            put_bytes(out, reason.as_bytes());
            put_bytes(out, hash.as_ref().map_or(&[], |hash| &hash.0[..]));
        }
        EventKind::InputRefused(error) => {
            out.push(13);
            put_input_error(out, error);
        }
        other => put_other(out, &format!("{other:?}")),
    }
}

fn put_other(out: &mut Vec<u8>, text: &str) {
    out.push(OTHER);
    put_bytes(out, text.as_bytes());
}

fn put_address_or_text(out: &mut Vec<u8>, address: &Address) {
    if put_address(out, address).is_err() {
        put_other(out, &address.to_string());
    }
}

fn put_input_error(out: &mut Vec<u8>, error: &InputError) {
    match error {
        InputError::WrongConn { got, expected } => {
            out.push(0);
            put_varint(out, got.0);
            put_varint(out, expected.0);
        }
        InputError::UnknownConn(conn) => put_number(out, 1, conn.0),
        InputError::ConnectionOver(conn) => put_number(out, 2, conn.0),
        InputError::NotConnected(conn) => put_number(out, 3, conn.0),
        InputError::AlreadyConnected(conn) => put_number(out, 4, conn.0),
        InputError::NotSent { conn, command, error } => {
            put_number(out, 5, conn.0);
            out.extend_from_slice(&command.to_wire());
            put_bytes(out, error.to_string().as_bytes());
        }
        InputError::NotRequested { conn, refused } => {
            put_number(out, 6, conn.0);
            put_varint(out, *refused as u64);
        }
        InputError::UnknownTarget(target) => put_number(out, 7, u64::from(target.0)),
        InputError::NetworkNotDialled(address) => {
            out.push(8);
            put_address_or_text(out, address);
        }
        InputError::Stopped => out.push(9),
        other => put_other(out, &other.to_string()),
    }
}

fn put_number(out: &mut Vec<u8>, variant: u8, number: u64) {
    out.push(variant);
    put_varint(out, number);
}

fn put_connected(out: &mut Vec<u8>, addr: &SocketAddr, direction: Direction) {
    out.push(2);
    put_socket(out, addr);
    out.push(match direction {
        Direction::Outbound => 0,
        Direction::Inbound => 1,
    });
}

fn put_negotiated(out: &mut Vec<u8>, negotiated: &Negotiated) {
    // Taken apart by name, so that a new field cannot be forgotten here.
    let Negotiated { version, common_version, wtxidrelay, addrv2, time_offset } = negotiated;
    let wire::Version {
        version,
        services,
        timestamp,
        addr_recv,
        addr_from,
        nonce,
        user_agent,
        start_height,
        relay,
    } = version;
    put_signed(out, i64::from(*version));
    put_varint(out, services.0);
    put_signed(out, *timestamp);
    put_net_address(out, addr_recv);
    put_net_address(out, addr_from);
    put_varint(out, *nonce);
    put_bytes(out, user_agent);
    put_signed(out, i64::from(*start_height));
    put_signed(out, i64::from(*common_version));
    out.push(u8::from(*relay) | u8::from(*wtxidrelay) << 1 | u8::from(*addrv2) << 2);
    put_signed(out, *time_offset);
}

fn put_net_address(out: &mut Vec<u8>, addr: &NetAddress) {
    put_varint(out, addr.services.0);
    out.extend_from_slice(&addr.ip.octets());
    out.extend_from_slice(&addr.port.to_le_bytes());
}

fn put_inventory(out: &mut Vec<u8>, item: Inventory) {
    out.extend_from_slice(&item.inv_type.0.to_le_bytes());
    out.extend_from_slice(&item.hash.0);
}

fn put_misses(out: &mut Vec<u8>, number: u8, misses: &[FailedRequest]) {
    out.push(number);
    put_varint(out, misses.len() as u64);
    for miss in misses {
        put_inventory(out, miss.item);
        put_varint(out, miss.next.map_or(0, |conn| conn.0));
    }
}

fn put_not_taken(out: &mut Vec<u8>, because: &NotTaken) {
    match because {
        NotTaken::Known => out.push(0),
        NotTaken::Ignored(IgnoredReason::BeforeVersion) => out.push(1),
        NotTaken::Ignored(IgnoredReason::BeforeVerack) => out.push(2),
        NotTaken::Ignored(IgnoredReason::Duplicate) => out.push(3),
        NotTaken::Ignored(IgnoredReason::Unhandled) => out.push(4),
        NotTaken::Ignored(IgnoredReason::Malformed(fault)) => {
            out.push(5);
            put_fault(out, fault);
        }
        other @ NotTaken::Ignored(_) => put_other(out, &other.to_string()),
    }
}

fn put_fault(out: &mut Vec<u8>, fault: &Fault) {
    match fault {
        Fault::Checksum => out.push(0),
        Fault::Command => out.push(1),
        Fault::Length { length, limit } => {
            out.push(2);
            put_varint(out, u64::from(*length));
            put_varint(out, u64::from(*limit));
        }
        Fault::Payload(error) => {
            out.push(3);
            put_wire_error(out, error);
        }
        other => put_other(out, &other.to_string()),
    }
}

fn put_wire_error(out: &mut Vec<u8>, error: &wire::Error) {
    let (number, values) = match *error {
        wire::Error::Truncated { needed, left } => (0, [needed, left as u64, 0]),
        wire::Error::NonCanonical { value, len } => (1, [value, u64::from(len), 0]),
        wire::Error::SizeTooLarge(size) => (2, [size, 0, 0]),
        wire::Error::TooManyEntries { count, limit } => (3, [count, limit, 0]),
        wire::Error::CountBeyondPayload { count, entry, left } => (4, [count, entry as u64, left as u64]),
        wire::Error::UserAgentTooLong(len) => (5, [len, 0, 0]),
        wire::Error::SuperfluousWitness => (6, [0; 3]),
        wire::Error::UnknownTxFlag(flag) => (7, [u64::from(flag), 0, 0]),
        ref other => return put_other(out, &other.to_string()),
    };
    out.push(number);
    for value in values {
        put_varint(out, value);
    }
}

fn put_reason(out: &mut Vec<u8>, reason: &CloseReason) {
    // The stable word names the variant; its fields follow. A label of the application's own is no such word.
    let word = match reason {
        CloseReason::Local(_) => Label::LOCAL.as_str(),
        reason => reason.as_str(),
    };
    put_bytes(out, word.as_bytes());
    match reason {
        CloseReason::WrongMagic { got, expected } => {
            out.extend_from_slice(&got.0);
            out.extend_from_slice(&expected.0);
        }
        CloseReason::PayloadTooLong { length } => put_varint(out, u64::from(*length)),
        CloseReason::TooManyEntries { command, count, limit } => {
            out.extend_from_slice(&command.to_wire());
            put_varint(out, *count);
            put_varint(out, *limit);
        }
        CloseReason::TooManyMalformed { count, last } => {
            out.push(*count);
            put_fault(out, last);
        }
        CloseReason::ObsoleteVersion { version, least } => {
            put_signed(out, i64::from(*version));
            put_signed(out, i64::from(*least));
        }
        CloseReason::LateFeature(command) => out.extend_from_slice(&command.to_wire()),
        CloseReason::NoSlot { slots: limit }
        | CloseReason::Evicted { slots: limit }
        | CloseReason::NoSlotForAddress { limit }
        | CloseReason::NoSlotForGroup { limit } => put_varint(out, *limit as u64),
        CloseReason::Local(label) if *label != Label::LOCAL => put_bytes(out, label.as_str().as_bytes()),
        CloseReason::ConnectTimeout(time)
        | CloseReason::HandshakeTimeout(time)
        | CloseReason::PingTimeout(time) => put_duration(out, *time),
        CloseReason::SelfConnection | CloseReason::Local(_) | CloseReason::Io(_) => {}
        other => put_other(out, &other.to_string()),
    }
}
