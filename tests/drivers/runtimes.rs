//! The two drivers, as the tests' loop drives them.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use harness::Transcript;
use rand_core::SeedableRng as _;
use satwire_core::Config;
use satwire_core::node::{Address, ConnId, Event, FromRng, Node};
use smol::future::{or, poll_once};
use smol::stream::StreamExt as _;

/// A node's environment in these tests.
pub(crate) type Environment = Transcript<FromRng<chacha20::ChaCha12Rng>>;

pub(crate) fn environment(seed: u64) -> Environment {
    Transcript::new(FromRng(chacha20::ChaCha12Rng::seed_from_u64(seed)))
}

/// A driver, whichever.
pub(crate) trait Runtime {
    fn start(config: Config) -> Self
    where
        Self: Sized;
    fn listen(&mut self, addr: SocketAddr) -> SocketAddr;
    fn dial(&mut self, addr: SocketAddr);
    fn disconnect(&mut self, conn: ConnId);
    fn pause_reading(&mut self, conn: ConnId);
    fn resume_reading(&mut self, conn: ConnId);
    fn stop(&mut self);
    /// Lets the driver work until it has something to tell, at most for so long; false if it had
    /// nothing to do all the time.
    fn work(&mut self, at_most: Duration, events: &mut Vec<Event>) -> bool;
    fn node(&self) -> &Node<Environment>;
    fn received(&self) -> u64;
}

#[derive(Debug)]
pub(crate) struct Mio(satwire_mio::Driver<Node<Environment>>);

impl Runtime for Mio {
    fn start(config: Config) -> Self {
        Self(satwire_mio::Driver::new(config, environment(1)).expect("the system gives a poll"))
    }

    fn listen(&mut self, addr: SocketAddr) -> SocketAddr {
        self.0.listen(addr).expect("loopback can be bound")
    }

    fn dial(&mut self, addr: SocketAddr) {
        self.0.dial(Address::Socket(addr));
    }

    fn disconnect(&mut self, conn: ConnId) {
        self.0.disconnect(conn);
    }

    fn pause_reading(&mut self, conn: ConnId) {
        self.0.pause_reading(conn);
    }

    fn resume_reading(&mut self, conn: ConnId) {
        self.0.resume_reading(conn);
    }

    fn stop(&mut self) {
        self.0.stop();
    }

    fn work(&mut self, at_most: Duration, events: &mut Vec<Event>) -> bool {
        let until = Instant::now() + at_most;
        self.0.turn(Some(until), events).expect("the poll works");
        Instant::now() < until
    }

    fn node(&self) -> &Node<Environment> {
        self.0.node()
    }

    fn received(&self) -> u64 {
        self.0.totals().received
    }
}

#[derive(Debug)]
pub(crate) struct Smol(satwire_smol::Driver<Node<Environment>>);

impl Runtime for Smol {
    fn start(config: Config) -> Self {
        Self(satwire_smol::Driver::new(config, environment(1)))
    }

    fn listen(&mut self, addr: SocketAddr) -> SocketAddr {
        self.0.listen(addr).expect("loopback can be bound")
    }

    fn dial(&mut self, addr: SocketAddr) {
        self.0.dial(Address::Socket(addr));
    }

    fn disconnect(&mut self, conn: ConnId) {
        // The other way in, for a change.
        self.0.handle().disconnect(conn).expect("the driver is there");
    }

    fn pause_reading(&mut self, conn: ConnId) {
        self.0.pause_reading(conn);
    }

    fn resume_reading(&mut self, conn: ConnId) {
        let resume = move |driver: &mut satwire_smol::Driver<_>| driver.resume_reading(conn);
        self.0.handle().run(resume).expect("the driver is there");
    }

    fn stop(&mut self) {
        self.0.stop();
    }

    fn work(&mut self, at_most: Duration, events: &mut Vec<Event>) -> bool {
        let mut polls = 0;
        let next = poll_fn(|context| {
            polls += 1;
            self.0.poll_next(context)
        });
        let next = or(next, async {
            smol::Timer::after(at_most).await;
            None
        });
        let mut next = smol::block_on(next);
        while let Some(event) = next {
            events.push(event.expect("nobody has a notice to give here"));
            // The other events of the turn.
            next = smol::block_on(poll_once(self.0.next())).flatten();
        }
        // The first poll is ours, and so is the one that the timer causes.
        polls > 2
    }

    fn node(&self) -> &Node<Environment> {
        self.0.node()
    }

    fn received(&self) -> u64 {
        self.0.totals().received
    }
}
