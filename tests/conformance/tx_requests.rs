//! T1, T2, T6, T7: a transaction is asked for until it comes, of one announcer at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use bitcoin::Transaction;
use bitcoin::consensus::serialize;
use bitcoin::p2p::ServiceFlags;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{Hello, World, by_txid, by_wtxid, legacy_tx, peer_addr, segwit_tx, tx_message};
use satwire_core::node::{EventKind, FailedRequest, Input};
use satwire_core::wire::InvType;
use satwire_core::{IoError, Label};

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
fn t1_a_silent_announcer_is_not_asked_again_until_it_announces_again() {
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
fn t2_requests_to_a_peer_that_leaves_are_told() {
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
