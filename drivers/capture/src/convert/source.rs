//! One stream of events out of any capture.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use super::core_dat::CoreDat;
use super::decompress::decompress;
use super::error::{Error, ErrorKind};
use super::event::{CaptureEvent, UnixMicros};
use super::link::{self, Other};
use super::packets::{PacketReader, is_packets};
use super::reassembly::Reassembler;
use crate::journal::{self, Origin};

/// Packets out of which nothing, or not all, was taken.
///
/// The bytes that they take away from a connection are told as a loss there, where the numbers show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// Packets of all kinds.
    pub packets: u64,
    /// Of them, not TCP over IP.
    pub not_tcp: u64,
    /// Parts of an IP packet, which are not put together.
    pub fragments: u64,
    /// Malformed, or captured so briefly that no TCP header is there.
    pub malformed: u64,
    /// Captured in part.
    pub cut: u64,
    /// Of a kind of network that is not read.
    pub foreign: u64,
    /// Earlier than the packet before.
    pub backwards: u64,
}

/// Reads a capture, event by event.
///
/// After an `Err` there may be more: what could be read is always told. Each file has at most one.
#[derive(Debug)]
pub struct Capture {
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Packets(Box<Packets>),
    CoreDat(CoreDat),
}

/// A file of packets, and the machine that puts them together.
struct Packets {
    file: Option<PathBuf>,
    reader: PacketReader<Box<dyn Read + Send>>,
    reassembler: Reassembler,
    losses: Losses,
    time: UnixMicros,
    /// To be told last.
    error: Option<Error>,
    done: bool,
}

impl Capture {
    /// Opens a file or a folder, whose content says what it is.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.is_dir() {
            return Ok(Self { inner: Inner::CoreDat(CoreDat::open(path)?) });
        }
        let file = File::open(path).map_err(|error| ErrorKind::Io(error).at(0).in_file(path))?;
        let (start, source) = sniff(file).map_err(|error| error.in_file(path))?;
        let inner = if is_core_dat(&start) {
            Inner::CoreDat(CoreDat::from_file(path))
        } else {
            Inner::Packets(Packets::new(&start, source, Some(path.into()))?)
        };
        Ok(Self { inner })
    }

    /// Reads a file of packets from anywhere.
    pub fn from_reader(source: impl Read + Send + 'static) -> Result<Self, Error> {
        let (start, source) = sniff(source)?;
        Ok(Self { inner: Inner::Packets(Packets::new(&start, source, None)?) })
    }

    /// Returns what it was found to be.
    pub fn origin(&self) -> Origin {
        match &self.inner {
            Inner::Packets(packets) => packets.reader.origin(),
            Inner::CoreDat(_) => Origin::CoreDat,
        }
    }

    /// Returns what was left aside so far.
    pub fn losses(&self) -> Losses {
        match &self.inner {
            Inner::Packets(packets) => packets.losses,
            Inner::CoreDat(_) => Losses::default(),
        }
    }
}

impl Iterator for Capture {
    type Item = Result<CaptureEvent, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.inner {
            Inner::Packets(packets) => packets.next(),
            Inner::CoreDat(core_dat) => core_dat.next(),
        }
    }
}

/// The first bytes of what is in a file, and all of it.
fn sniff(file: impl Read + Send + 'static) -> Result<(Vec<u8>, Box<dyn Read + Send>), Error> {
    let io = |error| ErrorKind::Io(error).at(0);
    let mut source = decompress(file).map_err(io)?;
    let mut start = Vec::new();
    (&mut source).take(24).read_to_end(&mut start).map_err(io)?;
    Ok((start.clone(), Box::new(Cursor::new(start).chain(source))))
}

fn is_core_dat(start: &[u8]) -> bool {
    !start.first_chunk().is_some_and(|start| is_packets(*start)) && CoreDat::is(start)
}

impl Packets {
    fn new(start: &[u8], source: Box<dyn Read + Send>, file: Option<PathBuf>) -> Result<Box<Self>, Error> {
        let named = |error: Error| Error { file: file.clone(), ..error };
        if start.starts_with(journal::MAGIC) {
            return Err(named(ErrorKind::Journal.at(0)));
        }
        if !start.first_chunk().is_some_and(|start| is_packets(*start)) {
            let start = start[..start.len().min(16)].to_vec();
            return Err(named(ErrorKind::Unknown(start).at(0)));
        }
        let reader = PacketReader::new(source).map_err(named)?;
        let (reassembler, losses) = (Reassembler::new(), Losses::default());
        Ok(Box::new(Self { file, reader, reassembler, losses, time: 0, error: None, done: false }))
    }

    fn next(&mut self) -> Option<Result<CaptureEvent, Error>> {
        loop {
            if let Some(event) = self.reassembler.poll() {
                return Some(Ok(event));
            }
            if self.done {
                let error = self.error.take()?;
                return Some(Err(Error { file: self.file.clone(), ..error }));
            }
            self.packet();
        }
    }

    fn packet(&mut self) {
        let offset = self.reader.offset();
        let packet = match self.reader.next_packet() {
            Some(Ok(packet)) => packet,
            Some(Err(error)) => {
                self.error = Some(error);
                return;
            }
            None => {
                self.done = true;
                self.reassembler.finish();
                return;
            }
        };
        let losses = &mut self.losses;
        losses.packets += 1;
        if let Err(kind) = link::check(packet.link_type) {
            losses.foreign += 1;
            self.error.get_or_insert_with(|| kind.at(offset));
            return;
        }
        losses.cut += u64::from(u64::from(packet.original) > packet.data.len() as u64);
        losses.backwards += u64::from(packet.time < self.time);
        self.time = packet.time;
        match link::segment(&packet) {
            Ok(segment) => self.reassembler.segment(&segment),
            Err(Other::NotTcp) => losses.not_tcp += 1,
            Err(Other::Fragment) => losses.fragments += 1,
            Err(Other::Malformed) => losses.malformed += 1,
        }
    }
}

impl std::fmt::Debug for Packets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packets")
            .field("file", &self.file)
            .field("losses", &self.losses)
            .finish_non_exhaustive()
    }
}
