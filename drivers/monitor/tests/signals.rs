//! `satwire watch` and signals.

#![cfg(unix)]

#[expect(dead_code, reason = "this file needs no peer")]
mod peer;

use std::io::BufRead as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
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

/// A program that listens, and sends each of its lines to `out`.
fn watch(out: impl Into<Stdio>, flags: &[&str]) -> Outcome<Program> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_satwire"));
    command.args(["watch", "--regtest", "--bind", "127.0.0.1:0"]).args(flags);
    Program::start_to(command, out)
}

/// The answer of the program to SIGUSR1; with the head of the table and its first peer, if it has one.
fn peers(program: &mut Program) -> Outcome<String> {
    kill_process(Pid::from_child(&program.child), Signal::USR1)?;
    let mut said = String::new();
    program.stderr.read_line(&mut said)?;
    if said.starts_with("satwire: 1 peer at ") {
        program.stderr.read_line(&mut said)?;
        program.stderr.read_line(&mut said)?;
    }
    Ok(said)
}

/// 10.18: SIGUSR1 shows the peers and ends nothing.
#[test]
fn peers_are_shown_when_wanted() -> Outcome {
    let mut program = watch(Stdio::null(), &["--quiet=0"])?;
    let stream = TcpStream::connect(program.addr)?;
    let mut said = peers(&mut program)?;
    while said == "satwire: no peers\n" {
        std::thread::sleep(Duration::from_millis(5));
        said = peers(&mut program)?;
    }
    let addr = stream.local_addr()?.to_string();
    let [_, head, row] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(head.starts_with("peer address "), "{said}");
    assert!(row.starts_with(&format!("c1   {addr} ipv4 in ")) && row.contains("handshake_pending"), "{said}");
    Ok(())
}

/// 10.18: SIGHUP means that files are to be safe, not that the run is to end; also where it was ignored before.
#[test]
fn a_hangup_does_not_end_a_run() -> Outcome {
    let (_folder, journal) = folder("hangup.journal")?;
    let mut program = watch(Stdio::null(), &["--json", "--record", peer::text(&journal)?])?;
    kill_process(Pid::from_child(&program.child), Signal::HUP)?;
    assert_eq!(peers(&mut program)?, "satwire: no peers\n");
    kill_process(Pid::from_child(&program.child), Signal::TERM)?;
    assert_eq!(program.wait()?, (Some(0), String::new()));

    let ignoring = ["sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""];
    let (code, last) = after(&ignoring, &[Signal::HUP, Signal::HUP, Signal::TERM])?;
    assert_eq!(code, Some(0));
    assert!(last.contains("\"event\":\"summary\""), "{last}");
    Ok(())
}

/// But a terminal that was closed has nobody in front of it any more.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_is_closed_ends_a_run() -> Outcome {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&terminal)?;
    unlockpt(&terminal)?;
    let name = ptsname(&terminal, Vec::new())?;
    let out = std::fs::OpenOptions::new().write(true).open(name.to_str()?)?;
    let mut program = watch(out, &["--human"])?;
    kill_process(Pid::from_child(&program.child), Signal::HUP)?;
    assert_eq!(peers(&mut program)?, "satwire: no peers\n", "it is open");
    drop(terminal);
    kill_process(Pid::from_child(&program.child), Signal::HUP)?;
    assert_eq!(program.wait()?, (Some(0), String::new()));
    Ok(())
}
