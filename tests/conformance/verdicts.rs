//! Verdicts: what is wrong with a peer, in one word. The words and their limits are ours.

use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::{Amount, Transaction};
use harness::{Hello, World, by_wtxid, config, peer_addr, segwit_tx, tx_message};
use satwire_core::node::{Address, ConnId, EventKind, Input, Output, Verdict};
use satwire_core::{Instant, IoError};

use crate::downloads::{MINUTE, announce, with_peers};

const SECOND: Duration = Duration::from_secs(1);

/// Verdicts and what is told of the node itself since the last call: when, of whom, what, since when.
fn verdicts(world: &mut World) -> Vec<(u64, Option<ConnId>, String, u64)> {
    let seconds = |at: Instant| at.as_micros() / 1_000_000;
    let told = world.take_events().into_iter().filter_map(|event| {
        let (what, since) = match event.kind {
            EventKind::Verdict { verdict, since } => (verdict.to_string(), seconds(since)),
            EventKind::Offline { since } => ("offline".to_owned(), seconds(since)),
            EventKind::Online { after } => ("online".to_owned(), after.as_secs()),
            _ => return None,
        };
        Some((seconds(event.at), event.conn, what, since))
    });
    told.collect()
}

/// The verdict that [`Node::peers`](satwire_core::Node::peers) shows.
fn shown(world: &World, conn: ConnId) -> Verdict {
    world.node.peers().find(|peer| peer.conn == conn).expect("an open connection").verdict
}

/// Lets time pass while these answer pings, second by second.
fn live(world: &mut World, by: Duration, living: &[ConnId]) {
    for _ in 0..by.as_secs() {
        world.advance(SECOND);
        for conn in living {
            world.answer_pings(*conn);
        }
    }
}

/// A transaction without outputs.
fn impossible_tx() -> Transaction {
    Transaction { output: vec![], ..segwit_tx(1) }
}

#[test]
fn a_ping_that_is_out_when_the_next_is_due_is_late() {
    let (mut world, peers) = with_peers(2);
    let [silent, other] = peers[..] else { unreachable!() };
    live(&mut world, 239 * SECOND, &[other]);
    assert_eq!(verdicts(&mut world), [], "not a moment early");
    live(&mut world, SECOND, &[other]);
    assert_eq!(verdicts(&mut world), [(240, Some(silent), "ping_late".into(), 120)]);
    assert_eq!((shown(&world, silent), shown(&world, other)), (Verdict::PingLate, Verdict::Ok));
    live(&mut world, 500 * SECOND, &[other]);
    assert_eq!(verdicts(&mut world), [], "told once");
    world.answer_pings(silent);
    assert_eq!(verdicts(&mut world), [(740, Some(silent), "ok".into(), 740)]);
    live(&mut world, 20 * MINUTE, &peers);
    assert_eq!(verdicts(&mut world), []);
}

/// A pong with another nonce answers nothing; whatever else the peer says does not either.
#[test]
fn what_is_no_answer_does_not_make_a_late_ping_good() {
    let (mut world, peers) = with_peers(2);
    live(&mut world, 240 * SECOND, &peers[1..]);
    assert_eq!(verdicts(&mut world).len(), 1);
    world.send(peers[0], NetworkMessage::Pong(77));
    announce(&mut world, peers[0], &[by_wtxid(&segwit_tx(1))]);
    assert_eq!(verdicts(&mut world), []);
    assert_eq!(shown(&world, peers[0]), Verdict::PingLate);
}

#[test]
fn who_does_not_read_is_told_from_who_is_slow() {
    let (mut world, peers) = with_peers(2);
    let [deaf, other] = peers[..] else { unreachable!() };
    world.deaf.insert(deaf);
    for _ in 0..60 {
        world.send(deaf, NetworkMessage::Ping(7));
        live(&mut world, 4 * SECOND, &[other]);
    }
    assert_eq!(verdicts(&mut world), [(240, Some(deaf), "never_reads".into(), 120)]);
    // It reads at last, and is only slow from now on.
    world.deaf.remove(&deaf);
    let unsent = world.node.transmit(deaf).len();
    world.node.transmitted(deaf, unsent);
    live(&mut world, 60 * SECOND, &[other]);
    assert_eq!(verdicts(&mut world), [(300, Some(deaf), "ping_late".into(), 120)]);
}

