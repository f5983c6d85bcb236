//! TestCases made smaller, with bugs planted in the environment: it can do to a node what a bug in the core would.

use std::panic::{AssertUnwindSafe, catch_unwind};

use satwire_core::node::{ConnId, Environment, Input, Output};
use satwire_core::wire::{self, Command};
use satwire_core::{Instant, Node};

use super::{Counting, MAGIC_BYTES, addr, at, drain, greeting, inv, prologue, session};
use crate::journal::{Ending, OwnedInput, PlayError, Player, Reader, Recorder, What};
use crate::shrink::{Difference, TRIES, TestCase, Words, thin};

/// Falls over an `inv` of three, if it comes from a connection that was accepted, once a ping was answered.
#[derive(Debug)]
struct Fragile<E> {
    inner: E,
    pings: u32,
}

impl<E: Environment> Environment for Fragile<E> {
    fn draw(&mut self, purpose: satwire_core::node::Purpose) -> u64 {
        self.inner.draw(purpose)
    }

    fn observe(&mut self, purpose: satwire_core::node::Purpose, seen: u64) -> u64 {
        self.inner.observe(purpose, seen)
    }

    fn input(&mut self, now: Instant, input: &Input<'_>) {
        self.inner.input(now, input);
    }

    fn queued(&mut self, now: Instant, conn: ConnId, frames: &[u8]) {
        self.pings += u32::from(frames.get(4..8) == Some(b"pong"));
        self.inner.queued(now, conn, frames);
    }

    fn output(&mut self, now: Instant, output: &Output) {
        self.inner.output(now, output);
        if let Output::Event(event) = output
            && let satwire_core::node::EventKind::Announced(items) = &event.kind
        {
            assert!(items.len() != 3 || self.pings == 0, "planted");
        }
    }
}

const fn fragile(inner: Words) -> Fragile<Words> {
    Fragile { inner, pings: 0 }
}

/// Two peers and much noise, then an `inv` of three from the second, after a ping of the first.
fn field_journal() -> Vec<u8> {
    let p = prologue();
    let mut bytes = Vec::new();
    let mut node =
        Node::new(p.config.clone(), p.clock, Recorder::new(Counting::default(), &mut bytes, p.clone()));
    session(&mut node, |_| {});
    node.environment_mut().finish();
    drop(node);
    // The session ends with a stop, so this is recorded after one that does not.
    let (entries, _) = super::read(&bytes);
    let mut bytes = Vec::new();
    let mut node =
        Node::new(p.config.clone(), p.clock, Recorder::new(Counting::default(), &mut bytes, p.clone()));
    let (mut said, mut nonce) = (Vec::new(), 0);
    let mut go = |millis, input: Input<'_>| {
        node.handle(at(millis), input);
        drain(&mut node, &mut said, &mut nonce);
    };
    for entry in &entries {
        if let crate::journal::Record::Step(step) = &entry.record
            && !matches!(step.input, OwnedInput::Stop | OwnedInput::Disconnect { .. })
        {
            go(step.at.as_micros() / 1000, step.input.as_input());
        }
    }
    let conn = ConnId(u64::MAX);
    go(19_500, Input::Received(conn, &[]));
    let next = ConnId(5);
    go(19_600, Input::Accepted { conn: next, addr: addr(3) });
    let mut stream = greeting(99);
    wire::encode_ping(&mut stream, MAGIC_BYTES, 8);
    wire::encode_frame(&mut stream, MAGIC_BYTES, Command::new("other"), |out| out.extend([7; 500]));
    stream.extend(inv(3));
    for (place, cut) in stream.chunks(50).enumerate() {
        go(19_700 + place as u64, Input::Received(next, cut));
    }
    go(19_900, Input::Closed(next, satwire_core::IoError::Reset));
    go(20_000, Input::Stop);
    node.environment_mut().finish();
    drop(node);
    bytes
}

fn load(journal: &[u8]) -> TestCase {
    let (case, damage) = TestCase::read(Reader::new(journal).unwrap());
    assert!(damage.is_none());
    case
}

fn inputs(case: &TestCase) -> Vec<&OwnedInput> {
    case.steps().iter().map(|numbered| &numbered.step.input).collect()
}

/// No words for the panics that are wanted.
fn quiet() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if panic.payload().downcast_ref::<&str>() != Some(&"planted") {
                usual(panic);
            }
        }));
    });
}

