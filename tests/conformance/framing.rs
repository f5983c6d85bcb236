//! F: cutting a stream into messages, and what becomes of bad ones.

use std::time::Duration;

use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{BlockHash, Txid};
use harness::{Frame, Hello, Session, World, by_wtxid, closed, decode_frames, message, segwit_tx};
use satwire_core::peer::{Event, IgnoredReason};
use satwire_core::wire::{Command, MAX_PAYLOAD};
use satwire_core::{CloseReason, Fault, Network};

fn ready() -> Session {
    Session::ready(&Hello::default())
}

/// The fault of a message that was dropped.
fn fault(events: &[Event]) -> Option<(Command, u32, Fault)> {
    match events {
        [Event::Ignored { command, bytes, because: IgnoredReason::Malformed(fault) }] => {
            Some((*command, *bytes, *fault))
        }
        _ => None,
    }
}

/// A list of `count` entries, all of this type.
fn list(command: &str, count: usize, inv_type: u32) -> Vec<u8> {
    let entry = Inventory::Unknown { inv_type, hash: [7; 32] };
    Frame::new(command, serialize(&vec![entry; count])).bytes()
}

#[test]
fn f1_a_ping_may_be_split_anywhere() {
    let ping = message(NetworkMessage::Ping(0xfeed));
    for cut in 0..=ping.len() {
        let mut session = ready();
        assert_eq!(session.say(&ping[..cut]), []);
        if cut < ping.len() {
            assert_eq!(session.heard(), [], "answered after {cut} bytes");
        }
        assert_eq!(session.say(&ping[cut..]), []);
        assert_eq!(session.heard(), [NetworkMessage::Pong(0xfeed)], "cut at {cut}");
    }
}

#[test]
fn f2_wrong_magic_disconnects() {
    let [a, b, c, d] = Network::Regtest.magic().0;
    let nearly = [[!a, b, c, d], [a, !b, c, d], [a, b, !c, d], [a, b, c, d ^ 1]];
    for magic in [[0xff; 4], Network::Main.magic().0, *b"GET "].into_iter().chain(nearly) {
        let mut session = ready();
        // As soon as the header is there.
        let bytes = Frame::new("ping", [0; 8]).magic(magic).bytes();
        assert_eq!(session.say(&bytes[..23]), []);
        let events = session.say(&bytes[23..24]);
        let Some(CloseReason::WrongMagic { got, expected }) = closed(&events) else {
            panic!("{events:?}");
        };
        assert_eq!((got.0, expected), (magic, Network::Regtest.magic()));
        assert!(!session.answers_ping());
    }
}

#[test]
fn f2_wrong_magic_disconnects_before_the_handshake_too() {
    let mut session = Session::inbound();
    let events = session.say(&Frame::new("version", []).magic([0xff; 4]).bytes());
    assert!(matches!(closed(&events), Some(CloseReason::WrongMagic { .. })));
    assert_eq!(session.heard(), []);
}

#[test]
fn f3_a_wrong_checksum_drops_the_message() {
    let mut session = ready();
    let payload = b"\x01\x02";
    let events = session.say(&Frame::new("feefilter", *payload).wrong_checksum().bytes());
    // 24 bytes of header and two of payload.
    assert_eq!(fault(&events), Some((Command::FEEFILTER, 2, Fault::Checksum)));
    assert!(session.answers_ping());
    let events = session.say(&Frame::new("ping", [1; 8]).wrong_checksum().bytes());
    assert_eq!(fault(&events), Some((Command::PING, 8, Fault::Checksum)));
    assert_eq!(session.heard(), [], "a ping that was dropped is not answered");
}

#[test]
fn f4_a_payload_above_four_million_bytes_disconnects() {
    for command in ["tx", "madeup"] {
        let mut session = ready();
        // The header is enough: nobody waits for the payload.
        let header = Frame::new(command, []).length(MAX_PAYLOAD + 1).bytes();
        let events = session.say(&header);
        assert_eq!(closed(&events), Some(CloseReason::PayloadTooLong { length: 4_000_001 }));
    }
}

