//! The host of a simulated node: it draws from the simulation's chance, and watches.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use satwire_core::Instant;
use satwire_core::node::{ConnId, Draw, Event, EventKind, Host, Output};
use satwire_core::wire::{self, Command, Hash, Header, Message};

use super::Chance;

/// Watches what a node says, and panics when it breaks a promise.
#[derive(Debug)]
pub struct Auditor {
    chance: Chance,
    /// Who was asked for what, and may still answer in time.
    outstanding: BTreeMap<Hash, ConnId>,
    /// The names of all transactions that came.
    delivered: BTreeSet<Hash>,
    /// A running hash of everything that was said, with its time.
    digest: u64,
    text: String,
}

impl Auditor {
    /// Watches a node whose random words come from `chance`.
    pub const fn new(chance: Chance) -> Self {
        Self {
            chance,
            outstanding: BTreeMap::new(),
            delivered: BTreeSet::new(),
            digest: 0xcbf2_9ce4_8422_2325,
            text: String::new(),
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
        self.digest
    }

    fn digest_bytes(&mut self, bytes: &[u8]) {
        // FNV-1a: enough to tell two honest runs apart.
        for byte in bytes {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn asked(&mut self, conn: ConnId, hash: Hash) {
        if let Some(other) = self.outstanding.insert(hash, conn) {
            panic!("{hash} is asked of {conn} while {other} may still answer");
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

impl Host for Auditor {
    fn draw(&mut self, _purpose: Draw) -> u64 {
        self.chance.word()
    }

    fn queued(&mut self, now: Instant, conn: ConnId, mut frames: &[u8]) {
        self.digest_bytes(&now.as_micros().to_le_bytes());
        self.digest_bytes(&conn.0.to_le_bytes());
        self.digest_bytes(frames);
        while let Some((header, rest)) = frames.split_first_chunk() {
            let header = Header::decode(header);
            let (payload, rest) = rest.split_at(header.length as usize);
            frames = rest;
            if header.command() == Some(Command::GETDATA)
                && let Ok(Message::Getdata(list)) =
                    Message::decode(Command::GETDATA, payload, wire::sha256d(payload))
            {
                for item in &list {
                    self.asked(conn, item.hash);
                }
            }
        }
    }

    fn output(&mut self, now: Instant, output: &Output) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        write!(text, "{now:?} {output:?}").expect("a string takes everything");
        self.digest_bytes(text.as_bytes());
        self.text = text;
        if let Output::Event(Event { conn, kind, .. }) = output {
            self.told(*conn, kind);
        }
    }
}
