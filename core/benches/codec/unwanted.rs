//! P6: messages that nobody wants, through a whole peer.

use satwire_core::peer::{ConnectionConfig, Direction, Event};
use satwire_core::wire::{Command, Message, NetAddress, Services, Version};
use satwire_core::{Config, Instant, Network, Peer, WallClock};

use crate::measure::Bench;
use crate::streams::frame;

const CLOCK: WallClock = WallClock { unix_micros_at_zero: 1_795_363_088_000_000 };

/// The words of the other side to be through the handshake.
pub(crate) fn greeting() -> Vec<u8> {
    let version = Version {
        version: 70016,
        services: Services::NETWORK | Services::WITNESS,
        timestamp: 1_795_363_088,
        addr_recv: NetAddress::UNSPECIFIED,
        addr_from: NetAddress::UNSPECIFIED,
        nonce: 77,
        user_agent: b"/bench:1/".to_vec(),
        start_height: 0,
        relay: true,
    };
    let mut out = Vec::new();
    for message in [Message::Version(version), Message::Wtxidrelay, Message::Verack] {
        message.encode(&mut out, Network::Main.magic());
    }
    out
}

pub(crate) fn add(bench: &mut Bench<'_>) {
    for (name, len, count) in [
        ("unknown, 0 bytes", 0, 2000_usize),
        ("unknown, 1 KB", 1000, 1000),
        ("unknown, 1 MB", 1_000_000, 100),
    ] {
        let opening = ConnectionConfig::new(Direction::Inbound, 1, CLOCK);
        let mut peer = Peer::new(Config::new(Network::Main).into(), opening, Instant::ZERO);
        let greeting = greeting();
        let mut bytes = &greeting[..];
        while let Some(event) = peer.receive(Instant::ZERO, &mut bytes) {
            assert!(matches!(event, Event::Handshake(_)), "{event:?}");
        }
        let message = frame(Command::new("madeup"), &vec![7; len]);
        bench.case(name, count, move || {
            let mut result = 0;
            for _ in 0..count {
                let mut bytes = std::hint::black_box(&message[..]);
                while let Some(event) = peer.receive(Instant::ZERO, &mut bytes) {
                    if let Event::Ignored { bytes, .. } = event {
                        result += u64::from(bytes);
                    }
                }
            }
            assert_eq!(result, (count * len) as u64);
            result
        });
        bench.nanos("P6", name, name, [25.0, 10.0]);
    }
}
