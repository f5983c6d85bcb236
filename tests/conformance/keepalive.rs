//! K: pings of ours, and what answers them.

use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use harness::{Frame, Hello, NETWORK, Pair, Session, World, closed, config, peer_addr};
use satwire_core::node::{EventKind, Purpose};
use satwire_core::peer::{Direction, Event};
use satwire_core::{CloseReason, Config};

const TWO_MINUTES: Duration = Duration::from_secs(120);
const TWENTY_MINUTES: Duration = Duration::from_secs(1200);

/// A fresh connection, and the nonce of its first ping.
fn pinged() -> (Session, u64) {
    let mut session = Session::outbound();
    session.say(&Hello::default().all());
    session.heard();
    session.advance(Duration::ZERO);
    let nonce = ping(&mut session).expect("a ping right after the handshake");
    (session, nonce)
}

/// The nonce of the only message that was sent, if one was.
fn ping(session: &mut Session) -> Option<u64> {
    match session.heard()[..] {
        [] => None,
        [NetworkMessage::Ping(nonce)] => Some(nonce),
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn k1_a_ping_with_a_nonce_follows_the_handshake_at_once() {
    let (_, nonce) = pinged();
    assert_ne!(nonce, 0);

    let mut session = Session::outbound();
    session.ping_nonce = 0;
    session.say(&Hello::default().all());
    session.heard();
    session.advance(Duration::ZERO);
    assert_eq!(ping(&mut session), Some(1), "zero is no nonce");
}

#[test]
fn k1_the_word_of_a_ping_is_drawn_for_it() {
    let mut world = World::default();
    world.node.environment_mut().environment.nonces = [11, 12].into();
    let conn = world.dial(peer_addr(1));
    world.say(conn, &Hello::default().all());
    world.heard(conn);
    world.advance(Duration::ZERO);
    assert_eq!(world.heard(conn), [NetworkMessage::Ping(12)]);
    let draws = &world.node.environment().environment.draws;
    assert_eq!(draws[draws.len() - 2..], [(Purpose::VersionNonce(conn), 11), (Purpose::PingNonce(conn), 12)]);
}

/// Whether a ping is outstanding shows after two minutes: only then there is no other.
fn is_outstanding(mut session: Session) -> bool {
    assert_eq!(session.advance(TWO_MINUTES), []);
    ping(&mut session).is_none()
}

#[test]
fn k2_an_empty_or_zero_pong_cancels_the_ping() {
    for payload in [&[][..], &[1, 2, 3], &[0; 8]] {
        let (mut session, _) = pinged();
        assert_eq!(session.say(&Frame::new("pong", payload).bytes()), [], "no sample");
        assert!(!is_outstanding(session), "{payload:?}");
    }
}

#[test]
fn k2_a_wrong_pong_leaves_the_ping_outstanding() {
    let (mut session, nonce) = pinged();
    assert_eq!(session.send(NetworkMessage::Pong(nonce + 1)), []);
    assert!(is_outstanding(session));
}

#[test]
fn k2_a_pong_that_nobody_asked_for_is_ignored() {
    let (mut session, nonce) = pinged();
    session.send(NetworkMessage::Pong(nonce));
    for unasked in [nonce, 0, 9] {
        assert_eq!(session.send(NetworkMessage::Pong(unasked)), []);
    }
    assert!(session.answers_ping());
}

#[test]
fn k3_the_shortest_time_is_kept_and_pings_are_two_minutes_apart() {
    let (mut session, mut nonce) = pinged();
    let millis = Duration::from_millis;
    for (rtt, min) in [(50, 50), (30, 30), (70, 30), (10, 10)] {
        assert_eq!(session.advance(millis(rtt)), []);
        let events = session.send(NetworkMessage::Pong(nonce));
        assert_eq!(events, [Event::Pong { rtt: millis(rtt), min: millis(min) }]);
        let rest = TWO_MINUTES.checked_sub(millis(rtt)).expect("less than two minutes");
        session.advance(rest.checked_sub(Duration::from_micros(1)).expect("more than that"));
        assert_eq!(ping(&mut session), None, "not a microsecond early");
        session.advance(Duration::from_micros(1));
        let next = ping(&mut session).expect("a ping two minutes after the last one");
        assert_ne!(next, nonce);
        nonce = next;
    }
}

#[test]
fn k4_no_pong_for_twenty_minutes_disconnects() {
    let (mut session, nonce) = pinged();
    for _ in 0..20 * 60 - 1 {
        assert_eq!(session.advance(Duration::from_secs(1)), []);
        // It lives, speaks and is answered, but does not answer.
        session.send(NetworkMessage::Ping(3));
        assert_eq!(session.heard(), [NetworkMessage::Pong(3)]);
        session.send(NetworkMessage::Pong(nonce ^ 1));
    }
    assert_eq!(session.advance(Duration::from_micros(999_999)), [], "kept until then");
    let events = session.advance(Duration::from_micros(1));
    assert_eq!(events, [Event::Closed(CloseReason::PingTimeout(TWENTY_MINUTES))]);
}

#[test]
fn k4_a_late_pong_saves_the_connection() {
    let (mut session, nonce) = pinged();
    let late = TWENTY_MINUTES.checked_sub(Duration::from_micros(1)).expect("more than that");
    assert_eq!(session.advance(late), []);
    session.send(NetworkMessage::Pong(nonce));
    assert_eq!(session.advance(Duration::from_micros(1)), []);
    assert!(ping(&mut session).is_some(), "the next ping was due long ago");
}

/// BIP31: up to version 60000 a ping has no nonce and nobody answers it.
#[test]
fn old_peers_ping_without_an_answer() {
    let mut session = Session::inbound();
    session.say(&Hello { version: 60000, ..Hello::default() }.all());
    session.heard_bytes();
    session.advance(Duration::ZERO);
    assert_eq!(session.heard_bytes(), Frame::new("ping", []).bytes());
    // Nothing answers it, and nobody minds, as long as the peer says something.
    for _ in 0..4 {
        assert_eq!(session.advance(TWENTY_MINUTES / 2), []);
        session.send(NetworkMessage::Ping(1));
        assert_eq!(session.advance(Duration::ZERO), []);
        assert_eq!(session.heard_bytes(), Frame::new("ping", []).bytes());
    }
}

/// Bitcoin Core's `InactivityCheck`: who is too old for a pong and says nothing at all is gone, be it that it
/// never reads; and our pings do not pile up.
#[test]
fn old_peers_that_say_nothing_are_dropped() {
    for ping_interval in [Duration::from_secs(120), Duration::ZERO] {
        let mut session =
            Session::new(Direction::Inbound, config(|config| config.ping_interval = ping_interval));
        session.say(&Hello { version: 60000, ..Hello::default() }.all());
        session.heard_bytes();
        let nearly = TWENTY_MINUTES.checked_sub(Duration::from_micros(1)).expect("more than that");
        assert_eq!(session.advance(nearly), []);
        assert_eq!(session.peer.transmit(), Frame::new("ping", []).bytes());
        let events = session.advance(Duration::from_micros(1));
        assert_eq!(closed(&events), Some(CloseReason::PingTimeout(TWENTY_MINUTES)));
    }
}

/// Their pings are empty as well, and not malformed (Bitcoin Core reads no nonce at all there).
#[test]
fn empty_pings_of_old_peers_are_no_offence() {
    let mut session = Session::inbound();
    session.say(&Hello { version: 60000, ..Hello::default() }.all());
    for round in 0..30 {
        let events = session.say(&Frame::new("ping", []).bytes());
        assert_eq!(events, [], "ping {round}");
    }
}

/// Two nodes of ours keep each other alive.
#[test]
fn two_nodes_ping_each_other() {
    let latency = Duration::from_millis(40);
    let mut pair = Pair::new(Config::new(NETWORK), Config::new(NETWORK), latency);
    pair.advance(Duration::from_secs(3600));
    for (world, conn) in [(&mut pair.left, pair.left_conn), (&mut pair.right, pair.right_conn)] {
        let events = world.take_events_of(conn);
        assert!(matches!(events[1], EventKind::Handshake(_)));
        let rtt = 2 * latency;
        let pongs = events.iter().filter(|event| **event == EventKind::Pong { rtt, min: rtt }).count();
        assert_eq!(pongs, 30);
        assert_eq!(events.len(), 32);
    }
}
