//! What stands in a journal: steps and digests.

use std::fmt;
use std::net::SocketAddr;

use satwire_core::node::{Address, ConnId, Input, Purpose, TargetId};
use satwire_core::{Instant, IoError, WallClock};

use super::codec::{Fields, put_address, put_signed, put_socket, put_varint};
use super::{DIGEST, ErrorKind, kind};

/// One record after the prologue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An input, and what it led to.
    Step(Step),
    /// The digest of everything that the node said up to here: see [`Digest`](super::Digest). It
    /// ends a block.
    Digest([u8; DIGEST]),
}

/// One input, with everything else that decided what the node made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it was handled.
    pub at: Instant,
    /// The input.
    pub input: OwnedInput,
    /// The random words that were drawn while it was handled, in their order.
    pub draws: Vec<Drawn>,
    /// The mark of all that the node said in the step, if it said anything: what
    /// [`Digest::mark`](super::Digest::mark) gave.
    pub mark: Option<Mark>,
}

/// A step that borrows what it carries.
#[derive(Debug)]
pub(super) struct StepView<'a> {
    pub(super) at: Instant,
    pub(super) input: Input<'a>,
    pub(super) draws: &'a [Drawn],
    pub(super) mark: Option<Mark>,
}

impl StepView<'_> {
    pub(super) fn to_owned(&self) -> Step {
        Step { at: self.at, input: (&self.input).into(), draws: self.draws.into(), mark: self.mark }
    }
}

/// What of a step does not lie in its record as it is handed out.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    draws: Vec<Drawn>,
    addrs: Vec<SocketAddr>,
}

/// The first bytes of the digest of a step: names the one in which a replay first says something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub [u8; 2]);

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", u16::from_be_bytes(self.0))
    }
}

/// A random word, and what it was drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// What for.
    pub purpose: Purpose,
    /// The word.
    pub word: u64,
}

/// An [`Input`] that owns what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedInput {
    /// [`Input::Dial`]
    Dial(Address),
    /// [`Input::Resolved`]
    Resolved(TargetId, Vec<SocketAddr>),
    /// [`Input::Connected`]
    Connected(ConnId),
    /// [`Input::Accepted`]
    Accepted {
        /// Its name from now on.
        conn: ConnId,
        /// Where it comes from.
        addr: SocketAddr,
    },
    /// [`Input::Received`]
    Received(ConnId, Vec<u8>),
    /// [`Input::Closed`]
    Closed(ConnId, IoError),
    /// [`Input::Timeout`]
    Timeout,
    /// [`Input::Clock`]
    Clock(WallClock),
    /// [`Input::Disconnect`]
    Disconnect(ConnId),
    /// [`Input::Stop`]
    Stop,
}

impl OwnedInput {
    /// The input, borrowed as a node takes it.
    pub fn as_input(&self) -> Input<'_> {
        match self {
            Self::Dial(address) => Input::Dial(address.clone()),
            Self::Resolved(target, addrs) => Input::Resolved(*target, addrs),
            Self::Connected(conn) => Input::Connected(*conn),
            Self::Accepted { conn, addr } => Input::Accepted { conn: *conn, addr: *addr },
            Self::Received(conn, bytes) => Input::Received(*conn, bytes),
            Self::Closed(conn, error) => Input::Closed(*conn, *error),
            Self::Timeout => Input::Timeout,
            Self::Clock(clock) => Input::Clock(*clock),
            Self::Disconnect(conn) => {
                Input::Disconnect { conn: *conn, redial: true, label: satwire_core::Label::LOCAL }
            }
            Self::Stop => Input::Stop,
        }
    }
}

impl From<&Input<'_>> for OwnedInput {
    fn from(input: &Input<'_>) -> Self {
        match input {
            Input::Dial(address) => Self::Dial(address.clone()),
            Input::Resolved(target, addrs) => Self::Resolved(*target, addrs.to_vec()),
            Input::Connected(conn) => Self::Connected(*conn),
            Input::Accepted { conn, addr } => Self::Accepted { conn: *conn, addr: *addr },
            Input::Received(conn, bytes) => Self::Received(*conn, bytes.to_vec()),
            Input::Closed(conn, error) => Self::Closed(*conn, *error),
            Input::Timeout => Self::Timeout,
            Input::Clock(clock) => Self::Clock(*clock),
            Input::Disconnect { conn, .. } => Self::Disconnect(*conn),
            Input::Stop => Self::Stop,
            Input::Send { .. } | Input::Request { .. } | Input::RemoveTarget(_) => todo!(),
        }
    }
}

/// Something that this version of the format has no number for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsupported;

