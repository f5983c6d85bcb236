//! The peers of the moment, as a table for an operator.

use std::fmt::Write as _;
use std::time::Duration;

use satwire_core::Instant;
use satwire_core::node::Verdict;

use super::figures::TimeOfDay;
use crate::model::{Model, Peer};

/// The columns of a terminal, in which each line fits.
const WIDTH: usize = 80;

/// The fewest characters of an address that are shown.
const LEAST_ADDRESS: usize = 11;

const HEAD: [&str; COLUMNS] =
    ["peer", "address", "net", "dir", "age", "ping", "min", "invs", "first", "verdict"];
const COLUMNS: usize = 10;
const ADDRESS: usize = 1;

/// A line that says when, one if we are offline, and one for each open connection, of at most 80 characters: `age` of
/// the connection, `ping` the last and `min` the least, `invs` entries of its inventories, `first` how many of all that
/// nobody announced before came from it, and the verdict with how long it has held.
pub(crate) fn peer_table(model: &Model, now: Instant) -> String {
    let mut rows: Vec<_> = model.peers().map(|peer| cells(peer, now, model.totals().firsts)).collect();
    let mut table = match rows.len() {
        0 => "satwire: no peers\n".to_owned(),
        1 => format!("satwire: 1 peer at {} UTC\n", TimeOfDay(model.time(now))),
        many => format!("satwire: {many} peers at {} UTC\n", TimeOfDay(model.time(now))),
    };
    // Writing to memory does not fail.
    if let Some(since) = model.offline_since() {
        let _ = writeln!(table, "satwire: offline, nobody has been heard for {}", short(now, since));
    }
    if rows.is_empty() {
        return table;
    }
    rows.insert(0, HEAD.map(String::from));
    let mut widths = widths(&rows);
    let others = widths.iter().sum::<usize>() - widths[ADDRESS] + COLUMNS - 1;
    widths[ADDRESS] = widths[ADDRESS].min(WIDTH.saturating_sub(others).max(LEAST_ADDRESS));
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let _ = match column {
                0 => write!(line, "{cell:width$}"),
                ADDRESS => write!(line, " {:width$}", cut(cell, width)),
                4..9 => write!(line, " {cell:>width$}"),
                _ => write!(line, " {cell:width$}"),
            };
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

fn widths(rows: &[[String; COLUMNS]]) -> [usize; COLUMNS] {
    std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or_default())
}

fn cells(peer: &Peer, now: Instant, firsts: u64) -> [String; COLUMNS] {
    let connection = &peer.connection;
    let ping = |time: Option<Duration>| time.map_or_else(|| "-".into(), ping);
    [
        format!("c{}", connection.id),
        connection.addr.clone(),
        connection.network.into(),
        if connection.inbound { "in" } else { "out" }.into(),
        short(now, peer.since),
        ping(peer.ping),
        ping(peer.min_ping),
        count(peer.announcements),
        share(peer.firsts, firsts),
        match peer.verdict {
            None => "-".into(),
            Some((verdict @ Verdict::Ok, _)) => verdict.to_string(),
            Some((verdict, since)) => format!("{verdict} {}", short(now, since)),
        },
    ]
}

/// The start and the end of an address that is too long: the end has its port.
fn cut(addr: &str, width: usize) -> String {
    if addr.len() <= width {
        return addr.into();
    }
    // It is ASCII, and what is left out is marked.
    let end = addr.len() - (width - 1) / 2;
    let start = width - 1 - (width - 1) / 2;
    format!("{}~{}", addr.get(..start).unwrap_or_default(), addr.get(end..).unwrap_or_default())
}

/// How long ago, in three characters up to a hundred days: `59s`, `12m`, `23h`, `5d`.
fn short(now: Instant, since: Instant) -> String {
    match now.saturating_duration_since(since).as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds @ 3600..86_400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// A time in at most five characters: `0.4ms`, `21ms`, `1.2s`, `1200s`.
fn ping(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..10_000 => format!("{}.{}ms", micros / 1000, micros / 100 % 10),
        micros @ 10_000..1_000_000 => format!("{}ms", micros / 1000),
        micros @ 1_000_000..100_000_000 => format!("{}.{}s", micros / 1_000_000, micros / 100_000 % 10),
        micros => format!("{}s", micros / 1_000_000),
    }
}

/// A number in at most five characters, up to a hundred thousand millions.
fn count(n: u64) -> String {
    match n {
        0..100_000 => n.to_string(),
        100_000..10_000_000 => format!("{}k", n / 1000),
        _ => format!("{}M", n / 1_000_000),
    }
}

/// A part of all, in at most five characters: `12.3%`, `100%`.
fn share(part: u64, all: u64) -> String {
    match (u128::from(part) * 1000).checked_div(u128::from(all)) {
        None => "-".into(),
        Some(1000..) => "100%".into(),
        Some(thousandths) => format!("{}.{}%", thousandths / 10, thousandths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_short() {
        let ages = [0, 59, 60, 3599, 3600, 86_399, 86_400, 8_640_000]
            .map(|secs| short(Instant::ZERO + Duration::from_secs(secs), Instant::ZERO));
        assert_eq!(ages, ["0s", "59s", "1m", "59m", "1h", "23h", "1d", "100d"]);
        let pings = [0, 999, 9999, 10_000, 999_999, 1_000_000, 99_999_999, 1_200_000_000];
        let pings = pings.map(|micros| ping(Duration::from_micros(micros)));
        assert_eq!(pings, ["0.0ms", "0.9ms", "9.9ms", "10ms", "999ms", "1.0s", "99.9s", "1200s"]);
        assert_eq!(
            [0, 99_999, 100_000, 9_999_999, 10_000_000].map(count),
            ["0", "99999", "100k", "9999k", "10M"]
        );
        assert_eq!(
            [(0, 0), (0, 7), (1, 3), (7, 7)].map(|(part, all)| share(part, all)),
            ["-", "0.0%", "33.3%", "100%"]
        );
        assert_eq!(cut("[2001:db8::1:2:3]:18444", 11), "[2001~18444");
        assert_eq!(cut("203.0.113.9:8333", 16), "203.0.113.9:8333");
    }
}
