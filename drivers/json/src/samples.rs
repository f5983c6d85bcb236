//! Transactions that the tests of this crate share.

use satwire_core::wire::{Tx, TxView};

pub(crate) fn tx(bytes: &[u8]) -> Tx {
    TxView::decode(bytes).unwrap().to_owned()
}

/// One input, locktime 7.
pub(crate) fn legacy(version: i32, values: &[i64]) -> Vec<u8> {
    let mut bytes = version.to_le_bytes().to_vec();
    bytes.push(1);
    bytes.extend([0xab; 32]);
    bytes.extend([1, 0, 0, 0, 1, 0x51, 0xfe, 0xff, 0xff, 0xff]);
    bytes.push(values.len() as u8);
    for value in values {
        bytes.extend(value.to_le_bytes());
        bytes.extend([2, 0x51, 0x52]);
    }
    bytes.extend([7, 0, 0, 0]);
    bytes
}

/// One input with two items in its stack, one of them empty; one output.
pub(crate) fn segwit() -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 1];
    bytes.extend([0xab; 32]);
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([1, 0x39, 0x30, 0, 0, 0, 0, 0, 0, 2, 0x51, 0x52]);
    bytes.extend([2, 2, 1, 2, 0]);
    bytes.extend([0, 0, 0, 0]);
    bytes
}
