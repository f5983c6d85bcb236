//! T1 to T7: whom we ask for which transaction, and when.

use std::collections::BTreeSet;
use std::time::Duration;

use bitcoin::Transaction;
use bitcoin::consensus::serialize;
use bitcoin::p2p::ServiceFlags;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{Hello, NETWORK, World, by_txid, by_wtxid, legacy_tx, peer_addr, segwit_tx, tx_message};
use satwire_core::node::{ConnId, EventKind, FailedRequest, Input};
use satwire_core::wire::InvType;
use satwire_core::{Config, IoError, Label};

use crate::downloads::{MINUTE, announce, asked, news, who_is_asked, with_peers};

#[test]
fn t1_every_announcer_is_asked_in_turn_until_one_delivers() {
    let (mut world, peers) = with_peers(5);
    let tx = segwit_tx(1);
    for conn in &peers {
        announce(&mut world, *conn, &[by_wtxid(&tx)]);
    }
    let mut asked_so_far = BTreeSet::new();
    let mut last = peers[0];
    for turn in 0..5 {
        let asked = who_is_asked(&mut world, &peers);
        assert_eq!(asked.len(), 1, "one at a time");
        last = asked[0];
        assert!(turn > 0 || last == peers[0], "the first at once");
        asked_so_far.extend(asked);
        if turn < 4 {
            world.advance(MINUTE);
        }
    }
    assert_eq!(asked_so_far.len(), 5, "each once");
    world.take_events();
    world.say(last, &tx_message(&tx));
    assert_eq!(news(&world.take_events_of(last)).len(), 1);
    world.advance(10 * MINUTE);
    assert_eq!(who_is_asked(&mut world, &peers), [], "nobody more");
}

#[test]
fn t1_who_never_answers_is_not_asked_again_until_he_announces_again() {
    let (mut world, peers) = with_peers(2);
    let tx = segwit_tx(1);
    for conn in &peers {
        announce(&mut world, *conn, &[by_wtxid(&tx), by_wtxid(&tx)]);
    }
    world.advance(2 * MINUTE);
    for conn in &peers {
        assert_eq!(asked(&mut world, *conn).len(), 1);
    }
    world.advance(10 * MINUTE);
    assert_eq!(who_is_asked(&mut world, &peers), []);
    announce(&mut world, peers[1], &[by_wtxid(&tx)]);
    assert_eq!(who_is_asked(&mut world, &peers), [peers[1]]);
}

