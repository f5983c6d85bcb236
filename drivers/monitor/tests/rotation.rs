//! `watch --record --record-size --record-keep` as a process: a chain of files that replays, and what is left of one.

#![cfg(unix)]

#[expect(dead_code, reason = "this file needs no peer that reads nothing")]
mod peer;

use std::path::Path;
use std::time::{Duration, Instant};

use satwire_capture::journal::{file_name, files_of};
use serde_json::Value;

use self::peer::{Outcome, Program, flood, folder, run, text};

/// Watches a peer that floods, and records in files of 64 kB; what was printed.
fn watched(journal: &Path, flags: &[&str]) -> Outcome<String> {
    let out = journal.with_extension("json");
    let all = ["--record", text(journal)?, "--record-size", "65536", "--duration", "3"];
    let (program, dialled) = Program::dialling(&out, &[&all[..], flags].concat())?;
    flood(&dialled, Instant::now() + Duration::from_millis(2500))?;
    let (code, errors) = program.wait()?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    Ok(std::fs::read_to_string(out)?)
}

fn first_line(lines: &str) -> Outcome<Value> {
    Ok(serde_json::from_str(lines.lines().next().ok_or("no lines")?)?)
}

#[test]
fn the_files_replay_what_was_watched() -> Outcome {
    let (_folder, journal) = folder("chain.journal")?;
    let watched = watched(&journal, &["--debug", "net"])?;
    let files = files_of(&journal)?;
    assert!(files.len() > 2 && !journal.exists(), "{files:?}");
    let first = file_name(&journal, 1);
    for name in [&journal, &first] {
        let (code, replayed, errors) = run(&["replay", text(name)?])?;
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        assert!(replayed == watched, "the replay shows something else");
        let (code, _, errors) = run(&["diff", text(name)?, text(&journal.with_extension("json"))?])?;
        assert_eq!((code, errors.as_str()), (Some(0), ""));
    }
    let (code, info, errors) = run(&["capinfo", text(&journal)?])?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(info.contains(&format!("\nfiles         {}\n", files.len())), "{info}");
    let (code, info, _) = run(&["capinfo", text(&journal)?, "--json"])?;
    let info: Value = serde_json::from_str(&info)?;
    assert_eq!(info["files"], files.len());
    let txs = watched.matches("\"event\":\"tx\"").count();
    assert_eq!(
        (code, &info["commands"]["tx"]["in"]["messages"], &info["whole"]),
        (Some(0), &txs.into(), &true.into())
    );

    // A link that is missing is named, after what comes before it.
    let (third, last) = (file_name(&journal, 3), files.len());
    if last > 3 {
        std::fs::rename(&third, third.with_extension("away"))?;
        for verb in ["replay", "capinfo"] {
            let (code, out, errors) = run(&[verb, text(&journal)?])?;
            assert_eq!((code, errors.lines().count()), (Some(1), 1), "{errors}");
            assert!(
                out.lines().count() > 5 && errors.contains("chain.journal.000003 is missing"),
                "{errors}"
            );
        }
        std::fs::rename(third.with_extension("away"), &third)?;
    }
    // The last one alone, wherever it is.
    let alone = journal.with_file_name("alone");
    std::fs::copy(file_name(&journal, last as u32), &alone)?;
    let (code, lines, errors) = run(&["replay", text(&alone)?, "--json"])?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(first_line(&lines)?["observed_from_file"], last);
    assert!(watched.lines().next().is_some_and(|line| !line.contains("observed_from_file")));
    Ok(())
}

/// The received messages are told as they were, from the first message on that begins in a file that is there.
#[test]
fn what_is_left_is_observed() -> Outcome {
    let (_folder, journal) = folder("kept.journal")?;
    let watched = watched(&journal, &["--record-keep", "2"])?;
    let files = files_of(&journal)?;
    assert_eq!(files.len(), 2, "{files:?}");
    let oldest = *files.keys().next().ok_or("none")?;
    assert!(oldest > 1);
    let (code, lines, errors) = run(&["replay", text(&journal)?, "--json"])?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(first_line(&lines)?["observed_from_file"], oldest);
    let (_, human, _) = run(&["replay", text(&journal)?, "--human"])?;
    let title = human.lines().next().ok_or("no lines")?;
    assert!(
        title
            .ends_with(&format!("observed, not played: file {oldest} of a journal, without those before it")),
        "{title}"
    );

    let of = |lines: &str, event: &str| -> Outcome<Vec<Value>> {
        let lines = lines.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
        Ok(lines.into_iter().filter(|line| line["event"] == event).collect())
    };
    // The connection as it was agreed on, with the same peer and the same name.
    let (then, now) = (of(&watched, "peer_handshake")?, of(&lines, "peer_handshake")?);
    assert_eq!((then.len(), now.len()), (1, 1));
    for key in ["peer", "version", "subver", "services", "timeoffset", "wtxidrelay", "addrv2"] {
        assert_eq!(then[0][key], now[0][key], "{key}");
    }
    assert_eq!(of(&lines, "peer_connected")?[0]["adopted"], true);
    // The last transactions, with the times at which they came.
    let seen = |line: Value| (line["txid"].to_string(), line["time"].as_i64(), line["mono"].as_u64());
    let then: Vec<_> = of(&watched, "tx")?.into_iter().map(seen).collect();
    let now: Vec<_> = of(&lines, "tx")?.into_iter().map(seen).collect();
    assert!(now.len() > 100, "{}", now.len());
    assert_eq!(now, then[then.len() - now.len()..]);
    // Which is about as much as is in the files.
    let (code, info, errors) = run(&["capinfo", text(&journal)?])?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(info.contains(&format!(", from file {oldest} on\n")), "{info}");
    // The bytes that were sent are not in the files, and nobody says that they were none.
    assert!(info.contains("\nsent          not in a journal\n") && !lines.contains("bytessent"), "{info}");
    Ok(())
}

#[test]
fn files_are_not_replaced_unless_that_is_wanted() -> Outcome {
    let (dir, journal) = folder("again.journal")?;
    let flags =
        ["watch", "--regtest", "--bind", "127.0.0.1:0", "--duration", "0.2", "--record", text(&journal)?];
    let files = [&flags[..], &["--record-size", "1000"]].concat();
    assert_eq!(run(&files)?.0, Some(0));
    let (code, _, errors) = run(&files)?;
    assert_eq!((code, errors.lines().count()), (Some(2), 1));
    assert!(errors.contains("again.journal.000001 exists"), "{errors}");
    // Files of an earlier and longer run would be taken for the later ones of this.
    std::fs::write(file_name(&journal, 2), "of an earlier run")?;
    std::fs::write(&journal, "of another one")?;
    assert_eq!(run(&[&files[..], &["--force"]].concat())?.0, Some(0));
    assert_eq!(std::fs::read_dir(dir.path())?.count(), 1);
    assert_eq!(run(&["replay", text(&journal)?])?.0, Some(0));
    for (line, expected) in [
        (&["--record-size", "0"][..], "'--record-size"),
        (&["--record-size", "1", "--record-keep", "0"], "'--record-keep"),
        (&["--record-keep", "2"], "--record-size"),
    ] {
        let (code, _, errors) = run(&[&flags[..], line].concat())?;
        assert!(code == Some(2) && errors.contains(expected), "{line:?}: {errors}");
    }
    let (code, _, errors) = run(&["watch", "--regtest", "--listen", "--record-size", "1000"])?;
    assert!(code == Some(2) && errors.contains("--record"), "{errors}");
    Ok(())
}
