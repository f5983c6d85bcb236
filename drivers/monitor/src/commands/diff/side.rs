//! One of the two that are compared, as lines.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Chain, Cursor, Read as _};
use std::path::{Path, PathBuf};

use satwire_capture::convert::{self, ImportOptions, Opened as Capture, Story};
use satwire_capture::journal::{MAGIC, Prologue, Reader, file_number};

use crate::capture;
use crate::cli::Format;
use crate::event_set::EventSet;
use crate::observing::Observing;
use crate::options::Options;
use crate::render::Renderer;
use crate::replay::ending_trouble;
use crate::replayed::Replayed;

/// The longest line of a transcript, in bytes: no transaction makes a longer one.
const LONGEST: u64 = 64 << 20;

/// The kind of a file.
pub(super) enum Opened {
    /// It is played or observed.
    Capture(PathBuf, Capture),
    /// Lines of `watch` or `replay` for programs.
    Json(PathBuf, Input),
    /// Lines for people, a snapshot.
    Text(PathBuf, Input),
}

/// The bytes that were looked at, and those after them: it is opened once, since it may be a pipe.
type Input = BufReader<Chain<Cursor<Vec<u8>>, File>>;

impl Opened {
    /// Opens it, and finds out by its first bytes what it is.
    pub(super) fn open(path: &Path, import: ImportOptions) -> Result<Self, String> {
        let name = path.display();
        let is_numbered = path.is_file() && file_number(path).is_some();
        // A folder, or a journal that is kept in several files.
        if is_numbered || path.is_dir() || !path.exists() {
            return capture::open(path, import).map(|capture| Self::Capture(path.into(), capture));
        }
        let mut start = Vec::new();
        let mut file = File::open(path).map_err(|error| format!("cannot open {name}: {error}"))?;
        let read = file.by_ref().take(4096).read_to_end(&mut start);
        read.map_err(|error| format!("cannot read {name}: {error}"))?;
        // A character may be cut at the end of what was read.
        let is_text = str::from_utf8(&start).map_or_else(|error| error.error_len().is_none(), |_| true);
        let is_json = start.starts_with(b"{");
        if start.starts_with(MAGIC) || !is_text || start.contains(&0) {
            return capture::open(path, import).map(|capture| Self::Capture(path.into(), capture));
        }
        let file = BufReader::new(Cursor::new(start).chain(file));
        Ok(if is_json { Self::Json(path.into(), file) } else { Self::Text(path.into(), file) })
    }

    /// Whether it has to be observed, so that what it is compared with must be, too.
    pub(super) const fn is_import(&self) -> bool {
        matches!(self, Self::Capture(_, Capture::Import(_)))
    }
}

impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capture(path, _) => write!(f, "{} is a capture", path.display()),
            Self::Json(path, _) => write!(f, "{} is JSON lines", path.display()),
            Self::Text(path, _) => write!(f, "{} is text", path.display()),
        }
    }
}

/// The form of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// Those of `replay --json`, else those of a transcript.
    pub(super) json: bool,
    /// Captures are observed, also such as could be played.
    pub(super) observed: bool,
}

/// Lines, one at a time.
pub(super) struct Side {
    path: PathBuf,
    lines: Lines,
}

enum Lines {
    Made(Box<Made>),
    /// A file; `bool` says whether it is JSON.
    Read(Input, bool),
}

/// A capture, and the lines of its last step.
struct Made {
    source: Source,
    json: bool,
    waiting: VecDeque<Vec<u8>>,
    ended: bool,
}

enum Source {
    Played(Box<Replayed<convert::Source>>),
    Observed(Box<Observing>),
}

impl Side {
    /// The lines of a file in this form.
    pub(super) fn new(opened: Opened, form: Form) -> Self {
        match opened {
            Opened::Json(path, file) => Self { path, lines: Lines::Read(file, true) },
            Opened::Text(path, file) => Self { path, lines: Lines::Read(file, false) },
            Opened::Capture(path, capture) => {
                let made = match capture {
                    Capture::Journal(reader) if !form.observed => Made::played(*reader, form.json),
                    capture => Made::observed(capture.observed(&path), form.json),
                };
                Self { path, lines: Lines::Made(Box::new(made)) }
            }
        }
    }

