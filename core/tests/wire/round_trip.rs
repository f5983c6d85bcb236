//! Every message: what it decodes to encodes to the same bytes, whatever ends early is an error, and
//! whatever follows is ignored (G2).

use crate::made::{Maker, commands, decode};
use crate::payload;
use proptest::prelude::*;
use satwire_core::wire::{Command, Error, Message};

/// Whether the payload may end at `len` bytes.
fn may_end(command: Command, whole: &[u8], len: usize) -> bool {
    match command {
        // Bitcoin Core reads what is there (`src/net_processing.cpp`), group by group.
        Command::VERSION => {
            let agent = 81 + usize::from(whole[80]);
            [46, 80, agent, agent + 4].contains(&len)
        }
        // K2: a short pong cancels the ping.
        Command::PONG => true,
        // The hash is there or not.
        Command::REJECT => len >= whole.len() - 32,
        _ => false,
    }
}

proptest! {
    // Each case is all messages.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn encode_is_the_inverse_of_decode(entropy in prop::collection::vec(any::<u8>(), 0..200)) {
        for command in commands() {
            let bytes = Maker::make(command, &entropy);
            let message = decode(command, &bytes);
            prop_assert!(message.is_ok(), "{command}: {message:?}");
            let message = message.unwrap();
            prop_assert_eq!(message.command(), command);
            prop_assert!(!matches!(message, Message::Other { .. }), "{}", command);
            prop_assert_eq!(payload(&message), bytes, "{}", command);
        }
    }

    #[test]
    fn no_message_ends_early(entropy in prop::collection::vec(any::<u8>(), 0..100)) {
        for command in commands() {
            let bytes = Maker::make(command, &entropy);
            for len in 0..bytes.len() {
                let cut = decode(command, &bytes[..len]);
                prop_assert_eq!(cut.is_ok(), may_end(command, &bytes, len), "{} at {}: {:?}", command, len, cut);
            }
        }
    }

    /// G2, and H13 for the one exception.
    #[test]
    fn bytes_after_a_message_are_ignored(entropy in prop::collection::vec(any::<u8>(), 0..100)) {
        for command in commands() {
            let bytes = Maker::make(command, &entropy);
            let longer = [&bytes[..], &[0xee]].concat();
            match (decode(command, &bytes), decode(command, &longer)) {
                (_, Err(error)) if command == Command::FEATURE => {
                    prop_assert_eq!(error, Error::TrailingBytes(1));
                }
                (before, after) => prop_assert_eq!(before, after),
            }
        }
    }

}

proptest! {
    /// Nothing panics, and what is accepted survives encoding and decoding again.
    #[test]
    fn any_bytes_are_refused_or_stable(
        command in prop::sample::select(commands()),
        entropy in prop::collection::vec(any::<u8>(), 0..60),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = Maker::make(command, &entropy);
        for (place, byte) in damage {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        if let Ok(message) = decode(command, &bytes) {
            let again = payload(&message);
            prop_assert!(again.len() <= bytes.len() || command == Command::VERSION);
            prop_assert_eq!(decode(command, &again), Ok(message));
        }
    }
}
