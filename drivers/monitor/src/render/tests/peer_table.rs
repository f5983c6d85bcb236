//! 10.18: the table that SIGUSR1 and `--report` ask for.

use satwire_core::node::Verdict;

use super::*;

fn at(secs: u64) -> Instant {
    Instant::from_micros(secs * 1_000_000)
}

#[test]
fn peers_are_a_table() {
    let mut lines = Lines::new(Format::Json, false);
    lines.event(connected(20, "[::1]:5", Direction::Inbound));
    lines.event(event(1, EventKind::Handshake(Box::new(negotiated(b"")))));
    let (rtt, min) = (Duration::from_micros(21_234), Duration::from_micros(900));
    lines.event(event(1, EventKind::Pong { rtt, min }));
    let announcement = |first| Announcement::new(item(1), first, true);
    lines.event(event(1, EventKind::Announced(vec![announcement(true), announcement(false)])));
    lines.event(event(20, EventKind::Announced(vec![announcement(true); 2])));
    assert_eq!(
        peer_table(&lines.model, at(62)),
        "\
satwire: 2 peers at 15:59:10.123 UTC
peer address         net  dir age ping   min invs first verdict
c1   127.0.0.1:18555 ipv4 out  1m 21ms 0.9ms    2 33.3% ok
c20  [::1]:5         ipv6 in   1m    -     -    2 66.6% handshake_pending 1m
"
    );
    lines.event(event(1, EventKind::Disconnected(CloseReason::Local(Label::LOCAL))));
    lines.event(event(20, EventKind::Verdict { verdict: Verdict::InvsStopped, since: at(100) }));
    lines.event(event(0, EventKind::Offline { since: at(500) }));
    assert_eq!(
        peer_table(&lines.model, at(700)),
        "\
satwire: 1 peer at 16:09:48.123 UTC
satwire: offline, nobody has been heard for 3m
peer address net  dir age ping min invs first verdict
c20  [::1]:5 ipv6 in  11m    -   -    2 66.6% invs_stopped 10m
"
    );
    lines.event(event(20, EventKind::Disconnected(CloseReason::Local(Label::LOCAL))));
    lines.event(event(0, EventKind::Online { after: Duration::from_secs(1) }));
    assert_eq!(peer_table(&lines.model, at(700)), "satwire: no peers\n");
}

/// A line fits, whatever the peers are.
#[test]
fn it_is_readable_at_eighty_columns() {
    let mut lines = Lines::new(Format::Json, false);
    for (conn, addr) in
        [(2, "203.0.113.255:18444"), (99_999, "[2001:db8:1111:2222:3333:4444:5555:6666]:18444")]
    {
        lines.event(connected(conn, addr, Direction::Inbound));
    }
    let rtt = Duration::from_secs(1200);
    for conn in [2, 99_999] {
        lines.event(event(conn, EventKind::Pong { rtt, min: rtt }));
        let verdict = Verdict::RequestsUnanswered;
        lines.event(event(conn, EventKind::Verdict { verdict, since: at(0) }));
        let announcement = Announcement::new(item(1), conn > 2, true);
        (0..20).for_each(|_| lines.event(event(conn, EventKind::Announced(vec![announcement; 5000]))));
    }
    let table = peer_table(&lines.model, at(99 * 86_400));
    assert!(table.lines().all(|line| line.len() <= 80), "{table}");
    assert_eq!(
        table.lines().last(),
        Some("c99999 [2001:~:18444 ipv6 in  98d 1200s 1200s 100k  100% requests_unanswered 99d")
    );
}
