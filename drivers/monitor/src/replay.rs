//! `satwire replay`: a journal through the same core, with the same lines as `watch` printed; or the capture of another
//! program, observed.

use std::io::{self, ErrorKind, Write};
use std::num::NonZeroU64;
use std::path::Path;
use std::process::ExitCode;

use satwire_capture::convert::{Opened, Source};
use satwire_capture::journal::{EndReason, Ending, Player, Reader, Tape};
use satwire_core::node::{ConnId, Environment, EventKind, Input, Output, Purpose};
use satwire_core::{Instant, Network};

use crate::capture::{self, Lines, observe};
use crate::cli::{Replay, Until};
use crate::messages::Messages;
use crate::meter::Meter;
use crate::model::{Model, Traffic};
use crate::options::Options;
use crate::plain::Plain;
use crate::render::Renderer;
use crate::shrink;
use crate::stderr::{fail, say};

/// Plays the journal to its end, to `--until`, or to the first difference.
pub(crate) fn run(replay: &Replay) -> ExitCode {
    let opened = match capture::open(&replay.file, replay.import) {
        Ok(opened) => opened,
        Err(trouble) => return fail(trouble),
    };
    let out = io::BufWriter::new(io::stdout().lock());
    let played = match (opened, &replay.shrink) {
        (Opened::Journal(reader), None) => play(*reader, &replay.file, replay.lines(), out),
        (Opened::Import(story), None) => observe(*story, replay.lines(), out),
        (Opened::Journal(reader), Some(wish)) => return shrink::run(*reader, replay, wish),
        (Opened::Import(story), Some(wish)) => return shrink::run_import(*story, replay, wish),
    };
    match played {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(trouble)) => fail(trouble),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(format_args!("cannot write to standard output: {error}")),
    }
}

/// Prints what the journal makes the node say; what is wrong with it, if something is.
pub(crate) fn play(
    reader: Reader<Source>,
    file: &Path,
    lines: Lines,
    mut out: impl Write,
) -> io::Result<Option<String>> {
    let name = file.display();
    let prologue = reader.prologue();
    let (recorded, unknown) = Options::recorded(prologue);
    for what in unknown {
        say(format_args!("{name}: shown with {}, which this program does not know", Plain(what)));
    }
    for what in &prologue.unknown {
        say(format_args!(
            "{name}: recorded with {what}, which this program does not know: it may act otherwise"
        ));
    }
    // A custom signet has no name here; of the networks that have one it is nearest to signet.
    let network = Network::from_magic(prologue.config.magic).unwrap_or(Network::Signet);
    let debug_net = lines.debug_net.unwrap_or(recorded.debug_net);
    let mut model = Model::new(network, prologue.clock, debug_net);
    let hex = lines.hex.unwrap_or(recorded.hex);
    let mut renderer = Renderer::new(lines.format).with_hex(hex);
    let messages = debug_net.then(|| Messages::new(prologue.config.magic));
    let mut player = Player::watched(reader, |tape| Metered { tape, meter: Meter::default(), messages });
    let mut left = recorded.count.map(NonZeroU64::get);
    let mut text = Vec::new();
    let mut at = Instant::ZERO;
    renderer.entry(&model.start(at), &mut text);
    let trouble = loop {
        let record = match player.step() {
            Ok(Some(record)) => record,
            Ok(None) => break ending_trouble(player.ending()),
            Err(error) => break Some(error.to_string()),
        };
        if lines.until.is_some_and(|until| until.is_after(record.number, record.at)) {
            break None;
        }
        at = record.at;
        let stopped = player.environment().meter.has_stopped();
        loop {
            while let Some(seen) = player.environment_mut().messages.as_mut().and_then(Messages::next) {
                if left != Some(0) || stopped {
                    renderer.entry(&model.message(seen), &mut text);
                }
            }
            let Some(output) = player.poll() else { break };
            let Output::Event(event) = output else { continue };
            if let Some(messages) = &mut player.environment_mut().messages {
                messages.event_taken();
            }
            if left != Some(0) || stopped {
                if let (EventKind::Tx { .. }, Some(left)) = (&event.kind, &mut left) {
                    *left = left.saturating_sub(1);
                }
                if let Some(entry) = model.event(event) {
                    renderer.entry(&entry, &mut text);
                }
            }
        }
        out.write_all(&text)?;
        text.clear();
        if lines.until == Some(Until::Record(record.number)) {
            break None;
        }
    };
    let traffic = Traffic { journal_until: Some(at), ..player.environment().meter.traffic() };
    renderer.entry(&model.summary(at, traffic), &mut text);
    out.write_all(&text)?;
    out.flush()?;
    Ok(trouble.map(|trouble| format!("{name}: {trouble}")))
}

/// The fault of a journal's end.
pub(crate) fn ending_trouble(ending: Ending) -> Option<String> {
    (ending != Ending::Marked(EndReason::Clean)).then(|| ending.to_string())
}

/// Counts, and draws what was recorded.
struct Metered {
    tape: Tape,
    meter: Meter,
    messages: Option<Messages>,
}

impl Environment for Metered {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        self.tape.draw(purpose)
    }

    fn input(&mut self, now: Instant, input: &Input<'_>) {
        self.meter.input(now, input);
        if let Some(messages) = &mut self.messages {
            messages.input(now, input);
        }
    }

    fn queued(&mut self, now: Instant, conn: ConnId, frames: &[u8]) {
        self.meter.queued(frames);
        if let Some(messages) = &mut self.messages {
            messages.queued(now, conn, frames);
        }
    }

    fn output(&mut self, _now: Instant, output: &Output) {
        if let Some(messages) = &mut self.messages {
            messages.output(output);
        }
    }
}
