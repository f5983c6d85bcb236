//! All that there is to tell of a message: read by the codec, bounded whatever it holds.

use std::fmt::{self, Write as _};
use std::ops::ControlFlow;

use satwire_capture::journal::Way;
use satwire_core::Fault;
use satwire_core::wire::{Command, Header, Message, fields, sha256d};

use super::figures::{Count, Grouped};
use crate::messages::Seen;

/// Labelled fields of a message that are shown.
pub(super) const FIELDS: usize = 256;

/// Bytes of a field that are shown.
pub(super) const BYTES: usize = 256;

/// Bytes that are shown in a row.
const ROW: usize = 16;

/// A message, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) command: Command,
    /// Bytes of its payload.
    pub(super) bytes: u32,
    /// Its content in short; empty if that is no more than its name, or if it cannot be read.
    pub(super) says: String,
    /// Why it cannot be read.
    pub(super) malformed: Option<String>,
}

/// A labelled part of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) offset: usize,
    /// Its bytes in hexadecimal, the first [`BYTES`] of them.
    pub(super) hex: String,
    pub(super) name: String,
    pub(super) says: String,
    /// Its bytes that are not shown.
    pub(super) more: usize,
}

/// The labels of a message, and how many bytes after them are not labelled.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Labels {
    pub(super) labels: Vec<Label>,
    pub(super) more: usize,
}

impl Reading {
    pub(super) fn of(seen: &Seen) -> Self {
        let header = seen.header();
        let payload = seen.message.get(Header::LEN..).unwrap_or_default();
        let command = header.command().unwrap_or_else(|| Command::from_wire_lossy(header.command));
        let mut reading = Self { command, bytes: header.length, says: String::new(), malformed: None };
        if payload.len() < header.length as usize {
            // Only its start was kept: nothing is wrong with it that anybody knows of.
            return reading;
        }
        let digest = sha256d(payload);
        let malformed = if header.command().is_none() {
            Fault::Command
        } else if !header.matches(&digest) {
            Fault::Checksum
        } else {
            match Message::decode(command, payload, digest) {
                Ok(message) => {
                    reading.says = message.brief().to_string();
                    return reading;
                }
                Err(error) => Fault::Payload(error),
            }
        };
        reading.malformed = Some(malformed.to_string());
        reading
    }
}

impl Labels {
    pub(super) fn of(seen: &Seen) -> Self {
        let mut all = Self::default();
        let mut end = 0;
        // The fault of a payload stands beside it.
        let _ = fields(&seen.message, &mut |field| {
            if all.labels.len() == FIELDS {
                return ControlFlow::Break(());
            }
            end = field.offset + field.bytes.len();
            let shown = &field.bytes[..field.bytes.len().min(BYTES)];
            let mut hex = String::with_capacity(2 * shown.len());
            for byte in shown {
                let _ = write!(hex, "{byte:02x}");
            }
            all.labels.push(Label {
                offset: field.offset,
                hex,
                name: field.name.to_string(),
                says: field.value.to_string(),
                more: field.bytes.len() - shown.len(),
            });
            ControlFlow::Continue(())
        });
        all.more = Header::LEN + seen.header().length as usize - end;
        all
    }
}

/// `← inv 109 B  3 wtx: 0011…`, cut at this width.
pub(super) struct MessageText<'a> {
    pub(super) seen: &'a Seen,
    pub(super) width: usize,
}

impl fmt::Display for MessageText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reading { command, bytes, says, malformed } = Reading::of(self.seen);
        let way = match self.seen.way {
            Way::Received => '←',
            Way::Sent => '→',
        };
        let mut text = format!("{way} {command} {} B", Grouped(bytes.into()));
        match malformed {
            Some(fault) => write!(text, "  malformed: {fault}")?,
            None if says.is_empty() => {}
            None => write!(text, "  {says}")?,
        }
        if text.chars().count() > self.width {
            text = text.chars().take(self.width.saturating_sub(1)).chain(['…']).collect();
        }
        f.write_str(&text)
    }
}

/// A line for each label: where it starts, its bytes, its name and what it says.
pub(super) struct LabelLines<'a> {
    pub(super) labels: &'a Labels,
    /// Columns up to and with the offset.
    pub(super) indent: usize,
}

impl fmt::Display for LabelLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: usize = 2 * ROW;
        let indent = self.indent;
        let left_out = |f: &mut fmt::Formatter<'_>, more: usize| {
            if more == 0 {
                Ok(())
            } else {
                writeln!(f, "{:>indent$}  … {} more", "", Count(more as u64, "byte"))
            }
        };
        for Label { offset, hex, name, says, more } in &self.labels.labels {
            let mut rows = hex.as_bytes().chunks(DIGITS).map(|row| str::from_utf8(row).unwrap_or_default());
            let first = rows.next().unwrap_or_default();
            let means = if says.is_empty() { "" } else { " = " };
            writeln!(f, "{offset:>indent$}  {first:<DIGITS$}  {name}{means}{says}")?;
            for row in rows {
                writeln!(f, "{:>indent$}  {row}", "")?;
            }
            left_out(f, *more)?;
        }
        left_out(f, self.labels.more)
    }
}
