//! Peers that announce, and the requests that they get: the tests about transactions share these.

use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{Hello, World};
use satwire_core::node::{ConnId, EventKind};
use satwire_core::wire;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A world with so many peers that announce by wtxid.
pub(crate) fn with_peers(count: u8) -> (World, Vec<ConnId>) {
    let mut world = World::default();
    let peers = (1..=count).map(|n| world.peer(n, &Hello::default())).collect();
    (world, peers)
}

/// Returns what `conn` was asked for since it last listened. Pings are answered.
pub(crate) fn asked(world: &mut World, conn: ConnId) -> Vec<Inventory> {
    let mut asked = Vec::new();
    for heard in world.heard(conn) {
        match heard {
            NetworkMessage::GetData(list) => asked.extend(list),
            NetworkMessage::Ping(nonce) => world.send(conn, NetworkMessage::Pong(nonce)),
            other => panic!("{other:?}"),
        }
    }
    asked
}

/// The peers that were asked for something since they last listened.
pub(crate) fn who_is_asked(world: &mut World, peers: &[ConnId]) -> Vec<ConnId> {
    peers.iter().copied().filter(|conn| !asked(world, *conn).is_empty()).collect()
}

pub(crate) fn announce(world: &mut World, conn: ConnId, list: &[Inventory]) {
    world.send(conn, NetworkMessage::Inv(list.to_vec()));
}

/// The ids of transactions that came for the first time.
pub(crate) fn news(events: &[EventKind]) -> Vec<wire::Wtxid> {
    events
        .iter()
        .filter_map(|event| match event {
            EventKind::Tx { tx, .. } => Some(tx.wtxid()),
            _ => None,
        })
        .collect()
}
