//! Records into bytes, bytes into a sink.

use std::io;

use satwire_core::Instant;

use super::chain::Chain;
use super::codec::put_varint;
use super::input::{InputKind, Unsupported, put_input};
use super::kind::{self, StepKind};
use super::record::{Mark, put_drawn};
use super::sink::Sink;
use super::{BLOCK_BYTES, BLOCK_TIME, DIGEST, FORMAT, MAGIC, MAX_RECORD, Observation, Prologue, Step};

/// Bytes that are gathered before the sink gets them, unless it is flushed earlier.
const CHUNK: usize = 64 << 10;

/// Why a journal ends where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// The recorder was told to finish.
    #[error("finished")]
    Clean,
    /// The recorder went away without being told to finish: its program failed.
    #[error("the recording program went away before it finished")]
    Aborted,
    /// Records came faster than the sink took it, and the memory between them was full.
    #[error("recording ended early: the disk did not keep up and the memory for it was full")]
    QueueFull,
    /// The sink failed.
    #[error("recording ended early: the journal could not be written")]
    SinkFailed,
    /// Something was to be recorded for which the format has no place: too long, or too new.
    #[error("recording ended early: something that the format cannot hold")]
    Unsupported,
    /// The file was long enough: the journal goes on in the next one.
    #[error("it goes on in another file, which is not here")]
    Continued,
}

impl EndReason {
    /// All of them; the place of each is its number in a journal.
    pub(super) const ALL: [Self; 6] =
        [Self::Clean, Self::Aborted, Self::QueueFull, Self::SinkFailed, Self::Unsupported, Self::Continued];

    /// A stable word for programs, in snake_case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Aborted => "aborted",
            Self::QueueFull => "queue_full",
            Self::SinkFailed => "sink_failed",
            Self::Unsupported => "unsupported",
            Self::Continued => "continued",
        }
    }

    /// The whole end mark.
    pub(crate) fn mark(self) -> Vec<u8> {
        let mut bytes = vec![kind::END, 1, self as u8];
        let mut chain = Chain::new();
        chain.update(&bytes);
        bytes.extend_from_slice(&chain.check().to_le_bytes());
        bytes
    }
}

/// That nothing more is recorded, and why.
#[derive(Debug, thiserror::Error)]
#[error("{reason}{}", .error.as_ref().map(|error| format!(": {error}")).unwrap_or_default())]
#[non_exhaustive]
pub struct Ended {
    /// Why, as the end mark says it.
    pub reason: EndReason,
    /// The error of the sink, if it failed.
    pub error: Option<io::Error>,
}

/// Writes a journal.
///
/// It never fails: a sink that does ends the journal, with an end mark if the sink still takes it, and
/// what is written later is dropped. [`Writer::ended`] tells. The sink gets whole records only, at
/// least 64 KiB of them at a time unless it is flushed.
#[derive(Debug)]
pub struct Writer<W> {
    sink: W,
    /// Bytes that the sink did not get yet.
    out: Vec<u8>,
    chain: Chain,
    /// The first fields of a step, while it is put together.
    front: Vec<u8>,
    block: Block,
    /// Bytes of the file up to the block's end before.
    before: u64,
    /// The digest that the block is to end with.
    digest: Option<[u8; DIGEST]>,
    /// The time of the last step.
    last: Instant,
    /// The time of the last step that the sink has.
    whole: Instant,
    ended: Option<Ended>,
}

/// The word that the end of a block says of it, and the rule for where that is.
#[derive(Debug, Default)]
struct Block {
    number: u64,
    start: Instant,
    /// Without its start and end.
    records: u64,
    bytes: u64,
}

impl<W: Sink> Writer<W> {
    /// Starts a journal. Nothing reaches `sink` before it is flushed or enough was gathered.
    pub fn new(sink: W, prologue: &Prologue) -> Self {
        let mut writer = Self::unopened(sink);
        writer.prologue(prologue);
        writer
    }