#[test]
fn a_request_without_an_answer_while_none_was_answered() {
    let (mut world, peers) = with_peers(2);
    let txs = [1, 2, 3].map(segwit_tx);
    announce(&mut world, peers[0], &[by_wtxid(&txs[0]), by_wtxid(&txs[1])]);
    live(&mut world, 30 * SECOND, &peers);
    world.say(peers[0], &tx_message(&txs[0]));
    live(&mut world, 30 * SECOND, &peers);
    assert_eq!(verdicts(&mut world), [], "it answers others");

    announce(&mut world, peers[0], &[by_wtxid(&txs[2])]);
    live(&mut world, 59 * SECOND, &peers);
    assert_eq!(verdicts(&mut world), []);
    live(&mut world, SECOND, &peers);
    assert_eq!(verdicts(&mut world), [(120, Some(peers[0]), "requests_unanswered".into(), 60)]);
    // An unasked body is no answer; a late one is.
    world.say(peers[0], &tx_message(&segwit_tx(9)));
    assert_eq!(verdicts(&mut world), []);
    world.say(peers[0], &tx_message(&txs[2]));
    assert_eq!(verdicts(&mut world), [(120, Some(peers[0]), "ok".into(), 120)]);
}

#[test]
fn a_notfound_is_an_answer() {
    let (mut world, peers) = with_peers(2);
    let txs = [1, 2].map(segwit_tx);
    announce(&mut world, peers[0], &[by_wtxid(&txs[0]), by_wtxid(&txs[1])]);
    live(&mut world, 10 * SECOND, &peers);
    world.send(peers[0], NetworkMessage::NotFound(vec![by_wtxid(&txs[0])]));
    live(&mut world, 60 * SECOND, &peers);
    assert_eq!(verdicts(&mut world), []);
}

/// Peer 0 announces nothing from here on; the others in turn, one transaction each time.
fn announce_in_turn(world: &mut World, peers: &[ConnId], rounds: u32, first: u32) {
    for round in 0..rounds {
        live(world, 30 * SECOND, peers);
        let conn = peers[1 + round as usize % (peers.len() - 1)];
        let tx = segwit_tx(first + round);
        announce(world, conn, &[by_wtxid(&tx)]);
        world.say(conn, &tx_message(&tx));
    }
}

#[test]
fn who_announces_nothing_for_ten_minutes_while_two_others_do() {
    let (mut world, peers) = with_peers(3);
    announce(&mut world, peers[0], &[by_wtxid(&segwit_tx(1))]);
    world.say(peers[0], &tx_message(&segwit_tx(1)));
    announce_in_turn(&mut world, &peers, 19, 100);
    live(&mut world, 29 * SECOND, &peers);
    assert_eq!(verdicts(&mut world), []);
    live(&mut world, SECOND, &peers);
    assert_eq!(verdicts(&mut world), [(600, Some(peers[0]), "invs_stopped".into(), 0)]);
    assert_eq!(shown(&world, peers[0]), Verdict::InvsStopped);
    // Announcements of others count as well.
    announce(&mut world, peers[0], &[by_wtxid(&segwit_tx(101))]);
    assert_eq!(verdicts(&mut world), [(600, Some(peers[0]), "ok".into(), 600)]);
    announce_in_turn(&mut world, &peers, 20, 200);
    assert_eq!(verdicts(&mut world), [(1200, Some(peers[0]), "invs_stopped".into(), 600)]);
}

#[test]
fn one_other_is_not_enough_and_a_lull_is_nobodys_fault() {
    let (mut world, peers) = with_peers(2);
    announce_in_turn(&mut world, &peers, 60, 100);
    assert_eq!(verdicts(&mut world), []);

    // Nor is what a peer itself said, or what others said before.
    let (mut world, peers) = with_peers(3);
    announce_in_turn(&mut world, &peers, 2, 100);
    live(&mut world, SECOND, &peers);
    announce(&mut world, peers[0], &[by_wtxid(&segwit_tx(100))]);
    announce_in_turn(&mut world, &peers[..2], 22, 200);
    assert!(verdicts(&mut world).iter().all(|told| told.1 != Some(peers[0])));

    let (mut world, peers) = with_peers(3);
    live(&mut world, 700 * SECOND, &peers);
    announce_in_turn(&mut world, &peers, 2, 100);
    // The first of a new day is not at once missed of all who are a moment later.
    live(&mut world, 430 * SECOND, &peers);
    assert_eq!(verdicts(&mut world), []);
    live(&mut world, 10 * SECOND, &peers);
    assert_eq!(verdicts(&mut world), [(1200, Some(peers[0]), "invs_stopped".into(), 0)]);
}

