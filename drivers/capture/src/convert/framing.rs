//! From the bytes and losses of a connection to its messages. No I/O.
//!
//! **In order**, each header says where the next one is, whatever its command and its checksum. **After a loss**
//! inside a payload, the header before it still says where the next one is, if the length of the loss is known.
//! Otherwise, and where no header is to be found at its place, the next one is searched: the network's magic, a
//! printable command and a length that may be. One at the very start of what follows the loss counts if its
//! command is known; any other must have the right checksum once it is whole, or be known where it cannot
//! become whole. A peer could have put such bytes into a message of his own, and a loss could let them be found.
//!
//! **The network** is that of the first header: of a known network, or at the start of a stream a `version` of
//! any other. A stream without any (BIP324 encrypts it) comes out as [`Framed::Other`], and
//! [`Framing::is_opaque`] tells.

use satwire_core::wire::{Command, Header, MAX_PAYLOAD, sha256d};
use satwire_core::{Magic, Network};

use super::event::{Direction, UnixMicros};

/// The most that one search hashes in vain before it lets known commands pass without their checksum, in bytes:
/// as much as eight of the longest messages.
const VAIN: u64 = 8 * MAX_PAYLOAD as u64;

/// A part of one direction of a connection, in order, without holes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framed {
    /// A whole message.
    Message {
        /// When its last byte became available.
        time: UnixMicros,
        /// Header and payload.
        frame: Vec<u8>,
    },
    /// A message that lacks bytes.
    Cut {
        /// When its last byte was lost or became available.
        time: UnixMicros,
        /// Its header.
        header: Header,
        /// The bytes that are left of its payload.
        captured: u32,
    },
    /// Bytes that belong to no message, or to one whose header is lost.
    Other {
        /// When they became available.
        time: UnixMicros,
        /// At least one.
        bytes: Vec<u8>,
    },
    /// Bytes were lost between messages, or the header of one was.
    Lost {
        /// When.
        time: UnixMicros,
        /// How many, if known; a [`Framed::Cut`] before it may have lacked some of them.
        bytes: Option<u64>,
    },
}

impl Framed {
    /// The header of a whole message.
    pub fn header(&self) -> Option<Header> {
        match self {
            Self::Message { frame, .. } => frame.first_chunk().map(Header::decode),
            _ => None,
        }
    }
}

/// Finds the messages of one connection, in both directions.
///
/// Each direction keeps one message that is not whole yet, of at most 4,000,024 bytes.
#[derive(Debug)]
pub struct Framing {
    magic: Option<Magic>,
    found: bool,
    halves: [Half; 2],
}

#[derive(Debug)]
struct Half {
    state: State,
    /// Bytes that are not told yet: the start of a header, of a message, or what is searched.
    buffer: Vec<u8>,
    /// How many of them are told already.
    told: usize,
    /// Bytes that came in all.
    received: u64,
    /// Bytes that were hashed in vain in this search.
    vain: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nothing came yet, and what comes is the beginning.
    Start,
    /// A header is next.
    Boundary,
    /// In the payload of a message of which some is lost: what is captured, and what is to come.
    Cut { header: Header, captured: u32, left: u32 },
    /// A header may be anywhere; at the first byte it is likely.
    Search { edge: bool },
}

impl Framing {
    /// A connection of which nothing came yet. `adopted`: its beginning is not in the capture. `magic`: the
    /// network that it must be of, if that is known.
    pub fn new(adopted: bool, magic: Option<Magic>) -> Self {
        let half = || Half {
            state: if adopted { State::Search { edge: true } } else { State::Start },
            buffer: Vec::new(),
            told: 0,
            received: 0,
            vain: 0,
        };
        Self { magic, found: false, halves: [half(), half()] }
    }

    /// The network, once a message was found or if it was given.
    pub const fn magic(&self) -> Option<Magic> {
        self.magic
    }

    /// Whether both directions have begun and neither has a message: it is encrypted (BIP324), or something else
    /// than Bitcoin. Sixteen bytes tell one from the other (BIP324).
    pub fn is_opaque(&self) -> bool {
        !self.found && self.halves.iter().all(|half| half.received >= 16)
    }

