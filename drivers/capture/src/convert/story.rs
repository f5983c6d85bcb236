//! Any capture and any journal, as one stream of observations.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use satwire_core::Instant;
use satwire_core::node::ConnId;

use super::decompress::decompress;
use super::part::Part;
use super::played::Played;
use super::{Error, ErrorKind, Import, ImportOptions, Losses, Us};
use crate::journal::{
    self, EndReason, Ending, Files, Observation, Observed, PlayError, Prologue, Reader, Record, Version,
};

/// The bytes of a file, whatever it was compressed with.
pub struct Source(Box<dyn Read + Send>);

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

/// The thing that a path leads to.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a capture that is not played is observed")]
pub enum Opened {
    /// A journal of our own, to be played.
    Journal(Box<Reader<Source>>),
    /// A capture of another program, or the journal of one, to be observed.
    Import(Box<Story>),
}

impl Opened {
    /// Opens a journal, a capture or a folder, compressed or not; the content says what it is.
    ///
    /// `program` is what the journal of an import is to say of who made it.
    pub fn open(path: &Path, program: &str, options: ImportOptions) -> Result<Self, StoryError> {
        let named = |error: journal::Error| StoryError::Journal { file: path.into(), error };
        let Some(source) = journal_in(path)? else {
            let inner = Inner::Capture(Box::new(Import::open(path, program, options)?));
            return Ok(Self::Import(Box::new(Story::new(path, inner, options.us))));
        };
        let reader = Box::new(Reader::new(source).map_err(named)?);
        if reader.prologue().continuation.is_some() {
            let inner = Inner::Part(Box::new(Part::new(*reader)));
            return Ok(Self::Import(Box::new(Story::new(path, inner, None))));
        }
        if reader.prologue().origin.is_none() {
            return Ok(Self::Journal(reader));
        }
        Ok(Self::Import(Box::new(Story::new(path, Inner::Journal(reader), None))))
    }

    /// Everything as observations: a journal of our own is played, so that both directions are known.
    ///
    /// Our end has no address then. A replay that differs ends it.
    pub fn observed(self, path: &Path) -> Story {
        match self {
            Self::Import(story) => *story,
            Self::Journal(reader) => Story::new(path, Inner::Played(Box::new(Played::new(*reader))), None),
        }
    }
}

/// The bytes of a journal, if it is one.
fn journal_in(path: &Path) -> Result<Option<Source>, Error> {
    if path.is_dir() {
        return Ok(None);
    }
    let io = |error| ErrorKind::Io(error).at(0).in_file(path);
    let mut source: Box<dyn Read + Send> = match Files::find(path).map_err(io)? {
        Some(files) => Box::new(files),
        None => Box::new(decompress(File::open(path).map_err(io)?).map_err(io)?),
    };
    let mut start = Vec::new();
    (&mut source).take(journal::MAGIC.len() as u64).read_to_end(&mut start).map_err(io)?;
    Ok(start.starts_with(journal::MAGIC).then(|| Source(Box::new(Cursor::new(start).chain(source)))))
}

/// Observations in the order of time, as a stream.
///
/// After an `Err` there may be more: what could be read is always told. When there is nothing more,
/// [`trouble`](Self::trouble) says whether that is all.
#[derive(Debug)]
pub struct Story {
    file: PathBuf,
    inner: Inner,
    us: Option<Us>,
    lost: Lost,
    number: u64,
}

#[derive(Debug)]
enum Inner {
    Capture(Box<Import>),
    Journal(Box<Reader<Source>>),
    Played(Box<Played<Source>>),
    Part(Box<Part<Source>>),
}

/// The parts that a capture lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lost {
    /// How often something is missing.
    pub losses: u64,
    /// Bytes that are missing, as far as it is known how many.
    pub bytes: u64,
    /// Whether more is missing, nobody knows how much.
    pub more: bool,
    /// The first of them.
    pub first: Option<(ConnId, Instant)>,
}

/// Why something cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoryError {
    /// A capture.
    #[error(transparent)]
    Capture(#[from] Error),
    /// A journal.
    #[error("{}: {error}", .file.display())]
    Journal {
        /// The journal.
        file: PathBuf,
        /// Where, and what is wrong.
        #[source]
        error: journal::Error,
    },
    /// A journal of our own that does something else when it is played.
    #[error("{}: {error}", .file.display())]
    Differs {
        /// The journal.
        file: PathBuf,
        /// Where, and what.
        #[source]
        error: journal::Difference,
    },
}