#[test]
fn a_planted_panic_is_shrunk_to_its_cause() {
    quiet();
    let journal = field_journal();
    let whole = load(&journal);
    let panics =
        |case: &TestCase| catch_unwind(AssertUnwindSafe(|| drop(case.play(fragile, |_, _| ())))).is_err();
    assert!(panics(&whole));
    let shrunk = whole.shrink(TRIES, panics);
    assert!(!shrunk.gave_up, "{} tries", shrunk.tries);
    let left = inputs(&shrunk.case);
    // One peer that was accepted or dialled, its greeting, a ping and an inv: nothing else.
    let conns: Vec<_> = left.iter().filter(|input| matches!(input, OwnedInput::Accepted { .. })).collect();
    assert!(conns.len() <= 1 && left.len() <= 6, "{left:?}");
    assert!(shrunk.case.received() * 3 < whole.received(), "{left:?}");
    let again = whole.shrink(TRIES, panics);
    assert_eq!((again.case.steps(), again.tries), (shrunk.case.steps(), shrunk.tries));

    // Its journal does the same again.
    let mut bytes = Vec::new();
    shrunk.case.write(&mut bytes).unwrap();
    let reader = Reader::new(&bytes[..]).unwrap();
    let falls = catch_unwind(AssertUnwindSafe(|| {
        Player::watched(reader, |tape| Fragile { inner: tape, pings: 0 }).run(|_| {}).map(|_| ())
    }));
    assert!(falls.is_err());
    // Where there is no bug it is a journal as any other.
    let ending = Player::new(Reader::new(&bytes[..]).unwrap()).run(|_| {}).unwrap();
    assert!(matches!(ending, Ending::Marked(_)));
}

#[test]
fn a_reason_is_shrunk_to_the_connection_that_closes() {
    let journal = field_journal();
    let whole = load(&journal);
    assert!(whole.closes("reset") && !whole.closes("wrong_magic"));
    let shrunk = whole.shrink(TRIES, |case| case.closes("reset"));
    let left = inputs(&shrunk.case);
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(matches!(left[0], OwnedInput::Accepted { .. }) && matches!(left[1], OwnedInput::Closed(..)));
    let mut bytes = Vec::new();
    shrunk.case.write(&mut bytes).unwrap();
    Player::new(Reader::new(&bytes[..]).unwrap()).run(|_| {}).unwrap();
    assert!(load(&bytes).closes("reset"));

    // Few tries are kept to.
    let few = whole.shrink(3, |case| case.closes("reset"));
    assert!(few.gave_up && few.tries == 3 && few.case.closes("reset"));
}

/// When the tries are used up it is over: what is left to try may be every byte of a long message.
#[test]
fn nothing_is_tried_when_the_tries_are_used_up() {
    let mut asked = 0;
    thin(&[7; 1000], |_| {
        asked += 1;
        (asked <= 3).then_some(false)
    });
    assert_eq!(asked, 4);
}

/// As if the recording program had asked for nothing: the node does now what it did not.
fn differing(place: usize) -> Vec<u8> {
    let journal = field_journal();
    let (mut steps, _) = super::read(&journal);
    let found = steps[place..]
        .iter_mut()
        .find_map(|entry| match &mut entry.record {
            crate::journal::Record::Step(step) if step.mark.is_some() => Some(step),
            _ => None,
        })
        .unwrap();
    found.mark = Some(crate::journal::Mark([0xab, 0xcd]));
    let p = Reader::new(&journal[..]).unwrap().prologue().clone();
    let mut bytes = Vec::new();
    let mut writer = crate::journal::Writer::new(&mut bytes, &p);
    for entry in steps {
        if let crate::journal::Record::Step(step) = entry.record {
            writer.step(&step);
        }
    }
    writer.finish(crate::journal::EndReason::Clean);
    drop(writer);
    bytes
}

#[test]
fn a_difference_is_shrunk_and_stays_the_same() {
    let entries = super::read(&field_journal()).0.len();
    for place in [8, entries / 2, entries - 12] {
        let journal = differing(place);
        let (number, expected) = what(&journal).unwrap();
        let whole = load(&journal);
        let difference = Difference::of(&whole).unwrap();
        assert_eq!(difference.number, number);
        let shrunk = difference.shrink(&whole, TRIES);
        let mut bytes = Vec::new();
        difference.write(&shrunk.case, &mut bytes).unwrap();
        assert!(bytes.len() < journal.len() / 2, "{} of {}", bytes.len(), journal.len());
        // The same is said now, the same was said then.
        let (number, found) = what(&bytes).unwrap();
        assert_eq!(found, expected);
        assert_eq!(Difference::of(&load(&bytes)).unwrap().number, number);
    }
    assert!(Difference::of(&load(&field_journal())).is_none());
}

/// The findings of the player.
fn what(journal: &[u8]) -> Option<(u64, What)> {
    match Player::new(Reader::new(journal).unwrap()).run(|_| {}) {
        Err(PlayError::Difference(difference)) => Some((difference.number, difference.what)),
        Ok(_) => None,
        Err(error) => panic!("{error}"),
    }
}
