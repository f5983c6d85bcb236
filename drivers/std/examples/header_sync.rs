//! Syncs the headers of regtest from one node, on a blocking socket. The address is the first argument.

use std::env::args;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant as Clock;

use satwire_core::peer::{ConnectionConfig, Direction, Event};
use satwire_core::wire::{BlockHash, Command, List, Locator, MAX_HEADERS, Message};
use satwire_core::{Config, Instant, Network, PROTOCOL_VERSION, Peer, WallClock};

const GENESIS: &str = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut stream = TcpStream::connect(args().nth(1).as_deref().unwrap_or("127.0.0.1:18444"))?;
    stream.set_nodelay(true)?;
    let start = Clock::now();
    let now = || Instant::from_micros(start.elapsed().as_micros() as u64);
    let random = || RandomState::new().build_hasher().finish();
    // Headers are not among what a peer reads by itself.
    let mut config = Config::new(Network::Regtest);
    config.deliver = [Command::HEADERS].into();
    let connection = ConnectionConfig::new(Direction::Outbound, random(), WallClock::default());
    let mut peer = Peer::new(config.into(), connection, now());
    let (mut tip, mut height): (BlockHash, u32) = (GENESIS.parse()?, 0);
    let mut buffer = vec![0; 65536];
    loop {
        stream.write_all(peer.transmit())?;
        peer.transmitted(peer.transmit().len());
        let n = stream.read(&mut buffer)?;
        let mut bytes = &buffer[..n];
        if n == 0 {
            return Err("the node has hung up".into());
        }
        while let Some(event) = peer.receive(now(), &mut bytes).or_else(|| peer.handle_timeout(now(), random))
        {
            match event {
                Event::Handshake(_) => ask(&mut peer, now(), tip)?,
                Event::Message(message) => {
                    let Message::Headers(headers) = message.message()? else { continue };
                    for header in &headers {
                        assert_eq!(header.previous, tip, "headers that connect");
                        (tip, height) = (header.hash(), height + 1);
                    }
                    if headers.len() as u64 == MAX_HEADERS {
                        ask(&mut peer, now(), tip)?;
                    } else {
                        println!("height {height}, tip {tip}");
                        return Ok(());
                    }
                }
                Event::Closed(reason) => return Err(reason.into()),
                _ => {}
            }
        }
    }
}

fn ask(peer: &mut Peer, now: Instant, tip: BlockHash) -> Result<(), satwire_core::peer::SendError> {
    let mut buffer = Vec::new();
    let (hashes, stop) = (List::build(&mut buffer, [tip]), BlockHash([0; 32]));
    peer.send(now, &Message::Getheaders(Locator { version: PROTOCOL_VERSION as u32, hashes, stop }))
}
