//! One of the two that are compared, as lines.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Chain, Cursor, Read as _};
use std::path::Path;

use satwire_capture::journal::{EndReason, Ending, MAGIC, Reader};

use crate::cli::Format;
use crate::options::Options;
use crate::render::Renderer;
use crate::replayed::Replayed;

/// The longest line of a transcript, in bytes: no transaction makes a longer one.
const LONGEST: u64 = 64 << 20;

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is played.
    Journal,
    /// Lines of `watch` or `replay` for programs.
    Json,
    /// Lines for people, a snapshot.
    Text,
}

impl Kind {
    /// The kind of a file that starts like this; `None` if it is neither.
    fn of(start: &[u8]) -> Option<Self> {
        if start.starts_with(MAGIC) {
            return Some(Self::Journal);
        }
        if start.starts_with(b"{") {
            return Some(Self::Json);
        }
        // A character may be cut at the end of what was read.
        let is_text = str::from_utf8(start).map_or_else(|error| error.error_len().is_none(), |_| true);
        (is_text && !start.contains(&0)).then_some(Self::Text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Journal => "a journal",
            Self::Json => "JSON lines",
            Self::Text => "text",
        })
    }
}

/// A file, opened once: it may be a pipe.
pub(super) struct Opened {
    name: String,
    pub(super) kind: Kind,
    file: Input,
}

/// The bytes that were looked at, and those after them.
type Input = BufReader<Chain<Cursor<Vec<u8>>, File>>;

impl Opened {
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let mut start = Vec::new();
        let mut file = File::open(path).map_err(|error| format!("cannot open {name}: {error}"))?;
        let read = file.by_ref().take(4096).read_to_end(&mut start);
        read.map_err(|error| format!("cannot read {name}: {error}"))?;
        let kind = Kind::of(&start);
        let kind =
            kind.ok_or_else(|| format!("{name}: neither a satwire journal nor a transcript of one"))?;
        Ok(Self { name, kind, file: BufReader::new(Cursor::new(start).chain(file)) })
    }
}

/// Lines, one at a time.
pub(super) struct Side {
    name: String,
    lines: Lines,
}

enum Lines {
    Played(Box<Played>),
    /// A file; `bool` says whether it is JSON.
    Read(Input, bool),
}

/// A journal, and what was said in its last step.
struct Played {
    replayed: Replayed<Input>,
    json: bool,
    waiting: VecDeque<Vec<u8>>,
    ended: bool,
}

impl Side {
    /// The lines of a file. A journal gives those of `replay --json`, or those of a transcript.
    pub(super) fn new(opened: Opened, json: bool) -> Result<Self, String> {
        let Opened { name, kind, file } = opened;
        let lines = if kind == Kind::Journal {
            let reader = Reader::new(file).map_err(|error| format!("{name}: {error}"))?;
            Lines::Played(Box::new(Played::new(reader, json)))
        } else {
            Lines::Read(file, json)
        };
        Ok(Self { name, lines })
    }

    /// Returns the next line, or `None` after the last.
    pub(super) fn line(&mut self) -> Result<Option<Vec<u8>>, String> {
        match &mut self.lines {
            Lines::Played(played) => played.line(),
            Lines::Read(file, json) => read_line(file).map(|line| line.map(|line| comparable(line, *json))),
        }
        .map_err(|error| format!("{}: {error}", self.name))
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

impl Played {
    fn new(reader: Reader<Input>, json: bool) -> Self {
        let prologue = reader.prologue();
        let mut waiting = VecDeque::new();
        let (options, renderer) = if json {
            (Options::recorded(prologue).0, Renderer::new(Format::Json))
        } else {
            let config = &prologue.config;
            waiting.push_back(format!("on {} as {}", config.magic, config.user_agent).into_bytes());
            (Options { debug_net: true, ..Options::default() }, Renderer::transcript())
        };
        let mut replayed = Replayed::new(reader, options, renderer);
        if json {
            let mut start = Vec::new();
            replayed.start(&mut start);
            waiting.extend(split(&start).map(|line| comparable(line, true)));
        }
        Self { replayed, json, waiting, ended: false }
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, String> {
        while self.waiting.is_empty() && !self.ended {
            let mut text = Vec::new();
            if let Some(played) = self.replayed.step().map_err(|error| error.to_string())? {
                self.replayed.tell(played, &mut text);
            } else {
                self.ended = true;
                self.replayed.summary(&mut text);
                let ending = self.replayed.ending();
                if !self.json && ending != Ending::Marked(EndReason::Clean) {
                    text.extend_from_slice(format!("the journal ends: {ending}\n").as_bytes());
                }
            }
            self.waiting.extend(split(&text));
        }
        Ok(self.waiting.pop_front())
    }
}

fn split(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    text.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec())
}
