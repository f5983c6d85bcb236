//! Nothing remote can panic us.

use std::time::Duration;

use bitcoin::consensus::serialize;
use bitcoin::p2p::message::NetworkMessage;
use harness::{Frame, Hello, World, config, legacy_tx, message, peer_addr, segwit_tx};
use proptest::prelude::*;
use satwire_core::wire::{Command, Message, TxView, sha256d};

/// A command: mostly one that exists.
fn command() -> impl Strategy<Value = String> {
    let known = prop::sample::select(Command::KNOWN).prop_map(|command| command.to_string());
    let read = prop::sample::select(&["inv", "getdata", "notfound", "tx", "ping", "pong", "feefilter"][..]);
    prop_oneof![4 => read.prop_map(str::to_owned), 2 => known, 1 => "[ -~]{0,12}"]
}

/// A payload: random, or a good one with a few wrong bytes, so that decoding goes deep.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let random = prop::collection::vec(any::<u8>(), 0..200);
    let list = (0..5_u8, prop::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(count, entries)| [&[count][..], &entries].concat());
    let good = prop_oneof![
        Just(serialize(&segwit_tx(1))),
        Just(serialize(&legacy_tx(2))),
        Just(Hello::default().version().split_off(24)),
    ];
    let wrong = (good, prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)).prop_map(
        |(mut bytes, changes)| {
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            bytes
        },
    );
    prop_oneof![random, list, wrong]
}

fn frame() -> impl Strategy<Value = Vec<u8>> {
    (command(), payload(), prop::bool::weighted(0.05), prop::option::weighted(0.05, any::<u32>())).prop_map(
        |(command, payload, wrong, length)| {
            let mut frame = Frame::new(&command, payload);
            if wrong {
                frame = frame.wrong_checksum();
            }
            if let Some(length) = length {
                frame = frame.length(length);
            }
            frame.bytes()
        },
    )
}

/// Everything that a node does around what was said: time, another peer, the end.
fn survive(said: &[Vec<u8>]) {
    let mut world = World::default();
    let conn = world.peer(1, &Hello::default());
    let other = world.peer(2, &Hello::btcd());
    for bytes in said {
        world.say(conn, bytes);
        world.advance(Duration::from_secs(7));
    }
    world.advance(Duration::from_secs(3600));
    let third = world.accept(peer_addr(3));
    world.greet(third, &Hello::default());
    assert!(world.closed(other).is_none_or(|reason| reason.as_str() == "ping_timeout"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_survived(said in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..6)) {
        survive(&said);
        // After a header that is ours they get further.
        let magic = Frame::new("", []).bytes()[..4].to_vec();
        survive(&said.iter().map(|bytes| [&magic[..], bytes].concat()).collect::<Vec<_>>());
    }

    #[test]
    fn arbitrary_messages_are_survived(said in prop::collection::vec(frame(), 1..20)) {
        survive(&said);
    }

    #[test]
    fn arbitrary_messages_before_the_handshake_are_survived(
        said in prop::collection::vec(frame(), 1..10),
        outbound: bool,
        greeted: bool,
    ) {
        let mut world = World::default();
        let conn = if outbound { world.dial(peer_addr(1)) } else { world.accept(peer_addr(1)) };
        if greeted {
            world.say(conn, &Hello::default().until_verack());
        }
        for bytes in &said {
            world.say(conn, bytes);
        }
        world.advance(Duration::from_secs(100));
    }

    /// The codec by itself, for every command; whatever decodes can be walked.
    #[test]
    fn decoding_never_panics(command in command(), payload in payload()) {
        let command = Command::new(&command);
        let digest = sha256d(&payload);
        match Message::decode(command, &payload, digest) {
            Ok(Message::Inv(list) | Message::Getdata(list) | Message::Notfound(list)) => {
                prop_assert_eq!(list.iter().count(), list.len());
            }
            Ok(Message::Version(version)) => {
                prop_assert!(version.user_agent().is_ascii());
            }
            _ => {}
        }
        if let Ok(view) = TxView::decode(&payload) {
            prop_assert_eq!(view.inputs().count(), view.inputs().len());
            prop_assert_eq!(view.outputs().count(), view.outputs().len());
            prop_assert!(view.stripped_size() <= view.size() && view.size() <= payload.len());
            prop_assert_eq!(view.to_owned().txid(), view.txid());
        }
    }
}

/// A ping gets its pong, whatever stood before it: as long as the connection lives.
#[test]
fn every_known_command_with_an_empty_payload_is_survived() {
    let mut world = World::new(config(|config| config.inbound_per_group = 100));
    for (n, command) in Command::KNOWN.iter().enumerate() {
        let conn = world.accept(peer_addr(u8::try_from(n).expect("few commands")));
        world.greet(conn, &Hello::default());
        world.say(conn, &Frame::new(command.as_str(), []).bytes());
        if world.closed(conn).is_none() {
            world.heard(conn);
            world.say(conn, &message(NetworkMessage::Ping(4)));
            assert_eq!(world.heard(conn), [NetworkMessage::Pong(4)], "after {command}");
        }
    }
}
