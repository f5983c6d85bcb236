//! Real captures against independent readers of them.

use std::collections::BTreeMap;

use super::rewrite::{Dice, Harm, rewrite};
use super::*;
use crate::convert::End;
use crate::journal::Origin;

/// How often each command went each way, as `tshark -r core-regtest.pcap -Y 'bitcoin && tcp.srcport==PORT'
/// -T fields -e bitcoin.command` counts.
const FROM_DIALLER: [(&str, usize); 15] = [
    ("feefilter", 2),
    ("getaddr", 1),
    ("getdata", 5),
    ("getheaders", 2),
    ("headers", 1),
    ("inv", 1),
    ("ping", 1),
    ("pong", 1),
    ("sendaddrv2", 1),
    ("sendcmpct", 2),
    ("sendheaders", 1),
    ("tx", 1),
    ("verack", 1),
    ("version", 1),
    ("wtxidrelay", 1),
];
const TO_DIALLER: [(&str, usize); 15] = [
    ("block", 6),
    ("cmpctblock", 101),
    ("feefilter", 2),
    ("getdata", 1),
    ("getheaders", 1),
    ("headers", 2),
    ("inv", 4),
    ("ping", 1),
    ("pong", 1),
    ("sendaddrv2", 1),
    ("sendcmpct", 1),
    ("tx", 14),
    ("verack", 1),
    ("version", 1),
    ("wtxidrelay", 1),
];

fn counts(messages: &[Found], direction: Direction) -> Vec<(&str, usize)> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for (_, _, _, command, _) in messages.iter().filter(|message| message.1 == direction) {
        *counts.entry(command).or_default() += 1;
    }
    counts.into_iter().collect()
}

#[test]
fn packets_hold_the_messages_that_tshark_finds() {
    let capture = Capture::open(&committed("core-regtest.pcap")).unwrap();
    assert_eq!(capture.origin(), Origin::Pcap);
    let events = whole(capture);
    let CaptureEvent::Opened { from, to, time, adopted, .. } = &events[0] else { panic!("{:?}", events[0]) };
    let at = |addr: &str| End::At(addr.parse::<SocketAddr>().unwrap().into());
    assert_eq!((from, to), (&at("127.0.0.1:55232"), &at("127.0.0.1:28777")));
    // The answer to the SYN.
    assert_eq!((*time, *adopted), (1_795_614_895_610_997, false));
    let messages = messages(events);
    assert_eq!(counts(&messages, Direction::Forward), FROM_DIALLER);
    assert_eq!(counts(&messages, Direction::Backward), TO_DIALLER);
}

/// Two btcds and a satwire that watches both, and their transactions as an independent reader of the TCP streams finds
/// them: how many, and the first and the last of each stream.
#[test]
fn packets_of_btcd_hold_the_transactions_that_an_independent_reader_finds() {
    let events = whole(Capture::open(&committed("btcd-simnet.pcap")).unwrap());
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for (ConnId(conn), direction, _, command, payload) in messages(events) {
        if command == "tx" {
            let tx = satwire_core::wire::TxView::decode(&payload).unwrap();
            found.entry((conn, direction)).or_default().push(tx.txid().to_string());
        }
    }
    let found: Vec<_> = found
        .iter()
        .map(|(stream, ids)| (*stream, ids.len(), &ids[0][..8], &ids[ids.len() - 1][..8]))
        .collect();
    let back = Direction::Backward;
    assert_eq!(
        found,
        [
            ((1, back), 12, "0b1bc599", "49ece187"),
            ((2, back), 10, "bbf55054", "49ece187"),
            ((3, back), 2, "0b1bc599", "beae86af")
        ]
    );
}

/// The same with segments dropped, repeated and out of order: made from it, so that one can see how.
#[test]
fn a_harmed_capture_of_btcd_gives_what_is_left() {
    let made = harmed_btcd();
    assert_eq!(std::fs::read(committed("btcd-simnet-harmed.pcap")).unwrap(), made);
    let streams = |name: &str| {
        let mut streams = BTreeMap::<_, Vec<_>>::new();
        for (conn, way, _, name, payload) in
            messages(Capture::open(&committed(name)).unwrap().map(Result::unwrap))
        {
            streams.entry((conn, way)).or_default().push((name, payload));
        }
        streams.into_values().collect::<Vec<_>>()
    };
    let (all, left) = (streams("btcd-simnet.pcap"), streams("btcd-simnet-harmed.pcap"));
    let count = |streams: &[Vec<_>]| streams.iter().map(Vec::len).sum::<usize>();
    assert!(count(&left) < count(&all) && count(&left) > count(&all) * 3 / 4);
    // The rest is in order. Which of two connections was opened first may be another.
    let is_part_of = |part: &[(String, Vec<u8>)], whole: &[(String, Vec<u8>)]| {
        let mut whole = whole.iter();
        part.iter().all(|found| whole.any(|other| other == found))
    };
    assert!(left.iter().all(|part| all.iter().any(|whole| is_part_of(part, whole))));
}

#[test]
#[ignore = "writes the capture"]
fn harm_the_capture_of_btcd() {
    std::fs::write(committed("btcd-simnet-harmed.pcap"), harmed_btcd()).unwrap();
}

fn harmed_btcd() -> Vec<u8> {
    let harm = Harm { dropped: 2, repeated: 5, moved: 10, distance: 4 };
    rewrite(&std::fs::read(committed("btcd-simnet.pcap")).unwrap(), harm, &mut Dice(1))
}

/// The node wrote down the same connection. It notes a message when it deals with it, some time after the
/// packet: so each way is compared by itself.
#[test]
fn core_s_own_files_hold_the_same_messages_in_the_same_order() {
    let packets = messages(whole(Capture::open(&committed("core-regtest.pcap")).unwrap()));
    for name in ["core-regtest.dat", "core-regtest.dat/127.0.0.1_55232"] {
        let capture = Capture::open(&committed(name)).unwrap();
        assert_eq!(capture.origin(), Origin::CoreDat);
        let events = whole(capture);
        let CaptureEvent::Opened { from, to, adopted, .. } = &events[0] else { panic!("{:?}", events[0]) };
        assert_eq!(*from, End::At("127.0.0.1:55232".parse::<SocketAddr>().unwrap().into()));
        assert_eq!((to, *adopted), (&End::Recorder, false));
        let files = messages(events);
        assert!(files.is_sorted_by_key(|message| message.2));
        for direction in Direction::BOTH {
            let of = |messages: &[Found]| {
                let one_way = messages.iter().filter(|message| message.1 == direction);
                one_way
                    .map(|(_, _, _, command, payload)| (command.clone(), payload.clone()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(of(&files), of(&packets));
        }
        for (file, packet) in files
            .iter()
            .filter(|message| message.1 == Direction::Forward)
            .zip(packets.iter().filter(|message| message.1 == Direction::Forward))
        {
            assert!(file.2 >= packet.2 && file.2 - packet.2 < 1_000_000, "{} at {}", file.3, file.2);
        }
    }
}
