//! Sessions that differ from their recording.

use satwire_core::node::ConnId;

use super::{Numbered, Shrunk, TestCase, write_steps};
use crate::journal::{DIGEST, Digested, Sink, Step, WrongDraw};

/// The first step in which a program does something else than was recorded: see [the module](super).
#[derive(Clone, Debug)]
pub struct Difference {
    /// The number of the step's record.
    pub number: u64,
    /// This program's words in it.
    said: [u8; DIGEST],
    /// Its draws in it, if that is the difference.
    wrong: Option<WrongDraw>,
    /// The subject of the step.
    conn: Option<ConnId>,
    /// The program is silent where the recorded one was not.
    silent: bool,
}

impl Difference {
    /// The first difference of a case, if a step shows one.
    pub fn of(case: &TestCase) -> Option<Self> {
        let mut recorded = case.steps.iter();
        let mut found = None;
        case.play(Digested::new, |told, environment| {
            let Some(numbered) = recorded.find(|numbered| numbered.number == told.number) else { return };
            let mark = (!environment.digest().is_silent()).then(|| environment.digest().mark());
            if found.is_none() && (told.wrong.is_some() || mark != numbered.step.mark) {
                found = Some(Self {
                    number: told.number,
                    said: environment.digest().step(),
                    wrong: told.wrong,
                    conn: numbered.step.input.conn(),
                    silent: match told.wrong {
                        Some(wrong) => wrong.got.is_none(),
                        None => mark.is_none(),
                    },
                });
            }
        });
        found
    }

    /// Whether the case still has the step, and this program still does the same in it.
    pub fn holds(&self, case: &TestCase) -> bool {
        let at = case.steps.iter().position(|numbered| numbered.number == self.number);
        if at.is_none_or(|at| at + 1 != case.steps.len()) {
            return false;
        }
        let mut holds = false;
        case.play(Digested::new, |told, environment| {
            if told.number == self.number {
                let said = (environment.digest().step(), told.wrong, told.step.input.conn());
                holds = said == (self.said, self.wrong, self.conn);
            }
        });
        holds
    }

    /// The part of a case that may be left out: all that lies after the step goes, and where a silence
    /// is to be kept, what the step is about stays.
    pub fn cut(&self, case: &TestCase) -> TestCase {
        let end = case.steps.iter().take_while(|numbered| numbered.number <= self.number).count();
        case.with(case.steps[..end].to_vec())
    }

    /// Whether everything that must stay is there: of a silence nobody can tell the cause.
    fn keeps(&self, cut: &TestCase, case: &TestCase) -> bool {
        let stays = |numbered: &&Numbered| {
            let conn = numbered.step.input.conn();
            self.conn.is_none() || conn.is_none() || conn == self.conn
        };
        !self.silent || cut.steps.iter().filter(stays).eq(case.steps.iter().filter(stays))
    }

    /// Makes the case smaller as long as the difference holds.
    pub fn shrink(&self, case: &TestCase, tries: u32) -> Shrunk {
        let cut = self.cut(case);
        cut.shrink(tries, |smaller| self.keeps(&cut, smaller) && self.holds(smaller))
    }

    /// Writes the journal of a case for which the difference holds: the steps before with the marks of
    /// this program, the step itself as it was recorded.
    pub fn write(&self, case: &TestCase, sink: impl Sink) -> std::io::Result<()> {
        let mut steps = Vec::<Step>::new();
        case.play(Digested::new, |told, environment| {
            let mark = (!environment.digest().is_silent()).then(|| environment.digest().mark());
            let mut step = Step { mark, ..told.step.clone() };
            if let Some(numbered) =
                case.steps.last().filter(|last| last.number == self.number && last.number == told.number)
            {
                step.mark = numbered.step.mark;
                if told.wrong.is_some() {
                    step.draws.clone_from(&numbered.step.draws);
                }
            }
            steps.push(step);
        });
        write_steps(&case.prologue, &steps, sink)
    }
}
