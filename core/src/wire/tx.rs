//! `tx`: a transaction, legacy or segwit, as a view of its bytes or as its own copy of them.
//!
//! Legacy: i32 version · inputs · outputs · u32 locktime. Segwit (BIP144): i32 version · marker 00 · flag 01 · inputs ·
//! outputs · one witness stack per input · u32 locktime. The bytes that Bitcoin Core's `src/primitives/transaction.h`
//! `UnserializeTransaction` accepts, and nothing else.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::hash::sha256d_parts;
use super::tx_parts::{Inputs, MIN_INPUT, MIN_OUTPUT, Outputs, TxIn, TxOut, Witness, Witnesses};
use super::{Entry, Error, Hash, Reader, Txid, Wtxid, sha256d};

/// Least encoded size of a transaction: version 4 · no inputs 1 · no outputs 1 · locktime 4.
const MIN_TX: usize = 10;
/// Where the marker and the flag lie in the segwit form.
const MARKER_AND_FLAG: core::ops::Range<usize> = 4..6;
/// The size of the locktime at the end.
const LOCKTIME: usize = 4;

/// A transaction in somebody else's buffer: checked once, then read where it lies.
#[derive(Clone, Copy)]
pub struct TxView<'a> {
    /// Exactly the transaction, without what stood after it.
    bytes: &'a [u8],
    layout: Layout,
    /// Where it is known already: the message's checksum needed it.
    wtxid: Option<Wtxid>,
}

/// The same bytes.
impl PartialEq for TxView<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for TxView<'_> {}

/// Where the parts of a transaction begin. Offsets fit in 32 bits because `decode` refuses more.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Layout {
    /// The place after the count of inputs.
    inputs: u32,
    input_count: u32,
    /// The place after the count of outputs.
    outputs: u32,
    output_count: u32,
    /// Where the outputs end: at the witnesses, or at the locktime where there are none.
    outputs_end: u32,
}

