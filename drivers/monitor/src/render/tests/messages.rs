//! Messages of `--debug net`, in both styles.

use satwire_core::wire::{Header, encode_frame, encode_inventory, encode_ping};

use super::*;
use crate::messages::Seen;
use crate::render::message::{BYTES, FIELDS};
use satwire_capture::journal::Way;

pub(super) fn seen(way: Way, message: Vec<u8>) -> Seen {
    Seen::new(Instant::from_micros(1_000_000), ConnId(1), way, message)
}

pub(super) fn frame(command: Command, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_frame(&mut out, Network::Regtest.magic(), command, |out| out.extend_from_slice(payload));
    out
}

fn inv(count: u32) -> Vec<u8> {
    let items = (0..count).map(|n| item(n as u8));
    let mut out = Vec::new();
    encode_inventory(&mut out, Network::Regtest.magic(), Command::INV, items);
    out
}

fn ping() -> Vec<u8> {
    let mut out = Vec::new();
    encode_ping(&mut out, Network::Regtest.magic(), 7);
    out
}

fn lines(format: Format, hex: bool, seen: Seen) -> String {
    let mut lines = Lines::new(format, true);
    lines.renderer = std::mem::replace(&mut lines.renderer, Renderer::new(format)).with_hex(hex);
    let entry = lines.model.message(seen);
    lines.renderer.entry(&entry, &mut lines.out);
    lines.take()
}

fn human(way: Way, message: Vec<u8>) -> String {
    lines(HUMAN, false, seen(way, message)).strip_prefix("15:58:09.123  c1   ").unwrap().to_owned()
}

#[test]
fn a_message_is_a_line_for_people() {
    assert_eq!(human(Way::Sent, ping()), "→ ping 8 B  nonce 0000000000000007\n");
    assert_eq!(human(Way::Received, frame(Command::VERACK, &[])), "← verack 0 B\n");
    let one = human(Way::Received, inv(1));
    assert_eq!(one, format!("← inv 37 B  1 wtx: {}\n", "0".repeat(64)));
    // However much it says, it is no wider than the terminal.
    let many = human(Way::Received, inv(1000));
    assert!(many.starts_with("← inv 36,003 B  1000 wtx: 0000") && many.ends_with("…\n"), "{many}");
    assert_eq!(many.trim_end().chars().count(), Look::WIDTH - 19);
}

/// The words are the same as those of `ignored`.
#[test]
fn what_cannot_be_read_is_told_with_the_reason() {
    let mut wrong = ping();
    wrong[20] ^= 1;
    assert_eq!(human(Way::Received, wrong), "← ping 8 B  malformed: wrong checksum\n");
    let fault = |text: String| text.split_once("malformed: ").unwrap().1.to_owned();
    let short = human(Way::Received, frame(Command::FEEFILTER, &[1, 2, 3]));
    assert_eq!(fault(short), "payload ends early: a field of 8 bytes, 3 left\n");
    let mut unprintable = frame(Command::PING, &[0; 8]);
    unprintable[5] = 0x1b;
    assert!(human(Way::Received, unprintable).starts_with("← p?ng 8 B  malformed: "));
}

/// Of what was not kept nobody says what it says.
#[test]
fn a_message_whose_end_was_not_kept_is_named() {
    let mut long = frame(Command::BLOCK, &[9; 1000]);
    long.truncate(100);
    assert_eq!(human(Way::Received, long.clone()), "← block 1,000 B\n");
    let json = lines(Format::Json, true, seen(Way::Received, long));
    assert!(json.contains(r#""command":"block","bytes":1000,"fields":["#), "{json}");
    assert!(json.ends_with("\"left_out\":924}\n"), "{json}");
}

#[test]
fn a_message_is_a_line_for_programs() {
    assert_eq!(
        lines(Format::Json, false, seen(Way::Sent, ping())),
        format!(
            r#"{{"v":1,"seq":1,{HEAD}"event":"message",{PEER},"direction":"out","command":"ping","bytes":8,"says":"nonce 0000000000000007"}}"#
        ) + "\n"
    );
    let mut wrong = ping();
    wrong[20] ^= 1;
    let json = lines(Format::Json, false, seen(Way::Received, wrong));
    assert!(json.ends_with(",\"bytes\":8,\"malformed\":\"wrong checksum\"}\n"), "{json}");
}

#[test]
fn bytes_have_labels() {
    let text = lines(HUMAN, true, seen(Way::Sent, ping()));
    let expected = "\
15:58:09.123  c1   → ping 8 B  nonce 0000000000000007
                  0  fabfb5da                          magic = fabfb5da (regtest)
                  4  70696e670000000000000000          command = ping
                 16  08000000                          length = 8
                 20  8c820c80                          checksum = matches
                 24  0700000000000000                  nonce = 0000000000000007
";
    assert_eq!(text, expected);
    let json = lines(Format::Json, true, seen(Way::Sent, ping()));
    assert!(
        json.ends_with("{\"offset\":24,\"hex\":\"0700000000000000\",\"name\":\"nonce\",\"says\":\"0000000000000007\"}]}\n"),
        "{json}"
    );
}

/// Long fields and long lists are cut after a number that is stated, and what is left out is counted.
#[test]
fn what_bytes_make_is_bounded() {
    let json: serde_json::Value =
        serde_json::from_str(&lines(Format::Json, true, seen(Way::Received, inv(1000)))).unwrap();
    let fields = json["fields"].as_array().unwrap();
    assert_eq!(fields.len(), FIELDS);
    let last = &fields[FIELDS - 1];
    let end = last["offset"].as_u64().unwrap() + last["hex"].as_str().unwrap().len() as u64 / 2;
    assert_eq!(
        json["left_out"].as_u64().unwrap(),
        Header::LEN as u64 + json["bytes"].as_u64().unwrap() - end
    );

    let other = frame(Command::new("other"), &[1; 5000]);
    let json: serde_json::Value =
        serde_json::from_str(&lines(Format::Json, true, seen(Way::Received, other.clone()))).unwrap();
    let payload = &json["fields"][4];
    assert_eq!(payload["hex"].as_str().unwrap().len(), 2 * BYTES);
    assert_eq!(payload["left_out"], 5000 - BYTES);
    assert!(json.get("left_out").is_none(), "{json}");
    let text = lines(HUMAN, true, seen(Way::Received, other));
    assert!(
        text.ends_with("… 4,744 bytes more\n") && text.lines().count() == 1 + 4 + BYTES / 16 + 1,
        "{text}"
    );
    // The busiest bytes: a list of many small fields.
    for command in Command::KNOWN {
        let text = lines(Format::Json, true, seen(Way::Received, frame(*command, &vec![1; 100_000])));
        assert!(text.len() < 200_000, "{command}: {}", text.len());
    }
}
