//! `--debug net` and `--hex` as processes: every message in both directions, the same in a replay.

#![cfg(unix)]

#[expect(dead_code, reason = "this file needs no peer that reads nothing")]
mod peer;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::peer::{Outcome, Program, flood, folder, run, text};

type Counts = BTreeMap<(String, String), (u64, u64)>;

/// Messages and bytes by direction and command.
fn counts(lines: &str) -> Outcome<Counts> {
    let mut counts = Counts::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line)?;
        if line["event"] == "message" {
            let key = ["direction", "command"].map(|key| line[key].as_str().unwrap_or_default().to_owned());
            let (messages, bytes) = counts.entry(key.into()).or_default();
            *messages += 1;
            *bytes += line["bytes"].as_u64().ok_or("no bytes")?;
        }
    }
    Ok(counts)
}

/// A replay shows what its run showed, byte for byte, without being told how.
#[test]
fn a_replay_tells_the_same_messages() -> Outcome {
    for (format, count) in [("--json", false), ("--human", false), ("--json", true)] {
        let (_folder, journal) = folder("messages.journal")?;
        let out = journal.with_extension("out");
        let mut flags =
            vec!["--record", text(&journal)?, "--duration", "2", "--debug", "net", "--hex", format];
        if count {
            flags.extend(["--count", "300"]);
        }
        let (listener, addr) = peer::listen()?;
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_satwire"));
        command.args(["watch", "--regtest", "--bind", "127.0.0.1:0", "--connect", &addr]).args(&flags);
        let program = Program::start(command, &out)?;
        flood(&listener, Instant::now() + Duration::from_millis(900))?;
        assert_eq!(program.wait()?.0, Some(0));
        let watched = std::fs::read_to_string(&out)?;
        let (code, replayed, errors) = run(&["replay", text(&journal)?, format])?;
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        if count {
            // The transactions that came together with the last are in a replay, too: up to it all is the same.
            let until_last =
                |lines: &str| lines.lines().take_while(|line| !line.contains("peer_disconnected")).count();
            let same = watched.lines().zip(replayed.lines()).take_while(|(a, b)| a == b).count();
            assert!(same >= until_last(&watched), "{same} of {}", until_last(&watched));
            continue;
        }
        assert!(watched == replayed, "{format}: the replay shows something else");
        if format == "--human" {
            assert!(
                watched.contains("← inv ")
                    && watched.contains("→ getdata ")
                    && watched.contains("inventory[0].hash = ")
            );
            continue;
        }
        let (_, without, _) = run(&["replay", text(&journal)?, "--hex=0"])?;
        assert!(watched.contains("\"fields\":[") && !without.contains("\"fields\":["));
        assert_eq!(counts(&without)?, counts(&watched)?);
        let (_, none, _) = run(&["replay", text(&journal)?, "--debug", "none"])?;
        assert_eq!(counts(&none)?, Counts::new());
    }
    Ok(())
}

/// All that came, as somebody else counts it, and all that was said.
#[test]
fn nothing_that_came_is_missing() -> Outcome {
    let captures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
    for name in ["experiment", "many", "pings", "reorganisation", "restart", "two_nodes"] {
        let journal = captures.join(name).with_extension("journal");
        let (_, info, _) = run(&["capinfo", text(&journal)?, "--json"])?;
        let info: Value = serde_json::from_str(&info)?;
        let (code, lines, errors) = run(&["replay", text(&journal)?, "--debug", "net", "--json"])?;
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        let counts = counts(&lines)?;
        let came = counts.iter().filter(|((direction, _), _)| direction == "in");
        let came: BTreeMap<_, _> = came.map(|((_, command), count)| (command.clone(), *count)).collect();
        let expected = info["commands"].as_object().ok_or("no commands")?.iter().map(|(command, count)| {
            let number = |key: &str| count["in"][key].as_u64().unwrap_or_default();
            (command.clone(), (number("messages"), number("bytes")))
        });
        assert_eq!(came, expected.collect(), "{name}");
        let said = counts.iter().filter(|((direction, _), _)| direction == "out");
        let said: u64 = said.map(|(_, (messages, bytes))| bytes + 24 * messages).sum();
        let summary: Value = serde_json::from_str(lines.lines().last().ok_or("no lines")?)?;
        assert_eq!(summary["bytessent"].as_u64(), Some(said), "{name}");
        // Nothing of real nodes is malformed, and nothing that says something is silent.
        assert!(!lines.contains("\"malformed\"") && lines.contains("\"says\":\"70016 /"), "{name}");
    }
    Ok(())
}

/// Of what a sniffer saw both directions are there.
#[test]
fn the_messages_of_a_capture_of_others() -> Outcome {
    let captures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
    for name in ["core-regtest.pcap", "core-regtest.dat"] {
        let capture = captures.join(name);
        let (_, info, _) = run(&["capinfo", text(&capture)?, "--json"])?;
        let info: Value = serde_json::from_str(&info)?;
        let (code, lines, errors) = run(&["replay", text(&capture)?, "--debug", "net", "--hex", "--json"])?;
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{name}");
        let counts = counts(&lines)?;
        for (command, expected) in info["commands"].as_object().ok_or("no commands")? {
            for direction in ["in", "out"] {
                let number = |key: &str| expected[direction][key].as_u64().unwrap_or_default();
                let got = counts.get(&(direction.to_owned(), command.clone())).copied().unwrap_or_default();
                assert_eq!(got, (number("messages"), number("bytes")), "{name} {direction} {command}");
            }
        }
    }
    Ok(())
}

#[test]
fn the_demo_shows_its_messages() -> Outcome {
    let (code, lines, errors) = run(&["demo", "--json", "--debug", "net", "--hex"])?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let counts = counts(&lines)?;
    for key in [("out", "version"), ("in", "version"), ("in", "inv"), ("out", "getdata"), ("in", "tx")] {
        assert!(counts.contains_key(&(key.0.to_owned(), key.1.to_owned())), "{key:?} in {counts:?}");
    }
    let (_, less, _) = run(&["demo", "--json"])?;
    assert_eq!(less.matches("\"event\":\"message\"").count(), 0);
    Ok(())
}
