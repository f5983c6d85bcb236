//! 10.13: the program, where nothing can be written to standard error, or to standard output.

#![cfg(target_os = "linux")]

use std::error::Error;
use std::fs::File;
use std::process::{Command, Stdio};

type Outcome = Result<(), Box<dyn Error>>;

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_satwire"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn full() -> std::io::Result<File> {
    File::options().write(true).open("/dev/full")
}

/// A pipe that nobody reads any more.
fn gone() -> std::io::Result<std::io::PipeWriter> {
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    Ok(writer)
}

/// The exit status is what it would have been.
#[test]
fn a_full_stderr_changes_nothing() -> Outcome {
    let bind = ["watch", "--regtest", "--bind", "127.0.0.1:0"];
    let recording = ["--record", "/dev/full", "--force", "--duration", "1.2"];
    for (args, expected) in [
        ([&bind[..], &["--connect", "127.0.0.1:1", "--duration", "0.2"]].concat(), 0),
        ([&bind[..], &recording].concat(), 1),
        (vec!["watch", "--regtest", "--bind", "192.0.2.1:1", "--duration", "0.2"], 1),
        (vec!["watch"], 2),
        (vec!["--nosuch"], 2),
        (vec![], 2),
        (vec!["demo"], 0),
        (vec!["decoderawtransaction", "zz"], 1),
        (vec!["replay", "/nosuch"], 1),
        (vec!["capinfo", "/nosuch"], 1),
        (vec!["replay", "/dev/null", "--shrink", "panics"], 1),
    ] {
        for stderr in [Stdio::from(full()?), Stdio::from(gone()?)] {
            let status = program(&args).stderr(stderr).status()?;
            assert_eq!(status.code(), Some(expected), "{args:?}");
        }
    }
    Ok(())
}

/// An output that cannot be written was not done; a reader that has gone wants no more.
#[test]
fn a_full_stdout_is_said() -> Outcome {
    for args in [&["--help"][..], &["watch", "--help"], &["--version"], &["demo"]] {
        let output = program(args).stdout(full()?).stderr(Stdio::piped()).output()?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{args:?}: {said}");
        assert!(said.starts_with("satwire: cannot write to standard output: No space left"), "{said}");
        let output = program(args).stdout(gone()?).stderr(Stdio::piped()).output()?;
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{args:?}");
    }
    Ok(())
}
