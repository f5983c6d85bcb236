//! Orders of the application, and what a node says of orders and facts that make no sense.

use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use harness::{Hello, NETWORK, World, by_wtxid, config, peer_addr, segwit_tx, tx_message};
use satwire_core::node::{Address, ConnId, Event, EventKind, Input, InputError, Output};
use satwire_core::peer::{ConnectionConfig, Direction, SendError};
use satwire_core::wire::{AddrV2, Command, Hash, InvType, Inventory};
use satwire_core::{CloseReason, Config, Instant, IoError, Label, Peer, WallClock};

fn nothing_else(world: &mut World) {
    assert_eq!((world.take_events(), world.take_orders()), (vec![], vec![]));
}

/// A wrong name, bytes too early, a connection that never was: said, not swallowed, and nothing changes.
#[test]
fn mistakes_of_a_driver_are_told() {
    let mut world = World::default();
    let next = world.node.next_conn();
    world.handle(Input::Accepted { conn: ConnId(7), addr: peer_addr(1) });
    assert_eq!(world.take_refusals(), [InputError::WrongConn { got: ConnId(7), expected: next }]);
    assert_eq!(world.node.next_conn(), next);

    for never in [ConnId(0), ConnId(7)] {
        for input in [
            Input::Connected(never),
            Input::Received(never, b"x"),
            Input::Closed(never, satwire_core::IoError::Ended),
            Input::Disconnect { conn: never, redial: true, label: Label::LOCAL },
            Input::Send { conn: never, command: Command::MEMPOOL, payload: &[] },
            Input::Request { conn: never, items: &[] },
        ] {
            world.handle(input);
            assert_eq!(world.take_refusals(), [InputError::UnknownConn(never)]);
        }
    }

    world.handle(Input::Dial(Address::Socket(peer_addr(1))));
    world.take_orders();
    world.say(next, &Hello::default().all());
    assert_eq!(world.take_refusals(), [InputError::NotConnected(next)]);
    world.handle(Input::Connected(next));
    world.take_events();
    world.handle(Input::Connected(next));
    assert_eq!(world.take_refusals(), [InputError::AlreadyConnected(next)]);
    world.greet(next, &Hello::default());
    nothing_else(&mut world);
}

/// Each sentence says with which value, and what would do.
#[test]
fn refusals_are_sentences() {
    let wrong = InputError::WrongConn { got: ConnId(9), expected: ConnId(3) }.to_string();
    assert!(wrong.contains("c9") && wrong.contains("c3") && wrong.contains("next_conn"), "{wrong}");
    let early = InputError::NotConnected(ConnId(3)).to_string();
    assert!(early.contains("c3") && early.contains("Connected"), "{early}");
}

/// A refusal is told on the connection that it is about while that is open, from `Connected` to `Disconnected`.
#[test]
fn a_refusal_is_told_on_its_connection() {
    let mut world = World::default();
    let told_on = |world: &mut World, input: Input<'_>| {
        world.handle(input);
        let events = world.take_events();
        assert!(matches!(events[..], [Event { kind: EventKind::InputRefused(_), .. }]), "{events:?}");
        events[0].conn
    };
    let next = world.node.next_conn();
    let send = |conn| Input::Send { conn, command: Command::GETADDR, payload: &[] };
    world.handle(Input::Dial(Address::Socket(peer_addr(1))));
    assert_eq!(told_on(&mut world, send(next)), None, "in the making");
    world.handle(Input::Connected(next));
    world.take_events();
    assert_eq!(told_on(&mut world, send(next)), Some(next), "before its handshake");
    assert_eq!(told_on(&mut world, Input::Connected(next)), Some(next));
    world.greet(next, &Hello::default());
    let ping = Input::Send { conn: next, command: Command::PING, payload: &[0; 8] };
    assert_eq!(told_on(&mut world, ping), Some(next));
    let accepted = Input::Accepted { conn: next, addr: peer_addr(2) };
    assert_eq!(told_on(&mut world, accepted), None, "another connection's name");
    assert_eq!(told_on(&mut world, send(ConnId(9))), None, "none of this node");
    world.handle(Input::Closed(next, IoError::Ended));
    world.take_events();
    assert_eq!(told_on(&mut world, send(next)), None, "over");
}

