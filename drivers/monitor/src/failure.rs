//! Saying what could not be done.

use std::process::ExitCode;

/// One line on stderr, and exit status 1.
pub(crate) fn fail(text: &str) -> ExitCode {
    eprintln!("satwire: {text}");
    ExitCode::FAILURE
}
