//! `satwire replay`: a journal through the same core, with the same lines as `watch` printed.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use satwire_capture::journal::{EndReason, Ending, Player, Reader, Tape};
use satwire_core::node::{ConnId, Environment, Input, Output, Purpose};
use satwire_core::{Instant, Network};

use crate::cli::{Replay, Until};
use crate::failure::fail;
use crate::render::{Renderer, Traffic};
use crate::shrink;

/// Plays the journal to its end, to `--until`, or to the first difference.
pub(crate) fn run(replay: &Replay) -> ExitCode {
    let reader = match open(replay) {
        Ok(reader) => reader,
        Err(trouble) => return fail(&trouble),
    };
    if let Some(shrink) = &replay.shrink {
        return shrink::run(reader, replay, shrink);
    }
    match play(reader, replay, io::BufWriter::new(io::stdout().lock())) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(trouble)) => fail(&trouble),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&format!("cannot write to standard output: {error}")),
    }
}

fn open(replay: &Replay) -> Result<Reader<File>, String> {
    let name = replay.file.display();
    let file = File::open(&replay.file).map_err(|error| format!("cannot open {name}: {error}"))?;
    Reader::new(file).map_err(|error| format!("{name}: {error}"))
}

/// Prints what the journal makes the node say; what is wrong with it, if something is.
fn play(reader: Reader<File>, replay: &Replay, mut out: impl Write) -> io::Result<Option<String>> {
    let name = replay.file.display();
    let prologue = reader.prologue();
    // A custom signet has no name here; of the networks that have one it is nearest to signet.
    let network = Network::from_magic(prologue.config.magic).unwrap_or(Network::Signet);
    let mut renderer = Renderer::new(replay.format, network, prologue.clock, replay.debug_net);
    let mut player = Player::watched(reader, |tape| Meter { tape, traffic: Traffic::default() });
    let mut lines = Vec::new();
    let mut at = Instant::ZERO;
    renderer.start(at, &mut lines);
    let trouble = loop {
        let record = match player.step() {
            Ok(Some(record)) => record,
            Ok(None) => break ending_trouble(player.ending()),
            Err(error) => break Some(error.to_string()),
        };
        if replay.until.is_some_and(|until| until.is_after(record.number, record.at)) {
            break None;
        }
        at = record.at;
        while let Some(output) = player.poll() {
            if let Output::Event(event) = output {
                renderer.event(&event, &mut lines);
            }
        }
        out.write_all(&lines)?;
        lines.clear();
        if replay.until == Some(Until::Record(record.number)) {
            break None;
        }
    };
    renderer.summary(at, player.environment().traffic, &mut lines);
    out.write_all(&lines)?;
    out.flush()?;
    Ok(trouble.map(|trouble| format!("{name}: {trouble}")))
}

/// What is wrong with how a journal ends.
pub(crate) fn ending_trouble(ending: Ending) -> Option<String> {
    (ending != Ending::Marked(EndReason::Clean)).then(|| ending.to_string())
}

/// Counts what goes in and out, and draws what was recorded.
struct Meter {
    tape: Tape,
    traffic: Traffic,
}

impl Environment for Meter {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        self.tape.draw(purpose)
    }

    fn input(&mut self, _now: Instant, input: &Input<'_>) {
        if let Input::Received(_, bytes) = input {
            self.traffic.received += bytes.len() as u64;
        }
    }

    fn queued(&mut self, _now: Instant, _conn: ConnId, frames: &[u8]) {
        self.traffic.sent += frames.len() as u64;
    }
}
