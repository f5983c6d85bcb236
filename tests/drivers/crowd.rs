//! Hundreds at once.

use std::thread::sleep;
use std::time::{Duration, Instant};

use bitcoin::p2p::message::NetworkMessage;
use harness::Hello;
use satwire_core::node::EventKind;

use crate::runtimes::{Mio, Runtime, Smol};
use crate::sockets::Sockets;
use crate::stage::{Leave, Stage};
use crate::{config, same};

const PEERS: usize = 300;

#[test]
fn hundreds_at_once() {
    let mut config = config();
    config.inbound_slots = PEERS;
    same(&config, |stage: &mut dyn Stage| {
        let conns: Vec<_> = (0..PEERS).map(|_| stage.dial_in()).collect();
        // All speak at once, and each waits for its own answer.
        for conn in &conns {
            stage.say(*conn, &Hello::default().all());
        }
        for conn in &conns {
            let NetworkMessage::Ping(nonce) = stage.hear(*conn, "ping") else { unreachable!("a ping") };
            stage.send(*conn, NetworkMessage::Pong(nonce));
        }
        let pongs = |stage: &dyn Stage| {
            let pong = |kind: &EventKind| matches!(kind, EventKind::Pong { .. });
            stage.events().iter().filter(|event| pong(&event.kind)).count()
        };
        stage.until("all pongs", |stage| pongs(stage) == PEERS);
        for conn in &conns {
            stage.send(*conn, NetworkMessage::Ping(conn.0));
        }
        for conn in &conns {
            assert_eq!(stage.hear(*conn, "pong"), NetworkMessage::Pong(conn.0));
        }
        // Half of them leave at once.
        for conn in &conns[..PEERS / 2] {
            stage.peer(*conn).leaves = Some(Leave::Close);
        }
        for conn in &conns[..PEERS / 2] {
            stage.until_over(*conn);
        }
        stage.stop();
    });
}

/// More than a poll names at once.
const MANY: usize = 1100;

/// A process that slept over its deadlines cuts nobody whose answer has come meanwhile. Only a machine on
/// which all pings are answered before the first is overdue can tell, so a slow one gets more time.
fn sleeper<R: Runtime>() {
    raise_descriptor_limit();
    let told = [5, 20, 80].into_iter().map(Duration::from_secs).any(slept_for::<R>);
    assert!(told, "{MANY} handshakes take longer than 80 s here");
}

/// Both ends of each connection are in this process.
#[cfg(unix)]
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let needed = 2 * MANY as u64 + 200;
    assert!(limit.maximum.is_none_or(|most| most >= needed), "ulimit -Hn must be {needed}, it is {limit:?}");
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("up to the maximum");
}

#[cfg(not(unix))]
fn raise_descriptor_limit() {}

/// Sleeps so long; false if that was too short to tell.
fn slept_for<R: Runtime>(timeout: Duration) -> bool {
    let mut config = config();
    config.inbound_slots = MANY;
    config.ping_timeout = timeout;
    let runtime = R::start(config);
    let mut sockets = Sockets::new(runtime, None);
    let stage: &mut dyn Stage = &mut sockets;
    let conns: Vec<_> = (0..MANY).map(|_| stage.dial_in()).collect();
    let start = Instant::now();
    for conn in &conns {
        stage.say(*conn, &Hello::default().all());
    }
    for conn in &conns {
        let NetworkMessage::Ping(nonce) = stage.hear(*conn, "ping") else { unreachable!("a ping") };
        stage.send(*conn, NetworkMessage::Pong(nonce));
        // The rest that it has to say is kept from the node.
        stage.peer(*conn).piece = Some(0);
    }
    for conn in &conns {
        stage.peer(*conn).piece = None;
    }
    if start.elapsed() >= timeout {
        return false;
    }
    sockets.act();
    sleep(timeout);
    let stage: &mut dyn Stage = &mut sockets;
    let (mut pongs, mut seen) = (0, 0);
    stage.until("all pongs", |stage| {
        for event in &stage.events()[seen..] {
            assert!(!matches!(event.kind, EventKind::Disconnected(_)), "{pongs} pongs, then {event:?}");
            pongs += usize::from(matches!(event.kind, EventKind::Pong { .. }));
        }
        seen = stage.events().len();
        pongs == MANY
    });
    true
}

#[test]
fn a_process_that_slept_on_mio() {
    sleeper::<Mio>();
}

#[test]
fn a_process_that_slept_on_smol() {
    sleeper::<Smol>();
}
