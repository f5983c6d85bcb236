//! T16: connections on which we take no transactions.

use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{Hello, World, by_txid, by_wtxid, config, message, peer_addr, segwit_tx, tx_message};
use satwire_core::CloseReason;
use satwire_core::wire::Command;

/// T16: a peer that our `version` tells that we take no transactions may announce blocks, and nothing else.
#[test]
fn t16_without_relay_a_transaction_or_its_announcement_disconnects() {
    let tx = segwit_tx(1);
    let block = Inventory::Block(bitcoin::BlockHash::from_byte_array([1; 32]));
    let inv = |items: &[Inventory]| message(NetworkMessage::Inv(items.to_vec()));
    for (said, command) in [
        (tx_message(&tx), Some(Command::TX)),
        // A header is enough.
        (tx_message(&tx)[..24].to_vec(), Some(Command::TX)),
        (inv(&[block, by_wtxid(&tx)]), Some(Command::INV)),
        (inv(&[by_txid(&tx)]), Some(Command::INV)),
        (inv(&[block]), None),
    ] {
        for relay in [false, true] {
            let mut world = World::new(config(|config| config.relay = relay));
            let conn = world.dial(peer_addr(1));
            let version = world.heard(conn).remove(0);
            let NetworkMessage::Version(version) = version else { panic!("{version:?}") };
            assert_eq!(version.relay, relay);
            world.greet(conn, &Hello::default());
            world.say(conn, &said);
            let expected = command.filter(|_| !relay).map(CloseReason::UnwantedTx);
            assert_eq!(world.closed(conn), expected, "{said:?}");
        }
    }
}
