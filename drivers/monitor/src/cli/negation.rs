//! Bitcoin Core's negation: `-noX` is `-X=0`, and takes back what was given before it.

use std::ffi::{OsStr, OsString};

use super::{Refusal, flags};

/// The meaning of the negation of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Negation {
    /// This value of the flag.
    Is(&'static str),
    /// That it was not given.
    Forget,
    /// Nothing, for this reason.
    No(&'static str),
}

const WAIT: &str = "without a limit a peer that does nothing is kept for ever: give a long time instead";

/// The meaning of `-noX`, for X.
fn negation(name: &str) -> Option<Negation> {
    Some(match name {
        "listen" | "testnet" | "testnet4" | "signet" | "regtest" | "simnet" | "json" | "human" | "quiet"
        | "force" | "debug" | "hex" => Negation::Is("0"),
        "connect" | "addnode" | "addpeer" | "bind" | "uacomment" | "record" | "record-size"
        | "record-keep" | "count" | "duration" | "events" | "report" | "until" | "shrink" | "out" | "us"
        | "from" | "to" => Negation::Forget,
        "timeout" | "peertimeout" | "pingtimeout" | "requesttimeout" => Negation::No(WAIT),
        "invtimeout" => Negation::No("a verdict closes no connection: give a long time instead"),
        "pinginterval" => {
            Negation::No("without pings a peer that is gone is kept for ever: give a long time instead")
        }
        "propagation" => Negation::No("to leave it out, name the events that you want with --events"),
        "chain" => Negation::No("a node is on one network: give --chain with its name"),
        "speed" => Negation::No("give --speed fast or --speed realtime"),
        _ => return None,
    })
}

/// Carries out the negations among the arguments, which have two dashes.
pub(super) fn resolve(args: Vec<OsString>, verb: Option<&str>) -> Result<Vec<OsString>, Refusal> {
    let command = flags::command();
    let Some(command) = verb.and_then(|verb| command.find_subcommand(verb)) else { return Ok(args) };
    let has = |name: &str| {
        command.get_arguments().any(|arg| {
            arg.get_long() == Some(name)
                || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
        })
    };
    let mut resolved: Vec<OsString> = Vec::with_capacity(args.len());
    let mut only_values = false;
    for arg in args {
        only_values |= arg == "--";
        let negated = arg.to_str().filter(|_| !only_values).and_then(|arg| arg.strip_prefix("--no"));
        let (name, value) = match negated.map(|negated| negated.split_once('=').unwrap_or((negated, "1"))) {
            Some((name, value)) if has(name) => (name, value),
            _ => {
                resolved.push(arg);
                continue;
            }
        };
        let is_off = match value {
            "1" => true,
            "0" => false,
            _ => return Err(Refusal::usage(&format!("'{value}' for --no{name}: give 1 or 0"), verb)),
        };
        match negation(name) {
            // Twice negated, as Core has it: `-nolisten=0` is `-listen`.
            Some(Negation::Is("0")) if !is_off => resolved.push(format!("--{name}=1").into()),
            Some(Negation::Is(value)) => resolved.push(format!("--{name}={value}").into()),
            Some(Negation::Forget) if is_off => forget(&mut resolved, name),
            Some(Negation::Forget) => {
                let reason =
                    format!("--no{name}=0 means --{name}, which needs a value: give --{name} with it");
                return Err(Refusal::usage(&reason, verb));
            }
            Some(Negation::No(reason)) => {
                return Err(Refusal::usage(&format!("--no{name}: {reason}"), verb));
            }
            None => resolved.push(arg),
        }
    }
    Ok(resolved)
}

/// Takes out what was given so far: `--name=value`, and `--name value`.
fn forget(args: &mut Vec<OsString>, name: &str) {
    let names: &[&str] =
        if matches!(name, "addnode" | "addpeer") { &["addnode", "addpeer"] } else { &[name] };
    let mut kept = Vec::with_capacity(args.len());
    let mut given = std::mem::take(args).into_iter().peekable();
    while let Some(arg) = given.next() {
        let text = arg.to_string_lossy();
        let rest = names.iter().find_map(|name| text.strip_prefix("--")?.strip_prefix(name));
        match rest {
            Some("") => drop(given.next_if(|next| !is_flag(next))),
            Some(rest) if rest.starts_with('=') => {}
            _ => kept.push(arg),
        }
    }
    *args = kept;
}

fn is_flag(arg: &OsStr) -> bool {
    arg.to_string_lossy().starts_with("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(verb: &str, line: &str) -> Result<String, String> {
        let args = ["satwire", verb].into_iter().chain(line.split_whitespace()).map(OsString::from);
        let resolved = resolve(args.collect(), Some(verb)).map_err(|refusal| refusal.text)?;
        let text = resolved.iter().skip(2).map(|arg| arg.to_str().unwrap()).collect::<Vec<_>>();
        Ok(text.join(" "))
    }

    #[test]
    fn negations() {
        for (line, expected) in [
            ("--nolisten", "--listen=0"),
            ("--nolisten=1", "--listen=0"),
            ("--nolisten=0", "--listen=1"),
            ("--nodebug", "--debug=0"),
            ("--connect a --connect=b --noconnect --connect c", "--connect c"),
            ("--connect --noconnect", ""),
            ("--connect a --json --noconnect", "--json"),
            ("--addnode a --addpeer b --noaddpeer", ""),
            ("--record a --norecord --count 5 --nocount", ""),
            ("--nosuchflag --connect a", "--nosuchflag --connect a"),
            ("--connect a -- --noconnect", "--connect a -- --noconnect"),
        ] {
            assert_eq!(resolved("watch", line).as_deref(), Ok(expected), "{line}");
        }
        // A flag that the verb does not have is not taken, whatever it would mean.
        assert_eq!(resolved("demo", "--noconnect").as_deref(), Ok("--noconnect"));
    }

    #[test]
    fn flags_that_cannot_be_negated_say_why() {
        for (line, word) in [
            ("--notimeout", "long time"),
            ("--nopinginterval", "without pings"),
            ("--nochain", "one network"),
            ("--nolisten=2", "give 1 or 0"),
            ("--noconnect=0", "needs a value"),
        ] {
            let text = resolved("watch", line).unwrap_err();
            assert!(text.contains(word) && text.lines().count() == 1, "{line}: {text}");
        }
    }

    /// A flag that is added has to say what its negation means.
    #[test]
    fn every_flag_has_a_negation() {
        for verb in flags::command().get_subcommands() {
            for name in verb.get_arguments().filter_map(|arg| arg.get_long()).filter(|name| *name != "help") {
                assert!(negation(name).is_some(), "{} --{name}", verb.get_name());
            }
        }
    }
}
