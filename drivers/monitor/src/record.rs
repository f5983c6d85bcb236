//! Where the random words of a run come from, and the journal that may be kept of it.

use std::io;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use chacha20::ChaCha12Rng;
use rand_core::SeedableRng as _;
use satwire_capture::journal::{BackgroundFile, EndReason, Prologue, Recorder};
use satwire_core::node::{ConnId, Environment, FromRng, Input, Output, Purpose};
use satwire_core::{Config, Magic, WallClock};

use crate::messages::Messages;
use crate::meter::Meter;
use crate::options::Options;

/// A record is on its way to the disk after this long. There it is synced within [`BackgroundFile::SYNC`].
const FLUSH: Duration = Duration::from_secs(1);

/// Words that nobody can guess: keyed by the operating system.
pub(crate) type SystemRng = FromRng<ChaCha12Rng>;

/// The environment of a run.
#[derive(Debug)]
pub(crate) struct RunEnvironment {
    keeping: Keeping,
    meter: Meter,
    messages: Option<Box<Messages>>,
}

#[derive(Debug)]
enum Keeping {
    /// Nothing is kept.
    Plain(Box<SystemRng>),
    /// Everything that steers the node goes to a file.
    Recording(Box<Recording>),
}

/// A recorder, and when it is to be flushed.
#[derive(Debug)]
pub(crate) struct Recording {
    recorder: Recorder<SystemRng, BackgroundFile>,
    flush_at: Option<Instant>,
    end_told: bool,
}

impl RunEnvironment {
    pub(crate) fn plain() -> io::Result<Self> {
        Ok(Self::new(Keeping::Plain(Box::new(system_rng()?))))
    }

    fn new(keeping: Keeping) -> Self {
        Self { keeping, meter: Meter::default(), messages: None }
    }

    /// The same; every message is kept until it is told, if `debug_net` wants that.
    pub(crate) fn with_messages(self, debug_net: bool, magic: Magic) -> Self {
        Self { messages: debug_net.then(|| Box::new(Messages::new(magic))), ..self }
    }

    /// The messages that were not told yet, if they are to be told.
    pub(crate) fn messages(&mut self) -> Option<&mut Messages> {
        self.messages.as_deref_mut()
    }

    /// The counts so far.
    pub(crate) const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Keeps a journal in `file` of a node with this configuration and clock, whose events are shown by `options`; in
    /// files of this size, if there is one.
    pub(crate) fn recording(
        rng: SystemRng,
        file: BackgroundFile,
        config: &Config,
        clock: WallClock,
        options: Options,
        size: Option<NonZeroU64>,
    ) -> Self {
        let program = concat!("satwire ", env!("CARGO_PKG_VERSION"));
        let prologue = Prologue::new(program, config.clone(), clock).with_options(options.to_pairs());
        let mut recorder = Recorder::new(rng, file, prologue);
        if let Some(size) = size {
            recorder = recorder.in_files_of(size.get());
        }
        // At once, for a start: whatever happens to the program then, what there is can be opened.
        let flush_at = Some(Instant::now());
        Self::new(Keeping::Recording(Box::new(Recording { recorder, flush_at, end_told: false })))
    }

    /// When [`RunEnvironment::keep`] is to be called, at the latest.
    pub(crate) fn keep_at(&self) -> Option<Instant> {
        match &self.keeping {
            Keeping::Plain(_) => None,
            Keeping::Recording(recording) => recording.flush_at,
        }
    }

    /// Hands what was recorded to the disk, if it is time; to be called after each turn. Says once
    /// why recording has ended, if it has.
    pub(crate) fn keep(&mut self) -> Option<String> {
        let Keeping::Recording(recording) = &mut self.keeping else { return None };
        let is_due = recording.flush_at.is_some_and(|at| at <= Instant::now());
        if is_due || !recording.end_told && recording.recorder.sink().has_failed() {
            recording.recorder.flush();
            recording.flush_at = None;
        }
        recording.told_end()
    }

