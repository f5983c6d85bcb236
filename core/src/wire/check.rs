//! What can be said against a transaction without knowing the chain.

use alloc::vec::Vec;

use super::TxView;

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
    /// What is wrong with the transaction, wherever it came from and whatever it spends: the first
    /// finding in the order of Bitcoin Core's `src/consensus/tx_check.cpp` `CheckTransaction`.
    ///
    /// Needs memory for the prevouts of a transaction with several inputs, 36 bytes each.
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
        if inputs.len() > 1 {
            let mut prevouts: Vec<_> =
                inputs.clone().map(|input| (input.prev_txid, input.prev_vout)).collect();
            prevouts.sort_unstable();
            if prevouts.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(TxError::DuplicateInputs);
            }
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
