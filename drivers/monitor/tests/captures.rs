//! `satwire convert`, `replay`, `capinfo` and `--shrink` on the captures of other programs, as processes.

#![cfg(unix)]

#[expect(dead_code, reason = "this file needs no peer")]
mod peer;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use satwire_capture::convert::export::PacketWriter;
use satwire_capture::journal::{Close, Observation, Observed, Origin, Prologue, Way};
use satwire_core::node::ConnId;
use satwire_core::peer::Direction;
use satwire_core::wire::{self, Command};
use satwire_core::{Config, Instant, Network, WallClock};
use serde_json::{Value, json};

use self::peer::{Outcome, folder, run, text};

fn committed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures").join(name)
}

/// Runs, and must succeed without a word on standard error.
fn ok(args: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    let (code, out, errors) = run(args)?;
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{args:?}");
    Ok(out)
}

fn lines(out: &str) -> Result<Vec<Value>, serde_json::Error> {
    out.lines().map(serde_json::from_str).collect()
}

/// The transactions that were told: when, and which.
fn txs(out: &str) -> Result<Vec<(Value, Value)>, serde_json::Error> {
    let lines = lines(out)?;
    let txs = lines.iter().filter(|line| line["event"] == "tx");
    Ok(txs.map(|line| (line["time"].clone(), line["txid"].clone())).collect())
}

/// The same lines, byte for byte, whatever they are read from.
#[test]
fn a_capture_is_replayed_from_every_format() -> Outcome {
    let (_folder, journal) = folder("a.journal")?;
    let pcap = committed("core-regtest.pcap");
    let pcap = text(&pcap)?;
    let expected = ok(&["replay", pcap, "--json"])?;
    assert_eq!(txs(&expected)?.len(), 14);
    // Our core does as this node of Bitcoin Core did.
    assert!(!expected.contains("\"event\":\"difference\""), "{expected}");
    let summary = lines(&expected)?.pop().ok_or("no lines")?;
    assert_eq!((&summary["bytesrecv"], &summary["bytessent"]), (&json!(38316), &json!(1801)));
    ok(&["convert", pcap, text(&journal)?])?;
    assert_eq!(ok(&["replay", text(&journal)?, "--json"])?, expected);
    let packets = journal.with_extension("pcapng");
    ok(&["convert", text(&journal)?, text(&packets)?])?;
    assert_eq!(ok(&["replay", text(&packets)?, "--json"])?, expected);
    let dat = journal.with_extension("dat");
    ok(&["convert", text(&packets)?, text(&dat)?])?;
    assert_eq!(txs(&ok(&["replay", text(&dat)?, "--json"])?)?, txs(&expected)?);
    let jsonl = journal.with_extension("jsonl");
    ok(&["convert", text(&dat)?, text(&jsonl)?, "--regtest"])?;
    assert_eq!(txs(&std::fs::read_to_string(&jsonl)?)?, txs(&expected)?);
    // A part of it: up to a time, up to a record.
    let some = ok(&["replay", pcap, "--json", "--until", "5"])?;
    assert_eq!(txs(&some)?[..], txs(&expected)?[..12]);
    assert_eq!(txs(&ok(&["replay", pcap, "--json", "--until", "#3"])?)?, []);
    Ok(())
}

#[test]
fn a_capture_has_the_side_that_is_named() -> Outcome {
    let pcap = committed("core-regtest.pcap");
    let dialler = ok(&["replay", text(&pcap)?, "--json"])?;
    let listener = ok(&["replay", text(&pcap)?, "--us=127.0.0.1:28777", "--json"])?;
    for (out, inbound, count) in [(dialler, false, 14), (listener, true, 1)] {
        assert_eq!(txs(&out)?.len(), count);
        assert_eq!(lines(&out)?[1]["peer"]["inbound"], inbound);
    }
    let (code, out, errors) = run(&["replay", text(&pcap)?, "--us", "10.0.0.1", "--json"])?;
    assert_eq!((code, txs(&out)?.len(), errors.lines().count()), (Some(1), 14, 1), "{errors}");
    assert!(errors.contains("10.0.0.1"), "{errors}");
    let (code, _, errors) = run(&["replay", text(&pcap)?, "--us", "example.org"])?;
    assert_eq!((code, errors.lines().count()), (Some(2), 1), "{errors}");
    Ok(())
}

