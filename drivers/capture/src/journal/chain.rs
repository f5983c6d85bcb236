//! The checks of the records.

use crc32fast::Hasher;

use super::{MAGIC, Version};

/// The length of a check, in bytes.
pub(super) const CHECK: usize = 4;

/// The running CRC-32 of one block, whose state after each record is that record's check.
///
/// It is there against damage and not against forgery, which no check in the file itself could stop; and a
/// journal's bulk must not be hashed a third time, after the two passes that the protocol needs.
#[derive(Clone, Debug)]
pub(super) struct Chain(Hasher);

impl Chain {
    /// The chain of the first block, which begins with the journal.
    pub(super) fn first(format: Version) -> Self {
        let mut chain = Self::new();
        chain.0.update(MAGIC);
        chain.0.update(&[format.major, format.minor]);
        chain
    }

    /// The chain of any other block.
    pub(super) fn new() -> Self {
        Self(Hasher::new())
    }

    /// Takes bytes of a record.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The check of the record whose last byte was taken.
    pub(super) fn check(&self) -> u32 {
        self.0.clone().finalize()
    }
}
