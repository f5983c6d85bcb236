//! The same session natively and in JavaScript's loop: the same transcript, byte for byte.

use std::path::Path;
use std::process::{Command, Output};

use bitcoin::p2p::message::NetworkMessage;
use harness::{Frame, Hello, by_wtxid, legacy_tx, message, segwit_tx, tx_message};
use satwire_core::Instant;
use satwire_wasm::Talk;

const TARGET: &str = "wasm32-unknown-unknown";

/// The messages of the other side and their times: whole ones, some of them malformed.
fn said() -> Vec<(u64, Vec<u8>)> {
    let txs = [segwit_tx(1), legacy_tx(2)];
    let invs = (0..4).map(|n| by_wtxid(&segwit_tx(n))).collect();
    vec![
        (1_000, Hello::default().all()),
        (2_000, message(NetworkMessage::Pong(2))),
        (3_000, message(NetworkMessage::FeeFilter(1000))),
        (4_000, message(NetworkMessage::Inv(invs))),
        (5_000, txs.iter().flat_map(tx_message).collect()),
        (6_000, message(NetworkMessage::NotFound(vec![by_wtxid(&segwit_tx(3))]))),
        (7_000, Frame::new("tx", vec![0xff; 80]).bytes()),
        (8_000, Frame::new("ping", vec![1, 2, 3, 4, 5, 6, 7, 8]).wrong_checksum().bytes()),
        (9_000, Frame::new("junk", vec![7; 10_000]).bytes()),
        (10_000, message(NetworkMessage::Ping(u64::MAX))),
        // Nothing more is said: requests are not answered, pings neither, and that is the end.
        (3_000_000_000, Vec::new()),
    ]
}

/// The same in reads of so many bytes.
fn reads(piece: usize) -> Vec<(u64, Vec<u8>)> {
    let pieces = |(now, bytes): (u64, Vec<u8>)| match bytes.len() {
        0 => vec![(now, bytes)],
        _ => bytes.chunks(piece).map(|piece| (now, piece.to_vec())).collect(),
    };
    said().into_iter().flat_map(pieces).collect()
}

fn natively(reads: &[(u64, Vec<u8>)]) -> String {
    let mut talk = Talk::default();
    for (now, bytes) in reads {
        let now = Instant::from_micros(*now);
        while let Some(due) = talk.deadline().filter(|due| *due <= now) {
            talk.timeout(due);
        }
        talk.receive(now, bytes);
    }
    talk.transcript().to_owned()
}

fn in_javascript(module: &Path, reads: &[(u64, Vec<u8>)]) -> String {
    let mut session = Vec::new();
    for (now, bytes) in reads {
        session.extend(now.to_le_bytes());
        session.extend(u32::try_from(bytes.len()).expect("short").to_le_bytes());
        session.extend(bytes);
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("session-{}", reads.len()));
    std::fs::write(&path, session).expect("a file can be written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/run.mjs");
    let mut node = Command::new("node");
    let output = must(node.arg(script).arg(module).arg(path), "Node.js (`node`, 18 or newer)");
    String::from_utf8(output.stdout).expect("a transcript is text")
}

/// Builds the module beside whatever else is built, and waits for nobody's lock.
fn module() -> std::path::PathBuf {
    let target_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--lib", "--package", env!("CARGO_PKG_NAME"), "--target", TARGET]);
    cargo.arg("--target-dir").arg(&target_dir).current_dir(env!("CARGO_MANIFEST_DIR"));
    must(&mut cargo, "the target (`rustup target add wasm32-unknown-unknown`)");
    target_dir.join(TARGET).join("debug/satwire_wasm.wasm")
}

fn must(command: &mut Command, needs: &str) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{error}: this test needs {needs}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed; this test needs {needs}:\n{stderr}");
    output
}

fn assert_same(expected: &str, told: &str, piece: usize) {
    for (line, theirs) in expected.lines().zip(told.lines()) {
        assert_eq!(line, theirs, "in reads of {piece}");
    }
    assert_eq!(expected.len(), told.len(), "in reads of {piece}");
}

#[test]
fn the_transcript_says_what_happened() {
    let transcript = natively(&said());
    for word in [
        "we say Some(Ok(Version(",
        "Handshake(",
        "Pong {",
        "Feefilter(1000)",
        "Getdata(",
        "Tx {",
        "Notfound(",
    ] {
        assert!(transcript.contains(word), "no {word} in {transcript}");
    }
    assert!(transcript.contains("Pong(Some(18446744073709551615))"), "{transcript}");
    assert!(transcript.trim_end().ends_with("Closed(PingTimeout(1200s))"), "{transcript}");
}

#[test]
#[ignore = "needs Node.js and the target wasm32-unknown-unknown"]
fn javascript_tells_the_same() {
    let module = module();
    let expected = natively(&said());
    for piece in [usize::MAX, 1, 7, 100] {
        assert_same(&expected, &natively(&reads(piece)), piece);
        assert_same(&expected, &in_javascript(&module, &reads(piece)), piece);
    }
}