impl Story {
    fn new(path: &Path, inner: Inner, us: Option<Us>) -> Self {
        Self { file: path.into(), inner, us, lost: Lost::default(), number: 0 }
    }

    /// The first record of its journal.
    pub fn prologue(&self) -> &Prologue {
        match &self.inner {
            Inner::Capture(import) => import.prologue(),
            Inner::Journal(reader) => reader.prologue(),
            Inner::Played(played) => played.prologue(),
            Inner::Part(part) => part.prologue(),
        }
    }

    /// The format of the journal that it is read from, if it is.
    pub fn journal_format(&self) -> Option<Version> {
        match &self.inner {
            Inner::Capture(_) => None,
            Inner::Journal(reader) => Some(reader.format()),
            Inner::Played(played) => Some(played.format()),
            Inner::Part(part) => Some(part.format()),
        }
    }

    /// The number of the last observation, as in its journal: they count from 1.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Returns what was missing so far.
    pub const fn lost(&self) -> Lost {
        self.lost
    }

    /// Packets that were left aside so far.
    pub fn losses(&self) -> Losses {
        if let Inner::Capture(import) = &self.inner { import.losses() } else { Losses::default() }
    }

    /// Returns what is wrong with what was read, if something is: a journal without its end, something lost, an end
    /// that was named and is not there. To be asked when there is nothing more.
    pub fn trouble(&self) -> Option<String> {
        let file = self.file.display();
        let ending = match &self.inner {
            Inner::Capture(_) => Ending::Marked(EndReason::Clean),
            Inner::Journal(reader) => reader.ending(),
            Inner::Played(played) => played.ending(),
            Inner::Part(part) => part.ending(),
        };
        if ending != Ending::Marked(EndReason::Clean) {
            return Some(format!("{file}: {ending}"));
        }
        if let Lost { losses, bytes, more, first: Some((conn, at)) } = self.lost {
            let (secs, micros) = (at.as_micros() / 1_000_000, at.as_micros() % 1_000_000);
            let (s, unknown) = (if losses == 1 { "" } else { "es" }, if more { ", and more" } else { "" });
            return Some(format!(
                "{file}: {losses} loss{s}, {bytes} bytes of it{unknown}: the first on {conn} at {secs}.{micros:06} s"
            ));
        }
        match (&self.inner, self.us) {
            (Inner::Capture(import), Some(us)) if !import.has_named_end() => {
                Some(format!("{file}: no connection has the one end {us}: the ends that dialled were taken"))
            }
            _ => None,
        }
    }

    fn read(&mut self) -> Option<Result<Observation, StoryError>> {
        let file = || self.file.clone();
        match &mut self.inner {
            Inner::Capture(import) => Some(import.next()?.map_err(Into::into)),
            Inner::Journal(reader) => loop {
                match reader.next()? {
                    Ok(entry) => {
                        if let Record::Observation(observation) = entry.record {
                            return Some(Ok(observation));
                        }
                    }
                    Err(error) => return Some(Err(StoryError::Journal { file: file(), error })),
                }
            },
            Inner::Played(played) => Some(played.next()?.map_err(|error| match error {
                PlayError::Difference(error) => StoryError::Differs { file: file(), error },
                PlayError::Journal(error) => StoryError::Journal { file: file(), error },
                PlayError::Import | PlayError::Part(_) => unreachable!("what is observed is not played"),
            })),
            Inner::Part(part) => {
                Some(part.next()?.map_err(|error| StoryError::Journal { file: file(), error }))
            }
        }
    }
}

impl Iterator for Story {
    type Item = Result<Observation, StoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read()?;
        if let Ok(observation) = &item {
            self.number += 1;
            if let Observed::Lost(_, bytes) = observation.what {
                self.lost.losses += 1;
                self.lost.bytes += bytes.unwrap_or(0);
                self.lost.more |= bytes.is_none();
                self.lost.first.get_or_insert((observation.conn, observation.at));
            }
        }
        Some(item)
    }
}
