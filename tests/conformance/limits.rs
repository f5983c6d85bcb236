//! Ours where the rules leave a choice: how much of what is tolerated.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{
    Frame, Hello, Session, World, by_wtxid, closed, config, message, peer_addr, segwit_tx, tx_message,
};
use satwire_core::node::{EventKind, Input, Output};
use satwire_core::peer::{Event, IgnoredReason};
use satwire_core::wire::Command;
use satwire_core::{CloseReason, Fault, Label};

/// Malformed in as many ways as there are.
fn malformed() -> Vec<Vec<u8>> {
    vec![
        Frame::new("ping", [1; 8]).wrong_checksum().bytes(),
        Frame::new("ping", [1; 7]).bytes(),
        Frame::new("feefilter", []).bytes(),
        Frame::new("inv", []).bytes(),
        Frame::new("inv", [0xfd, 1, 0]).bytes(),
        Frame::new("getdata", [2; 37]).bytes(),
        Frame::new("tx", [0; 9]).bytes(),
        Frame::new("", []).command(*b"a\0b\0\0\0\0\0\0\0\0\0").bytes(),
        Frame::new("ping", [0; 1025]).bytes(),
    ]
}

#[test]
fn nine_malformed_messages_are_tolerated_and_no_more() {
    let mut session = Session::ready(&Hello::default());
    for bad in malformed() {
        let events = session.say(&bad);
        assert!(
            matches!(events[..], [Event::Ignored { because: IgnoredReason::Malformed(_), .. }]),
            "{events:?}"
        );
        assert!(session.answers_ping());
    }
    let events = session.say(&malformed()[0]);
    assert_eq!(closed(&events), Some(CloseReason::TooManyMalformed { count: 10, last: Fault::Checksum }));
    assert!(!session.answers_ping());
}

#[test]
fn unknown_messages_are_tolerated_without_end() {
    let mut session = Session::ready(&Hello::default());
    for _ in 0..300 {
        session.say(&Frame::new("madeup", [1; 3]).bytes());
        session.say(&message(NetworkMessage::GetAddr));
        session.say(&Frame::new("headers", [0xff; 30]).bytes());
    }
    assert!(session.answers_ping());
}

#[test]
fn the_tolerance_can_be_chosen() {
    let mut world = World::new(config(|config| config.tolerated_malformed = 0));
    let conn = world.peer(1, &Hello::default());
    world.say(conn, &malformed()[1]);
    assert!(matches!(world.closed(conn), Some(CloseReason::TooManyMalformed { count: 1, .. })));
}

/// A payload that is longer than any valid form is passed over, not kept.
#[test]
fn a_body_that_is_too_long_is_skipped_from_its_header_on() {
    let mut session = Session::ready(&Hello::default());
    let limit = 3 + 50_000 * 36;
    for (command, length, limit) in
        [(Command::PING, 1025, 1024), (Command::FEEFILTER, 4_000_000, 1024), (Command::INV, limit + 1, limit)]
    {
        let header = Frame::new(command.as_str(), []).length(length).bytes();
        let mut events = session.say(&header);
        events.extend(session.say(&vec![0; length as usize]));
        let because = IgnoredReason::Malformed(Fault::Length { length, limit });
        assert_eq!(events, [Event::Ignored { command, bytes: length, because }]);
        assert!(session.answers_ping());
    }
}

#[test]
fn t17_feefilters_outside_the_range_of_money_are_ignored() {
    let mut session = Session::ready(&Hello::default());
    for (rate, told) in
        [(0, true), (1000, true), (21e14 as i64, true), (-1, false), (21e14 as i64 + 1, false)]
    {
        let events = session.send(NetworkMessage::FeeFilter(rate));
        let expected = u64::try_from(rate).ok().filter(|_| told).map(Event::Feefilter);
        assert_eq!(events, Vec::from_iter(expected), "{rate}");
    }
}

/// A peer that asks and never reads: reading from it pauses, what waits for it is bounded, and in
/// the end it is gone.
#[test]
fn a_peer_that_never_reads_is_paused_and_dropped() {
    let mut world = World::default();
    let conn = world.peer(1, &Hello::default());
    world.deaf.insert(conn);
    let max = world.node.config().max_unsent;
    let pings = message(NetworkMessage::Ping(1)).repeat(2000);
    let mut reads = 0;
    while world.node.wants_read(conn) {
        world.say(conn, &pings);
        reads += 1;
        assert!(reads < 1000, "nothing ever pauses it");
    }
    let unsent = world.node.transmit(conn).len();
    assert!((max + 1..=max + pings.len()).contains(&unsent), "{unsent} bytes wait");

    // All else that happens adds next to nothing, and the ping that it does not answer ends it.
    world.advance(Duration::from_secs(60));
    assert!(!world.node.wants_read(conn));
    assert!(world.node.transmit(conn).len() < unsent + 1000);
    world.take_events();
    world.advance(Duration::from_secs(1400));
    assert!(matches!(world.closed(conn), Some(CloseReason::PingTimeout(_))));
    assert_eq!(world.node.transmit(conn), b"", "and nothing of it is kept");
    assert!(!world.node.wants_read(conn), "what is over is not read");
}

