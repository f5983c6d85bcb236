//! The fault of bytes that are no transaction, and its place.

use std::fmt;

use satwire_core::wire::{Error, Reader};

/// Why bytes are no transaction. `Display` says at which byte, in which field, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct DecodeTxError {
    offset: usize,
    /// How far one gets before the mistake shows.
    reached: usize,
    text: String,
}

impl DecodeTxError {
    /// The place where the bytes stop being a transaction, counted from 0: that of the field which is cut off
    /// or wrong, or the end of the transaction if bytes follow it.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Finds the mistake. Where the bytes could be a transaction with witnesses and one without, the reading that
    /// gets further tells more.
    pub(super) fn find(bytes: &[u8]) -> Self {
        let [extended, legacy] = [true, false].map(|witnesses| Walk::over(bytes, witnesses));
        if legacy.reached > extended.reached { legacy } else { extended }
    }

    fn new(offset: usize, field: fmt::Arguments<'_>, error: Error) -> Self {
        Self { offset, reached: offset, text: format!("byte {offset}, {field}: {error}") }
    }
}

/// Goes through a transaction field by field, which is slower than decoding it and tells more.
struct Walk<'a> {
    len: usize,
    reader: Reader<'a>,
}

impl<'a> Walk<'a> {
    /// The fault of one reading. If nothing is, there must be too much.
    fn over(bytes: &'a [u8], witnesses: bool) -> DecodeTxError {
        let mut walk = Self { len: bytes.len(), reader: Reader::new(bytes) };
        if let Err(flaw) = walk.transaction(witnesses) {
            return flaw;
        }
        let after = walk.reader.left().len();
        let (at, plural) = (walk.at(), if after == 1 { "" } else { "s" });
        let text = format!("{after} byte{plural} after the transaction, which ends at byte {at}");
        DecodeTxError { offset: at, reached: at, text }
    }

    fn at(&self) -> usize {
        self.len - self.reader.left().len()
    }

