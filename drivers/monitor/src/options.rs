//! The part of the command line that shapes the lines of a run. It is kept in the journal, so that a replay prints the
//! same without being told again.
//!
//! Whether they are JSON or for people is not among it: that goes by the flags and the standard output of the moment.

use std::num::NonZeroU64;

use satwire_capture::journal::Prologue;

use crate::event_set::EventSet;

/// The options, each under the name of its flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// `--debug net`: every message is told, and those that are ignored.
    pub(crate) debug_net: bool,
    /// `--hex`: the bytes of messages are shown, with labels.
    pub(crate) hex: bool,
    /// `--count`: with this transaction a run ends, and what comes after it is not told until the node stops.
    pub(crate) count: Option<NonZeroU64>,
    /// `--events`: these are told.
    pub(crate) events: Option<EventSet>,
}

impl Options {
    /// The events that are told: those of the list if there is one, and what `--debug net` adds.
    pub(crate) fn told(self) -> EventSet {
        let told = self.events.unwrap_or_else(EventSet::usual);
        if self.debug_net { told.with_net() } else { told }
    }

    /// As a journal keeps them: those that differ from what they are without a flag.
    pub(crate) fn to_pairs(self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        if self.debug_net {
            pairs.push(("debug".into(), "net".into()));
        }
        if self.hex {
            pairs.push(("hex".into(), "1".into()));
        }
        if let Some(count) = self.count {
            pairs.push(("count".into(), count.to_string()));
        }
        if let Some(events) = self.events {
            pairs.push(("events".into(), events.list()));
        }
        pairs
    }

    /// The options of a journal; and those options, as `name=value`, that this program does not know.
    pub(crate) fn recorded(prologue: &Prologue) -> (Self, Vec<String>) {
        let (mut options, mut unknown) = (Self::default(), Vec::new());
        for (name, value) in &prologue.options {
            match (&**name, &**value, value.parse()) {
                ("debug", "net", _) => options.debug_net = true,
                ("hex", "1", _) => options.hex = true,
                ("count", _, Ok(count)) => options.count = Some(count),
                ("events", list, _) => {
                    let (events, newer) = EventSet::named(list.split(','));
                    options.events = Some(events);
                    unknown.extend(newer.into_iter().map(|event| format!("events={event}")));
                }
                _ => unknown.push(format!("{name}={value}")),
            }
        }
        (options, unknown)
    }
}

#[cfg(test)]
mod tests {
    use satwire_core::{Config, WallClock};

    use super::*;

    #[test]
    fn options_are_read_as_they_were_written() {
        let prologue = |pairs| Prologue::new("", Config::default(), WallClock::default()).with_options(pairs);
        for options in [
            Options::default(),
            Options { debug_net: true, hex: true, ..Options::default() },
            Options { debug_net: true, ..Options::default() },
            Options { count: NonZeroU64::new(7), ..Options::default() },
            Options { events: EventSet::parse("tx,ignored").ok(), ..Options::default() },
            Options { events: EventSet::parse("start").ok(), ..Options::default() },
        ] {
            assert_eq!(Options::recorded(&prologue(options.to_pairs())), (options, vec![]));
        }
        let newer =
            [("count", "7"), ("count", "0"), ("events", "tx,tx_new"), ("debug", "all"), ("later", "1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (options, unknown) = Options::recorded(&prologue(newer.into()));
        let events = EventSet::parse("tx").ok();
        assert_eq!(options, Options { count: NonZeroU64::new(7), events, ..Options::default() });
        assert_eq!(unknown, ["count=0", "events=tx_new", "debug=all", "later=1"]);
    }
}
