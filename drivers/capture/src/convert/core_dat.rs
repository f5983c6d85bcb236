//! The files that Bitcoin Core writes with `-capturemessages`.
//!
//! ```text
//! message_capture/        one folder a peer
//!   203.0.113.1_8333/     its address, each ':' written as '_': [2001_db8__1]_8333
//!     msgs_recv.dat       messages from the peer, as they were dealt with
//!     msgs_sent.dat       messages to the peer, as they were queued
//! message                 time i64 in µs · command 12 · length u32 · payload; little-endian
//! ```
//!
//! Messages of all files are merged by their time; of two at the same time, one that was received is first,
//! since it may be answered at once. The node is [`End::Recorder`]. A peer's files do not say where a connection
//! ends: a `version` that is sent once more begins another one.
//!
//! No file is kept open, however many peers there are, and each is read ahead by [`AHEAD`] bytes.
//!
//! Source: Bitcoin Core `src/net.cpp` `CaptureMessageToFile`, `contrib/message-capture`.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use satwire_core::node::{Address, ConnId};
use satwire_core::wire::{Command, MAX_PAYLOAD};

use super::decompress::decompress;
use super::error::{Error, ErrorKind};
use super::event::{CaptureEvent, Direction, End, Ended, UnixMicros};
use super::packets::{Order, Source};

/// Bytes that are read ahead of each file.
pub const AHEAD: usize = 8 << 10;

/// Time, command and length.
const HEADER: usize = 24;

/// The names of a peer's files, as they are or compressed.
const NAMES: [(&str, Way); 2] = [("msgs_recv.dat", Way::Received), ("msgs_sent.dat", Way::Sent)];
const COMPRESSED: [&str; 3] = ["", ".gz", ".zst"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Received,
    Sent,
}

/// Reads Bitcoin Core's files.
///
/// An error ends its file and no other.
#[derive(Debug)]
pub struct CoreDat {
    peers: Vec<Peer>,
    /// The next message of each file.
    next: BTreeSet<(UnixMicros, Way, usize)>,
    ready: VecDeque<Result<CaptureEvent, Error>>,
    last_id: u64,
}

#[derive(Debug)]
struct Peer {
    end: End,
    files: [Option<DatFile>; 2],
    current: Option<Current>,
}

/// The connection that a peer has at the time.
#[derive(Clone, Copy, Debug)]
struct Current {
    conn: ConnId,
    dialled: Way,
    versions: [bool; 2],
}

