//! The environment of a simulated node: it draws from the simulation's chance, and watches.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use satwire_core::Instant;
use satwire_core::node::{ConnId, Environment, Event, EventKind, Output, Purpose};
use satwire_core::wire::{Command, Hash, Header, Message};

use super::Chance;

/// Watches what a node says, and panics when it breaks a promise.
#[derive(Debug)]
pub struct Auditor {
    chance: Chance,
    /// The requests that may still be answered in time, and the peer that each went to.
    outstanding: BTreeMap<Hash, ConnId>,
    /// The names of all transactions that came.
    delivered: BTreeSet<Hash>,
    /// A running hash of everything that was said, with its time.
    digest: Digest,
    live: fn() -> isize,
    /// The memory of the auditor itself, in bytes.
    held: isize,
}

impl Auditor {
    /// Watches a node whose random words come from `chance`. `live` tells how many bytes the thread has in
    /// use: what the auditor keeps is not the node's.
    pub const fn new(chance: Chance, live: fn() -> isize) -> Self {
        Self {
            chance,
            live,
            held: 0,
            outstanding: BTreeMap::new(),
            delivered: BTreeSet::new(),
            digest: Digest(0xcbf2_9ce4_8422_2325),
        }
    }

    /// Whether a transaction of this name has come.
    pub fn has(&self, name: &Hash) -> bool {
        self.delivered.contains(name)
    }

    /// How many names of transactions have come.
    pub fn delivered(&self) -> usize {
        self.delivered.len()
    }

    /// The same for two runs if and only if both said the same at the same times.
    pub const fn digest(&self) -> u64 {
        self.digest.0
    }

    /// Returns its memory in bytes.
    pub const fn held(&self) -> isize {
        self.held
    }

    /// Does what makes it keep something.
    fn keep(&mut self, work: impl FnOnce(&mut Self)) {
        let before = (self.live)();
        work(self);
        self.held += (self.live)() - before;
    }

    fn asked(&mut self, conn: ConnId, hash: Hash) {
        if let Some(other) = self.outstanding.insert(hash, conn) {
            panic!("{hash} is asked of {conn} while {other} may still answer");
        }
    }

    fn said(&mut self, conn: ConnId, mut frames: &[u8]) {
        while let Some((header, rest)) = frames.split_first_chunk() {
            let header = Header::decode(header);
            let (payload, rest) = rest.split_at(header.length as usize);
            frames = rest;
            if header.command() == Some(Command::GETDATA)
                // Only a `tx` needs the hash of its bytes.
                && let Ok(Message::Getdata(list)) = Message::decode(Command::GETDATA, payload, Hash([0; 32]))
            {
                for item in &list {
                    self.asked(conn, item.hash);
                }
            }
        }
    }

    fn told(&mut self, conn: Option<ConnId>, kind: &EventKind) {
        match kind {
            EventKind::Tx { tx, .. } => {
                for name in [tx.txid().into(), tx.wtxid().into()] {
                    self.outstanding.remove(&name);
                    self.delivered.insert(name);
                }
            }
            EventKind::Notfound(misses) | EventKind::Unanswered(misses) => {
                for miss in misses {
                    if self.outstanding.get(&miss.item.hash).copied() == conn {
                        self.outstanding.remove(&miss.item.hash);
                    }
                }
            }
            EventKind::Disconnected(_) => self.outstanding.retain(|_, holder| Some(*holder) != conn),
            _ => {}
        }
    }
}

impl Environment for Auditor {
    fn draw(&mut self, _purpose: Purpose) -> u64 {
        self.chance.next()
    }

    fn queued(&mut self, now: Instant, conn: ConnId, frames: &[u8]) {
        self.digest.bytes(&now.as_micros().to_le_bytes());
        self.digest.bytes(&conn.0.to_le_bytes());
        self.digest.bytes(frames);
        self.keep(|auditor| auditor.said(conn, frames));
    }

    fn output(&mut self, now: Instant, output: &Output) {
        write!(self.digest, "{now:?} {output:?}").expect("a digest takes everything");
        if let Output::Event(Event { conn, kind, .. }) = output {
            self.keep(|auditor| auditor.told(*conn, kind));
        }
    }
}

/// As FNV-1a, but a word at a time: enough to tell two honest runs apart.
#[derive(Debug)]
struct Digest(u64);

impl Digest {
    fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        let words = words.iter().map(|word| u64::from_le_bytes(*word));
        for word in words.chain(rest.iter().map(|byte| u64::from(*byte))) {
            self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
        }
    }
}

impl fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}
