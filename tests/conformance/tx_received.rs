//! T9 to T19: what we make of announcements and of transactions.

use std::time::Duration;

use bitcoin::Transaction;
use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{
    Frame, Hello, Session, World, by_txid, by_wtxid, config, legacy_tx, peer_addr, segwit_tx, tx_message,
};
use satwire_core::node::{ConnId, EventKind, Input};
use satwire_core::peer::{Event, IgnoredReason};
use satwire_core::wire::{self, Command};
use satwire_core::{Fault, IoError};

use crate::downloads::{MINUTE, announce, asked, news, who_is_asked, with_peers};

const KNOWN: IgnoredReason = IgnoredReason::AlreadyKnown;

fn wtxid(tx: &Transaction) -> wire::Wtxid {
    wire::Wtxid(tx.compute_wtxid().to_byte_array())
}

/// The result of these announcements: first, requested.
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
    world.take_orders();
    let late = world.peer(9, &Hello::default());
    assert_eq!(firsts(&mut world, late, &item), [(false, false)]);
}

#[test]
fn a_peer_that_announces_too_much_was_the_first_all_the_same() {
    let config = config(|config| config.max_announcements = 1);
    let mut world = World::new(config);
    let peers: Vec<_> = (1..=2).map(|n| world.peer(n, &Hello::default())).collect();
    let items = [by_wtxid(&segwit_tx(1)), by_wtxid(&segwit_tx(2))];
    assert_eq!(firsts(&mut world, peers[0], &items), [(true, true), (true, false)]);
    assert_eq!(firsts(&mut world, peers[1], &items[1..]), [(false, true)]);
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
    assert_eq!(asked(&mut world, txid_peer), [], "by txid it waits");
    world.advance(Duration::from_secs(2));
    assert_eq!(asked(&mut world, txid_peer), [Inventory::WitnessTransaction(tx.compute_txid())]);
}

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
fn t10_a_transaction_that_came_is_not_asked_for_again() {
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
            matches!(
                events[..],
                [EventKind::Ignored { command: Command::TX, because: IgnoredReason::AlreadyKnown, .. }]
            ),
            "{events:?}"
        );
    }
}

