//! Bytes into records.

use std::fmt;
use std::io::Read;

use satwire_core::Instant;

use super::kind::{self, StepKind};
use super::observation::take_observation;
use super::record::{Scratch, StepView, take_step};
use super::source::{Raw, Source};
use super::{Continuation, DIGEST, EndReason, Error, ErrorKind, Observation, Prologue, Record, Version};

/// Reads a journal as a stream, one record at a time: it holds one record and a buffer, however long
/// the journal is, and trusts nothing that is not checked.
///
/// The iterator ends where the journal ends, by its end mark or because it is cut; then
/// [`Reader::ending`] says which. A journal that is damaged gives one error, the last item.
#[derive(Debug)]
pub struct Reader<R> {
    source: Source<R>,
    scratch: Scratch,
    prologue: Prologue,
    block: Option<Block>,
    /// The number of the next block.
    blocks: u64,
    last: Instant,
    /// Records handed out, the prologue among them.
    numbered: u64,
    ending: Ending,
    done: bool,
    /// The number of the file, and how many there were.
    part: u32,
    parts: u32,
    /// The last digest.
    digest: Option<[u8; DIGEST]>,
}

/// A record, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Counted from the prologue, which is 0.
    pub number: u64,
    /// The byte at which it starts. A digest has that of the block's end that carries it.
    pub offset: u64,
    /// The record.
    pub record: Record,
}

/// How a journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// With an end mark.
    Marked(EndReason),
    /// Without: it was cut, or is still being written. The records before are whole.
    Cut {
        /// Where the last whole record ends.
        offset: u64,
        /// Bytes after it, of a record that is not whole.
        torn: u64,
    },
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Marked(reason) => reason.fmt(f),
            Self::Cut { offset, torn } => {
                write!(
                    f,
                    "no end mark: cut after the record that ends at byte {offset} ({torn} bytes of another follow)"
                )
            }
        }
    }
}

/// A record that borrows from the reader.
#[derive(Debug)]
pub(super) enum View<'a> {
    Step(StepView<'a>),
    Observation(Observation),
    Digest([u8; DIGEST]),
}

/// The finding, with the body of a step still to be looked into.
enum Found {
    Step(StepKind),
    Observation,
    Digest([u8; DIGEST]),
}

/// The block that is being read.
#[derive(Debug)]
struct Block {
    start: u64,
    records: u64,
}

impl<R: Read> Reader<R> {
    /// Reads up to and with the prologue.
    pub fn new(source: R) -> Result<Self, Error> {
        let mut reader = Self {
            source: Source::new(source)?,
            scratch: Scratch::default(),
            prologue: Prologue::new("", satwire_core::Config::default(), satwire_core::WallClock::default()),
            block: None,
            blocks: 0,
            last: Instant::ZERO,
            numbered: 1,
            ending: Ending::Cut { offset: 0, torn: 0 },
            done: false,
            part: 1,
            parts: 1,
            digest: None,
        };
        reader.prologue = reader.begin_file()?;
        if let Some(continuation) = &reader.prologue.continuation {
            (reader.part, reader.digest) = (continuation.part, Some(continuation.digest));
        }
        Ok(reader)
    }

    /// Reads the first block's start and the prologue of a file.
    fn begin_file(&mut self) -> Result<Prologue, Error> {
        let start = self.source.offset;
        self.expect(kind::BLOCK_START, "the first block")?;
        self.block_start(start)?;
        let start = self.source.offset;
        self.expect(kind::PROLOGUE, "the prologue")?;
        let prologue = Prologue::decode(&mut self.source.fields()).map_err(|kind| kind.at(start))?;
        self.count_record();
        self.ending = Ending::Cut { offset: self.source.offset, torn: 0 };
        Ok(prologue)
    }

