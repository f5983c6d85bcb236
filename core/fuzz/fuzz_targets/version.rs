//! `version`: what decodes is complete when it is encoded, and decodes to the same again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use satwire_core::Network;
use satwire_core::wire::{Command, Header, MAX_USER_AGENT, Message, sha256d};

fuzz_target!(|data: &[u8]| {
    let Ok(Message::Version(version)) = Message::decode(Command::VERSION, data, sha256d(data)) else {
        return;
    };
    assert!(version.timestamp >= 0 && version.user_agent.len() <= MAX_USER_AGENT as usize);
    assert!(version.user_agent().chars().all(|char| char.is_ascii_graphic() || char == ' '));
    assert_eq!(version.services.names().count(), version.services.0.count_ones() as usize);
    let mut out = Vec::new();
    version.encode(&mut out, Network::Main.magic());
    let payload = &out[Header::LEN..];
    let len = version.user_agent.len();
    assert_eq!(payload.len(), 85 + len + if len < 0xfd { 1 } else { 3 });
    assert_eq!(Message::decode(Command::VERSION, payload, sha256d(payload)), Ok(Message::Version(version)));
});
