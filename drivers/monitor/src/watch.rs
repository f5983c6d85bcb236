//! `satwire watch`: dial peers, wait for others, and report.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Instant;

use satwire_capture::journal::BackgroundFile;
use satwire_core::node::{Address, Event, EventKind};
use satwire_core::{CloseReason, IoError, Node};
use satwire_mio::Driver;

use crate::cli::Watch;
use crate::failure::fail;
use crate::record::{self, Draft, RunEnvironment};
use crate::session::{Session, Show};

/// Runs until a signal, `--count` or `--duration`.
pub(crate) fn run(watch: &Watch) -> ExitCode {
    let journal =
        match watch.record.as_ref().map(|record| Draft::create(&record.file, record.force)).transpose() {
            Ok(journal) => journal,
            Err(refusal) => {
                eprintln!("satwire: {refusal}");
                return ExitCode::from(2);
            }
        };
    let (draft, file) = journal.unzip();
    let started = start(watch, file).and_then(|session| {
        draft.as_ref().map_or(Ok(()), Draft::keep)?;
        Ok(session)
    });
    let mut session = match started {
        Ok(session) => session,
        Err(trouble) => {
            if let Some(draft) = draft {
                draft.discard();
            }
            return fail(&trouble);
        }
    };
    for address in &watch.dial {
        session.driver.dial(address.clone());
    }
    let until = watch.end.duration.map(|duration| Instant::now() + duration);
    let mut left = watch.end.count.map(std::num::NonZeroU64::get);
    let mut unresolved = Unresolved::new(watch);
    let end = session.run(until, |event| {
        if let (EventKind::Tx { .. }, Some(left)) = (&event.kind, &mut left) {
            *left -= 1;
        }
        left == Some(0) || unresolved.all_after(event)
    });
    let end = match end {
        Ok(end) => end,
        Err(error) => return fail(&format!("cannot wait for sockets: {error}")),
    };
    let code = session.finish(end);
    if unresolved.all() { fail("no name of --connect or --addnode can be resolved") } else { code }
}

/// A session that listens wherever it is wanted, or why there is none.
fn start(watch: &Watch, journal: Option<BackgroundFile>) -> Result<Session, String> {
    let cannot = |error| format!("cannot start: {error}");
    let mut driver = driver(watch, journal).map_err(cannot)?;
    listen(&mut driver, watch)?;
    let show =
        Show { network: watch.network, format: watch.format, debug_net: watch.debug_net, quiet: watch.quiet };
    Session::start(driver, show).map_err(cannot)
}

/// Listens wherever it is wanted, and says where that is: port 0 takes any.
fn listen(driver: &mut Driver<Node<RunEnvironment>>, watch: &Watch) -> Result<(), String> {
    let mut listening = 0;
    for addr in &watch.bind {
        match driver.listen(*addr) {
            Ok(addr) => {
                listening += 1;
                if !watch.quiet {
                    eprintln!("satwire: listening on {addr}");
                }
            }
            // A machine without IPv6 can still listen on all its interfaces.
            Err(error)
                if listening > 0 && *addr == SocketAddr::from((Ipv6Addr::UNSPECIFIED, addr.port())) =>
            {
                if !watch.quiet {
                    eprintln!("satwire: not listening on {addr}: {error}");
                }
            }
            Err(error) => return Err(format!("cannot listen on {addr}: {error}")),
        }
    }
    Ok(())
}

fn driver(watch: &Watch, journal: Option<BackgroundFile>) -> io::Result<Driver<Node<RunEnvironment>>> {
    let config = watch.config.clone();
    let Some(file) = journal else { return Driver::new(config, RunEnvironment::plain()?) };
    let rng = record::system_rng()?;
    Driver::with_environment(config, |clock| {
        RunEnvironment::recording(rng, file, &watch.config, clock, watch.options())
    })
}

/// Names that have not led anywhere, of a run that has nothing else to do.
struct Unresolved {
    names: Vec<Address>,
    possible: bool,
}

impl Unresolved {
    fn new(watch: &Watch) -> Self {
        let only_names = watch.dial.iter().all(|address| matches!(address, Address::Name { .. }));
        Self {
            names: watch.dial.clone(),
            possible: only_names && watch.bind.is_empty() && !watch.dial.is_empty(),
        }
    }

    /// Whether, with this event, every name has failed at its first attempt.
    fn all_after(&mut self, event: &Event) -> bool {
        match &event.kind {
            EventKind::DialFailed { address, reason: CloseReason::Io(IoError::NotResolved), .. } => {
                self.names.retain(|name| name != address);
            }
            EventKind::DialFailed { .. } | EventKind::Connected { .. } => self.possible = false,
            _ => {}
        }
        self.all()
    }

    fn all(&self) -> bool {
        self.possible && self.names.is_empty()
    }
}
