//! Each message: what decodes is walked, encodes, and decodes to the same again.
//!
//! The first byte chooses the command.

#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use satwire_core::Network;
use satwire_core::wire::{Command, Header, Message, fields, sha256d};

fuzz_target!(|data: &[u8]| {
    let Some((choice, payload)) = data.split_first() else { return };
    let command = Command::KNOWN[usize::from(*choice) % Command::KNOWN.len()];
    let Ok(message) = Message::decode(command, payload, sha256d(payload)) else { return };
    assert_eq!(message.command(), command);
    walk(&message);
    assert!(message.brief().to_string().len() <= 1000);

    let mut out = Vec::new();
    message.encode(&mut out, Network::Main.magic());
    let (header, again) = out.split_first_chunk().expect("a header");
    let header = Header::decode(header);
    let digest = sha256d(again);
    assert!(header.matches(&digest) && header.length as usize == again.len());
    assert_eq!(header.command(), Some(command));
    if command != Command::VERSION {
        assert!(payload.starts_with(again));
    }
    assert_eq!(Message::decode(command, again, digest), Ok(message));
    label(&out);
});

/// The labels lie side by side and are all of the message.
fn label(message: &[u8]) {
    let mut end = 0;
    let labelled = fields(message, &mut |field| {
        assert_eq!((field.offset, field.bytes), (end, &message[end..end + field.bytes.len()]));
        assert!(field.name.to_string().len() <= 100 && field.value.to_string().len() <= 1000);
        end += field.bytes.len();
        ControlFlow::Continue(())
    });
    assert_eq!((labelled, end), (Ok(()), message.len()));
}

/// Reads all that there is, by every way to read it.
fn walk(message: &Message<'_>) {
    match message {
        Message::Addrv2(list) => assert!(list.known().count() <= list.iter().count()),
        Message::Addr(list) => assert_eq!(list.iter().count(), list.len()),
        Message::Headers(list) => assert_eq!(list.iter().count(), list.len()),
        Message::Block(block) => assert_eq!(block.transactions.iter().count(), block.transactions.len()),
        Message::Cmpctblock(block) => {
            let _ = block.check();
            assert_eq!(block.prefilled_at().count(), block.prefilled.len());
        }
        Message::Getblocktxn(request) => {
            let indexes: Vec<_> = request.indexes().collect();
            assert!(indexes.len() == request.gaps.len() && indexes.is_sorted());
        }
        other => drop(format!("{other:?}")),
    }
}
