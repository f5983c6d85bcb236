//! An exchange as connections are for: handshakes, pings, transactions.

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{by_wtxid, segwit_tx, tx_message};
use satwire_core::CloseReason;
use satwire_core::node::{ConnId, EventKind};

use crate::stage::{Leave, Stage};
use crate::{config, same, same_through_buffers};

/// Handshakes both ways, pings both ways, a transaction, and one that only the second announcer has.
fn exchange(stage: &mut dyn Stage, prepare: impl Fn(&mut dyn Stage, ConnId)) {
    let first = stage.dial_out();
    prepare(stage, first);
    stage.greet(first);
    let second = stage.dial_in();
    prepare(stage, second);
    stage.greet(second);
    stage.ping(first, 17);

    let tx = segwit_tx(1);
    stage.send(first, NetworkMessage::Inv(vec![by_wtxid(&tx)]));
    assert_eq!(stage.hear(first, "getdata"), NetworkMessage::GetData(vec![by_wtxid(&tx)]));
    stage.say(first, &tx_message(&tx));
    stage.until_told(first, |kind| matches!(kind, EventKind::Tx { .. }));

    let tx = segwit_tx(2);
    let entry: Vec<Inventory> = vec![by_wtxid(&tx)];
    stage.send(first, NetworkMessage::Inv(entry.clone()));
    stage.hear(first, "getdata");
    stage.send(second, NetworkMessage::Inv(entry.clone()));
    stage.until_told(second, |kind| matches!(kind, EventKind::Announced(_)));
    stage.send(first, NetworkMessage::NotFound(entry.clone()));
    assert_eq!(stage.hear(second, "getdata"), NetworkMessage::GetData(entry));
    stage.say(second, &tx_message(&tx));
    stage.until_told(second, |kind| matches!(kind, EventKind::Tx { .. }));

    stage.leave(second, Leave::Close);
    stage.stop();
    assert_eq!(stage.until_over(first), CloseReason::Local(satwire_core::Label::LOCAL));
    stage.until("the end", |stage| stage.peer(first).over);
}

#[test]
fn a_normal_exchange() {
    let told = same(&config(), |stage| exchange(stage, |_, _| {}));
    assert_eq!(
        told.on("c2"),
        [
            "accepted from ADDRESS",
            "→ version 70016 (n1, height 0, relay)",
            "→ wtxidrelay",
            "→ sendaddrv2",
            "→ verack",
            "← handshake 70016 with /scripted:1.0/ (n2, height 7, TIME s, NETWORK, WITNESS, wtxidrelay, sendaddrv2)",
            "→ ping n3",
            "← pong after TIME (least TIME)",
            "← inv 1 (wtx): 0 new, 0 asked for",
            "→ getdata 1 (wtx)",
            "← tx dc9bdef5 of 110 vbytes, asked for TIME ago",
            "over: closed by the peer",
        ]
    );
}

/// Every byte that peers send comes alone.
#[test]
fn an_exchange_byte_by_byte() {
    let byte_by_byte = |stage: &mut dyn Stage, conn| stage.peer(conn).piece = Some(1);
    let whole = same(&config(), |stage| exchange(stage, |_, _| {}));
    assert_eq!(whole, same_through_buffers(1, &config(), |stage| exchange(stage, byte_by_byte)));
}
