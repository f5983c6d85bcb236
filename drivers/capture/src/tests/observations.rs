//! The journal of an import.

use proptest::prelude::*;
use satwire_core::node::ConnId;
use satwire_core::peer::Direction;

use super::{prologue, read};
use crate::journal::{
    Close, EndReason, Ending, Observation, Observed, Origin, OwnedInput, PlayError, Player, Prologue, Reader,
    Record, Step, Way, Writer,
};
use satwire_core::Instant;

fn import() -> Prologue {
    let mut prologue = prologue();
    prologue.origin = Some(Origin::CoreDat);
    prologue
}

fn observed() -> impl Strategy<Value = Observed> {
    let way = || prop_oneof![Just(Way::Received), Just(Way::Sent)];
    let close =
        prop_oneof![way().prop_map(Close::Finished), way().prop_map(Close::Reset), Just(Close::Unseen)];
    let socket = any::<std::net::SocketAddr>();
    let opened = (socket, any::<Option<std::net::SocketAddr>>(), any::<bool>(), any::<bool>());
    prop_oneof![
        opened.prop_map(|(peer, us, inbound, adopted)| {
            let direction = if inbound { Direction::Inbound } else { Direction::Outbound };
            Observed::Opened { peer: peer.into(), us, direction, adopted }
        }),
        (way(), prop::collection::vec(any::<u8>(), 1..300))
            .prop_map(|(way, bytes)| Observed::Bytes(way, bytes)),
        (way(), any::<Option<u64>>()).prop_map(|(way, bytes)| Observed::Lost(way, bytes)),
        close.prop_map(Observed::Closed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn observations_round_trip(all in prop::collection::vec((0_u64..3_000_000, any::<u64>(), observed()), 0..40)) {
        let mut now = 0;
        let observations: Vec<_> = all
            .into_iter()
            .map(|(later, conn, what)| {
                now += later;
                Observation { at: Instant::from_micros(now), conn: ConnId(conn), what }
            })
            .collect();
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, &import());
        for observation in &observations {
            writer.observation(observation);
        }
        writer.finish(EndReason::Clean);
        drop(writer);
        prop_assert_eq!(Reader::new(&bytes[..]).unwrap().prologue().clone(), import());
        let (entries, ending) = read(&bytes);
        prop_assert_eq!(ending.unwrap(), Ending::Marked(EndReason::Clean));
        let numbers = entries.iter().map(|entry| entry.number);
        prop_assert!(numbers.eq(1..=observations.len() as u64));
        let records: Vec<_> = entries.into_iter().map(|entry| entry.record).collect();
        prop_assert_eq!(records, observations.into_iter().map(Record::Observation).collect::<Vec<_>>());
    }
}

/// A step in an import would be played by nobody, and an observation in a recording would be passed over.
#[test]
fn steps_and_observations_do_not_mix() {
    let observation =
        Observation { at: Instant::ZERO, conn: ConnId(1), what: Observed::Lost(Way::Sent, None) };
    let step = Step { at: Instant::ZERO, input: OwnedInput::Timeout, draws: Vec::new(), mark: None };
    let error = |prologue: &Prologue, write: &dyn Fn(&mut Writer<&mut Vec<u8>>)| {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, prologue);
        write(&mut writer);
        writer.finish(EndReason::Clean);
        drop(writer);
        read(&bytes).1.unwrap_err().kind.to_string()
    };
    let found = error(&import(), &|writer| writer.step(&step));
    assert_eq!(found, "found a step, expected an observation");
    let found = error(&prologue(), &|writer| writer.observation(&observation));
    assert_eq!(found, "found an observation, expected a step");
}

#[test]
fn an_import_is_not_played() {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &import());
    writer.observation(&Observation {
        at: Instant::ZERO,
        conn: ConnId(1),
        what: Observed::Closed(Close::Unseen),
    });
    writer.finish(EndReason::Clean);
    drop(writer);
    let played = Player::new(Reader::new(&bytes[..]).unwrap()).run(|_| ());
    assert!(matches!(played, Err(PlayError::Import)));
}
