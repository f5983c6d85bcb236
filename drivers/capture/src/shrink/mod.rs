//! A recorded session as a test case, made smaller as long as it still does what is looked for.
//!
//! [`TestCase::shrink`] leaves out peers, then messages, then bytes, and asks after each whether it
//! [`holds`](TestCase::shrink) still: delta debugging, with so many tries and no more, the same ones in every
//! run. A step that is left out changes everything after it, so a case is not replayed strictly. It is *played*:
//! connections get the names that the node gives them now, and a random word that was drawn for the same
//! purpose in the same step is drawn again, another one is made up.
//!
//! # What may be looked for
//!
//! **A panic** and **a connection that closes for a reason** mean the same in any case.
//!
//! **A difference** does not: if inputs are left out, what the recorded program would have said to the others
//! is not known. Known are its words in the first step that differs, by their mark, and those that the
//! program says now. [`Difference`] therefore holds if that step is still there, and *this* program says in it
//! to the byte what it said when it differed from the recording. The smaller journal gets the steps before
//! anew, with the marks of this program, which were those of the recorded one as well; and the step itself as
//! it was recorded, with the mark of what the recorded program said. So it differs there under this program,
//! and agrees under one that is repaired, provided that what the recorded program said there did not hang on
//! what was left out: replaying with the program that recorded shows whether that is so.
//!
//! Where this program says nothing, or does not draw, any case without a cause would do the same. Then only
//! what concerns other connections than that step's is left out, and if the step concerns none, only what
//! comes after it.

mod differ;
mod play;
mod units;

use std::io::Read;

use satwire_core::node::{Event, EventKind, Output};

pub use self::differ::Difference;
pub use self::play::{Told, Words};
use self::units::{Frame, Units};
use crate::journal::{EndReason, Error, OwnedInput, Prologue, Reader, Record, Recorder, Sink, Step, Writer};

/// How many tries [`TestCase::shrink`] is given by those who have no opinion.
pub const TRIES: u32 = 5000;

/// The story of a journal, in memory: a recorded session, or what is left of one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestCase {
    /// The making of the node.
    pub prologue: Prologue,
    steps: Vec<Numbered>,
    names: play::Names,
}

/// A step, and the number of its record in the journal that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Numbered {
    /// The record's number; the prologue is 0.
    pub number: u64,
    /// The step.
    pub step: Step,
}

/// The outcome of a case.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Shrunk {
    /// The smallest case that was found.
    pub case: TestCase,
    /// How often it was asked whether one holds.
    pub tries: u32,
    /// The tries were used up: more might have gone.
    pub gave_up: bool,
}

impl TestCase {
    /// Reads a journal to its end or to where it is damaged, which is told beside it.
    ///
    /// It is then played once, to learn which connection belongs to whom. A node that panics is caught.
    pub fn read<R: Read>(mut reader: Reader<R>) -> (Self, Option<Error>) {
        let prologue = reader.prologue().clone();
        let (mut steps, mut damage) = (Vec::new(), None);
        for entry in &mut reader {
            match entry {
                Ok(entry) => {
                    if let Record::Step(step) = entry.record {
                        steps.push(Numbered { number: entry.number, step });
                    }
                }
                Err(error) => damage = Some(error),
            }
        }
        let names = play::Names::learn(&prologue, &steps);
        (Self { prologue, steps, names }, damage)
    }

    /// The steps, as they were recorded.
    pub fn steps(&self) -> &[Numbered] {
        &self.steps
    }

    /// Bytes that are received, in all.
    pub fn received(&self) -> u64 {
        let received = |numbered: &Numbered| match &numbered.step.input {
            OwnedInput::Received(_, bytes) => bytes.len() as u64,
            _ => 0,
        };
        self.steps.iter().map(received).sum()
    }

    /// Whether a connection closes for the reason with this [word](satwire_core::CloseReason::as_str), or a
    /// dial fails for it.
    pub fn closes(&self, word: &str) -> bool {
        let mut found = false;
        let is_it = |output: &Output| match output {
            Output::Event(Event {
                kind: EventKind::Disconnected(reason) | EventKind::DialFailed { reason, .. },
                ..
            }) => reason.as_str() == word,
            _ => false,
        };
        self.play(|words| words, |told, _| found |= told.outputs.iter().any(is_it));
        found
    }

    /// Writes the journal of this case, played by this program.
    ///
    /// If the node panics, so does this; the journal has been written up to and with that step.
    pub fn write(&self, sink: impl Sink) -> std::io::Result<()> {
        let fresh = Prologue { draws: Vec::new(), ..self.prologue.clone() };
        let mut node = self.play(|words| Recorder::new(words, sink, fresh), |_, _| ());
        node.environment_mut().finish();
        match node.environment().ended() {
            Some(ended) if ended.reason != EndReason::Clean => Err(std::io::Error::other(ended.to_string())),
            _ => Ok(()),
        }
    }