/// Appends the input's fields, and returns its number.
pub(super) fn put_input(out: &mut Vec<u8>, input: &Input<'_>) -> Result<u8, Unsupported> {
    Ok(match input {
        Input::Dial(address) => {
            put_address(out, address);
            kind::DIAL
        }
        Input::Resolved(target, addrs) => {
            put_varint(out, u64::from(target.0));
            put_varint(out, addrs.len() as u64);
            for addr in *addrs {
                put_socket(out, addr);
            }
            kind::RESOLVED
        }
        Input::Connected(conn) => {
            put_varint(out, conn.0);
            kind::CONNECTED
        }
        Input::Accepted { conn, addr } => {
            put_varint(out, conn.0);
            put_socket(out, addr);
            kind::ACCEPTED
        }
        Input::Received(conn, bytes) => {
            put_varint(out, conn.0);
            out.extend_from_slice(bytes);
            kind::RECEIVED
        }
        Input::Closed(conn, error) => {
            put_varint(out, conn.0);
            out.push(io_error_code(*error).ok_or(Unsupported)?);
            kind::CLOSED
        }
        Input::Timeout => kind::TIMEOUT,
        Input::Clock(clock) => {
            put_signed(out, clock.unix_micros_at_zero);
            kind::CLOCK
        }
        Input::Disconnect { conn, .. } => {
            put_varint(out, conn.0);
            kind::DISCONNECT
        }
        Input::Stop => kind::STOP,
        Input::Send { .. } | Input::Request { .. } | Input::RemoveTarget(_) => return Err(Unsupported),
    })
}

fn take_input<'a>(
    fields: &mut Fields<'a>,
    number: u8,
    addrs: &'a mut Vec<SocketAddr>,
) -> Result<Input<'a>, ErrorKind> {
    Ok(match number {
        kind::DIAL => Input::Dial(fields.address()?),
        kind::RESOLVED => {
            let target = TargetId(fields.u32("target")?);
            let count = fields.varint("number of addresses")?;
            // Each takes bytes of the record, so a count that lies ends the loop early.
            addrs.clear();
            for _ in 0..count {
                addrs.push(fields.socket()?);
            }
            Input::Resolved(target, addrs)
        }
        kind::CONNECTED => Input::Connected(take_conn(fields)?),
        kind::ACCEPTED => Input::Accepted { conn: take_conn(fields)?, addr: fields.socket()? },
        kind::RECEIVED => Input::Received(take_conn(fields)?, fields.rest()),
        kind::CLOSED => {
            let conn = take_conn(fields)?;
            let code = fields.byte("i/o error")?;
            let error =
                IoError::ALL.get(usize::from(code)).ok_or(fields.unknown("i/o error", u64::from(code)))?;
            Input::Closed(conn, *error)
        }
        kind::TIMEOUT => Input::Timeout,
        kind::CLOCK => Input::Clock(WallClock { unix_micros_at_zero: fields.signed("wall clock")? }),
        kind::DISCONNECT => {
            Input::Disconnect { conn: take_conn(fields)?, redial: true, label: satwire_core::Label::LOCAL }
        }
        kind::STOP => Input::Stop,
        other => return Err(fields.unknown("input", u64::from(other))),
    })
}

/// Its place in [`IoError::ALL`], which only ever grows at its end.
fn io_error_code(error: IoError) -> Option<u8> {
    IoError::ALL.iter().position(|other| *other == error).map(|place| place as u8)
}

fn take_conn(fields: &mut Fields<'_>) -> Result<ConnId, ErrorKind> {
    fields.varint("connection").map(ConnId)
}

/// Appends purpose · word, eight bytes, little-endian.
pub(super) fn put_drawn(out: &mut Vec<u8>, drawn: Drawn) -> Result<(), Unsupported> {
    let (code, conn) = match drawn.purpose {
        Purpose::VersionNonce(conn) => (0, Some(conn)),
        Purpose::PingNonce(conn) => (1, Some(conn)),
        Purpose::Salt => (2, None),
        Purpose::Jitter => (3, None),
        _ => return Err(Unsupported),
    };
    out.push(code);
    if let Some(conn) = conn {
        put_varint(out, conn.0);
    }
    out.extend_from_slice(&drawn.word.to_le_bytes());
    Ok(())
}

/// A count, then so many draws.
pub(super) fn take_draws(fields: &mut Fields<'_>, draws: &mut Vec<Drawn>) -> Result<(), ErrorKind> {
    let count = fields.varint("number of draws")?;
    for _ in 0..count {
        let purpose = match fields.byte("purpose of a draw")? {
            0 => Purpose::VersionNonce(take_conn(fields)?),
            1 => Purpose::PingNonce(take_conn(fields)?),
            2 => Purpose::Salt,
            3 => Purpose::Jitter,
            other => return Err(fields.unknown("purpose of a draw", u64::from(other))),
        };
        draws.push(Drawn { purpose, word: u64::from_le_bytes(fields.array("drawn word")?) });
    }
    Ok(())
}

/// A step's body: time since the step before · count of draws and draws, if `number` says so · mark,
/// if it says so · the input's fields.
pub(super) fn take_step<'a>(
    fields: &mut Fields<'a>,
    number: u8,
    last: Instant,
    scratch: &'a mut Scratch,
) -> Result<StepView<'a>, ErrorKind> {
    let delta = fields.at_most("time", u64::MAX - last.as_micros())?;
    let at = Instant::from_micros(last.as_micros() + delta);
    let Scratch { draws, addrs } = scratch;
    draws.clear();
    if number & kind::WITH_DRAWS != 0 {
        take_draws(fields, draws)?;
        if draws.is_empty() {
            return Err(ErrorKind::not("number of draws", 0, 1));
        }
    }
    let mark =
        if number & kind::WITH_MARK == 0 { None } else { Some(Mark(fields.array("mark of the outputs")?)) };
    let input = take_input(fields, number & kind::INPUT, addrs)?;
    fields.end()?;
    Ok(StepView { at, input, draws, mark })
}
