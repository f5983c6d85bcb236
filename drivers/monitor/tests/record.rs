//! `satwire watch --record` as a process: killed under load, on disks that are full, and replayed.

#![cfg(unix)]

mod peer;

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use satwire_capture::Summary;
use satwire_capture::journal::{EndReason, Ending, Player, Reader};

use self::peer::{Outcome, Program, flood, folder, run, text};

/// What is recorded is on its way to the disk after this long.
const FLUSH: Duration = Duration::from_secs(1);

/// A busy machine may let a process wait so long.
const SLACK: Duration = Duration::from_secs(1);

/// Twenty times, at other moments: the journal opens, plays, and lacks no more than what was not flushed.
#[test]
fn killed_under_load() -> Outcome {
    let rounds = |first: u64| {
        move || (first..20).step_by(4).try_for_each(|round| killed(round).map_err(|error| error.to_string()))
    };
    let threads: Vec<_> = (0..4).map(|first| std::thread::spawn(rounds(first))).collect();
    for thread in threads {
        thread.join().map_err(|_| "a round failed")??;
    }
    Ok(())
}

fn killed(round: u64) -> Outcome {
    let (_folder, journal) = folder("killed.journal")?;
    let out = journal.with_extension("json");
    let mut program = Program::watch(&out, &["--record", text(&journal)?])?;
    let dialled = program.dialled.try_clone()?;
    let peer =
        std::thread::spawn(move || flood(&dialled, Instant::now() + peer::SOON).map_err(|_| "no peer"));
    std::thread::sleep(Duration::from_millis(300 + 97 * round));
    let at = SystemTime::now().duration_since(UNIX_EPOCH)?;
    program.child.kill()?;
    program.child.wait()?;
    let served = peer.join().map_err(|_| "the peer failed")??;

    let (summary, damage) = Summary::read(Reader::new(File::open(&journal)?)?);
    assert!(damage.is_none(), "round {round}: {damage:?}");
    assert!(matches!(summary.ending, Ending::Cut { .. }), "round {round}: {:?}", summary.ending);
    let zero = u64::try_from(summary.prologue.clock.unix_micros_at_zero)?;
    let last = summary.span.map_or(0, |(_, last)| last.as_micros());
    let missing = at.saturating_sub(Duration::from_micros(zero + last));
    assert!(missing < FLUSH + SLACK, "round {round}: the last {missing:?} are missing");
    let mut player = Player::new(Reader::new(File::open(&journal)?)?);
    player.run(|_| {})?;
    println!("round {round}: {served} transactions, {missing:?} missing");
    assert!(served > 0, "round {round}: no load");
    // Behind the first flush there is something in it.
    assert!(round < 15 || summary.steps > 2, "round {round}: {} inputs", summary.steps);
    Ok(())
}

/// What `watch` has printed, `replay` prints again.
#[test]
fn a_replay_prints_the_same_lines() -> Outcome {
    let (_folder, journal) = folder("same.journal")?;
    let out = journal.with_extension("json");
    let flags = ["--record", text(&journal)?, "--duration", "2", "--debug", "net"];
    let program = Program::watch(&out, &flags)?;
    flood(&program.dialled, Instant::now() + Duration::from_millis(1200))?;
    assert_eq!(program.wait()?.0, Some(0));
    let watched = std::fs::read_to_string(&out)?;
    let (code, replayed, errors) = run(&["replay", text(&journal)?, "--json", "--debug", "net"])?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(watched.lines().count() > 100, "{} lines", watched.lines().count());
    // The first and the last one among them, with their times.
    for (watched, replayed) in watched.lines().zip(replayed.lines()) {
        assert_eq!(watched, replayed);
    }
    assert_eq!(watched.len(), replayed.len());
    let summary: serde_json::Value = serde_json::from_str(watched.lines().last().ok_or("no lines")?)?;
    assert!(summary["duration"].as_u64().is_some_and(|micros| micros >= 2_000_000), "{summary}");
    Ok(())
}

/// The disk is full from the start: it is said once, and watching goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_recording_alone() -> Outcome {
    let (_folder, out) = folder("full.json")?;
    let program = Program::watch(&out, &["--record", "/dev/full", "--force", "--duration", "3"])?;
    flood(&program.dialled, Instant::now() + Duration::from_millis(2500))?;
    let (code, said) = program.wait()?;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("recording ended early").count(), 1, "{said}");
    assert_eq!(said.matches("No space left").count(), 1, "{said}");
    goes_on(&out)
}

