//! `satwire convert`: a journal or a capture as a file of another format.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use satwire_capture::convert::export::{CoreDatWriter, PacketWriter};
use satwire_capture::convert::{Opened, Story};
use satwire_capture::journal::{EndReason, Observation, Player, Reader, Recorder, Writer};

use crate::capture::{self, Lines};
use crate::cli::{Convert, FileFormat};
use crate::replay::{self, ending_trouble};
use crate::stderr::{fail, say};

/// Converts the file; what of it could be read is written in any case.
pub(crate) fn run(convert: &Convert) -> ExitCode {
    let (input, out) = (&convert.input, &convert.out);
    // The same file can have many names.
    if out.canonicalize().ok().zip(input.canonicalize().ok()).is_some_and(|(out, input)| out == input) {
        say(format_args!("{} is the input itself: choose another name", out.display()));
        return ExitCode::from(2);
    }
    if out.exists() && !convert.force {
        say(format_args!("{} exists: choose another name, or add --force to replace it", out.display()));
        return ExitCode::from(2);
    }
    let opened = match capture::open(input, convert.import) {
        Ok(opened) => opened,
        Err(trouble) => return fail(trouble),
    };
    if let Some(wished) = convert.from
        && wished != found(&opened)
    {
        let found = found(&opened).name();
        return fail(format_args!("{} is of the format {found}, not {}", input.display(), wished.name()));
    }
    match write(opened, convert) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(trouble)) => fail(trouble),
        Err(error) => fail(format_args!("{} cannot be written: {error}", out.display())),
    }
}

/// The format that the input turned out to have.
fn found(opened: &Opened) -> FileFormat {
    match opened {
        Opened::Import(story) if story.journal_format().is_none() => {
            FileFormat::of_origin(story.prologue().origin)
        }
        _ => FileFormat::Journal,
    }
}

/// Writes it all; what is wrong with the input, if something is.
fn write(opened: Opened, convert: &Convert) -> io::Result<Option<String>> {
    let out = &convert.out;
    match (convert.to, opened) {
        (FileFormat::CoreDat, opened) => {
            let mut story = opened.observed(&convert.input);
            let mut writer = CoreDatWriter::new(out, story.prologue())?;
            let trouble = each(&mut story, |observation| writer.observation(observation))?;
            let left_out = writer.finish()?;
            let note = (left_out > 0).then(|| {
                format!("{}: {left_out} bytes belong to no whole message and are left out", out.display())
            });
            Ok(trouble.or(note))
        }
        (FileFormat::Jsonl, Opened::Journal(reader)) => {
            replay::play(*reader, &convert.input, Lines::JSON, create(out)?)
        }
        (FileFormat::Jsonl, Opened::Import(story)) => capture::observe(*story, Lines::JSON, create(out)?),
        (FileFormat::Journal, Opened::Journal(reader)) => record(*reader, &convert.input, create(out)?),
        (FileFormat::Journal, Opened::Import(mut story)) => {
            let mut file = create(out)?;
            let mut writer = Writer::new(&mut file, story.prologue());
            let trouble = each(&mut story, |observation| {
                writer.observation(observation);
                writer.ended().map_or(Ok(()), |ended| Err(io::Error::other(ended.to_string())))
            })?;
            writer.finish(EndReason::Clean);
            match writer.ended() {
                Some(ended) if ended.reason != EndReason::Clean => Err(io::Error::other(ended.to_string())),
                _ => Ok(trouble),
            }
        }
        (FileFormat::Pcapng | FileFormat::Pcap, opened) => {
            let mut story = opened.observed(&convert.input);
            let mut writer = PacketWriter::new(create(out)?, story.prologue())?;
            let trouble = each(&mut story, |observation| writer.observation(observation))?;
            writer.finish()?;
            Ok(trouble)
        }
    }
}

/// Creates a file that only its owner can read: it holds addresses of peers and what they sent.
fn create(path: &Path) -> io::Result<BufWriter<File>> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(BufWriter::new(options.open(path)?))
}

/// Gives each observation to `write`.
fn each(
    story: &mut Story,
    mut write: impl FnMut(&Observation) -> io::Result<()>,
) -> io::Result<Option<String>> {
    let mut troubles = Vec::new();
    for observation in story.by_ref() {
        match observation {
            Ok(observation) => write(&observation)?,
            Err(error) => troubles.push(error.to_string()),
        }
    }
    troubles.extend(story.trouble());
    Ok((!troubles.is_empty()).then(|| troubles.join("\nsatwire: ")))
}

/// A journal in the newest format: its replay, recorded.
fn record(reader: Reader<impl io::Read>, name: &Path, mut out: impl Write) -> io::Result<Option<String>> {
    let prologue = reader.prologue().clone();
    let mut player = Player::watched(reader, |tape| Recorder::new(tape, &mut out, prologue));
    let result = player.run(|_| ());
    let recorder = player.environment_mut();
    recorder.finish();
    if let Some(ended) = recorder.ended().filter(|ended| ended.reason != EndReason::Clean) {
        return Err(io::Error::other(ended.to_string()));
    }
    let trouble = match result {
        Ok(ending) => ending_trouble(ending),
        Err(error) => Some(error.to_string()),
    };
    Ok(trouble.map(|trouble| format!("{}: {trouble}", name.display())))
}
