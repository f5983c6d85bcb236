//! Observations as Bitcoin Core's message files: see [`convert::core_dat`](crate::convert::core_dat) for what they are.
//!
//! A file keeps whole messages and nothing else: what belongs to none is counted.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use satwire_core::node::{Address, ConnId};
use satwire_core::wire::Header;
use satwire_core::{Magic, WallClock};

use crate::convert::event::Direction;
use crate::convert::framing::{Framed, Framing};
use crate::convert::import::framing_magic;
use crate::journal::{Observation, Observed, Prologue, Way};

/// The most that waits to be written, in bytes: then all of it is.
const HELD: usize = 16 << 20;

/// Writes a folder.
#[derive(Debug)]
pub struct CoreDatWriter {
    folder: PathBuf,
    clock: WallClock,
    magic: Option<Magic>,
    connections: BTreeMap<ConnId, Connection>,
    files: BTreeMap<PathBuf, Pending>,
    held: usize,
    left_out: u64,
}

#[derive(Debug)]
struct Connection {
    folder: PathBuf,
    framing: Framing,
}

/// The messages of a file that are not written yet.
#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    /// The file was made by us.
    exists: bool,
}

impl CoreDatWriter {
    /// Makes the folder, for what begins like this. Files that are there already are replaced.
    pub fn new(folder: &Path, prologue: &Prologue) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.into(),
            clock: prologue.clock,
            magic: framing_magic(prologue),
            connections: BTreeMap::new(),
            files: BTreeMap::new(),
            held: 0,
            left_out: 0,
        })
    }

    /// Takes what was observed next.
    pub fn observation(&mut self, observation: &Observation) -> io::Result<()> {
        let conn = observation.conn;
        let time = self.clock.unix_micros(observation.at);
        let mut framed = Vec::new();
        let way = match &observation.what {
            Observed::Opened { peer, adopted, .. } => {
                let (folder, framing) = (self.folder.join(name(peer)), Framing::new(*adopted, self.magic));
                self.connections.insert(conn, Connection { folder, framing });
                return Ok(());
            }
            Observed::Bytes(way, bytes) => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    connection.framing.bytes(direction(*way), 0, bytes, &mut framed);
                }
                *way
            }
            Observed::Lost(way, bytes) => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    connection.framing.lost(direction(*way), 0, *bytes, &mut framed);
                }
                *way
            }
            Observed::Negotiated(_) | Observed::Closed(_) => return Ok(()),
        };
        for framed in framed {
            match framed {
                Framed::Message { frame, .. } => self.message(conn, way, time, &frame)?,
                Framed::Other { bytes, .. } => self.left_out += bytes.len() as u64,
                Framed::Cut { captured, .. } => self.left_out += u64::from(captured) + Header::LEN as u64,
                Framed::Lost { .. } => {}
            }
        }
        Ok(())
    }

    /// Writes what is left. Returns how many bytes belong to no whole message and are in no file.
    pub fn finish(mut self) -> io::Result<u64> {
        self.write()?;
        Ok(self.left_out)
    }

    fn message(&mut self, conn: ConnId, way: Way, time: i64, frame: &[u8]) -> io::Result<()> {
        let (Some(connection), Some((header, payload))) =
            (self.connections.get(&conn), frame.split_first_chunk())
        else {
            return Ok(());
        };
        let header = Header::decode(header);
        let name = if way == Way::Received { "msgs_recv.dat" } else { "msgs_sent.dat" };
        let file = self.files.entry(connection.folder.join(name)).or_default();
        let before = file.bytes.len();
        file.bytes.extend_from_slice(&time.to_le_bytes());
        file.bytes.extend_from_slice(&header.command);
        file.bytes.extend_from_slice(&header.length.to_le_bytes());
        file.bytes.extend_from_slice(payload);
        self.held += file.bytes.len() - before;
        if self.held > HELD { self.write() } else { Ok(()) }
    }

    /// Appends what waits to its files. None is kept open, however many there are.
    fn write(&mut self) -> io::Result<()> {
        for (path, pending) in &mut self.files {
            if pending.bytes.is_empty() {
                continue;
            }
            let mut file = if pending.exists {
                OpenOptions::new().append(true).open(path)?
            } else {
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                File::create(path)?
            };
            file.write_all(&pending.bytes)?;
            *pending = Pending { bytes: Vec::new(), exists: true };
        }
        self.held = 0;
        Ok(())
    }
}

const fn direction(way: Way) -> Direction {
    match way {
        Way::Received => Direction::Forward,
        Way::Sent => Direction::Backward,
    }
}

/// The name of a peer's folder: its address, without what a file system does not take (Bitcoin Core `src/net.cpp`
/// `CaptureMessageToFile`).
fn name(peer: &Address) -> String {
    let name = match peer {
        // A folder that was no address.
        Address::Name { host, port: 0 } => host.clone(),
        other => other.to_string(),
    };
    let name: String = name
        .chars()
        .map(|char| if char == ':' || char == '/' || char == '\\' || char.is_control() { '_' } else { char })
        .collect();
    // Neither this folder nor the one above.
    if name.chars().all(|char| char == '.') { "peer".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_the_names_of_bitcoin_core() {
        let of = |addr: &str| name(&Address::Socket(addr.parse().unwrap()));
        assert_eq!(of("127.0.0.1:55232"), "127.0.0.1_55232");
        assert_eq!(of("[2001:db8::1]:8333"), "[2001_db8__1]_8333");
        let named = |host: &str, port| name(&Address::Name { host: host.into(), port });
        assert_eq!(named("abc.onion", 8333), "abc.onion_8333");
        assert_eq!(named("peer", 0), "peer");
        assert_eq!(named("..", 0), "peer");
        assert_eq!(named("../etc", 1), ".._etc_1");
    }
}
