//! The doings of a node, line by line.

use std::fmt::Write as _;

use satwire_core::Instant;
use satwire_core::node::{ConnId, Environment, Event, Input, Output, Purpose};

use crate::render::{self, Names};
use crate::{MAGIC, decode_frames_of};

/// An [`Environment`] that writes down what the node does, and leaves the rest to another environment.
///
/// ```text
/// +0.000000 c1 connect to 203.0.113.1:18444
/// +0.000000 c1 connected to 203.0.113.1:18444
/// +0.000000 c1 → version 70016 (n1, height 0, relay)
/// +0.120000 c1 ← inv 2 (wtx): 2 new, 2 asked for
/// +0.120000 c1 → getdata 2 (wtx)
/// ```
///
/// Messages of ours stand where they were queued, those of others where they led to an event: where
/// a stream was cut is not to be seen.
#[derive(Clone, Debug)]
pub struct Transcript<E> {
    /// The environment behind it.
    pub environment: E,
    magic: [u8; 4],
    names: Names,
    text: String,
    /// Nothing is written down: for tests that count memory.
    pub silent: bool,
}

impl<E> Transcript<E> {
    /// Writes down what happens to a node that runs on `environment`, on the tests' own network.
    pub fn new(environment: E) -> Self {
        Self::on(MAGIC.to_bytes(), environment)
    }

    /// As [`Transcript::new`], on the network with this magic.
    pub fn on(magic: [u8; 4], environment: E) -> Self {
        Self { environment, magic, names: Names::default(), text: String::new(), silent: false }
    }

    /// All lines until now.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn line(&mut self, now: Instant, conn: Option<ConnId>, what: &str) {
        let time = render::time(now);
        match conn {
            Some(conn) => writeln!(self.text, "{time} {conn} {what}"),
            None => writeln!(self.text, "{time} {what}"),
        }
        .expect("a string takes everything");
    }
}

impl<E: Environment> Environment for Transcript<E> {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        self.environment.draw(purpose)
    }

    fn observe(&mut self, purpose: Purpose, seen: u64) -> u64 {
        self.environment.observe(purpose, seen)
    }

    fn input(&mut self, now: Instant, input: &Input<'_>) {
        self.environment.input(now, input);
    }

    fn queued(&mut self, now: Instant, conn: ConnId, frames: &[u8]) {
        self.environment.queued(now, conn, frames);
        if self.silent {
            return;
        }
        for sent in decode_frames_of(self.magic, frames) {
            let message = render::sent(&sent, &mut self.names);
            self.line(now, Some(conn), &format!("→ {message}"));
        }
    }

    fn output(&mut self, now: Instant, output: &Output) {
        self.environment.output(now, output);
        if self.silent {
            return;
        }
        match output {
            Output::Resolve { host, port, .. } => self.line(now, None, &format!("look up {host}:{port}")),
            Output::Connect { conn, addr } => self.line(now, Some(*conn), &format!("connect to {addr}")),
            Output::Disconnect(conn) => self.line(now, Some(*conn), "disconnect"),
            Output::Event(Event { at, conn, kind, .. }) => {
                let what = render::event(kind, &mut self.names);
                self.line(*at, *conn, &what);
            }
            // How far a write gets is not part of what happened.
            Output::Transmit(_) => {}
        }
    }
}
