//! The events that are told, by their names in the JSON lines.

use satwire_core::node::EventKind;

/// The names, in alphabetical order. The place of each is its bit.
const NAMES: [&str; 21] = [
    "clock",
    "difference",
    "feefilter",
    "ignored",
    "loss",
    "message",
    "offline",
    "online",
    "opaque",
    "peer_connected",
    "peer_dial_failed",
    "peer_disconnected",
    "peer_handshake",
    "peer_ping",
    "peer_reject",
    "peer_verdict",
    "tx",
    "tx_announced",
    "tx_notfound",
    "tx_propagation",
    "tx_unanswered",
];

/// Those that only `--debug net` adds.
const NET: [&str; 2] = ["ignored", "message"];

/// Lines that frame the others, and are always told.
const FRAME: [&str; 3] = ["gap", "start", "summary"];

/// The name of an event in the JSON lines. `None` for one of which no line tells: the program asks for no messages, and
/// gives no inputs that can be refused.
pub(crate) const fn name(kind: &EventKind) -> Option<&'static str> {
    Some(match kind {
        EventKind::Clock(_) => "clock",
        EventKind::DialFailed { .. } => "peer_dial_failed",
        EventKind::Connected { .. } => "peer_connected",
        EventKind::Handshake(_) => "peer_handshake",
        EventKind::Pong { .. } => "peer_ping",
        EventKind::Feefilter(_) => "feefilter",
        EventKind::Announced(_) => "tx_announced",
        EventKind::Tx { .. } => "tx",
        EventKind::Propagation(_) => "tx_propagation",
        EventKind::Notfound(_) => "tx_notfound",
        EventKind::Unanswered(_) => "tx_unanswered",
        EventKind::Rejected(_) => "peer_reject",
        EventKind::Ignored { .. } => "ignored",
        EventKind::Verdict { .. } => "peer_verdict",
        EventKind::Offline { .. } => "offline",
        EventKind::Online { .. } => "online",
        EventKind::Disconnected(_) => "peer_disconnected",
        _ => return None,
    })
}

/// A set of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventSet(u32);

impl EventSet {
    const EMPTY: Self = Self(0);

    /// The events of these names, and the names that there are not.
    pub(crate) fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> (Self, Vec<&'a str>) {
        let (mut set, mut unknown) = (Self::EMPTY, Vec::new());
        for name in names {
            match NAMES.iter().position(|known| *known == name) {
                Some(bit) => set.0 |= 1 << bit,
                None if FRAME.contains(&name) => {}
                None => unknown.push(name),
            }
        }
        (set, unknown)
    }

    /// The events of a list, separated by commas.
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let (set, unknown) = Self::named(list.split(',').map(str::trim));
        match unknown.first() {
            None => Ok(set),
            Some(name) => {
                let mut names = [&NAMES[..], &FRAME].concat();
                names.sort_unstable();
                Err(format!("there is no event '{name}': give some of {}", names.join(",")))
            }
        }
    }

    /// Those that are told if no list says otherwise: all but what only [`EventSet::with_net`] adds.
    pub(crate) fn usual() -> Self {
        let (net, _) = Self::named(NET);
        Self(((1 << NAMES.len()) - 1) & !net.0)
    }

    /// Those, and what `--debug net` tells.
    #[must_use]
    pub(crate) fn with_net(self) -> Self {
        let (net, _) = Self::named(NET);
        Self(self.0 | net.0)
    }

    /// Whether an event is in it.
    pub(crate) fn has(self, kind: &EventKind) -> bool {
        name(kind).is_some_and(|name| self.names(name))
    }

    /// Whether the event of this name is in it.
    pub(crate) fn names(self, name: &str) -> bool {
        let bit = NAMES.iter().position(|known| *known == name);
        bit.is_some_and(|bit| self.0 & 1 << bit != 0)
    }

    /// The list, as [`EventSet::parse`] reads it. It names what is told in any case if there is nothing else.
    pub(crate) fn list(self) -> String {
        let names = NAMES.iter().enumerate().filter(|(bit, _)| self.0 & 1 << bit != 0);
        let names: Vec<_> = names.map(|(_, name)| *name).collect();
        if names.is_empty() { FRAME.join(",") } else { names.join(",") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_they_are_written() {
        for (list, written) in [
            ("tx", "tx"),
            ("tx_announced,tx", "tx,tx_announced"),
            (" peer_verdict , peer_verdict", "peer_verdict"),
            ("start,tx,summary", "tx"),
            ("gap", "gap,start,summary"),
        ] {
            let set = EventSet::parse(list).unwrap();
            assert_eq!(set.list(), written);
            assert_eq!(EventSet::parse(written), Ok(set));
        }
        let all = NAMES.join(",");
        assert_eq!(EventSet::parse(&all).unwrap(), EventSet::usual().with_net());
        assert_eq!(EventSet::usual().list(), all.replace("ignored,", "").replace("message,", ""));
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn a_wrong_name_is_told_with_those_that_there_are() {
        for (list, wrong) in
            [("", ""), ("tx,", ""), ("Tx", "Tx"), ("tx,blocks,foo", "blocks"), ("tx tx", "tx tx")]
        {
            let error = EventSet::parse(list).unwrap_err();
            assert!(error.starts_with(&format!(
                "there is no event '{wrong}': give some of clock,difference,feefilter,"
            )));
            assert!(error.ends_with(",tx_notfound,tx_propagation,tx_unanswered"), "{error}");
        }
    }
}
