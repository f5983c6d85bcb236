//! Encoded bytes that wait to be written.

use alloc::vec::Vec;

/// A queue of bytes: messages are encoded into its end, the driver writes from its front.
///
/// Nothing overtakes. When it is empty it holds no memory.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    /// How many of `bytes` were written.
    sent: usize,
}

impl Outbox {
    /// The end, for encoding one more message.
    pub(super) fn end(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The bytes that were not written yet, contiguous.
    pub(super) fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// Drops the first `n` unsent bytes, which were written. More than there are is all of them.
    pub(super) fn consume(&mut self, n: usize) {
        self.sent = self.bytes.len().min(self.sent.saturating_add(n));
        if self.sent == self.bytes.len() {
            *self = Self::default();
        } else if self.sent > self.bytes.len() / 2 {
            // Moving fewer bytes than were written keeps the cost of each byte constant.
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_prefixes_give_the_same_bytes() {
        for step in 1..12 {
            let mut outbox = Outbox::default();
            let mut written = Vec::new();
            for round in 0..5_u8 {
                outbox.end().extend_from_slice(&[round; 7]);
                let n = step.min(outbox.unsent().len());
                written.extend_from_slice(&outbox.unsent()[..n]);
                outbox.consume(n);
            }
            written.extend_from_slice(outbox.unsent());
            outbox.consume(usize::MAX);
            let expected: Vec<u8> = (0..5_u8).flat_map(|round| [round; 7]).collect();
            assert_eq!(written, expected);
            assert_eq!((outbox.unsent().len(), outbox.bytes.capacity()), (0, 0));
        }
    }
}
