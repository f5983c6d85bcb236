//! `satwire diff` as a process: captures and transcripts, the same, different, and what cannot be compared.

#![cfg(unix)]

#[expect(dead_code, reason = "this file needs no peer")]
mod peer;

use std::path::{Path, PathBuf};

use satwire_capture::journal::{OwnedInput, Reader, Record, Recorder, Tape};
use satwire_core::Node;

use self::peer::{Outcome, folder, run, text};

fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures")
}

/// A capture, recorded again with other bytes in one of its reads.
fn changed(journal: &Path, change: impl Fn(u64, &mut Vec<u8>)) -> Outcome<Vec<u8>> {
    let bytes = std::fs::read(journal)?;
    let reader = Reader::new(&bytes[..])?;
    let prologue = reader.prologue().clone();
    let tape = Tape::new();
    tape.load(&prologue.draws);
    let mut again = Vec::new();
    let recorder = Recorder::new(tape.clone(), &mut again, prologue.clone());
    let mut node = Node::new(prologue.config, prologue.clock, recorder);
    for entry in reader {
        let entry = entry?;
        let Record::Step(mut step) = entry.record else { continue };
        if let OwnedInput::Received(_, bytes) = &mut step.input {
            change(entry.number, bytes);
        }
        tape.load(&step.draws);
        node.handle(step.at, step.input.as_input());
        while node.poll().is_some() {}
    }
    node.environment_mut().finish();
    drop(node);
    Ok(again)
}

/// Each capture is what it is; whatever its replay says is its replay.
#[test]
fn what_is_the_same_has_no_difference() -> Outcome {
    let (_folder, lines) = folder("lines.jsonl")?;
    for name in ["restart", "pings", "two_nodes"] {
        let journal = captures().join(name).with_extension("journal");
        let journal = text(&journal)?;
        let (_, replayed, _) = run(&["replay", journal, "--json"])?;
        std::fs::write(&lines, replayed.replace(env!("CARGO_PKG_VERSION"), "99.0.0"))?;
        for pair in [[journal, journal], [journal, text(&lines)?], [text(&lines)?, journal]] {
            let (code, out, errors) = run(&["diff", pair[0], pair[1]])?;
            assert_eq!((code, out.as_str(), errors.as_str()), (Some(0), "", ""), "{name}");
        }
        let snapshot = captures().join("../../snapshots").join(name).with_extension("snap");
        assert_eq!(run(&["diff", text(&snapshot)?, text(&snapshot)?])?.0, Some(0));
    }
    Ok(())
}

/// The words are those of the snapshots: what was said, when, on which connection, and what led to it.
#[test]
fn the_first_difference_is_shown_with_what_led_to_it() -> Outcome {
    let (_folder, other) = folder("other.journal")?;
    let journal = captures().join("restart.journal");
    // The nonce of a pong: our ping has no answer then.
    std::fs::write(
        &other,
        changed(&journal, |_, bytes| {
            if bytes.get(4..8) == Some(b"pong") && bytes.len() == 32 {
                bytes[31] ^= 1;
            }
        })?,
    )?;
    let (code, out, errors) = run(&["diff", text(&journal)?, text(&other)?])?;
    assert_eq!((code, errors.as_str()), (Some(1), ""));
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[0], format!("--- {}", journal.display()));
    assert!(lines[2].starts_with("@@ line "), "{out}");
    let led = &lines[3..8];
    assert!(
        led[0] == "  +1.898078 c2 → wtxidrelay 0 B" && led[4].contains(" c2 → ping 8 B  nonce "),
        "{out}"
    );
    assert!(lines[8].starts_with("- +1.898360 c2 ← pong 8 B  nonce "), "{out}");
    // Its checksum is wrong now.
    assert_eq!(lines[9], "+ +1.898360 c2 ← pong 8 B  malformed: wrong checksum");
    assert_eq!(lines.len(), 10, "{out}");

    // Lines of programs, and the key in which they differ.
    let [a, b] = ["a.jsonl", "b.jsonl"].map(|name| other.with_file_name(name));
    std::fs::write(&a, run(&["replay", text(&journal)?, "--json"])?.1)?;
    std::fs::write(&b, run(&["replay", text(&other)?, "--json"])?.1)?;
    for pair in [[&a, &b], [&a, &other], [&journal, &b]] {
        let (code, out, _) = run(&["diff", text(pair[0])?, text(pair[1])?])?;
        assert_eq!(code, Some(1));
        assert!(out.contains("They differ in "), "{out}");
        assert!(out.lines().count() < 12, "{out}");
    }
    // One that ends before the other.
    let whole = std::fs::read_to_string(&a)?;
    std::fs::write(&b, whole.lines().take(5).map(|line| line.to_owned() + "\n").collect::<String>())?;
    let (code, out, _) = run(&["diff", text(&b)?, text(&a)?])?;
    assert_eq!(code, Some(1));
    assert!(out.contains("\n- (nothing more)\n+ {"), "{out}");
    Ok(())
}