/// A connection in the making that is called off is told as a dial that failed, with its reason; without a redial,
/// and for a target that is removed, the next attempt is never.
#[test]
fn a_dial_that_is_called_off_is_told() {
    let label = Label::new("changed_my_mind").expect("a label");
    let address = Address::Socket(peer_addr(1));
    let dialling = || {
        let mut world = World::default();
        let conn = world.node.next_conn();
        world.handle(Input::Dial(address.clone()));
        assert_eq!(world.take_orders(), [Output::Connect { conn, addr: peer_addr(1) }]);
        (world, conn)
    };
    let failed = |world: &mut World, label| {
        let events = world.take_events();
        let [Event { conn: None, kind, .. }] = &events[..] else { panic!("{events:?}") };
        let EventKind::DialFailed { address: to, reason, retry } = kind else { panic!("{events:?}") };
        assert_eq!((to, *reason), (&address, CloseReason::Local(label)));
        *retry
    };
    for redial in [true, false] {
        let (mut world, conn) = dialling();
        world.handle(Input::Disconnect { conn, redial, label });
        let retry = failed(&mut world, label);
        assert_eq!(retry != Duration::MAX, redial, "{retry:?}");
        assert_eq!(world.take_orders(), [Output::Disconnect(conn)]);
        assert_eq!(world.node.target(&address).is_some(), redial);
        world.advance(Duration::from_secs(1));
        assert_eq!(world.take_orders().len(), usize::from(redial));
    }
    let (mut world, conn) = dialling();
    let target = world.node.target(&address).expect("a target");
    world.handle(Input::RemoveTarget(target));
    assert_eq!(failed(&mut world, Label::LOCAL), Duration::MAX);
    assert_eq!(world.take_orders(), [Output::Disconnect(conn)]);

    // A stop tells of open connections only, and what follows it has nothing to call off.
    let (mut world, conn) = dialling();
    world.handle(Input::Stop);
    assert_eq!(world.take_orders(), [Output::Disconnect(conn)]);
    world.handle(Input::RemoveTarget(target));
    world.handle(Input::Disconnect { conn, redial: false, label });
    nothing_else(&mut world);
}

/// Addresses of other networks can be named, and are not dialled.
#[test]
fn an_onion_address_is_refused_and_not_dropped() {
    let mut world = World::default();
    let onion = Address::new(AddrV2::TorV3([7; 32]), 8333);
    assert!(onion.to_string().ends_with(".onion:8333"), "{onion}");
    world.handle(Input::Dial(onion.clone()));
    assert_eq!(world.take_refusals(), [InputError::NetworkNotDialled(onion.clone())]);
    assert_eq!(world.node.target(&onion), None);
    let v4 = Address::new(AddrV2::Ipv4([1, 2, 3, 4].into()), 8333);
    assert_eq!(v4, Address::Socket(([1, 2, 3, 4], 8333).into()));
}

#[test]
fn the_application_sends_its_own_messages() {
    let mut world = World::default();
    let conn = world.peer(1, &Hello::default());
    world.heard(conn);
    let getaddr = Input::Send { conn, command: Command::GETADDR, payload: &[] };
    world.handle(getaddr.clone());
    assert_eq!(world.heard(conn), [NetworkMessage::GetAddr]);
    nothing_else(&mut world);

    // Before the handshake is done, and after the end.
    let early = world.dial(peer_addr(2));
    world.take_events();
    world.heard(early);
    world.handle(Input::Send { conn: early, command: Command::GETADDR, payload: &[] });
    assert!(
        matches!(world.take_refusals()[..], [InputError::NotSent { conn, .. }] if conn == early),
        "refused before the handshake"
    );
    assert_eq!(world.heard(early), []);
    world.handle(Input::Closed(conn, satwire_core::IoError::Ended));
    world.take_events();
    world.handle(getaddr);
    assert_eq!(world.take_refusals(), [InputError::ConnectionOver(conn)]);
}

