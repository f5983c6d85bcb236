//! Lines of a stream that may be endless, or have none.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read};

/// The bytes read at a time.
const PIECE: usize = 64 << 10;

/// Reads lines that are no longer than a limit; of longer ones nothing is kept.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: BufReader<R>,
    limit: usize,
    line: Vec<u8>,
}

/// A line without its line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Whole(&'a [u8]),
    TooLong,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R, limit: usize) -> Self {
        Self { input: BufReader::with_capacity(PIECE, input), limit, line: Vec::new() }
    }

    /// The next line; none at the end. The last one needs no line break.
    pub(super) fn read(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let with_break = self.limit as u64 + 1;
        let len = self.input.by_ref().take(with_break).read_until(b'\n', &mut self.line)?;
        if len == 0 {
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if len > self.limit {
            self.skip_line()?;
            return Ok(Some(Line::TooLong));
        }
        Ok(Some(Line::Whole(&self.line)))
    }

    /// Whether more may have to be waited for.
    pub(super) fn may_wait(&self) -> bool {
        self.input.buffer().is_empty()
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let piece = match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                piece => piece?,
            };
            let end = piece.iter().position(|byte| *byte == b'\n');
            let skipped = end.map_or(piece.len(), |end| end + 1);
            self.input.consume(skipped);
            if skipped == 0 || end.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line::{TooLong, Whole};
    use super::*;

    fn check(text: &[u8], limit: usize, expected: &[Line<'_>]) {
        let mut lines = Lines::new(text, limit);
        for line in expected {
            assert_eq!(lines.read().unwrap(), Some(*line));
        }
        assert_eq!(lines.read().unwrap(), None);
    }

    #[test]
    fn lines_end_at_their_break_or_at_the_end() {
        check(b"", 3, &[]);
        check(b"ab", 3, &[Whole(b"ab")]);
        check(b"abc\n\nde\r\n", 3, &[Whole(b"abc"), Whole(b""), Whole(b"de\r")]);
    }

    #[test]
    fn long_lines_are_passed_over() {
        check(b"abcd\nef\n", 3, &[TooLong, Whole(b"ef")]);
        check(b"abc\nabcd", 3, &[Whole(b"abc"), TooLong]);
        let long = vec![b'x'; 5 * PIECE];
        let text = [&b"a\n"[..], &long, b"\nb"].concat();
        let mut lines = Lines::new(&text[..], 10);
        for expected in [Whole(b"a"), TooLong, Whole(b"b")] {
            assert_eq!(lines.read().unwrap(), Some(expected));
        }
        assert!(lines.line.capacity() < 100, "{}", lines.line.capacity());
    }
}
