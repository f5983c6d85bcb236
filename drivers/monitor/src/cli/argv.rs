//! The treatment of the arguments before clap sees them: Bitcoin Core's spelling becomes clap's.

use std::ffi::OsString;

use super::Refusal;

/// The verbs, for hints: `try 'satwire watch --help'`.
const VERBS: [&str; 6] = ["watch", "demo", "decoderawtransaction", "replay", "capinfo", "diff"];

/// Turns `-name` and `-name=value` into `--name` and `--name=value`. Words after `--` are left alone, so are `-h`, `-V`
/// and negative numbers.
pub(super) fn with_two_dashes(args: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>, Refusal> {
    let mut only_values = false;
    let mut rewritten = Vec::new();
    for arg in args {
        // Messages repeat arguments, and are one line each: none may hold a line break or worse.
        let text = arg.to_string_lossy();
        if !rewritten.is_empty() && text.contains(char::is_control) {
            let shown = text.escape_debug();
            return Err(Refusal::usage(&format!("argument '{shown}' has a control character in it"), None));
        }
        only_values |= text == "--";
        rewritten.push(match &*text {
            "-?" if !only_values => "--help".into(),
            text if !only_values && !rewritten.is_empty() && is_long_name(text) => {
                let mut long = OsString::from("-");
                long.push(&arg);
                long
            }
            _ => arg,
        });
    }
    Ok(rewritten)
}

/// Whether it is one dash and at least two characters of which the first is a letter.
fn is_long_name(arg: &str) -> bool {
    let Some(name) = arg.strip_prefix('-') else { return false };
    name.len() > 1 && name.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// The verb among the arguments, if it is one of ours.
pub(super) fn verb(args: &[OsString]) -> Option<&'static str> {
    let given = args.iter().skip(1).find(|arg| !arg.to_string_lossy().starts_with('-'))?;
    VERBS.into_iter().find(|verb| given == verb)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(args: &[&str]) -> Vec<String> {
        let args = ["satwire"].iter().chain(args).map(OsString::from);
        let rewritten = with_two_dashes(args).unwrap();
        rewritten.into_iter().skip(1).map(|arg| arg.into_string().unwrap()).collect()
    }

    #[test]
    fn one_dash_becomes_two() {
        for (given, expected) in [
            ("-connect=[::1]:18444", "--connect=[::1]:18444"),
            ("-regtest", "--regtest"),
            ("--regtest", "--regtest"),
            ("-help", "--help"),
            ("-?", "--help"),
            ("-h", "-h"),
            ("-V", "-V"),
            ("-5", "-5"),
            ("-0.5", "-0.5"),
            ("-.5", "-.5"),
            ("-", "-"),
            ("watch", "watch"),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(rewrite(&[given]), [expected]);
        }
        assert_eq!(rewrite(&["-json", "--", "-json", "-?"]), ["--json", "--", "-json", "-?"]);
    }

    #[test]
    fn control_characters_are_refused_on_one_line() {
        let refusal =
            with_two_dashes(["satwire", "watch", "--connect", "a\nUsage: b\x1b[0m"].map(OsString::from));
        let text = refusal.unwrap_err().text;
        assert!(text.contains(r"a\nUsage: b\u{1b}[0m"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn the_verb_is_found() {
        let verb_of = |args: &[&str]| verb(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(verb_of(&["satwire", "--json", "watch"]), Some("watch"));
        assert_eq!(verb_of(&["satwire", "wach"]), None);
        assert_eq!(verb_of(&["watch"]), None);
    }
}