    /// A writer whose prologue is still to come.
    pub(super) fn unopened(sink: W) -> Self {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&[FORMAT.major, FORMAT.minor]);
        let mut writer = Self {
            sink,
            out,
            chain: Chain::first(FORMAT),
            front: Vec::new(),
            block: Block::default(),
            before: 0,
            digest: None,
            last: Instant::ZERO,
            whole: Instant::ZERO,
            ended: None,
        };
        writer.start_block(Instant::ZERO);
        writer
    }

    /// Bytes of the file so far, its beginning left out.
    pub(super) const fn file_bytes(&self) -> u64 {
        self.before + self.block.bytes
    }

    /// The time of the last step.
    pub(super) const fn last(&self) -> Instant {
        self.last
    }

    /// Ends the file and begins another one with this prologue, for steps from this time on.
    pub(super) fn next_file(&mut self, prologue: &Prologue, at: Instant) {
        if self.ended.is_some() {
            return;
        }
        self.end_block();
        self.out.extend_from_slice(&EndReason::Continued.mark());
        self.hand_over();
        if self.ended.is_none()
            && let Err(error) = self.sink.next_file()
        {
            self.ended = Some(Ended { reason: reason_of(&error), error: Some(error) });
        }
        if self.ended.is_some() {
            return;
        }
        self.out.extend_from_slice(MAGIC);
        self.out.extend_from_slice(&[FORMAT.major, FORMAT.minor]);
        self.chain = Chain::first(FORMAT);
        (self.block, self.before) = (Block::default(), 0);
        self.start_block(at.max(self.last));
        self.prologue(prologue);
    }

    /// The first record.
    pub(super) fn prologue(&mut self, prologue: &Prologue) {
        let mut body = Vec::new();
        if prologue.encode(&mut body).is_ok() {
            self.counted(kind::PROLOGUE, &[&body]);
        } else {
            self.end(EndReason::Unsupported);
        }
    }

    /// Appends a step. A time before the last one is taken for that one.
    pub fn step(&mut self, step: &Step) {
        let mut draws = Vec::new();
        let mut input = Vec::new();
        let encoded = step.draws.iter().try_for_each(|drawn| put_drawn(&mut draws, *drawn));
        match encoded.and_then(|()| put_input(&mut input, &step.input.as_input())) {
            Ok(kind) => {
                let draws = Draws { count: step.draws.len() as u64, bytes: &draws };
                self.encoded_step(step.at, kind, &draws, step.mark, &input);
            }
            Err(Unsupported) => self.end(EndReason::Unsupported),
        }
    }

    /// The digest of everything said up to and with the last step. It is written if the block ends
    /// here.
    pub const fn digest(&mut self, digest: [u8; DIGEST]) {
        self.digest = Some(digest);
    }

    /// Whether a step at this time starts a new block.
    pub fn cuts(&self, at: Instant) -> bool {
        at.saturating_duration_since(self.block.start) >= BLOCK_TIME || self.block.bytes >= BLOCK_BYTES
    }

    /// Hands everything to the sink and flushes it. The bytes of the journal do not depend on when
    /// this is done.
    pub fn flush(&mut self) {
        self.hand_over();
        if self.ended.is_none()
            && let Err(error) = self.sink.flush_records()
        {
            self.ended = Some(Ended { reason: reason_of(&error), error: Some(error) });
        }
    }

    /// Ends the journal and flushes the sink.
    pub fn finish(&mut self, reason: EndReason) {
        self.end(reason);
        if let Err(error) = self.sink.flush_records()
            && let Some(ended) = &mut self.ended
            && ended.error.is_none()
        {
            *ended = Ended { reason: reason_of(&error), error: Some(error) };
        }
    }

    /// Whether the journal has ended, and why.
    pub const fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// The sink.
    pub const fn sink_mut(&mut self) -> &mut W {
        &mut self.sink
    }

    /// Where the journal goes.
    pub const fn sink(&self) -> &W {
        &self.sink
    }

    /// Appends a step whose parts are encoded.
    pub(super) fn encoded_step(
        &mut self,
        at: Instant,
        kind: InputKind,
        draws: &Draws<'_>,
        mark: Option<Mark>,
        input: &[u8],
    ) {
        let mut front = self.start_record(kind as u64, at);
        if draws.count > 0 {
            put_varint(&mut front, draws.count);
            front.extend_from_slice(draws.bytes);
        }
        if let Some(mark) = mark {
            front.extend_from_slice(&mark.0);
        }
        self.close_record(StepKind::byte(draws.count > 0, mark.is_some()), front, input);
    }

    /// Appends what a capture shows. Its prologue must name an [`origin`](Prologue::origin).
    pub fn observation(&mut self, observation: &Observation) {
        let what = &observation.what;
        let mut front = self.start_record(what.number(), observation.at);
        put_varint(&mut front, observation.conn.0);
        if what.put_fields(&mut front).is_err() {
            return self.end(EndReason::Unsupported);
        }
        self.close_record(kind::OBSERVATION, front, what.bytes());
    }

    /// Begins a record that is in time, in a new block if it is time for one.
    fn start_record(&mut self, number: u64, at: Instant) -> Vec<u8> {
        let at = at.max(self.last);
        if self.cuts(at) {
            self.end_block();
            self.start_block(at);
        }
        let mut front = std::mem::take(&mut self.front);
        front.clear();
        put_varint(&mut front, number);
        put_varint(&mut front, at.as_micros() - self.last.as_micros());
        self.last = at;
        front
    }

    fn close_record(&mut self, kind: u8, front: Vec<u8>, rest: &[u8]) {
        self.counted(kind, &[&front, rest]);
        self.front = front;
        if self.out.len() >= CHUNK {
            self.hand_over();
        }
    }

    /// Ends the journal, the sink not flushed.
    pub(super) fn end(&mut self, reason: EndReason) {
        if self.ended.is_some() {
            return;
        }
        self.end_block();
        self.out.extend_from_slice(&reason.mark());
        self.hand_over();
        self.ended.get_or_insert(Ended { reason, error: None });
    }

    fn start_block(&mut self, at: Instant) {
        if self.block.number > 0 {
            self.chain = Chain::new();
        }
        self.block = Block { number: self.block.number, start: at, records: 0, bytes: 0 };
        self.last = at;
        let mut body = Vec::with_capacity(20);
        put_varint(&mut body, self.block.number);
        put_varint(&mut body, at.as_micros());
        self.append(kind::BLOCK_START, &[&body]);
    }

    fn end_block(&mut self) {
        let mut body = Vec::with_capacity(40);
        put_varint(&mut body, self.block.records);
        put_varint(&mut body, self.block.bytes);
        if let Some(digest) = self.digest.take() {
            body.extend_from_slice(&digest);
        }
        self.append(kind::BLOCK_END, &[&body]);
        self.before += self.block.bytes;
        self.block.number += 1;
    }

    /// Appends a record that the block counts.
    fn counted(&mut self, number: u8, parts: &[&[u8]]) {
        if parts.iter().map(|part| part.len() as u64).sum::<u64>() > MAX_RECORD {
            return self.end(EndReason::Unsupported);
        }
        self.append(number, parts);
        self.block.records += 1;
    }

    fn append(&mut self, number: u8, parts: &[&[u8]]) {
        if self.ended.is_some() {
            return;
        }
        let start = self.out.len();
        self.out.push(number);
        put_varint(&mut self.out, parts.iter().map(|part| part.len() as u64).sum());
        for part in parts {
            self.out.extend_from_slice(part);
        }
        self.chain.update(&self.out[start..]);
        self.out.extend_from_slice(&self.chain.check().to_le_bytes());
        self.block.bytes += (self.out.len() - start) as u64;
    }

    fn hand_over(&mut self) {
        if self.ended.is_some() {
            return;
        }
        let (taken, result) = write_all(&mut self.sink, &self.out, self.last);
        if let Err(error) = result {
            let reason = reason_of(&error);
            // After a part of a record nothing can be said any more.
            if taken == 0 {
                let _ = write_all(&mut self.sink, &reason.mark(), self.whole);
            }
            self.ended = Some(Ended { reason, error: Some(error) });
            self.out = Vec::new();
        } else {
            self.whole = self.last;
        }
        self.out.clear();
    }
}

/// The draws of a step, encoded.
#[derive(Debug)]
pub(super) struct Draws<'a> {
    pub(super) count: u64,
    pub(super) bytes: &'a [u8],
}

/// A sink that would block has no room.
fn reason_of(error: &io::Error) -> EndReason {
    if error.kind() == io::ErrorKind::WouldBlock { EndReason::QueueFull } else { EndReason::SinkFailed }
}

/// As [`Write::write_all`], and says how much was taken.
fn write_all(sink: &mut impl Sink, bytes: &[u8], until: Instant) -> (usize, io::Result<()>) {
    let mut taken = 0;
    while taken < bytes.len() {
        match sink.write_records(&bytes[taken..], until) {
            Ok(0) => return (taken, Err(io::ErrorKind::WriteZero.into())),
            Ok(more) => taken += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (taken, Err(error)),
        }
    }
    (taken, Ok(()))
}
