//! Checked records out of a stream of bytes.

use std::io::{self, BufReader, Read};

use super::chain::{CHECK, Chain};
use super::codec::{Fields, LONGEST_VARINT, Varint};
use super::{Error, ErrorKind, FORMAT, MAGIC, MAX_RECORD, Version, kind};

/// The length of magic and version, in bytes.
const HEADER: u64 = MAGIC.len() as u64 + 2;

/// The bytes of a journal, record by record, each one checked before anybody looks into it.
#[derive(Debug)]
pub(super) struct Source<R> {
    bytes: BufReader<R>,
    /// Bytes taken so far.
    pub(super) offset: u64,
    /// The format that the journal names.
    pub(super) format: Version,
    chain: Chain,
    /// The body of the record that was read last.
    pub(super) body: Vec<u8>,
}

/// What comes next in the source.
pub(super) enum Raw {
    Record(u8),
    /// The end, so many bytes behind the last whole record.
    Cut(u64),
}

impl<R: Read> Source<R> {
    /// Reads up to the first record.
    pub(super) fn new(bytes: R) -> Result<Self, Error> {
        let bytes = BufReader::with_capacity(64 << 10, bytes);
        let mut source = Self { bytes, offset: 0, format: FORMAT, chain: Chain::new(), body: Vec::new() };
        source.header()?;
        Ok(source)
    }

    /// The fields of the record that was read last.
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::new(&self.body, self.format)
    }

    /// Reads magic and version, and starts the chain of the first block.
    fn header(&mut self) -> Result<(), Error> {
        self.fill((MAGIC.len() + 2) as u64)?;
        let found = &self.body[..self.body.len().min(MAGIC.len())];
        if !MAGIC.starts_with(found) {
            return Err(ErrorKind::NotAJournal(found.into()).at(0));
        }
        let Some(&[major, minor]) = self.body.get(MAGIC.len()..) else {
            return Err(ErrorKind::Ends { expected: "magic and version of a journal" }.at(self.offset));
        };
        self.format = Version { major, minor };
        if major != FORMAT.major {
            return Err(ErrorKind::Format(self.format).at(MAGIC.len() as u64));
        }
        self.chain = Chain::first(self.format);
        Ok(())
    }

    /// Reads the next record into `body` and checks it.
    pub(super) fn raw(&mut self) -> Result<Raw, Error> {
        let start = self.offset;
        let Some(number) = self.byte()? else { return Ok(Raw::Cut(0)) };
        // A kind, and a length in at most ten bytes.
        let mut front = [number; 1 + LONGEST_VARINT];
        let mut read = 1;
        let mut varint = Varint::default();
        let length = loop {
            let Some(byte) = self.byte()? else { return Ok(Raw::Cut(self.offset - start)) };
            front[read] = byte;
            read += 1;
            if let Some(length) = varint.push(byte).map_err(|kind| kind.at(start + 1))? {
                break length;
            }
        };
        if length > MAX_RECORD {
            return Err(ErrorKind::TooLong(length).at(start + 1));
        }
        self.fill(length + CHECK as u64)?;
        let Some((body, found)) = self.body.split_last_chunk::<CHECK>() else {
            return Ok(Raw::Cut(self.offset - start));
        };
        if body.len() as u64 != length {
            return Ok(Raw::Cut(self.offset - start));
        }
        let found = *found;
        let mut alone = Chain::new();
        let chain = match number {
            kind::END => &mut alone,
            // The chain of the first block started with the journal.
            kind::BLOCK_START if start > HEADER => {
                self.chain = Chain::new();
                &mut self.chain
            }
            _ => &mut self.chain,
        };
        chain.update(&front[..read]);
        chain.update(body);
        let expected = chain.check();
        if found != expected {
            let [found, expected] = [found, expected].map(u32::from_be_bytes);
            return Err(ErrorKind::Check { found, expected }.at(start));
        }
        self.body.truncate(length as usize);
        Ok(Raw::Record(number))
    }

    /// The next byte, if there is one.
    pub(super) fn byte(&mut self) -> Result<Option<u8>, Error> {
        let mut byte = [0];
        loop {
            match self.bytes.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => {
                    self.offset += 1;
                    return Ok(Some(byte[0]));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ErrorKind::Io(error).at(self.offset)),
            }
        }
    }

    /// Reads up to `length` bytes into `body`, which grows with what is there, not with what is claimed.
    fn fill(&mut self, length: u64) -> Result<(), Error> {
        self.body.clear();
        let read = self.bytes.by_ref().take(length).read_to_end(&mut self.body);
        self.offset += self.body.len() as u64;
        read.map_err(|error| ErrorKind::Io(error).at(self.offset))?;
        Ok(())
    }
}
