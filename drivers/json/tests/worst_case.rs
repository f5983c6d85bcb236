//! How much can be written about a transaction that is relayed.

mod shapes;

use satwire_core::Network;
use satwire_json::{Bounded, MAX_STANDARD_TX_WEIGHT, decode_tx};

/// The promises of `satwire_json::Bounded`: nothing is longer than this, however it is made.
const MOST_BYTES_A_BYTE: usize = 29;
const MOST_BYTES: usize = 3_000_000;

#[test]
fn no_transaction_that_is_relayed_is_explained_in_more_than_three_megabytes() {
    let mut longest = 0;
    for (name, bytes) in shapes::all() {
        let tx = decode_tx(&bytes).unwrap().to_owned();
        let weight = tx.view().weight();
        // Each is as large as it can be, but for a script of more than 10,000 bytes, which shows no signatures.
        let is_largest = weight > MAX_STANDARD_TX_WEIGHT - 10_000 || name == "scriptSig of signatures";
        assert!(is_largest && weight <= MAX_STANDARD_TX_WEIGHT, "{name}: {weight}");
        // The longest prefix of an address.
        let object = Bounded::new(&tx, Network::Regtest);
        assert!(!object.is_abridged());
        let json = serde_json::to_string(&object).unwrap();
        assert!(
            json.len() <= MOST_BYTES && json.len() <= MOST_BYTES_A_BYTE * bytes.len(),
            "{name}: {}",
            json.len()
        );
        longest = longest.max(json.len());
    }
    // The shapes are what they are made for.
    assert!(longest > MOST_BYTES - 110_000, "{longest}");
}
