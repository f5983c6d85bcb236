//! A stream alone can be left unpolled, and can be dropped, as can its futures.

use std::io::{ErrorKind, Read as _, Write as _};
use std::iter;
use std::net::{Ipv4Addr, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use harness::{Frame, Hello};
use satwire_core::node::{Address, ConnId, Event, EventKind, Input};
use satwire_core::{CloseReason, IoError, Node};
use satwire_smol::{Driver, HandleError};
use smol::future::{or, poll_once};
use smol::stream::StreamExt as _;

use crate::config;
use crate::runtimes::{Environment, environment};

/// A deadline for what happens at once on an idle machine.
const SOON: Duration = Duration::from_secs(20);

fn listening() -> (Driver<Node<Environment>>, TcpStream) {
    let mut driver = Driver::new(config(), environment(1));
    let addr = driver.listen((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback can be bound");
    let stream = TcpStream::connect(addr).expect("it listens");
    stream.set_read_timeout(Some(SOON)).expect("a socket");
    (driver, stream)
}

async fn until(driver: &mut Driver<Node<Environment>>, wanted: impl Fn(&EventKind) -> bool) -> Event {
    let search = async {
        loop {
            let event = driver.next().await.expect("not stopped").expect("no notice");
            if wanted(&event.kind) {
                return event;
            }
        }
    };
    let too_late = async {
        smol::Timer::after(SOON).await;
        panic!("nothing of the kind came");
    };
    or(search, too_late).await
}

#[test]
fn a_dropped_driver_closes_its_connections() {
    let (mut driver, mut stream) = listening();
    smol::block_on(async {
        until(&mut driver, |kind| matches!(kind, EventKind::Connected { .. })).await;
        // As a task that is cancelled.
        let task = smol::spawn(async move { while driver.next().await.is_some() {} });
        task.cancel().await;
    });
    assert_eq!(stream.read(&mut [0]).expect("an end, not a reset"), 0);
}

/// Each future of the next event is dropped after one poll.
#[test]
fn a_dropped_future_loses_nothing() {
    let (mut driver, mut stream) = listening();
    stream.write_all(&Hello::default().all()).expect("the driver reads");
    let handshake = async {
        let mut seen = Vec::new();
        while seen.len() < 2 {
            match poll_once(driver.next()).await {
                Some(news) => seen.push(news.expect("not stopped").expect("no notice").kind),
                None => smol::future::yield_now().await,
            }
        }
        assert!(matches!(seen[0], EventKind::Connected { .. }));
        assert!(matches!(seen[1], EventKind::Handshake(_)));
    };
    smol::block_on(handshake);
}

/// A driver that is not polled reads nothing; what it was sent waits in the sockets, and then the
/// peer waits.
#[test]
fn not_polling_is_back_pressure() {
    let (mut driver, mut stream) = listening();
    stream.set_nonblocking(true).expect("a socket");
    let junk = Frame::new("junk", vec![7; 1000]).bytes();
    smol::block_on(async {
        until(&mut driver, |kind| matches!(kind, EventKind::Connected { .. })).await;
        let mut offered = 0_u64;
        loop {
            match stream.write(&junk.repeat(64)) {
                Ok(n) => offered += n as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(offered > 0);
        assert_eq!(driver.totals().received, 0);
        // The first event is not before the first read, and costs no second one.
        until(&mut driver, |kind| matches!(kind, EventKind::Ignored { .. })).await;
        assert!(driver.totals().received <= satwire_std::READ as u64);
    });
}

#[test]
fn a_handle_gives_orders_from_another_thread() {
    let mut ours = Driver::new(config(), environment(1));
    let mut theirs = Driver::new(config(), environment(2));
    let addr = theirs.listen((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback can be bound");
    let (handle, other) = (ours.handle(), theirs.handle());
    // It waits already when the order comes.
    let waiting = thread::spawn(move || {
        smol::block_on(until(&mut ours, |kind| matches!(kind, EventKind::Pong { .. })));
        let gone = CloseReason::Io(IoError::Ended);
        smol::block_on(until(&mut ours, |kind| *kind == EventKind::Disconnected(gone)));
        ours.stop();
        let rest: Vec<_> = smol::block_on(ours.collect());
        rest.len()
    });
    handle.dial(Address::Socket(addr)).expect("it is there");
    smol::block_on(async {
        let event = until(&mut theirs, |kind| matches!(kind, EventKind::Pong { .. })).await;
        let conn = event.conn.expect("a pong comes on a connection");
        other.disconnect(conn).expect("it is there");
        until(&mut theirs, |kind| {
            *kind == EventKind::Disconnected(CloseReason::Local(satwire_core::Label::LOCAL))
        })
        .await;
        other.stop().expect("it is there");
        // The stream ends, but not before everything is told.
        while let Some(news) = theirs.next().await {
            news.expect("no notice");
        }
        assert!(pin!(theirs).next().await.is_none(), "and stays at its end");
    });
    assert_eq!(waiting.join().expect("no panic"), 0, "nothing is left to tell");
}

/// Nobody will carry out what a driver that is gone is told, and a driver that is not polled takes only so much.
#[test]
fn a_handle_says_when_a_command_is_not_taken() {
    let mut driver = Driver::new(config(), environment(4));
    let (handle, calls) = (driver.handle(), Arc::new(AtomicUsize::new(0)));
    let call = || {
        let calls = calls.clone();
        handle.run(move |_: &mut Driver<_>| {
            calls.fetch_add(1, Ordering::Relaxed);
        })
    };
    let taken = iter::from_fn(|| call().ok()).count();
    assert_eq!(taken, 1024);
    assert_eq!(call(), Err(HandleError::Full));
    // All are carried out at once, and there is room again.
    assert!(smol::block_on(poll_once(driver.next())).is_none());
    assert_eq!(calls.load(Ordering::Relaxed), 1024);
    assert!(iter::from_fn(|| call().ok()).count() == 1024, "as many again");
    // A stop is taken in any case.
    handle.stop().expect("it is there");
    assert!(smol::block_on(driver.next()).is_none(), "the stream ends");
    assert_eq!(calls.load(Ordering::Relaxed), 2048);
    assert_eq!(call(), Err(HandleError::Gone));

    let driver = Driver::new(config(), environment(5));
    let handle = driver.handle();
    drop(driver);
    let addr = (Ipv4Addr::LOCALHOST, 1).into();
    assert_eq!(handle.dial(Address::Socket(addr)), Err(HandleError::Gone));
    assert_eq!(handle.disconnect(ConnId(1)), Err(HandleError::Gone));
    assert_eq!(handle.stop(), Err(HandleError::Gone));
    assert_eq!(handle.run(|_| unreachable!()), Err(HandleError::Gone));
}

/// However a stop comes, the listeners are closed and the stream ends.
#[test]
fn a_stop_is_an_input_as_well() {
    let mut driver = Driver::new(config(), environment(6));
    let addr = driver.listen((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback can be bound");
    driver.input(Input::Stop);
    let too_late = async {
        smol::Timer::after(SOON).await;
        panic!("the stream does not end");
    };
    assert!(smol::block_on(or(driver.next(), too_late)).is_none());
    assert_eq!(TcpStream::connect(addr).expect_err("nobody listens").kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_name_is_resolved() {
    let (mut theirs, _stream) = listening();
    let port = theirs.listen((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback can be bound").port();
    let mut ours = Driver::new(config(), environment(3));
    // "localhost" may also lead to ::1, where nobody listens: then the next address is tried.
    ours.dial(Address::Name { host: "localhost".into(), port });
    ours.dial(Address::Name { host: "no such name".into(), port });
    let both = smol::future::zip(until(&mut theirs, |kind| matches!(kind, EventKind::Pong { .. })), async {
        let (mut pong, mut unknown) = (false, false);
        while !(pong && unknown) {
            let found =
                |kind: &EventKind| matches!(kind, EventKind::Pong { .. } | EventKind::DialFailed { .. });
            match until(&mut ours, found).await.kind {
                EventKind::DialFailed { reason, .. } => {
                    unknown |= reason == CloseReason::Io(IoError::NotResolved);
                }
                _ => pong = true,
            }
        }
    });
    smol::block_on(both);
}
