//! Transcripts without what may differ: times, ports, and the order between connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The doings of a node, connection by connection; those that concern none are under the empty name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told(BTreeMap<String, Vec<String>>);

impl Told {
    pub(crate) fn of(transcript: &str) -> Self {
        let mut told = BTreeMap::<String, (Names, Vec<String>)>::new();
        for line in transcript.lines() {
            let (_time, rest) = line.split_once(' ').expect("a time comes first");
            let is_conn =
                |word: &str| word.strip_prefix('c').is_some_and(|digits| digits.parse::<u64>().is_ok());
            let (conn, what) = match rest.split_once(' ') {
                Some((conn, what)) if is_conn(conn) => (conn, what),
                _ => ("", rest),
            };
            let (names, lines) = told.entry(conn.to_owned()).or_default();
            lines.push(what.split(' ').map(|word| names.plain(word)).collect::<Vec<_>>().join(" "));
        }
        Self(told.into_iter().map(|(conn, (_, lines))| (conn, lines)).collect())
    }

    /// An event on a connection.
    pub(crate) fn on(&self, conn: &str) -> &[String] {
        self.0.get(conn).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn assert_same(&self, other: &Self, name: &str) {
        for (conn, lines) in &self.0 {
            for (line, theirs) in lines.iter().zip(other.on(conn)) {
                assert_eq!(line, theirs, "{conn}: in memory, and on {name}");
            }
            assert_eq!(lines.len(), other.on(conn).len(), "{conn}: lines in memory, and on {name}");
        }
        assert_eq!(self.0.len(), other.0.len(), "{name} has other connections: {other:#?}");
    }
}

/// Nonces are named in the order in which a transcript shows them: here, in that of a connection.
#[derive(Default)]
struct Names(BTreeMap<String, usize>);

impl Names {
    /// A word without what may differ.
    fn plain(&mut self, word: &str) -> String {
        let bare = word.trim_matches(|c: char| "(),;:".contains(c));
        let is_time = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.ends_with('s');
        let is_offset = |text: &str| text.starts_with(['+', '-']) && text[1..].parse::<u64>().is_ok();
        let is_nonce =
            |text: &str| text.strip_prefix('n').is_some_and(|digits| digits.parse::<u64>().is_ok());
        let plain = if bare.parse::<SocketAddr>().is_ok() {
            "ADDRESS".to_owned()
        } else if is_time(bare) || is_offset(bare) {
            "TIME".to_owned()
        } else if is_nonce(bare) {
            let next = self.0.len() + 1;
            format!("n{}", self.0.entry(bare.to_owned()).or_insert(next))
        } else {
            return word.to_owned();
        };
        word.replacen(bare, &plain, 1)
    }
}

#[test]
fn lines_that_may_differ_are_left_out() {
    let told = Told::of(
        "+0.000000 c2 → ping n7\n\
         +0.000001 dialling 127.0.0.1:5 failed: connection refused; again in 20ms\n\
         +0.120000 c1 connected to [::1]:18444\n\
         +0.120001 c2 ← pong after 17µs (least 1.5ms)\n\
         +0.120001 c1 ← handshake 70016 with /x:1.0/ (n8, height 7, -13 s, NETWORK)\n",
    );
    assert_eq!(told.on(""), ["dialling ADDRESS failed: connection refused; again in TIME"]);
    assert_eq!(told.on("c2"), ["→ ping n1", "← pong after TIME (least TIME)"]);
    assert_eq!(
        told.on("c1"),
        ["connected to ADDRESS", "← handshake 70016 with /x:1.0/ (n1, height 7, TIME s, NETWORK)"]
    );
}
