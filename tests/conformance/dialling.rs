//! Keeping a connection to an address: names, failures, pauses.

use std::net::SocketAddr;
use std::time::Duration;

use harness::{Hello, NETWORK, Script, World, peer_addr};
use satwire_core::node::{Address, ConnId, Event, EventKind, Input, InputError, Output, TargetId};
use satwire_core::{CloseReason, Config, Instant, IoError, Label};

const HALF_A_SECOND: Duration = Duration::from_millis(500);

/// A word that makes a redial wait as long as it may.
///
/// The wait is half, and the word modulo half and one microsecond on top of it.
fn longest(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros() / 2).expect("short")
}

fn name(host: &str) -> Address {
    Address::Name { host: host.into(), port: NETWORK.default_port() }
}

/// The connection that the node asks for, if it asks for one now.
fn connect(world: &mut World) -> Option<(ConnId, SocketAddr)> {
    match world.take_orders()[..] {
        [] => None,
        [Output::Connect { conn, addr }] => Some((conn, addr)),
        ref other => panic!("{other:?}"),
    }
}

/// How long the node waits until it does something.
fn pause(world: &World) -> Duration {
    world.node.poll_timeout().map_or(Duration::MAX, |due| due.saturating_duration_since(world.now))
}

/// The pause that a failed dial was told to have.
fn told_pause(events: &[Event]) -> Option<(CloseReason, Duration)> {
    events.iter().find_map(|event| match &event.kind {
        EventKind::DialFailed { reason, retry, .. } => Some((*reason, *retry)),
        _ => None,
    })
}

#[test]
fn pauses_double_up_to_a_minute() {
    let mut world = World::default();
    world.handle(Input::Dial(Address::Socket(peer_addr(1))));
    let mut at_most = Duration::from_secs(1);
    for attempt in 0..12 {
        let (conn, addr) = connect(&mut world).expect("an attempt");
        assert_eq!(addr, peer_addr(1));
        world.take_events();
        world.handle(Input::Closed(conn, IoError::Refused));
        let (reason, told) = told_pause(&world.take_events()).expect("a failure is told");
        assert_eq!(reason, CloseReason::Io(IoError::Refused));
        let pause = pause(&world);
        assert_eq!(pause, told);
        assert!((at_most / 2..=at_most).contains(&pause), "attempt {attempt}: {pause:?}");
        world.advance(pause.checked_sub(Duration::from_micros(1)).expect("more than that"));
        assert_eq!(connect(&mut world), None);
        world.advance(Duration::from_micros(1));
        at_most = (2 * at_most).min(Duration::from_secs(60));
    }
}

#[test]
fn pauses_differ_by_their_random_word() {
    let pause_with = |word| {
        let script = Script { jitter: [word].into(), ..Script::default() };
        let mut world = World::with_script(Config::new(NETWORK), script);
        world.handle(Input::Dial(Address::Socket(peer_addr(1))));
        let (conn, _) = connect(&mut world).expect("an attempt");
        world.handle(Input::Closed(conn, IoError::Refused));
        pause(&world)
    };
    assert_eq!(pause_with(0), HALF_A_SECOND);
    assert_eq!(pause_with(longest(Duration::from_secs(1))), Duration::from_secs(1));
    assert!((HALF_A_SECOND..=Duration::from_secs(1)).contains(&pause_with(u64::MAX)));
}

/// Only a connection that lasted wipes out the failures before it.
#[test]
fn pauses_start_anew_after_a_connection_that_lasted() {
    for (lasts, expected) in [(59, Duration::from_secs(4)), (60, Duration::from_secs(1))] {
        let mut world = World::default();
        world.handle(Input::Dial(Address::Socket(peer_addr(1))));
        for _ in 0..3 {
            let (conn, _) = connect(&mut world).expect("an attempt");
            world.handle(Input::Closed(conn, IoError::Refused));
            let pause = pause(&world);
            world.advance(pause);
        }
        let (conn, _) = connect(&mut world).expect("an attempt");
        world.handle(Input::Connected(conn));
        world.greet(conn, &Hello::default());
        world.advance(Duration::from_secs(lasts));
        world.node.environment_mut().environment.jitter = [longest(expected)].into();
        world.handle(Input::Closed(conn, IoError::Ended));
        // The fourth failure in a row waits up to eight seconds; the first one up to one.
        let expected = if lasts == 60 { expected } else { 2 * expected };
        let pause = pause(&world);
        assert!((expected / 2..=expected).contains(&pause), "lasted {lasts} s: {pause:?}");
    }
}

