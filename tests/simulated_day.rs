//! A day of fifty nodes: ten of ours watch, forty relay, a third of these lie. A new transaction comes every half
//! minute. Each that an honest neighbour has must arrive, and each request must follow the rules (T1 to T7).
//!
//! Chance and time come from a seed: the same seed is the same day.
//!
//! ```sh
//! SATWIRE_DAY_SEED=17 cargo test --test simulated_day -- --nocapture
//! ```

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use bitcoin::Transaction;
use bitcoin::consensus::serialize;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::sim::Chance;
use harness::{Hello, World, by_txid, by_wtxid, config, legacy_tx, peer_addr, segwit_tx, tx_message};
use satwire_core::node::{ConnId, EventKind};
use satwire_core::wire::{Command, Header};

const WATCHERS: u64 = 10;
const RELAYS: u64 = 40;
const DIALLED: usize = 8;
const ACCEPTED: usize = 6;
const DAY: u64 = 24 * 60 * 60 * SECOND;
const EVERY: u64 = 30 * SECOND;
const SECOND: u64 = 1_000_000;

/// The manner of a relay that is asked for a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Serves,
    Ignores,
    SaysNotfound,
    SendsAnother,
    SendsOtherWitnesses,
}

/// One of the forty.
#[derive(Clone, Copy, Debug)]
struct Relay {
    manner: Manner,
    by_txid: bool,
}

impl Relay {
    fn of(n: u64) -> Self {
        const LIES: [Manner; 4] =
            [Manner::Ignores, Manner::SaysNotfound, Manner::SendsAnother, Manner::SendsOtherWitnesses];
        let manner = if n.is_multiple_of(3) { LIES[(n / 3 % 4) as usize] } else { Manner::Serves };
        Self { manner, by_txid: n % 5 == 1 }
    }

    fn is_honest(self) -> bool {
        self.manner == Manner::Serves
    }

    /// When it announces transaction `n`, which is `born`, on a connection that it made or not: liars at once, others
    /// when they have it and their timer is due (Bitcoin Core: 5 s on average to those that dialled, 2 s to others).
    fn announces_at(self, born: u64, dialled: bool, chance: &mut Chance) -> u64 {
        if !self.is_honest() {
            return born + 1000;
        }
        let mut at = born + chance.below(6 * SECOND);
        let mean = if dialled { 5 } else { 2 };
        while !chance.once_in(10 * mean) {
            at += SECOND / 10;
        }
        at
    }
}

/// A neighbour of a watcher.
struct Link {
    conn: ConnId,
    relay: Relay,
    dialled: bool,
}

/// Requests for one id.
#[derive(Debug, Default)]
struct Asked {
    announced: BTreeMap<usize, u64>,
    /// By which neighbour it was announced, asked when; the last has not failed yet, if `open`.
    so_far: Vec<(usize, u64)>,
    open: bool,
    /// It came from a peer that we dialled, or from one that dialled us.
    came: [bool; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Announces(u32),
    Answers(u32),
}

/// A watcher and its day.
struct Watcher {
    world: World,
    links: Vec<Link>,
    /// By the id as it is named on the wire.
    asked: BTreeMap<[u8; 32], Asked>,
    agenda: BinaryHeap<Reverse<(u64, usize, Happening)>>,
    arrived: BTreeMap<[u8; 32], u64>,
}

fn tx(n: u32) -> Transaction {
    if n.is_multiple_of(3) { legacy_tx(n) } else { segwit_tx(n) }
}

fn name(relay: Relay, tx: &Transaction) -> Inventory {
    if relay.by_txid { by_txid(tx) } else { by_wtxid(tx) }
}

/// The 32 bytes of an id on the wire.
fn id(item: Inventory) -> [u8; 32] {
    serialize(&item)[4..].try_into().expect("32 bytes")
}

impl Watcher {
    fn new(chance: &mut Chance) -> Self {
        let mut world = World::new(config(|config| {
            config.verdicts = false;
            config.propagation_age = Duration::MAX;
        }));
        world.node.environment_mut().silent = true;
        world.node.environment_mut().environment.forgetful = true;
        let mut relays: Vec<u64> = (0..RELAYS).collect();
        let mut links = Vec::new();
        for n in 0..DIALLED + ACCEPTED {
            let relay = Relay::of(relays.swap_remove(chance.below(relays.len() as u64) as usize));
            let hello = if relay.by_txid { Hello::btcd() } else { Hello::default() };
            let (dialled, addr) = (n < DIALLED, peer_addr(n as u8 + 1));
            let conn = if dialled { world.dial(addr) } else { world.accept(addr) };
            world.greet(conn, &hello);
            links.push(Link { conn, relay, dialled });
        }
        let (asked, arrived) = (BTreeMap::new(), BTreeMap::new());
        Self { world, links, asked, agenda: BinaryHeap::new(), arrived }
    }

