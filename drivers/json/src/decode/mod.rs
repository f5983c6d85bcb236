//! Bytes as a transaction, with and without witnesses.

mod flaw;

use satwire_core::wire::TxView;

pub use self::flaw::DecodeTxError;
use crate::script::is_sane;

/// Reads all of the bytes as a transaction, as Bitcoin Core's `src/core_io.cpp` `DecodeTx` does if
/// nobody tells it which form they have.
///
/// A transaction without inputs, which somebody is still putting together, may look like one with
/// witnesses. If both readings work, that with witnesses wins, unless only the other has scripts that
/// could be some.
///
/// The work is a few passes over the bytes, and no more is allocated than an error's text. Whether the
/// transaction could ever be mined is not asked: [`TxView::check`] does that.
///
/// ```
/// use satwire_json::{decode_tx, hex};
///
/// let bytes = hex::decode("01000000000000000000")?;
/// assert_eq!(decode_tx(&bytes)?.outputs().len(), 0);
///
/// let error = decode_tx(&bytes[..8]).unwrap_err();
/// assert_eq!(error.to_string(), "byte 6, locktime: payload ends early: a field of 4 bytes, 2 left");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn decode_tx(bytes: &[u8]) -> Result<TxView<'_>, DecodeTxError> {
    let is_whole = |tx: &TxView<'_>| tx.size() == bytes.len();
    let extended = TxView::decode(bytes).ok().filter(is_whole);
    if let Some(tx) = extended
        && has_sane_scripts(&tx)
    {
        return Ok(tx);
    }
    let legacy = TxView::decode_legacy(bytes).ok().filter(is_whole);
    let likely = legacy.filter(has_sane_scripts);
    likely.or(extended).or(legacy).ok_or_else(|| DecodeTxError::find(bytes))
}

/// The script of a coinbase is anybody's choice.
fn has_sane_scripts(tx: &TxView<'_>) -> bool {
    let inputs = tx.is_coinbase() || tx.inputs().all(|input| is_sane(input.script_sig));
    inputs && tx.outputs().all(|output| is_sane(output.script_pubkey))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{legacy, segwit};

    /// Version 2, then these bytes, then the locktime.
    fn made(middle: &[u8]) -> Vec<u8> {
        [&[2, 0, 0, 0][..], middle, &[0; 4]].concat()
    }

    /// Inputs and outputs, and whether it is read with witnesses.
    fn read(bytes: &[u8]) -> (usize, usize, bool) {
        let tx = decode_tx(bytes).unwrap();
        assert_eq!(tx.as_bytes(), bytes);
        (tx.inputs().len(), tx.outputs().len(), tx.has_witness())
    }

    #[test]
    fn either_form_is_read() {
        assert_eq!(read(&legacy(2, &[50])), (1, 1, false));
        assert_eq!(read(&segwit()), (1, 1, true));
        assert_eq!(read(&made(&[0, 0])), (0, 0, false));
        // No inputs, one output of a coin: only the reading without witnesses works.
        let funded = made(&[0, 1, 0, 225, 245, 5, 0, 0, 0, 0, 1, 0x51]);
        assert_eq!(read(&funded), (0, 1, false));
        // No inputs, two outputs: the flag would be 2, which nobody knows.
        let output = [0, 225, 245, 5, 0, 0, 0, 0, 0];
        assert_eq!(read(&made(&[&[0, 2][..], &output, &output].concat())), (0, 2, false));
    }

    /// Bytes that work in both forms: one input with a witness and no outputs, or no inputs and one
    /// output. The expected results are those of Bitcoin Core's `bitcoin-tx`; the reasons stand in `src/core_io.cpp`
    /// `DecodeTx`, "General strategy".
    #[test]
    fn if_both_readings_work_the_scripts_decide() {
        // The scripts are, in one reading, the 51 or fe after 0000000001; in the other, from the 27 or
        // 26 on, so many bytes.
        for (bytes, inputs) in [
            // Only that with witnesses has sane scripts.
            (
                "02000000000101 0000000000000027 000000000000000000000000000000000000000000000000 \
                 0000000001 51 ffffffff 00 01024e01 00000000",
                1,
            ),
            // Neither has.
            (
                "02000000000101 0000000000000027 000000000000000000000000000000000000000000000000 \
                 0000000001 fe ffffffff 00 01024e01 00000000",
                1,
            ),
            // Both have.
            (
                "02000000000101 0000000000000026 250000000000000000000000000000000000000000000000 \
                 0000000001 51 ffffffff 00 010151 00000000",
                1,
            ),
            // Only that without witnesses has.
            (
                "02000000000101 0000000000000026 250000000000000000000000000000000000000000000000 \
                 0000000001 fe ffffffff 00 010151 00000000",
                0,
            ),
        ] {
            let decoded = crate::hex::decode(bytes.replace(' ', "")).unwrap();
            assert_eq!(read(&decoded), (inputs, 1 - inputs, inputs == 1), "{bytes}");
        }
    }

    #[test]
    fn nothing_may_stand_after() {
        for bytes in [legacy(2, &[50]), segwit()] {
            let longer = [&bytes[..], &[0]].concat();
            let refusal = decode_tx(&longer).unwrap_err();
            let end = bytes.len();
            assert_eq!(refusal.offset(), end);
            assert_eq!(
                refusal.to_string(),
                format!("1 byte after the transaction, which ends at byte {end}")
            );
        }
    }
}
