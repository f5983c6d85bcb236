//! `satwire replay`, `capinfo` and `--shrink` on files of all kinds, as processes.

#![cfg(unix)]

#[expect(dead_code, reason = "this file needs no peer")]
mod peer;

use rand_core::SeedableRng as _;
use satwire_capture::journal::{Prologue, Recorder};
use satwire_core::node::{Address, FromRng, Input, TargetId};
use satwire_core::{Config, Instant, Network, Node, WallClock};

use self::peer::{Outcome, folder, run, text};

const RECORDING: &[u8] = include_bytes!("../src/commands/demo/recording.journal");

/// One line, exit 1, and what could be read all the same.
#[test]
fn bad_files_get_one_line() -> Outcome {
    let (_folder, file) = folder("bad.journal")?;
    let with = |place: usize, byte: u8| {
        let mut bytes = RECORDING.to_vec();
        bytes[place] = byte;
        bytes
    };
    let half = RECORDING.len() / 2;
    let lying = [&RECORDING[..1000], &[0x80, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat();
    let cases: [(&str, Vec<u8>, &str, bool); 8] = [
        ("empty", vec![], "byte 0: no capture: starts with \"\", expected a satwire journal", false),
        ("foreign", b"\x7fELF, and what it is".to_vec(), "byte 0: no capture: starts with \"\\x7fELF", false),
        ("only magic", RECORDING[..17].to_vec(), "byte 17: the journal ends", false),
        ("from the future", with(16, 9), "byte 16: journal format 9.0, expected 1.x to 2.x", false),
        ("cut in its prologue", RECORDING[..60].to_vec(), "byte 60: the journal ends", false),
        ("cut", RECORDING[..half].to_vec(), "no end mark", true),
        ("damaged", with(half, RECORDING[half] ^ 1), "damaged: check", true),
        ("two at once", [RECORDING, RECORDING].concat(), "bytes after the end mark", true),
    ];
    for (name, bytes, expected, partly) in cases {
        std::fs::write(&file, bytes)?;
        for verb in ["replay", "capinfo"] {
            let (code, out, errors) = run(&[verb, text(&file)?])?;
            let line = errors.strip_prefix(&format!("satwire: {}: ", file.display())).unwrap_or(&errors);
            assert_eq!(code, Some(1), "{verb} {name}: {errors}");
            assert!(line.contains(expected) && errors.lines().count() == 1, "{verb} {name}: {errors}");
            assert_eq!(out.lines().count() > 4, partly, "{verb} {name}: {out}");
        }
    }
    // The record's place decides what is wrong first: the length, or where the cut came to lie.
    std::fs::write(&file, lying)?;
    for verb in ["replay", "capinfo"] {
        let (code, _, errors) = run(&[verb, text(&file)?])?;
        assert_eq!((code, errors.lines().count()), (Some(1), 1), "{errors}");
    }
    std::fs::remove_file(&file)?;
    for path in [&file, file.parent().ok_or("no folder")?] {
        let (code, out, errors) = run(&["replay", text(path)?])?;
        assert_eq!((code, out.as_str(), errors.lines().count()), (Some(1), "", 1), "{errors}");
    }
    Ok(())
}

/// A journal may come from anybody, and its texts do not steer the terminal on which they are shown.
#[test]
fn texts_of_a_journal_have_no_control_characters() -> Outcome {
    let (_folder, file) = folder("evil.journal")?;
    let evil = "a\u{1b}]0;title\u{7}b\u{9b}31mc\nd";
    let mut config = Config::new(Network::Regtest);
    config.user_agent = evil.into();
    let prologue = Prologue::new(evil, config.clone(), WallClock::default());
    let mut bytes = Vec::new();
    let words = FromRng(chacha20::ChaCha12Rng::from_seed([1; 32]));
    let mut node = Node::new(config, WallClock::default(), Recorder::new(words, &mut bytes, prologue));
    node.handle(Instant::ZERO, Input::Dial(Address::Name { host: evil.into(), port: 1 }));
    node.handle(Instant::ZERO, Input::Resolved(TargetId(0), &[]));
    node.environment_mut().finish();
    drop(node);
    std::fs::write(&file, bytes)?;
    for args in [&["capinfo"][..], &["replay"], &["replay", "--json"]] {
        let (_, out, errors) = run(&[args, &[text(&file)?]].concat())?;
        let is_bad = |char: char| char.is_control() && char != '\n';
        assert!(out.contains("a]0;titleb31mcd"), "{args:?}: {out:?}");
        assert!(!out.contains(is_bad) && !errors.contains(is_bad), "{args:?}: {out:?} {errors:?}");
    }
    Ok(())
}

#[test]
fn capinfo_says_whether_a_journal_is_whole() -> Outcome {
    let (_folder, file) = folder("whole.journal")?;
    for (bytes, code, whole) in
        [(RECORDING, 0, "yes"), (&RECORDING[..RECORDING.len() - 1], 1, "no"), (&RECORDING[..2000], 1, "no")]
    {
        std::fs::write(&file, bytes)?;
        let (ended, out, errors) = run(&["capinfo", text(&file)?])?;
        assert_eq!(ended, Some(code), "{errors}");
        assert!(out.contains(&format!("\nwhole         {whole}\n")), "{out}");
    }
    Ok(())
}

/// One object, for programs.
#[test]
fn capinfo_as_json() -> Outcome {
    let (_folder, file) = folder("info.journal")?;
    std::fs::write(&file, RECORDING)?;
    let (code, out, errors) = run(&["capinfo", text(&file)?, "--json"])?;
    assert_eq!((code, errors.as_str(), out.lines().count()), (Some(0), "", 1));
    let info: serde_json::Value = serde_json::from_str(&out)?;
    assert_eq!((&info["format"], &info["chain"]), (&"journal 2.0".into(), &"simnet".into()));
    assert_eq!((&info["whole"], &info["losses"]), (&true.into(), &serde_json::json!([])));
    let [begin, end] = ["begin", "end"].map(|key| info[key].as_i64().unwrap_or(0));
    assert!(begin > 1_700_000_000_000_000 && end > begin, "{info}");
    assert_eq!(info["connections"][0]["inbound"], false);
    let (_, lines, _) = run(&["replay", text(&file)?, "--json"])?;
    let txs = lines.matches("\"event\":\"tx\"").count();
    assert_eq!(info["commands"]["tx"]["in"]["messages"], txs);
    std::fs::write(&file, &RECORDING[..RECORDING.len() / 2])?;
    let (code, out, errors) = run(&["capinfo", text(&file)?, "--json"])?;
    assert_eq!((code, errors.lines().count()), (Some(1), 1));
    assert!(out.contains("\"whole\":false"), "{out}");
    Ok(())
}

#[test]
fn a_journal_is_shrunk() -> Outcome {
    let (_folder, file) = folder("field.journal")?;
    std::fs::write(&file, RECORDING)?;
    let smaller = file.with_extension("shrunk.journal");
    let shrink = |predicate: &str, more: &[&str]| {
        run(&[&["replay", text(&file)?, "--shrink", predicate], more].concat())
    };
    let (code, out, errors) = shrink("closes=local", &[])?;
    assert_eq!((code, out.as_str(), errors.lines().count()), (Some(0), "", 1), "{errors}");
    let left = std::fs::read(&smaller)?;
    assert!(left.len() < RECORDING.len() / 5, "{} of {}: {errors}", left.len(), RECORDING.len());
    let (code, out, errors) = run(&["replay", text(&smaller)?, "--json"])?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(out.contains("\"reason\":\"local\""), "{out}");

    // Never over another file, unless that is wanted.
    let (code, _, errors) = shrink("closes=local", &[])?;
    assert_eq!(code, Some(2));
    assert!(errors.contains("exists") && errors.contains("--force"), "{errors}");
    assert_eq!(shrink("closes=local", &["--force"])?.0, Some(0));
    assert_eq!(std::fs::read(&smaller)?, left, "the same in every run");

    // Never over the journal itself, whatever it is called.
    let alias = file.with_file_name("alias.journal");
    std::os::unix::fs::symlink(&file, &alias)?;
    let (code, _, errors) = shrink("closes=local", &["--force", "--out", text(&alias)?])?;
    assert_eq!((code, errors.lines().count()), (Some(2), 1), "{errors}");
    assert!(errors.contains("the journal itself"), "{errors}");
    assert_eq!(std::fs::read(&file)?, RECORDING);

    let other = file.with_file_name("other");
    for (predicate, expected) in [
        ("panics", "the node does not panic"),
        ("differs", "no step differs"),
        ("closes=wrong_magic", "no connection closes with 'wrong_magic'"),
    ] {
        let (code, _, errors) = shrink(predicate, &["--out", text(&other)?])?;
        assert_eq!((code, errors.lines().count()), (Some(1), 1), "{errors}");
        assert!(errors.contains(expected), "{errors}");
        assert!(!other.exists());
    }
    Ok(())
}
