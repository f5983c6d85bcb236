//! The cases: which two sides each is, and running them.

use std::io;

use crate::arguments::Action;
use crate::flood::{ASKING, NOBODY, SLOW, SLOW_PEERS};
use crate::side::{CLIENT, SERVER, Side};
use crate::table::Samples;

/// The drivers whose rows are printed.
pub(crate) const DRIVERS: [&str; 2] = ["mio", "smol"];

/// Transactions of a case, for each connection that there may be: a twentieth of a second at least.
const TXS: usize = 8;
/// Cases of many connections take long, and have several samples in each process: they run in the first of
/// so many rounds.
const LONG: usize = 3;
/// Rounds of pings in one process.
const PING_ROUNDS: usize = 4;
/// How many times as many connections there are as there are few.
const FEWER: usize = 10;

/// One measurement.
struct Case {
    name: String,
    server: Vec<String>,
    client: Option<Vec<String>>,
    is_long: bool,
}

/// Runs the cases that are wished for.
pub(crate) fn run_all(wish: &Action) -> io::Result<Samples> {
    let cases = cases(wish);
    let mut samples = Samples::default();
    for round in 0..wish.rounds {
        for number in 0..cases.len() {
            let case = &cases[if round % 2 == 0 { number } else { cases.len() - 1 - number }];
            if round % LONG == 0 || !case.is_long {
                run(case, &mut samples)?;
            }
        }
    }
    Ok(samples)
}

fn run(case: &Case, samples: &mut Samples) -> io::Result<()> {
    let mut add = |(figure, sample)| samples.add(format!("{}: {figure}", case.name), sample);
    let mut server = Side::start(SERVER, &case.server)?;
    let Some(client) = &case.client else {
        server.figures()?.into_iter().for_each(add);
        return Ok(());
    };
    let (_, port) = server.figure()?.ok_or_else(|| io::Error::other("the server has no port"))?;
    let mut client = client.clone();
    client.push(port.to_string());
    let mut client = Side::start(CLIENT, &client)?;
    server.figures()?.into_iter().for_each(&mut add);
    client.figures()?.into_iter().for_each(add);
    Ok(())
}

fn cases(wish: &Action) -> Vec<Case> {
    let connections = wish.connections;
    let mut cases = Vec::new();
    let mut add = |name: String, server: String, client: Option<String>| {
        let words = |line: String| line.split(' ').map(String::from).collect();
        let is_long = server.contains("pings");
        cases.push(Case { name, server: words(server), client: client.map(words), is_long });
    };
    let txs = TXS * connections;
    if wish.wants("p8") {
        for peers in [1, 8] {
            add(from(peers, "memory"), format!("memory txs {peers} {txs}"), None);
            for driver in DRIVERS {
                let client = format!("flood {peers} {txs} {NOBODY}");
                add(from(peers, driver), format!("{driver} txs {peers} {txs}"), Some(client));
            }
        }
    }
    if wish.wants("p9") || wish.wants("p10") {
        let rounds = if wish.wants("p10") { PING_ROUNDS } else { 0 };
        let sizes = [connections, few(connections)];
        for &size in if rounds > 0 { &sizes[..] } else { &sizes[..1] } {
            for server in ["floor", "mio", "smol"] {
                let client = format!("crowd {size}");
                add(crowd(server, size), format!("{server} pings {size} {rounds}"), Some(client));
            }
        }
    }
    if wish.wants("slow") {
        for driver in DRIVERS {
            for (others, more) in [(ASKING, 1), (SLOW, 1 + SLOW_PEERS)] {
                let client = format!("flood 8 {txs} {others}");
                add(beside(others, driver), format!("{driver} txs {} {txs}", 8 + more), Some(client));
            }
        }
    }
    cases
}

/// How many are few.
pub(crate) fn few(connections: usize) -> usize {
    (connections / FEWER).max(1)
}

/// The names of cases: transactions from so many peers,
pub(crate) fn from(peers: usize, server: &str) -> String {
    format!("{server}, from {peers}")
}

/// so many idle connections,
pub(crate) fn crowd(server: &str, connections: usize) -> String {
    format!("{server}, {connections} idle")
}

/// transactions from eight, and who is there beside them.
pub(crate) fn beside(others: &str, driver: &str) -> String {
    format!("{driver}, from 8 and {others}")
}