#[test]
fn an_impossible_transaction_is_junk_for_good() {
    let (mut world, peers) = with_peers(2);
    live(&mut world, 5 * SECOND, &peers);
    let (bad, good) = (impossible_tx(), segwit_tx(2));
    announce(&mut world, peers[0], &[by_wtxid(&bad), by_wtxid(&good)]);
    world.say(peers[0], &tx_message(&bad));
    assert_eq!(verdicts(&mut world), [(5, Some(peers[0]), "junk".into(), 5)]);
    world.say(peers[0], &tx_message(&good));
    world.say(peers[0], &tx_message(&Transaction { output: vec![], ..segwit_tx(3) }));
    live(&mut world, 1000 * SECOND, &peers);
    assert_eq!(verdicts(&mut world), []);
    assert_eq!(shown(&world, peers[0]), Verdict::Junk);
    // An amount that cannot be is the same, asked for or not.
    let mut rich = segwit_tx(4);
    rich.output[0].value = Amount::from_sat(u64::MAX >> 1);
    world.say(peers[1], &tx_message(&rich));
    assert_eq!(shown(&world, peers[1]), Verdict::Junk);
}

/// Of several causes the first counts, and when it is gone the next.
#[test]
fn the_first_cause_is_the_verdict() {
    let (mut world, peers) = with_peers(2);
    world.say(peers[0], &tx_message(&impossible_tx()));
    live(&mut world, 240 * SECOND, &peers[1..]);
    world.answer_pings(peers[0]);
    let told: Vec<_> =
        verdicts(&mut world).into_iter().map(|(at, _, what, since)| (at, what, since)).collect();
    assert_eq!(told, [(0, "junk".into(), 0), (240, "ping_late".into(), 120), (240, "junk".into(), 0)]);
}

#[test]
fn a_handshake_that_takes_long_is_told() {
    for (dialled, half) in [(true, 15), (false, 30)] {
        let mut world = World::default();
        let conn = if dialled { world.dial(peer_addr(1)) } else { world.accept(peer_addr(1)) };
        world.say(conn, &Hello::default().until_verack());
        assert_eq!(shown(&world, conn), Verdict::HandshakePending);
        world.advance((half - 1) * SECOND);
        assert_eq!(verdicts(&mut world), []);
        world.advance(2 * SECOND);
        assert_eq!(verdicts(&mut world), [(half.into(), Some(conn), "handshake_pending".into(), 0)]);
        let verack = Hello::default().all().split_off(Hello::default().until_verack().len());
        world.say(conn, &verack);
        assert_eq!(
            verdicts(&mut world),
            [(u64::from(half) + 1, Some(conn), "ok".into(), u64::from(half) + 1)]
        );
        assert_eq!(shown(&world, conn), Verdict::Ok);
        live(&mut world, 300 * SECOND, &[conn]);
        assert_eq!(verdicts(&mut world), []);
    }
}

/// One that is done at once is told as such alone.
#[test]
fn an_ordinary_handshake_is_no_verdict() {
    let mut world = World::default();
    let conn = world.dial(peer_addr(1));
    world.say(conn, &Hello::default().all());
    let since = world.node.peers().next().expect("one peer").verdict_since;
    assert_eq!((shown(&world, conn), since), (Verdict::Ok, Instant::ZERO));
    live(&mut world, 100 * SECOND, &[conn]);
    assert_eq!(verdicts(&mut world), []);
}

// ── it is not they, it is we ────────────────────────────────────────────────────────────────

#[test]
fn when_all_are_silent_at_once_we_are_offline_and_nobody_is_blamed() {
    let (mut world, peers) = with_peers(3);
    announce_in_turn(&mut world, &peers, 10, 100);
    announce(&mut world, peers[2], &[by_wtxid(&segwit_tx(1))]);
    verdicts(&mut world);
    // The cable is pulled: neither the request of now nor the next pings have an answer.
    live(&mut world, 800 * SECOND, &[]);
    assert_eq!(verdicts(&mut world), [(480, None, "offline".into(), 300)]);
    assert!(peers.iter().all(|conn| shown(&world, *conn) == Verdict::Ok));
    live(&mut world, 10 * SECOND, &[]);
    // It is put back: what was on its way arrives.
    for conn in &peers {
        world.answer_pings(*conn);
    }
    assert_eq!(verdicts(&mut world), [(1110, None, "online".into(), 810)]);
    live(&mut world, 599 * SECOND, &peers);
    assert_eq!(verdicts(&mut world), []);
}

