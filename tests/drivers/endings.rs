//! How connections end.

use std::time::{Duration, Instant};

use bitcoin::p2p::message::NetworkMessage;
use harness::Frame;
use satwire_core::node::{Address, ConnId, EventKind};
use satwire_core::{CloseReason, IoError};
use smol::stream::StreamExt as _;

use crate::runtimes::environment;
use crate::stage::{Leave, Stage};
use crate::{config, same};

#[test]
fn a_reset() {
    let told = same(&config(), |stage: &mut dyn Stage| {
        let dialled = stage.dial_out();
        stage.greet(dialled);
        let accepted = stage.dial_in();
        stage.greet(accepted);
        assert_eq!(stage.leave(accepted, Leave::Reset), CloseReason::Io(IoError::Reset));
        stage.ping(dialled, 1);
        assert_eq!(stage.leave(dialled, Leave::Reset), CloseReason::Io(IoError::Reset));
        // The dialled address is dialled again: nobody is there any more.
        stage.stop();
    });
    assert_eq!(told.on("c2").last().map(String::as_str), Some("over: reset by the peer"));
}

/// A peer that will say no more, but listens, gets its answer first.
#[test]
fn half_a_close() {
    same(&config(), |stage: &mut dyn Stage| {
        let conn = stage.dial_in();
        stage.greet(conn);
        stage.send(conn, NetworkMessage::Ping(5));
        stage.peer(conn).leaves = Some(Leave::HalfClose);
        assert_eq!(stage.hear(conn, "pong"), NetworkMessage::Pong(5));
        assert_eq!(stage.until_over(conn), CloseReason::Io(IoError::Ended));
        stage.until("the end", |stage| stage.peer(conn).over);
    });
}

/// Bytes that come with the end of the stream are read, however many they are.
#[test]
fn a_long_goodbye() {
    let junk = Frame::new("junk", vec![7; 300_000]).bytes();
    same(&config(), |stage: &mut dyn Stage| {
        let conn = stage.dial_in();
        stage.greet(conn);
        stage.say(conn, &junk);
        assert_eq!(stage.leave(conn, Leave::HalfClose), CloseReason::Io(IoError::Ended));
        let junk = |kind: &EventKind| matches!(kind, EventKind::Ignored { bytes: 300_000, .. });
        assert!(stage.events().iter().any(|event| junk(&event.kind)));
    });
}

#[test]
fn a_connection_that_we_close() {
    same(&config(), |stage: &mut dyn Stage| {
        let (kept, closed) = (stage.dial_in(), stage.dial_in());
        stage.greet(kept);
        stage.greet(closed);
        stage.disconnect(closed);
        assert_eq!(stage.until_over(closed), CloseReason::Local(satwire_core::Label::LOCAL));
        stage.until("the end", |stage| stage.peer(closed).over);
        // Nobody of that name: nothing happens.
        stage.disconnect(closed);
        stage.disconnect(ConnId(99));
        stage.ping(kept, 1);
        stage.stop();
        stage.until("the end", |stage| stage.peer(kept).over);
    });
}

/// A peer that is one too many sees an end, and not a reset; a slot that is left is given away.
#[test]
fn slots() {
    let mut config = config();
    config.inbound_slots = 2;
    same(&config, |stage: &mut dyn Stage| {
        let (first, second) = (stage.dial_in(), stage.dial_in());
        stage.greet(first);
        stage.greet(second);
        // Neither has delivered anything: the younger makes room.
        let third = stage.dial_in();
        stage.greet(third);
        assert_eq!(stage.until_over(second), CloseReason::Evicted { slots: 2 });
        stage.until("the end", |stage| stage.peer(second).over);
        stage.leave(first, Leave::Close);
        let fourth = stage.dial_in();
        stage.greet(fourth);
        stage.stop();
    });
}

#[test]
fn a_stop() {
    same(&config(), |stage: &mut dyn Stage| {
        let ready = [stage.dial_in(), stage.dial_out()];
        for conn in ready {
            stage.greet(conn);
        }
        let new = [stage.dial_in(), stage.dial_out()];
        stage.stop();
        for conn in ready.into_iter().chain(new) {
            assert_eq!(stage.until_over(conn), CloseReason::Local(satwire_core::Label::LOCAL));
            stage.until("the end", |stage| stage.peer(conn).over);
        }
    });
}

/// When all is over nobody waits for what cannot come.
#[test]
fn after_a_stop_nothing_is_waited_for() {
    let address = Address::Socket(([127, 0, 0, 1], 1).into());
    let mut mio = satwire_mio::Driver::new(config(), environment(1)).expect("the system gives a poll");
    let mut smol = satwire_smol::Driver::new(config(), environment(1));
    mio.dial(address.clone());
    smol.dial(address);
    mio.stop();
    smol.stop();
    let start = Instant::now();
    let until = start + Duration::from_secs(20);
    for _ in 0..3 {
        let mut events = Vec::new();
        mio.turn(Some(until), &mut events).expect("the poll works");
        let late = async {
            smol::Timer::at(until).await;
            panic!("the stream goes on");
        };
        assert!(smol::block_on(smol::future::or(smol.next(), late)).is_none(), "the stream has ended");
        assert_eq!(events, []);
    }
    assert!(Instant::now() < until, "{:?}", start.elapsed());
}