    /// How many bytes it keeps.
    pub fn held(&self) -> usize {
        self.halves.iter().map(|half| half.buffer.len()).sum()
    }

    /// Bytes of one direction; what they complete is added to `out`.
    pub fn bytes(&mut self, direction: Direction, time: UnixMicros, bytes: &[u8], out: &mut Vec<Framed>) {
        let half = &mut self.halves[direction as usize];
        half.received += bytes.len() as u64;
        half.buffer.extend_from_slice(bytes);
        self.run(direction, time, out);
        let half = &mut self.halves[direction as usize];
        half.buffer.drain(..half.told);
        half.told = 0;
    }

    /// A loss in one direction; what it ends is added to `out`.
    pub fn lost(&mut self, direction: Direction, time: UnixMicros, lost: Option<u64>, out: &mut Vec<Framed>) {
        self.give_up(direction, time, out);
        let half = &mut self.halves[direction as usize];
        half.vain = 0;
        if let (State::Cut { header, captured, left }, Some(lost)) = (half.state, lost)
            && lost <= u64::from(left)
        {
            half.state = State::Cut { header, captured, left: left - lost as u32 };
            half.end_cut(time, out);
            return;
        }
        half.cut_short(time, out);
        half.state = State::Search { edge: true };
        out.push(Framed::Lost { time, bytes: lost });
    }

    /// Nothing follows; what is not whole is added to `out`.
    pub fn end(&mut self, direction: Direction, time: UnixMicros, out: &mut Vec<Framed>) {
        self.give_up(direction, time, out);
        self.halves[direction as usize].cut_short(time, out);
        self.halves[direction as usize].state = State::Search { edge: false };
    }

    /// Takes all that the buffer completes.
    fn run(&mut self, direction: Direction, time: UnixMicros, out: &mut Vec<Framed>) {
        let half = &mut self.halves[direction as usize];
        loop {
            match half.state {
                State::Start | State::Boundary => {
                    let at_start = matches!(half.state, State::Start);
                    let Some(header) = half.header(0) else { break };
                    if !is_header(self.magic, &header, at_start) {
                        half.state = State::Search { edge: false };
                        half.vain = 0;
                    } else if half.take_message(&header, time, out) {
                        self.magic = Some(header.magic);
                        self.found = true;
                        half.state = State::Boundary;
                    } else {
                        break;
                    }
                }
                State::Cut { header, captured, left } => {
                    let taken = half.rest().len().min(left as usize);
                    half.told += taken;
                    half.state =
                        State::Cut { header, captured: captured + taken as u32, left: left - taken as u32 };
                    if taken < left as usize {
                        break;
                    }
                    half.end_cut(time, out);
                }
                State::Search { edge } => {
                    if !half.search(self.magic, edge, time, out) {
                        break;
                    }
                }
            }
        }
    }

    /// Gives up what is in the buffer, which does not become whole: a message is cut, and no more is found in the rest.
    fn give_up(&mut self, direction: Direction, time: UnixMicros, out: &mut Vec<Framed>) {
        loop {
            let half = &mut self.halves[direction as usize];
            if let State::Cut { .. } = half.state {
                break;
            }
            let at_start = matches!(half.state, State::Start);
            let Some(header) = half.header(0) else { break };
            let fits = if let State::Search { .. } = half.state {
                is_candidate(self.magic, &header) && header.command().is_some_and(Command::is_known)
            } else {
                is_header(self.magic, &header, at_start)
            };
            if fits {
                self.magic = Some(header.magic);
                self.found = true;
                let captured = half.rest().len() - Header::LEN;
                half.told = half.buffer.len();
                let left = header.length - captured as u32;
                half.state = State::Cut { header, captured: captured as u32, left };
                break;
            }
            // The candidate was none: search on after its first byte.
            half.skip(1, time, out);
            half.state = State::Search { edge: false };
            self.run(direction, time, out);
        }
        let half = &mut self.halves[direction as usize];
        half.skip(half.rest().len(), time, out);
        half.buffer.clear();
        half.told = 0;
    }
}

