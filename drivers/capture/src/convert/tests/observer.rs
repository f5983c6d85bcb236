//! The findings that an observer makes of observations.

use std::time::Duration;

use satwire_core::node::EventKind;
use satwire_core::peer::Direction as Side;
use satwire_core::wire::{
    self, Command, Hash, InvType, Inventory, NetAddress, Services, TxView, Version, Wtxid,
};
use satwire_core::{CloseReason, Config, Instant, Magic, Network, WallClock};

use super::*;
use crate::convert::{Difference, Finding, Found, NOW, Observer};
use crate::journal::{Close, Observation, Observed, Origin, Prologue, Way};

const MAGIC: Magic = Network::Regtest.magic();
const CONN: ConnId = ConnId(1);

fn at(millis: u64) -> Instant {
    Instant::from_micros(millis * 1000)
}

fn prologue() -> Prologue {
    let mut prologue = Prologue::new("test", Config::new(Network::Regtest), WallClock::default());
    prologue.origin = Some(Origin::Pcap);
    prologue
}

fn message(command: Command, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire::encode_frame(&mut bytes, MAGIC, command, |out| out.extend_from_slice(payload));
    bytes
}

fn version(user_agent: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let version = Version {
        version: 70016,
        services: Services::NETWORK | Services::WITNESS,
        timestamp: 0,
        addr_recv: NetAddress::UNSPECIFIED,
        addr_from: NetAddress::UNSPECIFIED,
        nonce: 7,
        user_agent: user_agent.into(),
        start_height: 7,
        relay: true,
    };
    version.encode(&mut bytes, MAGIC);
    bytes
}