#[test]
fn reading_goes_on_when_the_peer_reads() {
    let mut session = Session::ready(&Hello::default());
    let max = 1_000_000;
    let pong = message(NetworkMessage::Pong(1)).len();
    let pings = max / pong;
    session.say(&message(NetworkMessage::Ping(1)).repeat(pings));
    assert_eq!(session.peer.transmit().len(), pings * pong);
    assert!(session.peer.wants_read(), "exactly the mark is not above it");
    session.send(NetworkMessage::Ping(1));
    assert!(!session.peer.wants_read());
    session.peer.transmitted(pong);
    assert!(session.peer.wants_read(), "one written is enough");
}

/// Even one read of questions leads to no more than so many bytes of answers.
#[test]
fn the_answer_to_a_getdata_is_no_longer_than_it() {
    let mut session = Session::ready(&Hello::default());
    let list = vec![Inventory::Unknown { inv_type: 5, hash: [1; 32] }; 50_000];
    let asked = message(NetworkMessage::GetData(list));
    session.say(&asked);
    assert_eq!(session.peer.transmit().len(), asked.len());
}

/// A write that stops anywhere goes on where it stopped.
#[test]
fn partial_writes_lose_nothing() {
    let mut session = Session::ready(&Hello::default());
    let mut expected = Vec::new();
    let mut written = Vec::new();
    for nonce in 0..200_u64 {
        session.send(NetworkMessage::Ping(nonce));
        expected.extend(message(NetworkMessage::Pong(nonce)));
        let n = session.peer.transmit().len().min(usize::try_from(nonce % 61).expect("small"));
        written.extend_from_slice(&session.peer.transmit()[..n]);
        session.peer.transmitted(n);
    }
    written.extend(session.heard_bytes());
    assert_eq!(written, expected);
}

#[test]
fn inbound_slots_are_counted_and_given_back() {
    let mut world = World::new(config(|config| config.inbound_slots = 2));
    let first = world.accept(peer_addr(1));
    let second = world.accept(peer_addr(2));
    assert_eq!(world.take_orders(), []);
    // Those that we dial take none.
    world.peer(9, &Hello::default());
    assert_eq!(world.take_orders(), []);

    // The oldest without a handshake makes room, as long as there is one.
    world.greet(second, &Hello::default());
    let third = world.accept(peer_addr(3));
    assert_eq!(world.closed(first), Some(CloseReason::Evicted { slots: 2 }));
    assert_eq!(world.take_orders(), [Output::Disconnect(first)]);
    world.greet(third, &Hello::default());

    // Then the one that delivered the fewest transactions, of several the youngest.
    let fourth = world.accept(peer_addr(4));
    assert_eq!(world.closed(third), Some(CloseReason::Evicted { slots: 2 }));
    world.greet(fourth, &Hello::default());
    let tx = segwit_tx(1);
    world.send(fourth, NetworkMessage::Inv(vec![by_wtxid(&tx)]));
    world.advance(Duration::from_secs(2));
    world.say(fourth, &tx_message(&tx));
    world.take_orders();
    let fifth = world.accept(peer_addr(5));
    assert_eq!(world.closed(second), Some(CloseReason::Evicted { slots: 2 }));
    assert_eq!(world.take_orders(), [Output::Disconnect(second)]);

    // A slot that is given back is free.
    world.handle(Input::Disconnect { conn: fifth, redial: true, label: Label::LOCAL });
    world.take_orders();
    let sixth = world.accept(peer_addr(6));
    assert!(sixth > fifth, "a name is never used again");
    world.greet(sixth, &Hello::default());
    assert_eq!(world.take_orders(), []);
}

/// Without slots nobody can make room.
#[test]
fn without_slots_everybody_is_refused() {
    let mut world = World::new(config(|config| config.inbound_slots = 0));
    let conn = world.accept(peer_addr(1));
    assert_eq!(world.closed(conn), Some(CloseReason::NoSlot { slots: 0 }));
    assert_eq!(world.take_orders(), [Output::Disconnect(conn)]);
    assert_eq!(world.heard(conn), []);
}