#[test]
fn who_is_still_silent_when_the_others_are_back_is_gone() {
    let (mut world, peers) = with_peers(3);
    live(&mut world, 400 * SECOND, &[]);
    assert_eq!(verdicts(&mut world), [(240, None, "offline".into(), 0)]);
    live(&mut world, 121 * SECOND, &peers[1..]);
    let told = verdicts(&mut world);
    assert_eq!(told[0], (401, None, "online".into(), 401));
    live(&mut world, 60 * SECOND, &peers[1..]);
    let told = [&told[1..], &verdicts(&mut world)].concat();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].1, &*told[0].2), (Some(peers[0]), "ping_late"));
    assert!(told[0].0 >= 401 + 120, "it has time to answer once it can: {told:?}");
}

/// A moment longer than an interval nobody says anything: then somebody does.
#[test]
fn a_pause_is_not_the_end() {
    let (mut world, peers) = with_peers(3);
    live(&mut world, 115 * SECOND, &peers);
    world.send(peers[1], NetworkMessage::Ping(1));
    live(&mut world, 135 * SECOND, &[]);
    assert_eq!(verdicts(&mut world), []);
    live(&mut world, 20 * SECOND, &peers[1..]);
    assert_eq!(verdicts(&mut world), [(265, Some(peers[0]), "ping_late".into(), 120)]);
}

/// One peer alone cannot tell whether it is we or it.
#[test]
fn a_lone_peer_that_is_silent_is_late() {
    let (mut world, peers) = with_peers(1);
    live(&mut world, 300 * SECOND, &[]);
    assert_eq!(verdicts(&mut world), [(240, Some(peers[0]), "ping_late".into(), 120)]);
}

/// Dials two targets, and lets their attempts of this time all end like this.
fn dial_in_vain(error: IoError) -> World {
    let mut world = World::default();
    for n in [1, 2] {
        world.handle(Input::Dial(Address::Socket(peer_addr(n))));
    }
    for _ in 0..60 {
        for conn in take_attempts(&mut world) {
            world.handle(Input::Closed(conn, error));
        }
        world.advance(SECOND);
    }
    world
}

/// Connections that are to be made.
fn take_attempts(world: &mut World) -> Vec<ConnId> {
    let orders = world.take_orders().into_iter();
    let conns = orders.filter_map(|order| match order {
        Output::Connect { conn, .. } => Some(conn),
        _ => None,
    });
    conns.collect()
}

#[test]
fn when_nobody_can_be_reached_we_are_offline() {
    let mut world = dial_in_vain(IoError::Unreachable);
    assert_eq!(verdicts(&mut world), [(0, None, "offline".into(), 0)], "told once");
    let mut attempts = vec![];
    while attempts.is_empty() {
        world.advance(SECOND);
        attempts = take_attempts(&mut world);
    }
    verdicts(&mut world);
    world.handle(Input::Connected(attempts[0]));
    let told = verdicts(&mut world);
    assert!(matches!(&told[..], [(_, None, what, 60..)] if what == "online"), "{told:?}");
    // A refusal comes from somebody.
    assert_eq!(verdicts(&mut dial_in_vain(IoError::Refused)), []);
}

/// A target that is no longer wanted is not waited for.
#[test]
fn a_removed_target_does_not_count() {
    let mut world = World::default();
    for n in [1, 2, 3] {
        world.handle(Input::Dial(Address::Socket(peer_addr(n))));
    }
    let conns: Vec<_> = (1..=3).map(ConnId).collect();
    world.handle(Input::Closed(conns[0], IoError::Unreachable));
    let gone = world.node.target(&Address::Socket(peer_addr(1))).expect("a target");
    world.handle(Input::RemoveTarget(gone));
    world.handle(Input::Closed(conns[1], IoError::Unreachable));
    assert_eq!(verdicts(&mut world), []);
    world.handle(Input::Closed(conns[2], IoError::Unreachable));
    assert_eq!(verdicts(&mut world), [(0, None, "offline".into(), 0)]);
}

#[test]
fn who_wants_no_verdicts_has_none() {
    let mut world = World::new(config(|config| {
        config.verdicts = false;
        config.remembered_ids = 1000;
    }));
    let peers = [1, 2].map(|n| world.peer(n, &Hello::default()));
    announce(&mut world, peers[0], &[by_wtxid(&segwit_tx(1))]);
    world.say(peers[1], &tx_message(&impossible_tx()));
    live(&mut world, 1000 * SECOND, &[]);
    assert_eq!(verdicts(&mut world), []);
    assert!(peers.iter().all(|conn| shown(&world, *conn) == Verdict::Ok));
}
