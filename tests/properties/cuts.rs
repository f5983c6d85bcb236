//! Where a stream is cut never changes what happens.

use std::collections::BTreeMap;
use std::time::Duration;

use bitcoin::consensus::serialize;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{
    Frame, Hello, World, by_txid, by_wtxid, config, legacy_tx, message, peer_addr, segwit_tx, tx_message,
};
use proptest::prelude::*;
use satwire_core::node::{ConnId, Event, Input};
use satwire_core::peer::Direction;

/// One step of a session.
enum Step {
    /// These bytes arrive, cut anywhere.
    Say(Vec<u8>),
    /// Time passes.
    Wait(Duration),
}

/// The outcome of a session.
#[derive(PartialEq, Eq)]
struct Outcome {
    /// The bytes that were queued. How many of them were written before the end is the driver's business.
    queued: BTreeMap<ConnId, Vec<u8>>,
    events: Vec<Event>,
    transcript: String,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let queued: usize = self.queued.values().map(Vec::len).sum();
        write!(f, "{queued} bytes queued\n{}", self.transcript)
    }
}

/// A session with everything that a peer can say, good and bad.
fn session(hello: &Hello, end: &Frame) -> Vec<Step> {
    let ping = |nonce| message(NetworkMessage::Ping(nonce));
    let inv = |list: Vec<Inventory>| message(NetworkMessage::Inv(list));
    let name = |n: u32| {
        let tx = if n.is_multiple_of(2) { segwit_tx(n) } else { legacy_tx(n) };
        if hello.wtxidrelay { by_wtxid(&tx) } else { by_txid(&tx) }
    };
    let steps = [
        // Before its time, and then the handshake.
        vec![ping(1), message(NetworkMessage::Verack), Frame::new("madeup", [1; 100]).bytes()],
        vec![
            hello.until_verack(),
            hello.version(),
            ping(2),
            inv(vec![name(1)]),
            message(NetworkMessage::Verack),
        ],
        vec![ping(3), message(NetworkMessage::FeeFilter(1000)), message(NetworkMessage::SendHeaders)],
        // Announced, delivered, missing, and unasked.
        vec![inv((0..40).map(name).collect()), ping(4)],
        vec![
            tx_message(&segwit_tx(0)),
            tx_message(&legacy_tx(1)),
            message(NetworkMessage::NotFound((2..5).map(name).collect())),
            tx_message(&legacy_tx(99)),
            tx_message(&legacy_tx(99)),
            Frame::new("tx", [serialize(&segwit_tx(98)), b"more".to_vec()].concat()).bytes(),
            inv(vec![name(0), name(50), name(1)]),
        ],
        // Asked of us.
        vec![message(NetworkMessage::GetData(vec![by_txid(&legacy_tx(1)), name(2), name(3)])), ping(5)],
        // Bad in many ways.
        vec![
            Frame::new("ping", [1; 8]).wrong_checksum().bytes(),
            Frame::new("inv", [0xfd, 3]).bytes(),
            Frame::new("tx", [7; 80]).bytes(),
            Frame::new("", [3; 9]).command(*b"a\0b\xff\0\0\0\0\0\0\0\0").bytes(),
            Frame::new("feefilter", vec![0; 2000]).bytes(),
            Frame::new("headers", vec![0xee; 20_000]).bytes(),
            Frame::new("pong", []).bytes(),
            ping(6),
        ],
        // The last message of a session ends it; what stands after it is not read.
        vec![ping(7), inv(vec![name(60)]), end.bytes(), ping(8)],
    ];
    let waits = [0, 10, 20, 100, 61_000, 5, 130_000, 1].map(Duration::from_millis);
    let steps = steps.into_iter().zip(waits);
    steps.flat_map(|(said, wait)| [Step::Say(said.concat()), Step::Wait(wait)]).collect()
}

/// The ends that a peer can bring about.
fn ends() -> [Frame; 4] {
    [
        Frame::new("ping", [0; 8]).magic(*b"HTTP"),
        Frame::new("tx", []).length(4_000_001),
        Frame::new("inv", [0xfe, 0, 0, 1, 0, 9, 9]),
        Frame::new("sendaddrv2", []),
    ]
}

/// Runs a session; `cut` says how many bytes the next read has.
fn run(steps: &[Step], direction: Direction, mut cut: impl FnMut() -> usize) -> Outcome {
    let mut world = World::new(config(|config| config.remembered_ids = 1000));
    let conn = open(&mut world, direction);
    world.peer(2, &Hello::default());
    for step in steps {
        match step {
            Step::Say(bytes) => {
                let mut bytes = &bytes[..];
                while !bytes.is_empty() {
                    let (read, rest) = bytes.split_at(cut().clamp(1, bytes.len()));
                    world.handle(Input::Received(conn, read));
                    bytes = rest;
                }
            }
            Step::Wait(time) => world.advance(*time),
        }
    }
    let queued = world.node.environment().environment.queued.clone();
    Outcome { queued, transcript: world.transcript().to_owned(), events: world.take_events() }
}

fn open(world: &mut World, direction: Direction) -> ConnId {
    match direction {
        Direction::Inbound => world.accept(peer_addr(1)),
        Direction::Outbound => world.dial(peer_addr(1)),
    }
}

/// The rich session says what it is meant to say: or the other tests would compare nothing.
#[test]
fn the_session_is_rich() {
    let outcome = run(&session(&Hello::default(), &ends()[0]), Direction::Outbound, || usize::MAX);
    for line in [
        "c1 ← ping, 8 bytes, ignored: before version",
        "c1 ← inv, 37 bytes, ignored: before verack",
        "c1 ← handshake 70016 with /scripted:1.0/",
        "c1 ← inv 40 (wtx): 40 new, 40 asked for",
        "c1 → getdata 40 (wtx)",
        "c1 ← notfound 3 (wtx)",
        "c1 ← tx, 112 bytes, ignored: known already",
        "c1 no answer to 35 (wtx)",
        "c1 → notfound 3 (1 tx, 2 wtx)",
        "ignored: malformed: wrong checksum",
        "c1 ← headers, 20000 bytes, ignored: unhandled",
        "c1 over: message starts with",
    ] {
        assert!(outcome.transcript.contains(line), "no «{line}» in\n{}", outcome.transcript);
    }
}

#[test]
fn one_read_or_single_bytes_make_no_difference() {
    for direction in [Direction::Outbound, Direction::Inbound] {
        for hello in [Hello::default(), Hello::btcd()] {
            for end in ends() {
                let steps = session(&hello, &end);
                let whole = run(&steps, direction, || usize::MAX);
                assert_eq!(whole, run(&steps, direction, || 1), "single bytes");
                // The size of a header is where most of the cuts matter.
                for size in [2, 3, 23, 24, 25, 33, 1000] {
                    assert_eq!(whole, run(&steps, direction, || size), "reads of {size}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_cuts_make_no_difference(
        sizes in prop::collection::vec(prop_oneof![1..40_usize, 1..3000_usize], 1..60),
        outbound: bool,
        wtxid: bool,
        end in 0..4_usize,
    ) {
        let direction = if outbound { Direction::Outbound } else { Direction::Inbound };
        let hello = if wtxid { Hello::default() } else { Hello::btcd() };
        let steps = session(&hello, &ends()[end]);
        let mut sizes = sizes.into_iter().cycle();
        let cut = run(&steps, direction, || sizes.next().expect("an endless list"));
        prop_assert_eq!(run(&steps, direction, || usize::MAX), cut);
    }
}
