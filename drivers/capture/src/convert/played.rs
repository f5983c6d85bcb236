//! A journal of our own as observations: played, so that what the node said is known.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::io::Read;
use std::rc::Rc;

use satwire_core::node::{ConnId, Environment, Event, EventKind, Input, Output, Purpose};
use satwire_core::{CloseReason, Instant, IoError, Node, WallClock};

use crate::journal::{
    Close, Digested, Ending, Observation, Observed, PlayError, Player, Prologue, Reader, Tape, Version, Way,
};

/// Plays a journal and hands out what a capture of it would show.
#[derive(Debug)]
pub(super) struct Played<R> {
    player: Player<R, Node<Digested<Watch>>>,
    seen: Rc<RefCell<Seen>>,
    done: bool,
}

impl<R: Read> Played<R> {
    pub(super) fn new(reader: Reader<R>) -> Self {
        let seen = Rc::new(RefCell::new(Seen::new(reader.prologue().clock)));
        let watch = |tape| Watch { tape, seen: seen.clone() };
        Self { player: Player::watched(reader, watch), seen, done: false }
    }

    pub(super) fn prologue(&self) -> &Prologue {
        self.player.reader().prologue()
    }

    pub(super) fn format(&self) -> Version {
        self.player.reader().format()
    }

    pub(super) const fn ending(&self) -> Ending {
        self.player.ending()
    }
}

impl<R: Read> Iterator for Played<R> {
    type Item = Result<Observation, PlayError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(observation) = self.seen.borrow_mut().queue.pop_front() {
                return Some(Ok(observation));
            }
            if self.done {
                return None;
            }
            let played = self.player.step();
            while self.player.poll().is_some() {}
            self.done = !matches!(played, Ok(Some(_)));
            if let Err(error) = played {
                return Some(Err(error));
            }
        }
    }
}

/// An environment that notes what passes.
#[derive(Debug)]
pub(super) struct Watch {
    tape: Tape,
    seen: Rc<RefCell<Seen>>,
}

#[derive(Debug)]
struct Seen {
    queue: VecDeque<Observation>,
    open: BTreeSet<ConnId>,
    /// The clock at the start, and as it was set last: a capture has one.
    started: WallClock,
    clock: WallClock,
    last: Instant,
}

impl Seen {
    fn new(clock: WallClock) -> Self {
        let (queue, open) = (VecDeque::new(), BTreeSet::new());
        Self { queue, open, started: clock, clock, last: Instant::ZERO }
    }

    fn push(&mut self, now: Instant, conn: ConnId, what: Observed) {
        let step = self.clock.unix_micros_at_zero.saturating_sub(self.started.unix_micros_at_zero);
        self.last = self.last.max(Instant::from_micros(now.as_micros().saturating_add_signed(step)));
        self.queue.push_back(Observation { at: self.last, conn, what });
    }
}

impl Environment for Watch {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        self.tape.draw(purpose)
    }

    fn input(&mut self, now: Instant, input: &Input<'_>) {
        let mut seen = self.seen.borrow_mut();
        match input {
            Input::Received(conn, bytes) if seen.open.contains(conn) && !bytes.is_empty() => {
                seen.push(now, *conn, Observed::Bytes(Way::Received, bytes.to_vec()));
            }
            Input::Clock(clock) => seen.clock = *clock,
            _ => {}
        }
    }

    fn queued(&mut self, now: Instant, conn: ConnId, frames: &[u8]) {
        self.seen.borrow_mut().push(now, conn, Observed::Bytes(Way::Sent, frames.to_vec()));
    }

    fn output(&mut self, now: Instant, output: &Output) {
        let Output::Event(Event { conn: Some(conn), kind, .. }) = output else { return };
        let mut seen = self.seen.borrow_mut();
        match kind {
            EventKind::Connected { addr, direction } => {
                seen.open.insert(*conn);
                let (peer, direction) = ((*addr).into(), *direction);
                seen.push(now, *conn, Observed::Opened { peer, us: None, direction, adopted: false });
            }
            EventKind::Disconnected(reason) => {
                seen.open.remove(conn);
                let close = match reason {
                    CloseReason::Io(IoError::Ended) => Close::Finished(Way::Received),
                    CloseReason::Io(_) => Close::Reset(Way::Received),
                    _ => Close::Finished(Way::Sent),
                };
                seen.push(now, *conn, Observed::Closed(close));
            }
            _ => {}
        }
    }
}