#[test]
fn what_cannot_be_compared_is_said_on_one_line() -> Outcome {
    let (_folder, file) = folder("file")?;
    let journal = captures().join("restart.journal");
    let bytes = std::fs::read(&journal)?;
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    let cases: [(&[u8], &str); 5] = [
        (b"\xd4\xc3\xb2\xa1 packets", "the file ends in the header of a pcap file"),
        (b"+0.1 c1 text\n", "is text"),
        (&bytes[..30], "byte 30: the journal ends"),
        (&damaged, "damaged: check"),
        (b"satwire journal\n\x09\x00", "journal format 9.0"),
    ];
    for (content, expected) in cases {
        std::fs::write(&file, content)?;
        for pair in [[&journal, &file], [&file, &journal]] {
            let (code, out, errors) = run(&["diff", text(pair[0])?, text(pair[1])?])?;
            assert_eq!((code, out.as_str(), errors.lines().count()), (Some(2), "", 1), "{errors}");
            assert!(errors.contains(expected), "{errors}");
        }
    }
    for path in [file.with_file_name("absent"), file.parent().ok_or("no folder")?.into()] {
        let (code, _, errors) = run(&["diff", text(&path)?, text(&journal)?])?;
        assert_eq!((code, errors.lines().count()), (Some(2), 1), "{errors}");
    }
    // A journal that is cut is a difference to one that is whole, and none to itself.
    std::fs::write(&file, &bytes[..bytes.len() - 3])?;
    let (code, out, _) = run(&["diff", text(&file)?, text(&journal)?])?;
    assert_eq!(code, Some(1));
    assert!(out.contains("the capture ends: no end mark"), "{out}");
    assert_eq!(run(&["diff", text(&file)?, text(&file)?])?.0, Some(0));
    assert_eq!(run(&["diff", text(&file)?])?.0, Some(2));
    Ok(())
}

/// The recording and the capture of a sniffer are both observed.
#[test]
fn captures_of_others_are_compared_as_they_are_observed() -> Outcome {
    let (_folder, packets) = folder("packets.pcapng")?;
    let journal = captures().join("restart.journal");
    let (code, _, errors) = run(&["convert", text(&journal)?, text(&packets)?])?;
    assert_eq!(code, Some(0), "{errors}");
    let again = packets.with_file_name("again.journal");
    assert_eq!(run(&["convert", text(&packets)?, text(&again)?])?.0, Some(0));
    let (code, out, errors) = run(&["diff", text(&packets)?, text(&again)?])?;
    assert_eq!((code, out.as_str(), errors.as_str()), (Some(0), "", ""));
    // The recording began before what the packets show.
    let (code, out, errors) = run(&["diff", text(&journal)?, text(&packets)?])?;
    assert_eq!((code, out.as_str(), errors.as_str()), (Some(0), "", ""));
    let (code, out, _) = run(&["diff", text(&captures().join("pings.journal"))?, text(&packets)?])?;
    assert!(code == Some(1) && out.contains("\n@@ line "), "{out}");
    let lines = packets.with_extension("jsonl");
    std::fs::write(&lines, run(&["replay", text(&packets)?, "--json"])?.1)?;
    assert_eq!(run(&["diff", text(&lines)?, text(&packets)?])?.0, Some(0));
    Ok(())
}

/// It compares as it reads: of a transcript of any length it holds a line.
#[test]
fn transcripts_may_be_pipes() -> Outcome {
    let journal = captures().join("restart.journal");
    let program = env!("CARGO_BIN_EXE_satwire");
    let script = format!("'{program}' diff <('{program}' replay '{0}' --json) '{0}'", journal.display());
    let output = std::process::Command::new("bash").args(["-c", &script]).output()?;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
