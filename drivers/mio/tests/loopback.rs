//! The driver over real sockets on loopback: two drivers, or a driver and a plain socket, take turns
//! in one thread.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use harness::{NETWORK, config};
use rand_core::SeedableRng;
use satwire_core::node::{Address, ConnId, Event, EventKind, FromRng};
use satwire_core::peer::Direction;
use satwire_core::wire::{self, Command, Header};
use satwire_core::{CloseReason, Config, IoError, Node};
use satwire_mio::Driver;

type TestDriver = Driver<Node<FromRng<chacha20::ChaCha12Rng>>>;

/// For what happens at once on an idle machine; a deadline costs nothing when all is well.
const SOON: Duration = Duration::from_secs(20);

fn driver(seed: u64, config: Config) -> TestDriver {
    let rng = chacha20::ChaCha12Rng::seed_from_u64(seed);
    Driver::new(config, FromRng(rng)).expect("the system gives a poll")
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Gives the drivers turns until `wanted` picks an event of the first; all its events so far.
fn until(drivers: &mut [&mut TestDriver], wanted: impl Fn(&EventKind) -> bool) -> Vec<Event> {
    let deadline = Instant::now() + SOON;
    let mut seen = Vec::new();
    let mut others = Vec::new();
    while !seen.iter().any(|event: &Event| wanted(&event.kind)) {
        assert!(Instant::now() < deadline, "nothing of the kind came, but {seen:#?}");
        for (i, driver) in drivers.iter_mut().enumerate() {
            let events = if i == 0 { &mut seen } else { &mut others };
            driver.turn(Some(Instant::now() + Duration::from_millis(5)), events).expect("the poll works");
        }
    }
    seen
}

fn is_pong(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Pong { .. })
}

fn is_disconnected(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Disconnected(_))
}

#[test]
fn two_drivers_shake_hands_and_ping() {
    let (mut ours, mut theirs) = (driver(1, Config::new(NETWORK)), driver(2, Config::new(NETWORK)));
    let addr = theirs.listen(loopback()).expect("loopback can be bound");
    ours.dial(Address::Socket(addr));
    let events = until(&mut [&mut ours, &mut theirs], is_pong);
    let kinds: Vec<_> = events.iter().map(|event| &event.kind).collect();
    assert_eq!(*kinds[0], EventKind::Connected { addr, direction: Direction::Outbound });
    let EventKind::Handshake(negotiated) = kinds[1] else { panic!("{kinds:?}") };
    assert!(negotiated.wtxidrelay && negotiated.addrv2);
    // Nobody's end but the other's: the accepting side sees the stream end.
    ours.stop();
    let events = until(&mut [&mut theirs, &mut ours], is_disconnected);
    let ended = |kind: &EventKind| {
        matches!(kind, EventKind::Disconnected(CloseReason::Io(IoError::Ended | IoError::Reset)))
    };
    assert!(events.iter().any(|event| ended(&event.kind)), "{events:?}");
}

