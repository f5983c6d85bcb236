//! A network in one virtual clock and one source of chance: nodes of ours, peers that are honest or not,
//! latency, cut and silent connections, slow readers and writers, sleeping machines, clocks that are set.
//!
//! [`Sim::run`] panics when a node breaks a promise: one request for a hash at a time; time that was told
//! is after; what waits to be written, and all that is held in memory, stays bounded; a transaction that
//! an honest connected peer has announced arrives in time. The same [`Plan`] always gives the same
//! [`Report`].

mod actor;
mod auditor;
mod flood;
mod meter;
mod plan;
mod rng;
mod wire;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use satwire_core::node::{Address, ConnId, Input, Output};
use satwire_core::wire::Hash;
use satwire_core::{Config, Instant, IoError, WallClock};

pub use actor::{Actor, Manner, SimTx};
pub use auditor::Auditor;
pub use plan::Plan;
pub use rng::Chance;

use self::meter::Metered;
use self::wire::{End, Wire};

const SECOND: u64 = 1_000_000;

/// A request that is not answered goes to the next announcer after so long.
const REQUEST: u64 = 20 * SECOND;

/// The outcome in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Of everything that the nodes said.
    pub digest: u64,
    /// Names of transactions that came, over all nodes.
    pub delivered: usize,
    /// Transactions that had to come, and did.
    pub kept: usize,
    /// Inputs that were handled.
    pub inputs: u64,
    /// Times at which bytes were there and a node did not want to read.
    pub pauses: u64,
    /// The most of the memory that a node may hold that one held, in thousandths.
    pub fullest: u32,
}

/// A simulation under way.
#[derive(Debug)]
pub struct Sim {
    plan: Plan,
    chance: Chance,
    now: u64,
    /// Things that will happen, by time and then in the order in which they were arranged.
    agenda: BTreeMap<(u64, u64), Happening>,
    arranged: u64,
    nodes: Vec<Metered>,
    wires: Vec<Wire>,
    by_conn: BTreeMap<(usize, ConnId), usize>,
    promises: Vec<Promise>,
    kept: usize,
    inputs: u64,
    pauses: u64,
}

#[derive(Debug)]
enum Happening {
    /// Bytes arrive; at the dialler, or at the other end.
    Arrive {
        wire: usize,
        at_dialler: bool,
        bytes: Vec<u8>,
    },
    /// The dialled connection is open, or is not.
    Dialled {
        node: usize,
        conn: ConnId,
        peer: Option<usize>,
    },
    /// A socket takes bytes again.
    Write {
        node: usize,
        conn: ConnId,
    },
    /// A transaction appears at some peers.
    Appear(u32),
    /// A peer learns of it.
    Learn {
        wire: usize,
        tx: u32,
    },
    /// A flooder has its turn.
    Flood {
        wire: usize,
    },
    Cut,
    Partition,
    Sleep,
    Step,
}

/// A transaction that has to come, since this connection's peer has announced it and would give it.
#[derive(Debug)]
struct Promise {
    node: usize,
    wire: usize,
    name: Hash,
    due: u64,
}

impl Sim {
    /// Makes the cast; nothing has happened yet.
    pub fn new(plan: Plan) -> Self {
        Self::metered(plan, || 0)
    }

    /// As [`Sim::new`], with a meter: the bytes of memory that this thread has in use.
    pub fn metered(plan: Plan, live: fn() -> isize) -> Self {
        let mut chance = Chance::new(plan.seed);
        let nodes: Vec<_> = (0..plan.nodes)
            .map(|_| {
                let auditor = Auditor::new(Chance::new(chance.next()), live);
                Metered::new(config(), auditor, live)
            })
            .collect();
        let mut sim = Self {
            chance,
            now: 0,
            agenda: BTreeMap::new(),
            arranged: 0,
            nodes,
            wires: Vec::new(),
            by_conn: BTreeMap::new(),
            promises: Vec::new(),
            kept: 0,
            inputs: 0,
            pauses: 0,
            plan,
        };
        sim.arrange_all();
        sim
    }

