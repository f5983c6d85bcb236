//! The place where two rows of lines part, and what led there.

use std::collections::VecDeque;
use std::io::{self, Write};

use serde_json::Value;

use crate::plain::Plain;

/// Lines before the difference that are shown.
const LED: usize = 5;

/// Characters of a line that are shown.
const SHOWN: usize = 240;

/// Characters before the first difference of two long lines that are shown.
const BEFORE: usize = 60;

/// The lines so far, and the first two that are not the same.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parting {
    /// Lines that were the same.
    same: u64,
    /// The start of the last of them.
    led: VecDeque<String>,
    lines: [Option<Vec<u8>>; 2],
}

impl Parting {
    /// Takes a line that both have.
    pub(super) fn same(&mut self, line: &[u8]) {
        self.same += 1;
        if self.led.len() == LED {
            self.led.pop_front();
        }
        self.led.push_back(shown(line, 0));
    }

    /// Takes the lines at which they part; `None` where one has no more.
    pub(super) fn at(self, a: Option<Vec<u8>>, b: Option<Vec<u8>>) -> Self {
        Self { lines: [a, b], ..self }
    }

    /// Prints it as diff(1) does.
    pub(super) fn print(&self, names: &[String; 2], out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "--- {}\n+++ {}", Plain(&names[0]), Plain(&names[1]))?;
        writeln!(out, "@@ line {} @@", self.same + 1)?;
        for line in &self.led {
            writeln!(out, "  {line}")?;
        }
        let [a, b] = &self.lines;
        let from = a.as_ref().zip(b.as_ref()).map_or(0, |(a, b)| first_difference(a, b));
        for (sign, line) in [('-', a), ('+', b)] {
            match line {
                Some(line) => writeln!(out, "{sign} {}", shown(line, from))?,
                None => writeln!(out, "{sign} (nothing more)")?,
            }
        }
        match a.as_ref().zip(b.as_ref()).and_then(|(a, b)| differing_key(a, b)) {
            Some((key, a, b)) => writeln!(out, "They differ in {key}: {a} and {b}"),
            None => Ok(()),
        }
    }
}

/// Bytes that both have at their start.
fn first_difference(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The part of a line around its byte `from`: with no control characters, and no more than [`SHOWN`] others.
fn shown(line: &[u8], from: usize) -> String {
    let skipped = if from + BEFORE < SHOWN { 0 } else { from - BEFORE };
    let part = &line[skipped.min(line.len())..];
    // A character has at most four bytes.
    let text = Plain(String::from_utf8_lossy(&part[..part.len().min(4 * SHOWN)])).to_string();
    let mut shown: String = if skipped > 0 { "…".into() } else { String::new() };
    shown.extend(text.chars().take(SHOWN));
    if text.chars().count() > SHOWN || part.len() > 4 * SHOWN {
        shown.push('…');
    }
    shown
}

/// The first key in which two JSON objects differ, and its values.
fn differing_key(a: &[u8], b: &[u8]) -> Option<(String, String, String)> {
    let (a, b): (Value, Value) = (serde_json::from_slice(a).ok()?, serde_json::from_slice(b).ok()?);
    let (mut a, mut b, mut path) = (&a, &b, String::new());
    loop {
        let (key, next) = match (a, b) {
            (Value::Object(a), Value::Object(b)) => {
                let key = a.keys().chain(b.keys()).find(|key| a.get(*key) != b.get(*key))?;
                (format!(".{key}"), (a.get(key), b.get(key)))
            }
            (Value::Array(a), Value::Array(b)) => {
                let place = (0..a.len().max(b.len())).find(|place| a.get(*place) != b.get(*place))?;
                (format!("[{place}]"), (a.get(place), b.get(place)))
            }
            _ => break,
        };
        path += &key;
        match next {
            (Some(left), Some(right)) => (a, b) = (left, right),
            (left, right) => {
                let text = |value: Option<&Value>| value.map_or_else(|| "nothing".into(), value_text);
                return Some((path_text(&path)?, text(left), text(right)));
            }
        }
    }
    Some((path_text(&path)?, value_text(a), value_text(b)))
}

fn path_text(path: &str) -> Option<String> {
    Some(shown(path.strip_prefix('.')?.as_bytes(), 0))
}

fn value_text(value: &Value) -> String {
    shown(value.to_string().as_bytes(), 0)
}
