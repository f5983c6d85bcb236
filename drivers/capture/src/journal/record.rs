//! The records of a journal: steps and digests.

use std::fmt;

use satwire_core::Instant;
use satwire_core::node::{Input, Purpose};

use super::codec::{Fields, put_varint};
use super::input::{InputScratch, Unsupported, take_conn, take_input};
use super::kind::StepKind;
use super::{DIGEST, ErrorKind, Observation, OwnedInput};

/// One record after the prologue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// An input, and what it led to.
    Step(Step),
    /// A fact that the capture of another program shows.
    Observation(Observation),
    /// The digest of everything that the node said up to here: see [`Digest`](super::Digest). It
    /// ends a block.
    Digest([u8; DIGEST]),
}

/// One input, with everything else that decided what the node made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// When it was handled.
    pub at: Instant,
    /// The input.
    pub input: OwnedInput,
    /// The random words that were drawn while it was handled, and the observations, in their order.
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

/// The part of a step that does not lie in its record as it is handed out.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    draws: Vec<Drawn>,
    input: InputScratch,
}

/// The first bytes of the digest of a step: names the one in which a replay first says something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a value")]
pub struct Mark(pub [u8; 2]);

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", u16::from_be_bytes(self.0))
    }
}

/// A random word, and what it was drawn for; or an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a value: an environment has one for each draw")]
pub struct Drawn {
    /// Its purpose.
    pub purpose: Purpose,
    /// The word.
    pub word: u64,
}

/// The numbers of the purposes: a new one is an arm here and one in [`take_draws`].
///
/// Appends purpose · the connection where it is for one · word, eight bytes, little-endian.
pub(super) fn put_drawn(out: &mut Vec<u8>, drawn: Drawn) -> Result<(), Unsupported> {
    let (code, conn) = match drawn.purpose {
        Purpose::VersionNonce(conn) => (0, Some(conn)),
        Purpose::PingNonce(conn) => (1, Some(conn)),
        Purpose::Salt => (2, None),
        Purpose::Jitter => (3, None),
        Purpose::Stuck(conn) => (4, Some(conn)),
        _ => return Err(Unsupported),
    };
    put_varint(out, code);
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
        let purpose = match fields.varint("purpose of a draw")? {
            0 => Purpose::VersionNonce(take_conn(fields)?),
            1 => Purpose::PingNonce(take_conn(fields)?),
            2 => Purpose::Salt,
            3 => Purpose::Jitter,
            4 => Purpose::Stuck(take_conn(fields)?),
            other => return Err(fields.unknown("purpose of a draw", other)),
        };
        draws.push(Drawn { purpose, word: u64::from_le_bytes(fields.array("drawn word")?) });
    }
    Ok(())
}

/// A step's body: the input's number, unless the record's kind gave it · time since the step before · count of draws
/// and draws, if the kind says so · mark, if it says so · the input's fields.
pub(super) fn take_step<'a>(
    fields: &mut Fields<'a>,
    kind: StepKind,
    last: Instant,
    scratch: &'a mut Scratch,
) -> Result<StepView<'a>, ErrorKind> {
    let number = kind.input.map_or_else(|| fields.varint("number of an input"), Ok)?;
    let delta = fields.at_most("time", u64::MAX - last.as_micros())?;
    let at = Instant::from_micros(last.as_micros() + delta);
    let Scratch { draws, input } = scratch;
    draws.clear();
    if kind.draws {
        take_draws(fields, draws)?;
        if draws.is_empty() {
            return Err(ErrorKind::not("number of draws", 0, 1));
        }
    }
    let mark = if kind.mark { Some(Mark(fields.array("mark of the outputs")?)) } else { None };
    let input = take_input(fields, number, input)?;
    fields.end()?;
    Ok(StepView { at, input, draws, mark })
}
