//! Real captures against independent readers of them.

use std::collections::BTreeMap;

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