    /// Reads the beginning of the file in which the journal goes on, if there is one; it must be the next.
    fn next_file(&mut self) -> Result<bool, Error> {
        if self.source.at_end()? {
            return Ok(false);
        }
        let (start, last) = (self.source.offset, self.last);
        self.source.header()?;
        // Which file it is is judged first.
        (self.blocks, self.last) = (0, Instant::ZERO);
        let prologue = self.begin_file()?;
        let expected = self.part + 1;
        let found = prologue.continuation.as_ref().map_or(1, |continuation| continuation.part);
        if found != expected {
            return Err(ErrorKind::Part { found, expected }.at(start));
        }
        let goes_on = |continuation: &Continuation| {
            continuation.at == last
                && self.last >= last
                && self.digest.is_none_or(|digest| digest == continuation.digest)
        };
        if !prologue.continuation.as_deref().is_some_and(goes_on) {
            return Err(ErrorKind::Strange(found).at(start));
        }
        self.part = found;
        self.parts += 1;
        Ok(true)
    }

    /// How many files of a journal that is kept in several were read, the one that is being read among them.
    pub const fn files(&self) -> u32 {
        self.parts
    }

    /// The making of the recorded node.
    pub const fn prologue(&self) -> &Prologue {
        &self.prologue
    }

    /// The format that the journal names.
    pub const fn format(&self) -> Version {
        self.source.format
    }

    /// How the journal ends, once the iterator has; before that, where it would be cut now.
    pub const fn ending(&self) -> Ending {
        self.ending
    }

    /// Bytes that the records so far take.
    pub const fn offset(&self) -> u64 {
        self.source.offset
    }

    /// The memory that the reader holds beyond the buffer that it starts with, in bytes.
    #[cfg(test)]
    pub(crate) const fn buffered(&self) -> usize {
        self.source.room() - Source::<R>::ROOM
    }

    /// Nothing more is handed out.
    pub(super) const fn stop(&mut self) {
        self.done = true;
    }

    /// Reads a record that must be there, of this kind.
    fn expect(&mut self, number: u8, expected: &'static str) -> Result<(), Error> {
        let start = self.source.offset;
        match self.source.raw()? {
            Raw::Record(found) if found == number => Ok(()),
            Raw::Record(found) => Err(self.misplaced(found, expected, start)),
            Raw::Cut(torn) => Err(ErrorKind::Ends { expected }.at(start + torn)),
        }
    }

    /// The next record, with its number and where it starts, as [`Iterator::next`] gives it.
    pub(super) fn next_view(&mut self) -> Option<Result<(u64, u64, View<'_>), Error>> {
        if self.done {
            return None;
        }
        self.done = true;
        let (offset, found) = match self.find() {
            Ok(found) => found?,
            Err(error) => return Some(Err(error)),
        };
        let number = self.numbered;
        let view = match found {
            Found::Digest(digest) => View::Digest(digest),
            Found::Observation => match take_observation(&mut self.source.fields(), self.last) {
                Ok(observation) => {
                    self.last = observation.at;
                    View::Observation(observation)
                }
                Err(kind) => return Some(Err(kind.at(offset))),
            },
            Found::Step(kind) => {
                let step = take_step(&mut self.source.fields(), kind, self.last, &mut self.scratch);
                match step {
                    Ok(step) => {
                        self.last = step.at;
                        View::Step(step)
                    }
                    Err(kind) => return Some(Err(kind.at(offset))),
                }
            }
        };
        self.numbered += 1;
        self.done = false;
        Some(Ok((number, offset, view)))
    }

    /// The next record that is handed out, and where it starts.
    fn find(&mut self) -> Result<Option<(u64, Found)>, Error> {
        loop {
            let offset = self.source.offset;
            let number = match self.source.raw()? {
                Raw::Record(number) => {
                    self.ending = Ending::Cut { offset: self.source.offset, torn: 0 };
                    number
                }
                Raw::Cut(torn) => {
                    self.ending = Ending::Cut { offset, torn };
                    return Ok(None);
                }
            };
            match number {
                kind::BLOCK_START => self.block_start(offset)?,
                kind::BLOCK_END => {
                    if let Some(digest) = self.block_end(offset)? {
                        self.digest = Some(digest);
                        return Ok(Some((offset, Found::Digest(digest))));
                    }
                }
                kind::END => {
                    if !self.end(offset)? {
                        return Ok(None);
                    }
                }
                kind::PROLOGUE => return Err(self.misplaced(number, "a step", offset)),
                _ => {
                    let step = StepKind::of(number, self.source.format);
                    let observation = number == kind::OBSERVATION;
                    if step.is_none() && !observation && !kind::may_be_passed_over(number, self.source.format)
                    {
                        let (what, code, format) = ("kind of record", u64::from(number), self.source.format);
                        return Err(ErrorKind::Unknown { what, code, format }.at(offset));
                    }
                    if self.block.is_none() {
                        return Err(self.misplaced(number, "a block", offset));
                    }
                    // A step is played and an observation is not: no journal has both.
                    match self.prologue.origin {
                        Some(_) if step.is_some() => {
                            return Err(self.misplaced(number, "an observation", offset));
                        }
                        None if observation => return Err(self.misplaced(number, "a step", offset)),
                        _ => self.count_record(),
                    }
                    if observation {
                        return Ok(Some((offset, Found::Observation)));
                    }
                    if let Some(step) = step {
                        return Ok(Some((offset, Found::Step(step))));
                    }
                }
            }
        }
    }