impl CoreDat {
    /// Opens the files of one peer or of all; `path` is a folder.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let io = |error| ErrorKind::Io(error).at(0).in_file(path);
        let mut folders = vec![path.to_path_buf()];
        for entry in std::fs::read_dir(path).map_err(io)? {
            folders.push(entry.map_err(io)?.path());
        }
        folders[1..].sort();
        let mut core_dat =
            Self { peers: Vec::new(), next: BTreeSet::new(), ready: VecDeque::new(), last_id: 0 };
        for folder in folders {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            core_dat.add(&name, NAMES.map(|(file, _)| find(&folder, file)));
        }
        if core_dat.peers.is_empty() { Err(ErrorKind::EmptyFolder.at(0).in_file(path)) } else { Ok(core_dat) }
    }

    /// Reads one file by itself. As for Bitcoin Core's own reader, it was received if its name says `recv`.
    pub fn from_file(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let received = name.contains("recv");
        let file = Some(path.to_path_buf());
        let files = if received { [file, None] } else { [None, file] };
        let mut core_dat =
            Self { peers: Vec::new(), next: BTreeSet::new(), ready: VecDeque::new(), last_id: 0 };
        core_dat.add(&folder, files);
        core_dat
    }

    /// Whether a file that starts like this can be one of Bitcoin Core's.
    pub fn is(start: &[u8]) -> bool {
        let Some(header) = start.first_chunk::<HEADER>() else { return false };
        let head = Head::decode(header);
        head.length <= MAX_PAYLOAD
            && Command::from_wire(head.command).is_some_and(|name| !name.as_str().is_empty())
    }

    fn add(&mut self, name: &str, paths: [Option<PathBuf>; 2]) {
        if paths.iter().all(Option::is_none) {
            return;
        }
        let number = self.peers.len();
        let files = paths.map(|path| path.map(DatFile::new));
        self.peers.push(Peer { end: End::At(parse(name)), files, current: None });
        for way in [Way::Received, Way::Sent] {
            self.advance(number, way);
        }
    }

    /// Reads the head of a file's next message.
    fn advance(&mut self, number: usize, way: Way) {
        let Some(file) = &mut self.peers[number].files[way as usize] else { return };
        match file.advance() {
            Ok(Some(time)) => {
                self.next.insert((time, way, number));
            }
            Ok(None) => self.peers[number].files[way as usize] = None,
            Err(error) => {
                self.ready.push_back(Err(error));
                self.peers[number].files[way as usize] = None;
            }
        }
    }

    /// Takes the next message in the order of time.
    fn message(&mut self) -> Option<()> {
        let (time, way, number) = self.next.pop_first()?;
        let peer = &mut self.peers[number];
        let file = peer.files[way as usize].as_mut()?;
        let (head, payload) = (file.head?, file.payload());
        match payload {
            Ok(payload) => {
                let version = head.command == Command::VERSION.to_wire();
                let current = self.connection(number, way, time, version);
                let direction = if current.dialled == way { Direction::Forward } else { Direction::Backward };
                let (conn, command) = (current.conn, head.command);
                self.ready.push_back(Ok(CaptureEvent::Message { conn, direction, time, command, payload }));
                self.advance(number, way);
            }
            Err(error) => {
                self.ready.push_back(Err(error));
                peer.files[way as usize] = None;
            }
        }
        Some(())
    }

    /// The connection that a message belongs to; tells of a new one.
    fn connection(&mut self, number: usize, way: Way, time: UnixMicros, version: bool) -> Current {
        let peer = &mut self.peers[number];
        if let Some(current) = &mut peer.current {
            let again = version && current.versions[way as usize];
            // Bitcoin Core never sends a second one, and answers none but the first of a connection.
            let replaced = again
                && (way == Way::Sent
                    || peer.files[Way::Sent as usize].as_ref().is_some_and(DatFile::has_version));
            if !replaced {
                current.versions[way as usize] |= version;
                return *current;
            }
            let how = Ended::Replaced;
            self.ready.push_back(Ok(CaptureEvent::Closed { conn: current.conn, time, how }));
        }
        self.last_id += 1;
        let conn = ConnId(self.last_id);
        let (from, to) = match way {
            Way::Received => (peer.end.clone(), End::Recorder),
            Way::Sent => (End::Recorder, peer.end.clone()),
        };
        self.ready.push_back(Ok(CaptureEvent::Opened { conn, from, to, time, adopted: !version }));
        let mut versions = [false; 2];
        versions[way as usize] = version;
        *peer.current.insert(Current { conn, dialled: way, versions })
    }
}

impl Iterator for CoreDat {
    type Item = Result<CaptureEvent, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            self.message()?;
        }
        self.ready.pop_front()
    }
}

/// One file.
struct DatFile {
    path: PathBuf,
    source: Source<Box<dyn Read + Send>>,
    /// The next message, whose payload is not read yet.
    head: Option<Head>,
    /// The time of the last message: no later one is earlier.
    last: UnixMicros,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    time: i64,
    command: [u8; 12],
    length: u32,
}

impl Head {
    fn decode(bytes: &[u8; HEADER]) -> Self {
        let [.., l0, l1, l2, l3] = *bytes;
        let mut command = [0; 12];
        command.copy_from_slice(&bytes[8..20]);
        let time = Order::Little.i64(bytes, 0);
        Self { time, command, length: u32::from_le_bytes([l0, l1, l2, l3]) }
    }
}

