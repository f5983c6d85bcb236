//! Peers that misuse a socket.

use bitcoin::Wtxid;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{Frame, message};
use satwire_core::node::EventKind;

use crate::stage::Stage;
use crate::{config, same, same_through_buffers};

/// The longest `inv`.
const LONGEST: u32 = 50_000;

/// Announcements of as many transactions as one message can hold; others for each `n`.
fn longest_inv(n: u32) -> Vec<u8> {
    let wtxid = |i: u32| {
        let mut id = [7; 32];
        id[..4].copy_from_slice(&(n * LONGEST + i).to_le_bytes());
        Inventory::WTx(Wtxid::from_byte_array(id))
    };
    message(NetworkMessage::Inv((0..LONGEST).map(wtxid).collect()))
}

/// It asks, in effect, for more than all buffers on the way hold, and does not read it. The memory that we keep for it
/// is bounded; we stop reading it, and do nothing until it reads. Others do not notice.
#[test]
fn a_peer_that_never_reads() {
    const INVS: u32 = 3;
    let mut config = config();
    config.max_unsent = 10_000;
    config.max_announcements = 1_000_000;
    config.max_requests = 1_000_000;
    let invs: Vec<_> = (0..INVS).map(longest_inv).collect();
    same_through_buffers(64 * 1024, &config, |stage: &mut dyn Stage| {
        let deaf = stage.dial_out();
        stage.greet(deaf);
        let other = stage.dial_out();
        stage.greet(other);
        stage.peer(deaf).deaf = true;
        for inv in &invs {
            stage.say(deaf, inv);
        }
        stage.until("a full outbox", |stage| !stage.reads(deaf));
        // One message may be the straw: its answer is as long as itself.
        assert!(stage.unsent(deaf) <= 10_000 + 2_000_000, "{}", stage.unsent(deaf));
        stage.ping(other, 1);
        stage.until("nothing to do", |stage| stage.is_idle());
        assert!(!stage.reads(deaf));
        // As soon as it reads, everything goes on where it stopped.
        stage.peer(deaf).deaf = false;
        for _ in 0..INVS * LONGEST / 1000 {
            let NetworkMessage::GetData(list) = stage.hear(deaf, "getdata") else {
                unreachable!("a getdata")
            };
            assert_eq!(list.len(), 1000);
        }
        stage.ping(deaf, 2);
        stage.stop();
    });
}

/// It sends as fast as it can. Others are answered after a bounded number of its bytes.
#[test]
fn a_peer_that_floods() {
    const FRAMES: usize = 160;
    let junk = Frame::new("junk", vec![7; 100_000]).bytes().repeat(FRAMES);
    same(&config(), |stage: &mut dyn Stage| {
        let (flood, other) = (stage.dial_in(), stage.dial_in());
        stage.greet(flood);
        stage.greet(other);
        stage.say(flood, &junk);
        for nonce in 1..=10 {
            let before = stage.received();
            stage.ping(other, nonce);
            let meanwhile = stage.received() - before;
            assert!(meanwhile <= 1_000_000, "{meanwhile} bytes were read before a pong was sent");
        }
        let ignored = |stage: &dyn Stage| {
            let junk = |kind: &EventKind| matches!(kind, EventKind::Ignored { bytes: 100_000, .. });
            stage.events().iter().filter(|event| junk(&event.kind)).count()
        };
        stage.until("all of the flood", |stage| ignored(stage) == FRAMES);
        stage.ping(flood, 1);
        stage.stop();
    });
}

/// Bytes of another protocol end their connection, and no other.
#[test]
fn a_peer_of_another_protocol() {
    same(&config(), |stage: &mut dyn Stage| {
        let (stranger, other) = (stage.dial_in(), stage.dial_out());
        stage.greet(other);
        stage.say(stranger, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
        assert_eq!(stage.until_over(stranger).as_str(), "wrong_magic");
        stage.until("the end", |stage| stage.peer(stranger).over);
        stage.ping(other, 1);
        stage.stop();
    });
}