/// A turn tells what was ordered before it, though nothing happens that it could wait for.
#[test]
fn orders_are_not_kept_waiting() {
    let mut ours = driver(8, Config::new(NETWORK));
    let addr = ours.listen(loopback()).expect("loopback can be bound");
    let _theirs = TcpStream::connect(addr).expect("we listen");
    until(&mut [&mut ours], |kind| matches!(kind, EventKind::Connected { .. }));
    ours.stop();
    let started = Instant::now();
    let mut events = Vec::new();
    ours.turn(Some(started + SOON), &mut events).expect("the poll works");
    assert!(events.iter().any(|event| is_disconnected(&event.kind)), "{events:?}");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn a_connection_to_ourselves_is_closed() {
    let mut ours = driver(3, Config::new(NETWORK));
    let addr = ours.listen(loopback()).expect("loopback can be bound");
    ours.dial(Address::Socket(addr));
    until(&mut [&mut ours], |kind| *kind == EventKind::Disconnected(CloseReason::SelfConnection));
}

#[test]
fn a_name_is_resolved_each_time_it_is_dialled() {
    let mut theirs = driver(4, Config::new(NETWORK));
    let port = theirs.listen(loopback()).expect("loopback can be bound").port();
    let mut ours = driver(5, Config::new(NETWORK));
    // "localhost" may also lead to ::1, where nobody listens: then the next address is tried.
    ours.dial(Address::Name { host: "localhost".into(), port });
    until(&mut [&mut ours, &mut theirs], is_pong);
    let mut ours = driver(6, Config::new(NETWORK));
    ours.dial(Address::Name { host: "no such name".into(), port });
    let events = until(&mut [&mut ours], |kind| matches!(kind, EventKind::DialFailed { .. }));
    let EventKind::DialFailed { reason, .. } = &events[0].kind else { panic!("{events:?}") };
    assert_eq!(*reason, CloseReason::Io(IoError::NotResolved));
}

#[test]
fn a_refused_dial_is_tried_again() {
    let closed = TcpListener::bind(loopback()).and_then(|listener| listener.local_addr()).expect("a port");
    let mut ours = driver(7, config(|config| config.redial_min = Duration::from_millis(20)));
    ours.dial(Address::Socket(closed));
    let mut refused = 0;
    while refused < 3 {
        let events = until(&mut [&mut ours], |kind| matches!(kind, EventKind::DialFailed { .. }));
        refused += events.len();
        for event in events {
            let EventKind::DialFailed { reason, .. } = event.kind else { panic!("{event:?}") };
            assert_eq!(reason, CloseReason::Io(IoError::Refused));
        }
    }
}

#[test]
fn bytes_with_the_end_of_the_stream_are_read() {
    let listener = TcpListener::bind(loopback()).expect("loopback can be bound");
    let mut ours = driver(8, Config::new(NETWORK));
    ours.dial(Address::Socket(listener.local_addr().expect("bound")));
    until(&mut [&mut ours], |kind| matches!(kind, EventKind::Connected { .. }));
    let (mut theirs, _) = listener.accept().expect("the driver dials");
    let mut junk = Vec::new();
    wire::encode_frame(&mut junk, NETWORK.magic(), Command::new("junk"), |out| {
        out.resize(out.len() + 200_000, 7);
    });
    theirs.write_all(&junk).expect("the driver reads");
    theirs.shutdown(Shutdown::Write).expect("open");
    let events = until(&mut [&mut ours], is_disconnected);
    assert!(
        events.iter().any(|event| matches!(event.kind, EventKind::Ignored { bytes: 200_000, .. })),
        "{events:?}"
    );
    assert!(ours.totals().received >= junk.len() as u64);
}

#[test]
fn inbound_slots_are_limited_and_given_back() {
    let mut ours = driver(9, config(|config| config.inbound_slots = 2));
    let addr = ours.listen(loopback()).expect("loopback can be bound");
    let mut first = TcpStream::connect(addr).expect("it listens");
    let second = TcpStream::connect(addr).expect("it listens");
    let _third = TcpStream::connect(addr).expect("it listens");
    let events = until(&mut [&mut ours], is_disconnected);
    let evicted = EventKind::Disconnected(CloseReason::Evicted { slots: 2 });
    assert!(events.iter().any(|event| event.kind == evicted), "{events:?}");
    assert_eq!(first.read(&mut [0]).expect("an end, not a reset"), 0);
    drop(second);
    until(&mut [&mut ours], is_disconnected);
    let _fourth = TcpStream::connect(addr).expect("it listens");
    let events = until(&mut [&mut ours], |kind| matches!(kind, EventKind::Connected { .. }));
    assert!(!events.iter().any(|event| is_disconnected(&event.kind)), "{events:?}");
}

/// A peer that asks and never reads: the answers stop at the mark, and so does the reading.
#[test]
fn a_peer_that_never_reads_is_not_read() {
    let mut ours = driver(10, config(|config| config.max_unsent = 10_000));
    let addr = ours.listen(loopback()).expect("loopback can be bound");
    let mut theirs = TcpStream::connect(addr).expect("it listens");
    let conn = shake_hands(&mut theirs, &mut ours);
    let mut pings = Vec::new();
    for nonce in 0..1000 {
        wire::encode_ping(&mut pings, NETWORK.magic(), nonce);
    }
    theirs.set_nonblocking(true).expect("a socket");
    let mut events = Vec::new();
    let mut sent = 0;
    let mut stuck = 0;
    while stuck < 50 {
        match theirs.write(&pings[sent % pings.len()..]) {
            Ok(n) => {
                sent += n;
                stuck = 0;
            }
            Err(_) => stuck += 1,
        }
        ours.turn(Some(Instant::now() + Duration::from_millis(2)), &mut events).expect("the poll works");
        assert!(sent < 64 << 20, "somebody must stop reading");
    }
    assert!(ours.node().transmit(conn).len() <= 10_000 + 64 * 1024);
    // Once the peer reads, everything goes on where it stopped.
    let mut answered = 0;
    let deadline = Instant::now() + SOON;
    while answered < sent / 32 * 32 {
        assert!(Instant::now() < deadline, "{answered} of {sent} bytes");
        answered += theirs.read(&mut [0; 8192]).unwrap_or(0);
        ours.turn(Some(Instant::now()), &mut events).expect("the poll works");
    }
}

/// Plays the dialling side up to the driver's first ping.
fn shake_hands(theirs: &mut TcpStream, ours: &mut TestDriver) -> ConnId {
    let mut hello = Vec::new();
    let version = wire::Version {
        version: 70016,
        services: wire::Services::NONE,
        timestamp: 0,
        addr_recv: wire::NetAddress::UNSPECIFIED,
        addr_from: wire::NetAddress::UNSPECIFIED,
        nonce: 1,
        user_agent: Vec::new(),
        start_height: 0,
        relay: true,
    };
    version.encode(&mut hello, NETWORK.magic());
    wire::encode_frame(&mut hello, NETWORK.magic(), Command::VERACK, |_| {});
    theirs.write_all(&hello).expect("the driver reads");
    let seen = until(&mut [ours], |kind| matches!(kind, EventKind::Handshake(_)));
    let mut header = [0; Header::LEN];
    theirs.read_exact(&mut header).expect("version comes first");
    let header = Header::decode(&header);
    assert_eq!(header.command(), Some(Command::VERSION));
    let mut rest = vec![0; header.length as usize + 3 * Header::LEN];
    theirs.read_exact(&mut rest).expect("version, wtxidrelay, sendaddrv2, verack");
    let mut events = Vec::new();
    ours.turn(Some(Instant::now()), &mut events).expect("the poll works");
    let mut ping = [0; Header::LEN + 8];
    theirs.read_exact(&mut ping).expect("the first ping");
    seen.last().and_then(|event| event.conn).expect("a handshake is on a connection")
}