#[test]
fn a_connection_that_is_not_made_in_time_has_failed() {
    let mut world = World::default();
    world.handle(Input::Dial(Address::Socket(peer_addr(1))));
    let (conn, _) = connect(&mut world).expect("an attempt");
    world.advance(Duration::from_micros(4_999_999));
    assert_eq!(world.take_events(), []);
    world.advance(Duration::from_micros(1));
    let (reason, _) = told_pause(&world.take_events()).expect("a failure is told");
    assert_eq!(reason, CloseReason::ConnectTimeout(Duration::from_secs(5)));
    assert_eq!(world.take_orders(), [Output::Disconnect(conn)]);
    // Too late.
    world.handle(Input::Connected(conn));
    assert_eq!(world.take_events(), []);
    world.advance(Duration::from_secs(1));
    let (again, _) = connect(&mut world).expect("another attempt");
    assert_ne!(again, conn);
}

#[test]
fn a_name_is_looked_up_and_its_addresses_are_tried_in_turn() {
    let mut world = World::default();
    world.handle(Input::Dial(name("peer.example")));
    let target = TargetId(0);
    let look_up = || Output::Resolve { target, host: "peer.example".into(), port: 18444 };
    assert_eq!(world.take_orders(), [look_up()]);
    world.handle(Input::Resolved(target, &[peer_addr(1), peer_addr(2)]));
    let (conn, addr) = connect(&mut world).expect("the first");
    assert_eq!(addr, peer_addr(1));
    // An answer that comes twice changes nothing.
    world.handle(Input::Resolved(target, &[peer_addr(3)]));
    assert_eq!(world.take_orders(), []);

    world.handle(Input::Closed(conn, IoError::Unreachable));
    let told = told_pause(&world.take_events());
    assert_eq!(told, Some((CloseReason::Io(IoError::Unreachable), Duration::ZERO)), "the next one at once");
    let (conn, addr) = connect(&mut world).expect("the second");
    assert_eq!(addr, peer_addr(2));
    world.handle(Input::Closed(conn, IoError::Refused));
    assert_eq!(connect(&mut world), None, "now there is a pause");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.take_orders(), [look_up()], "the name may lead elsewhere by now");
    world.handle(Input::Resolved(target, &[peer_addr(4)]));
    let (conn, _) = connect(&mut world).expect("an attempt");
    world.handle(Input::Connected(conn));
    world.greet(conn, &Hello::default());
    world.advance(Duration::from_secs(100));
    world.handle(Input::Closed(conn, IoError::Reset));
    world.advance(Duration::from_secs(1));
    assert_eq!(world.take_orders(), [look_up()]);
}

#[test]
fn a_name_that_leads_nowhere_is_tried_again() {
    let mut world = World::default();
    world.handle(Input::Dial(name("nowhere.example")));
    for _ in 0..3 {
        assert!(matches!(world.take_orders()[..], [Output::Resolve { .. }]));
        world.handle(Input::Resolved(TargetId(0), &[]));
        let (reason, retry) = told_pause(&world.take_events()).expect("a failure is told");
        assert_eq!(reason, CloseReason::Io(IoError::NotResolved));
        assert!(retry > Duration::ZERO);
        world.advance(retry);
    }
    // Nobody asked for this one.
    world.handle(Input::Resolved(TargetId(7), &[peer_addr(1)]));
}

