//! JSON over several lines, as Bitcoin Core's `bitcoin-cli` prints it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Writes a value as `bitcoin-cli` prints it: two spaces a level, an empty list over two lines, a line break at
/// the end.
///
/// Fails as `out` does, and if the value cannot be JSON (a map whose keys are no text).
///
/// ```
/// let mut out = Vec::new();
/// satwire_json::write_pretty(&serde_json::json!({"vin": [], "locktime": 0}), &mut out)?;
/// assert_eq!(out, b"{\n  \"locktime\": 0,\n  \"vin\": [\n  ]\n}\n");
/// # Ok::<_, std::io::Error>(())
/// ```
pub fn write_pretty(value: &impl Serialize, mut out: impl Write) -> io::Result<()> {
    write_indented(value, "  ", &mut out)
}

fn write_indented(value: &impl Serialize, indent: &'static str, mut out: impl Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut out, Univalue::new(indent)))?;
    out.write_all(b"\n")
}

/// The layout of Bitcoin Core's `src/univalue`. It differs from the one that `serde_json` has in that an
/// empty list takes two lines.
struct Univalue {
    indent: &'static str,
    level: usize,
    /// Something was written since the last bracket was opened.
    has_value: bool,
}

impl Univalue {
    const fn new(indent: &'static str) -> Self {
        Self { indent, level: 0, has_value: false }
    }

    fn open<W: Write + ?Sized>(&mut self, bracket: &[u8], out: &mut W) -> io::Result<()> {
        self.level += 1;
        self.has_value = false;
        out.write_all(bracket)?;
        out.write_all(b"\n")
    }

    fn start<W: Write + ?Sized>(&self, first: bool, out: &mut W) -> io::Result<()> {
        if !first {
            out.write_all(b",\n")?;
        }
        self.indent(out)
    }

    fn close<W: Write + ?Sized>(&mut self, bracket: &[u8], out: &mut W) -> io::Result<()> {
        self.level -= 1;
        if self.has_value {
            out.write_all(b"\n")?;
        }
        self.has_value = true;
        self.indent(out)?;
        out.write_all(bracket)
    }

    fn indent<W: Write + ?Sized>(&self, out: &mut W) -> io::Result<()> {
        (0..self.level).try_for_each(|_| out.write_all(self.indent.as_bytes()))
    }
}

impl Formatter for Univalue {
    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(b"[", out)
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(b"]", out)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.start(first, out)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, _out: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(b"{", out)
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(b"}", out)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.start(first, out)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _out: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// With the four spaces of Bitcoin Core's `bitcoin-tx`, whose output the fixtures are.
    pub(crate) fn like_bitcoin_tx(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        write_indented(value, "    ", &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lists_and_objects() {
        let value = serde_json::json!([{"a": [], "b": {}, "c": [1, [2]]}, "text"]);
        let mut out = Vec::new();
        write_pretty(&value, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "[\n  {\n    \"a\": [\n    ],\n    \"b\": {\n    },\n    \"c\": [\n      1,\n      [\n        2\n      \
             ]\n    ]\n  },\n  \"text\"\n]\n"
        );
    }
}