#[test]
fn t10_a_transaction_that_came_unasked_counts_as_well() {
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

#[test]
fn t10_one_delivery_settles_both_names() {
    let mut world = World::default();
    let peers = [world.peer(1, &Hello::default()), world.peer(2, &Hello::btcd())];
    let third = world.peer(3, &Hello::default());
    let tx = segwit_tx(1);
    announce(&mut world, peers[0], &[by_wtxid(&tx)]);
    announce(&mut world, third, &[by_wtxid(&tx)]);
    announce(&mut world, peers[1], &[by_txid(&tx)]);
    world.advance(Duration::from_secs(2));
    assert_eq!(who_is_asked(&mut world, &peers), peers);
    world.say(peers[1], &tx_message(&tx));
    world.send(peers[0], NetworkMessage::NotFound(vec![by_wtxid(&tx)]));
    world.advance(10 * MINUTE);
    assert_eq!(who_is_asked(&mut world, &[peers[0], peers[1], third]), []);
}

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

#[test]
fn the_memory_of_ids_has_its_size() {
    let mut world = World::new(config(|config| config.remembered_ids = 10));
    let conn = world.peer(1, &Hello::default());
    let ids: Vec<_> = (0..11).map(|n| by_wtxid(&legacy_tx(n))).collect();
    announce(&mut world, conn, &ids);
    assert_eq!(asked(&mut world, conn), ids);
    for n in 0..11 {
        world.say(conn, &tx_message(&legacy_tx(n)));
    }
    announce(&mut world, conn, &ids);
    assert_eq!(asked(&mut world, conn), ids[..1]);
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

/// A copy without witnesses, or with wrong ones, that nobody asked for: the real one is asked for all the same, of
/// those that announce by txid and by wtxid.
#[test]
fn an_unasked_copy_does_not_hide_the_real_one() {
    let tx = segwit_tx(1);
    let mut junk = tx.clone();
    junk.input[0].witness = bitcoin::Witness::from_slice(&[[9; 9]]);
    let mut stripped = tx.clone();
    stripped.input[0].witness = bitcoin::Witness::new();
    for copy in [junk, stripped] {
        for hello in [Hello::default(), Hello::btcd()] {
            let mut world = World::default();
            let liar = world.accept(peer_addr(66));
            world.greet(liar, &Hello { nonce: 66, ..Hello::default() });
            world.say(liar, &tx_message(&copy));
            let events = world.take_events_of(liar);
            assert!(matches!(&events[..], [EventKind::Tx { latency: None, .. }]), "told once: {events:?}");
            world.say(liar, &tx_message(&copy));
            let events = world.take_events_of(liar);
            assert!(matches!(&events[..], [EventKind::Ignored { because: KNOWN, .. }]), "{events:?}");

            let honest = world.peer(1, &hello);
            let item = if hello.wtxidrelay { by_wtxid(&tx) } else { by_txid(&tx) };
            announce(&mut world, honest, &[item]);
            world.advance(Duration::from_secs(4));
            assert_eq!(asked(&mut world, honest).len(), 1, "the real one");
            world.say(honest, &tx_message(&tx));
            assert_eq!(news(&world.take_events_of(honest)), [wtxid(&tx)]);
        }
    }
}

/// A peer that dialled us and was asked delivers a copy with other witnesses: those that we dialled are asked for
/// the real one.
#[test]
fn a_copy_from_an_inbound_peer_does_not_hide_the_real_one() {
    let tx = segwit_tx(1);
    let mut junk = tx.clone();
    junk.input[0].witness = bitcoin::Witness::from_slice(&[[9; 9]]);
    let mut stripped = tx.clone();
    stripped.input[0].witness = bitcoin::Witness::new();
    for copy in [junk, stripped] {
        for (liar_hello, name) in [(Hello::default(), by_wtxid(&copy)), (Hello::btcd(), by_txid(&copy))] {
            let mut world = World::default();
            let liar = world.accept(peer_addr(66));
            world.greet(liar, &Hello { nonce: 66, ..liar_hello });
            announce(&mut world, liar, &[name]);
            world.advance(Duration::from_secs(4));
            assert_eq!(asked(&mut world, liar).len(), 1);
            world.say(liar, &tx_message(&copy));
            assert_eq!(news(&world.take_events_of(liar)).len(), 1);

            let honest = world.peer(1, &Hello::btcd());
            announce(&mut world, honest, &[by_txid(&tx)]);
            world.advance(Duration::from_secs(4));
            assert_eq!(asked(&mut world, honest).len(), 1, "the real one");
            world.say(honest, &tx_message(&tx));
            assert_eq!(news(&world.take_events_of(honest)), [wtxid(&tx)]);
            // A body that a dialled peer was asked for and delivered is enough for everybody.
            for n in 2..4 {
                let late = world.peer(n, &Hello::btcd());
                announce(&mut world, late, &[by_txid(&tx)]);
                world.advance(10 * MINUTE);
                assert_eq!(asked(&mut world, late), []);
            }
        }
    }
}

/// Junk that nobody asked for makes nothing forgotten: the same transaction is fetched and told once.
#[test]
fn unasked_junk_does_not_flush_what_was_fetched() {
    let config = config(|config| {
        config.remembered_ids = 1000;
        config.unrequested_per_minute = u32::MAX;
    });
    let mut world = World::new(config);
    let honest = [1, 2, 3, 4, 5, 6, 7, 8].map(|n| world.peer(n, &Hello::default()));
    let liar = world.accept(peer_addr(66));
    world.greet(liar, &Hello { nonce: 66, ..Hello::default() });
    let tx = segwit_tx(1);
    let (mut fetched, mut told) = (0, 0);
    for conn in honest {
        announce(&mut world, conn, &[by_wtxid(&tx)]);
        fetched += asked(&mut world, conn).len();
        world.say(conn, &tx_message(&tx));
        told += news(&world.take_events_of(conn)).len();
        for n in 0..5000 {
            world.say(liar, &tx_message(&legacy_tx(n)));
        }
        world.take_events();
    }
    assert_eq!((fetched, told), (1, 1));
}

/// A peer may push so many transactions a minute; more are not told.
#[test]
fn unasked_transactions_have_a_quota() {
    let mut world = World::new(config(|config| config.unrequested_per_minute = 60));
    let peers = [1, 2].map(|n| world.peer(n, &Hello::default()));
    let push = |world: &mut World, conn, range: std::ops::Range<u32>| {
        range.for_each(|n| world.say(conn, &tx_message(&legacy_tx(n))));
        news(&world.take_events_of(conn)).len()
    };
    assert_eq!(push(&mut world, peers[0], 0..100), 60, "a minute's worth at once");
    assert_eq!(push(&mut world, peers[1], 100..110), 10, "each peer has its own");
    world.advance(Duration::from_secs(10));
    assert_eq!(push(&mut world, peers[0], 200..300), 10, "and one more each second");
    // A requested body needs no quota.
    announce(&mut world, peers[0], &[by_wtxid(&segwit_tx(1))]);
    world.say(peers[0], &tx_message(&segwit_tx(1)));
    assert_eq!(news(&world.take_events_of(peers[0])).len(), 1);
}

/// The same peer's repeated announcement says nothing new.
#[test]
fn a_repeated_announcement_is_not_told_again() {
    let (mut world, peers) = with_peers(2);
    let items = [by_wtxid(&segwit_tx(1)), by_wtxid(&segwit_tx(2))];
    assert_eq!(firsts(&mut world, peers[0], &items), [(true, true), (true, true)]);
    for _ in 0..10 {
        announce(&mut world, peers[0], &items);
        assert_eq!(world.take_events(), []);
    }
    assert_eq!(firsts(&mut world, peers[1], &items), [(false, false), (false, false)]);
    world.say(peers[0], &tx_message(&segwit_tx(1)));
    world.take_events();
    for conn in peers {
        announce(&mut world, conn, &items);
        assert_eq!(world.take_events(), []);
    }
}

/// T18: what can never be mined, or never comes alone, is not told, whether it was asked for or not; nobody else is
/// asked for it, and the peer is kept.
#[test]
fn t18_impossible_transactions_are_not_told() {
    let good = legacy_tx(1);
    let with = |change: &dyn Fn(&mut Transaction)| {
        let mut tx = good.clone();
        change(&mut tx);
        tx
    };
    let coin = bitcoin::Amount::from_sat(21_000_000 * 100_000_000);
    let impossible = [
        (
            "coinbase",
            with(&|tx| {
                tx.input[0].previous_output = bitcoin::OutPoint::null();
                tx.input[0].script_sig = vec![1, 2, 3].into();
            }),
        ),
        ("bad-txns-inputs-duplicate", with(&|tx| tx.input.push(tx.input[0].clone()))),
        ("bad-txns-vout-negative", with(&|tx| tx.output[0].value = bitcoin::Amount::from_sat(u64::MAX))),
        ("bad-txns-vout-toolarge", with(&|tx| tx.output[0].value = coin + bitcoin::Amount::ONE_SAT)),
        (
            "bad-txns-txouttotal-toolarge",
            with(&|tx| {
                tx.output[0].value = coin;
                tx.output.push(tx.output[0].clone());
            }),
        ),
        ("bad-txns-vout-empty", with(&|tx| tx.output.clear())),
    ];
    for (reason, tx) in impossible {
        for ask in [true, false] {
            let (mut world, peers) = with_peers(2);
            if ask {
                announce(&mut world, peers[0], &[by_wtxid(&tx)]);
                announce(&mut world, peers[1], &[by_wtxid(&tx)]);
                assert_eq!(who_is_asked(&mut world, &peers), [peers[0]]);
            }
            world.take_events();
            world.say(peers[0], &tx_message(&tx));
            let events = world.take_events_of(peers[0]);
            let [EventKind::Ignored { because, .. }, EventKind::Verdict { .. }] = &events[..] else {
                panic!("{reason}: {events:?}")
            };
            assert_eq!(because.as_str(), "invalid_tx");
            assert!(because.to_string().contains(reason), "{because}");
            world.advance(10 * MINUTE);
            assert_eq!(asked(&mut world, peers[1]), [], "{reason}");
            world.send(peers[0], NetworkMessage::Ping(1));
            assert!(world.heard(peers[0]).contains(&NetworkMessage::Pong(1)));
        }
    }
}
