//! `satwire watch`: dial peers, wait for others, and report.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Instant;

use satwire_capture::journal::BackgroundFile;
use satwire_core::node::{Address, EventKind};
use satwire_core::{CloseReason, IoError, Node};
use satwire_mio::Driver;

use crate::cli::Watch;
use crate::record::{self, Draft, RunEnvironment};
use crate::run::{Run, Show};
use crate::stderr::{fail, say};

/// Runs until a signal, `--count` or `--duration`.
pub(crate) fn run(watch: &Watch) -> ExitCode {
    let journal =
        match watch.record.as_ref().map(|record| Draft::create(&record.file, record.force)).transpose() {
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
    let mut left = watch.end.count.map(std::num::NonZeroU64::get);
    let diagnostics = run.diagnostics().clone();
    let mut names: Vec<_> =
        watch.dial.iter().filter(|address| matches!(address, Address::Name { .. })).collect();
    let end = run.run(until, |event| {
        if let EventKind::DialFailed { address, reason: CloseReason::Io(IoError::NotResolved), .. } =
            &event.kind
        {
            // Once for each: it is tried again for ever, since DNS is often not up when a machine starts.
            for name in names.extract_if(.., |name| *name == address) {
                diagnostics.notice(format_args!("{name} cannot be resolved yet: it is tried again"));
            }
        }
        if let (EventKind::Tx { .. }, Some(left)) = (&event.kind, &mut left) {
            *left -= 1;
        }
        left == Some(0)
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
    listen(&mut driver, watch)?;
    let show =
        Show { network: watch.network, format: watch.format, debug_net: watch.debug_net, quiet: watch.quiet };
    Run::start(driver, show).map_err(cannot)
}

/// Listens wherever it is wanted, and says where that is: port 0 takes any.
fn listen(driver: &mut Driver<Node<RunEnvironment>>, watch: &Watch) -> Result<(), String> {
    let mut listening = 0;
    for addr in &watch.bind {
        match driver.listen(*addr) {
            Ok(addr) => {
                listening += 1;
                if !watch.quiet {
                    say(format_args!("listening on {addr}"));
                }
            }
            // A machine without IPv6 can still listen on all its interfaces.
            Err(error)
                if listening > 0 && *addr == SocketAddr::from((Ipv6Addr::UNSPECIFIED, addr.port())) =>
            {
                if !watch.quiet {
                    say(format_args!("not listening on {addr}: {error}"));
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
