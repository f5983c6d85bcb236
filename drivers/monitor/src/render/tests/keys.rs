//! One key has one type, in whatever event or object it stands: whoever reads the lines into a table has one column
//! for it.

use std::collections::{BTreeMap, BTreeSet};

use satwire_core::node::Verdict;
use serde_json::Value;

use super::extremes::{of_size, with_script};
use super::messages::{frame, seen};
use super::*;
use crate::event_set;
use satwire_capture::journal::Way;

/// Of `clock` it is a number, of `tx_propagation` an object: programs rely on both.
const OF_CLOCK_AND_PROPAGATION: &str = "offset";

/// Bitcoin Core's own object has this in two types: `vout` is which output is spent, and all outputs that there are.
const BITCOIN_CORES_OWN: [&str; 1] = ["vout"];

/// A line of each kind, with whatever can be in it.
fn lines() -> String {
    let mut lines = Lines::new(Format::Json, true);
    let at = Instant::from_micros(1_000_000);
    let gap = Gap { dropped: 3, by_peer: vec![(ConnId(7), 2)], rest: 1 };
    let traffic = Traffic { received: 1, sent: 1, sent_unknown: false, journal_until: Some(at) };
    lines.renderer.entry(&lines.model.start(at), &mut lines.out);
    for kind in kinds() {
        lines.event(event(1, kind));
    }
    lines.renderer = lines.renderer.with_hex(true);
    for message in
        [frame(Command::PING, &[1; 8]), frame(Command::PING, &[1]), frame(Command::ALERT, &[1; 1000])]
    {
        let message = lines.model.message(seen(Way::Received, message));
        lines.renderer.entry(&message, &mut lines.out);
    }
    lines.renderer.entry(&lines.model.gap(at, gap), &mut lines.out);
    lines.renderer.entry(&lines.model.summary(at, traffic), &mut lines.out);
    lines.take()
}

fn kinds() -> Vec<EventKind> {
    let address = Address::Name { host: "node.example".into(), port: 18444 };
    let failed = |next| vec![FailedRequest::new(item(1), next)];
    let rejection = |hash| Box::new(Reject { command: b"tx", code: 0x10, reason: b"dust", hash }.into());
    let because = IgnoredReason::Malformed(Fault::Checksum);
    let mut kinds = vec![
        EventKind::Connected { addr: "[::1]:18444".parse().unwrap(), direction: Direction::Inbound },
        EventKind::Clock(CLOCK),
        EventKind::DialFailed {
            address,
            reason: CloseReason::Io(IoError::Refused),
            retry: Duration::from_millis(750),
        },
        EventKind::Handshake(Box::new(negotiated(b"/x:1/"))),
        EventKind::Pong { rtt: Duration::from_secs(1), min: Duration::ZERO },
        EventKind::Feefilter(1000),
        EventKind::Announced(vec![Announcement::new(item(1), true, false)]),
        EventKind::Propagation(Box::new(spread())),
        EventKind::Notfound(failed(Some(ConnId(7)))),
        EventKind::Notfound(failed(None)),
        EventKind::Unanswered(failed(Some(ConnId(7)))),
        EventKind::Rejected(rejection(None)),
        EventKind::Rejected(rejection(Some(Hash([1; 32])))),
        EventKind::Ignored { command: Command::ADDR, bytes: 9, because },
        EventKind::Verdict { verdict: Verdict::InvsStopped, since: Instant::ZERO },
        EventKind::Offline { since: Instant::ZERO },
        EventKind::Online { after: Duration::from_secs(1) },
    ];
    kinds.extend(txs().into_iter().flat_map(|tx| {
        [None, Some(Duration::from_micros(5))].map(|latency| EventKind::Tx { tx: tx.clone(), latency })
    }));
    kinds.push(EventKind::Disconnected(CloseReason::Local(Label::LOCAL)));
    kinds
}

/// Legacy, with witnesses, a coinbase, an output that has an address, and one that is abridged.
fn txs() -> [Tx; 5] {
    let mut coinbase = legacy(1, &[0]);
    coinbase[5..37].fill(0);
    coinbase[37..41].fill(0xff);
    let anchor = with_script(&[0x51, 2, 0x4e, 0x73]);
    [tx(&legacy(-1, &[i64::MIN])), tx(&segwit()), tx(&coinbase), anchor, of_size(100_001)]
}

fn type_of(value: &Value) -> Option<&'static str> {
    match value {
        // An unknown value has no type of its own.
        Value::Null => None,
        Value::Bool(_) => Some("bool"),
        Value::Number(_) => Some("number"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    }
}

fn collect(value: &Value, types: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                types.entry(key.clone()).or_default().extend(type_of(value));
                collect(value, types);
            }
        }
        Value::Array(array) => array.iter().for_each(|value| collect(value, types)),
        _ => {}
    }
}

/// The names by which `--events` chooses are those in the lines.
#[test]
fn events_are_chosen_by_their_names() {
    let mut chosen = BTreeSet::new();
    for kind in kinds() {
        let name = event_set::name(&kind).expect("a line tells of it");
        for line in Lines::of(Format::Json, event(1, kind.clone())).lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["event"], name);
        }
        let only = EventSet::parse(name).unwrap();
        assert_eq!((only.list().as_str(), only.has(&kind)), (name, true));
        chosen.insert(name);
    }
    // No event of a node: these are told of captures of others, and of messages.
    chosen.extend(["difference", "loss", "message", "opaque"]);
    let all = EventSet::usual().with_net().list();
    assert!(all.split(',').eq(chosen), "each is looked at here: {all}");
}

#[test]
fn one_key_has_one_type() {
    let (mut types, mut events) = (BTreeMap::new(), BTreeSet::new());
    for line in lines().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        events.insert(line["event"].as_str().unwrap().to_owned());
        collect(&line, &mut types);
    }
    // An event that is not looked at here may have any keys.
    let expected = [
        "clock",
        "feefilter",
        "gap",
        "ignored",
        "message",
        "offline",
        "online",
        "peer_connected",
        "peer_dial_failed",
        "peer_disconnected",
        "peer_handshake",
        "peer_ping",
        "peer_reject",
        "peer_verdict",
        "start",
        "summary",
        "tx",
        "tx_announced",
        "tx_notfound",
        "tx_propagation",
        "tx_unanswered",
    ];
    assert_eq!(events.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    for key in [
        "program_version",
        "journal_until",
        "abridged",
        "inputs",
        "coinbase",
        "txinwitness",
        "address",
        "latency",
        "next",
        "says",
        "malformed",
        "left_out",
    ] {
        assert!(types.contains_key(key), "{key} does not occur");
    }
    for (key, types) in types {
        if BITCOIN_CORES_OWN.contains(&key.as_str()) || key == OF_CLOCK_AND_PROPAGATION {
            assert_eq!(types.len(), 2, "{key}: {types:?}");
        } else {
            assert_eq!(types.len(), 1, "{key}: {types:?}");
        }
    }
}