#[test]
fn t2_after_a_minute_the_next_is_asked() {
    let (mut world, peers) = with_peers(2);
    let tx = segwit_tx(1);
    announce(&mut world, peers[0], &[by_wtxid(&tx)]);
    announce(&mut world, peers[1], &[by_wtxid(&tx)]);
    assert_eq!(who_is_asked(&mut world, &peers), [peers[0]]);
    world.advance(MINUTE.checked_sub(Duration::from_micros(1)).expect("more than that"));
    assert_eq!(who_is_asked(&mut world, &peers), [], "not a microsecond early");
    world.take_events();
    world.advance(Duration::from_micros(1));
    let events = world.take_events_of(peers[0]);
    let [EventKind::Unanswered(misses), EventKind::Verdict { .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert!(matches!(misses[..], [FailedRequest { next: Some(next), .. }] if next == peers[1]));
    assert_eq!(asked(&mut world, peers[1]), [by_wtxid(&tx)]);
    assert_eq!(world.closed(peers[0]), None, "it stays connected");
    // Its late answer is taken all the same.
    world.say(peers[0], &tx_message(&tx));
    assert_eq!(news(&world.take_events_of(peers[0])).len(), 1);
}

#[test]
fn t2_after_a_notfound_the_next_is_asked_at_once() {
    let (mut world, peers) = with_peers(2);
    let tx = segwit_tx(1);
    for conn in &peers {
        announce(&mut world, *conn, &[by_wtxid(&tx)]);
    }
    assert_eq!(who_is_asked(&mut world, &peers), [peers[0]]);
    world.take_events();
    world.send(peers[0], NetworkMessage::NotFound(vec![by_wtxid(&tx)]));
    assert_eq!(who_is_asked(&mut world, &peers), [peers[1]]);
    let events = world.take_events_of(peers[0]);
    assert!(
        matches!(&events[..], [EventKind::Notfound(misses)] if misses[0].next == Some(peers[1])),
        "{events:?}"
    );
}

#[test]
fn t2_a_notfound_is_known_with_and_without_its_witness_flag() {
    let tx = segwit_tx(1);
    for name in [by_txid(&tx), Inventory::WitnessTransaction(tx.compute_txid())] {
        let mut world = World::default();
        let peers = [world.peer(1, &Hello::btcd()), world.peer(2, &Hello::btcd())];
        for conn in peers {
            announce(&mut world, conn, &[by_txid(&tx)]);
        }
        assert_eq!(who_is_asked(&mut world, &peers), [peers[0]]);
        world.send(peers[0], NetworkMessage::NotFound(vec![name]));
        assert_eq!(who_is_asked(&mut world, &peers), [peers[1]]);
    }
}

#[test]
fn t2_when_the_one_asked_is_gone_the_next_is_asked_at_once() {
    for end in [
        |conn| Input::Closed(conn, IoError::Reset),
        |conn| Input::Disconnect { conn, redial: true, label: Label::LOCAL },
        // Over by its own fault.
        |conn| Input::Received(conn, &[0xff; 24]),
    ] {
        let (mut world, peers) = with_peers(3);
        let tx = segwit_tx(1);
        for conn in &peers {
            announce(&mut world, *conn, &[by_wtxid(&tx)]);
        }
        assert_eq!(who_is_asked(&mut world, &peers), [peers[0]]);
        // One that waits for its turn may go first: it is passed over.
        world.handle(Input::Closed(peers[1], IoError::Ended));
        assert_eq!(who_is_asked(&mut world, &peers), []);
        world.handle(end(peers[0]));
        assert_eq!(who_is_asked(&mut world, &peers), [peers[2]]);
    }
}

#[test]
fn t2_what_was_asked_of_one_who_leaves_is_told() {
    let (mut world, peers) = with_peers(2);
    let txs = [segwit_tx(1), segwit_tx(2)];
    announce(&mut world, peers[0], &[by_wtxid(&txs[0]), by_wtxid(&txs[1])]);
    announce(&mut world, peers[1], &[by_wtxid(&txs[1])]);
    world.take_events();
    world.handle(Input::Closed(peers[0], IoError::Reset));
    let events = world.take_events_of(peers[0]);
    let [EventKind::Unanswered(misses), EventKind::Disconnected(_)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(misses.iter().map(|miss| miss.next).collect::<Vec<_>>(), [None, Some(peers[1])]);
    assert_eq!(asked(&mut world, peers[1]), [by_wtxid(&txs[1])]);
}

/// An inbound peer, as many as are wanted.
fn inbound(world: &mut World, n: u8, hello: &Hello) -> ConnId {
    let conn = world.accept(([198, 18, n, 1], 1000).into());
    world.greet(conn, &Hello { nonce: 1000 + u64::from(n), ..*hello });
    conn
}

/// T3: silence costs a minute, and not a minute for each that dialled us.
#[test]
fn t3_whom_we_dialled_is_asked_before_who_dialled_us() {
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
    let mut world =
        World::new(Config { max_announcements: 200, remembered_ids: 1000, ..Config::new(NETWORK) });
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

#[test]
fn t6_of_5001_announcements_5000_are_tracked() {
    let (mut world, peers) = with_peers(1);
    let list: Vec<_> = (0..5001).map(|n| by_wtxid(&segwit_tx(n))).collect();
    announce(&mut world, peers[0], &list);
    let lengths: Vec<_> = world
        .heard(peers[0])
        .iter()
        .map(|heard| match heard {
            NetworkMessage::GetData(list) => list.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lengths, [1000; 5], "as many getdata of a thousand as it takes");
    let events = world.take_events_of(peers[0]);
    let [EventKind::Announced(told)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((told.len(), told.iter().filter(|entry| entry.requested).count()), (5001, 5000));
    assert!(told[5000].first && !told[5000].requested);
    // When some are delivered there is room again.
    for n in 0..4901 {
        world.say(peers[0], &tx_message(&segwit_tx(n)));
    }
    world.answer_pings(peers[0]);
    announce(&mut world, peers[0], &list[5000..]);
    assert_eq!(asked(&mut world, peers[0]), list[5000..]);
}

#[test]
fn t6_one_peer_does_not_use_up_the_room_of_another() {
    let (mut world, peers) = with_peers(2);
    let list: Vec<_> = (0..5001).map(|n| by_wtxid(&segwit_tx(n))).collect();
    announce(&mut world, peers[0], &list);
    asked(&mut world, peers[0]);
    announce(&mut world, peers[1], &list[5000..]);
    assert_eq!(asked(&mut world, peers[1]), list[5000..]);
    // Room that a connection had is given back with it.
    world.handle(Input::Closed(peers[0], IoError::Ended));
    let again = world.peer(9, &Hello::default());
    announce(&mut world, again, &list[..5000]);
    assert_eq!(asked(&mut world, again).len(), 5000);
}

#[test]
fn t7_a_notfound_that_nobody_asked_for_is_ignored() {
    let (mut world, peers) = with_peers(2);
    let tx = segwit_tx(1);
    announce(&mut world, peers[0], &[by_wtxid(&tx)]);
    assert_eq!(who_is_asked(&mut world, &peers), [peers[0]]);
    world.take_events();
    let other = NetworkMessage::NotFound(vec![by_wtxid(&tx), by_txid(&tx), by_wtxid(&legacy_tx(2))]);
    world.send(peers[1], other);
    world.send(peers[0], NetworkMessage::NotFound(vec![by_txid(&legacy_tx(3))]));
    world.send(peers[0], NetworkMessage::NotFound(vec![]));
    assert_eq!(world.take_events(), []);
    assert_eq!(who_is_asked(&mut world, &peers), []);
    // The request still stands.
    world.say(peers[0], &tx_message(&tx));
    let events = world.take_events_of(peers[0]);
    assert!(matches!(events[..], [EventKind::Tx { latency: Some(_), .. }]), "{events:?}");
}

#[test]
fn t7_a_late_notfound_does_not_end_the_turn_of_another() {
    let (mut world, peers) = with_peers(3);
    let tx = segwit_tx(1);
    for conn in &peers {
        announce(&mut world, *conn, &[by_wtxid(&tx)]);
    }
    world.advance(MINUTE);
    let asked = who_is_asked(&mut world, &peers);
    let [first, second] = asked[..] else { panic!("{asked:?}") };
    assert_eq!(first, peers[0]);
    world.send(peers[0], NetworkMessage::NotFound(vec![by_wtxid(&tx)]));
    assert_eq!(who_is_asked(&mut world, &peers), []);
    world.handle(Input::Closed(peers[0], IoError::Ended));
    assert_eq!(who_is_asked(&mut world, &peers), []);
    world.send(second, NetworkMessage::NotFound(vec![by_wtxid(&tx)]));
    let third = peers[1..].iter().find(|conn| **conn != second).expect("three");
    assert_eq!(who_is_asked(&mut world, &peers), [*third]);
}

#[test]
fn t1_a_legacy_transaction_is_asked_for_once_whatever_its_announcers_call_it() {
    let mut world = World::default();
    let peers = [world.peer(1, &Hello::default()), world.peer(2, &Hello::btcd())];
    let tx = legacy_tx(1);
    announce(&mut world, peers[0], &[by_wtxid(&tx)]);
    announce(&mut world, peers[1], &[by_txid(&tx)]);
    assert_eq!(who_is_asked(&mut world, &peers), [peers[0]]);
    world.advance(Duration::from_secs(2));
    assert_eq!(who_is_asked(&mut world, &peers), []);
    world.send(peers[0], NetworkMessage::NotFound(vec![by_wtxid(&tx)]));
    // And each is asked in its own words.
    assert_eq!(asked(&mut world, peers[1]), [Inventory::WitnessTransaction(tx.compute_txid())]);
}

#[test]
fn t22_a_peer_without_services_is_asked_plainly() {
    let hello = Hello { services: ServiceFlags::NONE, wtxidrelay: false, addrv2: false, ..Hello::default() };
    let mut world = World::default();
    let conn = world.accept(peer_addr(1));
    world.greet(conn, &hello);
    let tx = segwit_tx(1);
    announce(&mut world, conn, &[by_txid(&tx)]);
    world.advance(Duration::from_secs(2));
    assert_eq!(world.heard(conn), [NetworkMessage::GetData(vec![by_txid(&tx)])]);
    world.say(conn, &tx_message(&tx));
    assert_eq!(news(&world.take_events_of(conn)).len(), 1);
    world.send(conn, NetworkMessage::Ping(8));
    assert_eq!(world.heard(conn), [NetworkMessage::Pong(8)]);
}

#[test]
fn latency_is_told() {
    let tx: Transaction = segwit_tx(1);
    for (hello, name) in [(Hello::default(), by_wtxid(&tx)), (Hello::btcd(), by_txid(&tx))] {
        let mut world = World::default();
        let conn = world.peer(1, &hello);
        announce(&mut world, conn, &[name]);
        world.advance(Duration::from_millis(250));
        world.take_events();
        world.say(conn, &tx_message(&tx));
        let events = world.take_events_of(conn);
        let [EventKind::Tx { tx: got, latency }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(*latency, Some(Duration::from_millis(250)));
        assert_eq!(got.as_bytes(), serialize(&tx));
        assert_eq!(got.txid().to_string(), tx.compute_txid().to_string());
        world.advance(10 * MINUTE);
        assert!(
            !world.take_events().iter().any(|event| matches!(event.kind, EventKind::Unanswered(_))),
            "answered is answered"
        );
    }
}

#[test]
fn blocks_are_not_asked_for() {
    let (mut world, peers) = with_peers(1);
    announce(&mut world, peers[0], &[Inventory::Unknown { inv_type: InvType::BLOCK.0, hash: [1; 32] }]);
    assert_eq!(world.take_events(), []);
    assert_eq!(who_is_asked(&mut world, &peers), []);
}