    fn misplaced(&self, number: u8, expected: &'static str, offset: u64) -> Error {
        ErrorKind::Order { found: kind::name(number, self.source.format), expected }.at(offset)
    }

    fn count_record(&mut self) {
        if let Some(block) = &mut self.block {
            block.records += 1;
        }
    }

    fn block_start(&mut self, offset: u64) -> Result<(), Error> {
        if self.block.is_some() {
            return Err(ErrorKind::Order { found: "a block", expected: "the end of the last" }.at(offset));
        }
        let mut fields = self.source.fields();
        let mut read = || {
            let number = fields.varint("number of a block")?;
            let at = fields.varint("time of a block")?;
            fields.end()?;
            if number != self.blocks {
                return Err(ErrorKind::not("number of a block", number, self.blocks));
            }
            let last = self.last.as_micros();
            if at < last {
                let expected = format!("at least {last}");
                return Err(ErrorKind::Value { field: "time of a block", found: at, expected });
            }
            Ok(at)
        };
        let at = read().map_err(|kind| kind.at(offset))?;
        self.last = Instant::from_micros(at);
        self.blocks += 1;
        self.block = Some(Block { start: offset, records: 0 });
        Ok(())
    }

    fn block_end(&mut self, offset: u64) -> Result<Option<[u8; DIGEST]>, Error> {
        let Some(block) = self.block.take() else {
            return Err(ErrorKind::Order { found: "the end of a block", expected: "a block" }.at(offset));
        };
        let mut fields = self.source.fields();
        let mut read = || {
            let records = fields.varint("number of records in a block")?;
            let bytes = fields.varint("length of a block")?;
            if records != block.records {
                return Err(ErrorKind::not("number of records in a block", records, block.records));
            }
            if bytes != offset - block.start {
                return Err(ErrorKind::not("length of a block", bytes, offset - block.start));
            }
            let digest = if fields.left() == 0 { None } else { Some(fields.array("digest")?) };
            fields.end()?;
            Ok(digest)
        };
        read().map_err(|kind| kind.at(offset))
    }

    /// Takes an end mark; true if the journal goes on in another file, of which the beginning is read then.
    fn end(&mut self, offset: u64) -> Result<bool, Error> {
        let mut fields = self.source.fields();
        let mut read = || {
            let code = fields.byte("reason of the end")?;
            fields.end()?;
            let reason = EndReason::ALL.get(usize::from(code));
            reason.copied().ok_or(fields.unknown("reason of the end", u64::from(code)))
        };
        let reason = read().map_err(|kind| kind.at(offset))?;
        let after = self.source.offset;
        self.ending = Ending::Marked(reason);
        if reason == EndReason::Continued {
            return self.next_file();
        }
        if !self.source.at_end()? {
            return Err(ErrorKind::Trailing("the end mark").at(after));
        }
        Ok(false)
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let view = self.next_view()?;
        Some(view.map(|(number, offset, view)| {
            let record = match view {
                View::Step(step) => Record::Step(step.to_owned()),
                View::Observation(observation) => Record::Observation(observation),
                View::Digest(digest) => Record::Digest(digest),
            };
            Entry { number, offset, record }
        }))
    }
}
