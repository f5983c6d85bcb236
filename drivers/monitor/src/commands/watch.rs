//! `satwire watch`: dial peers, wait for others, and report.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::num::NonZeroU64;
use std::process::ExitCode;
use std::time::Instant;

use satwire_capture::journal::BackgroundFile;
use satwire_core::node::{Address, Event, EventKind};
use satwire_core::{CloseReason, IoError, Node};
use satwire_mio::Driver;

use crate::cli::Watch;
use crate::draft::Draft;
use crate::record::{self, RunEnvironment};
use crate::run::{Run, Show};
use crate::stderr::{fail, say};

/// Runs until a signal, `--count` or `--duration`.
pub(crate) fn run(watch: &Watch) -> ExitCode {
    let journal = match watch.record.as_ref().map(Draft::create).transpose() {
        Ok(journal) => journal,
        Err(refusal) => {
            say(refusal);
            return ExitCode::from(2);
        }
    };
    let (draft, file) = journal.unzip();
    let started = start(watch, file).and_then(|run| {
        draft.as_ref().map_or(Ok(()), Draft::keep)?;
        Ok(run)
    });
    let mut run = match started {
        Ok(run) => run,
        Err(trouble) => {
            if let Some(draft) = draft {
                draft.discard();
            }
            return fail(trouble);
        }
    };
    for address in &watch.dial {
        run.driver.dial(address.clone());
    }
    let until = watch.end.duration.map(|duration| Instant::now() + duration);
    let mut progress = Progress::new(watch);
    let diagnostics = run.diagnostics().clone();
    let end = run.run(until, |event| {
        if let Some(name) = progress.unresolved(event) {
            diagnostics.notice(format_args!("{name} cannot be resolved yet: it is tried again"));
        }
        progress.is_last(event)
    });
    match end {
        Ok(end) => run.finish(end),
        Err(error) => fail(format_args!("cannot wait for sockets: {error}")),
    }
}

/// A run that listens wherever it is wanted, or why there is none.
fn start(watch: &Watch, journal: Option<BackgroundFile>) -> Result<Run, String> {
    let cannot = |error| format!("cannot start: {error}");
    let mut driver = driver(watch, journal).map_err(cannot)?;
    let listening = listen(&mut driver, watch)?;
    let Watch { network, format, hex, report, quiet, .. } = *watch;
    let show = Show { network, format, told: watch.options().told(), hex, report, quiet };
    let run = Run::start(driver, show).map_err(cannot)?;
    // Not before signals are listened to: a script may wait for this line.
    for line in listening {
        run.diagnostics().notice(line);
    }
    Ok(run)
}

/// Listens wherever it is wanted; what to say of that: port 0 takes any.
fn listen(driver: &mut Driver<Node<RunEnvironment>>, watch: &Watch) -> Result<Vec<String>, String> {
    let mut said = Vec::new();
    let mut listening = 0;
    for addr in &watch.bind {
        match driver.listen(*addr) {
            Ok(addr) => {
                listening += 1;
                said.push(format!("listening on {addr}"));
            }
            // A machine without IPv6 can still listen on all its interfaces.
            Err(error)
                if listening > 0 && *addr == SocketAddr::from((Ipv6Addr::UNSPECIFIED, addr.port())) =>
            {
                said.push(format!("not listening on {addr}: {error}"));
            }
            Err(error) => return Err(format!("cannot listen on {addr}: {error}")),
        }
    }
    Ok(said)
}

fn driver(watch: &Watch, journal: Option<BackgroundFile>) -> io::Result<Driver<Node<RunEnvironment>>> {
    let config = watch.config.clone();
    let (with_messages, magic) = (watch.options().told().names("message"), config.magic);
    let Some(file) = journal else {
        return Driver::new(config, RunEnvironment::plain()?.with_messages(with_messages, magic));
    };
    let rng = record::system_rng()?;
    let size = watch.record.as_ref().and_then(|record| record.files).map(|files| files.size);
    Driver::with_environment(config, |clock| {
        RunEnvironment::recording(rng, file, &watch.config, clock, watch.options(), size)
            .with_messages(with_messages, magic)
    })
}

/// How far a run is.
struct Progress {
    /// Transactions that are still to come.
    left: Option<u64>,
    /// Names that have not failed yet.
    names: Vec<Address>,
}

impl Progress {
    fn new(watch: &Watch) -> Self {
        let names = watch.dial.iter().filter(|address| matches!(address, Address::Name { .. }));
        Self { left: watch.end.count.map(NonZeroU64::get), names: names.cloned().collect() }
    }

    /// Whether the run is over with this event.
    fn is_last(&mut self, event: &Event) -> bool {
        if let (EventKind::Tx { .. }, Some(left)) = (&event.kind, &mut self.left) {
            *left -= 1;
        }
        self.left == Some(0)
    }

    /// The name that this event says cannot be resolved, once for each: it is tried for ever, since names often
    /// cannot be resolved yet when a machine starts.
    fn unresolved(&mut self, event: &Event) -> Option<Address> {
        let EventKind::DialFailed { address, reason: CloseReason::Io(IoError::NotResolved), .. } =
            &event.kind
        else {
            return None;
        };
        let i = self.names.iter().position(|name| name == address)?;
        Some(self.names.swap_remove(i))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use satwire_core::Instant;
    use satwire_core::peer::IgnoredReason;
    use satwire_core::wire::Command;

    use super::*;
    use crate::render::tests::{segwit, tx};

    fn event(kind: EventKind) -> Event {
        Event::new(Instant::ZERO, None, kind)
    }

    /// 10.5: that a name cannot be resolved yet is told once, and is no end.
    #[test]
    fn a_name_that_does_not_resolve_ends_nothing() {
        let name = Address::Name { host: "node.example".into(), port: 1 };
        let mut progress = Progress { left: None, names: vec![name.clone()] };
        let failed = |reason| {
            let kind = EventKind::DialFailed { address: name.clone(), reason, retry: Duration::from_secs(1) };
            event(kind)
        };
        let unresolved = failed(CloseReason::Io(IoError::NotResolved));
        assert_eq!(progress.unresolved(&failed(CloseReason::Io(IoError::Refused))), None);
        assert_eq!(progress.unresolved(&unresolved).as_ref(), Some(&name));
        assert_eq!(progress.unresolved(&unresolved), None);
        assert!(!progress.is_last(&unresolved));
    }

    /// Only what is told as a transaction counts for `--count`.
    #[test]
    fn transactions_are_counted_and_nothing_else() {
        let mut progress = Progress { left: Some(2), names: vec![] };
        let arrived = event(EventKind::Tx { tx: tx(&segwit()), latency: None });
        let ignored =
            EventKind::Ignored { command: Command::TX, bytes: 1, because: IgnoredReason::AlreadyKnown };
        let ended = [arrived.clone(), event(ignored), arrived].map(|event| progress.is_last(&event));
        assert_eq!(ended, [false, false, true]);
    }
}
