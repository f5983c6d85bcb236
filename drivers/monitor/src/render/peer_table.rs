//! The peers of the moment, as a table for an operator.

use std::fmt::Write as _;
use std::time::Duration;

use satwire_core::Instant;

use crate::model::{Model, Peer};
use satwire_json::Seconds;

/// A line for each open connection: address, age, last ping, announcements and transactions.
pub(crate) fn peer_table(model: &Model, now: Instant) -> String {
    let peers: Vec<_> = model.peers().map(|peer| cells(peer, now)).collect();
    if peers.is_empty() {
        return "satwire: no peers\n".into();
    }
    let widths = peers.iter().chain([&HEAD.map(String::from)]).fold([0; 6], |mut widths, cells| {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.len().max(*width);
        }
        widths
    });
    let [conn, addr, age, ping, announcements, transactions] = widths;
    let mut table = String::new();
    for [a, b, c, d, e, f] in [HEAD.map(String::from)].iter().chain(&peers) {
        // Writing to memory does not fail.
        let _ = writeln!(
            table,
            "{a:conn$}  {b:addr$}  {c:>age$}  {d:>ping$}  {e:>announcements$}  {f:>transactions$}"
        );
    }
    table
}

const HEAD: [&str; 6] = ["peer", "address", "age s", "ping s", "announcements", "transactions"];

fn cells(peer: &Peer, now: Instant) -> [String; 6] {
    let connection = &peer.connection;
    let age = Duration::from_micros(now.as_micros().saturating_sub(peer.since.as_micros()));
    let ping = match peer.ping {
        Some(ping) => Seconds(ping).to_string(),
        None => "-".into(),
    };
    let (handshake, inbound) =
        (if peer.ready { "" } else { " (no handshake)" }, if connection.inbound { " in" } else { "" });
    [
        format!("c{}", connection.id),
        format!("{}{inbound}{handshake}", connection.addr),
        age.as_secs().to_string(),
        ping,
        peer.announcements.to_string(),
        peer.transactions.to_string(),
    ]
}
