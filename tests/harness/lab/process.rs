//! Child processes that never outlive us.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{LabError, wait};

/// How many lines of a log an error quotes.
const QUOTED_LINES: usize = 15;

/// A child that is killed and reaped when it is dropped, also while it is stopped by a signal.
#[derive(Debug)]
pub(super) struct Reaped {
    child: Child,
    name: String,
}

impl Reaped {
    /// Starts the command. Its streams are the caller's business.
    pub(super) fn spawn(name: &str, command: &mut Command) -> Result<Self, LabError> {
        let child = command.spawn().map_err(LabError::io(format!("starting {name}")))?;
        Ok(Self { child, name: name.into() })
    }

    /// The child itself, to take its pipes.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, or `None` while it runs.
    pub(super) fn status(&mut self) -> Result<Option<ExitStatus>, LabError> {
        self.child.try_wait().map_err(LabError::io(format!("asking how {} is", self.name)))
    }

    /// Sends a signal, unless the child has ended: its number may belong to somebody else by now.
    pub(super) fn signal(&mut self, signal: Signal) -> Result<(), LabError> {
        if self.status()?.is_some() {
            return Ok(());
        }
        kill_process(Pid::from_child(&self.child), signal)
            .map_err(|error| LabError::io(format!("a signal for {}", self.name))(error.into()))
    }

    /// Waits for its end.
    pub(super) fn wait(&mut self, within: Duration) -> Result<ExitStatus, LabError> {
        let what = format!("the end of {}", self.name);
        wait::until(&what, within, || self.status())
    }
}

impl Drop for Reaped {
    fn drop(&mut self) {
        // Both may fail when the child has ended already, which is all that is wanted. SIGKILL ends a stopped
        // process too, so that the wait cannot hang.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that runs in the background and writes a log.
#[derive(Debug)]
pub(super) struct Process {
    child: Reaped,
    log: PathBuf,
    /// Length of the log when this run started: what stands before tells of earlier runs.
    log_start: u64,
}

impl Process {
    /// Starts a server whose two output streams are appended to `log`.
    pub(super) fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self, LabError> {
        let opening = || format!("opening the log {}", log.display());
        let file = OpenOptions::new().create(true).append(true).open(log).map_err(LabError::io(opening()))?;
        let log_start = file.metadata().map_err(LabError::io(opening()))?.len();
        let clone = |file: &File| file.try_clone().map_err(LabError::io(opening()));
        command.stdin(Stdio::null()).stdout(clone(&file)?).stderr(file);
        Ok(Self { child: Reaped::spawn(name, command)?, log: log.into(), log_start })
    }

    /// Returns what it wrote since it was started.
    pub(super) fn log(&self) -> Result<String, LabError> {
        let bytes = fs::read(&self.log).map_err(LabError::io(format!("reading {}", self.log.display())))?;
        let start = usize::try_from(self.log_start).unwrap_or(usize::MAX);
        Ok(String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned())
    }

    /// An error with the end of the log, if it does not run any more.
    pub(super) fn check_alive(&mut self) -> Result<(), LabError> {
        let Some(status) = self.child.status()? else {
            return Ok(());
        };
        let log = self.log()?;
        let lines: Vec<_> = log.lines().collect();
        Err(LabError::Exited {
            program: self.child.name.clone(),
            status,
            log: lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n"),
        })
    }

    /// Stops it where it is (SIGSTOP): its sockets stay open, and nobody answers.
    pub(super) fn pause(&mut self) -> Result<(), LabError> {
        self.child.signal(Signal::STOP)
    }

    /// Lets it go on (SIGCONT).
    pub(super) fn resume(&mut self) -> Result<(), LabError> {
        self.child.signal(Signal::CONT)
    }

    /// Asks it to end (SIGTERM), and waits until it has written what it keeps.
    pub(super) fn end(mut self, within: Duration) -> Result<(), LabError> {
        self.child.signal(Signal::TERM)?;
        // A stopped process takes the signal once it goes on.
        self.child.signal(Signal::CONT)?;
        self.child.wait(within).map(drop)
    }
}
