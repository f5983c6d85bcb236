//! Bounds of memory: never more than was sent, and nothing that grows.

use std::time::Duration;

use bitcoin::Transaction;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{
    Counting, Frame, Hello, NETWORK, World, by_txid, by_wtxid, config, legacy_tx, message, peer_addr,
    segwit_tx, tx_message,
};
use proptest::prelude::*;
use satwire_core::node::{ConnId, Input};
use satwire_core::peer::{ConnectionConfig, Direction, Event};
use satwire_core::{Config, Instant, Peer, WallClock};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn live() -> isize {
    Counting::live()
}

/// A world that keeps no records of its own.
fn quiet_world(config: Config) -> World {
    let mut world = World::new(config);
    world.node.environment_mut().silent = true;
    world.node.environment_mut().environment.forgetful = true;
    world
}

/// Throws away what the test did not ask for.
fn forget(world: &mut World, peers: &[ConnId]) {
    world.take_events();
    world.take_orders();
    for conn in peers {
        world.heard_bytes(*conn);
    }
}

fn sample(n: u32) -> Transaction {
    if n.is_multiple_of(2) { segwit_tx(n) } else { legacy_tx(n) }
}

/// A second of a busy day: twenty announcements. Most are delivered, one in ten is missing, one in
/// ten never comes; a second peer announces all of them as well, and fails just so.
fn busy_second(world: &mut World, peers: &[ConnId; 2], second: u32) {
    let txs: Vec<_> = (0..20).map(|n| sample(20 * second + n)).collect();
    let names = [txs.iter().map(by_wtxid).collect::<Vec<_>>(), txs.iter().map(by_txid).collect()];
    for (conn, names) in peers.iter().zip(&names) {
        world.send(*conn, NetworkMessage::Inv(names.clone()));
    }
    for (conn, names) in peers.iter().zip(&names) {
        for heard in world.heard(*conn) {
            match heard {
                NetworkMessage::Ping(nonce) => world.send(*conn, NetworkMessage::Pong(nonce)),
                NetworkMessage::GetData(asked) => answer(world, *conn, &asked, names, &txs),
                NetworkMessage::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    if second.is_multiple_of(30) {
        world.send(peers[0], NetworkMessage::Ping(u64::from(second)));
        world.send(peers[0], NetworkMessage::FeeFilter(1000));
        world.say(peers[1], &Frame::new("madeup", [1; 500]).bytes());
    }
    world.advance(Duration::from_secs(1));
}

fn answer(world: &mut World, conn: ConnId, asked: &[Inventory], names: &[Inventory], txs: &[Transaction]) {
    let mut missing = Vec::new();
    for item in asked {
        let plain = match item {
            Inventory::WitnessTransaction(txid) => Inventory::Transaction(*txid),
            other => *other,
        };
        match names.iter().position(|name| *name == plain) {
            // Of earlier seconds half is not found, and half never answered.
            None if bitcoin::consensus::serialize(item)[4] % 2 == 0 => {}
            None => missing.push(*item),
            Some(n) if n % 10 == 9 => missing.push(*item),
            // Never answered.
            Some(n) if n % 10 == 8 => {}
            Some(n) => world.say(conn, &tx_message(&txs[n])),
        }
    }
    world.send(conn, NetworkMessage::NotFound(missing));
}

/// The memory in use after an hour is what was alive after ten minutes.
#[test]
fn an_hour_of_traffic_keeps_nothing() {
    // Small enough that the memory of ids is full long before the tenth minute.
    let mut world = quiet_world(config(|config| config.remembered_ids = 8192));
    let peers = [world.peer(1, &Hello::default()), world.peer(2, &Hello::btcd())];
    let mut minutes = Vec::with_capacity(60);
    for second in 0..3600 {
        busy_second(&mut world, &peers, second);
        if second % 60 == 59 {
            for conn in peers {
                world.answer_pings(conn);
                assert_eq!(world.closed(conn), None);
            }
            forget(&mut world, &peers);
            minutes.push(live());
        }
    }
    let (tenth, last) = (minutes[9], minutes[59]);
    let growth = (last - tenth).abs();
    assert!(growth * 100 <= tenth, "{growth} bytes in {tenth}: {minutes:?}");
}

/// A connection that has done its work costs what a fresh one costs.
#[test]
fn an_idle_connection_gives_its_memory_back() {
    let mut world = quiet_world(config(|config| config.remembered_ids = 1));
    let conn = world.peer(1, &Hello::default());
    forget(&mut world, &[conn]);
    let before = live();
    let mut kept = [0; 3];
    for round in 0..3 {
        let txs: Vec<_> = (0..500).map(|n| sample(1000 * round + n)).collect();
        let said: Vec<_> = txs.iter().flat_map(tx_message).collect();
        world.send(conn, NetworkMessage::Inv(txs.iter().map(by_wtxid).collect()));
        for read in said.chunks(997) {
            world.say(conn, read);
        }
        world.send(conn, NetworkMessage::Ping(1));
        world.say(conn, &Frame::new("headers", vec![1; 100_000]).bytes());
        forget(&mut world, &[conn]);
        drop((txs, said));
        kept[round as usize] = live() - before;
    }
    // The node's table of what is wanted keeps its size, and that is all.
    assert!(kept[0] < 80_000, "{kept:?} bytes are kept");
    assert_eq!(kept[0], kept[2], "{kept:?}");
}

/// Connections that are over leave nothing behind.
#[test]
fn connections_that_are_over_are_forgotten() {
    let mut world = quiet_world(config(|config| config.remembered_ids = 1));
    let mut after = Vec::with_capacity(200);
    for round in 0..200 {
        let conn = world.accept(peer_addr(1));
        world.greet(conn, &Hello { nonce: u64::from(round), ..Hello::default() });
        world.send(conn, NetworkMessage::Inv((0..300).map(|n| by_wtxid(&segwit_tx(n))).collect()));
        world.say(conn, &tx_message(&segwit_tx(round))[..100]);
        world.handle(Input::Disconnect { conn, redial: true, label: satwire_core::Label::LOCAL });
        world.advance(Duration::from_secs(100));
        forget(&mut world, &[conn]);
        after.push(live());
    }
    assert_eq!(after[9], after[199], "{after:?}");
}

/// The length that a header or a count claims is not reserved: it has to be sent.
#[test]
fn claimed_bytes_are_not_reserved() {
    let claims = [
        Frame::new("tx", [1, 0, 0, 0, 0xfe, 0, 0, 1, 0]).length(4_000_000).bytes(),
        Frame::new("inv", [&[0xfd, 0x50, 0xc3][..], &[7; 40]].concat()).length(1_800_003).bytes(),
        Frame::new("tx", [&[1, 0, 0, 0, 0, 1, 1][..], &[0; 41], &[0xfd, 0xff, 0xff]].concat()).bytes(),
        Frame::new("madeup", [1; 50]).length(4_000_000).bytes(),
    ];
    for claim in claims {
        let mut world = quiet_world(config(|config| config.remembered_ids = 1));
        let conn = world.peer(1, &Hello::default());
        forget(&mut world, &[conn]);
        let peak = Counting::peak_of(|| {
            for byte in &claim {
                world.say(conn, &[*byte]);
            }
        });
        assert!(peak <= 2 * claim.len().cast_signed() + 1000, "{peak} bytes for {}", claim.len());
    }
}

/// A long message that comes bit by bit costs no more than twice what has come.
#[test]
fn a_message_in_the_making_costs_what_has_come() {
    let mut world = quiet_world(config(|config| config.remembered_ids = 1));
    let conn = world.peer(1, &Hello::default());
    forget(&mut world, &[conn]);
    let frame = Frame::new("tx", vec![0; 3_000_000]).bytes();
    let before = live();
    let mut come = 0;
    for read in frame[..frame.len() - 1].chunks(1500) {
        world.say(conn, read);
        come += read.len();
        let kept = live() - before;
        assert!(kept <= 2 * come.cast_signed() + 200, "{kept} bytes for {come}");
    }
    // It is no transaction. Read or dropped, its bytes are given back.
    world.say(conn, &frame[frame.len() - 1..]);
    forget(&mut world, &[conn]);
    let kept = live() - before;
    assert!(kept <= 200, "{kept} bytes are kept");
}

/// The body of a message that we have no use for, or that is too long for its kind, is not kept.
#[test]
fn an_unwanted_body_costs_nothing() {
    let mut world = quiet_world(config(|config| config.remembered_ids = 1));
    let conn = world.peer(1, &Hello::default());
    for frame in [Frame::new("madeup", vec![1; 500_000]), Frame::new("ping", vec![1; 500_000])] {
        let bytes = frame.bytes();
        forget(&mut world, &[conn]);
        let before = live();
        for read in bytes.chunks(1500) {
            world.say(conn, read);
            forget(&mut world, &[conn]);
            let kept = live() - before;
            assert!(kept <= 200, "{kept} bytes are kept");
        }
    }
}

/// A peer that asks and never reads: the memory is flat once reading has paused.
#[test]
fn a_peer_that_never_reads_costs_what_is_allowed() {
    let mut world = quiet_world(config(|config| config.remembered_ids = 1));
    let conn = world.peer(1, &Hello::default());
    world.deaf.insert(conn);
    forget(&mut world, &[conn]);
    let pings = message(NetworkMessage::Ping(1)).repeat(2000);
    let before = live();
    for _ in 0..10_000 {
        if world.node.wants_read(conn) {
            world.say(conn, &pings);
        }
    }
    let paused = live() - before;
    assert!(paused <= 4_000_000, "{paused} bytes");
    world.advance(Duration::from_secs(1100));
    forget(&mut world, &[conn]);
    assert!(live() - before <= paused + 1000);
    // When the ping that it never answers ends it, all of it is free.
    world.advance(Duration::from_secs(300));
    forget(&mut world, &[conn]);
    assert!(live() - before <= 2000, "{} bytes", live() - before);
}

/// One request that is never answered does not keep those after it that are, and when they are done, their
/// memory is free.
#[test]
fn answered_requests_are_forgotten_after_one_that_is_not() {
    let config = config(|config| {
        config.remembered_ids = 1;
        config.max_announcements = 100;
    });
    let mut world = quiet_world(config);
    let conn = world.peer(1, &Hello::default());
    let names: Vec<_> = (0..100).map(|n| by_wtxid(&segwit_tx(n))).collect();
    world.send(conn, NetworkMessage::Inv(names[..1].to_vec()));
    forget(&mut world, &[conn]);
    let before = live();
    for _ in 0..1000 {
        world.send(conn, NetworkMessage::Inv(names[1..].to_vec()));
        world.send(conn, NetworkMessage::NotFound(names[1..].to_vec()));
        forget(&mut world, &[conn]);
        let kept = live() - before;
        assert!(kept <= 60_000, "{kept} bytes are kept");
    }
    world.advance(Duration::from_secs(61));
    forget(&mut world, &[conn]);
    let kept = live() - before;
    assert!(kept <= 22_000, "{kept} bytes are kept");
}

/// A peer that announces and goes, again and again, leaves nothing in the lists of who has what.
#[test]
fn announcers_that_are_gone_are_forgotten() {
    let mut world = quiet_world(config(|config| config.remembered_ids = 1));
    let names: Vec<_> = (0..100).map(|n| by_wtxid(&segwit_tx(n))).collect();
    let silent = world.peer(1, &Hello::default());
    world.send(silent, NetworkMessage::Inv(names.clone()));
    forget(&mut world, &[silent]);
    let before = live();
    for round in 0..200 {
        let conn = world.accept(peer_addr(2));
        world.greet(conn, &Hello { nonce: round, ..Hello::default() });
        world.send(conn, NetworkMessage::Inv(names.clone()));
        world.handle(Input::Disconnect { conn, redial: true, label: satwire_core::Label::LOCAL });
        forget(&mut world, &[conn]);
        // Places for as many announcements as there were at once, whatever the number of rounds.
        let kept = live() - before;
        assert!(kept <= 200 * 48, "{kept} bytes are kept");
    }
}

/// Many peers that announce at once make the table of what is wanted large, and it does not stay so.
#[test]
fn a_crowd_that_has_left_is_forgotten() {
    let mut world = quiet_world(config(|config| config.remembered_ids = 1));
    let stays = world.peer(1, &Hello::default());
    forget(&mut world, &[stays]);
    let before = live();
    let crowd: Vec<_> = (0..20)
        .map(|n| {
            let conn = world.accept(([198, 18, n as u8, 1], 1000).into());
            world.greet(conn, &Hello { nonce: n, ..Hello::default() });
            let name = |m: u64| Inventory::Unknown {
                inv_type: 5,
                hash: [m.to_le_bytes(); 4].concat().try_into().expect("32 bytes"),
            };
            world.send(conn, NetworkMessage::Inv((0..5000).map(|m| name(5000 * n + m)).collect()));
            forget(&mut world, &[conn]);
            conn
        })
        .collect();
    assert!(live() - before > 10_000_000, "{} bytes", live() - before);
    for conn in crowd {
        world.handle(Input::Disconnect { conn, redial: true, label: satwire_core::Label::LOCAL });
    }
    forget(&mut world, &[stays]);
    assert!(live() - before < 200_000, "{} bytes are kept", live() - before);
}

/// A bare peer whose owner asks for whatever is announced, as the README's does: what is kept of 72 MB of
/// announcements is what may be under way, and what its owner has not written.
#[test]
fn a_bare_peer_bounds_its_requests() {
    let clock = WallClock::default();
    let connection = ConnectionConfig::new(Direction::Outbound, 1, clock);
    let config = Config::new(NETWORK);
    let max_requests = config.max_requests;
    let mut peer = Peer::new(config.into(), connection, Instant::ZERO);
    let mut hello = &Hello::default().all()[..];
    while peer.receive(Instant::ZERO, &mut hello).is_some() {}
    peer.transmitted(usize::MAX);
    let before = live();
    let (mut asked, mut refused) = (0, 0);
    for n in 0..40_u64 {
        let name = |m: u64| Inventory::Unknown {
            inv_type: 5,
            hash: [(50_000 * n + m).to_le_bytes(); 4].concat().try_into().expect("32 bytes"),
        };
        let inv = message(NetworkMessage::Inv((0..50_000).map(name).collect()));
        let mut bytes = &inv[..];
        while let Some(event) = peer.receive(Instant::ZERO, &mut bytes) {
            let Event::Inv(items) = event else { panic!("{event:?}") };
            let count = items.len();
            let taken = peer.request(Instant::ZERO, items);
            asked += taken;
            refused += count - taken;
        }
        peer.transmitted(usize::MAX);
        drop(inv);
        let kept = live() - before;
        assert!(kept <= 150 * 5000, "{kept} bytes are kept");
    }
    assert_eq!((asked, refused), (max_requests, 2_000_000 - max_requests));
}

/// A caller that never writes and never asks whether to read. One message more than `max_unsent` is answered.
#[test]
fn a_bare_peer_bounds_its_answers() {
    let connection = ConnectionConfig::new(Direction::Outbound, 1, WallClock::default());
    let mut peer = Peer::new(Config::new(NETWORK).into(), connection, Instant::ZERO);
    let mut hello = &Hello::default().all()[..];
    while peer.receive(Instant::ZERO, &mut hello).is_some() {}
    let pings = message(NetworkMessage::Ping(7)).repeat(10_000);
    let getdata = message(NetworkMessage::GetData(vec![by_txid(&sample(1)); 50_000]));
    for flood in [pings, getdata] {
        for _ in 0..100 {
            let mut bytes = &flood[..];
            while peer.receive(Instant::ZERO, &mut bytes).is_some() {}
            assert!(!peer.wants_read() || peer.transmit().len() <= 1_000_000);
        }
        let unsent = peer.transmit().len();
        assert!((5_000_000..=7_000_000).contains(&unsent), "{unsent} bytes wait");
        peer.transmitted(usize::MAX);
    }
}

/// Frames of all sorts, most of them nonsense.
fn frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let commands = ["inv", "getdata", "notfound", "tx", "ping", "pong", "headers", "version", "madeup"];
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        (1..100_u32).prop_map(|n| bitcoin::consensus::serialize(&sample(n))),
        (0..60_u8, prop::sample::select(vec![1, 2, 5, 0x4000_0001_u32])).prop_map(|(count, inv_type)| {
            let entry = Inventory::Unknown { inv_type, hash: [count; 32] };
            bitcoin::consensus::serialize(&vec![entry; usize::from(count)])
        }),
    ];
    let frame = (prop::sample::select(commands.to_vec()), payload)
        .prop_map(|(command, payload)| Frame::new(command, payload).bytes());
    prop::collection::vec(frame, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The bytes that came bound what is kept, with the outbox unread and no event taken away.
    #[test]
    fn memory_is_bounded_by_the_bytes_that_came(said in frames(), cut in 1..500_usize) {
        let mut world = quiet_world(config(|config| config.remembered_ids = 1));
        let conn = world.peer(1, &Hello::default());
        forget(&mut world, &[conn]);
        world.deaf.insert(conn);
        let stream = said.concat();
        let before = live();
        for read in stream.chunks(cut) {
            world.say(conn, read);
        }
        world.take_events();
        world.take_orders();
        let kept = live() - before;
        prop_assert!(kept <= 4 * stream.len().cast_signed() + 4000, "{} bytes for {}", kept, stream.len());
    }
}
