//! The sides of a measurement: processes of this program, started by its first one.
//!
//! A side prints one figure a line, a number and what it is. It ends when it is done, when its standard
//! input ends, which is when the process that started it has gone, and at a deadline.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The hidden arguments.
pub(crate) const SERVER: &str = "server";
pub(crate) const CLIENT: &str = "client";

/// No side takes longer on any machine.
const LIMIT: Timespec = Timespec { tv_sec: 90, tv_nsec: 0 };

/// A figure and its name.
pub(crate) type Figure = (String, f64);

/// A side, as seen by who started it.
pub(crate) struct Side {
    process: Child,
    lines: io::Lines<BufReader<ChildStdout>>,
}

impl Side {
    pub(crate) fn start(side: &str, arguments: &[String]) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(side).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().ok_or_else(|| io::Error::other("not piped"))?;
        Ok(Self { process, lines: BufReader::new(stdout).lines() })
    }

    /// The next figure; `None` when it has ended as it should.
    pub(crate) fn figure(&mut self) -> io::Result<Option<Figure>> {
        let Some(line) = self.lines.next().transpose()? else {
            let status = self.process.wait()?;
            return if status.success() {
                Ok(None)
            } else {
                Err(io::Error::other(format!("a side: {status}")))
            };
        };
        let (figure, name) = line.split_once(' ').ok_or_else(|| io::Error::other("a figure has no name"))?;
        Ok(Some((name.into(), number(figure)?)))
    }

    /// All that it has to say from now on.
    pub(crate) fn figures(&mut self) -> io::Result<Vec<Figure>> {
        std::iter::from_fn(|| self.figure().transpose()).collect()
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // Most often it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Prints a figure.
pub(crate) fn say(figure: f64, name: &str) {
    println!("{figure} {name}");
}

/// Reads what the first process wrote.
pub(crate) fn number<T: FromStr>(text: &str) -> io::Result<T> {
    text.parse().map_err(|_| io::Error::other(format!("{text} is no number")))
}

/// Plays a side, for as long as it is waited for.
pub(crate) fn play(side: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    thread::Builder::new().spawn(|| {
        let stdin = io::stdin();
        let late = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&LIMIT)) == Ok(0);
        if late {
            eprintln!("scale: a side was not done after {} s", LIMIT.tv_sec);
        }
        std::process::exit(1);
    })?;
    side()
}
