//! Record, replay, record.

use std::time::Duration;

use satwire_core::node::{ConnId, Environment as _, Event, EventKind, Input, Output, Verdict};
use satwire_core::{Instant, Machine, Node, wire};

use super::{Counting, MAGIC_BYTES, addr, at, drain, greeting, prologue, read, record, session};
use crate::journal::{
    Digested, EndReason, Ending, OwnedInput, PlayError, Player, Prologue, Reader, Record, Recorder, Tape,
    What, Writer,
};

/// The journal again, record by record, each changed by `change`.
fn copy(bytes: &[u8], prologue: &Prologue, mut change: impl FnMut(u64, &mut Record)) -> Vec<u8> {
    let (entries, ending) = read(bytes);
    let Ok(Ending::Marked(reason)) = ending else { panic!("{ending:?}") };
    let mut copy = Vec::new();
    let mut writer = Writer::new(&mut copy, prologue);
    for mut entry in entries {
        change(entry.number, &mut entry.record);
        match entry.record {
            Record::Step(step) => writer.step(&step),
            Record::Digest(digest) => writer.digest(digest),
            Record::Observation(observation) => writer.observation(&observation),
        }
    }
    writer.finish(reason);
    assert_eq!(writer.ended().unwrap().reason, reason);
    drop(writer);
    copy
}

