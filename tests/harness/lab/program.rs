//! A program under test that writes one JSON object a line.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::LabError;
use super::process::Reaped;

/// A running program and everything that it has said so far. Killed and reaped when it is dropped.
///
/// Its standard error goes where ours goes, so that a test's log has its complaints.
#[derive(Debug)]
pub struct Program {
    process: Reaped,
    lines: Receiver<String>,
    output: String,
    seen: Vec<Value>,
}

/// Why there is no further event.
enum Ending {
    /// Nothing came in time.
    Late,
    /// The program closed its output.
    Closed,
    /// The line is no JSON.
    Unexpected(LabError),
}

impl Program {
    /// Starts the command and reads its standard output from a thread of its own: a program that we do not
    /// listen to for a while is never held up by a full pipe.
    pub fn start(command: &mut Command) -> Result<Self, LabError> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Reaped::spawn(&name, command)?;
        let stdout = process.child().stdout.take();
        let stdout = stdout.ok_or_else(|| LabError::unexpected("stdout of a child", "none"))?;
        let (sender, lines) = mpsc::channel();
        // It ends with the pipe, or with the first line that nobody wants.
        thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n') {
                let Ok(line) = line else { break };
                let line = String::from_utf8_lossy(&line).into_owned();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { process, lines, output: String::new(), seen: Vec::new() })
    }

    /// Every event that was read so far, in order.
    pub fn seen(&self) -> &[Value] {
        &self.seen
    }

    /// The same as the program wrote it, each line with its end.
    pub fn output(&self) -> &str {
        &self.output
    }

    /// The first event, also among those read earlier, that `wanted` picks.
    ///
    /// `what` says in an error what was missed.
    pub fn event(
        &mut self,
        what: &str,
        within: Duration,
        mut wanted: impl FnMut(&Value) -> bool,
    ) -> Result<Value, LabError> {
        if let Some(event) = self.seen.iter().find(|event| wanted(event)) {
            return Ok(event.clone());
        }
        let deadline = Instant::now() + within;
        loop {
            match self.read(deadline) {
                Ok(event) if wanted(event) => return Ok(event.clone()),
                Ok(_) => {}
                Err(Ending::Unexpected(error)) => return Err(error),
                Err(ending) => return Err(self.missed(what, within, &ending)),
            }
        }
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&mut self) -> Result<(), LabError> {
        self.process.signal(Signal::TERM)
    }

    /// Reads the rest of its output, waits for its end and returns how it ended.
    pub fn finish(&mut self, within: Duration) -> Result<ExitStatus, LabError> {
        let deadline = Instant::now() + within;
        loop {
            match self.read(deadline) {
                Ok(_) => {}
                Err(Ending::Closed) => break,
                Err(Ending::Unexpected(error)) => return Err(error),
                Err(ending) => return Err(self.missed("the end of the output", within, &ending)),
            }
        }
        self.process.wait(deadline.saturating_duration_since(Instant::now()))
    }

    /// Reads one more event.
    fn read(&mut self, deadline: Instant) -> Result<&Value, Ending> {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = self.lines.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => Ending::Late,
            RecvTimeoutError::Disconnected => Ending::Closed,
        })?;
        self.output.push_str(&line);
        self.output.push('\n');
        let event = serde_json::from_str(&line)
            .map_err(|_| Ending::Unexpected(LabError::unexpected("a line of JSON", line)))?;
        self.seen.push(event);
        Ok(self.seen.last().expect("an event was pushed just above"))
    }

    /// The error for an event that did not come, with what came instead.
    fn missed(&self, what: &str, within: Duration, ending: &Ending) -> LabError {
        let mut last: Vec<_> = self.seen.iter().rev().take(3).map(ToString::to_string).collect();
        last.reverse();
        let ended = match ending {
            Ending::Closed => "its output ended after ",
            _ => "",
        };
        LabError::TimedOut {
            what: what.into(),
            after: within,
            last: format!("{ended}{} lines, the last being\n{}", self.seen.len(), last.join("\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Program {
        Program::start(Command::new("sh").args(["-c", script])).expect("every Unix has sh")
    }

    fn is(name: &'static str) -> impl FnMut(&Value) -> bool {
        move |event| event["event"] == name
    }

    #[test]
    fn events_are_found_in_any_order() {
        let mut program = shell(r#"printf '{"event":"a","n":1.50}\n{"event":"b"}\n'"#);
        program.event("b", SOON, is("b")).expect("b is written");
        let a = program.event("a", SOON, is("a")).expect("a came before b");
        // Numbers keep their text.
        assert_eq!(a["n"].to_string(), "1.50");
        let status = program.finish(SOON).expect("it ends by itself");
        assert!(status.success());
        assert_eq!(program.seen().len(), 2);
        assert_eq!(program.output(), "{\"event\":\"a\",\"n\":1.50}\n{\"event\":\"b\"}\n");
    }

    #[test]
    fn a_deadline_is_kept_by_a_silent_program() {
        let mut program = shell("exec sleep 600");
        let error = program.event("anything", Duration::from_millis(50), |_| true);
        assert!(matches!(error, Err(LabError::TimedOut { .. })));
        program.terminate().expect("it runs");
        let status = program.finish(SOON).expect("SIGTERM ends it");
        assert!(!status.success());
    }

    #[test]
    fn an_early_end_is_said() {
        let mut program = shell(r#"echo '{"event":"a"}'"#);
        let error = program.event("b", SOON, is("b")).expect_err("b never comes");
        let text = error.to_string();
        assert!(text.contains("its output ended after 1 lines"), "{text}");
    }

    #[test]
    fn other_text_is_an_error() {
        let mut program = shell("echo oops");
        let error = program.event("b", SOON, is("b"));
        assert!(matches!(error, Err(LabError::Unexpected { text, .. }) if text == "oops"));
    }
}