/// A transaction, by its lock time.
fn tx(number: u32) -> Vec<u8> {
    let start = [&[1, 0, 0, 0, 1][..], &[9; 36], &[0], &[0xff; 4], &[1, 1, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
    [start, number.to_le_bytes().into()].concat()
}

fn wtxid(number: u32) -> Hash {
    let Wtxid(hash) = TxView::decode(&tx(number)).unwrap().wtxid();
    Hash(hash)
}

fn items(command: Command, inv_type: InvType, numbers: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let items = numbers.iter().map(|number| Inventory { inv_type, hash: wtxid(*number) });
    wire::encode_inventory(&mut bytes, MAGIC, command, items.collect::<Vec<_>>());
    bytes
}

/// A connection that we dialled and whose handshake is done at 0 ms, and more.
struct Talk(Vec<Observation>);

impl Talk {
    fn new() -> Self {
        let mut talk = Self::opened(false);
        talk.push(0, Way::Sent, version("/us:1/"));
        let hello = [version("/peer:1/"), message(Command::WTXIDRELAY, &[]), message(Command::VERACK, &[])];
        talk.push(0, Way::Received, hello.concat());
        talk.push(0, Way::Sent, [message(Command::WTXIDRELAY, &[]), message(Command::VERACK, &[])].concat());
        talk
    }

    fn opened(adopted: bool) -> Self {
        let peer = "203.0.113.5:18444".parse::<SocketAddr>().unwrap().into();
        let what = Observed::Opened { peer, us: None, direction: Side::Outbound, adopted };
        Self(vec![Observation { at: at(0), conn: CONN, what }])
    }

    fn push(&mut self, millis: u64, way: Way, bytes: Vec<u8>) {
        self.0.push(Observation { at: at(millis), conn: CONN, what: Observed::Bytes(way, bytes) });
    }

    fn closed(&mut self, millis: u64, close: Close) {
        self.0.push(Observation { at: at(millis), conn: CONN, what: Observed::Closed(close) });
    }

    /// All that is told after the handshake.
    fn told(self) -> Vec<Finding> {
        let told = self.all();
        let is_handshake = |finding: &Finding| matches!(finding.what, Found::Event(EventKind::Handshake(_)));
        let handshake = told.iter().position(is_handshake).unwrap();
        told[handshake + 1..].to_vec()
    }

    fn all(self) -> Vec<Finding> {
        let mut observer = Observer::new(&prologue());
        let mut told = Vec::new();
        for observation in self.0 {
            observer.observe(observation);
            told.extend(std::iter::from_fn(|| observer.poll()));
        }
        observer.finish();
        told.extend(std::iter::from_fn(|| observer.poll()));
        assert!(told.is_sorted_by_key(|finding| finding.at), "{told:#?}");
        told
    }
}

/// The transactions that were told: when, which, and how long after the recorded node asked.
fn txs(told: &[Finding]) -> Vec<(Instant, Hash, Option<Duration>)> {
    let tx = |finding: &Finding| match &finding.what {
        Found::Event(EventKind::Tx { tx, latency }) => Some((finding.at, tx.wtxid().into(), *latency)),
        _ => None,
    };
    told.iter().filter_map(tx).collect()
}

fn differences(told: &[Finding]) -> Vec<(Instant, Difference)> {
    let difference = |finding: &Finding| match finding.what {
        Found::Difference(difference) => Some((finding.at, difference)),
        _ => None,
    };
    told.iter().filter_map(difference).collect()
}

/// The recorded `getdata` holds what a node knows of itself.
#[test]
fn requests_and_latencies_are_those_of_the_recorded_node() {
    let mut talk = Talk::new();
    talk.push(100, Way::Received, items(Command::INV, InvType::WTX, &[1, 2, 3]));
    talk.push(150, Way::Sent, items(Command::GETDATA, InvType::WTX, &[1]));
    talk.push(170, Way::Received, message(Command::TX, &tx(1)));
    // Too late for an answer to the inventory, and a request all the same.
    let late = 100 + NOW.as_millis() as u64;
    talk.push(late, Way::Sent, items(Command::GETDATA, InvType::WTX, &[2]));
    talk.push(late + 30, Way::Received, message(Command::TX, &tx(2)));
    talk.push(late + 40, Way::Received, message(Command::TX, &tx(4)));
    let told = talk.told();
    let Found::Event(EventKind::Announced(announced)) = &told[0].what else { panic!("{:?}", told[0]) };
    assert_eq!(told[0].at, at(100));
    let flags: Vec<_> = announced.iter().map(|entry| (entry.first, entry.requested)).collect();
    assert_eq!(flags, [(true, true), (true, false), (true, false)]);
    let millis = |millis| Some(Duration::from_millis(millis));
    assert_eq!(
        txs(&told),
        [
            (at(170), wtxid(1), millis(20)),
            (at(late + 30), wtxid(2), millis(30)),
            (at(late + 40), wtxid(4), None)
        ]
    );
    // Our core would have asked for all three.
    assert_eq!(differences(&told), [(at(100), Difference::Asks { ours: 3, theirs: 1, both: 1 })]);
}

/// A recorded node that asks as our core does is no news.
#[test]
fn a_node_that_does_the_same_makes_no_difference() {
    let mut talk = Talk::new();
    talk.push(100, Way::Received, items(Command::INV, InvType::WTX, &[1, 2]));
    talk.push(150, Way::Sent, items(Command::GETDATA, InvType::WTX, &[1, 2]));
    talk.push(200, Way::Received, [message(Command::TX, &tx(1)), message(Command::TX, &tx(2))].concat());
    // Hours of silence in which nobody pings: nothing that our core needs is missing.
    talk.push(10_000_000, Way::Received, message(Command::TX, &tx(3)));
    let told = talk.told();
    assert_eq!(differences(&told), []);
    assert_eq!(txs(&told).len(), 3);
}

/// Deadlines are kept by the clock of the capture, not by what comes next.
#[test]
fn a_request_without_an_answer_is_told_when_it_is_due() {
    let mut talk = Talk::new();
    talk.push(100, Way::Received, items(Command::INV, InvType::WTX, &[1]));
    talk.push(150, Way::Sent, items(Command::GETDATA, InvType::WITNESS_TX, &[1]));
    talk.push(300_000, Way::Received, message(Command::TX, &tx(1)));
    let told = talk.told();
    let unanswered =
        told.iter().filter(|finding| matches!(finding.what, Found::Event(EventKind::Unanswered(_))));
    assert_eq!(unanswered.map(|finding| finding.at).collect::<Vec<_>>(), [at(60_150)]);
    // It may still be answered.
    assert_eq!(txs(&told), [(at(300_000), wtxid(1), Some(Duration::from_millis(299_850)))]);
}

/// An import observes: it never closes.
#[test]
fn where_our_core_would_have_closed_everything_after_it_is_told() {
    let cases: [(Vec<u8>, &str); 3] = [
        (message(Command::WTXIDRELAY, &[]), "late_feature"),
        (b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n".into(), "wrong_magic"),
        // 50,001 entries, as the count claims.
        (message(Command::INV, &[0xfd, 0x51, 0xc3]), "too_many_entries"),
    ];
    for (bytes, expected) in cases {
        let mut talk = Talk::new();
        talk.push(100, Way::Received, bytes);
        talk.push(200, Way::Received, message(Command::TX, &tx(1)));
        talk.push(300, Way::Sent, items(Command::GETDATA, InvType::WTX, &[2]));
        talk.push(400, Way::Received, message(Command::TX, &tx(2)));
        let told = talk.told();
        let differences = differences(&told);
        let [(when, Difference::Closes(reason))] = differences[..] else { panic!("{differences:?}") };
        assert_eq!((when, reason.as_str()), (at(100), expected));
        let hashes: Vec<_> = txs(&told).into_iter().map(|(_, hash, latency)| (hash, latency)).collect();
        assert_eq!(hashes, [(wtxid(1), None), (wtxid(2), Some(Duration::from_millis(100)))], "{expected}");
        assert!(!told.iter().any(|told| matches!(told.what, Found::Event(EventKind::Disconnected(_)))));
    }
}

/// On loopback each connection that was dialled may be of another node: what each gets is told.
#[test]
fn several_nodes_in_one_capture_get_a_transaction_each() {
    let us = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
    let elsewhere = Some(SocketAddr::from(([10, 0, 0, 1], 5)));
    let (same, other): (SocketAddr, SocketAddr) =
        (([127, 0, 0, 1], 18555).into(), ([10, 0, 0, 9], 18555).into());
    let (dialled, accepted) = (Side::Outbound, Side::Inbound);
    for (first, second, peer, direction, count) in [
        (us(50_001), us(50_002), same, dialled, 2),
        (us(18_444), us(18_444), same, accepted, 1),
        (us(18_444), us(18_445), same, accepted, 2),
        (elsewhere, elsewhere, other, dialled, 1),
        (None, None, same, dialled, 1),
    ] {
        let mut observer = Observer::new(&prologue());
        for (conn, us) in [(ConnId(1), first), (ConnId(2), second)] {
            let what = Observed::Opened { peer: peer.into(), us, direction, adopted: true };
            observer.observe(Observation { at: at(0), conn, what });
            let bytes = message(Command::TX, &tx(1));
            observer.observe(Observation { at: at(1), conn, what: Observed::Bytes(Way::Received, bytes) });
        }
        let told: Vec<_> = std::iter::from_fn(|| observer.poll()).collect();
        assert_eq!(txs(&told).len(), count, "{first:?} {second:?}");
    }
}

/// A clock that jumps by centuries costs no more than its budget.
#[test]
fn our_core_is_left_alone_when_time_jumps() {
    let mut talk = Talk::new();
    let years = 300 * 365 * 24 * 60 * 60 * 1000;
    talk.push(years, Way::Received, message(Command::TX, &tx(1)));
    talk.push(years + 1, Way::Received, message(Command::WTXIDRELAY, &[]));
    let told = talk.told();
    assert_eq!(txs(&told), [(at(years), wtxid(1), None)]);
    assert_eq!(differences(&told), []);
}

/// A handshake that never ends is given up by our core when it is due, and by nobody else.
#[test]
fn our_core_s_deadlines_fire_when_they_are_due() {
    let mut talk = Talk::opened(false);
    talk.push(0, Way::Sent, version("/us:1/"));
    talk.push(10, Way::Received, version("/peer:1/"));
    talk.push(90_000, Way::Received, message(Command::VERACK, &[]));
    let told = talk.all();
    let differences = differences(&told);
    let [(when, Difference::Closes(CloseReason::HandshakeTimeout(_)))] = differences[..] else {
        panic!("{differences:?}")
    };
    assert_eq!(when, at(30_000));
    assert!(told.iter().any(|told| matches!(told.what, Found::Event(EventKind::Handshake(_)))));
}

/// BIP324, or anything else that is no Bitcoin.
#[test]
fn a_stream_without_messages_is_told_as_opaque_with_its_bytes() {
    let mut talk = Talk::opened(false);
    talk.push(10, Way::Sent, (0..100).collect());
    talk.push(20, Way::Received, (100..255).collect());
    talk.push(30, Way::Received, vec![7; 45]);
    talk.closed(40, Close::Finished(Way::Received));
    let told: Vec<_> = talk.all().into_iter().map(|finding| (finding.at, finding.what)).collect();
    assert!(matches!(told[0].1, Found::Connected { .. }));
    assert_eq!(told[1], (at(40), Found::Opaque { received: 200, sent: 100 }));
    assert!(matches!(told[2].1, Found::Event(EventKind::Disconnected(_))));
    assert_eq!(told.len(), 3);
}

#[test]
fn what_comes_after_one_end_has_finished_is_told() {
    let mut talk = Talk::new();
    talk.closed(100, Close::Finished(Way::Sent));
    talk.push(200, Way::Received, message(Command::TX, &tx(1)));
    assert_eq!(txs(&talk.told()), [(at(200), wtxid(1), None)]);
}

/// Nothing is known of its handshake, and nothing is made up.
#[test]
fn a_connection_without_its_beginning_is_adopted() {
    let mut talk = Talk::opened(true);
    talk.push(10, Way::Received, [vec![3; 50], message(Command::TX, &tx(1))].concat());
    talk.push(20, Way::Received, items(Command::INV, InvType::TX, &[2]));
    talk.push(30, Way::Sent, items(Command::GETDATA, InvType::WITNESS_TX, &[2]));
    talk.push(40, Way::Received, message(Command::TX, &tx(2)));
    let told = talk.all();
    assert!(matches!(told[0].what, Found::Connected { adopted: true, .. }));
    let expected = [(at(10), wtxid(1), None), (at(40), wtxid(2), Some(Duration::from_millis(10)))];
    assert_eq!(txs(&told), expected);
    assert_eq!(differences(&told), []);
}

/// The nonce of a pong says which ping it answers.
#[test]
fn pongs_answer_recorded_pings() {
    let mut talk = Talk::new();
    talk.push(100, Way::Sent, message(Command::PING, &[1; 8]));
    talk.push(130, Way::Received, message(Command::PONG, &[2; 8]));
    talk.push(150, Way::Received, message(Command::PONG, &[1; 8]));
    talk.push(160, Way::Received, message(Command::PONG, &[1; 8]));
    let pongs: Vec<_> = talk
        .told()
        .into_iter()
        .filter_map(|finding| match finding.what {
            Found::Event(EventKind::Pong { rtt, .. }) => Some((finding.at, rtt)),
            _ => None,
        })
        .collect();
    assert_eq!(pongs, [(at(150), Duration::from_millis(50))]);
}

/// A loss takes what it takes and nothing more; our core is asked no further.
#[test]
fn after_a_loss_messages_are_found_again() {
    let mut talk = Talk::new();
    let whole = message(Command::TX, &tx(1));
    talk.push(100, Way::Received, whole[..40].into());
    let lost = Observed::Lost(Way::Received, Some(whole.len() as u64 - 40));
    talk.0.push(Observation { at: at(200), conn: CONN, what: lost });
    talk.push(200, Way::Received, message(Command::TX, &tx(2)));
    talk.push(300, Way::Received, message(Command::WTXIDRELAY, &[]));
    let told = talk.told();
    assert_eq!(txs(&told), [(at(200), wtxid(2), None)]);
    let bytes = Some(whole.len() as u64 - 40);
    assert!(told.iter().any(|told| told.what == Found::Lost { way: Way::Received, bytes }));
    assert_eq!(differences(&told), []);
}

/// Every message, both ways, before what follows from it.
#[test]
fn messages_are_told_if_they_are_asked_for() {
    let mut talk = Talk::new();
    talk.push(100, Way::Received, message(Command::new("strange"), &[5; 9]));
    let mut observer = Observer::new(&prologue()).with_messages();
    let mut commands = Vec::new();
    for observation in talk.0 {
        observer.observe(observation);
        while let Some(finding) = observer.poll() {
            if let Found::Message { way, frame } = finding.what {
                commands.push(format!("{} {}", way.as_str(), name(frame[4..16].try_into().unwrap())));
            }
        }
    }
    assert_eq!(
        commands,
        [
            "out version",
            "in version",
            "in wtxidrelay",
            "in verack",
            "out wtxidrelay",
            "out verack",
            "in strange"
        ]
    );
}