fn difference(bytes: &[u8]) -> (u64, What, String) {
    let mut player = Player::new(Reader::new(bytes).unwrap());
    match player.run(|_| {}) {
        Err(PlayError::Difference(difference)) => {
            assert!(player.step().unwrap().is_none(), "nothing follows a difference");
            (difference.number, difference.what, difference.to_string())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_replay_says_the_same_and_records_the_same_bytes() {
    let (bytes, said) = record();
    let reader = Reader::new(&bytes[..]).unwrap();
    let again = reader.prologue().clone();
    assert_eq!(Prologue { draws: Vec::new(), ..again.clone() }, prologue());
    let mut copy = Vec::new();
    let mut player = Player::watched(reader, |tape| Recorder::new(tape, &mut copy, again));
    let mut replayed = Vec::new();
    let ending = player.run(|output| replayed.push(output)).unwrap();
    assert_eq!(ending, Ending::Marked(EndReason::Clean));
    assert_eq!(replayed, said);
    player.environment_mut().finish();
    drop(player);
    assert_eq!(copy, bytes);
}

/// How far writes got is in no journal, but what the node made of it is: a replay, which writes everything, finds the
/// same peer deaf, and records the same bytes.
#[test]
fn a_peer_that_does_not_read_is_found_again() {
    let p = prologue();
    let mut bytes = Vec::new();
    let mut node = Node::new(p.config.clone(), p.clock, Recorder::new(Counting::default(), &mut bytes, p));
    let (mut said, mut nonce) = (Vec::new(), 0);
    let mut ping = Vec::new();
    wire::encode_ping(&mut ping, MAGIC_BYTES, 5);
    for (conn, hello) in [(1, 77), (2, 78)] {
        let conn = ConnId(conn);
        node.handle(at(10), Input::Accepted { conn, addr: addr(conn.0 as u8) });
        node.handle(at(20), Input::Received(conn, &greeting(hello)));
    }
    drain(&mut node, &mut said, &mut nonce);
    for second in 1..30 {
        node.handle(at(second * 1000), Input::Timeout);
        // The second one is deaf for ten seconds.
        node.handle(at(second * 1000), Input::Received(ConnId(2), &ping));
        while let Some(output) = node.poll() {
            match output {
                Output::Transmit(ConnId(2)) if (10..20).contains(&second) => {}
                Output::Transmit(conn) => {
                    let all = node.transmit(conn).len();
                    node.transmitted(conn, all);
                }
                output => said.push(output),
            }
        }
        if second == 20 {
            let all = node.transmit(ConnId(2)).len();
            node.transmitted(ConnId(2), all);
        }
    }
    node.environment_mut().finish();
    drop(node);
    let verdicts = said.iter().filter_map(|output| match output {
        Output::Event(Event { conn: Some(ConnId(2)), kind: EventKind::Verdict { verdict, .. }, .. }) => {
            Some(*verdict)
        }
        _ => None,
    });
    assert_eq!(verdicts.collect::<Vec<_>>(), [Verdict::PingLate, Verdict::NeverReads, Verdict::PingLate]);
    let reader = Reader::new(&bytes[..]).unwrap();
    let (again, mut copy, mut replayed) = (reader.prologue().clone(), Vec::new(), Vec::new());
    let mut player = Player::watched(reader, |tape| Recorder::new(tape, &mut copy, again));
    assert_eq!(player.run(|output| replayed.push(output)).unwrap(), Ending::Marked(EndReason::Clean));
    player.environment_mut().finish();
    drop(player);
    assert_eq!(replayed, said);
    assert_eq!(copy, bytes);
}

/// When the recorder is flushed does not show, and what was flushed can be read and played.
#[test]
fn flushing_changes_no_byte() {
    let (bytes, _) = record();
    let mut flushed = Vec::new();
    let p = prologue();
    let recorder = Recorder::new(Counting::default(), &mut flushed, p.clone());
    let mut node = Node::new(p.config, p.clock, recorder);
    let mut steps = 0;
    session(&mut node, |node| {
        node.environment_mut().flush();
        node.environment_mut().flush();
        steps += 1;
        let on_disk = node.environment().sink();
        assert!(bytes.starts_with(on_disk), "after {steps} steps");
        let (entries, ending) = read(on_disk);
        assert_eq!(ending.unwrap(), Ending::Cut { offset: on_disk.len() as u64, torn: 0 });
        let read = entries.iter().filter(|entry| matches!(entry.record, Record::Step(_))).count();
        assert_eq!(read, steps);
        Player::new(Reader::new(&on_disk[..]).unwrap()).run(|_| {}).unwrap();
    });
    node.environment_mut().finish();
    drop(node);
    assert_eq!(flushed, bytes);
}

#[test]
fn a_journal_can_be_copied_record_by_record() {
    let (bytes, _) = record();
    let prologue = Reader::new(&bytes[..]).unwrap().prologue().clone();
    assert_eq!(copy(&bytes, &prologue, |_, _| {}), bytes);
}

/// One byte at a time the node says the same, and the digest does not see the difference.
#[test]
fn other_cuts_give_the_same_digests() {
    let (bytes, _) = record();
    let (entries, _) = read(&bytes);
    let p = Reader::new(&bytes[..]).unwrap().prologue().clone();
    let tape = Tape::new();
    tape.load(&p.draws);
    let mut node = Node::new(p.config, p.clock, Digested::new(tape.clone()));
    tape.check().unwrap();
    let mut digests = 0;
    for entry in entries {
        match entry.record {
            Record::Step(step) => {
                tape.load(&step.draws);
                match &step.input {
                    OwnedInput::Received(conn, bytes) => {
                        for byte in bytes.chunks(1) {
                            node.handle(step.at, Input::Received(*conn, byte));
                        }
                    }
                    input => node.handle(step.at, input.as_input()),
                }
                tape.check().unwrap();
            }
            Record::Digest(digest) => {
                assert_eq!(node.environment().digest().sum(), digest, "record {}", entry.number);
                digests += 1;
            }
            Record::Observation(_) => unreachable!("a recording"),
        }
    }
    assert!(digests > 10);
}

/// Another interval between pings: the first ping that is not sent is named.
#[test]
fn a_planted_change_is_named() {
    let (bytes, _) = record();
    let mut prologue = Reader::new(&bytes[..]).unwrap().prologue().clone();
    prologue.config.ping_interval = Duration::from_secs(4);
    let changed = copy(&bytes, &prologue, |_, _| {});
    let (number, what, text) = difference(&changed);
    assert!(matches!(what, What::Draw(wrong) if wrong.got.is_none()), "{what:?}");
    assert!(
        text.starts_with(&format!("record {number} at 4.000000 s: expected a draw for a ping nonce of c1")),
        "{text}"
    );
    assert!(text.ends_with("got no draw"), "{text}");
}

/// Each kind of difference, at the record that was changed.
#[test]
fn differences_are_found_where_they_are() {
    let (bytes, _) = record();
    let p = Reader::new(&bytes[..]).unwrap().prologue().clone();
    let changed = copy(&bytes, &Prologue { draws: p.draws[1..].to_vec(), ..p.clone() }, |_, _| {});
    assert_eq!(difference(&changed).0, 0);

    let (entries, _) = read(&bytes);
    for (place, entry) in entries.iter().enumerate() {
        let number = entry.number;
        assert_eq!(number, place as u64 + 1);
        match &entry.record {
            Record::Step(step) => {
                if let Some(mark) = step.mark {
                    let other = crate::journal::Mark([mark.0[0], !mark.0[1]]);
                    for planted in [None, Some(other)] {
                        let changed = copy(&bytes, &p, |n, record| {
                            if let (true, Record::Step(step)) = (n == number, record) {
                                step.mark = planted;
                            }
                        });
                        let (found, what, text) = difference(&changed);
                        assert_eq!(found, number, "{text}");
                        assert_eq!(what, What::Said { expected: planted, got: Some(mark) });
                    }
                }
                if !step.draws.is_empty() {
                    let changed = copy(&bytes, &p, |n, record| {
                        if let (true, Record::Step(step)) = (n == number, record) {
                            step.draws.clear();
                        }
                    });
                    let (found, what, text) = difference(&changed);
                    assert_eq!(found, number, "{text}");
                    assert!(matches!(what, What::Draw(wrong) if wrong.expected.is_none()), "{text}");
                }
            }
            Record::Digest(_) => {
                let changed = copy(&bytes, &p, |n, record| {
                    if let (true, Record::Digest(digest)) = (n == number, record) {
                        digest[15] ^= 1;
                    }
                });
                let (found, what, text) = difference(&changed);
                assert_eq!(found, number, "{text}");
                assert!(matches!(what, What::Digest { .. }), "{text}");
            }
            Record::Observation(_) => unreachable!("a recording"),
        }
    }
}

/// A word of another value is not a difference in itself: what is said with it is.
#[test]
fn another_word_shows_in_what_is_said() {
    let (bytes, _) = record();
    let p = Reader::new(&bytes[..]).unwrap().prologue().clone();
    let mut planted = 0;
    let changed = copy(&bytes, &p, |number, record| {
        if let Record::Step(step) = record
            && planted == 0
            && let Some(drawn) = step.draws.first_mut()
        {
            drawn.word ^= 1 << 40;
            planted = number;
        }
    });
    let (number, what, _) = difference(&changed);
    assert_eq!(number, planted);
    assert!(matches!(what, What::Said { .. }));
}

#[test]
fn a_tape_names_the_first_wrong_draw() {
    use satwire_core::node::{ConnId, Purpose};
    let mut tape = Tape::new();
    assert_eq!(tape.draw(Purpose::Salt), 0);
    assert_eq!(tape.check().unwrap_err().to_string(), "expected no draw, got a draw for a salt");
    tape.load(&[crate::journal::Drawn { purpose: Purpose::Jitter, word: 9 }]);
    assert_eq!(tape.draw(Purpose::VersionNonce(ConnId(3))), 9);
    let wrong = tape.check().unwrap_err().to_string();
    assert_eq!(wrong, "expected a draw for a jitter, got a draw for the version nonce of c3");
    assert_eq!(tape.check(), Ok(()));
}

/// A machine around a node, with events of its own.
struct Counted<E> {
    node: Node<E>,
    events: u64,
}

impl<E: satwire_core::node::Environment> Machine for Counted<E> {
    type Event = (u64, Event);

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.node.handle(now, input);
    }

    fn poll(&mut self) -> Option<Output<Self::Event>> {
        Some(self.node.poll()?.map_event(|event| {
            self.events += 1;
            (self.events, event)
        }))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.node.poll_timeout()
    }

    fn transmit(&self, conn: ConnId) -> &[u8] {
        self.node.transmit(conn)
    }

    fn transmitted(&mut self, conn: ConnId, n: usize) {
        self.node.transmitted(conn, n);
    }

    fn wants_read(&self, conn: ConnId) -> bool {
        self.node.wants_read(conn)
    }

    fn next_conn(&self) -> ConnId {
        self.node.next_conn()
    }
}

/// The journal of a node drives what stands around one, and what the node says in there is compared.
#[test]
fn a_machine_around_a_node_is_played() {
    let (bytes, said) = record();
    let player = |bytes: &'static [u8]| {
        Player::with_machine(Reader::new(bytes).unwrap(), |config, clock, environment| Counted {
            node: Node::new(config, clock, environment),
            events: 0,
        })
    };
    let mut counted = Vec::new();
    let mut playing = player(bytes.clone().leak());
    playing
        .run(|output| {
            if let Output::Event(event) = output {
                counted.push(event);
            }
        })
        .unwrap();
    let told = said.into_iter().filter_map(|output| match output {
        Output::Event(event) => Some(event),
        _ => None,
    });
    assert!(counted.iter().cloned().eq((1..).zip(told)));
    assert_eq!(playing.machine().events, counted.len() as u64);

    let mut prologue = Reader::new(&bytes[..]).unwrap().prologue().clone();
    prologue.config.ping_interval = Duration::from_secs(4);
    let changed = copy(&bytes, &prologue, |_, _| {});
    assert!(matches!(player(changed.leak()).run(|_| {}), Err(PlayError::Difference(_))));
}
