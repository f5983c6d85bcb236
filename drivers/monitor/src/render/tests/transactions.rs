//! Lines of transactions on a terminal.

use super::*;

#[test]
fn the_first_announcer_is_named_if_another_delivers() {
    let mut lines = Lines::new(HUMAN, false);
    let tx = tx(&segwit());
    let item = Inventory { inv_type: InvType::TX, hash: tx.txid().into() };
    let announcement = Announcement::new(item, true, true);
    lines.event(event(2, EventKind::Announced(vec![announcement])));
    lines.take();
    lines.event(event(1, EventKind::Tx { tx, latency: Some(Duration::ZERO) }));
    let text = lines.take();
    assert!(text.contains("segwit       64 vB") && text.ends_with("0 µs  first from c2\n"), "{text}");
    assert!(text.trim_end().chars().count() <= 120, "{text}");
}

/// 10.18: at 80 columns no line of a transaction wraps, whatever it says; at 200 it has the whole id.
#[test]
fn transactions_fit_the_terminal() {
    // Some of the largest there can be.
    let coins = tx(&legacy(2, &[2_100_000_000_000_000]));
    let id = coins.txid().to_string();
    for (width, digits) in [(80, 8), (81, 9), (123, 51), (124, 16), (130, 22), (171, 64), (200, 64)] {
        let mut lines = Lines::new(Format::Human(Look { width, ..Look::PLAIN }), false);
        for (conn, announcer, latency) in [(99_999, 100_000, None), (1, 2, Some(Duration::from_secs(9999)))] {
            lines.event(connected(conn, "127.0.0.1:1", Direction::Inbound));
            let item = Inventory { inv_type: InvType::TX, hash: coins.txid().into() };
            let announcement = Announcement::new(item, true, true);
            let announcer = if width < 124 { announcer } else { announcer / 10 };
            lines.event(event(announcer, EventKind::Announced(vec![announcement])));
            lines.take();
            let conn = if width < 124 { conn } else { 1 };
            lines.event(event(conn, EventKind::Tx { tx: coins.clone(), latency }));
            let text = lines.take();
            assert!(text.trim_end().chars().count() <= width, "{width}: {text}");
            let shown = if digits == 64 { format!("tx {id} ") } else { format!("tx {}… ", &id[..digits]) };
            assert!(text.contains(&shown), "{width}: {text}");
            assert!(text.contains("21000000.00000000 BTC"), "{width}: {text}");
        }
    }
}

/// 10.18: which transaction is announced, not only how many.
#[test]
fn announced_transactions_are_named() {
    let announced = |many| {
        let items = (1..=many).map(|n| Announcement::new(item(n), false, false));
        event(1, EventKind::Announced(items.collect()))
    };
    let text = on_terminal(80, &announced(1));
    assert!(text.ends_with("announces 1 transaction, 0 new, 0 asked for: 01010101…\n"), "{text}");
    assert!(text.trim_end().chars().count() <= 80, "{text}");
    let text = on_terminal(200, &announced(200));
    assert!(text.contains(&"01".repeat(32)) && text.contains(&"03".repeat(32)), "{text}");
    assert!(!text.contains(&"04".repeat(4)), "{text}");
}
