//! The kind of standard output, and how lines for people look on it.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

/// The kind of stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stdout {
    pub(crate) is_terminal: bool,
    pub(crate) look: Look,
}

/// How lines for people look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) color: bool,
    /// Signs that are not ASCII can be shown.
    pub(crate) unicode: bool,
    /// Characters that fit in a line.
    pub(crate) width: usize,
}

impl Look {
    /// The width where none is known: a line about a transaction fits with all that it can say.
    pub(crate) const WIDTH: usize = 124;

    /// The look that tests take: without color, which a file and a pipe do not show.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { color: false, unicode: true, width: Self::WIDTH };
}

impl Stdout {
    /// Finds out what it is.
    pub(crate) fn detect() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let width = is_terminal.then(|| terminal_size::terminal_size_of(io::stdout())).flatten();
        Self::of(is_terminal, width.map(|(width, _)| width.0), |name| std::env::var_os(name))
    }

    /// The kind by its terminal's width and the environment.
    fn of(is_terminal: bool, width: Option<u16>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        let is_dumb = given("TERM").is_some_and(|term| term == "dumb");
        let look = Look {
            color: is_terminal && !is_dumb && given("NO_COLOR").is_none(),
            // In the order of setlocale(3); what is not set is the locale "C".
            unicode: !cfg!(unix)
                || ["LC_ALL", "LC_CTYPE", "LANG"]
                    .into_iter()
                    .find_map(given)
                    .is_some_and(|name| is_utf8(&name)),
            width: width.filter(|width| *width > 0).map_or(Look::WIDTH, usize::from),
        };
        Self { is_terminal, look }
    }
}

/// Whether the name of a locale, such as `en_GB.UTF-8@euro`, says that its characters are in UTF-8.
fn is_utf8(locale: &OsString) -> bool {
    let name = locale.to_string_lossy().to_ascii_lowercase();
    let charset = name.split_once('.').map_or("", |(_, charset)| charset);
    matches!(charset.split('@').next(), Some("utf-8" | "utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(is_terminal: bool, width: Option<u16>, environment: &[(&str, &str)]) -> Look {
        let variable = |wanted: &str| {
            environment.iter().find_map(|(name, value)| (*name == wanted).then(|| OsString::from(*value)))
        };
        Stdout::of(is_terminal, width, variable).look
    }

    #[cfg(unix)]
    #[test]
    fn the_locale_decides_on_signs() {
        for (environment, unicode) in [
            (&[][..], false),
            (&[("LANG", "C")], false),
            (&[("LANG", "POSIX")], false),
            (&[("LANG", "en_GB")], false),
            (&[("LANG", "en_GB.ISO-8859-1")], false),
            (&[("LANG", "C.UTF-8")], true),
            (&[("LANG", "de_DE.utf8")], true),
            (&[("LANG", "de_DE.UTF-8@euro")], true),
            (&[("LANG", "C.UTF-8"), ("LC_CTYPE", "C")], false),
            (&[("LANG", "C"), ("LC_CTYPE", "C.UTF-8")], true),
            (&[("LC_CTYPE", "C.UTF-8"), ("LC_ALL", "C")], false),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", ""), ("LC_CTYPE", "")], true),
        ] {
            assert_eq!(look(true, None, environment).unicode, unicode, "{environment:?}");
        }
    }

    #[test]
    fn color_is_for_terminals_that_want_it() {
        assert!(look(true, None, &[("TERM", "xterm")]).color && look(true, None, &[("NO_COLOR", "")]).color);
        assert!(!look(true, None, &[("TERM", "dumb")]).color);
        assert!(!look(true, None, &[("NO_COLOR", "1")]).color);
        assert!(!look(false, None, &[("TERM", "xterm")]).color);
    }

    #[test]
    fn a_width_that_is_none_is_not_taken() {
        assert_eq!(look(true, Some(80), &[]).width, 80);
        assert_eq!(look(true, Some(0), &[]).width, Look::WIDTH);
        assert_eq!(look(false, None, &[]).width, Look::WIDTH);
    }
}
