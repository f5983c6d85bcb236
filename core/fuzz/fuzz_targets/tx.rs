//! A transaction: the view against the owned form, the ids against hashes of its parts, and its checks.

#![no_main]

use libfuzzer_sys::fuzz_target;
use satwire_core::wire::{TxView, put_compact_size, sha256d};

fuzz_target!(|data: &[u8]| {
    let Ok(view) = TxView::decode(data) else { return };
    let bytes = view.as_bytes();
    assert!(data.starts_with(bytes));
    let hashed = TxView::decode_hashed(data, sha256d(data)).expect("decodes");
    assert_eq!((hashed.wtxid(), hashed.txid()), (view.wtxid(), view.txid()));

    let owned = view.to_owned();
    assert_eq!((owned.txid(), owned.wtxid(), owned.view()), (view.txid(), view.wtxid(), view));
    assert_eq!(view.wtxid().0, sha256d(bytes).0);

    // Put together from its parts, without and with witnesses.
    let mut stripped = view.version().to_le_bytes().to_vec();
    let mut whole = stripped.clone();
    if view.has_witness() {
        whole.extend_from_slice(&[0, 1]);
    }
    let mut body = Vec::new();
    put_compact_size(&mut body, view.inputs().len() as u64);
    for input in view.inputs() {
        body.extend_from_slice(&input.prev_txid.0);
        body.extend_from_slice(&input.prev_vout.to_le_bytes());
        put_compact_size(&mut body, input.script_sig.len() as u64);
        body.extend_from_slice(input.script_sig);
        body.extend_from_slice(&input.sequence.to_le_bytes());
    }
    put_compact_size(&mut body, view.outputs().len() as u64);
    for output in view.outputs() {
        body.extend_from_slice(&output.value.to_le_bytes());
        put_compact_size(&mut body, output.script_pubkey.len() as u64);
        body.extend_from_slice(output.script_pubkey);
    }
    stripped.extend_from_slice(&body);
    whole.extend_from_slice(&body);
    assert_eq!(view.witnesses().len(), if view.has_witness() { view.inputs().len() } else { 0 });
    for witness in view.witnesses() {
        put_compact_size(&mut whole, witness.len() as u64);
        for item in witness {
            put_compact_size(&mut whole, item.len() as u64);
            whole.extend_from_slice(item);
        }
    }
    stripped.extend_from_slice(&view.lock_time().to_le_bytes());
    whole.extend_from_slice(&view.lock_time().to_le_bytes());
    assert_eq!(whole, bytes);
    assert_eq!((view.size(), view.stripped_size()), (whole.len(), stripped.len()));
    assert_eq!(view.txid().0, sha256d(&stripped).0);
    if view.check_loose().is_ok() {
        assert!(!view.is_coinbase() && view.check().is_ok());
    }
});
