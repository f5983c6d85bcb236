//! `satwire replay`: a journal through the same core, with the same lines as `watch` printed; or the capture of another
//! program, observed.

mod shrink;

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use satwire_capture::convert::{Opened, Source};
use satwire_capture::journal::{EndReason, Ending, Reader};

use crate::capture::{self, Lines, observe};
use crate::cli::{Replay, Until};
use crate::options::Options;
use crate::plain::Plain;
use crate::render::Renderer;
use crate::replayed::Replayed;
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
    let options = Options {
        debug_net: lines.debug_net.unwrap_or(recorded.debug_net),
        hex: lines.hex.unwrap_or(recorded.hex),
        events: lines.events.or(recorded.events),
        ..recorded
    };
    let mut replayed = Replayed::new(reader, options, Renderer::new(lines.format));
    let mut text = Vec::new();
    replayed.start(&mut text);
    let trouble = loop {
        let record = match replayed.step() {
            Ok(Some(record)) => record,
            Ok(None) => break ending_trouble(replayed.ending()),
            Err(error) => break Some(error.to_string()),
        };
        if lines.until.is_some_and(|until| until.is_after(record.number, record.at)) {
            break None;
        }
        replayed.tell(record, &mut text);
        out.write_all(&text)?;
        text.clear();
        if lines.until == Some(Until::Record(record.number)) {
            break None;
        }
    };
    replayed.summary(&mut text);
    out.write_all(&text)?;
    out.flush()?;
    Ok(trouble.map(|trouble| format!("{name}: {trouble}")))
}

/// The fault of a journal's end.
pub(crate) fn ending_trouble(ending: Ending) -> Option<String> {
    (ending != Ending::Marked(EndReason::Clean)).then(|| ending.to_string())
}
