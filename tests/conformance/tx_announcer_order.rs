//! T3 to T5: which announcer of a transaction is asked first, and how long the others wait.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Hello, World, by_txid, by_wtxid, config, segwit_tx, tx_message};
use satwire_core::IoError;
use satwire_core::node::{ConnId, Input};

use crate::downloads::{MINUTE, announce, asked, who_is_asked, with_peers};

/// An inbound peer, as many as are wanted.
fn inbound(world: &mut World, n: u8, hello: &Hello) -> ConnId {
    let conn = world.accept(([198, 18, n, 1], 1000).into());
    world.greet(conn, &Hello { nonce: 1000 + u64::from(n), ..*hello });
    conn
}

/// T3: silence costs a minute, and not a minute for each that dialled us.
#[test]
fn t3_peers_that_we_dialled_are_asked_before_those_that_dialled_us() {
    let mut world = World::default();
    let silent: Vec<_> = (0..10).map(|n| inbound(&mut world, n, &Hello::default())).collect();
    let dialled = [world.peer(1, &Hello::default()), world.peer(2, &Hello::default())];
    let tx = segwit_tx(1);
    let all = [&silent[..], &dialled].concat();
    for conn in &silent {
        announce(&mut world, *conn, &[by_wtxid(&tx)]);
    }
    world.advance(Duration::from_secs(2));
    let first = who_is_asked(&mut world, &all);
    assert!(matches!(first[..], [conn] if silent.contains(&conn)), "{first:?}");
    for conn in &dialled {
        announce(&mut world, *conn, &[by_wtxid(&tx)]);
    }
    for _ in &dialled {
        world.advance(MINUTE);
        let next = who_is_asked(&mut world, &all);
        assert!(matches!(next[..], [conn] if dialled.contains(&conn)), "{next:?}");
    }
    // Then the others, each once.
    let mut rest = BTreeSet::from_iter(first);
    for _ in 1..silent.len() {
        world.advance(MINUTE);
        let next = who_is_asked(&mut world, &all);
        assert_eq!(next.len(), 1);
        assert!(rest.insert(next[0]) && silent.contains(&next[0]));
    }
    world.advance(10 * MINUTE);
    assert_eq!(who_is_asked(&mut world, &all), []);
}

/// A liar that dials us, announces everything first and delivers nothing costs nobody a minute.
#[test]
fn t3_one_inbound_liar_does_not_hold_transactions_back() {
    let mut world = World::default();
    let liars: Vec<_> = (0..20).map(|n| inbound(&mut world, n, &Hello::default())).collect();
    let honest = world.peer(1, &Hello::default());
    for n in 0..50 {
        let tx = segwit_tx(n);
        for liar in &liars {
            announce(&mut world, *liar, &[by_wtxid(&tx)]);
        }
        world.advance(Duration::from_millis(1));
        announce(&mut world, honest, &[by_wtxid(&tx)]);
        assert_eq!(asked(&mut world, honest), [by_wtxid(&tx)], "at once");
        world.say(honest, &tx_message(&tx));
        world.advance(Duration::from_secs(10));
        assert_eq!(who_is_asked(&mut world, &liars), []);
    }
}

/// T4: a peer that we dialled is asked at once, one that dialled us after 2 s; by txid it takes 2 s more while
/// anybody announces by wtxid.
#[test]
fn t4_announcements_wait_as_long_as_their_peer_is_worth() {
    let delay = |dialled: bool, hello: &Hello, others: &[Hello]| {
        let mut world = World::default();
        for (n, other) in others.iter().enumerate() {
            world.peer(100 + u8::try_from(n).expect("few"), other);
        }
        let conn = if dialled { world.peer(1, hello) } else { inbound(&mut world, 1, hello) };
        let tx = segwit_tx(1);
        let item = if hello.wtxidrelay { by_wtxid(&tx) } else { by_txid(&tx) };
        announce(&mut world, conn, &[item]);
        let begin = world.now;
        while asked(&mut world, conn).is_empty() {
            let due = world.node.poll_timeout().expect("it is to be asked");
            world.advance(due.saturating_duration_since(world.now));
        }
        world.now.saturating_duration_since(begin).as_secs()
    };
    let [core, btcd] = [Hello::default(), Hello::btcd()];
    assert_eq!(delay(true, &core, &[]), 0);
    assert_eq!(delay(false, &core, &[]), 2);
    assert_eq!(delay(true, &btcd, &[]), 0, "nobody announces by wtxid");
    assert_eq!(delay(true, &btcd, &[btcd]), 0);
    assert_eq!(delay(true, &btcd, &[core]), 2);
    assert_eq!(delay(false, &btcd, &[core]), 4);
    assert_eq!(delay(false, &btcd, &[btcd]), 2);
}