impl DatFile {
    fn new(path: PathBuf) -> Self {
        let file = Reopened { path: path.clone(), offset: 0 };
        let source: Box<dyn Read + Send> = match decompress(BufReader::with_capacity(AHEAD, file)) {
            Ok(source) => source,
            Err(error) => Box::new(Broken(Some(error))),
        };
        Self { path, source: Source::new(source), head: None, last: 0 }
    }

    /// Reads the head of the next message; returns its time.
    fn advance(&mut self) -> Result<Option<UnixMicros>, Error> {
        self.head = self.read_head().map_err(|error| error.in_file(&self.path))?;
        Ok(self.head.map(|head| {
            self.last = self.last.max(u64::try_from(head.time).unwrap_or(0));
            self.last
        }))
    }

    fn read_head(&mut self) -> Result<Option<Head>, Error> {
        let offset = self.source.offset;
        let Some(header) = self.source.array_or_end::<HEADER>("the head of a message")? else {
            return Ok(None);
        };
        let head = Head::decode(&header);
        if Command::from_wire(head.command).is_none_or(|command| command.as_str().is_empty()) {
            return Err(ErrorKind::Command(head.command).at(offset));
        }
        if head.length > MAX_PAYLOAD {
            let most = format!("at most {MAX_PAYLOAD}");
            return Err(ErrorKind::value("the length of a message", head.length, most).at(offset));
        }
        Ok(Some(head))
    }

    /// Reads the payload of the message whose head was read.
    fn payload(&mut self) -> Result<Vec<u8>, Error> {
        let mut payload = Vec::new();
        let length = self.head.map_or(0, |head| head.length);
        self.source
            .fill(&mut payload, length, "the payload of a message")
            .map_err(|error| error.in_file(&self.path))?;
        Ok(payload)
    }

    fn has_version(&self) -> bool {
        self.head.is_some_and(|head| head.command == Command::VERSION.to_wire())
    }
}

impl std::fmt::Debug for DatFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatFile").field("path", &self.path).field("head", &self.head).finish_non_exhaustive()
    }
}

/// A file that is opened for each read, so that a thousand of them need no more than one.
struct Reopened {
    path: PathBuf,
    offset: u64,
}

impl Read for Reopened {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        let read = file.read(buf)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// A file that could not be opened: says so when it is read.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The file of a peer, as it is or compressed.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    COMPRESSED.iter().map(|end| folder.join(format!("{name}{end}"))).find(|path| path.is_file())
}

/// The address that the name of a folder spells. A text that is none is a name.
fn parse(folder: &str) -> Address {
    let (host, port) = folder.rsplit_once('_').unwrap_or((folder, ""));
    let Ok(port) = port.parse() else { return Address::Name { host: folder.into(), port: 0 } };
    if let Some(v6) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'))
        && let Ok(ip) = v6.replace('_', ":").parse()
    {
        return Address::Socket((std::net::IpAddr::V6(ip), port).into());
    }
    match host.parse::<std::net::Ipv4Addr>() {
        Ok(ip) => Address::Socket((ip, port).into()),
        Err(_) => Address::Name { host: host.into(), port },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_are_addresses() {
        let name = |host: &str, port| Address::Name { host: host.into(), port };
        assert_eq!(parse("127.0.0.1_55232"), Address::Socket("127.0.0.1:55232".parse().unwrap()));
        assert_eq!(parse("[2001_db8__1]_8333"), Address::Socket("[2001:db8::1]:8333".parse().unwrap()));
        assert_eq!(parse("[__1]_18444"), Address::Socket("[::1]:18444".parse().unwrap()));
        assert_eq!(
            parse("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion_8333").to_string(),
            "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333"
        );
        assert_eq!(parse("peer"), name("peer", 0));
        assert_eq!(parse("a_99999"), name("a_99999", 0));
        assert_eq!(parse("[x]_1"), name("[x]", 1));
    }
}
