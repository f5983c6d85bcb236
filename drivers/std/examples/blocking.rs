//! One `Peer` on a blocking socket: prints the id of each transaction that a node announces, until the
//! node goes. The address is the first argument.

use std::env::args;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use satwire_core::peer::{ConnectionConfig, Direction, Event};
use satwire_core::{Config, Instant, Network, Peer, WallClock};

fn main() -> std::io::Result<()> {
    let mut stream = TcpStream::connect(args().nth(1).as_deref().unwrap_or("127.0.0.1:18444"))?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(Duration::from_secs(60)))?;
    let start = std::time::Instant::now();
    let now = || Instant::from_micros(start.elapsed().as_micros() as u64);
    let random = || RandomState::new().build_hasher().finish();
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_err(std::io::Error::other)?;
    let clock = WallClock { unix_micros_at_zero: unix.as_micros() as i64 };
    let opening = ConnectionConfig::new(Direction::Outbound, random(), clock);
    let mut peer = Peer::new(Config::new(Network::Regtest).into(), opening, now());
    let mut buffer = vec![0; 65536];
    while let Some(deadline) = peer.poll_timeout() {
        // All is written before each read, so that `peer.wants_read()` is never false here.
        stream.write_all(peer.transmit())?;
        peer.transmitted(peer.transmit().len());
        let wait = deadline.saturating_duration_since(now()).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(wait))?;
        let mut bytes = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => &buffer[..n],
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => &[],
            Err(e) => return Err(e),
        };
        while let Some(event) = peer.receive(now(), &mut bytes).or_else(|| peer.handle_timeout(now(), random))
        {
            match event {
                Event::Inv(items) => {
                    peer.request(now(), items.into_iter().filter(|i| i.inv_type.is_tx()));
                }
                Event::Tx { tx, .. } => println!("{}", tx.txid()),
                other => println!("{other:?}"),
            }
        }
    }
    Ok(())
}
