//! T: whom we ask for which transaction, and what we make of the answers.

use std::collections::BTreeSet;
use std::time::Duration;

use bitcoin::Transaction;
use bitcoin::consensus::serialize;
use bitcoin::p2p::ServiceFlags;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{
    Frame, Hello, NETWORK, Session, World, by_txid, by_wtxid, legacy_tx, peer_addr, segwit_tx, tx_message,
};
use satwire_core::node::{ConnId, EventKind, FailedRequest, Input, NotTaken};
use satwire_core::peer::{Event, IgnoredReason};
use satwire_core::wire::{self, Command, InvType};
use satwire_core::{Config, Fault, IoError};

const MINUTE: Duration = Duration::from_secs(60);

/// A world with so many peers that announce by wtxid.
fn with_peers(count: u8) -> (World, Vec<ConnId>) {
    let mut world = World::default();
    let peers = (1..=count).map(|n| world.peer(n, &Hello::default())).collect();
    (world, peers)
}

/// What `conn` was asked for since it last listened. Pings are answered.
fn asked(world: &mut World, conn: ConnId) -> Vec<Inventory> {
    let mut asked = Vec::new();
    for heard in world.heard(conn) {
        match heard {
            NetworkMessage::GetData(list) => asked.extend(list),
            NetworkMessage::Ping(nonce) => world.send(conn, NetworkMessage::Pong(nonce)),
            other => panic!("{other:?}"),
        }
    }
    asked
}

/// Who was asked for something since they last listened.
fn who_is_asked(world: &mut World, peers: &[ConnId]) -> Vec<ConnId> {
    peers.iter().copied().filter(|conn| !asked(world, *conn).is_empty()).collect()
}

fn announce(world: &mut World, conn: ConnId, list: &[Inventory]) {
    world.send(conn, NetworkMessage::Inv(list.to_vec()));
}

/// The ids of transactions that came for the first time.
fn news(events: &[EventKind]) -> Vec<wire::Wtxid> {
    events
        .iter()
        .filter_map(|event| match event {
            EventKind::Tx { tx, .. } => Some(tx.wtxid()),
            _ => None,
        })
        .collect()
}

