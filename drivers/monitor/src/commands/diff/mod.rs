//! `satwire diff`: where two captures, or two transcripts, part.
//!
//! Both become lines, which are compared one by one: a journal is played, a transcript is read. Nothing is kept of them
//! but the last few lines.

mod parting;
mod side;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use self::parting::Parting;
use self::side::{Form, Opened, Side};
use crate::cli::Diff;
use crate::stderr::say;

/// Could not compare, as diff(1) has it.
const TROUBLE: u8 = 2;

/// Prints the first difference, if there is one.
pub(crate) fn run(diff: &Diff) -> ExitCode {
    let parting = match compare(diff) {
        Ok(None) => return ExitCode::SUCCESS,
        Ok(Some(parting)) => parting,
        Err(trouble) => {
            say(trouble);
            return ExitCode::from(TROUBLE);
        }
    };
    let mut out = io::stdout().lock();
    let names = [&diff.a, &diff.b].map(|file| file.display().to_string());
    match parting.print(&names, &mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            say(format_args!("cannot write to standard output: {error}"));
            ExitCode::from(TROUBLE)
        }
        _ => ExitCode::FAILURE,
    }
}

fn compare(diff: &Diff) -> Result<Option<Parting>, String> {
    let (a, b) = (Opened::open(&diff.a, diff.import)?, Opened::open(&diff.b, diff.import)?);
    let observed = a.is_import() || b.is_import();
    let form = match (&a, &b) {
        (Opened::Capture(..), Opened::Capture(..)) => Form { json: false, observed },
        (Opened::Text(..), Opened::Text(..)) => Form { json: false, observed: false },
        (Opened::Json(..) | Opened::Capture(..), Opened::Json(..) | Opened::Capture(..)) => {
            Form { json: true, observed: false }
        }
        _ => {
            return Err(format!(
                "{a}, {b}: compare captures and JSON lines with each other, or text with text"
            ));
        }
    };
    let (mut a, mut b) = (Side::new(a, form), Side::new(b, form));
    let mut parting = Parting::default();
    loop {
        let (left, right) = (a.line()?, b.line()?);
        match (&left, &right) {
            (None, None) => return Ok(None),
            (Some(left), Some(right)) if left == right => parting.same(left),
            _ => return Ok(Some(parting.at(left, right))),
        }
    }
}

#[cfg(test)]
mod tests;
