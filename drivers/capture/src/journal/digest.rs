//! A digest of everything that a node says.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use satwire_core::Instant;
use satwire_core::node::{ConnId, Environment, EventKind, Input, Output, Purpose};
use satwire_core::wire::Header;

use super::codec::{put_bytes, put_socket, put_varint};
use super::event::put_event;
use super::sum::Sum;
use super::{DIGEST, Mark};

/// The running digest of everything that a node says: each message that it queues, each order and each
/// event, with its time, in an encoding of its own.
///
/// Messages count one by one, so that it does not matter how many were queued at once. A transaction counts by its ids
/// and its length, which stand for every byte of it. A variant that has no number here counts by its text.
///
/// The words of one step have a digest of its own beside it, whatever was said before.
///
/// 128 bits that are no cryptographic hash: two programs that say different things have the same digest by
/// accident only, about never.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    all: Sum,
    step: Sum,
    count: u64,
    /// The words said just now, encoded.
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
                // A refusal names its connection itself. It was told without one once.
                let conn = event.conn.filter(|_| !matches!(event.kind, EventKind::InputRefused(_)));
                self.start(ITEM_EVENT, event.at, conn);
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

    fn observe(&mut self, purpose: Purpose, seen: u64) -> u64 {
        self.inner.observe(purpose, seen)
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
