//! Connections that the application leaves unread for a while.

use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use harness::{by_wtxid, segwit_tx, tx_message};
use satwire_core::CloseReason;
use satwire_core::node::{ConnId, EventKind};

use crate::stage::Stage;
use crate::{config, same};

/// Nothing of it is read, and nothing else waits: others are served, it is written to, and nobody spins.
#[test]
fn a_paused_peer_waits_and_others_do_not() {
    same(&config(), |stage: &mut dyn Stage| {
        let (paused, other) = (stage.dial_in(), stage.dial_out());
        stage.greet(paused);
        stage.greet(other);
        let tx = segwit_tx(1);
        let entry = vec![by_wtxid(&tx)];
        stage.send(other, NetworkMessage::Inv(entry.clone()));
        stage.hear(other, "getdata");
        stage.send(paused, NetworkMessage::Inv(entry.clone()));
        stage.until_told(paused, |kind| matches!(kind, EventKind::Announced(_)));

        stage.pause_reading(paused);
        stage.until("nothing to do", |stage| stage.is_idle());
        let before = stage.received();
        stage.send(paused, NetworkMessage::Ping(7));
        stage.until("nothing to do", |stage| stage.is_idle());
        assert_eq!(stage.received(), before);
        for nonce in 1..=3 {
            stage.ping(other, nonce);
        }
        // Requests to it are written; its answers wait.
        stage.send(other, NetworkMessage::NotFound(entry.clone()));
        assert_eq!(stage.hear(paused, "getdata"), NetworkMessage::GetData(entry));
        stage.say(paused, &tx_message(&tx));
        stage.until("nothing to do", |stage| stage.is_idle());
        let told = |stage: &dyn Stage| stage.events().iter().any(|e| matches!(e.kind, EventKind::Tx { .. }));
        assert!(!told(stage));

        stage.resume_reading(paused);
        assert_eq!(stage.hear(paused, "pong"), NetworkMessage::Pong(7));
        stage.until("the transaction", |stage| told(stage));
        // Nobody of that name: nothing happens.
        stage.pause_reading(ConnId(99));
        stage.resume_reading(ConnId(99));
        stage.ping(paused, 8);
        stage.stop();
    });
}

/// Deadlines go on: the answer that is left unread comes too late.
#[test]
fn a_pause_moves_no_deadline() {
    let wait = Duration::from_millis(200);
    let mut config = config();
    config.ping_interval = wait / 4;
    config.ping_timeout = wait;
    same(&config, |stage: &mut dyn Stage| {
        let paused = stage.dial_in();
        stage.greet(paused);
        stage.pause_reading(paused);
        let NetworkMessage::Ping(nonce) = stage.hear(paused, "ping") else { unreachable!("a ping") };
        stage.send(paused, NetworkMessage::Pong(nonce));
        assert_eq!(stage.until_over(paused), CloseReason::PingTimeout(wait));
        let pongs = stage.events().iter().filter(|event| matches!(event.kind, EventKind::Pong { .. }));
        assert_eq!(pongs.count(), 1, "the one before the pause");
        stage.until("the end", |stage| stage.peer(paused).over);
        stage.stop();
    });
}