#[test]
fn f5_four_million_bytes_of_an_unknown_message_are_skipped() {
    let mut session = ready();
    let frame = Frame::new("madeup", vec![0xab; 4_000_000]).bytes();
    for piece in frame.chunks(1 << 16) {
        session.say(piece);
    }
    assert!(session.answers_ping());
    // Once more in one piece, the next message right after it.
    let mut both = frame;
    both.extend(message(NetworkMessage::Ping(5)));
    let events = session.say(&both);
    let madeup = Command::new("madeup");
    assert_eq!(
        events,
        [Event::Ignored { command: madeup, bytes: 4_000_000, because: IgnoredReason::Unhandled }]
    );
    assert_eq!(session.heard(), [NetworkMessage::Pong(5)]);
}

#[test]
fn f5_eighty_huge_messages_do_not_delay_others() {
    let mut world = World::default();
    let noisy = world.peer(1, &Hello::default());
    let quiet = world.peer(2, &Hello::default());
    let piece = vec![0; 1 << 16];
    for _ in 0..80 {
        world.say(noisy, &Frame::new("madeup", []).length(4_000_000).bytes());
        let mut left = 4_000_000;
        while left > 0 {
            let len = piece.len().min(left);
            world.say(noisy, &piece[..len]);
            left -= len;
            // Between any two reads of the one the other is served.
            if left < piece.len() {
                world.send(quiet, NetworkMessage::Ping(9));
                assert_eq!(world.heard(quiet), [NetworkMessage::Pong(9)]);
            }
        }
    }
    assert_eq!(world.closed(noisy), None);
    world.send(noisy, NetworkMessage::Ping(10));
    assert_eq!(world.heard(noisy), [NetworkMessage::Pong(10)]);
}

#[test]
fn f6_a_malformed_command_is_dropped() {
    for command in [*b"ping\0ing\0\0\0\0", *b"pi\x01ng\0\0\0\0\0\0\0", *b"\xffping\0\0\0\0\0\0\0"] {
        let mut session = ready();
        let events = session.say(&Frame::new("", [0; 8]).command(command).bytes());
        assert!(matches!(fault(&events), Some((_, 8, Fault::Command))), "{events:?}");
        assert!(session.answers_ping());
    }
}

#[test]
fn f7_one_entry_too_many_disconnects() {
    for (name, command) in [("inv", Command::INV), ("getdata", Command::GETDATA)] {
        let mut session = ready();
        let events = session.say(&list(name, 50_000, 2));
        assert_eq!(closed(&events), None, "{name} of 50,000 is allowed");
        assert!(session.answers_ping());

        let reason = CloseReason::TooManyEntries { command, count: 50_001, limit: 50_000 };
        let long = list(name, 50_001, 2);
        // Known as soon as the count is there: the header, and nine bytes at most.
        let events = session.say(&long[..24 + 9]);
        assert_eq!(closed(&events), Some(reason));
    }
}

/// Bitcoin Core reads a `notfound` of any length, and above 5016 entries does nothing with it
/// (`ProcessMessage`, NOTFOUND).
#[test]
fn f7_a_long_notfound_is_passed_over() {
    for count in [5017, 50_000, 50_001, 111_000] {
        let mut session = ready();
        let events = session.say(&list("notfound", count, 2));
        assert!(
            matches!(events[..], [Event::Ignored { because: IgnoredReason::TooManyEntries, .. }]),
            "{count}: {events:?}"
        );
        assert!(session.answers_ping());
    }
    let mut session = ready();
    assert_eq!(session.say(&list("notfound", 5016, 2)), []);
    assert!(session.answers_ping());
}

#[test]
fn f7_a_count_beyond_all_reason_disconnects() {
    let mut session = ready();
    let payload = [&[0xfe][..], &0x0200_0000_u32.to_le_bytes(), &[0; 40]].concat();
    let events = session.say(&Frame::new("inv", payload).bytes());
    assert!(
        matches!(closed(&events), Some(CloseReason::TooManyEntries { count: 0x0200_0000, .. })),
        "{events:?}"
    );
}