impl<'a> TxView<'a> {
    /// Decodes a transaction from the start of `bytes`; what stands after it is ignored. Nothing is
    /// hashed yet.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::read(&mut Reader::new(bytes))
    }

    /// As [`TxView::decode`], without the segwit form: a zero after the version says that there are no
    /// inputs, whatever comes next (Bitcoin Core's `TX_NO_WITNESS`). No message needs this; a transaction
    /// that somebody is still putting together may.
    ///
    /// ```
    /// use satwire_core::wire::TxView;
    ///
    /// // Version 2, no inputs yet, one output of 0 satoshis to an empty script, locktime 0.
    /// let bytes = [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    /// assert!(TxView::decode(&bytes).is_err());
    /// assert_eq!(TxView::decode_legacy(&bytes).unwrap().outputs().len(), 1);
    /// ```
    pub fn decode_legacy(bytes: &'a [u8]) -> Result<Self, Error> {
        let (bytes, layout) = Layout::decode::<false>(bytes)?;
        Ok(Self { bytes, layout, wtxid: None })
    }

    /// Takes a transaction off the reader.
    #[inline]
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let (bytes, layout) = Layout::decode::<true>(reader.left())?;
        reader.bytes(bytes.len() as u64)?;
        Ok(Self { bytes, layout, wtxid: None })
    }

    /// As [`TxView::decode`], for a payload whose [`sha256d`] is known: it is the wtxid, unless
    /// bytes stand after the transaction.
    #[expect(clippy::inline_always, reason = "moving the view through memory costs as much as the walk")]
    #[inline(always)]
    pub fn decode_hashed(payload: &'a [u8], digest: Hash) -> Result<Self, Error> {
        let (bytes, layout) = Layout::decode::<true>(payload)?;
        let wtxid = if bytes.len() == payload.len() { digest } else { sha256d(bytes) };
        Ok(Self { bytes, layout, wtxid: Some(Wtxid(wtxid.0)) })
    }

    /// The transaction as it was sent, with its witnesses.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The version; consensus gives it no limits.
    pub fn version(&self) -> i32 {
        self.bytes.first_chunk().map_or(0, |bytes| i32::from_le_bytes(*bytes))
    }

    /// The earliest block height or time at which it may be mined (raw; below 500,000,000 a height).
    pub fn lock_time(&self) -> u32 {
        self.bytes.last_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// The inputs, in order.
    pub fn inputs(&self) -> Inputs<'a> {
        Inputs { left: self.layout.input_count, reader: self.reader_at(self.layout.inputs) }
    }

    /// The outputs, in order.
    pub fn outputs(&self) -> Outputs<'a> {
        Outputs { left: self.layout.output_count, reader: self.reader_at(self.layout.outputs) }
    }

    /// One witness stack per input, in order; nothing for a legacy transaction.
    pub fn witnesses(&self) -> Witnesses<'a> {
        let left = if self.has_witness() { self.layout.input_count } else { 0 };
        Witnesses { left, reader: self.reader_at(self.layout.outputs_end) }
    }

    /// Whether an input has a witness.
    pub const fn has_witness(&self) -> bool {
        self.layout.outputs_end as usize + LOCKTIME < self.bytes.len()
    }

    /// Whether it creates coins: one input, which spends nothing.
    pub fn is_coinbase(&self) -> bool {
        let mut inputs = self.inputs();
        matches!((inputs.next(), inputs.next()), (Some(input), None) if input.is_null())
    }

    /// Bytes as sent, with the witnesses: Bitcoin Core's `size`.
    pub const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes without marker, flag and witnesses: the stripped size.
    pub const fn stripped_size(&self) -> usize {
        if self.has_witness() {
            self.layout.outputs_end as usize - MARKER_AND_FLAG.end + MARKER_AND_FLAG.start + LOCKTIME
        } else {
            self.bytes.len()
        }
    }

    /// Weight units: three times the stripped size plus the size (BIP141).
    pub const fn weight(&self) -> usize {
        3 * self.stripped_size() + self.size()
    }

    /// Virtual bytes: a quarter of the weight, rounded up (BIP141).
    pub const fn vsize(&self) -> usize {
        self.weight().div_ceil(4)
    }

    /// The hash with witnesses. Costs nothing in a `tx` message and of a [`Tx`]; of a transaction that
    /// came inside another message it is computed at each call.
    #[inline]
    pub fn wtxid(&self) -> Wtxid {
        self.wtxid.unwrap_or_else(|| Wtxid(sha256d(self.bytes).0))
    }

    /// The hash without witnesses, computed at each call; where there are no witnesses it is the
    /// [`wtxid`](Self::wtxid).
    #[inline]
    pub fn txid(&self) -> Txid {
        if !self.has_witness() {
            return Txid(self.wtxid().0);
        }
        let (body, tail) = self.bytes.split_at(self.layout.outputs_end as usize);
        let (version, marked) = body.split_at(MARKER_AND_FLAG.start);
        let unmarked = &marked[MARKER_AND_FLAG.len()..];
        Txid(sha256d_parts(&[version, unmarked, &tail[tail.len() - LOCKTIME..]]).0)
    }

    /// Copies the transaction: one allocation, and the hashes that are not known yet.
    #[inline]
    pub fn to_owned(&self) -> Tx {
        let wtxid = self.wtxid();
        let txid = if self.has_witness() { self.txid() } else { Txid(wtxid.0) };
        Tx { bytes: self.bytes.into(), layout: self.layout, txid, wtxid }
    }

    fn reader_at(&self, offset: u32) -> Reader<'a> {
        Reader::new(&self.bytes[offset as usize..])
    }
}