    fn field<T>(
        &mut self,
        name: fmt::Arguments<'_>,
        take: impl FnOnce(&mut Reader<'a>) -> Result<T, Error>,
    ) -> Result<T, DecodeTxError> {
        let at = self.at();
        take(&mut self.reader).map_err(|error| DecodeTxError::new(at, name, error))
    }

    fn transaction(&mut self, witnesses: bool) -> Result<(), DecodeTxError> {
        self.field(format_args!("version"), Reader::u32)?;
        let mut flag = 0;
        let mut inputs = self.inputs_count()?;
        let mut has_outputs = true;
        if inputs == 0 && witnesses {
            flag = self.field(format_args!("flag"), Reader::u8)?;
            has_outputs = flag != 0;
            if flag & !1 != 0 {
                return Err(DecodeTxError::new(5, format_args!("flag"), Error::UnknownTxFlag(flag & !1)));
            }
            if has_outputs {
                inputs = self.inputs_count()?;
                if inputs == 0 {
                    return Err(DecodeTxError::new(
                        6,
                        format_args!("number of inputs"),
                        Error::SuperfluousWitness,
                    ));
                }
            }
        }
        for n in 0..inputs {
            self.field(format_args!("txid of input {n}"), |reader| reader.bytes(32))?;
            self.field(format_args!("vout of input {n}"), Reader::u32)?;
            self.field(format_args!("scriptSig of input {n}"), Reader::var_bytes)?;
            self.field(format_args!("sequence of input {n}"), Reader::u32)?;
        }
        if has_outputs {
            let outputs = self.field(format_args!("number of outputs"), Reader::compact_size)?;
            for n in 0..outputs {
                self.field(format_args!("value of output {n}"), Reader::i64)?;
                self.field(format_args!("scriptPubKey of output {n}"), Reader::var_bytes)?;
            }
        }
        if flag != 0 {
            self.witnesses(inputs)?;
        }
        self.field(format_args!("locktime"), Reader::u32)?;
        Ok(())
    }

    fn inputs_count(&mut self) -> Result<u64, DecodeTxError> {
        self.field(format_args!("number of inputs"), Reader::compact_size)
    }

    fn witnesses(&mut self, inputs: u64) -> Result<(), DecodeTxError> {
        let start = self.at();
        let mut any = false;
        for n in 0..inputs {
            let items = self.field(format_args!("witness of input {n}"), Reader::compact_size)?;
            for item in 0..items {
                self.field(format_args!("item {item} in the witness of input {n}"), Reader::var_bytes)?;
            }
            any |= items > 0;
        }
        if any {
            return Ok(());
        }
        let flaw = DecodeTxError::new(start, format_args!("witnesses"), Error::SuperfluousWitness);
        Err(DecodeTxError { reached: self.at(), ..flaw })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{legacy, segwit};
    use satwire_core::wire::TxView;

    fn flaw(bytes: &[u8]) -> String {
        DecodeTxError::find(bytes).to_string()
    }

    #[test]
    fn the_field_is_named() {
        let segwit = segwit();
        let cut = |len: usize| flaw(&segwit[..len]);
        assert_eq!(cut(2), "byte 0, version: payload ends early: a field of 4 bytes, 2 left");
        assert_eq!(cut(6), "byte 6, number of inputs: payload ends early: a field of 1 bytes, 0 left");
        assert_eq!(
            cut(57),
            "byte 57, scriptPubKey of output 0: payload ends early: a field of 1 bytes, 0 left"
        );
        assert_eq!(
            cut(63),
            "byte 61, item 0 in the witness of input 0: payload ends early: a field of 2 bytes, 1 left"
        );
        assert_eq!(cut(68), "byte 65, locktime: payload ends early: a field of 4 bytes, 3 left");

        let mut bytes = segwit[..6].to_vec();
        bytes[5] = 3;
        assert_eq!(
            Walk::over(&bytes, true).text,
            "byte 5, flag: unknown transaction optional data: flag 0x02"
        );
        bytes[5] = 1;
        bytes.push(0);
        assert_eq!(Walk::over(&bytes, true).text, "byte 6, number of inputs: superfluous witness record");
        let bytes = [&segwit[..60], &[0; 5]].concat();
        assert_eq!(flaw(&bytes), "byte 60, witnesses: superfluous witness record");
        // Without witnesses: no inputs, and one output that is cut.
        assert_eq!(
            flaw(&[2, 0, 0, 0, 0, 1, 0, 225, 245, 5, 0, 0, 0, 0, 9, 1]),
            "byte 14, scriptPubKey of output 0: payload ends early: a field of 9 bytes, 1 left"
        );
        let mut bytes = legacy(2, &[50]);
        bytes.splice(41..42, [0xfd, 1, 0]);
        assert_eq!(flaw(&bytes), "byte 41, scriptSig of input 0: non-canonical CompactSize: 1 in 3 bytes");
    }

    /// The two find the same mistakes.
    #[test]
    fn it_agrees_with_the_decoder() {
        for whole in [legacy(2, &[50, 60]), segwit()] {
            for (at, value) in
                (0..whole.len()).flat_map(|at| [0, 1, 2, 3, 0xfd, 0xff].map(|value| (at, value)))
            {
                let mut bytes = whole.clone();
                bytes[at] = value;
                for bytes in [&bytes[..], &bytes[..at]] {
                    for (witnesses, decoded) in
                        [(true, TxView::decode(bytes)), (false, TxView::decode_legacy(bytes))]
                    {
                        let found = Walk::over(bytes, witnesses);
                        let starts = if decoded.is_ok() { "" } else { "byte " };
                        assert!(found.text.starts_with(starts), "{}", found.text);
                        assert!(
                            decoded.is_err() || found.reached == decoded.unwrap().size(),
                            "{}",
                            found.text
                        );
                    }
                }
            }
        }
    }
}