#[test]
fn t1_every_announcer_is_asked_in_turn_until_one_delivers() {
    let (mut world, peers) = with_peers(5);
    let tx = segwit_tx(1);
    for conn in &peers {
        announce(&mut world, *conn, &[by_wtxid(&tx)]);
    }
    let mut asked_so_far = BTreeSet::new();
    for turn in 0..4 {
        let asked = who_is_asked(&mut world, &peers);
        assert_eq!(asked, [peers[turn]], "one at a time, in the order of their announcements");
        asked_so_far.extend(asked);
        world.advance(MINUTE);
    }
    assert_eq!(who_is_asked(&mut world, &peers), [peers[4]]);
    world.take_events();
    world.say(peers[4], &tx_message(&tx));
    assert_eq!(news(&world.take_events_of(peers[4])).len(), 1);
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
    let [EventKind::Unanswered(misses)] = &events[..] else { panic!("{events:?}") };
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

/// btcd repeats the type of the `getdata`, with its witness flag; others may leave it out.
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
        |conn| Input::Disconnect { conn: conn, redial: true, label: satwire_core::Label::LOCAL },
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

/// What is made of these announcements: first, requested.
fn firsts(world: &mut World, conn: ConnId, list: &[Inventory]) -> Vec<(bool, bool)> {
    world.take_events();
    announce(world, conn, list);
    let events = world.take_events_of(conn);
    let [EventKind::Announced(announcements)] = &events[..] else { panic!("{events:?}") };
    announcements.iter().map(|announcement| (announcement.first, announcement.requested)).collect()
}

#[test]
fn only_one_announcer_was_the_first() {
    let (mut world, peers) = with_peers(3);
    let tx = segwit_tx(1);
    let item = [by_wtxid(&tx)];
    assert_eq!(firsts(&mut world, peers[0], &item), [(true, true)]);
    // It does not deliver: that it was the first stays true, and is not true of who comes later.
    world.send(peers[0], NetworkMessage::NotFound(item.to_vec()));
    assert_eq!(firsts(&mut world, peers[0], &item), [(false, true)]);
    world.handle(Input::Closed(peers[0], IoError::Ended));
    assert_eq!(firsts(&mut world, peers[1], &item), [(false, true)]);
    world.advance(MINUTE);
    assert_eq!(firsts(&mut world, peers[2], &item), [(false, true)]);
    world.say(peers[2], &tx_message(&tx));
    assert_eq!(firsts(&mut world, peers[1], &item), [(false, false)]);
}

#[test]
fn one_who_announces_too_much_was_the_first_all_the_same() {
    let config = Config { max_announcements: 1, ..Config::new(NETWORK) };
    let mut world = World::new(config);
    let peers: Vec<_> = (1..=2).map(|n| world.peer(n, &Hello::default())).collect();
    let items = [by_wtxid(&segwit_tx(1)), by_wtxid(&segwit_tx(2))];
    assert_eq!(firsts(&mut world, peers[0], &items), [(true, true), (true, false)]);
    assert_eq!(firsts(&mut world, peers[0], &items), [(false, false), (false, false)]);
    assert_eq!(firsts(&mut world, peers[1], &items[1..]), [(false, true)]);
}

/// T3, without Bitcoin Core's delays: silence costs a minute, and not a minute for each who dialled us.
#[test]
fn t3_whom_we_dialled_is_asked_before_who_dialled_us() {
    let mut world = World::default();
    let inbound = |world: &mut World, nonce| {
        let conn = world.accept(peer_addr(200));
        world.greet(conn, &Hello { nonce, ..Hello::default() });
        conn
    };
    // More than the list of announcers has room for at once.
    let silent: Vec<_> = (0..10).map(|nonce| inbound(&mut world, nonce)).collect();
    let dialled = [world.peer(1, &Hello::default()), world.peer(2, &Hello::default())];
    let tx = segwit_tx(1);
    for conn in silent.iter().chain(&dialled) {
        announce(&mut world, *conn, &[by_wtxid(&tx)]);
    }
    let late = inbound(&mut world, 99);
    announce(&mut world, late, &[by_wtxid(&tx)]);
    let all = [&silent[..], &dialled, &[late]].concat();
    let expected = [&silent[..1], &dialled, &silent[1..], &[late]].concat();
    for conn in expected {
        assert_eq!(who_is_asked(&mut world, &all), [conn]);
        world.advance(MINUTE);
    }
    assert_eq!(who_is_asked(&mut world, &all), []);
}

/// Who dials us and stays silent does not keep a peer of our choice from being asked, however many they are.
#[test]
fn many_silent_announcers_do_not_use_up_the_room_of_one_that_we_dialled() {
    let mut world =
        World::new(Config { max_announcements: 200, remembered_ids: 1000, ..Config::new(NETWORK) });
    let silent: Vec<_> = (0..20)
        .map(|nonce| {
            let conn = world.accept(peer_addr(200));
            world.greet(conn, &Hello { nonce, ..Hello::default() });
            conn
        })
        .collect();
    let honest = world.peer(1, &Hello::default());
    let txs: Vec<_> = (0..300).map(segwit_tx).collect();
    let mut delivered = 0;
    for tx in &txs {
        for conn in silent.iter().chain([&honest]) {
            announce(&mut world, *conn, &[by_wtxid(tx)]);
        }
        world.advance(Duration::from_secs(1));
        for name in asked(&mut world, honest) {
            let tx = txs.iter().find(|tx| by_wtxid(tx) == name).expect("it announced no other");
            world.say(honest, &tx_message(tx));
            delivered += 1;
        }
        for conn in &silent {
            world.answer_pings(*conn);
        }
        world.take_events();
    }
    assert_eq!(delivered, 241, "all but those of the last minute");
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
    // When one is delivered there is room again.
    world.say(peers[0], &tx_message(&segwit_tx(0)));
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
    let again = world.accept(peer_addr(9));
    world.greet(again, &Hello::default());
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

/// Who had his minute has lost his turn: what he says now is not about the request to the next.
#[test]
fn t7_a_late_notfound_does_not_end_the_turn_of_another() {
    let (mut world, peers) = with_peers(3);
    let tx = segwit_tx(1);
    for conn in &peers {
        announce(&mut world, *conn, &[by_wtxid(&tx)]);
    }
    world.advance(MINUTE);
    assert_eq!(who_is_asked(&mut world, &peers), peers[..2]);
    world.send(peers[0], NetworkMessage::NotFound(vec![by_wtxid(&tx)]));
    assert_eq!(who_is_asked(&mut world, &peers), []);
    world.handle(Input::Closed(peers[0], IoError::Ended));
    assert_eq!(who_is_asked(&mut world, &peers), []);
    world.send(peers[1], NetworkMessage::NotFound(vec![by_wtxid(&tx)]));
    assert_eq!(who_is_asked(&mut world, &peers), [peers[2]]);
}

#[test]
fn t9_only_the_agreed_kind_of_announcement_counts() {
    let tx = segwit_tx(1);
    let mut world = World::default();
    let wtxid_peer = world.peer(1, &Hello::default());
    let txid_peer = world.peer(2, &Hello::btcd());
    announce(&mut world, wtxid_peer, &[by_txid(&tx)]);
    announce(&mut world, txid_peer, &[by_wtxid(&tx)]);
    assert_eq!(world.take_events(), []);
    assert_eq!(who_is_asked(&mut world, &[wtxid_peer, txid_peer]), []);

    announce(&mut world, wtxid_peer, &[by_txid(&tx), by_wtxid(&tx)]);
    assert_eq!(asked(&mut world, wtxid_peer), [by_wtxid(&tx)]);
    announce(&mut world, txid_peer, &[by_txid(&tx), by_wtxid(&tx)]);
    assert_eq!(asked(&mut world, txid_peer), [Inventory::WitnessTransaction(tx.compute_txid())]);
}

/// Flagged types belong into getdata only (BIP144); Bitcoin Core skips them in an inv.
#[test]
fn t9_other_types_in_an_inv_are_skipped() {
    let (mut world, peers) = with_peers(1);
    let tx = segwit_tx(1);
    let odd = |inv_type| Inventory::Unknown { inv_type, hash: [1; 32] };
    announce(
        &mut world,
        peers[0],
        &[
            odd(0),
            Inventory::WitnessTransaction(tx.compute_txid()),
            odd(3),
            odd(0x4000_0002),
            odd(2),
            by_wtxid(&tx),
        ],
    );
    assert_eq!(asked(&mut world, peers[0]), [by_wtxid(&tx)]);
    let events = world.take_events_of(peers[0]);
    assert!(matches!(&events[..], [EventKind::Announced(list)] if list.len() == 1), "{events:?}");
}

#[test]
fn t10_what_came_once_is_not_asked_for_again() {
    for tx in [segwit_tx(1), legacy_tx(1)] {
        let mut world = World::default();
        let wtxid_peers = [world.peer(1, &Hello::default()), world.peer(2, &Hello::default())];
        let txid_peer = world.peer(3, &Hello::btcd());
        let all = [wtxid_peers[0], wtxid_peers[1], txid_peer];
        announce(&mut world, wtxid_peers[0], &[by_wtxid(&tx)]);
        announce(&mut world, wtxid_peers[1], &[by_wtxid(&tx)]);
        assert_eq!(who_is_asked(&mut world, &all), [wtxid_peers[0]]);
        world.say(wtxid_peers[0], &tx_message(&tx));
        world.take_events();

        announce(&mut world, wtxid_peers[0], &[by_wtxid(&tx)]);
        announce(&mut world, wtxid_peers[1], &[by_wtxid(&tx)]);
        announce(&mut world, txid_peer, &[by_txid(&tx)]);
        for event in world.take_events() {
            let EventKind::Announced(list) = event.kind else { panic!("{event:?}") };
            assert!(list.iter().all(|entry| !entry.first && !entry.requested), "{list:?}");
        }
        world.advance(10 * MINUTE);
        assert_eq!(who_is_asked(&mut world, &all), []);
        // A copy of it is no news.
        world.take_events();
        world.say(txid_peer, &tx_message(&tx));
        let events = world.take_events_of(txid_peer);
        assert!(
            matches!(events[..], [EventKind::Ignored { command: Command::TX, because: NotTaken::Known, .. }]),
            "{events:?}"
        );
    }
}

#[test]
fn t10_what_came_unasked_counts_as_well() {
    let (mut world, peers) = with_peers(2);
    let tx = segwit_tx(1);
    announce(&mut world, peers[0], &[by_wtxid(&tx)]);
    assert_eq!(who_is_asked(&mut world, &peers), [peers[0]]);
    world.take_events();
    world.say(peers[1], &tx_message(&tx));
    let events = world.take_events_of(peers[1]);
    assert!(matches!(events[..], [EventKind::Tx { latency: None, .. }]), "{events:?}");
    // The other one fails to deliver: nobody else needs to be asked.
    announce(&mut world, peers[1], &[by_wtxid(&tx)]);
    world.advance(2 * MINUTE);
    assert_eq!(who_is_asked(&mut world, &peers), []);
}

/// A legacy transaction has one name for both kinds of peers: one of them is asked.
#[test]
fn t1_a_legacy_transaction_is_asked_for_once_whatever_its_announcers_call_it() {
    let mut world = World::default();
    let peers = [world.peer(1, &Hello::default()), world.peer(2, &Hello::btcd())];
    let tx = legacy_tx(1);
    announce(&mut world, peers[0], &[by_wtxid(&tx)]);
    announce(&mut world, peers[1], &[by_txid(&tx)]);
    assert_eq!(who_is_asked(&mut world, &peers), [peers[0]]);
    world.send(peers[0], NetworkMessage::NotFound(vec![by_wtxid(&tx)]));
    // And each is asked in its own words.
    assert_eq!(asked(&mut world, peers[1]), [Inventory::WitnessTransaction(tx.compute_txid())]);
}

/// What was in flight at two peers under two names is settled by one delivery.
#[test]
fn t10_one_delivery_settles_both_names() {
    let mut world = World::default();
    let peers = [world.peer(1, &Hello::default()), world.peer(2, &Hello::btcd())];
    let third = world.peer(3, &Hello::default());
    let tx = segwit_tx(1);
    announce(&mut world, peers[0], &[by_wtxid(&tx)]);
    announce(&mut world, third, &[by_wtxid(&tx)]);
    announce(&mut world, peers[1], &[by_txid(&tx)]);
    assert_eq!(who_is_asked(&mut world, &peers), peers);
    world.say(peers[1], &tx_message(&tx));
    world.send(peers[0], NetworkMessage::NotFound(vec![by_wtxid(&tx)]));
    world.advance(10 * MINUTE);
    assert_eq!(who_is_asked(&mut world, &[peers[0], peers[1], third]), []);
}

/// T11: another witness makes another transaction as far as fetching is concerned.
#[test]
fn another_witness_does_not_hide_a_transaction() {
    let (mut world, peers) = with_peers(2);
    let tx = segwit_tx(1);
    let mut other = tx.clone();
    other.input[0].witness = bitcoin::Witness::from_slice(&[[9; 9]]);
    assert_eq!(tx.compute_txid(), other.compute_txid());
    world.say(peers[0], &tx_message(&other));
    announce(&mut world, peers[1], &[by_wtxid(&tx)]);
    assert_eq!(asked(&mut world, peers[1]), [by_wtxid(&tx)]);
    world.take_events();
    world.say(peers[1], &tx_message(&tx));
    assert_eq!(news(&world.take_events_of(peers[1])).len(), 1);
}

/// As many ids as configured are remembered: the oldest are forgotten, and can be asked for again.
#[test]
fn the_memory_of_ids_has_its_size() {
    let mut world = World::new(Config { remembered_ids: 10, ..Config::new(NETWORK) });
    let conn = world.peer(1, &Hello::default());
    for n in 0..11 {
        world.say(conn, &tx_message(&legacy_tx(n)));
    }
    announce(&mut world, conn, &(0..11).map(|n| by_wtxid(&legacy_tx(n))).collect::<Vec<_>>());
    assert_eq!(asked(&mut world, conn), [by_wtxid(&legacy_tx(0))]);
}

#[test]
fn t19_witnesses_that_are_wrong_drop_the_transaction() {
    let tx = segwit_tx(1);
    let good = serialize(&tx);
    // version 4, marker, flag, inputs …
    let mut unknown_flag = good.clone();
    unknown_flag[5] = 3;
    let mut only_unknown_flag = good.clone();
    only_unknown_flag[5] = 2;
    let legacy = serialize(&legacy_tx(1));
    let superfluous =
        [&legacy[..4], &[0, 1], &legacy[4..legacy.len() - 4], &[0], &legacy[legacy.len() - 4..]].concat();
    // Without the stacks: the locktime takes their place and something is missing at the end.
    let missing = [&legacy[..4], &[0, 1], &legacy[4..]].concat();
    let no_inputs = [&[2, 0, 0, 0, 0, 1, 0][..], &[0], &[0; 4]].concat();
    let cut = good[..good.len() - 1].to_vec();

    let mut session = Session::ready(&Hello::default());
    for payload in [unknown_flag, only_unknown_flag, superfluous, missing, no_inputs, cut] {
        let events = session.say(&Frame::new("tx", payload).bytes());
        assert!(
            matches!(
                events[..],
                [Event::Ignored { because: IgnoredReason::Malformed(Fault::Payload(_)), .. }]
            ),
            "{events:?}"
        );
    }
    assert!(session.answers_ping());
    assert!(matches!(session.say(&tx_message(&tx))[..], [Event::Tx { .. }]));
}

#[test]
fn t19_a_dropped_transaction_is_not_known() {
    let (mut world, peers) = with_peers(1);
    let tx = segwit_tx(1);
    announce(&mut world, peers[0], &[by_wtxid(&tx)]);
    world.heard(peers[0]);
    let mut bad = serialize(&tx);
    bad[5] = 3;
    world.say(peers[0], &Frame::new("tx", bad).bytes());
    world.take_events();
    world.say(peers[0], &tx_message(&tx));
    assert_eq!(news(&world.take_events_of(peers[0])).len(), 1);
}

/// T22: who sends no service bit (Bitcoin Core's private broadcast) expects one plain `MSG_TX`, takes
/// nothing else for an answer, and serves witnesses nevertheless.
#[test]
fn a_peer_without_services_is_asked_plainly() {
    let hello = Hello { services: ServiceFlags::NONE, wtxidrelay: false, addrv2: false, ..Hello::default() };
    let mut world = World::default();
    let conn = world.accept(peer_addr(1));
    world.greet(conn, &hello);
    let tx = segwit_tx(1);
    announce(&mut world, conn, &[by_txid(&tx)]);
    assert_eq!(world.heard(conn), [NetworkMessage::GetData(vec![by_txid(&tx)])]);
    world.say(conn, &tx_message(&tx));
    assert_eq!(news(&world.take_events_of(conn)).len(), 1);
    world.send(conn, NetworkMessage::Ping(8));
    assert_eq!(world.heard(conn), [NetworkMessage::Pong(8)]);
}

/// The time from question to answer, under each name that the question may have had.
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

/// Blocks are not for us: announced, they are neither told nor asked for.
#[test]
fn blocks_are_not_asked_for() {
    let (mut world, peers) = with_peers(1);
    announce(&mut world, peers[0], &[Inventory::Unknown { inv_type: InvType::BLOCK.0, hash: [1; 32] }]);
    assert_eq!(world.take_events(), []);
    assert_eq!(who_is_asked(&mut world, &peers), []);
}
