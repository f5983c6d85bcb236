//! An environment that writes down what its node is told.

use satwire_core::Instant;
use satwire_core::node::{ConnId, Environment, Input, Output, Purpose};

use super::input::{InputKind, put_input};
use super::record::{Drawn, put_drawn};
use super::rotation::Rotation;
use super::writer::Draws;
use super::{Digest, EndReason, Ended, Prologue, Sink, Writer};

/// An [`Environment`] around another that records everything its node is told, whatever drives the node.
///
/// The bytes go to `W`, whole records at a time: to a `Vec`, to a file, or, so that a slow
/// disk cannot hold up the node, to a [`BackgroundFile`](super::BackgroundFile). Between two inputs the
/// owner says [`Recorder::flush`], at least once a second, even while nothing happens: what was not
/// flushed is lost if the program is killed. When that is done does not change a byte of the journal.
///
/// A recorder never fails and never stops its node. When the sink fails, recording ends, and
/// [`Recorder::ended`] says so. One that is dropped before [`Recorder::finish`] writes what it has, and
/// that it was left alone.
#[derive(Debug)]
pub struct Recorder<E, W: Sink> {
    environment: E,
    writer: Writer<W>,
    /// Until the node is made, and has drawn what it needs for that.
    prologue: Option<Box<Prologue>>,
    digest: Digest,
    /// The digest's count when it was last written.
    digested: u64,
    open: Option<Open>,
    /// The open step's draws and input, encoded.
    draws: Vec<u8>,
    input: Vec<u8>,
    /// If the journal is kept in several files.
    rotation: Option<Box<Rotation>>,
}

/// The step that is being handled.
#[derive(Debug)]
struct Open {
    at: Instant,
    kind: InputKind,
    draws: u64,
    /// The digest's count before it.
    count: u64,
}

impl<E, W: Sink> Recorder<E, W> {
    /// A recorder for a node that is yet to be made, from the same configuration and clock as
    /// `prologue` says. `environment` is asked for the random words, and is told what the recorder is told.
    pub fn new(environment: E, sink: W, prologue: Prologue) -> Self {
        Self {
            environment,
            writer: Writer::unopened(sink),
            prologue: Some(Box::new(Prologue { draws: Vec::new(), ..prologue })),
            digest: Digest::new(),
            digested: 0,
            open: None,
            draws: Vec::new(),
            input: Vec::new(),
            rotation: None,
        }
    }

    /// The same, which begins another file with the first block after so many bytes. The sink must be one of several
    /// files; the journal of a replay is cut at the same places.
    #[must_use]
    pub fn in_files_of(mut self, size: u64) -> Self {
        self.rotation =
            self.prologue.as_ref().map(|prologue| Box::new(Rotation::new(size, Prologue::clone(prologue))));
        self
    }

    /// Hands over what was recorded, to be called between two inputs, at least once a second.
    pub fn flush(&mut self) {
        self.close_step();
        self.writer.flush();
    }

    /// Ends the recording and flushes the sink. Later inputs are not recorded.
    pub fn finish(&mut self) {
        self.end(EndReason::Clean);
    }

    /// Whether the recording has ended, and why.
    pub const fn ended(&self) -> Option<&Ended> {
        self.writer.ended()
    }

    /// The environment inside.
    pub const fn environment(&self) -> &E {
        &self.environment
    }

    /// The environment inside, to be changed.
    pub const fn environment_mut(&mut self) -> &mut E {
        &mut self.environment
    }

    /// Where the journal goes.
    pub const fn sink(&self) -> &W {
        self.writer.sink()
    }

    /// Where the journal goes, to be closed.
    pub const fn sink_mut(&mut self) -> &mut W {
        self.writer.sink_mut()
    }

    fn end(&mut self, reason: EndReason) {
        if self.ended().is_none() {
            self.close_step();
            self.put_digest();
            self.writer.finish(reason);
        }
    }

    /// Writes what is open: the prologue or the step, whose draws are all there.
    fn close_step(&mut self) {
        if let Some(prologue) = self.prologue.take() {
            self.writer.prologue(&prologue);
        }
        let Some(open) = self.open.take() else { return };
        let mark = (self.digest.count() != open.count).then(|| self.digest.mark());
        let draws = Draws { count: open.draws, bytes: &self.draws };
        self.writer.encoded_step(open.at, open.kind, &draws, mark, &self.input);
    }

    /// Gives the writer the digest for the end of a block, if it changed.
    fn put_digest(&mut self) {
        if self.digest.count() != self.digested {
            self.digested = self.digest.count();
            self.writer.digest(self.digest.sum());
        }
    }

    /// Begins another file, if it is time for one.
    fn rotate(&mut self, at: Instant) {
        let Some(rotation) = &mut self.rotation else { return };
        if rotation.is_due(self.writer.file_bytes()) {
            let prologue = rotation.next(self.writer.last(), self.digest.sum());
            self.writer.next_file(&prologue, at);
        }
    }

    fn open_step(&mut self, at: Instant, input: &Input<'_>) {
        self.close_step();
        if self.ended().is_some() {
            return;
        }
        if self.writer.cuts(at) {
            self.put_digest();
            self.rotate(at);
        }
        self.digest.next_step();
        self.draws.clear();
        self.input.clear();
        match put_input(&mut self.input, input) {
            Ok(kind) => self.open = Some(Open { at, kind, draws: 0, count: self.digest.count() }),
            Err(_) => self.writer.end(EndReason::Unsupported),
        }
    }

    fn drawn(&mut self, drawn: Drawn) {
        let written = match (&mut self.prologue, &mut self.open) {
            (Some(prologue), _) => {
                prologue.draws.push(drawn);
                true
            }
            (None, Some(open)) => {
                open.draws += 1;
                put_drawn(&mut self.draws, drawn).is_ok()
            }
            // No node draws while nothing is happening.
            (None, None) => false,
        };
        if !written {
            self.open = None;
            self.writer.end(EndReason::Unsupported);
        }
    }
}

impl<E: Environment, W: Sink> Environment for Recorder<E, W> {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        let word = self.environment.draw(purpose);
        if self.ended().is_none() {
            self.drawn(Drawn { purpose, word });
        }
        word
    }

    fn observe(&mut self, purpose: Purpose, seen: u64) -> u64 {
        let word = self.environment.observe(purpose, seen);
        if self.ended().is_none() {
            self.drawn(Drawn { purpose, word });
        }
        word
    }

    fn input(&mut self, now: Instant, input: &Input<'_>) {
        if self.ended().is_none() {
            self.open_step(now, input);
            if let Some(rotation) = &mut self.rotation {
                rotation.input(input);
            }
        }
        self.environment.input(now, input);
    }

    fn queued(&mut self, now: Instant, conn: ConnId, frames: &[u8]) {
        if self.ended().is_none() {
            self.digest.queued(now, conn, frames);
        }
        self.environment.queued(now, conn, frames);
    }

    fn output(&mut self, now: Instant, output: &Output) {
        if self.ended().is_none() {
            self.digest.output(now, output);
            if let Some(rotation) = &mut self.rotation {
                rotation.output(output);
            }
        }
        self.environment.output(now, output);
    }
}

impl<E, W: Sink> Drop for Recorder<E, W> {
    fn drop(&mut self) {
        self.end(EndReason::Aborted);
    }
}
