//! Dense traffic out of a real recording: what its peers sent after the handshakes, again and again, each
//! time with transactions of other ids.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::time::Duration;

use satwire_capture::journal::{OwnedInput, Prologue, Reader, Record, Recorder, Step};
use satwire_core::node::{ConnId, Environment, Input, Output, Purpose};
use satwire_core::wire::{self, Command, Hash, Header, TxView};
use satwire_core::{Instant, Magic, Node};

/// Dense: so many bytes a day, or more if the recording is denser.
const DENSE: u64 = 1 << 30;

const MICROS_A_DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// Words from a counter: nobody has to be surprised here.
#[derive(Debug, Default)]
pub(crate) struct Words(u64);

impl Environment for Words {
    fn draw(&mut self, _purpose: Purpose) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0 ^ self.0 >> 29
    }
}

/// A recording, taken apart.
pub(crate) struct Recording {
    prologue: Prologue,
    /// Up to where the first transaction is announced.
    opening: Vec<Step>,
    /// The reads that are repeated: the time since the start, and the part of a connection's stream.
    reads: Vec<(Duration, ConnId, std::ops::Range<usize>)>,
    streams: HashMap<ConnId, Stream>,
    length: Duration,
}

/// The bytes that a peer sent after its handshake, in whole messages.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    frames: Vec<(Command, std::ops::Range<usize>)>,
}

impl Recording {
    /// Takes it apart. The opening ends with the first read that holds an announcement.
    pub(crate) fn parse(journal: &[u8]) -> Result<Self, Box<dyn Error>> {
        let mut reader = Reader::new(journal)?;
        let prologue = reader.prologue().clone();
        let mut steps = Vec::new();
        for entry in &mut reader {
            if let Record::Step(step) = entry?.record {
                steps.push(step);
            }
        }
        let first = steps.iter().position(announces).ok_or("a recording without an announcement")?;
        let repeated = steps.split_off(first);
        let start = repeated[0].at;
        let mut recording = Self {
            prologue,
            opening: steps,
            reads: Vec::new(),
            streams: HashMap::new(),
            length: Duration::from_micros(1),
        };
        for step in repeated {
            let OwnedInput::Received(conn, bytes) = step.input else { continue };
            let stream = recording.streams.entry(conn).or_default();
            let from = stream.bytes.len();
            stream.bytes.extend_from_slice(&bytes);
            let since = step.at.saturating_duration_since(start);
            recording.reads.push((since, conn, from..stream.bytes.len()));
            recording.length = since + Duration::from_micros(1);
        }
        for stream in recording.streams.values_mut() {
            stream.find_frames(recording.prologue.config.magic)?;
        }
        Ok(recording)
    }

    /// Drives a node with the opening and then with repetitions until it has received so many bytes; what
    /// it says is recorded in `sink`.
    pub(crate) fn repeat(&self, bytes: u64, sink: impl Write) -> Result<(), Box<dyn Error>> {
        let prologue = self.prologue.clone();
        let recorder = Recorder::new(Words::default(), sink, prologue.clone());
        let mut crowd = Crowd {
            node: Node::new(prologue.config.clone(), prologue.clock, recorder),
            magic: prologue.config.magic,
            now: Instant::ZERO,
        };
        for step in &self.opening {
            crowd.feed(step.at, &step.input);
        }
        let once: u64 = self.streams.values().map(|stream| stream.bytes.len() as u64).sum();
        let times = u32::try_from(bytes / once)?.max(1);
        let length = self.length.min(Duration::from_micros(once * MICROS_A_DAY / DENSE));
        let begin = crowd.now;
        for time in 0..times {
            let streams = self.another(time + 1);
            for (since, conn, range) in &self.reads {
                let since = since.mul_f64(length.as_secs_f64() / self.length.as_secs_f64());
                let at = begin + length * time + since;
                let part = streams[conn].get(range.clone()).ok_or("a read after its stream")?;
                crowd.feed(at, &OwnedInput::Received(*conn, part.to_vec()));
            }
        }
        crowd.feed(crowd.now, &OwnedInput::Stop);
        crowd.node.environment_mut().finish();
        match crowd.node.environment().ended().and_then(|ended| ended.error.as_ref()) {
            Some(error) => Err(error.to_string().into()),
            None => Ok(()),
        }
    }

