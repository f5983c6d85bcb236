//! Checked records out of a stream of bytes.

use std::io::{self, Read};

use super::chain::{CHECK, Chain};
use super::codec::{Fields, Varint};
use super::{Error, ErrorKind, FORMAT, MAGIC, MAX_RECORD, Version, kind};

/// The length of magic and version, in bytes.
const HEADER: usize = MAGIC.len() + 2;

/// The bytes of a journal, record by record, each one checked before anybody looks into it.
#[derive(Debug)]
pub(super) struct Source<R> {
    bytes: R,
    /// Bytes taken so far.
    pub(super) offset: u64,
    /// The format that the journal names.
    pub(super) format: Version,
    chain: Chain,
    /// The next block is the first of its file, whose chain starts with the file.
    is_first: bool,
    /// The bytes that were read; as long as there is room for.
    buffer: Vec<u8>,
    /// The body of the record that was taken last.
    body: (usize, usize),
    /// Where in the buffer the next record starts.
    next: usize,
    /// Where what was read ends.
    filled: usize,
}

/// The next part of the source.
pub(super) enum Raw {
    Record(u8),
    /// The end, so many bytes after the last whole record.
    Cut(u64),
}

impl<R: Read> Source<R> {
    /// The room to start with, in bytes.
    pub(super) const ROOM: usize = 64 << 10;

    /// Reads up to the first record.
    pub(super) fn new(bytes: R) -> Result<Self, Error> {
        let mut source = Self {
            bytes,
            offset: 0,
            format: FORMAT,
            chain: Chain::new(),
            is_first: true,
            buffer: vec![0; Self::ROOM],
            body: (0, 0),
            next: 0,
            filled: 0,
        };
        source.header()?;
        Ok(source)
    }

    /// The fields of the record that was taken last.
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::new(&self.buffer[self.body.0..self.body.1], self.format)
    }

    /// Whether nothing is left.
    pub(super) fn at_end(&mut self) -> Result<bool, Error> {
        Ok(!self.has(1)?)
    }

    /// The room that there is, in bytes.
    #[cfg(test)]
    pub(super) const fn room(&self) -> usize {
        self.buffer.capacity()
    }

    /// Takes magic and version, and starts the chain of a file's first block.
    pub(super) fn header(&mut self) -> Result<(), Error> {
        let whole = self.has(HEADER)?;
        let found = &self.left()[..self.left().len().min(MAGIC.len())];
        if !MAGIC.starts_with(found) {
            return Err(ErrorKind::NotAJournal(found.into()).at(self.offset));
        }
        if !whole {
            let expected = "magic and version of a journal";
            return Err(ErrorKind::Ends { expected }.at(self.offset + self.left().len() as u64));
        }
        let [major, minor] = [0, 1].map(|place| self.left()[MAGIC.len() + place]);
        self.format = Version { major, minor };
        if !(1..=FORMAT.major).contains(&major) {
            return Err(ErrorKind::Format(self.format).at(self.offset + MAGIC.len() as u64));
        }
        self.chain = Chain::first(self.format);
        self.is_first = true;
        self.take(HEADER);
        Ok(())
    }

    /// Takes the next record and checks it. A record that is not whole is left where it is.
    pub(super) fn raw(&mut self) -> Result<Raw, Error> {
        let start = self.offset;
        // A kind, and a length in at most ten bytes.
        let mut front = 1;
        let mut varint = Varint::default();
        let length = loop {
            if !self.has(front + 1)? {
                return Ok(self.cut());
            }
            let length = varint.push(self.left()[front]).map_err(|kind| kind.at(start + 1))?;
            front += 1;
            if let Some(length) = length {
                break length;
            }
        };
        if length > MAX_RECORD {
            return Err(ErrorKind::TooLong(length).at(start + 1));
        }
        let whole = front + length as usize;
        if !self.has(whole + CHECK)? {
            return Ok(self.cut());
        }
        let record = &self.buffer[self.next..self.next + whole];
        let number = record[0];
        // The end mark stands alone; the chain of the first block started with the file.
        if number == kind::END || number == kind::BLOCK_START && !std::mem::take(&mut self.is_first) {
            self.chain = Chain::new();
        }
        self.chain.update(record);
        let expected = self.chain.check();
        let found = self.buffer[self.next + whole..].first_chunk().copied().map(u32::from_le_bytes);
        if found != Some(expected) {
            return Err(ErrorKind::Check { found: found.unwrap_or_default(), expected }.at(start));
        }
        self.body = (self.next + front, self.next + whole);
        self.take(whole + CHECK);
        Ok(Raw::Record(number))
    }

    /// Where the source ends in the middle of a record, or in front of one.
    fn cut(&self) -> Raw {
        Raw::Cut(self.left().len() as u64)
    }

    /// Bytes that were read and not taken.
    fn left(&self) -> &[u8] {
        &self.buffer[self.next..self.filled]
    }

    const fn take(&mut self, length: usize) {
        self.next += length;
        self.offset += length as u64;
    }

    /// Reads until so many bytes are there that are not taken; false if the source ends before. Only bytes that are
    /// there are believed: the room grows when it is full, not with what a record claims.
    fn has(&mut self, length: usize) -> Result<bool, Error> {
        while self.filled - self.next < length {
            if self.filled == self.buffer.len() {
                if self.next == 0 {
                    self.buffer.resize(2 * self.filled, 0);
                } else {
                    self.buffer.copy_within(self.next..self.filled, 0);
                    self.filled -= self.next;
                    self.next = 0;
                }
            }
            match self.bytes.read(&mut self.buffer[self.filled..]) {
                Ok(0) => return Ok(false),
                Ok(more) => self.filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(ErrorKind::Io(error).at(self.offset + self.left().len() as u64));
                }
            }
        }
        Ok(true)
    }
}
