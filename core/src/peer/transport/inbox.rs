//! Cutting a byte stream into frames where it lies.

use alloc::vec::Vec;

/// The part that is kept of a byte stream between two reads: the beginning of one frame, or how many bytes
/// of an unwanted one are still to be skipped.
///
/// A frame that is whole in the caller's slice is never copied, a skipped body never kept.
#[derive(Debug, Default)]
pub(in crate::peer) struct Inbox {
    /// The beginning of a frame whose end has not come; never more than one frame.
    kept: Vec<u8>,
    /// Bytes to pass over before the next frame begins.
    skip: usize,
}

impl Inbox {
    /// Makes the first `need` bytes of the frame readable through [`Inbox::front`]. If they are not
    /// all there yet, keeps what is, and is false: `input` is used up.
    #[inline]
    pub(super) fn fill(&mut self, input: &mut &[u8], need: usize) -> bool {
        (self.is_empty() && input.len() >= need) || self.keep(input, need)
    }

    /// The frame's bytes that are there: kept ones, else those at the front of `input`.
    #[inline]
    pub(in crate::peer) fn front<'a>(&'a self, input: &'a [u8]) -> &'a [u8] {
        if self.kept.is_empty() { input } else { &self.kept }
    }

    /// Ends the frame, which is `len` bytes long: what of it has not come yet will be passed over.
    #[inline]
    pub(super) fn consume(&mut self, input: &mut &[u8], len: usize) {
        match input.get(len..) {
            Some(rest) if self.is_empty() => *input = rest,
            _ => self.begin_skip(input, len),
        }
    }

    /// Nothing is left of what came before.
    #[inline]
    fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.skip == 0
    }

    /// Keeps what is missing of `need` bytes, as far as it is there; whether that is all.
    fn keep(&mut self, input: &mut &[u8], need: usize) -> bool {
        self.pass_over(input);
        if self.is_empty() && input.len() >= need {
            return true;
        }
        let missing = need.saturating_sub(self.kept.len()).min(input.len());
        if missing > 0 {
            let (head, tail) = input.split_at(missing);
            if self.kept.capacity() < self.kept.len() + missing {
                // At most doubled, at most the frame: what was not sent is not reserved for.
                let grown = need.min(2 * (self.kept.len() + missing));
                self.kept.reserve_exact(grown - self.kept.len());
            }
            self.kept.extend_from_slice(head);
            *input = tail;
        }
        self.skip == 0 && self.kept.len() >= need
    }

    fn begin_skip(&mut self, input: &mut &[u8], len: usize) {
        self.skip = len - self.kept.len();
        self.kept = Vec::new();
        self.pass_over(input);
    }

    fn pass_over(&mut self, input: &mut &[u8]) {
        let passed = self.skip.min(input.len());
        *input = &input[passed..];
        self.skip -= passed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of a length byte and a body; bodies of odd length are skipped from their header on.
    fn cut(stream: &[u8], sizes: impl Iterator<Item = usize>) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let mut inbox = Inbox::default();
        let mut rest = stream;
        for size in sizes {
            let (mut input, tail) = rest.split_at(size.min(rest.len()));
            rest = tail;
            while inbox.fill(&mut input, 1) {
                let len = 1 + usize::from(inbox.front(input)[0]);
                if len % 2 == 0 {
                    inbox.consume(&mut input, len);
                } else if inbox.fill(&mut input, len) {
                    frames.push(inbox.front(input)[..len].to_vec());
                    inbox.consume(&mut input, len);
                } else {
                    break;
                }
            }
            assert!(inbox.kept.capacity() <= 2 * stream.len());
        }
        frames
    }

    #[test]
    fn cuts_do_not_matter() {
        let stream = [4, 1, 2, 3, 4, 3, 9, 9, 9, 0, 1, 7, 6, 1, 2, 3, 4, 5, 6, 0];
        let whole = cut(&stream, core::iter::once(stream.len()));
        assert_eq!(whole.len(), 4);
        for size in 1..stream.len() {
            assert_eq!(cut(&stream, core::iter::repeat_n(size, stream.len())), whole, "cuts of {size}");
        }
    }
}