/// Files of Bitcoin Core, there and back, byte for byte.
#[test]
fn files_of_core_come_back() -> Outcome {
    let (_folder, journal) = folder("a.journal")?;
    let dat = committed("core-regtest.dat");
    ok(&["convert", text(&dat)?, text(&journal)?])?;
    let back = journal.with_file_name("back");
    ok(&["convert", "--to=dat", text(&journal)?, text(&back)?])?;
    for name in ["msgs_recv.dat", "msgs_sent.dat"] {
        let read = |root: &Path| std::fs::read(root.join("127.0.0.1_55232").join(name));
        assert_eq!(read(&back)?, read(&dat)?, "{name}");
    }
    Ok(())
}

#[test]
fn capinfo_counts_both_directions() -> Outcome {
    for (name, format, [received, sent]) in
        [("core-regtest.pcap", "pcap", [14, 1]), ("core-regtest.dat", "dat", [1, 14])]
    {
        let file = committed(name);
        let info: Value = serde_json::from_str(&ok(&["capinfo", text(&file)?, "--json"])?)?;
        assert_eq!((&info["format"], &info["chain"]), (&json!(format), &json!("regtest")));
        assert_eq!((&info["whole"], &info["losses"]), (&json!(true), &json!([])));
        let tx = &info["commands"]["tx"];
        assert_eq!((&tx["in"]["messages"], &tx["out"]["messages"]), (&json!(received), &json!(sent)));
        assert_eq!(info["connections"].as_array().map(Vec::len), Some(1));
        assert!(ok(&["capinfo", text(&file)?])?.contains("\nwhole         yes\n"));
    }
    Ok(())
}

/// The bytes of a pcap file, without some of its packets.
fn without(packets: impl Fn(usize) -> bool) -> std::io::Result<Vec<u8>> {
    let pcap = std::fs::read(committed("core-regtest.pcap"))?;
    let (header, mut rest) = pcap.split_at(24);
    let mut left = header.to_vec();
    let mut number = 0;
    while let Some(&[.., a, b, c, d, _, _, _, _]) = rest.first_chunk::<16>() {
        let (record, after) = rest.split_at(16 + u32::from_le_bytes([a, b, c, d]) as usize);
        if !packets(number) {
            left.extend_from_slice(record);
        }
        number += 1;
        rest = after;
    }
    Ok(left)
}

/// The part that could be read is told, and the exit status says that it is not all.
#[test]
fn a_capture_with_a_hole_says_what_is_missing() -> Outcome {
    let (_folder, file) = folder("hole.pcap")?;
    std::fs::write(&file, without(|number| (150..160).contains(&number))?)?;
    let (code, out, errors) = run(&["replay", text(&file)?, "--json"])?;
    assert_eq!((code, errors.lines().count()), (Some(1), 1), "{errors}");
    assert!(errors.contains("1 loss,") && errors.contains("the first on c1"), "{errors}");
    assert_eq!(txs(&out)?.len(), 14);
    let lines = lines(&out)?;
    let loss = lines.iter().find(|line| line["event"] == "loss").ok_or("no loss")?;
    assert_eq!((&loss["direction"], &loss["peer"]["id"]), (&json!("in"), &json!(1)));
    let (code, out, _) = run(&["capinfo", text(&file)?, "--json"])?;
    let info: Value = serde_json::from_str(&out)?;
    assert_eq!((code, &info["whole"]), (Some(1), &json!(false)));
    assert_eq!(info["losses"][0]["bytes"], loss["bytes"]);
    // A conversion keeps the hole.
    let out = file.with_extension("pcapng");
    assert_eq!(run(&["convert", text(&file)?, text(&out)?])?.0, Some(1));
    let (code, again, _) = run(&["replay", text(&out)?, "--json"])?;
    assert_eq!((code, txs(&again)?.len()), (Some(1), 14));
    Ok(())
}

/// A capture that begins in the middle of a connection.
#[test]
fn a_connection_without_its_beginning_is_adopted() -> Outcome {
    let (_folder, file) = folder("middle.pcap")?;
    std::fs::write(&file, without(|number| number < 60)?)?;
    let out = ok(&["replay", text(&file)?, "--json"])?;
    assert_eq!(txs(&out)?.len(), 14);
    assert_eq!(lines(&out)?[1]["adopted"], true);
    Ok(())
}

