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
    let addr = program.addr;
    let peer = std::thread::spawn(move || flood(addr, Instant::now() + peer::SOON).map_err(|_| "no peer"));
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
    flood(program.addr, Instant::now() + Duration::from_millis(1200))?;
    assert_eq!(program.wait()?.0, Some(0));
    let watched = std::fs::read_to_string(&out)?;
    let (code, replayed, errors) = run(&["replay", text(&journal)?, "--json", "--debug", "net"])?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let (watched, replayed) = (ends(&watched)?, ends(&replayed)?);
    assert!(watched.events.len() > 100, "{} lines", watched.events.len());
    for (watched, replayed) in watched.events.iter().zip(&replayed.events) {
        assert_eq!(watched, replayed);
    }
    assert_eq!(watched.events.len(), replayed.events.len());
    // The program starts a moment before the first input and ends a moment behind the last one.
    assert_eq!(watched.first, replayed.first);
    assert_eq!(watched.last, replayed.last);
    Ok(())
}

struct Lines<'a> {
    first: serde_json::Value,
    events: Vec<&'a str>,
    last: serde_json::Value,
}

/// First and last line, without their times, and what lies between.
fn ends(lines: &str) -> Outcome<Lines<'_>> {
    let all: Vec<_> = lines.lines().collect();
    let ([first, events @ ..], Some(last)) = (&all[..], all.last()) else { return Err("no lines".into()) };
    let timeless = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line)?;
        for key in ["time", "mono", "duration"] {
            value.as_object_mut().ok_or("no object")?.remove(key);
        }
        Outcome::Ok(value)
    };
    Ok(Lines { first: timeless(first)?, events: events[..events.len() - 1].to_vec(), last: timeless(last)? })
}

/// The disk is full from the start: it is said once, and watching goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_recording_alone() -> Outcome {
    let (_folder, out) = folder("full.json")?;
    let program = Program::watch(&out, &["--record", "/dev/full", "--force", "--duration", "3"])?;
    flood(program.addr, Instant::now() + Duration::from_millis(2500))?;
    let (code, said) = program.wait()?;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("recording ended early").count(), 1, "{said}");
    assert!(said.contains("No space left"), "{said}");
    goes_on(&out)
}

/// A file that may not grow: it is cut behind its last whole record and says why it ends.
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
    let served = flood(program.addr, Instant::now() + Duration::from_millis(3500))?;
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

/// Transactions were printed more than a second behind the first.
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
