//! A journal into a node again.

use std::fmt;
use std::io::Read;

use satwire_core::node::{Environment, Output};
use satwire_core::{Config, Instant, Machine, Node, WallClock};

use super::digest::SharedDigest;
use super::reader::View;
use super::{DIGEST, Digested, Ending, Error, Mark, Reader, Tape, WrongDraw};

/// Plays a journal: makes the node that was recorded and feeds it what it was fed, as a stream.
///
/// Everything that the node says is compared with what it said when it was recorded, step by step and
/// by the digests. The node may stand in another [`Machine`], which is fed in its place.
#[derive(Debug)]
pub struct Player<R, M = Node<Digested<Tape>>> {
    reader: Reader<R>,
    tape: Tape,
    machine: M,
    /// Of what the node says, wherever it stands.
    digest: SharedDigest,
    /// Of the last step.
    at: Instant,
    /// A difference that was there before the first step.
    wrong: Option<WrongDraw>,
}

/// A record that was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Played {
    /// Its number; the prologue is 0.
    pub number: u64,
    /// The time of the step, or of the last one before a digest.
    pub at: Instant,
}

/// Why a journal was not played further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] Error),
    /// The node does something else now.
    #[error(transparent)]
    Difference(#[from] Difference),
    /// It is the import of another program's capture, which no node can play.
    #[error("the import of a capture that another program made: it is observed, not played")]
    Import,
    /// It is a later file of a journal that is kept in several, without those before it.
    #[error(
        "file {0} of a journal that is kept in several, without those before it: it is observed, not played"
    )]
    Part(u32),
}

/// The first point at which a replay does not do what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {number} at {}.{:06} s: {what}", .at.as_micros() / 1_000_000, .at.as_micros() % 1_000_000)]
#[non_exhaustive]
pub struct Difference {
    /// The number of the record; the prologue is 0.
    pub number: u64,
    /// The time of the step, or of the last one before a digest.
    pub at: Instant,
    /// The difference.
    pub what: What,
}

/// A difference of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A random word was drawn for something else, or not at all.
    Draw(WrongDraw),
    /// The node said something else in this step; `None` stands for nothing.
    Said {
        /// The mark that was recorded.
        expected: Option<Mark>,
        /// The mark now.
        got: Option<Mark>,
    },
    /// The node said something else since the digest before.
    Digest {
        /// The digest that was recorded.
        expected: [u8; DIGEST],
        /// The digest now.
        got: [u8; DIGEST],
    },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Draw(wrong) => wrong.fmt(f),
            Self::Said { expected, got } => {
                f.write_str("expected ")?;
                put_said(f, *expected)?;
                f.write_str(", got ")?;
                put_said(f, *got)
            }
            Self::Digest { expected, got } => {
                f.write_str("expected digest ")?;
                put_hex(f, expected)?;
                f.write_str(", got ")?;
                put_hex(f, got)
            }
        }
    }
}

fn put_said(f: &mut fmt::Formatter<'_>, mark: Option<Mark>) -> fmt::Result {
    match mark {
        Some(mark) => write!(f, "output with mark {mark}"),
        None => f.write_str("no output"),
    }
}

fn put_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl<R: Read> Player<R> {
    /// A player that nobody watches. Nothing is handed to the node yet.
    pub fn new(reader: Reader<R>) -> Self {
        Self::watched(reader, |tape| tape)
    }
}

impl<R: Read, E: Environment> Player<R, Node<Digested<E>>> {
    /// A player whose node is watched by the environment that `watch` makes: a transcript, another recorder.
    /// It must take its random words from the [`Tape`] that it is given.
    pub fn watched(reader: Reader<R>, watch: impl FnOnce(Tape) -> E) -> Self {
        Self::make(reader, watch, Node::new)
    }

    /// The node, as it is after the last record that was played.
    pub const fn node(&self) -> &Node<Digested<E>> {
        &self.machine
    }

    /// The environment that watches.
    pub const fn environment(&self) -> &E {
        &self.machine.environment().inner
    }

    /// The environment that watches, to be changed.
    pub const fn environment_mut(&mut self) -> &mut E {
        &mut self.machine.environment_mut().inner
    }
}

