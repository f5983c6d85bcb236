//! The content that a message is said to have, and which of its bytes say it.

use core::ops::ControlFlow;

use crate::made::{Maker, commands, decode};
use proptest::prelude::*;
use satwire_core::Network;
use satwire_core::wire::{
    Command, Error, Hash, InvType, Inventory, MAX_INVENTORY, Message, encode_frame, encode_inventory, fields,
};

/// A field, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Label {
    offset: usize,
    len: usize,
    name: String,
    value: String,
}

fn frame(command: Command, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_frame(&mut out, Network::Regtest.magic(), command, |out| out.extend_from_slice(payload));
    out
}

/// The labels of a message, which lie side by side and are all of it.
fn labels(message: &[u8]) -> (Vec<Label>, Result<(), Error>) {
    let mut labels = Vec::new();
    let mut end = 0;
    let result = fields(message, &mut |field| {
        assert_eq!(field.offset, end, "{}", field.name);
        assert_eq!(field.bytes, &message[end..end + field.bytes.len()]);
        end += field.bytes.len();
        let (name, value) = (field.name.to_string(), field.value.to_string());
        for text in [&name, &value] {
            assert!(text.len() <= 1000 && text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
        }
        labels.push(Label { offset: field.offset, len: field.bytes.len(), name, value });
        ControlFlow::Continue(())
    });
    assert_eq!(end, message.len());
    (labels, result)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The value of a label is of the bytes that it names: another byte changes the value of no other field.
    #[test]
    fn a_value_is_of_the_bytes_that_are_labelled(
        entropy in prop::collection::vec(any::<u8>(), 0..200),
        choice in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        for command in commands() {
            let mut payload = Maker::make(command, &entropy);
            let (before, result) = labels(&frame(command, &payload));
            prop_assert_eq!(result, Ok(()), "{}", command);
            prop_assert!(!before.iter().any(|label| ["payload", "trailing"].contains(&&*label.name)), "{command}");
            if payload.is_empty() {
                continue;
            }
            let place = choice.index(payload.len());
            payload[place] ^= 1 << bit;
            let (after, result) = labels(&frame(command, &payload));
            let same_layout = before.len() == after.len()
                && before.iter().zip(&after).all(|(a, b)| (a.offset, a.len, &a.name) == (b.offset, b.len, &b.name));
            if result.is_err() || !same_layout {
                continue;
            }
            for (before, after) in before.iter().zip(&after) {
                let is_of_it = (before.offset..before.offset + before.len).contains(&(24 + place));
                // The network of an address says what its bytes mean.
                let means_another = before.name.ends_with(".address");
                prop_assert!(is_of_it || means_another || before.value == after.value, "{command}: {before:?} {after:?}");
            }
        }
    }

    /// Labelling never fails where there is nothing to decode, and says nothing that was not decoded.
    #[test]
    fn all_bytes_are_labelled_of_whatever_comes(
        entropy in prop::collection::vec(any::<u8>(), 0..100),
        cut in any::<prop::sample::Index>(),
        more in prop::collection::vec(any::<u8>(), 0..10),
    ) {
        for command in commands() {
            let payload = Maker::make(command, &entropy);
            let whole = frame(command, &payload);
            // A part of a message, one with too much after it, and one that is malformed.
            let _ = labels(&whole[..cut.index(whole.len())]);
            let longer = [&payload[..], &more].concat();
            let _ = labels(&frame(command, &longer));
            let shorter = &payload[..payload.len() - payload.len().min(1)];
            let (labels, result) = labels(&frame(command, shorter));
            if let Err(error) = result {
                prop_assert_eq!(decode(command, shorter), Err(error));
                prop_assert_eq!(labels.get(4).map_or("payload", |label| &label.name), "payload");
            }
        }
    }

    #[test]
    fn in_short_it_is_plain_text_of_bounded_length(entropy in prop::collection::vec(any::<u8>(), 0..200)) {
        for command in commands() {
            let payload = Maker::make(command, &entropy);
            let brief = decode(command, &payload).unwrap().brief().to_string();
            prop_assert!(brief.len() <= 1000 && brief.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{brief:?}");
        }
    }
}

#[test]
fn a_list_of_any_length_is_counted_and_three_are_named() {
    let item = |n| Inventory { inv_type: InvType(n % 20), hash: Hash([n as u8; 32]) };
    let mut message = Vec::new();
    encode_inventory(
        &mut message,
        Network::Regtest.magic(),
        Command::INV,
        (0..MAX_INVENTORY as u32).map(item),
    );
    let brief = decode(Command::INV, &message[24..]).unwrap().brief().to_string();
    assert!(brief.starts_with("2500 0x0, 2500 tx, 2500 block"), "{brief}");
    assert!(brief.contains("30000 of other types: 0000") && brief.ends_with("0202, ..."), "{brief}");
    assert!(brief.len() < 500, "{brief}");
    // And who wants no more fields gets none.
    let mut got = 0;
    let all = fields(&message, &mut |_| {
        got += 1;
        if got == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((all, got), (Ok(()), 10));
}

/// In words: a `version` as Bitcoin Core sends it, a transaction with a witness.
#[test]
fn the_fields_of_a_version_and_a_transaction() {
    let version = include_bytes!("../../fuzz/seeds/version/full");
    let (labelled, result) = labels(&frame(Command::VERSION, version));
    assert_eq!(result, Ok(()));
    let names: Vec<_> = labelled.iter().map(|label| (label.offset, &*label.name)).collect();
    let expected = [
        (0, "magic"),
        (4, "command"),
        (16, "length"),
        (20, "checksum"),
        (24, "version"),
        (28, "services"),
        (36, "timestamp"),
        (44, "addr_recv.services"),
        (52, "addr_recv.ip"),
        (68, "addr_recv.port"),
        (70, "addr_from.services"),
        (78, "addr_from.ip"),
        (94, "addr_from.port"),
        (96, "nonce"),
        (104, "user_agent.len"),
        (105, "user_agent"),
    ];
    assert_eq!(names[..16], expected);
    assert_eq!(names[16..].iter().map(|(_, name)| *name).collect::<Vec<_>>(), ["start_height", "relay"]);

    let segwit = include_bytes!("../../fuzz/seeds/tx/segwit");
    let (labelled, result) = labels(&frame(Command::TX, segwit));
    assert_eq!(result, Ok(()));
    let names: Vec<_> = labelled[4..].iter().map(|label| &*label.name).collect();
    assert_eq!(
        names[..8],
        [
            "version",
            "marker",
            "flag",
            "vin.count",
            "vin[0].txid",
            "vin[0].vout",
            "vin[0].scriptSig.len",
            "vin[0].sequence",
        ]
    );
    assert_eq!(names.last(), Some(&"locktime"));
    assert!(names.contains(&"vin[0].txinwitness[0]"), "{names:?}");
    assert_eq!(decode(Command::MEMPOOL, &[]).unwrap().brief().to_string(), "");
    assert!(matches!(decode(Command::TX, segwit), Ok(Message::Tx(_))));
}

/// A checksum that is wrong, and a length that lies.
#[test]
fn what_is_wrong_with_a_frame_is_said() {
    let mut message = frame(Command::PING, &[1; 8]);
    message[20] ^= 1;
    let (labelled, _) = labels(&message);
    let of =
        |labelled: &[Label], name| labelled.iter().find(|label| label.name == name).unwrap().value.clone();
    assert_eq!(of(&labelled, "checksum"), "does not match");
    assert_eq!(labelled.last().unwrap().name, "payload");
    let (labelled, _) = labels(&message[..message.len() - 3]);
    assert_eq!(of(&labelled, "length"), "8, of which 5 are here");
}