    /// Lets everything happen.
    ///
    /// # Panics
    /// If a node breaks a promise.
    pub fn run(mut self) -> Report {
        let peers = self.plan.peers.len();
        for node in 0..self.nodes.len() {
            let others = (node + 1..self.nodes.len()).map(|other| peers + other);
            for target in (0..peers).chain(others) {
                self.tell(node, Input::Dial(Address::Socket(address(target))));
            }
        }
        let end = self.plan.seconds * SECOND;
        while let Some(next) = self.next_time().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.check_promises();
            // Reads come before the time is told, as every driver does it.
            match self.agenda.first_entry().filter(|entry| entry.key().0 <= self.now) {
                Some(entry) => {
                    let happening = entry.remove();
                    self.happen(happening);
                }
                None => self.tell_time(),
            }
        }
        Report {
            digest: self.auditors().fold(0, |sum, auditor| sum ^ auditor.digest().rotate_left(7)),
            delivered: self.auditors().map(Auditor::delivered).sum(),
            kept: self.kept,
            inputs: self.inputs,
            pauses: self.pauses,
            fullest: self.nodes.iter().map(Metered::fullest).max().unwrap_or_default(),
        }
    }

    fn auditors(&self) -> impl Iterator<Item = &Auditor> {
        self.nodes.iter().map(|node| node.node().environment())
    }

    /// When a node is to be told the time.
    fn timeout(&self, node: usize) -> Option<u64> {
        self.nodes[node].node().poll_timeout().map(Instant::as_micros)
    }

    fn next_time(&self) -> Option<u64> {
        let agenda = self.agenda.keys().next().map(|(at, _)| *at);
        let timeouts = (0..self.nodes.len()).filter_map(|node| self.timeout(node)).min();
        [agenda, timeouts].into_iter().flatten().min()
    }

    fn tell_time(&mut self) {
        for node in 0..self.nodes.len() {
            if self.timeout(node).is_some_and(|at| at <= self.now) {
                self.tell(node, Input::Timeout);
                let next = self.timeout(node);
                assert!(next.is_none_or(|next| next > self.now), "due at {next:?}, told at {}", self.now);
            }
        }
    }

    fn arrange(&mut self, at: u64, happening: Happening) {
        self.arranged += 1;
        self.agenda.insert((at, self.arranged), happening);
    }

    /// Spreads what the plan asks for over the time.
    fn arrange_all(&mut self) {
        let end = self.plan.seconds * SECOND;
        for n in 0..self.plan.txs {
            let at = self.chance.below(end * 3 / 4);
            self.arrange(at, Happening::Appear(n));
        }
        let troubles: [(u32, fn() -> Happening); 4] = [
            (self.plan.cuts, || Happening::Cut),
            (self.plan.partitions, || Happening::Partition),
            (self.plan.sleeps, || Happening::Sleep),
            (self.plan.steps, || Happening::Step),
        ];
        for (times, trouble) in troubles {
            for _ in 0..times {
                let at = self.chance.below(end);
                self.arrange(at, trouble());
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrive { wire, at_dialler, bytes } => self.arrive(wire, at_dialler, &bytes),
            Happening::Dialled { node, conn, peer } => self.dialled(node, conn, peer),
            Happening::Write { node, conn } => self.write(node, conn),
            Happening::Appear(tx) => {
                for wire in 0..self.wires.len() {
                    if matches!(self.wires[wire].end, End::Peer(_)) && !self.chance.once_in(3) {
                        let at = self.now + self.chance.below(20 * SECOND);
                        self.arrange(at, Happening::Learn { wire, tx });
                    }
                }
            }
            Happening::Learn { wire, tx } => self.learn(wire, &SimTx::new(tx)),
            Happening::Flood { wire } => self.flood(wire),
            Happening::Cut => {
                if let Some(wire) = self.any_wire() {
                    self.cut(wire);
                }
            }
            Happening::Partition => {
                if let Some(wire) = self.any_wire() {
                    let until = self.now + self.chance.below(600) * SECOND;
                    self.wires[wire].silent_until = self.wires[wire].silent_until.max(until);
                    self.promises.retain(|promise| promise.wire != wire);
                }
            }
            Happening::Sleep => {
                self.now += self.chance.below(3600) * SECOND;
                self.promises.clear();
            }
            Happening::Step => {
                let node = self.chance.below(self.nodes.len() as u64) as usize;
                let unix_micros_at_zero = self.chance.next().cast_signed();
                self.tell(node, Input::Clock(WallClock { unix_micros_at_zero }));
            }
        }
    }

    fn any_wire(&mut self) -> Option<usize> {
        let wires = self.wires.len() as u64;
        (wires > 0).then(|| self.chance.below(wires) as usize).filter(|wire| self.wires[*wire].open)
    }

    // ── what nodes want ─────────────────────────────────────────────────────────────────────

    /// Gives a node an input, and carries out what it wants.
    fn tell(&mut self, node: usize, input: Input<'_>) {
        self.inputs += 1;
        self.nodes[node].handle(Instant::from_micros(self.now), input);
        while let Some(order) = self.nodes[node].order() {
            match order {
                Output::Connect { conn, addr } => {
                    let target = usize::from(addr.port()) - FIRST_PORT;
                    // One dial in ten finds nobody.
                    let peer = (!self.chance.once_in(10)).then_some(target);
                    let at = self.now + self.chance.below(SECOND / 2);
                    self.arrange(at, Happening::Dialled { node, conn, peer });
                }
                Output::Transmit(conn) => self.write(node, conn),
                Output::Disconnect(conn) => self.hang_up(node, conn),
                Output::Resolve { .. } => unreachable!("nobody is dialled by name"),
                Output::Event(_) => unreachable!("it is no order"),
            }
        }
        self.nodes[node].check();
    }

    fn dialled(&mut self, node: usize, conn: ConnId, target: Option<usize>) {
        let Some(target) = target else {
            return self.tell(node, Input::Closed(conn, IoError::Refused));
        };
        let latency = 1 + self.chance.below(SECOND / 3);
        let wire = self.wires.len();
        let end = if let Some(manner) = self.plan.peers.get(target) {
            End::Peer(Box::new(Actor::new(*manner, self.chance.once_in(2))))
        } else {
            let other = target - self.plan.peers.len();
            End::Node(other, self.nodes[other].node().next_conn())
        };
        if let End::Node(other, their_conn) = end {
            self.by_conn.insert((other, their_conn), wire);
        }
        let their = match end {
            End::Node(other, their_conn) => Some((other, their_conn)),
            End::Peer(_) => None,
        };
        self.by_conn.insert((node, conn), wire);
        if let End::Peer(actor) = &end
            && actor.manner() == Manner::Floods
        {
            self.arrange(self.now + latency, Happening::Flood { wire });
        }
        self.wires.push(Wire::new((node, conn), end, latency));
        if let Some((other, their_conn)) = their {
            self.tell(other, Input::Accepted { conn: their_conn, addr: address(node) });
        }
        self.tell(node, Input::Connected(conn));
    }

    // ── what peers have, and have to give ───────────────────────────────────────────────────

    fn learn(&mut self, wire: usize, tx: &SimTx) {
        let link = &mut self.wires[wire];
        let End::Peer(actor) = &mut link.end else { return };
        if !link.open || !actor.ready {
            return;
        }
        let said = actor.learn(tx);
        if actor.manner().serves() && link.silent_until <= self.now {
            // Each announcer before it may keep the node waiting.
            let due = self.now + (self.plan.peers.len() as u64 + 1) * REQUEST + 10 * SECOND;
            self.promises.push(Promise { node: link.dialler.0, wire, name: tx.wtxid, due });
        }
        self.send(wire, true, said);
    }

    fn check_promises(&mut self) {
        let (due, open) =
            std::mem::take(&mut self.promises).into_iter().partition(|promise| promise.due < self.now);
        self.promises = open;
        for promise in due {
            assert!(
                self.nodes[promise.node].node().environment().has(&promise.name),
                "{} has not come to node {}, though an honest peer announced it",
                promise.name,
                promise.node
            );
            self.kept += 1;
        }
    }
}

/// Small, so that thousands of nodes are made quickly and limits are reached, and larger than all that
/// appears: no honest peer comes near a limit.
fn config() -> Config {
    crate::config(|config| {
        config.request_timeout = Duration::from_micros(REQUEST);
        config.max_unsent = 10_000;
        config.max_announcements = 100;
        config.remembered_ids = 4096;
    })
}

/// The port tells whom a node dials.
const FIRST_PORT: usize = 10_000;

fn address(target: usize) -> SocketAddr {
    (Ipv4Addr::new(203, 0, 113, 1), (FIRST_PORT + target) as u16).into()
}