/// One host can't take all slots and keep others out (Bitcoin Core serves newcomers by eviction).
#[test]
fn idle_connections_from_one_host_do_not_keep_newcomers_out() {
    for host in ["127.0.0.1", "203.0.113.9", "2001:db8::9"] {
        let mut world = World::default();
        let host = host.parse::<IpAddr>().expect("an address");
        for port in 0..114 {
            world.accept((host, 40_000 + port).into());
        }
        for n in 0..5 {
            world.take_events();
            let newcomer = world.accept(([198, 51, 100, n], 1000).into());
            world.greet(newcomer, &Hello::default());
            assert_eq!(world.closed(newcomer), None, "newcomer {n} after {host}");
        }
    }
}

/// 8 connections from one address, 32 from one /16 of IPv4 or /32 of IPv6; loopback only the total bounds.
#[test]
fn one_address_and_one_group_have_a_share_of_the_slots() {
    let from = |addrs: &mut dyn Iterator<Item = String>| {
        let mut world = World::default();
        let addrs = addrs.map(|addr| addr.parse::<SocketAddr>().expect("an address"));
        let conns: Vec<_> = addrs.map(|addr| world.accept(addr)).collect();
        let refused = conns.iter().filter_map(|conn| world.closed(*conn)).collect::<Vec<_>>();
        (conns.len() - refused.len(), refused.last().copied())
    };
    let address = Some(CloseReason::NoSlotForAddress { limit: 8 });
    let group = Some(CloseReason::NoSlotForGroup { limit: 32 });
    assert_eq!(from(&mut (1..20).map(|port| format!("203.0.113.9:{port}"))), (8, address));
    assert_eq!(from(&mut (1..20).map(|port| format!("[::ffff:203.0.113.9]:{port}"))), (8, address));
    assert_eq!(from(&mut (1..20).map(|port| format!("[2001:db8::1]:{port}"))), (8, address));
    assert_eq!(from(&mut (1..50).map(|n| format!("203.0.{n}.9:1"))), (32, group));
    assert_eq!(from(&mut (1..50).map(|n| format!("[2001:db8:{n}::1]:1"))), (32, group));
    assert_eq!(from(&mut (1..50).map(|n| format!("203.{n}.0.9:1"))), (49, None));
    assert_eq!(from(&mut (1..50).map(|n| format!("[2001:{n}::1]:1"))), (49, None));
    assert_eq!(from(&mut (1..100).map(|port| format!("127.0.0.1:{port}"))), (99, None));
}

/// The share is given back with the connection.
#[test]
fn the_share_of_an_address_is_given_back() {
    let mut world = World::default();
    let conns: Vec<_> = (1..=8).map(|port| world.accept(([203, 0, 113, 9], port).into())).collect();
    let ninth = world.accept(([203, 0, 113, 9], 9).into());
    assert!(world.closed(ninth).is_some());
    world.handle(Input::Closed(conns[3], satwire_core::IoError::Ended));
    let tenth = world.accept(([203, 0, 113, 9], 10).into());
    assert_eq!(world.closed(tenth), None);
}

#[test]
fn an_inbound_connection_is_not_dialled_when_it_ends() {
    let mut world = World::default();
    let conn = world.accept(peer_addr(1));
    world.greet(conn, &Hello::default());
    world.handle(Input::Disconnect { conn, redial: true, label: Label::LOCAL });
    world.take_orders();
    world.advance(Duration::from_secs(3600));
    assert_eq!(world.take_orders(), []);
    assert_eq!(world.node.poll_timeout(), None, "nothing is left to wait for");
}

/// The driver may learn late that a connection is over: what it says of it is ignored.
#[test]
fn news_of_a_connection_that_is_over_is_ignored() {
    let mut world = World::default();
    let conn = world.accept(peer_addr(1));
    world.greet(conn, &Hello::default());
    world.say(conn, &[0xff; 100]);
    assert!(world.closed(conn).is_some());
    world.take_events();
    world.take_orders();
    world.say(conn, &message(NetworkMessage::Ping(1)));
    world.handle(Input::Connected(conn));
    world.handle(Input::Disconnect { conn, redial: true, label: Label::LOCAL });
    world.handle(Input::Closed(conn, satwire_core::IoError::Ended));
    world.node.transmitted(conn, 10);
    assert_eq!((world.take_events(), world.take_orders()), (vec![], vec![]));
    assert_eq!(world.heard(conn), []);
}

/// Time that goes back does nothing.
#[test]
fn time_does_not_go_back() {
    let mut world = World::default();
    world.advance(Duration::from_secs(10));
    let conn = world.dial(peer_addr(1));
    let now = world.now;
    world.now = satwire_core::Instant::ZERO;
    world.say(conn, &Hello::default().all());
    let events = world.take_events();
    assert!(events.iter().all(|event| event.at == now), "{events:?}");
    assert!(events.iter().any(|event| matches!(event.kind, EventKind::Handshake(_))));
}
