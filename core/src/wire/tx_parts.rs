//! The parts of a transaction: inputs, outputs, witnesses, and how they are walked.

use super::{Error, Reader, Txid};

/// Least encoded size of an input: txid 32 · index 4 · script length 1 · sequence 4.
pub(super) const MIN_INPUT: usize = 41;
/// Least encoded size of an output: value 8 · script length 1.
pub(super) const MIN_OUTPUT: usize = 9;
/// Least encoded size of a witness item: its length.
const MIN_WITNESS_ITEM: usize = 1;

/// One input: the output that it spends, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxIn<'a> {
    /// The transaction whose output is spent.
    pub prev_txid: Txid,
    /// The index of that output.
    pub prev_vout: u32,
    /// The script that unlocks it.
    pub script_sig: &'a [u8],
    /// The sequence number (BIP68, BIP125).
    pub sequence: u32,
}

impl<'a> TxIn<'a> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Error> {
        Ok(Self {
            prev_txid: Txid(reader.array()?),
            prev_vout: reader.u32()?,
            script_sig: reader.var_bytes()?,
            sequence: reader.u32()?,
        })
    }

    /// Takes an input off the reader without looking at it.
    #[inline]
    pub(super) fn skip(reader: &mut Reader<'_>) -> Result<(), Error> {
        reader.skip_around::<36, 4>()
    }

    /// Whether it spends nothing: the input of a coinbase.
    pub const fn is_null(&self) -> bool {
        let mut i = 0;
        while i < 32 {
            if self.prev_txid.0[i] != 0 {
                return false;
            }
            i += 1;
        }
        self.prev_vout == u32::MAX
    }
}

/// An amount, and the script that locks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxOut<'a> {
    /// Satoshis, as they were sent: the value may be negative or above 21 million coins.
    pub value: i64,
    /// The script that locks it.
    pub script_pubkey: &'a [u8],
}

impl<'a> TxOut<'a> {
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, Error> {
        Ok(Self { value: reader.i64()?, script_pubkey: reader.var_bytes()? })
    }

    /// Takes an output off the reader without looking at it.
    #[inline]
    pub(super) fn skip(reader: &mut Reader<'_>) -> Result<(), Error> {
        reader.skip_around::<8, 0>()
    }
}

/// The witness stack of one input: its items, first pushed first.
#[derive(Clone, Debug)]
pub struct Witness<'a> {
    pub(super) left: u32,
    pub(super) reader: Reader<'a>,
}

impl<'a> Witness<'a> {
    /// Takes a stack off the reader and checks that it is whole.
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let left = reader.count(MIN_WITNESS_ITEM)? as u32;
        let stack = Self { left, reader: reader.clone() };
        for _ in 0..left {
            reader.skip_around::<0, 0>()?;
        }
        Ok(stack)
    }
}

/// Declares how a list is walked that decoding the transaction has found whole: an error, which cannot
/// happen, would only end it early.
macro_rules! walk {
    ($list:ident, $item:ty, $take:expr) => {
        impl<'a> Iterator for $list<'a> {
            type Item = $item;

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                self.left = self.left.checked_sub(1)?;
                let take: fn(&mut Reader<'a>) -> Result<$item, Error> = $take;
                take(&mut self.reader).ok()
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                (self.left as usize, Some(self.left as usize))
            }
        }

        impl ExactSizeIterator for $list<'_> {}
    };
}

/// Iterator over the inputs of a transaction.
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    pub(super) left: u32,
    pub(super) reader: Reader<'a>,
}

/// Iterator over the outputs of a transaction.
#[derive(Clone, Debug)]
pub struct Outputs<'a> {
    pub(super) left: u32,
    pub(super) reader: Reader<'a>,
}

/// Iterator over the witness stacks of a transaction.
#[derive(Clone, Debug)]
pub struct Witnesses<'a> {
    pub(super) left: u32,
    pub(super) reader: Reader<'a>,
}

walk!(Inputs, TxIn<'a>, TxIn::decode);
walk!(Outputs, TxOut<'a>, TxOut::decode);
walk!(Witnesses, Witness<'a>, Witness::decode);
walk!(Witness, &'a [u8], Reader::var_bytes);
