//! Prints what is known of each peer, as Bitcoin Core's `getpeerinfo` does, once all of them have answered a ping.
//! The arguments are their addresses.

use std::error::Error;
use std::hash::{BuildHasher, Hasher, RandomState};

use satwire_core::node::{Address, EventKind, Purpose};
use satwire_core::{Config, Network};
use satwire_mio::Driver;

fn main() -> Result<(), Box<dyn Error>> {
    // Counters by command, and what peers say of themselves, are kept on demand.
    let mut config = Config::new(Network::Regtest);
    config.count_messages = true;
    let random = |_: Purpose| RandomState::new().build_hasher().finish();
    let mut driver = Driver::new(config, random)?;
    let mut missing = 0;
    for address in std::env::args().skip(1) {
        driver.dial(Address::Socket(address.parse()?));
        missing += 1;
    }
    let mut events = Vec::new();
    while missing > 0 {
        driver.turn(None, &mut events)?;
        missing -= events.drain(..).filter(|event| matches!(event.kind, EventKind::Pong { .. })).count();
    }
    println!(
        "{:<6} {:<21} {:<22} {:>8} {:>8} {:>9}  by command",
        "peer", "address", "subver", "recv", "sent", "ping"
    );
    for peer in driver.node().peers() {
        let Some(more) = peer.info.more else { continue };
        let ping = peer.info.min_ping.unwrap_or_default();
        let counts =
            more.received.by_command.iter().map(|(command, (messages, _))| format!("{command} {messages}"));
        println!(
            "{:<6} {:<21} {:<22} {:>8} {:>8} {:>6} µs  {}",
            peer.conn.to_string(),
            peer.addr.to_string(),
            more.user_agent,
            more.received.bytes,
            more.sent.bytes,
            ping.as_micros(),
            counts.collect::<Vec<_>>().join(", "),
        );
    }
    Ok(())
}
