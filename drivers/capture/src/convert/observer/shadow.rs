//! Our own core beside a recorded node: what it would have done with the same bytes.
//!
//! It is told what its peers said, message by message, as the capture has it, and never what the recorded node said.
//! Three things are put right, because they hang on what was said:
//! - its pings are answered at once as long as the recorded node's are, and when those are where they wait, since the
//!   capture holds no answer to a nonce that nobody sent;
//! - a peer's `wtxidrelay` counts if the recorded node sent its own, since without it the peer announces by txid. So the
//!   peer's `verack` waits for the recorded node's, before which that must be sent;
//! - its slots never run out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use satwire_core::node::{Address, ConnId, Environment, Event, EventKind, Input, Output, Purpose};
use satwire_core::peer::Direction;
use satwire_core::wire::{Command, Hash, encode_frame, encode_pong};
use satwire_core::{CloseReason, Config, Instant, IoError, Magic, Node, WallClock};

use crate::journal::{Prologue, Recorder};

/// A node that is told what a capture shows.
#[derive(Debug)]
pub(super) struct Shadow {
    node: Node<Words>,
    magic: Magic,
    pings: Pings,
    /// Its names of the connections, and back.
    names: BTreeMap<ConnId, ConnId>,
    back: BTreeMap<ConnId, ConnId>,
    /// Pings that wait until the recorded node's is answered, by our name.
    owed: BTreeMap<ConnId, u64>,
    /// A peer's `verack` and what follows it, until the recorded node has sent its own.
    waiting: BTreeMap<ConnId, Vec<u8>>,
    /// The connections that it closed, and the entries that it asked for on account of the last frame.
    closed: Vec<(Instant, ConnId, CloseReason)>,
    asks: Vec<Hash>,
}

/// Pings that were sent, and their nonces.
type Pings = Rc<RefCell<Vec<(ConnId, u64)>>>;

/// A journal of what a shadow is told.
pub(super) type Journal = Rc<RefCell<Recorder<Nonces, Vec<u8>>>>;

/// The environment of a shadow.
#[derive(Debug)]
enum Words {
    Plain(Nonces),
    Recorded(Journal),
}

impl Environment for Words {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        match self {
            Self::Plain(nonces) => nonces.draw(purpose),
            Self::Recorded(journal) => journal.borrow_mut().draw(purpose),
        }
    }

    fn input(&mut self, now: Instant, input: &Input<'_>) {
        if let Self::Recorded(journal) = self {
            journal.borrow_mut().input(now, input);
        }
    }

    fn queued(&mut self, now: Instant, conn: ConnId, frames: &[u8]) {
        if let Self::Recorded(journal) = self {
            journal.borrow_mut().queued(now, conn, frames);
        }
    }

    fn output(&mut self, now: Instant, output: &Output) {
        if let Self::Recorded(journal) = self {
            journal.borrow_mut().output(now, output);
        }
    }
}

/// The random words of a shadow: the same in every run.
#[derive(Clone, Debug, Default)]
pub(super) struct Nonces {
    last: u64,
    pings: Pings,
}

impl Environment for Nonces {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        // Weyl's sequence: different words, none of them 0.
        self.last = self.last.wrapping_add(0x9e37_79b9_7f4a_7c15);
        if let Purpose::PingNonce(conn) = purpose {
            self.pings.borrow_mut().push((conn, self.last));
        }
        self.last
    }
}

impl Shadow {
    /// A node of this configuration.
    pub(super) fn new(config: &Config, clock: WallClock) -> Self {
        let nonces = Nonces::default();
        let pings = nonces.pings.clone();
        Self::with(&Self::config(config), clock, Words::Plain(nonces), pings)
    }

    /// The same, and a journal that can be played.
    pub(super) fn recorded(prologue: &Prologue) -> (Self, Journal) {
        let config = Self::config(&prologue.config);
        let fresh = Prologue::new(prologue.program.clone(), config.clone(), prologue.clock);
        let nonces = Nonces::default();
        let pings = nonces.pings.clone();
        let journal = Rc::new(RefCell::new(Recorder::new(nonces, Vec::new(), fresh)));
        let shadow = Self::with(&config, prologue.clock, Words::Recorded(journal.clone()), pings);
        (shadow, journal)
    }

    fn with(config: &Config, clock: WallClock, words: Words, pings: Pings) -> Self {
        Self {
            magic: config.magic,
            node: Node::new(config.clone(), clock, words),
            pings,
            names: BTreeMap::new(),
            back: BTreeMap::new(),
            owed: BTreeMap::new(),
            waiting: BTreeMap::new(),
            closed: Vec::new(),
            asks: Vec::new(),
        }
    }

    /// The configuration of the shadow of a node that had this one.
    fn config(config: &Config) -> Config {
        let mut config = config.clone();
        config.inbound_slots = usize::MAX;
        config.inbound_per_address = usize::MAX;
        config.inbound_per_group = usize::MAX;
        // Nothing of this is compared.
        config.verdicts = false;
        config.propagation_age = Duration::MAX;
        config
    }

