//! Sessions with gaps, played.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use satwire_core::node::{ConnId, Environment, Output, Purpose, TargetId};
use satwire_core::{Instant, Node};

use super::{Numbered, TestCase};
use crate::journal::{Drawn, OwnedInput, Prologue, Step, WrongDraw};

/// The doings of a node in one step.
#[derive(Debug)]
#[non_exhaustive]
pub struct Told<'a> {
    /// The number of the step's record in the journal that the case was read from.
    pub number: u64,
    /// The step as it was played: connections have their names of now, draws are those of now. It has no
    /// mark.
    pub step: Step,
    /// Orders and events, without [`Output::Transmit`].
    pub outputs: &'a [Output],
    /// The first draw that is not the recorded one.
    pub wrong: Option<WrongDraw>,
}

/// The words of a case: the recorded one if it was drawn in the same step for the same purpose, otherwise
/// one that is made up, the same in every run.
#[derive(Clone, Debug, Default)]
pub struct Words(Rc<RefCell<Desk>>);

#[derive(Debug, Default)]
struct Desk {
    /// The rest of this step, by its names of now.
    recorded: Vec<Drawn>,
    drawn: Vec<Drawn>,
    wrong: Option<WrongDraw>,
    made_up: u64,
}

impl Environment for Words {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        self.0.borrow_mut().word(purpose, |desk| {
            desk.made_up = desk.made_up.wrapping_add(0x9e37_79b9_7f4a_7c15);
            desk.made_up ^ desk.made_up >> 31
        })
    }

    fn observe(&mut self, purpose: Purpose, seen: u64) -> u64 {
        self.0.borrow_mut().word(purpose, |_| seen)
    }
}

impl Desk {
    /// The recorded word for this, or another one.
    fn word(&mut self, purpose: Purpose, other: impl FnOnce(&mut Self) -> u64) -> u64 {
        let next = self.recorded.first().map(|drawn| drawn.purpose);
        if next != Some(purpose) {
            self.wrong.get_or_insert(WrongDraw { expected: next, got: Some(purpose) });
        }
        let place = self.recorded.iter().position(|drawn| drawn.purpose == purpose);
        let word = match place {
            Some(place) => self.recorded.remove(place).word,
            None => other(self),
        };
        self.drawn.push(Drawn { purpose, word });
        word
    }
}

/// The names of all in the journal that a case was read from.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// The connections that were dialled to an address, in their order.
    dialled: HashMap<SocketAddr, Vec<ConnId>>,
    /// The target that the dial with this number made, or found.
    targets: BTreeMap<u64, TargetId>,
}

/// Notes the connections that a node asks for.
struct Noting {
    words: Words,
    dialled: Rc<RefCell<HashMap<SocketAddr, Vec<ConnId>>>>,
}

impl Environment for Noting {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        self.words.draw(purpose)
    }

    fn observe(&mut self, purpose: Purpose, seen: u64) -> u64 {
        self.words.observe(purpose, seen)
    }

    fn output(&mut self, _now: Instant, output: &Output) {
        if let Output::Connect { conn, addr } = output {
            self.dialled.borrow_mut().entry(*addr).or_default().push(*conn);
        }
    }
}

impl Names {
    pub(super) fn learn(prologue: &Prologue, steps: &[Numbered]) -> Self {
        let targets = Rc::new(RefCell::new(BTreeMap::new()));
        let found = targets.clone();
        let dialled = Rc::new(RefCell::new(HashMap::new()));
        let words = Words::default();
        let environment = Noting { words: words.clone(), dialled: dialled.clone() };
        // A request that a node has made before it panics is known all the same.
        let _ = catch_unwind(AssertUnwindSafe(move || {
            words.load(&prologue.draws, &BTreeMap::new());
            let mut node = Node::new(prologue.config.clone(), prologue.clock, environment);
            for Numbered { number, step } in steps {
                words.load(&step.draws, &BTreeMap::new());
                node.handle(step.at, step.input.as_input());
                if let Some(target) = dialled_target(&node, &step.input) {
                    found.borrow_mut().insert(*number, target);
                }
                drain(&mut node, &mut Vec::new());
            }
        }));
        Self { dialled: dialled.take(), targets: targets.take() }
    }
}

/// The target that a dial has made, or found.
fn dialled_target(node: &Node<impl Environment>, input: &OwnedInput) -> Option<TargetId> {
    match input {
        OwnedInput::Dial(address) => node.target(address),
        _ => None,
    }
}

