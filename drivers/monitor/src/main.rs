//! A mempool monitor for Bitcoin that needs no full node: which transaction, from whom, when.

mod capinfo;
mod cli;
mod commands;
mod demo;
mod failure;
mod output;
mod plain;
mod record;
mod render;
mod replay;
mod report;
mod session;
mod shrink;
mod signals;
mod watch;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use self::cli::{Action, Refusal, Stdout};
use self::commands::decoderawtransaction;

fn main() -> ExitCode {
    let stdout = Stdout {
        is_terminal: io::stdout().is_terminal(),
        no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
    };
    match cli::parse(std::env::args_os(), stdout) {
        Ok(Action::Watch(watch)) => watch::run(&watch),
        Ok(Action::Demo(demo)) => demo::run(demo),
        Ok(Action::Decode(decode)) => decoderawtransaction::run(&decode),
        Ok(Action::Replay(replay)) => replay::run(&replay),
        Ok(Action::Capinfo(file)) => capinfo::run(&file),
        Err(refusal) => refuse(&refusal),
    }
}

/// Help goes where it was wanted; a mistake is said where mistakes are said.
fn refuse(refusal: &Refusal) -> ExitCode {
    let text = refusal.text.as_bytes();
    // Nobody may be listening, and then there is nobody to tell.
    let _ = if refusal.exit_code == 0 { io::stdout().write_all(text) } else { io::stderr().write_all(text) };
    ExitCode::from(refusal.exit_code)
}
