//! Each example is run, against a scripted peer on loopback.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use harness::{Hello, Sent, by_wtxid, decode_frames, message, segwit_tx, tx_message};

/// A deadline for what happens at once on an idle machine.
const SOON: Duration = Duration::from_secs(20);

/// Starts an example; cargo has built it beside this test.
fn start(name: &str, args: &[&str]) -> Child {
    let mut path =
        PathBuf::from(std::env::current_exe().expect("a test has a file").parent().expect("and a folder"));
    path.pop();
    path.extend(["examples", name]);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "{} is missing: cargo build --examples -p satwire-std", path.display());
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

/// Plays the other side: shakes hands, serves one transaction, is pinged, and goes.
fn play(stream: &TcpStream) {
    stream.set_read_timeout(Some(SOON)).expect("a socket");
    let tx = segwit_tx(1);
    let say = |bytes: &[u8]| (&*stream).write_all(bytes).expect("the example reads");
    say(&Hello::default().all());
    let (mut pinged, mut served) = (false, false);
    while !(pinged && served) {
        match next_message(stream) {
            NetworkMessage::Ping(nonce) => {
                say(&message(NetworkMessage::Pong(nonce)));
                say(&message(NetworkMessage::Inv(vec![by_wtxid(&tx)])));
                pinged = true;
            }
            NetworkMessage::GetData(wanted) => {
                assert_eq!(wanted, [by_wtxid(&tx)]);
                say(&tx_message(&tx));
                // Its answer comes after the transaction.
                say(&message(NetworkMessage::Ping(7)));
                while next_message(stream) != NetworkMessage::Pong(7) {}
                served = true;
            }
            _ => {}
        }
    }
}

fn next_message(mut stream: &TcpStream) -> NetworkMessage {
    let mut frame = vec![0; 24];
    stream.read_exact(&mut frame).expect("a header");
    let length = u32::from_le_bytes(frame[16..20].try_into().expect("four bytes"));
    frame.resize(24 + length as usize, 0);
    stream.read_exact(&mut frame[24..]).expect("a payload");
    match decode_frames(&frame).pop() {
        Some(Sent::Message(message)) => message,
        other => panic!("{other:?}"),
    }
}

fn dialled_by(example: &str, name: impl Fn(u16) -> String) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback can be bound");
    let child = start(example, &[&name(listener.local_addr().expect("bound").port())]);
    play(&listener.accept().expect("the example dials").0);
    end(child)
}

fn assert_told(printed: &str) {
    for word in ["Handshake(", "Pong {", "Announced(", "Tx {", "Disconnected(Io(Ended))"] {
        assert!(printed.contains(word), "no {word} in {printed}");
    }
}

#[test]
fn a_peer_on_a_blocking_socket() {
    let printed = dialled_by("blocking", |port| format!("127.0.0.1:{port}"));
    let txid = segwit_tx(1).compute_txid().to_string();
    assert!(printed.lines().any(|line| line == txid), "{printed}");
}

/// The README shows the program that is run here.
#[test]
fn the_readme_shows_the_blocking_example() {
    let example = include_str!("../examples/blocking.rs");
    let code = example.trim_start_matches(|c| c != '\n').split_once("\n\n").expect("the front page ends").1;
    assert!(include_str!("../../../README.md").contains(code), "copy the example to the README");
}

#[test]
fn a_node_on_tokio() {
    assert_told(&dialled_by("tokio", |port| format!("127.0.0.1:{port}")));
}

/// "localhost" may also lead to ::1, where nobody listens: then the next address is tried.
#[test]
fn a_node_on_tokio_dials_a_name() {
    assert_told(&dialled_by("tokio", |port| format!("localhost:{port}")));
}

#[test]
#[cfg(unix)]
fn a_node_on_poll() {
    assert_told(&dialled_by("poll", |port| format!("127.0.0.1:{port}")));
}

#[test]
#[cfg(unix)]
fn a_node_on_poll_listens() {
    use std::io::{BufRead as _, BufReader};

    let mut child = start("poll", &["listen", "127.0.0.1:0"]);
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("text");
    let addr = line.trim().rsplit_once(' ').expect("an address at its end").1;
    play(&TcpStream::connect(addr).expect("it listens"));
    let mut printed = String::new();
    stdout.read_to_string(&mut printed).expect("text");
    assert_told(&printed);
    assert!(child.wait().expect("it can be waited for").success());
}

/// Two thousand headers, then the rest: each one of the block before.
#[test]
fn a_header_sync() {
    let mut tip = bitcoin::constants::genesis_block(bitcoin::Network::Regtest).header;
    let next = || {
        tip = bitcoin::block::Header { prev_blockhash: tip.block_hash(), time: tip.time + 600, ..tip };
        tip
    };
    let headers: Vec<_> = std::iter::repeat_with(next).take(2500).collect();
    let printed = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback can be bound");
        let child = start("header_sync", &[&listener.local_addr().expect("bound").to_string()]);
        let stream = listener.accept().expect("the example dials").0;
        stream.set_read_timeout(Some(SOON)).expect("a socket");
        let say = |bytes: &[u8]| (&stream).write_all(bytes).expect("the example reads");
        say(&Hello::default().all());
        for answer in headers.chunks(2000) {
            let NetworkMessage::GetHeaders(asked) = until_getheaders(&stream) else {
                unreachable!("a getheaders")
            };
            assert_eq!(asked.locator_hashes, [answer[0].prev_blockhash]);
            say(&message(NetworkMessage::Headers(answer.to_vec())));
        }
        end(child)
    };
    assert_eq!(printed, format!("height 2500, tip {}\n", tip.block_hash()));
}

fn until_getheaders(stream: &TcpStream) -> NetworkMessage {
    loop {
        let message = next_message(stream);
        if matches!(message, NetworkMessage::GetHeaders(_)) {
            return message;
        }
    }
}
