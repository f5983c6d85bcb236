//! Sessions that differ from their recording.

use std::io::Write;

use satwire_core::node::ConnId;

use super::{Numbered, Session, Shrunk, concerns, write_steps};
use crate::journal::{DIGEST, Digested, Step, WrongDraw};

/// The first step in which a program does something else than was recorded: see [the module](super).
#[derive(Clone, Debug)]
pub struct Difference {
    /// The number of the step's record.
    pub number: u64,
    /// What this program says in it.
    said: [u8; DIGEST],
    /// What it draws in it, if that is the difference.
    wrong: Option<WrongDraw>,
    /// What the step is about.
    conn: Option<ConnId>,
    /// The program is silent where the recorded one was not.
    silent: bool,
}

impl Difference {
    /// The first difference of a session, if a step shows one.
    pub fn of(session: &Session) -> Option<Self> {
        let mut recorded = session.steps.iter();
        let mut found = None;
        session.play(Digested::new, |told, environment| {
            let Some(numbered) = recorded.find(|numbered| numbered.number == told.number) else { return };
            let mark = (!environment.digest.is_silent()).then(|| environment.digest.mark());
            if found.is_none() && (told.wrong.is_some() || mark != numbered.step.mark) {
                found = Some(Self {
                    number: told.number,
                    said: environment.digest.step(),
                    wrong: told.wrong,
                    conn: concerns(&numbered.step.input),
                    silent: match told.wrong {
                        Some(wrong) => wrong.got.is_none(),
                        None => mark.is_none(),
                    },
                });
            }
        });
        found
    }

    /// Whether the session still has the step, and this program still does the same in it.
    pub fn holds(&self, session: &Session) -> bool {
        let at = session.steps.iter().position(|numbered| numbered.number == self.number);
        if at.is_none_or(|at| at + 1 != session.steps.len()) {
            return false;
        }
        let mut holds = false;
        session.play(Digested::new, |told, environment| {
            if told.number == self.number {
                let said = (environment.digest.step(), told.wrong, concerns(&told.step.input));
                holds = said == (self.said, self.wrong, self.conn);
            }
        });
        holds
    }

    /// The part of a session that may be left out: all that lies after the step goes, and where a silence
    /// is to be kept, what the step is about stays.
    pub fn cut(&self, session: &Session) -> Session {
        let end = session.steps.iter().take_while(|numbered| numbered.number <= self.number).count();
        session.with(session.steps[..end].to_vec())
    }

    /// Whether everything that must stay is there: of a silence nobody can tell the cause.
    fn keeps(&self, cut: &Session, session: &Session) -> bool {
        let stays = |numbered: &&Numbered| {
            let conn = concerns(&numbered.step.input);
            self.conn.is_none() || conn.is_none() || conn == self.conn
        };
        !self.silent || cut.steps.iter().filter(stays).eq(session.steps.iter().filter(stays))
    }

    /// Makes the session smaller as long as the difference holds.
    pub fn shrink(&self, session: &Session, tries: u32) -> Shrunk {
        let cut = self.cut(session);
        cut.shrink(tries, |smaller| self.keeps(&cut, smaller) && self.holds(smaller))
    }

    /// Writes the journal of a session for which the difference holds: the steps before with the marks of
    /// this program, the step itself as it was recorded.
    pub fn write(&self, session: &Session, sink: impl Write) -> std::io::Result<()> {
        let mut steps = Vec::<Step>::new();
        session.play(Digested::new, |told, environment| {
            let mark = (!environment.digest.is_silent()).then(|| environment.digest.mark());
            let mut step = Step { mark, ..told.step.clone() };
            if let Some(numbered) =
                session.steps.last().filter(|last| last.number == self.number && last.number == told.number)
            {
                step.mark = numbered.step.mark;
                if told.wrong.is_some() {
                    step.draws.clone_from(&numbered.step.draws);
                }
            }
            steps.push(step);
        });
        write_steps(&session.prologue, &steps, sink)
    }
}
