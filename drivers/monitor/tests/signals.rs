//! `satwire watch` and the signals that end it.

#![cfg(unix)]

#[expect(dead_code, reason = "this file needs no peer")]
mod peer;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use self::peer::{Outcome, Program, folder};

/// Starts the program through `wrapper`, sends it these signals, and gives its exit code and its last line.
fn after(wrapper: &[&str], signals: &[Signal]) -> Outcome<(Option<i32>, String)> {
    let (_folder, out) = folder("lines.json")?;
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).arg(env!("CARGO_BIN_EXE_satwire"));
    command.args(["watch", "--regtest", "--bind", "127.0.0.1:0", "--json"]);
    let program = Program::start(command, &out)?;
    wait_for_first_line(&out)?;
    for signal in signals {
        kill_process(Pid::from_child(&program.child), *signal)?;
    }
    let (code, said) = program.wait()?;
    assert_eq!(said, "", "{signals:?}");
    let lines = std::fs::read_to_string(&out)?;
    Ok((code, lines.lines().last().unwrap_or_default().into()))
}

/// When it is there, signals are listened to.
fn wait_for_first_line(out: &Path) -> Outcome {
    let begin = Instant::now();
    while !std::fs::read_to_string(out)?.ends_with('\n') {
        if begin.elapsed() > peer::SOON {
            return Err("no line".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

#[test]
fn a_signal_ends_the_run_in_good_order() -> Outcome {
    for signal in [Signal::INT, Signal::TERM] {
        let (code, last) = after(&["env"], &[signal])?;
        assert_eq!(code, Some(0), "{signal:?}");
        assert!(last.contains("\"event\":\"summary\""), "{signal:?}: {last}");
    }
    Ok(())
}

/// As when its terminal is closed.
#[cfg(target_os = "linux")]
#[test]
fn a_hangup_does_as_well() -> Outcome {
    // Whoever runs the tests may have it ignored.
    let (code, last) = after(&["env", "--default-signal=HUP"], &[Signal::HUP])?;
    assert_eq!(code, Some(0));
    assert!(last.contains("\"event\":\"summary\""), "{last}");
    Ok(())
}

/// What `nohup` does to whom it starts: closing the terminal ends it no more.
#[test]
fn an_ignored_hangup_stays_ignored() -> Outcome {
    let ignoring = ["sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""];
    let (code, last) = after(&ignoring, &[Signal::HUP, Signal::HUP, Signal::TERM])?;
    assert_eq!(code, Some(0));
    assert!(last.contains("\"event\":\"summary\""), "{last}");
    Ok(())
}