    /// Looks for the smallest case for which `holds` is true, as it is for this one.
    pub fn shrink(&self, tries: u32, holds: impl FnMut(&Self) -> bool) -> Shrunk {
        let mut search = Search { best: self.clone(), left: tries, holds };
        search.tail();
        search.peers();
        search.messages();
        search.bytes();
        Shrunk { case: search.best, tries: tries - search.left, gave_up: search.left == 0 }
    }

    /// With other steps.
    fn with(&self, steps: Vec<Numbered>) -> Self {
        Self { prologue: self.prologue.clone(), steps, names: self.names.clone() }
    }
}

/// Writes steps that are known to the last mark.
fn write_steps(prologue: &Prologue, steps: &[Step], sink: impl Sink) -> std::io::Result<()> {
    let mut writer = Writer::new(sink, prologue);
    for step in steps {
        writer.step(step);
    }
    writer.finish(EndReason::Clean);
    match writer.ended() {
        Some(ended) if ended.reason != EndReason::Clean => Err(std::io::Error::other(ended.to_string())),
        _ => Ok(()),
    }
}

struct Search<F> {
    best: TestCase,
    left: u32,
    holds: F,
}

impl<F: FnMut(&TestCase) -> bool> Search<F> {
    /// Whether these steps hold; then they are the best so far. `None` once the tries are used up.
    fn holds(&mut self, steps: Vec<Numbered>) -> Option<bool> {
        self.left = self.left.checked_sub(1)?;
        let case = self.best.with(steps);
        let holds = (self.holds)(&case);
        if holds {
            self.best = case;
        }
        Some(holds)
    }

    /// The end goes first, by halves: whatever is looked for happens somewhere, and what comes after it is
    /// the easiest to leave out.
    fn tail(&mut self) {
        let (mut less, mut enough) = (0, self.best.steps.len());
        while less + 1 < enough && self.left > 0 {
            let middle = usize::midpoint(less, enough);
            let steps = self.best.steps[..middle].to_vec();
            if self.holds(steps) == Some(true) { enough = middle } else { less = middle }
        }
    }

    fn peers(&mut self) {
        let mut peers: Vec<_> =
            self.best.steps.iter().filter_map(|numbered| numbered.step.input.conn()).collect();
        peers.sort_unstable();
        peers.dedup();
        let all = self.best.steps.clone();
        thin(&peers, |peers| {
            let is_left = |numbered: &&Numbered| {
                numbered.step.input.conn().is_none_or(|conn| peers.binary_search(&conn).is_ok())
            };
            self.holds(all.iter().filter(is_left).cloned().collect())
        });
    }

    fn messages(&mut self) {
        let all = self.best.clone();
        let units = Units::of(&all);
        thin(&units.numbers(), |left| self.holds(units.steps(&all, left)));
    }

    fn bytes(&mut self) {
        // From the last message to the first: the cause is likely near the end.
        for place in (0..Units::of(&self.best).len()).rev() {
            if self.left == 0 {
                return;
            }
            let case = self.best.clone();
            let Some(frame) = Units::of(&case).frame(&case, place) else { continue };
            match frame {
                Frame::Whole(message) => {
                    // In one piece, where it came in several.
                    self.holds(Units::of(&case).replaced(
                        &case,
                        place,
                        &message.with_payload(&message.payload),
                    ));
                    let case = self.best.clone();
                    let rebuilt = |payload: &[u8]| message.with_payload(payload);
                    thin(&message.payload, |payload| {
                        self.holds(Units::of(&case).replaced(&case, place, &rebuilt(payload)))
                    });
                }
                Frame::Noise(bytes) => {
                    thin(&bytes, |bytes| self.holds(Units::of(&case).replaced(&case, place, bytes)));
                }
            }
        }
    }
}

/// Leaves out parts of `items`, large ones first, as long as `holds` is true for what is left: in the end
/// for no single one. It ends when `holds` does not say any more: there may be millions, and looking at
/// one costs as much as there are.
pub(crate) fn thin<T: Clone>(items: &[T], mut holds: impl FnMut(&[T]) -> Option<bool>) {
    let mut left = items.to_vec();
    let mut part = left.len();
    while part > 0 {
        let mut changed = false;
        let mut end = left.len();
        while end > 0 {
            let start = end.saturating_sub(part);
            let without = [&left[..start], &left[end..]].concat();
            let Some(holds) = holds(&without) else { return };
            if holds {
                left = without;
                changed = true;
            }
            end = start;
        }
        part = part.min(left.len());
        // Parts that could not go before may now that others have gone.
        if part > 1 {
            part = part.div_ceil(2);
        } else if !changed {
            part = 0;
        }
    }
}
