//! The costs of drivers: P8, P9 and P10 as one command, on loopback.
//!
//! ```text
//! cargo run --release --example scale
//! cargo run --release --example scale -- --connections 1000 18 p9 p10   (18 rounds instead of 9, only these)
//! ```
//!
//! - **p8**: what a transaction costs that comes through a driver, against the same bytes, cut alike, in a
//!   node in memory; from one peer, and as many from eight. They come unasked, which a node takes like any
//!   other that is new: no two are the same. Nothing is written meanwhile, so what is measured is reading.
//! - **p9**: what an idle connection takes of user memory: the growth of `RssAnon` (Linux,
//!   `/proc/self/status`) from a driver that listens to all connections made, greeted and pinged.
//! - **p10**: what a ping and its pong cost, against one bare `write` and one bare `read` on as many
//!   connections, and with all connections against a tenth of them. A round is all connections pinged at
//!   once. "spread" is the round before, in which pings are as far apart as the connections were made.
//!   Between rounds nothing is due, and all that may be used is for one wake-up at the end.
//! - **slow**: eight peers that send as fast as they are read, and one that asks how long a pong takes; then
//!   the same beside a peer that does not read and one that sends a byte at a time.
//!
//! Each measurement is two fresh processes of this program, told apart by hidden arguments: a server, whose
//! CPU time and memory are read, and a client, which is scripted bytes. All cases run in turn, every other
//! round backwards; those of many connections in every third round. A case is worth the 20th percentile of
//! its samples, a ratio is one of those. "must" is the least that is accepted, on a quiet machine of two
//! cores or more, the worst of three runs.

mod arguments;
mod cases;
mod crowd;
mod flood;
mod floor;
mod ingest;
mod limit;
mod memory;
mod meter;
mod peer;
mod pings;
mod rows;
mod server;
mod side;
mod stream;
mod table;

use std::io;
use std::process::ExitCode;

use crate::arguments::Action;
use crate::server::{Mio, Smol};
use crate::side::number;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [side::SERVER, ref rest @ ..] => side::play(|| serve(rest)),
        [side::CLIENT, ref rest @ ..] => side::play(|| call(rest)),
        _ => match arguments::parse(&arguments) {
            Ok(wish) => measure(wish),
            Err(wrong) => {
                eprintln!("scale: {wrong}");
                return ExitCode::from(2);
            }
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scale: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures what is wished for as far as there is room for it, and prints it.
fn measure(mut wish: Action) -> io::Result<()> {
    let (connections, limited) = limit::raise(wish.connections)?;
    wish.connections = connections;
    if let Some(limited) = limited {
        println!("{limited}");
    }
    let samples = cases::run_all(&wish)?;
    rows::print(&wish, &samples);
    Ok(())
}

/// The side that is measured.
fn serve(arguments: &[&str]) -> io::Result<()> {
    match *arguments {
        ["memory", "txs", peers, txs] => memory::take(number(peers)?, number(txs)?),
        ["mio", "txs", peers, txs] => ingest::serve::<Mio>(number(peers)?, number(txs)?),
        ["smol", "txs", peers, txs] => ingest::serve::<Smol>(number(peers)?, number(txs)?),
        ["floor", "pings", connections, rounds] => floor::serve(number(connections)?, number(rounds)?),
        ["mio", "pings", connections, rounds] => pings::serve::<Mio>(number(connections)?, number(rounds)?),
        ["smol", "pings", connections, rounds] => pings::serve::<Smol>(number(connections)?, number(rounds)?),
        _ => Err(io::Error::other("no such server")),
    }
}

/// The side that only has to be there.
fn call(arguments: &[&str]) -> io::Result<()> {
    match *arguments {
        ["crowd", connections, port] => crowd::call(number(connections)?, number(port)?),
        ["flood", fast, txs, others, port] => flood::call(number(fast)?, number(txs)?, others, number(port)?),
        _ => Err(io::Error::other("no such client")),
    }
}
