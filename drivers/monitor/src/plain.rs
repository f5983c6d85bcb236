//! Text that somebody else wrote.

use std::fmt;

/// Shows a text without its control characters, with which it could steer a terminal: a journal says whatever
/// its writer wanted.
pub(crate) struct Plain<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.0.to_string().chars().filter(|char| !char.is_control()).try_for_each(|char| f.write_char(char))
    }
}