impl Half {
    fn rest(&self) -> &[u8] {
        &self.buffer[self.told..]
    }

    /// The header that may begin so many bytes after what is told.
    fn header(&self, at: usize) -> Option<Header> {
        self.rest().get(at..)?.first_chunk().map(Header::decode)
    }

    /// Takes the message that begins here, if it is whole.
    fn take_message(&mut self, header: &Header, time: UnixMicros, out: &mut Vec<Framed>) -> bool {
        let Some(frame) = self.rest().get(..Header::LEN + header.length as usize) else { return false };
        out.push(Framed::Message { time, frame: frame.into() });
        self.told += Header::LEN + header.length as usize;
        true
    }

    /// Tells `count` bytes that belong to no message.
    fn skip(&mut self, count: usize, time: UnixMicros, out: &mut Vec<Framed>) {
        if count == 0 {
            return;
        }
        let bytes = &self.buffer[self.told..self.told + count];
        match out.last_mut() {
            Some(Framed::Other { time: last, bytes: before }) if *last == time => {
                before.extend_from_slice(bytes);
            }
            _ => out.push(Framed::Other { time, bytes: bytes.into() }),
        }
        self.told += count;
    }

    /// A message of which some was lost is over, if it is.
    fn end_cut(&mut self, time: UnixMicros, out: &mut Vec<Framed>) {
        if let State::Cut { header, captured, left: 0 } = self.state {
            out.push(Framed::Cut { time, header, captured });
            self.state = State::Boundary;
        }
    }

    /// The rest of a message of which some was lost does not come.
    fn cut_short(&mut self, time: UnixMicros, out: &mut Vec<Framed>) {
        if let State::Cut { header, captured, .. } = self.state {
            out.push(Framed::Cut { time, header, captured });
        }
    }

    /// Looks for a header. Returns false if more bytes are needed.
    fn search(&mut self, magic: Option<Magic>, edge: bool, time: UnixMicros, out: &mut Vec<Framed>) -> bool {
        let rest = self.rest();
        let at = (0..rest.len()).find(|at| may_be_header(magic, &rest[*at..])).unwrap_or(rest.len());
        self.skip(at, time, out);
        let edge = edge && at == 0;
        self.state = State::Search { edge };
        let Some(header) = self.header(0) else { return false };
        let known = header.command().is_some_and(Command::is_known);
        if edge && known {
            self.state = State::Boundary;
            return true;
        }
        let payload = Header::LEN..Header::LEN + header.length as usize;
        let Some(payload) = self.buffer[self.told..].get(payload) else { return false };
        let right = if self.vain > VAIN { known } else { header.matches(&sha256d(payload)) };
        self.vain += payload.len() as u64;
        if right {
            self.vain = 0;
            self.state = State::Boundary;
        } else {
            self.skip(1, time, out);
        }
        true
    }
}

/// Whether a header is one where a header must be.
fn is_header(magic: Option<Magic>, header: &Header, at_start: bool) -> bool {
    let right = match magic {
        Some(magic) => header.magic == magic,
        None => {
            Network::from_magic(header.magic).is_some()
                || at_start && header.command() == Some(Command::VERSION)
        }
    };
    right && header.length <= MAX_PAYLOAD
}

/// Whether a header can be one where anything may be.
fn is_candidate(magic: Option<Magic>, header: &Header) -> bool {
    is_header(magic, header, false) && header.command().is_some_and(|command| !command.as_str().is_empty())
}

/// Whether a header may begin here, as far as the bytes go.
fn may_be_header(magic: Option<Magic>, bytes: &[u8]) -> bool {
    if let Some(header) = bytes.first_chunk().map(Header::decode) {
        return is_candidate(magic, &header);
    }
    let start = &bytes[..bytes.len().min(4)];
    match magic {
        Some(magic) => magic.0.starts_with(start),
        None => Network::ALL.iter().any(|network| network.magic().0.starts_with(start)),
    }
}
