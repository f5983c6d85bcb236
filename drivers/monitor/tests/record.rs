//! `satwire watch --record` as a process: killed under load, on disks that are full, and replayed.

#![cfg(unix)]

mod peer;

use std::fs::File;
use std::io::{BufRead as _, Read as _};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use satwire_capture::Summary;
use satwire_capture::journal::{EndReason, Ending, Player, Reader};

use self::peer::{Outcome, Program, flood, folder, run, text};

/// A record is on its way to the disk after this long.
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
    let (mut program, dialled) = Program::dialling(&out, &["--record", text(&journal)?])?;
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
    // After the first flush there is something in it.
    assert!(round < 15 || summary.steps > 2, "round {round}: {} inputs", summary.steps);
    Ok(())
}

/// `replay` prints what `watch` has printed.
#[test]
fn a_replay_prints_the_same_lines() -> Outcome {
    let (_folder, journal) = folder("same.journal")?;
    let out = journal.with_extension("json");
    let flags = ["--record", text(&journal)?, "--duration", "2", "--debug", "net"];
    let (program, dialled) = Program::dialling(&out, &flags)?;
    flood(&dialled, Instant::now() + Duration::from_millis(1200))?;
    assert_eq!(program.wait()?.0, Some(0));
    let watched = std::fs::read_to_string(&out)?;
    // Which events are told is in the journal.
    let (code, replayed, errors) = run(&["replay", text(&journal)?])?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let (_, less, _) = run(&["replay", text(&journal)?, "--debug", "none"])?;
    let ignored = |lines: &str| lines.matches("\"event\":\"ignored\"").count();
    assert!(ignored(&replayed) > 0 && ignored(&less) == 0);
    assert!(watched.lines().count() > 100, "{} lines", watched.lines().count());
    // The first and the last one among them, with their times.
    for (watched, replayed) in watched.lines().zip(replayed.lines()) {
        assert_eq!(watched, replayed);
    }
    assert_eq!(watched.len(), replayed.len());
    let summary: serde_json::Value = serde_json::from_str(watched.lines().last().ok_or("no lines")?)?;
    assert!(summary["duration"].as_u64().is_some_and(|micros| micros >= 2_000_000), "{summary}");
    assert_eq!(summary["journal_until"], summary["duration"]);
    Ok(())
}

/// To the last byte of the summary, though the peer reads nothing, and much of what is queued is never written.
#[test]
fn a_replay_counts_what_the_run_counted() -> Outcome {
    for format in ["--json", "--human"] {
        let (_folder, journal) = folder("counts.journal")?;
        let out = journal.with_extension("out");
        let flags = ["--record", text(&journal)?, format];
        let mut command = Command::new(env!("CARGO_BIN_EXE_satwire"));
        command.args(["watch", "--regtest", "--bind", "127.0.0.1:0"]).args(flags);
        let program = Program::start(command, &out)?;
        let (mut stream, sent) = peer::ping_and_never_read(program.addr)?;
        kill_process(Pid::from_child(&program.child), Signal::INT)?;
        assert_eq!(program.wait()?.0, Some(0));
        let watched = std::fs::read_to_string(&out)?;
        let (code, replayed, errors) = run(&["replay", text(&journal)?, format])?;
        assert_eq!((code, errors.as_str(), replayed.as_str()), (Some(0), "", watched.as_str()));
        if format == "--human" {
            continue;
        }
        let summary: serde_json::Value = serde_json::from_str(watched.lines().last().ok_or("no lines")?)?;
        let [received, queued] = ["bytesrecv", "bytessent"].map(|key| summary[key].as_u64().unwrap_or(0));
        assert!(received > 1 << 20 && received <= sent as u64, "{summary}");
        // No more than was written can be read.
        let mut written = 0;
        let mut buffer = vec![0; 1 << 16];
        while let Ok(more @ 1..) = stream.read(&mut buffer) {
            written += more as u64;
        }
        assert!(queued > written, "{queued} bytes were queued, {written} written");
    }
    Ok(())
}