#[test]
fn f10_unknown_types_in_getdata_do_not_block_the_next() {
    let mut session = ready();
    let wanted = by_wtxid(&segwit_tx(1));
    let odd = |inv_type| Inventory::Unknown { inv_type, hash: [0; 32] };
    assert_eq!(session.send(NetworkMessage::GetData(vec![odd(0), odd(6), odd(u32::MAX)])), []);
    assert_eq!(session.heard(), [], "silence about what we do not know");
    assert_eq!(session.send(NetworkMessage::GetData(vec![odd(0), wanted, odd(0)])), []);
    assert_eq!(session.heard(), [NetworkMessage::NotFound(vec![wanted])]);
    assert_eq!(session.advance(Duration::from_secs(1)), []);
    assert_eq!(session.heard(), [], "nothing left to do");
}

/// We do not have objects that we do not serve: each transaction gets its entry back, with its type.
#[test]
fn t20_transactions_that_we_are_asked_for_are_not_found() {
    let mut session = ready();
    let hash = [3; 32];
    let asked = vec![
        Inventory::Transaction(Txid::from_byte_array(hash)),
        Inventory::WitnessTransaction(Txid::from_byte_array(hash)),
        Inventory::WTx(bitcoin::Wtxid::from_byte_array(hash)),
        Inventory::WitnessBlock(BlockHash::from_byte_array(hash)),
        Inventory::Block(BlockHash::from_byte_array(hash)),
    ];
    session.send(NetworkMessage::GetData(asked.clone()));
    assert_eq!(session.heard(), [NetworkMessage::NotFound(asked[..3].to_vec())]);
}

/// Bitcoin Core ignores what stands after a message (G2).
#[test]
fn bytes_after_a_message_are_ignored() {
    let mut session = ready();
    session.say(&Frame::new("ping", [&7_u64.to_le_bytes()[..], b"more"].concat()).bytes());
    assert_eq!(session.heard(), [NetworkMessage::Pong(7)]);
}

/// A message that ends the connection does not take back what was answered before it. In one read
/// or in two: the same messages were queued.
#[test]
fn the_end_takes_no_answer_back() {
    let ping = message(NetworkMessage::Ping(1));
    let end = Frame::new("ping", []).magic([0xff; 4]).bytes();
    let transcript = |reads: &[&[u8]]| {
        let mut world = World::default();
        let conn = world.peer(1, &Hello::default());
        for read in reads {
            world.say(conn, read);
        }
        world.transcript().to_owned()
    };
    let joined = [&ping[..], &end].concat();
    assert_eq!(transcript(&[&joined]), transcript(&[&ping, &end]));
}

/// All that we ever send can be read by others, under our network's bytes.
#[test]
fn every_message_of_ours_is_readable() {
    let mut session = ready();
    session.send(NetworkMessage::Ping(1));
    session.send(NetworkMessage::GetData(vec![by_wtxid(&segwit_tx(1))]));
    let bytes = session.heard_bytes();
    let commands: Vec<_> = decode_frames(&bytes).iter().map(harness::Sent::command).collect();
    assert_eq!(commands, ["pong", "notfound"]);
}

/// F1: another protocol is told by its first four bytes, without waiting for a header, and wherever they are cut.
#[test]
fn f1_another_protocol_is_told_by_its_first_bytes() {
    for (greeting, said) in [
        (&b"SSH-2.0-x\r\n"[..], "SSH"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (&[0xf9, 0xbe, 0xb4, 0xd9], "main"),
        (&[1, 2, 3, 4], "BIP324"),
    ] {
        for cut in 1..=greeting.len() {
            let mut session = Session::outbound();
            let mut events = session.say(&greeting[..cut]);
            assert_eq!(closed(&events).is_some(), cut >= 4, "{cut} bytes of {greeting:?}");
            if cut < 4 {
                events = session.say(&greeting[cut..]);
            }
            let reason = closed(&events).expect("it ends");
            assert_eq!(reason.as_str(), "wrong_magic");
            assert!(reason.to_string().contains(said), "{reason}");
        }
    }
}