/// The port is taken: no journal is left that would have to be replaced at the next attempt.
#[test]
fn a_failed_start_leaves_no_journal() -> Outcome {
    let (folder, journal) = folder("none.journal")?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let addr = taken.local_addr()?.to_string();
    let flags = ["watch", "--regtest", "--duration", "1", "--bind", &addr, "--record", text(&journal)?];
    let (code, lines, said) = run(&flags)?;
    assert_eq!((code, lines.as_str(), said.lines().count()), (Some(1), "", 1), "{said}");
    assert!(said.contains(&addr) && !journal.exists(), "{said}");
    // Nor is one replaced, if that is wanted, by one in which nothing happened.
    std::fs::write(&journal, "an earlier one")?;
    let forced = [&flags[..], &["--force"]].concat();
    assert_eq!(run(&forced)?.0, Some(1));
    assert_eq!(std::fs::read_to_string(&journal)?, "an earlier one");
    drop(taken);
    assert_eq!(run(&flags)?.0, Some(2), "it exists");
    assert_eq!(run(&forced)?.0, Some(0));
    assert!(Reader::new(File::open(&journal)?).is_ok());
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1, "nothing is left beside it");
    Ok(())
}

/// An error is no mere diagnostic.
#[cfg(target_os = "linux")]
#[test]
fn quiet_does_not_hide_that_the_recording_failed() -> Outcome {
    let flags = ["--record", "/dev/full", "--force", "--duration", "1.5", "--quiet"];
    let (code, _, said) = run(&[&["watch", "--regtest", "--bind", "127.0.0.1:0"], &flags[..]].concat())?;
    assert_eq!((code, said.lines().count()), (Some(0), 1), "{said}");
    assert!(said.contains("No space left"), "{said}");
    Ok(())
}

/// A file that may not grow: it is cut after its last whole record and says why it ends.
#[test]
fn a_disk_that_fills_up_leaves_a_journal_with_an_end() -> Outcome {
    let (_folder, journal) = folder("limited.journal")?;
    let out = journal.with_extension("json");
    let mut command = Command::new("sh");
    // Without the trap the system would end the program. The limit is in blocks of 512 or 1024 bytes.
    let script = "trap '' XFSZ; ulimit -f 600; exec \"$0\" \"$@\"";
    command.args([
        "-c",
        script,
        env!("CARGO_BIN_EXE_satwire"),
        "watch",
        "--regtest",
        "--bind",
        "127.0.0.1:0",
    ]);
    // Its own lines go to a file, too: few of them.
    command.args(["--human", "--duration", "4", "--record", text(&journal)?]);
    let program = Program::start(command, Path::new("/dev/null"))?;
    let served = flood(&program.dialled, Instant::now() + Duration::from_millis(3500))?;
    let (code, said) = program.wait()?;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("recording ended early").count(), 1, "{said}");
    drop(out);
    let (summary, damage) = Summary::read(Reader::new(File::open(&journal)?)?);
    assert!(damage.is_none(), "{damage:?}");
    assert_eq!(summary.ending, Ending::Marked(EndReason::SinkFailed), "{} bytes", summary.bytes);
    assert!(served > 2000, "{served}");
    let (code, lines, errors) = run(&["replay", text(&journal)?, "--json"])?;
    assert_eq!(code, Some(1));
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("recording ended early") && lines.lines().count() > 100, "{errors}");
    Ok(())
}

/// Transactions were printed more than a second after the first.
#[cfg(target_os = "linux")]
fn goes_on(out: &Path) -> Outcome {
    let lines = std::fs::read_to_string(out)?;
    let monos = lines.lines().filter(|line| line.contains("\"event\":\"tx\"")).map(|line| {
        let value: serde_json::Value = serde_json::from_str(line)?;
        Outcome::Ok(value["mono"].as_u64().ok_or("no mono")?)
    });
    let monos = monos.collect::<Outcome<Vec<_>>>()?;
    let span = monos.last().zip(monos.first()).map_or(0, |(last, first)| last - first);
    assert!(span > 1_500_000, "{} transactions in {span} microseconds", monos.len());
    Ok(())
}
