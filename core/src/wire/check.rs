//! Objections to a transaction without knowing the chain.

use alloc::vec::Vec;

use super::{Inputs, TxIn, TxView};

/// All the satoshis there will ever be (Bitcoin Core `src/consensus/amount.h` `MAX_MONEY`).
pub const MAX_MONEY: i64 = 21_000_000 * 100_000_000;

/// The most weight units of a block (Bitcoin Core `src/consensus/consensus.h` `MAX_BLOCK_WEIGHT`).
pub const MAX_BLOCK_WEIGHT: usize = 4_000_000;

/// Why a transaction can never be mined, or never alone be relayed. `Display` is Bitcoin Core's reject
/// reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TxError {
    /// No inputs.
    #[error("bad-txns-vin-empty")]
    NoInputs,
    /// No outputs.
    #[error("bad-txns-vout-empty")]
    NoOutputs,
    /// Without its witnesses it is larger than a block could be.
    #[error("bad-txns-oversize")]
    Oversize,
    /// An output of less than nothing.
    #[error("bad-txns-vout-negative")]
    NegativeOutput,
    /// An output above [`MAX_MONEY`].
    #[error("bad-txns-vout-toolarge")]
    OutputTooLarge,
    /// Outputs that together are above [`MAX_MONEY`].
    #[error("bad-txns-txouttotal-toolarge")]
    OutputTotalTooLarge,
    /// Two inputs that spend the same output (CVE-2018-17144).
    #[error("bad-txns-inputs-duplicate")]
    DuplicateInputs,
    /// A coinbase whose script does not have 2 to 100 bytes.
    #[error("bad-cb-length")]
    CoinbaseLength,
    /// An input that spends nothing, though it is no coinbase.
    #[error("bad-txns-prevout-null")]
    NullPrevout,
    /// A coinbase outside of a block.
    #[error("coinbase")]
    Coinbase,
}

impl TxView<'_> {
    /// The fault of the transaction, wherever it came from and whatever it spends: the first
    /// finding in the order of Bitcoin Core's `src/consensus/tx_check.cpp` `CheckTransaction`.
    ///
    /// Needs memory for the prevouts of a transaction with more than 32 inputs, 36 bytes each.
    pub fn check(&self) -> Result<(), TxError> {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        if inputs.len() == 0 {
            return Err(TxError::NoInputs);
        }
        if outputs.len() == 0 {
            return Err(TxError::NoOutputs);
        }
        if 4 * self.stripped_size() > MAX_BLOCK_WEIGHT {
            return Err(TxError::Oversize);
        }
        let mut total = 0;
        for output in outputs {
            if output.value < 0 {
                return Err(TxError::NegativeOutput);
            }
            if output.value > MAX_MONEY {
                return Err(TxError::OutputTooLarge);
            }
            // Two amounts of money at most: far from where an i64 ends.
            total += output.value;
            if total > MAX_MONEY {
                return Err(TxError::OutputTotalTooLarge);
            }
        }
        if may_repeat(inputs.clone()) && repeats(inputs.clone()) {
            return Err(TxError::DuplicateInputs);
        }
        if self.is_coinbase() {
            let lengths = inputs.map(|input| input.script_sig.len());
            if lengths.into_iter().any(|len| !(2..=100).contains(&len)) {
                return Err(TxError::CoinbaseLength);
            }
        } else if inputs.into_iter().any(|input| input.is_null()) {
            return Err(TxError::NullPrevout);
        }
        Ok(())
    }

    /// As [`TxView::check`], for a transaction that came by itself and not in a block: a coinbase is
    /// refused too (Bitcoin Core `src/validation.cpp` `PreChecks`).
    pub fn check_loose(&self) -> Result<(), TxError> {
        self.check()?;
        if self.is_coinbase() { Err(TxError::Coinbase) } else { Ok(()) }
    }
}

/// Inputs up to which each is compared with each.
const FEW: usize = 32;

/// Whether two inputs may spend the same output: false is certain. Answers for few inputs without memory.
fn may_repeat(inputs: Inputs<'_>) -> bool {
    if inputs.len() > FEW {
        return true;
    }
    let mut seen = [0; FEW];
    for (n, input) in inputs.enumerate() {
        let mark = mark(&input);
        if seen[..n].contains(&mark) {
            return true;
        }
        seen[n] = mark;
    }
    false
}

/// Eight bytes of what an input spends: equal for the same output, different for most others.
const fn mark(input: &TxIn<'_>) -> u64 {
    let (bytes, _) = input.prev_txid.0.as_chunks::<8>();
    u64::from_le_bytes(bytes[0]).wrapping_add(input.prev_vout as u64)
}

/// Whether two inputs spend the same output.
fn repeats(inputs: Inputs<'_>) -> bool {
    let mut prevouts: Vec<_> = inputs.map(|input| (input.prev_txid, input.prev_vout)).collect();
    prevouts.sort_unstable();
    prevouts.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::put_compact_size;

    /// A transaction that spends these outputs: the first byte of a txid, one of its last, an index.
    fn spending(prevouts: &[(u8, u8, u32)]) -> Vec<u8> {
        let mut bytes = alloc::vec![2, 0, 0, 0];
        put_compact_size(&mut bytes, prevouts.len() as u64);
        for &(first, last, vout) in prevouts {
            let mut txid = [9; 32];
            (txid[0], txid[31]) = (first, last);
            bytes.extend_from_slice(&txid);
            bytes.extend_from_slice(&vout.to_le_bytes());
            bytes.extend_from_slice(&[0, 0xff, 0xff, 0xff, 0xff]);
        }
        bytes.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    fn check(prevouts: &[(u8, u8, u32)]) -> Result<(), TxError> {
        TxView::decode(&spending(prevouts)).unwrap().check()
    }

    /// T18, CVE-2018-17144: an input twice is found wherever it stands, and what only looks alike is not taken
    /// for it.
    #[test]
    fn t18_an_input_twice_is_found_among_few_and_many() {
        for count in [2, 3, FEW - 1, FEW, FEW + 1, 100] {
            let distinct: Vec<_> = (0..count).map(|n| (n as u8, 0, 7)).collect();
            assert_eq!(check(&distinct), Ok(()), "{count}");
            for (place, other) in [(0, count - 1), (count - 2, count - 1), (0, 1)] {
                let mut twice = distinct.clone();
                twice[place] = twice[other];
                assert_eq!(check(&twice), Err(TxError::DuplicateInputs), "{place} of {count}");
                // The same mark, but another output.
                twice[place].1 = 1;
                assert_eq!(check(&twice), Ok(()), "{place} of {count}");
            }
        }
        assert_eq!(check(&[(1, 0, 1), (2, 0, 0)]), Ok(()), "two outputs of one mark");
    }
}