/// The names of now, by those that were recorded.
#[derive(Default)]
struct Renamed {
    conns: BTreeMap<ConnId, ConnId>,
    targets: BTreeMap<TargetId, TargetId>,
    /// How many connections to an address there were so far.
    dialled: HashMap<SocketAddr, usize>,
}

impl Renamed {
    /// The step with the names of now; `None` if what it is about was left out.
    fn step(&mut self, node: &Node<impl Environment>, numbered: &Numbered) -> Option<Step> {
        let mut step = numbered.step.clone();
        step.mark = None;
        if let OwnedInput::Accepted { conn, .. } = &step.input {
            self.conns.insert(*conn, node.next_conn());
        }
        let (conn, target) = step.input.names_mut();
        if let Some(conn) = conn {
            *conn = *self.conns.get(conn)?;
        }
        if let Some(target) = target {
            *target = *self.targets.get(target)?;
        }
        Some(step)
    }

    fn learn(&mut self, names: &Names, outputs: &[Output]) {
        for output in outputs {
            if let Output::Connect { conn, addr } = output {
                let count = self.dialled.entry(*addr).or_default();
                if let Some(recorded) = names.dialled.get(addr).and_then(|conns| conns.get(*count)) {
                    self.conns.insert(*recorded, *conn);
                }
                *count += 1;
            }
        }
    }
}

impl Words {
    /// Starts a step.
    fn load(&self, draws: &[Drawn], conns: &BTreeMap<ConnId, ConnId>) {
        let renamed = |drawn: &Drawn| {
            let conn = |conn| conns.get(&conn).copied().unwrap_or(conn);
            let purpose = match drawn.purpose {
                Purpose::VersionNonce(recorded) => Purpose::VersionNonce(conn(recorded)),
                Purpose::PingNonce(recorded) => Purpose::PingNonce(conn(recorded)),
                Purpose::Stuck(recorded) => Purpose::Stuck(conn(recorded)),
                other => other,
            };
            Drawn { purpose, word: drawn.word }
        };
        let desk = &mut *self.0.borrow_mut();
        desk.recorded = draws.iter().map(renamed).collect();
        desk.drawn.clear();
        desk.wrong = None;
    }

    /// The draws of this step, and the first draw that is not the recorded one.
    fn drawn(&self) -> (Vec<Drawn>, Option<WrongDraw>) {
        let desk = &mut *self.0.borrow_mut();
        let left = desk.recorded.first().map(|next| WrongDraw { expected: Some(next.purpose), got: None });
        (std::mem::take(&mut desk.drawn), desk.wrong.or(left))
    }
}

impl TestCase {
    /// Plays the case with a node whose environment `watch` makes, which must draw from the [`Words`] that it is
    /// given. After each step, `each` is told what the node did, and gets the environment. Steps that are about
    /// connections which do not come to be are passed over. The node is what is left.
    pub fn play<E: Environment>(
        &self,
        watch: impl FnOnce(Words) -> E,
        mut each: impl FnMut(&Told<'_>, &mut E),
    ) -> Node<E> {
        let words = Words::default();
        let mut renamed = Renamed::default();
        words.load(&self.prologue.draws, &renamed.conns);
        let environment = watch(words.clone());
        let mut node = Node::new(self.prologue.config.clone(), self.prologue.clock, environment);
        let mut outputs = Vec::new();
        for numbered in &self.steps {
            let Some(mut step) = renamed.step(&node, numbered) else { continue };
            words.load(&step.draws, &renamed.conns);
            node.handle(step.at, step.input.as_input());
            let targets = (self.names.targets.get(&numbered.number), dialled_target(&node, &step.input));
            if let (Some(recorded), Some(now)) = targets {
                renamed.targets.insert(*recorded, now);
            }
            outputs.clear();
            drain(&mut node, &mut outputs);
            renamed.learn(&self.names, &outputs);
            let (draws, wrong) = words.drawn();
            step.draws = draws;
            each(&Told { number: numbered.number, step, outputs: &outputs, wrong }, node.environment_mut());
        }
        node
    }
}

/// The doings of a driver whose writes are never short.
fn drain<E: Environment>(node: &mut Node<E>, outputs: &mut Vec<Output>) {
    while let Some(output) = node.poll() {
        if let Output::Transmit(conn) = output {
            let all = node.transmit(conn).len();
            node.transmitted(conn, all);
        } else {
            outputs.push(output);
        }
    }
}