#[test]
fn bad_captures_get_one_line() -> Outcome {
    let (_folder, file) = folder("bad.pcap")?;
    let pcap = std::fs::read(committed("core-regtest.pcap"))?;
    let half = pcap.len() / 2;
    for (name, bytes, expected, partly) in [
        ("cut", &pcap[..half], "the file ends in a packet", true),
        ("only a header", &pcap[..20], "the file ends in the header of a pcap file", false),
    ] {
        std::fs::write(&file, bytes)?;
        for verb in ["replay", "capinfo"] {
            let (code, out, errors) = run(&[verb, text(&file)?])?;
            assert_eq!((code, errors.lines().count()), (Some(1), 1), "{verb} {name}: {errors}");
            assert!(errors.contains(expected) && errors.contains("byte "), "{verb} {name}: {errors}");
            assert_eq!(out.lines().count() > 4, partly, "{verb} {name}: {out}");
        }
    }
    Ok(())
}

#[test]
fn convert_never_replaces_anything_unless_it_is_told_to() -> Outcome {
    let (_folder, file) = folder("there.journal")?;
    let pcap = committed("core-regtest.pcap");
    std::fs::write(&file, "precious")?;
    let refused = |args: &[&str], words: &[&str]| -> Outcome {
        let (code, out, errors) = run(args)?;
        assert_eq!((code, out.as_str(), errors.lines().count()), (Some(2), "", 1), "{errors}");
        assert!(words.iter().all(|word| errors.contains(word)), "{errors}");
        assert_eq!(std::fs::read(&file)?, b"precious");
        Ok(())
    };
    let (pcap, out) = (text(&pcap)?, text(&file)?);
    refused(&["convert", pcap, out], &["exists", "--force"])?;
    refused(&["convert", out, out, "--force"], &["the input itself"])?;
    refused(&["convert", pcap, "what.txt"], &["what.txt", "--to"])?;
    refused(&["convert", pcap, "what.pcap"], &["pcapng"])?;
    refused(&["convert", pcap, "a.journal", "--from=jsonl"], &["jsonl"])?;
    refused(&["convert", pcap, "a.journal", "--from=x"], &["journal, pcapng, pcap, dat, jsonl"])?;
    let other = file.with_file_name("other.journal");
    let (code, _, errors) = run(&["convert", pcap, text(&other)?, "--from=dat"])?;
    assert_eq!((code, errors.lines().count(), other.exists()), (Some(1), 1, false), "{errors}");
    assert!(errors.contains("of the format pcap, not dat"), "{errors}");
    ok(&["convert", pcap, out, "--force"])?;
    assert!(std::fs::read(&file)?.starts_with(b"satwire journal\n"));
    Ok(())
}

/// A recording of our own in the newest format is itself.
#[test]
fn a_recording_is_carried_over() -> Outcome {
    let (_folder, file) = folder("new.journal")?;
    let old = committed("pings.journal");
    ok(&["convert", text(&old)?, text(&file)?])?;
    assert_eq!(ok(&["replay", text(&file)?, "--json"])?, ok(&["replay", text(&old)?, "--json"])?);
    Ok(())
}

/// The shrunk journal shows what our core makes of it, as small as it can be: here our own end closes.
#[test]
fn a_capture_is_shrunk_to_what_our_core_does_with_it() -> Outcome {
    let (_folder, file) = folder("small.journal")?;
    let pcap = committed("core-regtest.pcap");
    let args = ["replay", text(&pcap)?, "--shrink", "closes=stream_ended", "--out", text(&file)?];
    let (code, _, errors) = run(&args)?;
    assert_eq!((code, errors.lines().count()), (Some(0), 1), "{errors}");
    let out = ok(&["replay", text(&file)?, "--json"])?;
    assert!(out.contains("\"reason\":\"stream_ended\""), "{out}");
    assert!(std::fs::metadata(&file)?.len() < 1000);
    Ok(())
}

