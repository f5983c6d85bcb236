//! A mempool monitor for Bitcoin that needs no full node: which transaction, from whom, when.

// They panic where nothing can be written: `stderr` does not.
#![deny(clippy::print_stderr, clippy::print_stdout)]

mod capture;
mod cli;
mod commands;
mod draft;
mod event_set;
mod messages;
mod meter;
mod model;
mod observing;
mod options;
mod plain;
mod record;
mod render;
mod replayed;
mod run;
mod stderr;

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use self::cli::{Action, Refusal, Stdout};
use self::commands::{capinfo, convert, decoderawtransaction, demo, diff, replay, watch};

fn main() -> ExitCode {
    match cli::parse(std::env::args_os(), Stdout::detect()) {
        Ok(Action::Watch(watch)) => watch::run(&watch),
        Ok(Action::Demo(demo)) => demo::run(demo),
        Ok(Action::Decode(decode)) => decoderawtransaction::run(&decode),
        Ok(Action::Replay(replay)) => replay::run(&replay),
        Ok(Action::Convert(convert)) => convert::run(&convert),
        Ok(Action::Capinfo(capinfo)) => capinfo::run(&capinfo),
        Ok(Action::Diff(diff)) => diff::run(&diff),
        Err(refusal) => refuse(&refusal),
    }
}

/// Prints help where it was wanted, and a mistake where mistakes are said.
fn refuse(refusal: &Refusal) -> ExitCode {
    if refusal.exit_code != 0 {
        stderr::write(&refusal.text);
        return ExitCode::from(refusal.exit_code);
    }
    let mut stdout = io::stdout();
    match stdout.write_all(refusal.text.as_bytes()).and_then(|()| stdout.flush()) {
        // The reader has gone, as `| head` does, or all is written.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            stderr::fail(format_args!("cannot write to standard output: {error}"))
        }
        _ => ExitCode::SUCCESS,
    }
}
