//! The recorded peer, as a pure state machine: what it said, in its order, held back where it was an
//! answer.
//!
//! A recording cannot just be sent again: what answers us depends on what we say now. So a frame waits
//! until it is due: `version` for ours, each `pong` for a ping of ours, whose nonce it takes over, and
//! each `tx` for our `getdata` that names it.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use satwire_core::wire::{self, Command, Hash, Header, Message, TxView};
use satwire_core::{Instant, Magic};

/// The bytes of the recorded peer: whole frames, each with its time.
#[derive(Clone, Debug)]
pub(super) struct Script {
    magic: Magic,
    frames: VecDeque<(Instant, Vec<u8>)>,
}

/// Cuts the recorded reads into frames. A frame has the time of its last byte.
#[derive(Debug)]
pub(super) struct ScriptWriter {
    script: Script,
    partial: Vec<u8>,
}

impl ScriptWriter {
    pub(super) const fn new(magic: Magic) -> Self {
        Self { script: Script { magic, frames: VecDeque::new() }, partial: Vec::new() }
    }

    /// Takes what was read at `at`.
    pub(super) fn read(&mut self, at: Instant, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(frame) = take_frame(&mut self.partial) {
            self.script.frames.push_back((at, frame));
        }
    }

    pub(super) fn finish(self) -> Script {
        self.script
    }
}

/// Takes a whole frame off the front.
fn take_frame(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let header = Header::decode(bytes.first_chunk()?);
    let len = Header::LEN + header.length as usize;
    if bytes.len() < len {
        return None;
    }
    let rest = bytes.split_off(len);
    Some(std::mem::replace(bytes, rest))
}

/// The next act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send this, so long after the frame before it.
    Send(Duration, Vec<u8>),
    /// Nothing, until the other side has done its part.
    Await(Gate),
    /// Everything was said.
    Done,
}

/// The condition that a frame waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Version,
    Ping,
    Getdata(Hash),
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => f.write_str("a version"),
            Self::Ping => f.write_str("a ping"),
            Self::Getdata(hash) => write!(f, "a getdata for {hash}"),
        }
    }
}

/// The recorded peer at work.
#[derive(Debug)]
pub(super) struct Playback {
    script: Script,
    /// When the last frame went out, in the recording.
    played: Option<Instant>,
    partial: Vec<u8>,
    version_seen: bool,
    /// Nonces of pings that wait for their pong.
    pings: VecDeque<u64>,
    /// Objects asked for and not sent yet.
    asked: BTreeSet<Hash>,
}

impl Playback {
    pub(super) const fn new(script: Script) -> Self {
        Self {
            script,
            played: None,
            partial: Vec::new(),
            version_seen: false,
            pings: VecDeque::new(),
            asked: BTreeSet::new(),
        }
    }

    /// Takes what the other side sent.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(frame) = take_frame(&mut self.partial) {
            match message(&frame) {
                Some(Message::Version(_)) => self.version_seen = true,
                Some(Message::Ping(nonce)) => self.pings.push_back(nonce),
                Some(Message::Getdata(items)) => {
                    let txs = items.iter().filter(|item| item.inv_type.is_tx());
                    self.asked.extend(txs.map(|item| item.hash));
                }
                _ => {}
            }
        }
    }

    /// The next act. A frame that is given out is over.
    pub(super) fn next(&mut self) -> Step {
        let Some((at, frame)) = self.script.frames.front() else { return Step::Done };
        let mut answer = None;
        match message(frame) {
            Some(Message::Version(_)) if !self.version_seen => return Step::Await(Gate::Version),
            Some(Message::Pong(_)) => match self.pings.pop_front() {
                Some(nonce) => answer = Some(nonce),
                None => return Step::Await(Gate::Ping),
            },
            Some(Message::Tx(tx)) => {
                let txid: Hash = tx.txid().into();
                let names = [txid, tx.wtxid().into()];
                if !names.iter().any(|name| self.asked.remove(name)) {
                    return Step::Await(Gate::Getdata(txid));
                }
            }
            _ => {}
        }
        let since = self.played.map_or(Duration::ZERO, |last| at.saturating_duration_since(last));
        self.played = Some(*at);
        let (_, mut frame) = self.script.frames.pop_front().unwrap_or_default();
        if let Some(nonce) = answer {
            frame.clear();
            wire::encode_pong(&mut frame, self.script.magic, nonce);
        }
        Step::Send(since, frame)
    }
}

fn message(frame: &[u8]) -> Option<Message<'_>> {
    let (header, payload) = frame.split_first_chunk()?;
    let command = Header::decode(header).command()?;
    if command == Command::TX {
        return TxView::decode(payload).ok().map(Message::Tx);
    }
    Message::decode(command, payload, wire::sha256d(payload)).ok()
}
