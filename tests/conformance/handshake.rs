//! E: who speaks first, what may be said when, and when patience ends.

use std::time::Duration;

use bitcoin::p2p::ServiceFlags;
use bitcoin::p2p::message::NetworkMessage;
use harness::{
    Frame, Hello, Session, World, by_txid, by_wtxid, closed, legacy_tx, message, peer_addr, tx_message,
};
use satwire_core::node::{EventKind, Input, Output};
use satwire_core::peer::{Direction, Event, IgnoredReason};
use satwire_core::wire::Command;
use satwire_core::{CloseReason, Config, Network, WallClock};

/// The reasons for which messages were not read, by command.
fn ignored(events: &[Event]) -> Vec<(&str, IgnoredReason)> {
    events
        .iter()
        .map(|event| match event {
            Event::Ignored { command, because, .. } => (command.as_str(), *because),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn both_directions() -> [Session; 2] {
    [Session::outbound(), Session::inbound()]
}

/// A message of every kind that a handshake does not have.
fn early_messages() -> Vec<Vec<u8>> {
    let tx = legacy_tx(1);
    vec![
        message(NetworkMessage::Ping(1)),
        message(NetworkMessage::Pong(1)),
        message(NetworkMessage::GetAddr),
        message(NetworkMessage::Inv(vec![by_txid(&tx), by_wtxid(&tx)])),
        message(NetworkMessage::GetData(vec![by_txid(&tx)])),
        message(NetworkMessage::NotFound(vec![by_txid(&tx)])),
        message(NetworkMessage::FeeFilter(1000)),
        message(NetworkMessage::SendHeaders),
        message(NetworkMessage::MemPool),
        tx_message(&tx),
        Frame::new("sendcmpct", [0; 9]).bytes(),
        Frame::new("madeup", [1; 5]).bytes(),
    ]
}

#[test]
fn h1_a_silent_inbound_peer_is_sent_nothing() {
    let mut session = Session::inbound();
    assert_eq!(session.heard(), []);
    for early in early_messages() {
        session.say(&early);
    }
    session.say(&message(NetworkMessage::Verack));
    session.say(&message(NetworkMessage::WtxidRelay));
    session.advance(Duration::from_secs(59));
    assert_eq!(session.heard(), [], "not a byte before its version");
}

#[test]
fn h2_before_verack_only_the_handshake_is_sent() {
    let hello = Hello::default();
    for (mut session, first) in both_directions().into_iter().zip([true, false]) {
        assert_eq!(session.heard_commands(), if first { vec!["version"] } else { vec![] });
        assert_eq!(session.say(&hello.until_verack()), []);
        let mut expected = vec!["version", "wtxidrelay", "sendaddrv2", "verack"];
        if first {
            expected.remove(0);
        }
        assert_eq!(session.heard_commands(), expected);
        for early in early_messages() {
            session.say(&early);
        }
        session.advance(Duration::from_secs(25));
        assert_eq!(session.heard(), [], "nothing more before its verack");
    }
}

#[test]
fn h3_an_older_peer_is_sent_no_features() {
    let hello = Hello { version: 70015, ..Hello::default() };
    let mut session = Session::inbound();
    session.say(&hello.version());
    assert_eq!(session.heard_commands(), ["version", "verack"]);
    // Features that it names all the same do not change how it announces.
    session.say(&message(NetworkMessage::WtxidRelay));
    let events = session.send(NetworkMessage::Verack);
    let [Event::Handshake(negotiated)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((negotiated.common_version, negotiated.wtxidrelay), (70015, false));
    let tx = legacy_tx(1);
    let events = session.send(NetworkMessage::Inv(vec![by_wtxid(&tx), by_txid(&tx)]));
    assert!(matches!(&events[..], [Event::Inv(list)] if list.len() == 1), "{events:?}");
}

#[test]
fn h4_an_obsolete_version_disconnects() {
    for (direction, least) in [(Direction::Inbound, 31800), (Direction::Outbound, 70001)] {
        let mut session = Session::new(direction, Config::new(Network::Regtest));
        session.heard();
        let events = session.say(&Hello { version: least - 1, ..Hello::default() }.version());
        let version = i32::try_from(least).expect("a small number");
        assert_eq!(
            closed(&events),
            Some(CloseReason::ObsoleteVersion { version: version - 1, least: version })
        );
        assert_eq!(session.heard(), [], "and is told nothing more");

        let mut session = Session::new(direction, Config::new(Network::Regtest));
        assert_eq!(session.say(&Hello { version: least, ..Hello::default() }.version()), []);
    }
}

#[test]
fn h5_our_version_is_honest_about_time_and_silent_about_place() {
    let mut world = World::default();
    world.advance(Duration::from_secs(100));
    let conn = world.dial(peer_addr(1));
    let heard = world.heard(conn);
    let [NetworkMessage::Version(version)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(version.version, 70016);
    assert_eq!(version.timestamp, 1_795_363_100);
    assert!(version.relay);
    assert_eq!((version.sender.address, version.sender.port), ([0; 8], 0));
    assert_eq!((version.receiver.address, version.receiver.port), ([0; 8], 0), "not a public address");
    assert_eq!(version.services, ServiceFlags::NONE);
    assert_eq!(version.start_height, 0);
    assert_ne!(version.nonce, 0);
    assert!(version.user_agent.starts_with("/satwire:"), "{}", version.user_agent);

    // A public address is told to whom it belongs.
    let conn = world.dial("8.8.8.8:8333".parse().expect("an address"));
    let heard = world.heard(conn);
    let [NetworkMessage::Version(second)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(second.receiver.socket_addr().ok(), "8.8.8.8:8333".parse().ok());
    assert_eq!((second.sender.address, second.sender.port), ([0; 8], 0));
    assert_ne!(second.nonce, version.nonce, "a fresh nonce for each connection");

    // A wall clock that was set counts for later connections.
    world.handle(Input::Clock(WallClock { unix_micros_at_zero: 1_000_000_000_000_000 }));
    let conn = world.dial(peer_addr(2));
    let heard = world.heard(conn);
    let [NetworkMessage::Version(third)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(third.timestamp, 1_000_000_100);
}

#[test]
fn h6_a_second_version_or_verack_is_ignored() {
    for mut session in both_directions() {
        let hello = Hello::default();
        session.say(&hello.until_verack());
        session.heard();
        let again = session.say(&Hello { nonce: 5, version: 31000, ..hello }.version());
        assert_eq!(ignored(&again), [("version", IgnoredReason::Duplicate)]);
        let events = session.send(NetworkMessage::Verack);
        assert!(matches!(&events[..], [Event::Handshake(done)] if done.version.nonce == hello.nonce));
        let again = [hello.version(), message(NetworkMessage::Verack)].concat();
        assert_eq!(
            ignored(&session.say(&again)),
            [("version", IgnoredReason::Duplicate), ("verack", IgnoredReason::Duplicate)]
        );
        assert_eq!(session.heard(), [], "nothing is answered twice");
        assert!(session.answers_ping());
    }
}

#[test]
fn h7_an_early_ping_is_ignored_and_unanswered() {
    for mut session in both_directions() {
        session.heard();
        let ping = message(NetworkMessage::Ping(1));
        assert_eq!(ignored(&session.say(&ping)), [("ping", IgnoredReason::BeforeVersion)]);
        assert_eq!(session.heard(), []);
        session.say(&Hello::default().until_verack());
        session.heard();
        assert_eq!(ignored(&session.say(&ping)), [("ping", IgnoredReason::BeforeVerack)]);
        assert_eq!(session.heard(), []);
        let events = session.send(NetworkMessage::Verack);
        assert!(matches!(events[..], [Event::Handshake(_)]));
        assert!(session.answers_ping(), "an early ping is lost, not late");
    }
}

#[test]
fn h8_the_handshake_has_its_time() {
    let hello = Hello::default();
    for (direction, limit) in [(Direction::Outbound, 30), (Direction::Inbound, 60)] {
        let limit = Duration::from_secs(limit);
        for said in [vec![], hello.version(), hello.until_verack()] {
            let mut session = Session::new(direction, Config::new(Network::Regtest));
            session.say(&said);
            // Pings do not save it.
            for _ in 0..limit.as_secs() - 1 {
                assert_eq!(session.advance(Duration::from_secs(1)), []);
                session.send(NetworkMessage::Ping(1));
            }
            assert_eq!(session.advance(Duration::from_micros(999_999)), [], "kept just before");
            let events = session.advance(Duration::from_micros(1));
            assert_eq!(events, [Event::Closed(CloseReason::HandshakeTimeout(limit))]);
        }
        // In the last microsecond it is in time.
        let mut session = Session::new(direction, Config::new(Network::Regtest));
        session.advance(limit.checked_sub(Duration::from_micros(1)).expect("more than that"));
        assert!(matches!(session.say(&hello.all())[..], [Event::Handshake(_)]));
        assert_eq!(session.advance(Duration::from_secs(100)), []);
    }
}

#[test]
fn h10_a_connection_to_ourselves_ends_on_both_sides() {
    let mut world = World::default();
    let out = world.dial(peer_addr(1));
    let inn = world.accept(peer_addr(1));
    let version = world.heard_bytes(out);
    world.say(inn, &version);
    assert_eq!(world.closed(inn), Some(CloseReason::SelfConnection));
    assert_eq!(world.take_orders(), [Output::Disconnect(inn)]);
    assert_eq!(world.heard(inn), [], "seen before anything was answered");

    // The same seen from the other side: our own version comes back.
    world.say(out, &version);
    assert_eq!(world.closed(out), Some(CloseReason::SelfConnection));
    assert_eq!(world.take_orders(), [Output::Disconnect(out)]);
}

#[test]
fn h10_a_nonce_is_ours_only_while_it_is_on_its_way() {
    let mut world = World::default();
    let out = world.dial(peer_addr(1));
    let heard = world.heard(out);
    let [NetworkMessage::Version(version)] = &heard[..] else { panic!("{heard:?}") };
    let nonce = version.nonce;
    world.greet(out, &Hello::default());
    // A peer that repeats it now has learned it from that connection.
    let inn = world.accept(peer_addr(2));
    world.greet(inn, &Hello { nonce, ..Hello::default() });
    assert_eq!(world.closed(inn), None);
    // No nonce is nobody's nonce.
    let inn = world.accept(peer_addr(3));
    world.greet(inn, &Hello { nonce: 0, ..Hello::default() });
}

#[test]
fn h11_a_version_that_comes_early_is_taken() {
    let mut session = Session::outbound();
    // Nothing of ours is written yet: both versions cross on the way.
    let events = session.say(&Hello::default().all());
    assert!(matches!(events[..], [Event::Handshake(_)]), "{events:?}");
    assert_eq!(session.heard_commands(), ["version", "wtxidrelay", "sendaddrv2", "verack"]);
}

#[test]
fn h12_a_feature_after_verack_disconnects() {
    for (late, command) in
        [(NetworkMessage::WtxidRelay, Command::WTXIDRELAY), (NetworkMessage::SendAddrV2, Command::SENDADDRV2)]
    {
        let mut session = Session::ready(&Hello { wtxidrelay: false, addrv2: false, ..Hello::default() });
        let events = session.send(late);
        assert_eq!(closed(&events), Some(CloseReason::LateFeature(command)));
    }
}

#[test]
fn h14_sendtxrcncl_is_ignored() {
    let offer = Frame::new("sendtxrcncl", [1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]).bytes();
    let hello = Hello::default();
    let mut session = Session::inbound();
    for (said, because) in [
        (vec![], IgnoredReason::BeforeVersion),
        (hello.until_verack(), IgnoredReason::BeforeVerack),
        (message(NetworkMessage::Verack), IgnoredReason::Unhandled),
    ] {
        session.say(&said);
        assert_eq!(ignored(&session.say(&offer)), [("sendtxrcncl", because)]);
    }
    assert!(session.answers_ping());
}

/// btcd says what it did not like before it hangs up (BIP61): told at every stage, and nothing follows from it.
#[test]
fn a_reject_is_told() {
    let reject = |reason: &[u8]| {
        let mut payload = vec![7];
        payload.extend_from_slice(b"version");
        payload.extend_from_slice(&[0x40, reason.len() as u8]);
        payload.extend_from_slice(reason);
        Frame::new("reject", payload).bytes()
    };
    let mut session = Session::inbound();
    for said in [vec![], Hello::default().until_verack(), message(NetworkMessage::Verack)] {
        session.say(&said);
        let events = session.say(&reject(b"no \x1b[31m services\n\xff"));
        let [Event::Rejected(rejection)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((rejection.command.as_str(), rejection.code), ("version", 0x40));
        assert_eq!((rejection.reason.as_str(), rejection.hash), ("no [31m services", None));
    }
    // Of any length that a frame of ours is read at; what is longer is passed over like anything.
    assert!(matches!(session.say(&Frame::new("reject", [0; 2000]).bytes())[..], [Event::Ignored { .. }]));
    assert!(session.answers_ping());
}

/// Bitcoin Core's private broadcast, and every `version` that ends early (net_processing.cpp): from
/// `addr_from` on each group may be missing.
#[test]
fn short_versions_are_taken() {
    let full = Hello::default().version().split_off(24);
    for len in [46, 80, 80 + 15, 80 + 15 + 4] {
        let mut session = Session::inbound();
        let events = session.say(&Frame::new("version", &full[..len]).bytes());
        assert_eq!(events, [], "{len} bytes");
        let events = session.send(NetworkMessage::Verack);
        let [Event::Handshake(done)] = &events[..] else { panic!("{len} bytes: {events:?}") };
        assert_eq!((done.common_version, done.version.relay), (70016, true));
    }
    // Anywhere else it is no version, and the peer stays nameless.
    for len in [0, 20, 45, 47, 79, 81, 94] {
        let mut session = Session::inbound();
        let events = session.say(&Frame::new("version", &full[..len]).bytes());
        assert!(matches!(ignored(&events)[..], [("version", IgnoredReason::Malformed(_))]), "{len} bytes");
        assert_eq!(session.heard(), []);
        assert_eq!(session.say(&full_frame(&full)), [], "a good one may follow");
        assert_ne!(session.heard(), []);
    }
}

fn full_frame(payload: &[u8]) -> Vec<u8> {
    Frame::new("version", payload).bytes()
}

/// The other side's clock, as its `version` tells it.
#[test]
fn the_handshake_tells_what_was_agreed_on() {
    let mut world = World::default();
    let conn = world.dial(peer_addr(1));
    world.say(conn, &Hello { wtxidrelay: false, version: 80000, ..Hello::default() }.all());
    let events = world.take_events_of(conn);
    let Some(EventKind::Handshake(done)) = events.last() else { panic!("{events:?}") };
    assert_eq!((done.common_version, done.wtxidrelay, done.addrv2), (70016, false, true));
    assert_eq!(done.time_offset, 88);
    assert_eq!(done.version.user_agent(), "/scripted:1.0/");
}
