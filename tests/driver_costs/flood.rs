//! A client of few connections, which send transactions as fast as they are read; and beside them those that
//! are slow, and one that asks how long it has to wait for an answer.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use satwire_core::wire::encode_ping;

use crate::peer::{connect, greet};
use crate::side::say;
use crate::stream::shares;

/// The name of its figure.
pub(crate) const PONG: &str = "µs to a pong";

/// The peer beside those that send: none.
pub(crate) const NOBODY: &str = "nobody";
/// One that asks how long a pong takes.
pub(crate) const ASKING: &str = "asking";
/// That one, [`SLOW_PEERS`] as well.
pub(crate) const SLOW: &str = "slow";

/// One that does not read, and one that sends a byte at a time.
pub(crate) const SLOW_PEERS: usize = 2;

/// Until the server has taken note of the last greeting: then it begins to measure.
const NOTED: Duration = Duration::from_millis(20);
/// How long the asking one and the trickling one wait before they do it again.
const PAUSE: Duration = Duration::from_millis(1);
/// A peer that takes nothing for so long takes nothing at all.
const STUCK: Duration = Duration::from_millis(100);
/// More pings than the buffers of any system hold the pongs of, sent so many at a time.
const MOST_PINGS: usize = 2_000_000;
const PINGS: usize = 1000;

/// Sends so many transactions from so many peers, until the server ends the connections.
pub(crate) fn call(fast: usize, txs: usize, others: &str, port: u16) -> io::Result<()> {
    let shares = shares(fast, txs);
    let mut numbers = 0..;
    let mut join = |buffer| {
        let mut stream = connect(numbers.next().unwrap_or(0), port, buffer)?;
        greet(&mut stream).map(|()| stream)
    };
    let slow = if others == SLOW {
        let deaf = join(Some(1))?;
        stuff(&deaf)?;
        Some((deaf, join(None)?))
    } else {
        None
    };
    let asking = if others == NOBODY { None } else { Some(join(None)?) };
    let streams = shares.iter().map(|_| join(None)).collect::<io::Result<Vec<_>>>()?;
    thread::sleep(NOTED);

    let _deaf = slow.map(|(deaf, trickling)| {
        let bytes = shares[0].clone();
        thread::spawn(move || trickle(&trickling, &bytes));
        deaf
    });
    let sending =
        streams.into_iter().zip(shares).map(|(stream, share)| thread::spawn(move || send(&stream, &share)));
    let sending: Vec<_> = sending.collect();
    if let Some(stream) = asking {
        ask(&stream);
    }
    // How they end does not matter: the server knows what it has got.
    for thread in sending {
        let _ = thread.join();
    }
    Ok(())
}

/// Sends all, and stays until the server goes.
fn send(mut stream: &TcpStream, share: &[u8]) {
    let _ = stream.write_all(share).and_then(|()| stream.read(&mut [0; 1024]));
}

/// Has pings answered and does not read, until the server reads no more of them.
fn stuff(mut stream: &TcpStream) -> io::Result<()> {
    let mut pings = Vec::new();
    (0..PINGS as u64).for_each(|nonce| encode_ping(&mut pings, harness::NETWORK.magic(), nonce));
    stream.set_write_timeout(Some(STUCK))?;
    for _ in 0..MOST_PINGS / PINGS {
        match stream.write_all(&pings) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(());
            }
            result => result?,
        }
    }
    Err(io::Error::other("who does not read is answered without end"))
}

/// Sends a byte at a time.
fn trickle(mut stream: &TcpStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        thread::sleep(PAUSE);
    }
}

/// Pings again and again until the server goes, and says how long each pong took.
fn ask(mut stream: &TcpStream) {
    let (mut ping, mut answer) = (Vec::new(), [0; 32]);
    encode_ping(&mut ping, harness::NETWORK.magic(), 7);
    let mut took = Vec::new();
    loop {
        let start = Instant::now();
        if stream.write_all(&ping).and_then(|()| stream.read_exact(&mut answer)).is_err() {
            break;
        }
        took.push(start.elapsed());
        thread::sleep(PAUSE);
    }
    for time in took {
        say(time.as_secs_f64() * 1e6, PONG);
    }
}