    /// Returns the next line, or `None` after the last.
    pub(super) fn line(&mut self) -> Result<Option<Vec<u8>>, String> {
        let path = self.path.display();
        match &mut self.lines {
            Lines::Made(made) => made.line(&path),
            Lines::Read(file, json) => {
                let line = read_line(file).map_err(|error| format!("{path}: {error}"))?;
                Ok(line.map(|line| comparable(line, *json)))
            }
        }
    }
}

fn read_line(file: &mut Input) -> Result<Option<Vec<u8>>, String> {
    let mut line = Vec::new();
    let read = file.by_ref().take(LONGEST).read_until(b'\n', &mut line);
    if read.map_err(|error| format!("cannot be read: {error}"))? == 0 {
        return Ok(None);
    }
    if line.pop_if(|byte| *byte == b'\n').is_none() && line.len() as u64 == LONGEST {
        return Err(format!("a line of more than {LONGEST} bytes"));
    }
    line.pop_if(|byte| *byte == b'\r');
    Ok(Some(line))
}

/// The line as it is compared: which version of a program printed it is no difference.
pub(super) fn comparable(mut line: Vec<u8>, json: bool) -> Vec<u8> {
    const VERSION: &[u8] = b"\"program_version\":\"";
    let is_start = line.windows(16).take(200).any(|part| part == br#""event":"start","#);
    if json
        && is_start
        && let Some(start) = line.windows(VERSION.len()).position(|part| part == VERSION)
    {
        let value = start + VERSION.len();
        let end = line[value..].iter().position(|byte| *byte == b'"').map_or(line.len(), |end| value + end);
        line.drain(value..end);
    }
    line
}

impl Made {
    fn played(reader: Reader<convert::Source>, json: bool) -> Self {
        let prologue = reader.prologue();
        let title = title(prologue);
        let (options, renderer) = if json {
            (Options::recorded(prologue).0, Renderer::new(Format::Json))
        } else {
            (Options { debug_net: true, ..Options::default() }, Renderer::transcript())
        };
        let mut replayed = Replayed::new(reader, options, renderer);
        let mut start = Vec::new();
        replayed.start(&mut start);
        Self::new(Source::Played(Box::new(replayed)), json, title, &start)
    }

    fn observed(story: Story, json: bool) -> Self {
        let title = title(story.prologue());
        let renderer = if json { Renderer::new(Format::Json) } else { Renderer::transcript() };
        let mut observing = Observing::new(
            story,
            if json { EventSet::usual() } else { EventSet::usual().with_net() },
            renderer,
        );
        if !json {
            observing = observing.since_first();
        }
        let mut start = Vec::new();
        observing.start(&mut start);
        Self::new(Source::Observed(Box::new(observing)), json, title, &start)
    }

    /// In a transcript the first line says what is compared, and not who prints it.
    fn new(source: Source, json: bool, title: String, start: &[u8]) -> Self {
        let mut waiting = VecDeque::new();
        if json {
            waiting.extend(split(start).map(|line| comparable(line, true)));
        } else {
            waiting.push_back(title.into_bytes());
        }
        Self { source, json, waiting, ended: false }
    }

    fn line(&mut self, path: &impl fmt::Display) -> Result<Option<Vec<u8>>, String> {
        while self.waiting.is_empty() && !self.ended {
            let mut text = Vec::new();
            let ending = match &mut self.source {
                Source::Played(replayed) => match replayed.step() {
                    Err(error) => return Err(format!("{path}: {error}")),
                    Ok(Some(played)) => {
                        replayed.tell(played, &mut text);
                        None
                    }
                    Ok(None) => {
                        replayed.summary(&mut text);
                        Some(ending_trouble(replayed.ending()))
                    }
                },
                Source::Observed(observing) => {
                    if let Some(observation) = observing.read() {
                        observing.tell(observation?, &mut text);
                        None
                    } else {
                        observing.finish(&mut text);
                        Some(observing.trouble())
                    }
                }
            };
            if let Some(trouble) = ending {
                self.ended = true;
                if let (Some(trouble), false) = (trouble, self.json) {
                    // Which file it is, is no difference.
                    let trouble = trouble.strip_prefix(&format!("{path}: ")).unwrap_or(&trouble);
                    text.extend_from_slice(format!("the capture ends: {trouble}\n").as_bytes());
                }
            }
            self.waiting.extend(split(&text));
        }
        Ok(self.waiting.pop_front())
    }
}

fn title(prologue: &Prologue) -> String {
    format!("on {} as {}", prologue.config.magic, prologue.config.user_agent)
}

fn split(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    text.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec())
}