impl<R: Read, M: Machine> Player<R, M> {
    /// A player of the machine that `make` makes: a [`Node`] with this configuration, clock and environment, and
    /// whatever stands around it. The outputs of the node are compared; those of the machine around it are not.
    ///
    /// An environment around the one that is given must hand on all that it is told.
    pub fn with_machine(
        reader: Reader<R>,
        make: impl FnOnce(Config, WallClock, Digested<Tape>) -> M,
    ) -> Self {
        Self::make(reader, |tape| tape, make)
    }

    fn make<E>(
        reader: Reader<R>,
        watch: impl FnOnce(Tape) -> E,
        machine: impl FnOnce(Config, WallClock, Digested<E>) -> M,
    ) -> Self {
        let tape = Tape::new();
        let prologue = reader.prologue();
        tape.load(&prologue.draws);
        let environment = Digested::new(watch(tape.clone()));
        let digest = environment.share();
        let machine = machine(prologue.config.clone(), prologue.clock, environment);
        let wrong = tape.check().err();
        Self { reader, tape, machine, digest, at: Instant::ZERO, wrong }
    }

    /// Plays the next record. The outputs are at [`Player::poll`] then; everything that it wants
    /// written counts as written. `None` at the end of the journal: [`Player::ending`] says what kind
    /// of end.
    ///
    /// After an error there is no next record.
    pub fn step(&mut self) -> Result<Option<Played>, PlayError> {
        if self.reader.prologue().origin.is_some() {
            self.reader.stop();
            return Err(PlayError::Import);
        }
        if let Some(continuation) = &self.reader.prologue().continuation {
            let part = continuation.part;
            self.reader.stop();
            return Err(PlayError::Part(part));
        }
        if let Some(wrong) = self.wrong.take() {
            return self.differ(0, What::Draw(wrong));
        }
        let Some(view) = self.reader.next_view() else { return Ok(None) };
        let (number, _, view) = view?;
        match view {
            View::Step(step) => {
                let count = self.digest.borrow().count();
                let expected = step.mark;
                self.at = step.at;
                self.tape.load(step.draws);
                self.machine.handle(step.at, step.input);
                if let Err(wrong) = self.tape.check() {
                    return self.differ(number, What::Draw(wrong));
                }
                let digest = self.digest.borrow();
                let got = (digest.count() != count).then(|| digest.mark());
                drop(digest);
                if got != expected {
                    return self.differ(number, What::Said { expected, got });
                }
            }
            View::Observation(_) => return Err(PlayError::Import),
            View::Digest(expected) => {
                let got = self.digest.borrow().sum();
                if got != expected {
                    return self.differ(number, What::Digest { expected, got });
                }
            }
        }
        Ok(Some(Played { number, at: self.at }))
    }

    /// Plays all records that are left and gives each order and event to `each`.
    pub fn run(&mut self, mut each: impl FnMut(Output<M::Event>)) -> Result<Ending, PlayError> {
        loop {
            let played = self.step();
            while let Some(output) = self.poll() {
                each(output);
            }
            if played?.is_none() {
                return Ok(self.ending());
            }
        }
    }

    /// The next order or event. [`Output::Transmit`] is not among them: what it asks for is done.
    pub fn poll(&mut self) -> Option<Output<M::Event>> {
        loop {
            match self.machine.poll()? {
                Output::Transmit(conn) => {
                    let all = self.machine.transmit(conn).len();
                    self.machine.transmitted(conn, all);
                }
                output => return Some(output),
            }
        }
    }

    /// How the journal ends, as far as it is known: where it is cut, unless the end mark was read.
    pub const fn ending(&self) -> Ending {
        self.reader.ending()
    }

    /// The machine, as it is after the last record that was played.
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, to be changed by what is no input.
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The journal.
    pub const fn reader(&self) -> &Reader<R> {
        &self.reader
    }

    fn differ(&mut self, number: u64, what: What) -> Result<Option<Played>, PlayError> {
        self.reader.stop();
        Err(Difference { number, at: self.at, what }.into())
    }
}
