//! How fast the codec is, as ratios that carry over from one machine to the next.
//!
//! All cases run in one process, in paired rounds: each round runs every case once, in turn. A case is
//! worth the 20th percentile of its rounds, a ratio is one of those. The measure (REF) is what nobody can
//! go below: plain SHA-256 passes of `sha2` 0.10 over the same bytes. The `bitcoin` crate, 0.32, runs beside
//! us. "must" is the least that is accepted, on a quiet machine, the worst of three runs.
//!
//! ```text
//! cargo bench -p satwire-core
//! cargo bench -p satwire-core --bench codec -- 31 inv      (31 rounds instead of 61, of cases named "inv")
//! ```

mod blocks;
mod bookkeeping;
mod measure;
mod small;
mod streams;
mod txs;
mod unwanted;

use measure::Bench;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs this too: one round shows that the cases work.
    let measuring = arguments.iter().any(|argument| argument == "--bench");
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(61);
    let rounds = if measuring { rounds } else { 1 };

    let whole = streams::TxStream::new("702861", usize::MAX);
    let relay_like = streams::TxStream::new("702861s", 2000);
    let mut bench = Bench::default();
    txs::add(&mut bench, &relay_like);
    txs::add(&mut bench, &whole);
    blocks::add(&mut bench);
    small::add(&mut bench);
    unwanted::add(&mut bench);
    bookkeeping::add(&mut bench);
    let words =
        arguments.iter().filter(|argument| !argument.starts_with('-') && argument.parse::<usize>().is_err());
    words.for_each(|part| bench.keep(part));
    bench.run(rounds);
    if measuring {
        bench.print();
    }
}
