//! Recorded random words, handed out again.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use satwire_core::node::{Environment, Purpose};

use super::Drawn;

/// An [`Environment`] that hands out recorded words, in their order, and notes when something else is asked
/// for. Clones share the words: one goes into the node, one stays with who feeds it.
#[derive(Clone, Debug, Default)]
pub struct Tape(Rc<RefCell<Words>>);

#[derive(Debug, Default)]
struct Words {
    left: VecDeque<Drawn>,
    wrong: Option<WrongDraw>,
}

/// A draw that is not what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongDraw {
    /// The recorded draw; `None` if there was no further draw.
    pub expected: Option<Purpose>,
    /// The purpose asked for; `None` if nothing was.
    pub got: Option<Purpose>,
}

impl fmt::Display for WrongDraw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected ")?;
        put_purpose(f, self.expected)?;
        f.write_str(", got ")?;
        put_purpose(f, self.got)
    }
}

fn put_purpose(f: &mut fmt::Formatter<'_>, purpose: Option<Purpose>) -> fmt::Result {
    match purpose {
        None => f.write_str("no draw"),
        Some(Purpose::VersionNonce(conn)) => write!(f, "a draw for the version nonce of {conn}"),
        Some(Purpose::PingNonce(conn)) => write!(f, "a draw for a ping nonce of {conn}"),
        Some(Purpose::Salt) => f.write_str("a draw for a salt"),
        Some(Purpose::Jitter) => f.write_str("a draw for a jitter"),
        Some(Purpose::Stuck(conn)) => write!(f, "a look at whether {conn} is stuck"),
        Some(other) => write!(f, "a draw for {other:?}"),
    }
}

impl Tape {
    /// A tape without words.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the words of one step, before its input is handled.
    pub fn load(&self, draws: &[Drawn]) {
        if !draws.is_empty() {
            self.0.borrow_mut().left.extend(draws);
        }
    }

    /// Asks whether all words were drawn, for what they were recorded for, and no others; then starts
    /// anew.
    pub fn check(&self) -> Result<(), WrongDraw> {
        let words = &mut *self.0.borrow_mut();
        let left = words.left.front().map(|next| WrongDraw { expected: Some(next.purpose), got: None });
        words.left.clear();
        words.wrong.take().or(left).map_or(Ok(()), Err)
    }
}

impl Environment for Tape {
    /// The next word; 0 if there is none.
    fn draw(&mut self, purpose: Purpose) -> u64 {
        let words = &mut *self.0.borrow_mut();
        let next = words.left.pop_front();
        let expected = next.map(|drawn| drawn.purpose);
        if expected != Some(purpose) {
            words.wrong.get_or_insert(WrongDraw { expected, got: Some(purpose) });
        }
        next.map_or(0, |drawn| drawn.word)
    }

    fn observe(&mut self, purpose: Purpose, _seen: u64) -> u64 {
        self.draw(purpose)
    }
}
