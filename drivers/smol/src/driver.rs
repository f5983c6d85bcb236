//! The stream of what happens, one turn after the other.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_io::Timer;
use futures_core::Stream;
use satwire_core::node::{Address, ConnId, Environment, Input};
use satwire_core::{Config, Instant, Label, Machine, Node, WallClock};
use satwire_std::{Notice, Totals, Turn};

use crate::Handle;
use crate::bells::{Bells, Source};
use crate::handle::Commands;
use crate::socket::Watched;

/// Sockets that the reactor names at once.
const NAMED: usize = 1024;
/// After so many turns the reactor is asked about everybody: a peer that sends as fast as it is read has to wait
/// for those whose readiness is not known yet.
const TURNS: u8 = 12;
/// A driver that was not polled for so long, though something was due, has slept: the reactor may not have named
/// all that are ready yet.
const SLEPT: Duration = Duration::from_millis(100);

/// A [`Machine`] on its sockets, a [`Node`] or one of your own: the stream of what happens there.
///
/// Everything is done while the stream is polled, and nothing else runs. An error is something that an
/// operator should know, and not the end. The stream ends after [`Driver::stop`].
#[derive(Debug)]
pub struct Driver<M> {
    turn: Turn<M, Watched>,
    bells: Arc<Bells>,
    commands: Commands<M>,
    /// A turn is under way.
    busy: bool,
    /// Turns since the reactor was asked about everybody.
    turns: u8,
    /// Rings when something is due.
    alarm: Timer,
    alarm_at: Option<Instant>,
    /// When the last turn was over.
    rested: Instant,
}

/// No field is pinned in its place.
impl<M> Unpin for Driver<M> {}

impl<E: Environment> Driver<Node<E>> {
    /// Returns a driver of a node without connections, its clock at zero.
    pub fn new(config: Config, environment: E) -> Self {
        Self::with_environment(config, |_| environment)
    }

    /// As [`Driver::new`], for an environment that wants to know the time of the world at the driver's zero: a
    /// recorder writes it down first of all.
    pub fn with_environment(config: Config, environment: impl FnOnce(WallClock) -> E) -> Self {
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
    pub fn with_machine(machine: impl FnOnce(WallClock) -> M) -> Self {
        let bells = Arc::<Bells>::default();
        let waker = Waker::from(bells.clone());
        Self {
            turn: Turn::new(Watched(bells.clone()), waker.clone(), machine),
            bells,
            commands: Commands::new(waker),
            busy: false,
            turns: 0,
            alarm: Timer::never(),
            alarm_at: None,
            rested: Instant::ZERO,
        }
    }

    /// Accepts connections on `addr` from now on; port 0 takes any that is free. Returns the address that was bound.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn listen(&mut self, addr: SocketAddr) -> io::Result<SocketAddr> {
        self.turn.listen(addr)
    }

    /// Gives the machine a command of the application: any [`Input`] that does not report what happened to a socket, a
    /// name or a clock, for these are the driver's to give. The stream tells what comes of it when it is polled.
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

    /// Closes all connections and listeners and makes no more: [`Input::Stop`]. The stream ends after what there is to
    /// tell of that.
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

    /// Returns a handle for commands from another task or thread.
    pub fn handle(&self) -> Handle<M> {
        self.commands.handle()
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

    fn begin(&mut self) {
        self.turns = (self.turns + 1) % TURNS;
        self.turn.ask_again(self.turns == 0);
        self.turn.begin();
        let rung = self.bells.take();
        for source in &rung {
            match *source {
                Source::Conn(conn) => self.turn.ready(conn, |_, _| {}),
                Source::Listener(listener) => self.turn.ready_to_accept(listener),
            }
        }
        let (commands, stops) = self.commands.take();
        for command in commands {
            command(self);
        }
        if stops {
            self.stop();
        }
        let slept =
            self.machine().poll_timeout().is_some_and(|due| due.max(self.rested) + SLEPT <= self.now());
        self.turn.all_told(slept || rung.len() >= NAMED);
    }

    /// Sees to it that the next turn comes when there is something for it to do.
    fn rest(&mut self, context: &mut Context<'_>) {
        self.rested = self.now();
        let first = self.turn.poll_timeout();
        if first != self.alarm_at {
            self.alarm_at = first;
            match first.and_then(|first| self.turn.clock().deadline(first)) {
                Some(deadline) => self.alarm.set_at(deadline),
                None => self.alarm = Timer::never(),
            }
        }
        if self.bells.poll(context.waker()) || self.turn.is_busy() {
            // Others have their turn before: the executor, and those who tell what is ready.
            context.waker().wake_by_ref();
        } else if Pin::new(&mut self.alarm).poll(context).is_ready() {
            self.alarm_at = None;
            context.waker().wake_by_ref();
        }
    }
}

impl<M: Machine> Stream for Driver<M> {
    type Item = Result<M::Event, Notice>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(notice) = self.turn.take_notice() {
                return Poll::Ready(Some(Err(notice)));
            }
            // All that one step caused is told before the next one: of one read at most.
            if let Some(event) = self.turn.advance() {
                return Poll::Ready(Some(Ok(event)));
            }
            if !self.busy {
                self.busy = true;
                self.begin();
                continue;
            }
            self.busy = false;
            if self.turn.is_stopped() {
                self.commands.close();
                return Poll::Ready(None);
            }
            self.rest(context);
            return Poll::Pending;
        }
    }
}
