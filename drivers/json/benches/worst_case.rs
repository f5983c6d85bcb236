//! The most that strangers can make us write: for each kind of script a transaction of the largest weight that is
//! relayed, the bytes and the time that its explanation takes, for each byte of it.
//!
//! ```text
//! cargo bench -p satwire-json
//! ```

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

#[path = "../tests/shapes/mod.rs"]
mod shapes;

use std::time::{Duration, Instant};

use satwire_core::Network;
use satwire_json::{Bounded, decode_tx};

/// Runs of which the fastest counts.
const RUNS: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:<42} {:>8} {:>9} {:>6} {:>8} {:>8}",
        "400,000 weight units of", "bytes", "JSON", "ratio", "ms", "ns/byte"
    );
    for (name, bytes) in shapes::all() {
        let tx = decode_tx(&bytes)?.to_owned();
        let mut json = Vec::new();
        let mut fastest = Duration::MAX;
        for _ in 0..RUNS {
            json.clear();
            let start = Instant::now();
            serde_json::to_writer(&mut json, &Bounded::new(&tx, Network::Regtest))?;
            fastest = fastest.min(start.elapsed());
        }
        let per_byte = |total: f64| total / bytes.len() as f64;
        println!(
            "{name:<42} {:>8} {:>9} {:>6.1} {:>8.2} {:>8.0}",
            bytes.len(),
            json.len(),
            per_byte(json.len() as f64),
            fastest.as_secs_f64() * 1e3,
            per_byte(fastest.as_nanos() as f64),
        );
    }
    Ok(())
}
