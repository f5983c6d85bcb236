//! Errors of the lab, said so that the log of a test run is enough to see why.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why the lab could not do what it was asked to.
pub enum LabError {
    /// One of the real programs is not installed.
    Missing {
        /// Its name.
        program: &'static str,
        /// The folder that was looked in.
        folder: PathBuf,
    },
    /// The operating system refused something: a file, a port, a child process, a signal.
    Io {
        /// The action that failed.
        what: String,
        /// The words of the system.
        source: io::Error,
    },
    /// A program that should be running has ended.
    Exited {
        /// Its name.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// Something did not happen in time.
    TimedOut {
        /// The event that was waited for.
        what: String,
        /// How long.
        after: Duration,
        /// The last obstacle, as far as known.
        last: String,
    },
    /// `btcctl` reported an error: the node is not up yet, or does not want to.
    Refused {
        /// The command and its arguments.
        command: String,
        /// The words of `btcctl`.
        message: String,
    },
    /// A program said something that cannot be read as what it should be.
    Unexpected {
        /// The source that was being read.
        what: String,
        /// The text that was found.
        text: String,
    },
}

impl LabError {
    /// Wraps an error of the operating system, for `map_err`.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// A text that is not what it should be.
    pub(super) fn unexpected(what: impl Into<String>, text: impl fmt::Display) -> Self {
        Self::Unexpected { what: what.into(), text: text.to_string() }
    }
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { program, folder } => write!(
                f,
                "no {program} in {}: run `.ci/live-peers` (it needs Go), \
                 or name the folder that has it in SATWIRE_LIVE_BIN",
                folder.display()
            ),
            Self::Io { what, source } => write!(f, "{what}: {source}"),
            Self::Exited { program, status, log } => {
                write!(f, "{program} ended with {status}; its log ends with\n{log}")
            }
            Self::TimedOut { what, after, last } => {
                write!(f, "{what}: not within {} s", after.as_secs_f32())?;
                if last.is_empty() { Ok(()) } else { write!(f, "; at last: {last}") }
            }
            Self::Refused { command, message } => write!(f, "btcctl {command}: {message}"),
            Self::Unexpected { what, text } => write!(f, "{what}: cannot be read: {text}"),
        }
    }
}

/// The same as `Display`: a test that returns its error shows it with `Debug`, and a person reads it.
impl fmt::Debug for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for LabError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