/// An event after the last transaction that was wanted is not told, in the replay either.
#[test]
fn a_replay_ends_with_the_last_transaction_that_was_wanted() -> Outcome {
    let (_folder, journal) = folder("count.journal")?;
    let out = journal.with_extension("json");
    let (program, dialled) = Program::dialling(&out, &["--record", text(&journal)?, "--count", "3"])?;
    flood(&dialled, Instant::now() + peer::SOON)?;
    assert_eq!(program.wait()?.0, Some(0));
    let watched = std::fs::read_to_string(&out)?;
    assert_eq!(watched.matches("\"event\":\"tx\"").count(), 3);
    assert_eq!(run(&["replay", text(&journal)?])?, (Some(0), watched, String::new()));
    Ok(())
}

/// The disk is full from the start: it is said once, and watching goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_recording_alone() -> Outcome {
    let (_folder, out) = folder("full.json")?;
    let (program, dialled) =
        Program::dialling(&out, &["--record", "/dev/full", "--force", "--duration", "3"])?;
    flood(&dialled, Instant::now() + Duration::from_millis(2500))?;
    let (code, said) = program.wait()?;
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said.matches("recording ended early").count(), 1, "{said}");
    assert_eq!(said.matches("No space left").count(), 1, "{said}");
    assert_eq!(journal_until(&std::fs::read_to_string(&out)?)?, 0);
    goes_on(&out)
}

/// At once, although nothing happens that would make the program look.
#[cfg(target_os = "linux")]
#[test]
fn a_recording_that_fails_is_told_at_once() -> Outcome {
    let (_folder, out) = folder("idle.json")?;
    let mut program = Program::watch(&out, &["--record", "/dev/full", "--force"])?;
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let Program { child, stderr, .. } = &mut program;
        scope.spawn(move || {
            let mut line = String::new();
            let _ = stderr.read_line(&mut line);
            let _ = tell.send(line);
        });
        let line = told.recv_timeout(Duration::from_secs(20));
        assert!(child.try_wait()?.is_none(), "the run goes on");
        child.kill()?;
        let line = line?;
        assert!(line.contains("recording ended early") && line.contains("No space left"), "{line}");
        Ok(())
    })
}

/// Until when the journal of a run, or that of a replay, is whole.
fn journal_until(lines: &str) -> Outcome<u64> {
    let summary: serde_json::Value = serde_json::from_str(lines.lines().last().ok_or("no lines")?)?;
    Ok(summary["journal_until"].as_u64().ok_or_else(|| summary.to_string())?)
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
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("No space left"), "{said}");
    Ok(())
}

/// A file that may not grow: it is cut after its last whole record and says why it ends.
#[test]
fn a_disk_that_fills_up_leaves_a_journal_with_an_end() -> Outcome {
    let (_folder, journal) = folder("limited.journal")?;
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
    command.args(["--json", "--duration", "4", "--record", text(&journal)?]);
    // Its own lines go to a pipe, which may grow.
    let (mut lines, out) = std::io::pipe()?;
    let (dialled, addr) = peer::listen()?;
    command.args(["--connect", &addr]);
    let program = Program::start_to(command, out)?;
    let lines = std::thread::spawn(move || std::io::read_to_string(&mut lines));
    let served = flood(&dialled, Instant::now() + Duration::from_millis(3500))?;
    let (code, said) = program.wait()?;
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said.matches("recording ended early").count(), 1, "{said}");
    let watched = lines.join().map_err(|_| "nobody read")??;
    let (summary, damage) = Summary::read(Reader::new(File::open(&journal)?)?);
    assert!(damage.is_none(), "{damage:?}");
    assert_eq!(summary.ending, Ending::Marked(EndReason::SinkFailed), "{} bytes", summary.bytes);
    assert!(served > 2000, "{served}");
    let (code, lines, errors) = run(&["replay", text(&journal)?, "--json"])?;
    assert_eq!(code, Some(1));
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("recording ended early") && lines.lines().count() > 100, "{errors}");
    // The run knew how far its journal goes.
    let until = summary.span.ok_or("no inputs")?.1.as_micros();
    assert_eq!((journal_until(&watched)?, journal_until(&lines)?), (until, until));
    let duration = watched.lines().last().ok_or("no lines")?;
    assert!(!duration.contains(&format!("\"duration\":{until},")), "{duration}");
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
