//! Why the program does nothing: help was wanted, or the command line is wrong.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The text to print instead of doing something, and how to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// With its line break at the end.
    pub(crate) text: String,
    /// 0 if this is what the user asked for: then it belongs on stdout, otherwise on stderr.
    pub(crate) exit_code: u8,
}

impl Refusal {
    /// The command line is wrong, for this reason.
    pub(super) fn usage(reason: &str, verb: Option<&str>) -> Self {
        let (space, verb) = if let Some(verb) = verb { (" ", verb) } else { ("", "") };
        Self { text: format!("satwire: {reason}; try 'satwire{space}{verb} --help'\n"), exit_code: 2 }
    }

    /// The words of clap, errors on one line.
    pub(super) fn of(error: &clap::Error, args: &[OsString], verb: Option<&str>) -> Self {
        let text = error.render().to_string();
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Self { text, exit_code: 0 },
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Self { text, exit_code: 2 },
            // Clap does not say which.
            ErrorKind::InvalidUtf8 => {
                let foreign = args.iter().find(|arg| arg.to_str().is_none()).map(|arg| arg.to_string_lossy());
                let shown = foreign.unwrap_or_default();
                Self::usage(
                    &format!("argument '{shown}' is no text in UTF-8: only file names need not be"),
                    verb,
                )
            }
            kind => {
                let tips = kind != ErrorKind::UnknownArgument || is_slip(error);
                Self::usage(&on_one_line(&text, tips), verb)
            }
        }
    }
}

/// Whether the flag that clap suggests may be the one that was meant: a letter more, less, or another, or two
/// that changed places. Its own idea of likeness takes `--noconnect` for `--connect`, which is the opposite.
fn is_slip(error: &clap::Error) -> bool {
    let flag = |kind| match error.get(kind) {
        Some(ContextValue::String(flag)) => Some(flag),
        _ => None,
    };
    let both = flag(ContextKind::InvalidArg).zip(flag(ContextKind::SuggestedArg));
    both.is_some_and(|(typed, suggested)| strsim::osa_distance(typed, suggested) == 1)
}

/// Returns clap's message without its usage lines; tips, if wanted, are set off by a semicolon.
fn on_one_line(text: &str, tips: bool) -> String {
    let mut line = String::new();
    let said = text.lines().map(str::trim).take_while(|part| !part.starts_with("Usage:"));
    let said = said.filter(|part| tips || !part.starts_with("tip: "));
    for part in said.filter(|part| !part.is_empty() && !part.starts_with("For more information")) {
        let part = part.strip_prefix("error: ").unwrap_or(part);
        if !line.is_empty() {
            line.push_str(if part.starts_with("tip: ") { "; " } else { " " });
        }
        line.push_str(part.strip_prefix("tip: ").unwrap_or(part));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_lines_become_one() {
        let text = "error: unexpected argument '--conect' found\n\n  tip: a similar argument exists: \
                    '--connect'\n\nUsage: satwire watch [OPTIONS]\n\nFor more information, try '--help'.\n";
        assert_eq!(
            on_one_line(text, true),
            "unexpected argument '--conect' found; a similar argument exists: '--connect'"
        );
        assert_eq!(on_one_line(text, false), "unexpected argument '--conect' found");
        assert_eq!(Refusal::usage("no", Some("watch")).text, "satwire: no; try 'satwire watch --help'\n");
        assert_eq!(Refusal::usage("no", None).text, "satwire: no; try 'satwire --help'\n");
    }
}