/// T4: when the last peer that announces by wtxid has gone, a txid does not wait.
#[test]
fn t4_a_txid_does_not_wait_for_those_that_are_gone() {
    let mut world = World::default();
    let core = world.peer(1, &Hello::default());
    let btcd = world.peer(2, &Hello::btcd());
    world.handle(Input::Closed(core, IoError::Ended));
    announce(&mut world, btcd, &[by_txid(&segwit_tx(1))]);
    assert_eq!(asked(&mut world, btcd).len(), 1);
}

/// T5: with 100 requests under way to a peer, what it announces next waits 2 s. It is a delay and no limit, and
/// one message counts as a whole.
#[test]
fn t5_a_peer_with_much_under_way_waits() {
    let (mut world, peers) = with_peers(1);
    let conn = peers[0];
    let list: Vec<_> = (0..400).map(|n| by_wtxid(&segwit_tx(n))).collect();
    announce(&mut world, conn, &list[..99]);
    assert_eq!(asked(&mut world, conn).len(), 99);
    announce(&mut world, conn, &list[99..200]);
    assert_eq!(asked(&mut world, conn).len(), 101);
    announce(&mut world, conn, &list[200..]);
    assert_eq!(asked(&mut world, conn), []);
    world.advance(Duration::from_secs(2).checked_sub(Duration::from_micros(1)).expect("more"));
    assert_eq!(asked(&mut world, conn), []);
    world.advance(Duration::from_micros(1));
    assert_eq!(asked(&mut world, conn), list[200..], "in the order in which it announced them");
    // Once little is under way it is asked at once again.
    for n in 0..301 {
        world.say(conn, &tx_message(&segwit_tx(n)));
    }
    announce(&mut world, conn, &[by_wtxid(&segwit_tx(1000))]);
    assert_eq!(asked(&mut world, conn).len(), 1);
}

/// The same peers, in any order of coming and going: who is asked depends on nothing but the rules.
#[test]
fn t3_the_number_of_announcers_does_not_change_who_goes_first() {
    for count in 1..32 {
        let mut world = World::default();
        let mut silent: Vec<_> = (0..count).map(|n| inbound(&mut world, n, &Hello::default())).collect();
        let dialled = [world.peer(1, &Hello::default()), world.peer(2, &Hello::default())];
        let tx = segwit_tx(1);
        for conn in &silent {
            announce(&mut world, *conn, &[by_wtxid(&tx)]);
        }
        announce(&mut world, dialled[0], &[by_wtxid(&tx)]);
        assert_eq!(who_is_asked(&mut world, &dialled), [dialled[0]]);
        for conn in silent.drain(..usize::from(count) / 2) {
            world.handle(Input::Closed(conn, IoError::Ended));
        }
        announce(&mut world, dialled[1], &[by_wtxid(&tx)]);
        world.advance(Duration::from_secs(10));
        world.handle(Input::Closed(dialled[0], IoError::Ended));
        assert_eq!(who_is_asked(&mut world, &dialled), [dialled[1]], "{count} others");
        assert_eq!(who_is_asked(&mut world, &silent), []);
    }
}

/// A peer that dials us and stays silent does not keep a peer of our choice from being asked, however many they are.
#[test]
fn many_silent_announcers_do_not_use_up_the_room_of_one_that_we_dialled() {
    let mut world = World::new(config(|config| {
        config.max_announcements = 200;
        config.remembered_ids = 1000;
    }));
    let silent: Vec<_> = (0..20).map(|n| inbound(&mut world, n, &Hello::default())).collect();
    let honest = world.peer(1, &Hello::default());
    for n in 0..300 {
        let tx = segwit_tx(n);
        for conn in silent.iter().chain([&honest]) {
            announce(&mut world, *conn, &[by_wtxid(&tx)]);
        }
        assert_eq!(asked(&mut world, honest), [by_wtxid(&tx)]);
        world.say(honest, &tx_message(&tx));
        world.advance(Duration::from_secs(1));
        world.answer_pings(honest);
        assert_eq!(who_is_asked(&mut world, &silent), []);
        world.take_events();
    }
}
