//! Tests of the counts, and of the telling.

use satwire_core::node::{Announcement, FailedRequest};
use satwire_core::wire::{Hash, InvType, Inventory};
use satwire_core::{CloseReason, IoError};

use super::*;
use crate::render::tests::{segwit, tx};

fn event(kind: EventKind) -> Event {
    Event::new(Instant::ZERO, Some(ConnId(1)), kind)
}

fn announcement() -> Announcement {
    let item = Inventory { inv_type: InvType::WTX, hash: Hash([1; 32]) };
    Announcement::new(item, true, true)
}

/// Counting does not need anybody to read.
#[test]
fn events_count() {
    let mut model = Model::new(Network::Main, WallClock::default(), EventSet::usual(), true);
    let addr = "127.0.0.1:1".parse().unwrap();
    model.event(event(EventKind::Connected { addr, direction: Direction::Inbound }));
    for kind in [
        EventKind::Announced(vec![announcement(); 3]),
        EventKind::Tx { tx: tx(&segwit()), latency: None },
        EventKind::Pong { rtt: Duration::from_secs(2), min: Duration::from_secs(1) },
    ] {
        let entry = model.event(event(kind)).unwrap();
        assert_eq!(entry.connection.unwrap().addr, "127.0.0.1:1");
    }
    assert_eq!(model.totals, Totals { peers: 0, transactions: 1, announcements: 3, firsts: 3 });
    let peer = model.peers().next().unwrap();
    assert_eq!((peer.announcements, peer.transactions, peer.ping), (3, 1, Some(Duration::from_secs(2))));
    let gone = model.event(event(EventKind::Disconnected(CloseReason::Io(IoError::Ended)))).unwrap();
    // Its own line still names it.
    assert!(gone.connection.is_some() && model.peers().next().is_none());
}

/// The stated size of an entry is at least that of the bytes sent to make it.
#[test]
fn entries_know_their_size() {
    let mut model = Model::new(Network::Main, WallClock::default(), EventSet::usual(), true);
    let mut entry = |kind| model.event(event(kind)).unwrap();
    let large = tx(&crate::render::tests::legacy(2, &[0; 100]));
    assert!(entry(EventKind::Tx { tx: large.clone(), latency: None }).bytes() > large.as_bytes().len());
    let inventory = entry(EventKind::Announced(vec![announcement(); 1000]));
    assert!(inventory.bytes() > 36_000 && inventory.lines() == 1000);
    let failed = FailedRequest::new(announcement().item, None);
    let failed = entry(EventKind::Notfound(vec![failed; 1000]));
    assert!(failed.bytes() > 36_000 && failed.lines() == 1000);
    assert_eq!(entry(EventKind::Feefilter(1)).lines(), 1);
}
