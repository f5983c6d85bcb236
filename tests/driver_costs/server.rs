//! The drivers that are measured, run alike.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use chacha20::ChaCha12Rng;
use rand_core::SeedableRng as _;
use satwire_core::node::{Event, EventKind, FromRng};
use satwire_core::{Config, Node};
use smol::Timer;
use smol::stream::StreamExt as _;

type Environment = FromRng<ChaCha12Rng>;

/// A driver that listens on loopback.
pub(crate) trait Server: Sized {
    fn listen(config: Config) -> io::Result<(Self, SocketAddr)>;

    /// Runs until `until`, if that is given, or until `is_over` says so of what has happened.
    fn run(&mut self, until: Option<Instant>, is_over: impl FnMut(&EventKind) -> bool) -> io::Result<()>;

    /// The time until something is due.
    fn until_due(&self) -> Duration;
}

/// Random words: nobody is to guess them here.
pub(crate) fn environment() -> Environment {
    FromRng(ChaCha12Rng::from_seed([7; 32]))
}

/// Nobody goes before all is measured.
fn still_there(event: &Event) -> io::Result<()> {
    match &event.kind {
        EventKind::Disconnected(reason) => Err(io::Error::other(format!("a peer has gone: {reason}"))),
        _ => Ok(()),
    }
}

fn until_due(node: &Node<Environment>, now: satwire_core::Instant) -> Duration {
    node.poll_timeout().map_or(Duration::ZERO, |due| due.saturating_duration_since(now))
}

/// On mio.
pub(crate) struct Mio {
    driver: satwire_mio::Driver<Node<Environment>>,
    /// The events of the last turn, and how many of them were looked at.
    events: Vec<Event>,
    told: usize,
}

impl Server for Mio {
    fn listen(config: Config) -> io::Result<(Self, SocketAddr)> {
        let mut driver = satwire_mio::Driver::new(config, environment())?;
        let addr = driver.listen((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok((Self { driver, events: Vec::new(), told: 0 }, addr))
    }

    fn run(&mut self, until: Option<Instant>, mut is_over: impl FnMut(&EventKind) -> bool) -> io::Result<()> {
        loop {
            while let Some(event) = self.events.get(self.told) {
                self.told += 1;
                still_there(event)?;
                if is_over(&event.kind) {
                    return Ok(());
                }
            }
            if let Some(notice) = self.driver.take_notices().pop() {
                return Err(io::Error::other(notice));
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(());
            }
            self.events.clear();
            self.told = 0;
            self.driver.turn(until, &mut self.events)?;
        }
    }

    fn until_due(&self) -> Duration {
        until_due(self.driver.node(), self.driver.now())
    }
}

/// On smol.
pub(crate) struct Smol(satwire_smol::Driver<Node<Environment>>);

impl Server for Smol {
    fn listen(config: Config) -> io::Result<(Self, SocketAddr)> {
        let mut driver = satwire_smol::Driver::new(config, environment());
        let addr = driver.listen((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok((Self(driver), addr))
    }

    fn run(&mut self, until: Option<Instant>, mut is_over: impl FnMut(&EventKind) -> bool) -> io::Result<()> {
        let events = async {
            while let Some(event) = self.0.next().await {
                let event = event.map_err(io::Error::other)?;
                still_there(&event)?;
                if is_over(&event.kind) {
                    break;
                }
            }
            Ok(())
        };
        smol::block_on(smol::future::or(events, async {
            until.map_or_else(Timer::never, Timer::at).await;
            Ok(())
        }))
    }

    fn until_due(&self) -> Duration {
        until_due(self.0.node(), self.0.now())
    }
}