    fn live(&mut self, seed: u64) {
        let start = self.world.now.as_micros();
        for n in 0..(DAY / EVERY) as u32 {
            let born = start + u64::from(n) * EVERY;
            for (at, link) in self.links.iter().enumerate() {
                let mut chance = Chance::new(seed ^ u64::from(n) << 20 ^ at as u64);
                let time = link.relay.announces_at(born, link.dialled, &mut chance);
                self.agenda.push(Reverse((time, at, Happening::Announces(n))));
            }
            self.run_until(born + EVERY);
        }
        self.run_until(start + DAY + 20 * 60 * SECOND);
    }

    /// Lets everything happen when it is due, the node's own timers too.
    fn run_until(&mut self, end: u64) {
        loop {
            let now = self.world.now.as_micros();
            let due = self.world.node.poll_timeout().map_or(end, |due| due.as_micros().max(now));
            let next = self.agenda.peek().map_or(end, |Reverse((time, ..))| *time);
            let until = due.min(next).min(end);
            self.world.advance(Duration::from_micros(until - now));
            self.listen();
            match self.agenda.peek() {
                Some(Reverse((time, at, happening))) if *time <= until => {
                    let (at, happening) = (*at, *happening);
                    self.agenda.pop();
                    self.happen(at, happening);
                    self.listen();
                }
                _ if until >= end => return,
                _ => {}
            }
        }
    }

    fn happen(&mut self, at: usize, happening: Happening) {
        let (conn, relay) = (self.links[at].conn, self.links[at].relay);
        match happening {
            Happening::Announces(n) => {
                let item = name(relay, &tx(n));
                let asked = self.asked.entry(id(item)).or_default();
                asked.announced.insert(at, self.world.now.as_micros());
                self.world.send(conn, NetworkMessage::Inv(vec![item]));
            }
            Happening::Answers(n) => {
                let real = tx(n);
                if relay.manner == Manner::Ignores {
                    return;
                }
                if let Some(asked) = self.asked.get_mut(&id(name(relay, &real))) {
                    asked.open = false;
                    asked.came[usize::from(!self.links[at].dialled)] |= relay.is_honest();
                }
                match relay.manner {
                    Manner::Serves => self.world.say(conn, &tx_message(&real)),
                    Manner::SaysNotfound => {
                        self.world.send(conn, NetworkMessage::NotFound(vec![name(relay, &real)]));
                    }
                    Manner::SendsAnother => self.world.say(conn, &tx_message(&legacy_tx(n + 10_000_000))),
                    Manner::SendsOtherWitnesses => {
                        let mut other = real;
                        other.input[0].witness.push([7]);
                        self.world.say(conn, &tx_message(&other));
                    }
                    Manner::Ignores => {}
                }
            }
        }
    }