    /// A connection is open.
    pub(super) fn open(&mut self, at: Instant, conn: ConnId, peer: &Address, direction: Direction) {
        let addr = match peer {
            Address::Socket(addr) => *addr,
            // For benchmarks (RFC 2544): it stands for one that is none of the internet.
            _ => SocketAddr::from(([198, 18, (conn.0 >> 8) as u8, conn.0 as u8], 1)),
        };
        let name = match direction {
            Direction::Inbound => {
                let name = self.node.next_conn();
                self.node.handle(at, Input::Accepted { conn: name, addr });
                name
            }
            Direction::Outbound => {
                let name = self.node.next_conn();
                self.node.handle(at, Input::Dial(addr.into()));
                self.node.handle(at, Input::Connected(name));
                // Nothing is dialled that was not recorded.
                if let Some(target) = self.node.target(&addr.into()) {
                    self.node.handle(at, Input::RemoveTarget(target));
                }
                name
            }
        };
        self.names.insert(conn, name);
        self.back.insert(name, conn);
        self.drain();
    }

    /// Whether it still has this connection.
    pub(super) fn follows(&self, conn: ConnId) -> bool {
        self.names.contains_key(&conn)
    }

    /// The peer said this. The entries that it asks for at once are in [`take_asks`](Self::take_asks) then.
    pub(super) fn received(&mut self, at: Instant, conn: ConnId, bytes: &[u8]) {
        self.asks.clear();
        let Some(name) = self.names.get(&conn) else { return };
        self.node.handle(at, Input::Received(*name, bytes));
        self.drain();
    }

    /// The peer's `verack` waits, and all that follows.
    pub(super) fn hold(&mut self, conn: ConnId, frame: &[u8]) {
        self.waiting.entry(conn).or_default().extend_from_slice(frame);
    }

    /// Whether something waits, and how many bytes.
    pub(super) fn waits(&self, conn: ConnId) -> Option<usize> {
        self.waiting.get(&conn).map(Vec::len)
    }

    /// It is known whether the peer announces by wtxid: what waits is told.
    pub(super) fn release(&mut self, at: Instant, conn: ConnId, wtxidrelay: bool) {
        let Some(waiting) = self.waiting.remove(&conn) else { return };
        if wtxidrelay {
            let mut bytes = Vec::new();
            encode_frame(&mut bytes, self.magic, Command::WTXIDRELAY, |_| {});
            self.received(at, conn, &bytes);
        }
        self.received(at, conn, &waiting);
    }

    /// The connection is over, or is followed no further.
    pub(super) fn forget(&mut self, at: Instant, conn: ConnId) {
        if let Some(name) = self.unname(conn) {
            self.node.handle(at, Input::Closed(name, IoError::Ended));
            self.drain();
        }
    }

    /// When something is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.node.poll_timeout()
    }

    /// Time has come to `at`. `waits` says whether the recorded node waits for a pong itself. Returns how many pings
    /// were sent.
    pub(super) fn handle_timeout(&mut self, at: Instant, waits: impl Fn(ConnId) -> bool) -> u64 {
        self.node.handle(at, Input::Timeout);
        self.drain();
        let pings: Vec<_> = self.pings.borrow_mut().drain(..).collect();
        let sent = pings.len() as u64;
        for (name, nonce) in pings {
            let Some(conn) = self.back.get(&name).copied() else { continue };
            self.owed.insert(conn, nonce);
            if !waits(conn) {
                self.pong(at, conn);
            }
        }
        sent
    }

    /// The recorded node's ping was answered: ours as well.
    pub(super) fn pong(&mut self, at: Instant, conn: ConnId) {
        if let Some(nonce) = self.owed.remove(&conn) {
            let mut bytes = Vec::new();
            encode_pong(&mut bytes, self.magic, nonce);
            self.received(at, conn, &bytes);
        }
    }

    /// Takes the entries that it asked for at once on account of what came last.
    pub(super) fn take_asks(&mut self) -> Vec<Hash> {
        std::mem::take(&mut self.asks)
    }

    /// The connections that it closed.
    pub(super) fn take_closed(&mut self) -> Vec<(Instant, ConnId, CloseReason)> {
        std::mem::take(&mut self.closed)
    }

    fn unname(&mut self, conn: ConnId) -> Option<ConnId> {
        let name = self.names.remove(&conn)?;
        self.back.remove(&name);
        self.owed.remove(&conn);
        self.waiting.remove(&conn);
        Some(name)
    }

    fn drain(&mut self) {
        while let Some(output) = self.node.poll() {
            match output {
                Output::Transmit(name) => {
                    let all = self.node.transmit(name).len();
                    self.node.transmitted(name, all);
                }
                Output::Event(Event { at, conn: Some(name), kind, .. }) => self.event(at, name, kind),
                _ => {}
            }
        }
    }

    fn event(&mut self, at: Instant, name: ConnId, kind: EventKind) {
        match kind {
            EventKind::Announced(announcements) => {
                let asked = announcements.iter().filter(|announcement| announcement.requested);
                self.asks.extend(asked.map(|announcement| announcement.item.hash));
            }
            EventKind::Disconnected(reason) => {
                if let Some(conn) = self.back.get(&name).copied() {
                    self.unname(conn);
                    self.closed.push((at, conn, reason));
                }
            }
            _ => {}
        }
    }
}