#[test]
fn addresses_are_kept_apart() {
    let mut world = World::default();
    for n in 1..=3 {
        world.handle(Input::Dial(Address::Socket(peer_addr(n))));
    }
    let orders = world.take_orders();
    let dialled: Vec<_> = orders
        .iter()
        .map(|order| match order {
            Output::Connect { conn, addr } => (conn.0, *addr),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(dialled, [(1, peer_addr(1)), (2, peer_addr(2)), (3, peer_addr(3))]);
    world.handle(Input::Closed(ConnId(2), IoError::Refused));
    world.advance(Duration::from_secs(1));
    assert_eq!(connect(&mut world), Some((ConnId(4), peer_addr(2))));
}

#[test]
fn a_connection_that_the_application_ends_is_dialled_again() {
    let mut world = World::default();
    let conn = world.peer(1, &Hello::default());
    world.handle(Input::Disconnect { conn, redial: true, label: Label::LOCAL });
    assert_eq!(world.closed(conn), Some(CloseReason::Local(Label::LOCAL)));
    assert_eq!(world.take_orders(), [Output::Disconnect(conn)]);
    world.advance(Duration::from_secs(1));
    assert_eq!(connect(&mut world), Some((ConnId(2), peer_addr(1))));
}

#[test]
fn stop_ends_everything_and_begins_nothing() {
    let mut world = World::default();
    let ready = world.peer(1, &Hello::default());
    let accepted = world.accept(peer_addr(2));
    world.handle(Input::Dial(Address::Socket(peer_addr(3))));
    let (in_the_making, _) = connect(&mut world).expect("an attempt");
    world.handle(Input::Dial(name("peer.example")));
    world.handle(Input::Dial(Address::Socket(peer_addr(4))));
    let orders = world.take_orders();
    let Some(Output::Connect { conn: failed, .. }) = orders.last() else { panic!("{orders:?}") };
    world.handle(Input::Closed(*failed, IoError::Refused));
    world.take_events();

    world.handle(Input::Stop);
    assert_eq!(
        world.take_orders(),
        [Output::Disconnect(ready), Output::Disconnect(accepted), Output::Disconnect(in_the_making)]
    );
    for conn in [ready, accepted] {
        assert_eq!(world.closed(conn), Some(CloseReason::Local(Label::LOCAL)));
    }
    world.take_events();
    assert_eq!(world.node.poll_timeout(), None);

    world.handle(Input::Resolved(TargetId(2), &[peer_addr(5)]));
    assert_eq!(world.take_events(), []);
    world.handle(Input::Dial(Address::Socket(peer_addr(6))));
    assert_eq!(world.take_refusals(), [InputError::Stopped]);
    world.handle(Input::Stop);
    world.advance(Duration::from_secs(3600));
    assert_eq!(world.take_orders(), []);
    let late = world.accept(peer_addr(7));
    assert_eq!(world.take_orders(), [Output::Disconnect(late)]);
    assert_eq!(world.take_events(), []);
    assert_ne!(world.now, Instant::ZERO);
}

/// An address that accepts and hangs up does not hide the name's other addresses.
#[test]
fn a_name_goes_on_with_its_next_address() {
    let mut world = World::default();
    let answer = [peer_addr(1), peer_addr(2), peer_addr(3)];
    world.handle(Input::Dial(name("peer.example")));
    let mut tries = Vec::new();
    for attempt in 0..7 {
        assert!(matches!(world.take_orders()[..], [Output::Resolve { .. }]), "attempt {attempt}");
        // A resolver may give them in any order.
        let mut answer = answer;
        answer.rotate_left(attempt % 2);
        world.handle(Input::Resolved(TargetId(0), &answer));
        let (conn, addr) = connect(&mut world).expect("an attempt");
        tries.push(addr);
        world.handle(Input::Connected(conn));
        world.handle(Input::Closed(conn, IoError::Ended));
        let pause = pause(&world);
        world.advance(pause);
    }
    for three in tries.chunks_exact(3) {
        let mut three = three.to_vec();
        three.sort_unstable();
        assert_eq!(three, answer, "{tries:?}");
    }
}

/// A name that is not known when the program starts is looked up again, for ever.
#[test]
fn a_name_that_does_not_resolve_is_tried_for_ever() {
    let mut world = World::default();
    world.handle(Input::Dial(name("peer.example")));
    for _ in 0..50 {
        assert!(matches!(world.take_orders()[..], [Output::Resolve { .. }]));
        world.handle(Input::Resolved(TargetId(0), &[]));
        let (reason, retry) = told_pause(&world.take_events()).expect("a failure is told");
        assert_eq!(reason, CloseReason::Io(IoError::NotResolved));
        assert!(retry <= Duration::from_secs(60));
        world.advance(retry);
    }
}

#[test]
fn dialling_an_address_twice_is_one_target() {
    let mut world = World::default();
    let address = Address::Socket(peer_addr(1));
    world.handle(Input::Dial(address.clone()));
    let (conn, _) = connect(&mut world).expect("an attempt");
    for _ in 0..3 {
        world.handle(Input::Dial(address.clone()));
        assert_eq!(world.take_orders(), []);
    }
    assert_eq!(world.node.target(&address), Some(TargetId(0)));
    world.handle(Input::Dial(name("peer.example")));
    assert_eq!(world.node.target(&name("peer.example")), Some(TargetId(1)));
    world.take_orders();
    world.handle(Input::Closed(conn, IoError::Refused));
    world.advance(Duration::from_secs(1));
    assert!(connect(&mut world).is_some(), "one attempt, not four");
}

#[test]
fn a_target_that_is_removed_is_dialled_no_more() {
    let hour = Duration::from_secs(3600);
    // While it waits, while it is being made, while it is being looked up.
    let mut world = World::default();
    world.handle(Input::Dial(Address::Socket(peer_addr(1))));
    let (conn, _) = connect(&mut world).expect("an attempt");
    world.handle(Input::Closed(conn, IoError::Refused));
    world.handle(Input::Dial(Address::Socket(peer_addr(2))));
    let (making, _) = connect(&mut world).expect("an attempt");
    world.handle(Input::Dial(name("peer.example")));
    world.take_orders();
    for id in 0..3 {
        world.handle(Input::RemoveTarget(TargetId(id)));
    }
    assert_eq!(world.take_orders(), [Output::Disconnect(making)]);
    world.handle(Input::Resolved(TargetId(2), &[peer_addr(3)]));
    world.advance(hour);
    assert_eq!(world.take_orders(), []);
    assert_eq!(world.node.poll_timeout(), None);
    world.take_events();
    world.handle(Input::RemoveTarget(TargetId(1)));
    assert_eq!(world.take_refusals(), [InputError::UnknownTarget(TargetId(1))]);

    // An open connection stays, and is not dialled when it ends.
    let conn = world.peer(4, &Hello::default());
    let id = world.node.target(&Address::Socket(peer_addr(4))).expect("a target");
    assert_eq!(id, TargetId(3), "names are not used again");
    world.handle(Input::RemoveTarget(id));
    assert_eq!((world.take_orders(), world.closed(conn)), (vec![], None));
    world.handle(Input::Closed(conn, IoError::Ended));
    world.advance(hour);
    assert_eq!(world.take_orders(), []);

    // It may be named again.
    world.handle(Input::Dial(Address::Socket(peer_addr(4))));
    assert!(connect(&mut world).is_some());
    assert_eq!(world.node.target(&Address::Socket(peer_addr(4))), Some(TargetId(4)));
}

#[test]
fn a_connection_is_closed_for_good_or_until_it_is_redialled() {
    for redial in [true, false] {
        let mut world = World::default();
        let conn = world.peer(1, &Hello::default());
        let label = Label::new("no_blocks").expect("a label");
        world.handle(Input::Disconnect { conn, redial, label });
        assert_eq!(world.closed(conn), Some(CloseReason::Local(label)));
        assert_eq!(world.closed(conn).expect("closed").as_str(), "no_blocks");
        assert_eq!(world.take_orders(), [Output::Disconnect(conn)]);
        world.advance(Duration::from_secs(1));
        assert_eq!(connect(&mut world).is_some(), redial);
    }
}
