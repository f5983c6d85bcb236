//! Parts of a case that can be left out: an input, or one message of a stream.

use std::collections::BTreeMap;
use std::ops::Range;

use satwire_core::Magic;
use satwire_core::node::ConnId;
use satwire_core::wire::{self, Header};

use super::{Numbered, TestCase};
use crate::journal::OwnedInput;

/// The inputs and messages of a case, in the order in which they are whole.
#[derive(Debug, Default)]
pub(super) struct Units(Vec<Unit>);

/// An input that is no read, or the bytes of a message where they lie.
#[derive(Debug)]
struct Unit {
    /// Places of steps, and which part of their bytes; no part of a step that is no read.
    parts: Vec<(usize, Range<usize>)>,
}

/// The part of a message that was read.
pub(super) enum Frame {
    /// All of it.
    Whole(Message),
    /// Not all of it, or no message at all.
    Noise(Vec<u8>),
}

/// A message.
pub(super) struct Message {
    header: Header,
    /// After its header.
    pub(super) payload: Vec<u8>,
}

impl Message {
    /// The same message with another payload, whose length and checksum its header gives.
    pub(super) fn with_payload(&self, payload: &[u8]) -> Vec<u8> {
        let [a, b, c, d, ..] = wire::sha256d(payload).0;
        let header = Header { length: payload.len() as u32, checksum: [a, b, c, d], ..self.header };
        [&header.encode(), payload].concat()
    }
}

/// The part that a connection has sent of the message that is coming in.
#[derive(Default)]
struct Incoming {
    bytes: Vec<u8>,
    parts: Vec<(usize, Range<usize>)>,
    /// Something came that is no message: from here on everything is one.
    broken: bool,
}

impl Incoming {
    /// Bytes that are missing before something more can be said.
    fn missing(&self, magic: Magic) -> Option<usize> {
        if self.broken {
            return None;
        }
        let Some(header) = self.bytes.first_chunk().map(Header::decode) else {
            return Some(Header::LEN - self.bytes.len());
        };
        if header.magic != magic || header.length > wire::MAX_PAYLOAD {
            return None;
        }
        Some(Header::LEN + header.length as usize - self.bytes.len())
    }
}

impl Units {
    pub(super) fn of(case: &TestCase) -> Self {
        let magic = case.prologue.config.magic;
        let mut units = Vec::new();
        let mut streams = BTreeMap::<ConnId, Incoming>::new();
        for (place, Numbered { step, .. }) in case.steps.iter().enumerate() {
            let OwnedInput::Received(conn, bytes) = &step.input else {
                units.push(Unit { parts: vec![(place, 0..0)] });
                continue;
            };
            let incoming = streams.entry(*conn).or_default();
            let mut at = 0;
            while at < bytes.len() {
                let missing = incoming.missing(magic);
                incoming.broken = missing.is_none();
                let more = missing.unwrap_or(usize::MAX).min(bytes.len() - at);
                incoming.bytes.extend_from_slice(&bytes[at..at + more]);
                match incoming.parts.last_mut() {
                    Some((last, range)) if *last == place => range.end += more,
                    _ => incoming.parts.push((place, at..at + more)),
                }
                at += more;
                if incoming.missing(magic) == Some(0) {
                    incoming.bytes.clear();
                    units.push(Unit { parts: std::mem::take(&mut incoming.parts) });
                }
            }
        }
        units.extend(
            streams
                .into_values()
                .filter(|left| !left.parts.is_empty())
                .map(|left| Unit { parts: left.parts }),
        );
        Self(units)
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn numbers(&self) -> Vec<usize> {
        (0..self.0.len()).collect()
    }

    /// The steps with these units and no others. A read of which nothing is left is gone.
    pub(super) fn steps(&self, case: &TestCase, left: &[usize]) -> Vec<Numbered> {
        let mut kept = BTreeMap::<usize, Vec<Range<usize>>>::new();
        for (place, range) in left.iter().flat_map(|unit| &self.0[*unit].parts) {
            kept.entry(*place).or_default().push(range.clone());
        }
        let mut steps = Vec::with_capacity(kept.len());
        for (place, mut ranges) in kept {
            let mut numbered = case.steps[place].clone();
            if let OwnedInput::Received(_, bytes) = &mut numbered.step.input {
                ranges.sort_unstable_by_key(|range| range.start);
                *bytes = ranges.into_iter().flat_map(|range| &bytes[range]).copied().collect();
            }
            steps.push(numbered);
        }
        steps
    }

    /// The message that this unit is, if it is part of a stream.
    pub(super) fn frame(&self, case: &TestCase, unit: usize) -> Option<Frame> {
        let mut all = Vec::new();
        for (place, range) in &self.0.get(unit)?.parts {
            let OwnedInput::Received(_, bytes) = &case.steps[*place].step.input else { return None };
            all.extend_from_slice(&bytes[range.clone()]);
        }
        let header = all.first_chunk().map(Header::decode);
        let whole = header.filter(|header| {
            header.magic == case.prologue.config.magic && all.len() == Header::LEN + header.length as usize
        });
        Some(match whole {
            Some(header) => Frame::Whole(Message { header, payload: all.split_off(Header::LEN) }),
            None => Frame::Noise(all),
        })
    }

    /// The steps with other bytes for this unit. They come where its last bytes came.
    pub(super) fn replaced(&self, case: &TestCase, unit: usize, by: &[u8]) -> Vec<Numbered> {
        let mut steps = case.steps.clone();
        let parts = &self.0[unit].parts;
        for (nth, (place, range)) in parts.iter().enumerate() {
            if let OwnedInput::Received(_, bytes) = &mut steps[*place].step.input {
                let by = if nth + 1 == parts.len() { by } else { &[] };
                bytes.splice(range.clone(), by.iter().copied());
            }
        }
        let is_left = |numbered: &Numbered| !matches!(&numbered.step.input, OwnedInput::Received(_, bytes) if bytes.is_empty());
        steps.retain(is_left);
        steps
    }
}
