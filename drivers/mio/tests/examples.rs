//! Each example is run, against scripted peers on loopback.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use harness::{Hello, Sent, by_txid, by_wtxid, decode_frames, message, segwit_tx};

/// A deadline for what happens at once on an idle machine.
const SOON: Duration = Duration::from_secs(20);

/// Starts an example; cargo has built it beside this test.
fn start(name: &str, args: &[String]) -> Child {
    let mut path =
        PathBuf::from(std::env::current_exe().expect("a test has a file").parent().expect("and a folder"));
    path.pop();
    path.extend(["examples", name]);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "{} is missing: cargo build --examples -p satwire-mio", path.display());
    Command::new(path).args(args).stdout(Stdio::piped()).spawn().expect("it can be started")
}

/// Waits until the example has ended, without an error; what it has printed.
fn end(mut child: Child) -> String {
    let mut printed = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut printed).expect("text");
    let status = child.wait().expect("it can be waited for");
    assert!(status.success(), "{status}: {printed}");
    printed
}

fn listeners() -> (Vec<TcpListener>, Vec<String>) {
    let listener = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback can be bound");
    let listeners: Vec<_> = (0..3).map(listener).collect();
    let addrs = listeners.iter().map(|listener| listener.local_addr().expect("bound").to_string()).collect();
    (listeners, addrs)
}

/// The next message, or `None` when the example has gone.
fn next_message(mut stream: &TcpStream) -> Option<NetworkMessage> {
    let mut frame = vec![0; 24];
    stream.read_exact(&mut frame).ok()?;
    let length = u32::from_le_bytes(frame[16..20].try_into().expect("four bytes"));
    frame.resize(24 + length as usize, 0);
    stream.read_exact(&mut frame[24..]).ok()?;
    match decode_frames(&frame).pop() {
        Some(Sent::Message(message)) => Some(message),
        other => panic!("{other:?}"),
    }
}

fn say(mut stream: &TcpStream, message_: NetworkMessage) {
    stream.write_all(&message(message_)).expect("the example reads");
}

fn accept(listener: &TcpListener, hello: &Hello) -> TcpStream {
    let mut stream = listener.accept().expect("the example dials").0;
    stream.set_read_timeout(Some(SOON)).expect("a socket");
    stream.write_all(&hello.all()).expect("the example reads");
    stream
}

/// Three peers, one of which announces by txid, fetch it.
#[test]
fn a_broadcast() {
    let (listeners, addrs) = listeners();
    let tx = segwit_tx(1);
    let child = start("broadcast", &[&[serialize_hex(&tx)][..], &addrs].concat());
    let fetch = |(n, listener): (usize, TcpListener)| {
        let tx = tx.clone();
        thread::spawn(move || {
            let hello = if n == 0 { Hello::btcd() } else { Hello::default() };
            let stream = accept(&listener, &hello);
            let (announced, asked) = if n == 0 {
                (by_txid(&tx), Inventory::WitnessTransaction(tx.compute_txid()))
            } else {
                (by_wtxid(&tx), by_wtxid(&tx))
            };
            loop {
                match next_message(&stream).expect("it serves first") {
                    NetworkMessage::Inv(list) => {
                        assert_eq!(list, [announced]);
                        say(&stream, NetworkMessage::GetData(vec![asked]));
                    }
                    NetworkMessage::Tx(got) => return assert_eq!(got, tx),
                    _ => {}
                }
            }
        })
    };
    let peers: Vec<_> = listeners.into_iter().enumerate().map(fetch).collect();
    for peer in peers {
        peer.join().expect("it has the transaction");
    }
    assert_eq!(end(child).lines().count(), 3);
}

#[test]
fn a_table_of_peers() {
    let (listeners, addrs) = listeners();
    let child = start("getpeerinfo", &addrs);
    let answer = |listener: TcpListener| {
        thread::spawn(move || {
            let stream = accept(&listener, &Hello::default());
            while let Some(message) = next_message(&stream) {
                if let NetworkMessage::Ping(nonce) = message {
                    say(&stream, NetworkMessage::Pong(nonce));
                }
            }
        })
    };
    let peers: Vec<_> = listeners.into_iter().map(answer).collect();
    let printed = end(child);
    for peer in peers {
        peer.join().expect("it plays its part");
    }
    assert_eq!(printed.lines().count(), 4, "{printed}");
    for addr in addrs {
        let line = printed.lines().find(|line| line.contains(&addr)).expect("a line for each");
        assert!(
            line.contains("/scripted:1.0/") && line.contains("version 1") && line.contains("pong 1"),
            "{line}"
        );
    }
}