/// An encrypted connection, and one on which our core would not have gone on: both told, and everything after it.
#[test]
fn what_cannot_be_read_and_what_differs_are_told() -> Outcome {
    let (_folder, file) = folder("made.pcapng")?;
    let magic = Network::Regtest.magic();
    let mut prologue =
        Prologue::new("test", Config::new(magic), WallClock { unix_micros_at_zero: 1_000_000 });
    prologue.origin = Some(Origin::Pcap);
    let mut packets = PacketWriter::new(std::fs::File::create(&file)?, &prologue)?;
    let mut write = |at, conn, what| {
        packets.observation(&Observation { at: Instant::from_micros(at), conn: ConnId(conn), what })
    };
    let message = |command, payload: &[u8]| {
        let mut frame = Vec::new();
        wire::encode_frame(&mut frame, magic, command, |out| out.extend_from_slice(payload));
        frame
    };
    // Version 70016, and nothing else that is not 0.
    let version = [&70016_i32.to_le_bytes()[..], &[0; 82]].concat();
    let hello = [message(Command::VERSION, &version), message(Command::VERACK, &[])].concat();
    for (conn, port) in [(1, 18444), (2, 18445)] {
        let peer = SocketAddr::from(([203, 0, 113, 5], port)).into();
        let us = Some(([203, 0, 113, 9], 50_000).into());
        write(0, conn, Observed::Opened { peer, us, direction: Direction::Outbound, adopted: false })?;
    }
    for (at, way) in [(10, Way::Sent), (20, Way::Received)] {
        write(at, 1, Observed::Bytes(way, (0..100).collect()))?;
        write(at, 2, Observed::Bytes(way, hello.clone()))?;
    }
    let late = [message(Command::WTXIDRELAY, &[]), message(Command::FEEFILTER, &1000_i64.to_le_bytes())];
    write(30, 2, Observed::Bytes(Way::Received, late.concat()))?;
    write(40, 1, Observed::Closed(Close::Finished(Way::Received)))?;
    packets.finish()?;

    let lines = lines(&ok(&["replay", text(&file)?, "--json"])?)?;
    let told: Vec<_> =
        lines.iter().map(|line| (line["event"].as_str(), line["peer"]["id"].as_u64())).collect();
    let (one, two) = (Some(1), Some(2));
    assert_eq!(
        told,
        [
            (Some("start"), None),
            (Some("peer_connected"), one),
            (Some("peer_connected"), two),
            (Some("peer_handshake"), two),
            (Some("difference"), two),
            (Some("feefilter"), two),
            (Some("opaque"), one),
            (Some("peer_disconnected"), one),
            (Some("summary"), None)
        ]
    );
    assert_eq!((&lines[4]["what"], &lines[4]["reason"]), (&json!("closes"), &json!("late_feature")));
    assert_eq!((&lines[6]["bytesrecv"], &lines[6]["bytessent"]), (&json!(100), &json!(100)));
    let people = ok(&["replay", text(&file)?, "--human"])?;
    assert!(
        people.contains("≠ satwire would have closed the connection here: wtxidrelay after verack"),
        "{people}"
    );
    assert!(people.contains("… encrypted (BIP324) or no Bitcoin: 100 bytes in, 100 bytes out"), "{people}");
    let info: Value = serde_json::from_str(&ok(&["capinfo", text(&file)?, "--json"])?)?;
    assert_eq!(
        (&info["connections"][0]["opaque"], &info["connections"][1]["opaque"]),
        (&json!(true), &Value::Null)
    );
    Ok(())
}

/// A peer without an address of the internet: its name stays, and packets say what stands for it.
#[test]
fn a_peer_of_another_network_keeps_its_name() -> Outcome {
    let (_folder, dat) = folder("messages.dat")?;
    let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
    let peer = dat.join(format!("{onion}_8333"));
    std::fs::create_dir_all(&peer)?;
    for name in ["msgs_recv.dat", "msgs_sent.dat"] {
        std::fs::copy(committed("core-regtest.dat/127.0.0.1_55232").join(name), peer.join(name))?;
    }
    let out = ok(&["replay", text(&dat)?, "--json"])?;
    let connected = &lines(&out)?[1]["peer"];
    let addr = format!("{onion}:8333");
    assert_eq!((&connected["addr"], &connected["network"]), (&json!(addr), &json!("onion")));
    let packets = dat.with_extension("pcapng");
    ok(&["convert", text(&dat)?, text(&packets)?])?;
    let bytes = std::fs::read(&packets)?;
    let comment = format!("198.18.0.0 stands for {addr}");
    assert!(bytes.windows(comment.len()).any(|window| window == comment.as_bytes()));
    assert_eq!(txs(&ok(&["replay", text(&packets)?, "--json"])?)?, txs(&out)?);
    let back = dat.with_file_name("back.dat");
    ok(&["convert", text(&dat)?, text(&back)?])?;
    assert!(back.join(format!("{onion}_8333")).join("msgs_recv.dat").exists());
    Ok(())
}