impl Layout {
    /// Walks the transaction at the start of `bytes`: its exact bytes, and where its parts begin. Only
    /// where `SEGWIT` is true may no inputs mean the segwit form.
    #[expect(clippy::inline_always, reason = "moving the layout through memory costs as much as the walk")]
    #[inline(always)]
    fn decode<const SEGWIT: bool>(bytes: &[u8]) -> Result<(&[u8], Self), Error> {
        // Offsets are kept in 32 bits; nothing this long passes a header, so only the caller of
        // the bare codec can get here.
        let limit = u64::from(u32::MAX);
        if bytes.len() as u64 > limit {
            return Err(Error::TooManyEntries { count: bytes.len() as u64, limit });
        }
        let mut reader = Reader::new(bytes);
        let offset = |reader: &Reader<'_>| (bytes.len() - reader.left().len()) as u32;
        reader.bytes(4)?;
        let mut flag = 0;
        let mut input_count = reader.count(MIN_INPUT)?;
        let mut no_outputs = false;
        if SEGWIT && input_count == 0 {
            // No inputs here means the segwit marker; a flag of zero means that it was none, and
            // that the count of outputs was zero as well.
            flag = reader.u8()?;
            if flag == 0 {
                no_outputs = true;
            } else {
                input_count = reader.count(MIN_INPUT)?;
            }
        }
        let inputs = offset(&reader);
        for _ in 0..input_count {
            TxIn::skip(&mut reader)?;
        }
        let output_count = if no_outputs { 0 } else { reader.count(MIN_OUTPUT)? };
        let outputs = offset(&reader);
        for _ in 0..output_count {
            TxOut::skip(&mut reader)?;
        }
        let outputs_end = offset(&reader);
        if flag & 1 != 0 {
            let mut any = false;
            for _ in 0..input_count {
                any |= Witness::decode(&mut reader)?.len() != 0;
            }
            if !any {
                return Err(Error::SuperfluousWitness);
            }
        }
        if flag & !1 != 0 {
            return Err(Error::UnknownTxFlag(flag & !1));
        }
        reader.bytes(LOCKTIME as u64)?;
        let layout = Self {
            inputs,
            input_count: input_count as u32,
            outputs,
            output_count: output_count as u32,
            outputs_end,
        };
        Ok((&bytes[..offset(&reader) as usize], layout))
    }
}

/// In a list: the transaction, in either form.
impl<'a> Entry<'a> for TxView<'a> {
    const MIN_LEN: usize = MIN_TX;

    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Error> {
        Self::read(reader)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.bytes);
    }
}

impl fmt::Debug for TxView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TxView")
            .field("wtxid", &self.wtxid())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// A transaction of one's own: its bytes, in one shared allocation, and both ids.
///
/// Cloning shares the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Tx {
    bytes: Arc<[u8]>,
    layout: Layout,
    txid: Txid,
    wtxid: Wtxid,
}

impl Tx {
    /// Returns the view that has everything else: version, locktime, witnesses, sizes.
    pub fn view(&self) -> TxView<'_> {
        TxView { bytes: &self.bytes, layout: self.layout, wtxid: Some(self.wtxid) }
    }

    /// The transaction as it was sent, with its witnesses.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the inputs, in order.
    pub fn inputs(&self) -> Inputs<'_> {
        self.view().inputs()
    }

    /// Returns the outputs, in order.
    ///
    /// ```
    /// use satwire_core::wire::{Tx, TxView};
    ///
    /// // Version 2, one input of zeros, one output of 5 satoshis to an empty script, locktime 0.
    /// let mut bytes = vec![2, 0, 0, 0, 1];
    /// bytes.extend([0; 41]);
    /// bytes.extend([1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    /// let tx: Tx = TxView::decode(&bytes)?.to_owned();
    /// assert_eq!(tx.inputs().len(), 1);
    /// assert_eq!(tx.outputs().map(|output| output.value).sum::<i64>(), 5);
    /// # Ok::<(), satwire_core::wire::Error>(())
    /// ```
    pub fn outputs(&self) -> Outputs<'_> {
        self.view().outputs()
    }

    /// The hash without witnesses.
    pub const fn txid(&self) -> Txid {
        self.txid
    }

    /// The hash with witnesses.
    pub const fn wtxid(&self) -> Wtxid {
        self.wtxid
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx")
            .field("txid", &self.txid)
            .field("wtxid", &self.wtxid)
            .field("size", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
