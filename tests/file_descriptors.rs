//! Out of file descriptors: accepting pauses with one notice, costs nothing meanwhile, and comes back.
//! The limit is the process's, so this test has one of its own.

#![cfg(unix)]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::task::Context;
use std::time::{Duration, Instant};

use harness::Script;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use satwire_core::node::{Address, EventKind};
use satwire_core::{CloseReason, Config, IoError};
use smol::stream::StreamExt as _;

/// A deadline for what takes a second.
const SOON: Duration = Duration::from_secs(20);

/// How often a driver may be woken while it waits for a second.
const WAKE_UPS: usize = 10;

#[test]
fn out_of_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.current.map(|current| current.min(256));
    setrlimit(Resource::Nofile, limit).expect("a limit can be lowered");
    // The runtime has now all that it opens for itself.
    smol::block_on(smol::Timer::after(Duration::from_millis(1)));
    on_mio(limit);
    on_smol(limit);
}

/// Takes all descriptors that are left.
fn exhaust() -> Vec<TcpListener> {
    std::iter::from_fn(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()).collect()
}

fn config() -> Config {
    harness::config(|config| config.redial_min = Duration::from_millis(100))
}

fn is_connected(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Connected { .. })
}

/// A dial that fails for want of a descriptor: it is tried again like any other.
fn is_failed(kind: &EventKind) -> bool {
    matches!(kind, EventKind::DialFailed { reason: CloseReason::Io(IoError::NoDescriptors), .. })
}

fn on_mio(limit: Rlimit) {
    setrlimit(Resource::Nofile, limit).expect("as it was");
    let mut driver = satwire_mio::Driver::new(config(), Script::default()).expect("descriptors are left");
    let addr = driver.listen((Ipv4Addr::LOCALHOST, 0).into()).expect("descriptors are left");
    let _waiting = TcpStream::connect(addr).expect("it listens");
    let all = exhaust();
    driver.dial(Address::Socket(addr));
    let (mut events, mut turns) = (Vec::new(), 0);
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(900) {
        driver.turn(Some(start + Duration::from_millis(900)), &mut events).expect("the poll works");
        turns += 1;
    }
    assert_eq!(driver.take_notices().len(), 1);
    assert!(turns <= WAKE_UPS, "{turns} turns");
    assert!(events.iter().any(|event| is_failed(&event.kind)), "{events:?}");
    assert!(!events.iter().any(|event| is_connected(&event.kind)));
    drop(all);
    while !events.iter().any(|event| is_connected(&event.kind)) {
        assert!(start.elapsed() < SOON, "it does not come back");
        driver.turn(Some(start + SOON), &mut events).expect("the poll works");
    }
}

fn on_smol(limit: Rlimit) {
    setrlimit(Resource::Nofile, limit).expect("as it was");
    let mut driver = satwire_smol::Driver::new(config(), Script::default());
    let addr = driver.listen((Ipv4Addr::LOCALHOST, 0).into()).expect("descriptors are left");
    let _waiting = TcpStream::connect(addr).expect("it listens");
    let all = exhaust();
    driver.dial(Address::Socket(addr));
    let (mut events, mut notices, mut polls) = (Vec::new(), 0, 0);
    let start = Instant::now();
    let a_while = async {
        let mut poll = |context: &mut Context<'_>| {
            polls += 1;
            driver.poll_next(context)
        };
        let news = async {
            loop {
                match std::future::poll_fn(&mut poll).await.expect("not stopped") {
                    Ok(event) => events.push(event),
                    Err(_) => notices += 1,
                }
            }
        };
        smol::future::or(news, async {
            smol::Timer::after(Duration::from_millis(900)).await;
        })
        .await;
    };
    smol::block_on(a_while);
    assert_eq!(notices, 1);
    assert!(polls <= 2 * WAKE_UPS, "{polls} polls");
    assert!(events.iter().any(|event| is_failed(&event.kind)), "{events:?}");
    assert!(!events.iter().any(|event| is_connected(&event.kind)));
    drop(all);
    let back = async {
        while !is_connected(&driver.next().await.expect("not stopped").expect("no other notice").kind) {}
        true
    };
    let too_late = async {
        smol::Timer::at(start + SOON).await;
        false
    };
    assert!(smol::block_on(smol::future::or(back, too_late)), "it does not come back");
}
