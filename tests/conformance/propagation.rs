//! How a transaction spread among our peers: told once, at its age, with those that could have announced it.

use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use harness::{Hello, World, by_txid, by_wtxid, legacy_tx, segwit_tx, tx_message};
use satwire_core::node::{ConnId, EventKind, Input, Propagation};
use satwire_core::peer::Direction;
use satwire_core::{Instant, IoError};

use crate::downloads::{announce, with_peers};

const SECOND: Duration = Duration::from_secs(1);
const AGE: Duration = Duration::from_secs(30);

/// Returns what is told now of how transactions spread.
fn told(world: &mut World) -> Vec<Propagation> {
    let events = world.take_events().into_iter().filter_map(|event| match event.kind {
        EventKind::Propagation(propagation) => Some(*propagation),
        _ => None,
    });
    events.collect()
}

fn micros(duration: Duration) -> u128 {
    duration.as_micros()
}

/// Peers that announce by wtxid and by txid, ours and theirs: one transaction, told once.
#[test]
fn a_transaction_is_told_once_at_its_age_under_both_ids() {
    let mut world = World::default();
    let mut peers: Vec<_> = (1..=3).map(|n| world.peer(n, &Hello::default())).collect();
    peers.extend((4..=5).map(|n| world.peer(n, &Hello::btcd())));
    let silent = world.peer(6, &Hello::default());
    let tx = segwit_tx(1);
    let start = world.now;
    for (n, conn) in peers.iter().enumerate() {
        let name = if n < 3 { by_wtxid(&tx) } else { by_txid(&tx) };
        announce(&mut world, *conn, &[name, name]);
        if n == 1 {
            world.say(peers[0], &tx_message(&tx));
        }
        world.advance(SECOND);
    }
    world.send(silent, NetworkMessage::Ping(1));
    world.take_events();
    world.advance(Duration::from_micros(24_999_999));
    assert_eq!(told(&mut world), []);
    world.advance(Duration::from_micros(1));
    let [spread] = &told(&mut world)[..] else { panic!("one") };
    assert_eq!(spread.txid.to_string(), tx.compute_txid().to_string());
    assert_eq!(spread.wtxid.to_string(), tx.compute_wtxid().to_string());
    assert_eq!((spread.first_at, spread.first_conn), (start, peers[0]));
    assert_eq!((spread.first_direction, spread.congested), (Direction::Outbound, false));
    assert_eq!((spread.announcers, spread.listeners), (5, 6));
    assert_eq!(
        [spread.p10, spread.p50, spread.p90, spread.max].map(micros),
        [0, 2_000_000, 4_000_000, 4_000_000]
    );
    announce(&mut world, silent, &[by_wtxid(&tx)]);
    world.advance(10 * AGE);
    assert_eq!(told(&mut world), [], "once");
}

/// The first may be gone before anybody delivers; it stays the first, and could have announced.
#[test]
fn peers_that_are_gone_count() {
    let (mut world, peers) = with_peers(3);
    let tx = legacy_tx(1);
    let start = world.now;
    announce(&mut world, peers[0], &[by_wtxid(&tx)]);
    world.handle(Input::Closed(peers[0], IoError::Reset));
    world.advance(SECOND);
    announce(&mut world, peers[1], &[by_wtxid(&tx)]);
    world.say(peers[1], &tx_message(&tx));
    world.advance(SECOND);
    world.handle(Input::Closed(peers[1], IoError::Reset));
    world.take_events();
    world.advance(AGE);
    let [spread] = &told(&mut world)[..] else { panic!("one") };
    assert_eq!((spread.first_at, spread.first_conn), (start, peers[0]));
    assert_eq!((spread.announcers, spread.max), (2, SECOND));
    assert!(spread.listeners >= 3, "{spread:?}");
}

/// A transaction that comes late is told when it comes; one that never comes is not told.
#[test]
fn a_late_body_is_told_when_it_comes() {
    let (mut world, peers) = with_peers(2);
    let (late, never) = (legacy_tx(1), legacy_tx(2));
    let start = world.now;
    announce(&mut world, peers[0], &[by_wtxid(&late), by_wtxid(&never)]);
    world.advance(SECOND);
    announce(&mut world, peers[1], &[by_wtxid(&late)]);
    world.take_events();
    world.advance(40 * SECOND);
    assert_eq!(told(&mut world), []);
    world.say(peers[0], &tx_message(&late));
    world.advance(Duration::ZERO);
    let [spread] = &told(&mut world)[..] else { panic!("one") };
    assert_eq!((spread.first_at, spread.announcers, spread.max), (start, 2, SECOND));
    world.advance(10 * AGE);
    assert_eq!(told(&mut world), []);
}

/// Core lets what exceeds 14 announcements a second wait: then the first time says less.
#[test]
fn a_peer_at_the_rate_limit_is_congested() {
    for (rate, congested) in [(8, false), (14, true)] {
        let (mut world, peers) = with_peers(1);
        let mut n = 0;
        for _ in 0..20 {
            for _ in 0..rate {
                n += 1;
                announce(&mut world, peers[0], &[by_wtxid(&legacy_tx(n))]);
            }
            world.advance(SECOND);
        }
        world.say(peers[0], &tx_message(&legacy_tx(n)));
        world.advance(AGE);
        assert_eq!(told(&mut world).pop().map(|spread| spread.congested), Some(congested), "{rate} a second");
    }
}

/// A copy that nobody announced is nobody's announcement, and the longest age means never.
#[test]
fn nothing_is_told_of_what_nobody_announced() {
    let (mut world, peers) = with_peers(1);
    world.say(peers[0], &tx_message(&legacy_tx(1)));
    world.advance(2 * AGE);
    assert_eq!(told(&mut world), []);
    let mut world = World::new(harness::config(|config| config.propagation_age = Duration::MAX));
    let conn: ConnId = world.peer(1, &Hello::default());
    announce(&mut world, conn, &[by_wtxid(&legacy_tx(1))]);
    world.say(conn, &tx_message(&legacy_tx(1)));
    world.take_events();
    world.advance(100 * AGE);
    assert_eq!(told(&mut world), []);
    assert!(world.now > Instant::ZERO);
}
