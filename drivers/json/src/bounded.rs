//! Transactions of strangers: whole as long as they are of a size that is relayed, else in a few numbers.

use satwire_core::Network;
use satwire_core::wire::Tx;
use serde::Serialize;

use crate::Transaction;
use crate::transaction::Head;

/// The largest weight, in weight units, of a transaction that Bitcoin Core relays (`src/policy/policy.h`
/// `MAX_STANDARD_TX_WEIGHT`).
pub const MAX_STANDARD_TX_WEIGHT: usize = 400_000;

/// Serializes a transaction as the numbers that describe it: `txid`, `hash`, `version`, `size`, `vsize`, `weight`,
/// `locktime`, which are those of [`Transaction`], and how many `inputs` and `outputs` it has. At most 320 bytes of
/// JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Abridged {
    #[serde(flatten)]
    head: Head,
    inputs: usize,
    outputs: usize,
}

impl Abridged {
    /// Takes the numbers of a transaction.
    pub fn new(tx: &Tx) -> Self {
        let view = tx.view();
        Self { head: Head::new(tx), inputs: view.inputs().len(), outputs: view.outputs().len() }
    }
}

/// Serializes a transaction that anybody may have sent as an object of bounded length.
///
/// Up to [`MAX_STANDARD_TX_WEIGHT`] it is whole, with `hex`: at most 29 times its bytes, and 3 MB in all. Above it
/// is [`Abridged`], and nothing of its scripts is looked at.
///
/// ```
/// use satwire_core::Network;
/// use satwire_json::{Bounded, decode_tx, hex};
///
/// let bytes = hex::decode("01000000000000000000")?;
/// let tx = decode_tx(&bytes)?.to_owned();
/// let object = Bounded::new(&tx, Network::Main);
/// assert!(!object.is_abridged());
/// assert!(serde_json::to_string(&object)?.ends_with(r#""vin":[],"vout":[],"hex":"01000000000000000000"}"#));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Bounded<'a> {
    /// The whole transaction, with its `hex`.
    Whole(Transaction<'a>),
    /// The text for a transaction above the limit.
    Abridged(Abridged),
}

impl<'a> Bounded<'a> {
    /// Chooses by weight. The network matters for addresses alone.
    pub fn new(tx: &'a Tx, network: Network) -> Self {
        if tx.view().weight() > MAX_STANDARD_TX_WEIGHT {
            Self::Abridged(Abridged::new(tx))
        } else {
            Self::Whole(Transaction::new(tx, network).with_hex())
        }
    }

    /// Returns whether it is abridged.
    pub const fn is_abridged(&self) -> bool {
        matches!(self, Self::Abridged(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::tx;

    /// The bytes of the transaction besides the script.
    const BESIDES: u32 = 4 + 1 + 41 + 1 + 8 + 5 + 4;

    /// One input, and one output whose script has so many bytes: the most that can be written about each.
    fn with_script(len: u32) -> Tx {
        let mut bytes = vec![2, 0, 0, 0, 1];
        bytes.extend([0xab; 36]);
        bytes.extend([0, 0xff, 0xff, 0xff, 0xff, 1]);
        bytes.extend(i64::MIN.to_le_bytes());
        bytes.push(0xfe);
        bytes.extend(len.to_le_bytes());
        bytes.extend(vec![0xaf; len as usize]);
        bytes.extend([0xff; 4]);
        tx(&bytes)
    }

    #[test]
    fn the_limit_is_bitcoin_cores() {
        let at = with_script(100_000 - BESIDES);
        assert_eq!(at.view().weight(), MAX_STANDARD_TX_WEIGHT);
        let object = Bounded::new(&at, Network::Main);
        assert!(!object.is_abridged());
        let whole = serde_json::to_string(&Transaction::new(&at, Network::Main).with_hex()).unwrap();
        assert_eq!(serde_json::to_string(&object).unwrap(), whole);

        let above = with_script(100_001 - BESIDES);
        let object = Bounded::new(&above, Network::Main);
        assert!(object.is_abridged());
        let id = above.txid();
        assert_eq!(
            serde_json::to_string(&object).unwrap(),
            format!(
                "{{\"txid\":\"{id}\",\"hash\":\"{id}\",\"version\":2,\"size\":100001,\"vsize\":100001,\
                 \"weight\":400004,\"locktime\":4294967295,\"inputs\":1,\"outputs\":1}}"
            )
        );
    }

    /// The line does not depend on its contents.
    #[test]
    fn the_largest_transaction_is_abridged_to_a_few_hundred_bytes() {
        let largest = with_script(1_000_000 - BESIDES);
        let json = serde_json::to_string(&Bounded::new(&largest, Network::Main)).unwrap();
        assert!(json.len() <= 320, "{}", json.len());
    }
}
