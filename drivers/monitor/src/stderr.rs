//! Standard error: a line, or nothing if it cannot be written.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Writes one line. If standard error is full or closed, nobody can be told.
pub(crate) fn say(text: impl fmt::Display) {
    write(&format!("satwire: {text}\n"));
}

/// Writes a text that has its line breaks already.
pub(crate) fn write(text: &str) {
    // In one piece, so that the lines of two threads do not mix.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes one line, and returns exit status 1: it could not be done.
pub(crate) fn fail(text: impl fmt::Display) -> ExitCode {
    say(text);
    ExitCode::FAILURE
}