/// How fast a peer reads is not in a journal: a run and its replay must decide alike.
#[test]
fn a_message_is_queued_however_slowly_the_peer_reads() {
    let mut world = World::default();
    let conn = world.peer(1, &Hello::default());
    world.deaf.insert(conn);
    let payload = vec![0; 900_000];
    for _ in 0..4 {
        world.handle(Input::Send { conn, command: Command::BLOCK, payload: &payload });
    }
    assert_eq!(world.take_refusals(), []);
    assert!(world.node.transmit(conn).len() > 4 * payload.len());
    assert!(world.node.wants_read(conn), "our own messages do not stop the reading");
}

/// A `Peer` alone has no journal; its owner is told to wait.
#[test]
fn a_peer_that_does_not_read_is_sent_no_more() {
    let connection = ConnectionConfig::new(Direction::Outbound, 1, WallClock::default());
    let mut peer = Peer::new(Config::new(NETWORK).into(), connection, Instant::ZERO);
    let mut hello = &Hello::default().all()[..];
    while peer.receive(Instant::ZERO, &mut hello).is_some() {}
    peer.transmitted(usize::MAX);
    let payload = vec![0; 600_000];
    let send = |peer: &mut Peer| peer.send_payload(Instant::ZERO, Command::BLOCK, &payload);
    assert_eq!(send(&mut peer), Ok(()));
    assert_eq!(send(&mut peer), Ok(()));
    let unsent = peer.transmit().len();
    assert_eq!(send(&mut peer), Err(SendError::Unsent { unsent }));
    peer.transmitted(usize::MAX);
    assert_eq!(send(&mut peer), Ok(()));
}

/// Nothing is asked for automatically; what the application asks for comes as if it had been.
#[test]
fn transactions_are_fetched_by_hand() {
    let mut world = World::new(config(|config| config.request_transactions = false));
    let conn = world.peer(1, &Hello::default());
    let [wanted, unwanted] = [1, 2].map(segwit_tx);
    world.heard(conn);
    world.send(conn, NetworkMessage::Inv(vec![by_wtxid(&wanted), by_wtxid(&unwanted)]));
    let told = world.take_events_of(conn);
    let [EventKind::Announced(announced)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(
        announced.iter().map(|entry| (entry.first, entry.requested)).collect::<Vec<_>>(),
        [(true, false); 2]
    );
    assert_eq!(world.heard(conn), []);
    world.handle(Input::Request { conn, items: &[announced[0].item] });
    assert_eq!(world.heard(conn), [NetworkMessage::GetData(vec![by_wtxid(&wanted)])]);
    world.say(conn, &tx_message(&wanted));
    let told = world.take_events_of(conn);
    assert!(matches!(&told[..], [EventKind::Tx { latency: Some(_), .. }]), "{told:?}");

    // Nothing can be asked of a connection before its handshake.
    let early = world.dial(peer_addr(2));
    world.take_events();
    let item = Inventory { inv_type: InvType::WTX, hash: Hash([1; 32]) };
    world.handle(Input::Request { conn: early, items: &[item] });
    assert_eq!(world.take_refusals(), [InputError::NotRequested { conn: early, refused: 1 }]);
}

/// A command is an input like any other: after `Stop` there is nothing to command.
#[test]
fn after_stop_commands_are_refused() {
    let mut world = World::default();
    let conn = world.peer(1, &Hello::default());
    world.handle(Input::Stop);
    assert_eq!(world.take_orders(), [Output::Disconnect(conn)]);
    world.take_events();
    world.handle(Input::Dial(Address::Socket(peer_addr(2))));
    assert_eq!(world.take_refusals(), [InputError::Stopped]);
    world.handle(Input::Send { conn, command: Command::GETADDR, payload: &[] });
    assert_eq!(world.take_refusals(), [InputError::ConnectionOver(conn)]);
}
