//! Waiting, and one turn after each wait.

use std::io::{self, ErrorKind};
use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task;
use std::time::{self, Duration};

use mio::{Poll, Waker};
use satwire_core::node::{Address, ConnId, Environment, Input};
use satwire_core::{Config, Instant, Label, Machine, Node, WallClock};
use satwire_std::{Notice, Totals, Turn};

use crate::socket::{Polled, Source, WAKER};

/// Sockets that one poll names.
const NAMED: usize = 1024;

/// A [`Machine`] on its sockets: a [`Node`], or one of your own.
#[derive(Debug)]
pub struct Driver<M> {
    turn: Turn<M, Polled>,
    events: mio::Events,
    waker: Arc<Waker>,
}

impl<E: Environment> Driver<Node<E>> {
    /// Returns a driver of a node without connections, its clock at zero.
    ///
    /// # Errors
    /// If the system gives no poll or no waker.
    pub fn new(config: Config, environment: E) -> io::Result<Self> {
        Self::with_environment(config, |_| environment)
    }

    /// As [`Driver::new`], for an environment that wants to know the time of the world at the driver's zero: a
    /// recorder writes it down first of all.
    ///
    /// # Errors
    /// As [`Driver::new`].
    pub fn with_environment(config: Config, environment: impl FnOnce(WallClock) -> E) -> io::Result<Self> {
        Self::with_machine(|clock| Node::new(config, clock, environment(clock)))
    }

    /// Returns the node, for what it can tell.
    pub const fn node(&self) -> &Node<E> {
        self.machine()
    }

    /// Returns the node's environment, to be changed.
    pub const fn environment_mut(&mut self) -> &mut E {
        self.machine_mut().environment_mut()
    }
}

impl<M: Machine> Driver<M> {
    /// Returns a driver of the machine that `machine` makes, given the time of the world at the driver's zero.
    ///
    /// # Errors
    /// If the system gives no poll or no waker.
    pub fn with_machine(machine: impl FnOnce(WallClock) -> M) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let wake = task::Waker::from(Arc::new(Wake(waker.clone())));
        let turn = Turn::new(Polled(poll), wake, machine);
        Ok(Self { turn, events: mio::Events::with_capacity(NAMED), waker })
    }

    /// Accepts connections on `addr` from now on; port 0 takes any that is free. Returns the address that was bound.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn listen(&mut self, addr: SocketAddr) -> io::Result<SocketAddr> {
        self.turn.listen(addr)
    }

    /// Gives the machine a command of the application: any [`Input`] that does not report what happened to a socket, a
    /// name or a clock, for these are the driver's to give. The next turn tells what comes of it.
    pub fn input(&mut self, input: Input<'_>) {
        self.turn.input(input);
    }

    /// Keeps a connection to `address` from now on: [`Input::Dial`].
    pub fn dial(&mut self, address: Address) {
        self.input(Input::Dial(address));
    }

    /// Closes this connection: [`Input::Disconnect`]. If we dialled its address, that is dialled again.
    pub fn disconnect(&mut self, conn: ConnId) {
        self.input(Input::Disconnect { conn, redial: true, label: Label::LOCAL });
    }

    /// Closes all connections and listeners and makes no more: [`Input::Stop`]. The events of that come with the next
    /// turn. After it there is nothing to wait for, and each turn returns at once: a loop has to end.
    pub fn stop(&mut self) {
        self.input(Input::Stop);
    }

    /// Leaves a connection unread until [`Driver::resume_reading`], so that its peer has to wait when the sockets'
    /// buffers are full. Writes and deadlines go on: a peer whose answers are left unread for longer than they may
    /// take is cut off. Neither is an input: the machine does not know. No connection of this name: nothing happens.
    pub fn pause_reading(&mut self, conn: ConnId) {
        self.turn.pause_reading(conn);
    }

    /// Reads a connection again.
    pub fn resume_reading(&mut self, conn: ConnId) {
        self.turn.resume_reading(conn);
    }

    /// Returns what ends a turn that waits, from any thread.
    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// Waits until something happens or is due, or until the time `until` of the standard library's clock has come, then
    /// does it; appends what there is to tell to `events`. `None` waits for as long as it takes, but not after
    /// [`Driver::stop`].
    ///
    /// # Errors
    /// If the poll itself fails; what happens to a connection is an event.
    pub fn turn(&mut self, until: Option<time::Instant>, events: &mut Vec<M::Event>) -> io::Result<()> {
        let told = events.len();
        self.advance(events);
        // Orders given between the turns have its events now, and they are not to wait for others.
        let timeout = if events.len() > told { Some(Duration::ZERO) } else { self.wait(until) };
        match self.turn.runtime_mut().0.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => self.events.clear(),
            result => result?,
        }
        self.turn.begin();
        let mut named = 0;
        for event in &self.events {
            named += 1;
            match event.token().into() {
                Source::Waker => {}
                Source::Listener(listener) => self.turn.ready_to_accept(listener),
                Source::Conn(conn) => self.turn.ready(conn, |socket, ready| socket.note(event, ready)),
            }
        }
        self.turn.all_told(named >= NAMED);
        self.advance(events);
        Ok(())
    }

    /// Returns the machine.
    pub const fn machine(&self) -> &M {
        self.turn.machine()
    }

    /// Returns the machine, to be changed by methods of its own. Inputs go through [`Driver::input`].
    pub const fn machine_mut(&mut self) -> &mut M {
        self.turn.machine_mut()
    }

    /// Returns what has gone over all connections so far.
    pub const fn totals(&self) -> Totals {
        self.turn.totals()
    }

    /// Returns the time of the world at the driver's own zero.
    pub const fn wall_clock(&self) -> WallClock {
        self.turn.clock().wall()
    }

    /// Returns the time since the driver was made, on its own clock.
    pub fn now(&self) -> Instant {
        self.turn.clock().now()
    }

    /// Takes what an operator should know. Of notices that nobody takes, the latest of each listener is kept.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        iter::from_fn(|| self.turn.take_notice()).collect()
    }

    fn advance(&mut self, events: &mut Vec<M::Event>) {
        events.extend(iter::from_fn(|| self.turn.advance()));
    }

    /// How long the poll may wait; for ever if nothing is due.
    fn wait(&self, until: Option<time::Instant>) -> Option<Duration> {
        if self.turn.is_busy() || self.turn.is_over() {
            return Some(Duration::ZERO);
        }
        let clock = self.turn.clock();
        let until = until.map(|until| clock.instant(until));
        let first = self.turn.poll_timeout().into_iter().chain(until).min()?;
        Some(first.saturating_duration_since(clock.now()))
    }
}

/// The poll's waker, for look-ups.
struct Wake(Arc<Waker>);

impl task::Wake for Wake {
    fn wake(self: Arc<Self>) {
        // The driver may be gone: then nobody wants to know.
        let _ = self.0.wake();
    }
}
