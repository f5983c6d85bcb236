//! The checks of the records.

use sha2::{Digest as _, Sha256};

use super::{MAGIC, Version};

/// The length of a check, in bytes.
pub(super) const CHECK: usize = 4;

/// The running hash of one block, whose state behind each record is that record's check.
#[derive(Clone, Debug)]
pub(super) struct Chain(Sha256);

impl Chain {
    /// The chain of the first block, which begins with the journal.
    pub(super) fn first(format: Version) -> Self {
        let mut chain = Self::new();
        chain.0.update(MAGIC);
        chain.0.update([format.major, format.minor]);
        chain
    }

    /// The chain of any other block.
    pub(super) fn new() -> Self {
        Self(Sha256::new())
    }

    /// Takes bytes of a record.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The check of the record whose last byte was taken.
    pub(super) fn check(&self) -> [u8; CHECK] {
        let hash: [u8; 32] = self.0.clone().finalize().into();
        let [a, b, c, d, ..] = hash;
        [a, b, c, d]
    }
}