    /// The streams with other transactions: each has another lock time, and announcements say so.
    fn another(&self, time: u32) -> HashMap<ConnId, Vec<u8>> {
        let mut ids = HashMap::new();
        let mut streams: HashMap<_, _> =
            self.streams.iter().map(|(conn, stream)| (*conn, stream.bytes.clone())).collect();
        for (conn, stream) in &self.streams {
            let Some(bytes) = streams.get_mut(conn) else { continue };
            for (_, payload) in stream.frames.iter().filter(|(command, _)| *command == Command::TX) {
                let old = ids_of(&bytes[payload.clone()]);
                for (byte, change) in bytes[payload.end - 4..payload.end].iter_mut().zip(time.to_le_bytes()) {
                    *byte ^= change;
                }
                let new = ids_of(&bytes[payload.clone()]);
                ids.extend(old.into_iter().flatten().zip(new.into_iter().flatten()));
                sign(bytes, payload);
            }
        }
        for (conn, stream) in &self.streams {
            let Some(bytes) = streams.get_mut(conn) else { continue };
            for (_, payload) in stream.frames.iter().filter(|(command, _)| *command == Command::INV) {
                let length = payload.len();
                let items = &mut bytes[payload.clone()][length % 36..];
                for hash in items.chunks_exact_mut(36).filter_map(|item| item.last_chunk_mut::<32>()) {
                    match ids.get(hash) {
                        Some(id) => *hash = *id,
                        // A block, or a transaction that was not sent: another one each time, too.
                        None => {
                            for (byte, change) in hash.iter_mut().zip(time.to_le_bytes()) {
                                *byte ^= change;
                            }
                        }
                    }
                }
                sign(bytes, payload);
            }
        }
        streams
    }
}

impl Stream {
    /// Finds the messages; a last one that is not whole is not among them.
    fn find_frames(&mut self, magic: Magic) -> Result<(), Box<dyn Error>> {
        let mut at = 0;
        while let Some(header) = self.bytes[at..].first_chunk().map(Header::decode) {
            if header.magic != magic {
                return Err("a recording whose reads do not start with a message".into());
            }
            let payload = at + Header::LEN..at + Header::LEN + header.length as usize;
            if payload.end > self.bytes.len() {
                break;
            }
            at = payload.end;
            self.frames.push((header.command().ok_or("a malformed command")?, payload));
        }
        Ok(())
    }
}

/// Whether it is a read that starts with an `inv`.
fn announces(step: &Step) -> bool {
    matches!(&step.input, OwnedInput::Received(_, bytes) if bytes.get(4..8) == Some(b"inv\0"))
}

/// Wtxid and txid.
fn ids_of(payload: &[u8]) -> Option<[[u8; 32]; 2]> {
    let tx = TxView::decode(payload).ok()?;
    Some([tx.wtxid().0, tx.txid().0])
}

/// Sets the checksum of the message with this payload.
fn sign(bytes: &mut [u8], payload: &std::ops::Range<usize>) {
    let Hash(digest) = wire::sha256d(&bytes[payload.clone()]);
    bytes[payload.start - 4..payload.start].copy_from_slice(&digest[..4]);
}

/// The peers of a node, in virtual time.
struct Crowd<W: Write> {
    node: Node<Recorder<Words, W>>,
    magic: Magic,
    now: Instant,
}

impl<W: Write> Crowd<W> {
    /// Handles the timeouts that are due before, then the input. Pings are answered at once.
    fn feed(&mut self, at: Instant, input: &OwnedInput) {
        while let Some(due) = self.node.poll_timeout().filter(|due| *due <= at) {
            self.handle(due, &OwnedInput::Timeout);
        }
        self.handle(at, input);
    }

    fn handle(&mut self, at: Instant, input: &OwnedInput) {
        self.now = self.now.max(at);
        let mut pongs = Vec::new();
        self.node.handle(self.now, input.as_input());
        self.drain(&mut pongs);
        for (conn, pong) in pongs {
            self.node.handle(self.now, Input::Received(conn, &pong));
            self.drain(&mut Vec::new());
        }
    }

    fn drain(&mut self, pongs: &mut Vec<(ConnId, Vec<u8>)>) {
        while let Some(output) = self.node.poll() {
            let Output::Transmit(conn) = output else { continue };
            let unsent = self.node.transmit(conn);
            let mut at = 0;
            while let Some(header) = unsent[at..].first_chunk().map(Header::decode) {
                at += Header::LEN + header.length as usize;
                if header.command() == Some(Command::PING)
                    && let Some(nonce) = unsent[..at].last_chunk()
                {
                    let mut pong = Vec::new();
                    wire::encode_pong(&mut pong, self.magic, u64::from_le_bytes(*nonce));
                    pongs.push((conn, pong));
                }
            }
            let all = unsent.len();
            self.node.transmitted(conn, all);
        }
    }
}