    /// Hands what was recorded to the disk with the next [`RunEnvironment::keep`], for which it is time now.
    pub(crate) fn flush(&mut self) {
        if let Keeping::Recording(recording) = &mut self.keeping {
            recording.flush_at = Some(Instant::now());
        }
    }

    /// Calls `wake` from another thread once the journal cannot be written any more: [`RunEnvironment::keep`] has
    /// something to say then, although nothing else happens.
    pub(crate) fn on_failure(&self, wake: impl FnOnce() + Send + 'static) {
        if let Keeping::Recording(recording) = &self.keeping {
            recording.recorder.sink().on_failure(wake);
        }
    }

    /// Whether the journal could not be written to its end.
    pub(crate) fn failed(&self) -> bool {
        match &self.keeping {
            Keeping::Plain(_) => false,
            Keeping::Recording(recording) => {
                let ended = recording.recorder.ended();
                ended.is_some_and(|ended| ended.reason != EndReason::Clean)
                    || recording.recorder.sink().has_failed()
            }
        }
    }

    /// The time of the last input that is in the journal for good: what its replay ends with. Zero while there is none,
    /// `None` if no journal is kept.
    pub(crate) fn journal_until(&self) -> Option<satwire_core::Instant> {
        match &self.keeping {
            Keeping::Plain(_) => None,
            Keeping::Recording(recording) => Some(recording.recorder.sink().whole_until()),
        }
    }

    /// Ends the journal in good order and waits for the disk; what went wrong, if something did.
    pub(crate) fn finish(&mut self) -> Option<String> {
        let Keeping::Recording(recording) = &mut self.keeping else { return None };
        recording.recorder.finish();
        let failed = recording.told_end();
        match recording.recorder.sink_mut().close() {
            Err(error) if !recording.end_told => Some(format!("the journal could not be written: {error}")),
            _ => failed,
        }
    }
}

impl Recording {
    fn told_end(&mut self) -> Option<String> {
        let ended = self.recorder.ended().filter(|ended| ended.reason != EndReason::Clean)?;
        (!std::mem::replace(&mut self.end_told, true)).then(|| ended.to_string())
    }
}

impl Environment for RunEnvironment {
    fn draw(&mut self, purpose: Purpose) -> u64 {
        match &mut self.keeping {
            Keeping::Plain(rng) => rng.draw(purpose),
            Keeping::Recording(recording) => recording.recorder.draw(purpose),
        }
    }

    fn observe(&mut self, purpose: Purpose, seen: u64) -> u64 {
        match &mut self.keeping {
            Keeping::Plain(rng) => rng.observe(purpose, seen),
            Keeping::Recording(recording) => recording.recorder.observe(purpose, seen),
        }
    }

    fn input(&mut self, now: satwire_core::Instant, input: &Input<'_>) {
        self.meter.input(now, input);
        if let Some(messages) = &mut self.messages {
            messages.input(now, input);
        }
        if let Keeping::Recording(recording) = &mut self.keeping {
            recording.flush_at.get_or_insert_with(|| Instant::now() + FLUSH);
            recording.recorder.input(now, input);
        }
    }

    fn queued(&mut self, now: satwire_core::Instant, conn: ConnId, frames: &[u8]) {
        self.meter.queued(frames);
        if let Some(messages) = &mut self.messages {
            messages.queued(now, conn, frames);
        }
        if let Keeping::Recording(recording) = &mut self.keeping {
            recording.recorder.queued(now, conn, frames);
        }
    }

    fn output(&mut self, now: satwire_core::Instant, output: &Output) {
        if let Some(messages) = &mut self.messages {
            messages.output(output);
        }
        if let Keeping::Recording(recording) = &mut self.keeping {
            recording.recorder.output(now, output);
        }
    }
}

/// A generator with a seed of its own.
pub(crate) fn system_rng() -> io::Result<SystemRng> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    Ok(FromRng(ChaCha12Rng::from_seed(seed)))
}