    /// Hears what each neighbour was sent, and takes what is told.
    fn listen(&mut self) {
        let now = self.world.now.as_micros();
        for event in self.world.take_events() {
            match event.kind {
                EventKind::Tx { tx, .. } => {
                    self.arrived.entry(tx.wtxid().0).or_insert(now);
                }
                EventKind::Unanswered(failed) => {
                    for failed in failed {
                        let asked = self.asked.get_mut(&failed.item.hash.0).expect("it was asked for");
                        assert_eq!(now, asked.so_far.last().expect("asked").1 + 60 * SECOND);
                        asked.open = false;
                    }
                }
                EventKind::Disconnected(reason) => panic!("{reason}"),
                _ => {}
            }
        }
        for at in 0..self.links.len() {
            let bytes = self.world.heard_bytes(self.links[at].conn);
            let mut rest = &bytes[..];
            while let Some((header, _)) = rest.split_first_chunk() {
                let header = Header::decode(header);
                let (frame, next) = rest.split_at(Header::LEN + header.length as usize);
                rest = next;
                match header.command() {
                    Some(Command::PING) => {
                        let nonce = u64::from_le_bytes(frame[24..].try_into().expect("8 bytes"));
                        self.world.send(self.links[at].conn, NetworkMessage::Pong(nonce));
                    }
                    Some(Command::GETDATA) => self.is_asked(at, &frame[25..]),
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    /// The rules of a request.
    fn is_asked(&mut self, at: usize, items: &[u8]) {
        let now = self.world.now.as_micros();
        let Link { relay, dialled, .. } = self.links[at];
        for item in items.as_chunks::<36>().0 {
            let asked = self.asked.get_mut(&item[4..]).expect("announced by nobody");
            let announced = *asked.announced.get(&at).expect("not announced by this one");
            assert!(!asked.open, "T1: one at a time");
            // A body from a peer that dialled us settles nothing for a txid of one that we dialled.
            let [by_dialled, by_accepted] = asked.came;
            let is_settled = by_dialled || by_accepted && !(dialled && relay.by_txid);
            assert!(!is_settled, "T10: asked for again");
            assert!(!asked.so_far.iter().any(|(other, _)| *other == at), "T1: each once");
            let delay = 2 * SECOND * (u64::from(!dialled) + u64::from(relay.by_txid));
            assert!(now >= announced + delay, "T4: too early");
            // A peer that we dialled is asked before one that dialled us, whatever was announced first. Other witnesses
            // may have settled the txid, so only those that announce as this one does are compared.
            let was_passed_over = |(other, announced): (&usize, &u64)| {
                let Link { relay: others, dialled, .. } = self.links[*other];
                let was_asked = asked.so_far.iter().any(|(asked, _)| asked == other);
                let waits = if relay.by_txid { 2 * SECOND } else { 0 };
                dialled && others.by_txid == relay.by_txid && !was_asked && announced + waits < now
            };
            assert!(
                dialled || !asked.announced.iter().any(was_passed_over),
                "T3: a preferred one was passed over"
            );
            asked.so_far.push((at, now));
            asked.open = true;
            let answer = Happening::Answers(self.number_of(item));
            self.agenda.push(Reverse((now + SECOND / 5, at, answer)));
        }
    }

    /// The number of the transaction that this entry names. The last ones are the likeliest.
    fn number_of(&self, item: &[u8; 36]) -> u32 {
        let start = self.world.now.as_micros() / EVERY;
        let numbers = (0..=start as u32).rev();
        let is_it = |n: &u32| {
            let tx = tx(*n);
            [by_txid(&tx), by_wtxid(&tx)].iter().any(|name| id(*name) == item[4..])
        };
        numbers.into_iter().find(is_it).expect("one of ours")
    }
}

#[test]
fn a_day_of_fifty_nodes() {
    let seed = std::env::var("SATWIRE_DAY_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    let (mut requests, mut late) = (0, 0);
    for watcher in 0..WATCHERS {
        let mut chance = Chance::new(seed ^ watcher << 40);
        let mut watcher = Watcher::new(&mut chance);
        watcher.live(chance.next());
        assert!(watcher.links.iter().any(|link| link.relay.is_honest()));
        let liars = watcher.links.iter().filter(|link| !link.relay.is_honest()).count() as u64;
        for n in 0..(DAY / EVERY) as u32 {
            let tx = tx(n);
            let arrived = *watcher.arrived.get(&id(by_wtxid(&tx))).expect("an honest neighbour has it");
            let by = |item| watcher.asked.get(&id(item)).into_iter().flat_map(|asked| &asked.announced);
            let honest = by(by_txid(&tx)).chain(by(by_wtxid(&tx)));
            let honest = honest.filter(|(at, _)| watcher.links[**at].relay.is_honest());
            let first = honest.map(|(_, time)| *time).min().expect("announced");
            let waited = arrived.saturating_sub(first);
            // Each liar may be asked once, and costs a minute; then there are the delays.
            assert!(waited <= (60 * liars + 10) * SECOND, "transaction {n} came {waited} µs late");
            late += u64::from(waited > 60 * SECOND);
        }
        requests += watcher.asked.values().map(|asked| asked.so_far.len()).sum::<usize>();
    }
    println!("{requests} requests, {late} transactions came a minute late or more");
    assert!(late > 0, "nobody lied");
}
