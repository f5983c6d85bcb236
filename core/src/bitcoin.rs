//! Conversions to and from the `bitcoin` crate: the feature `bitcoin`.
//!
//! Ids, headers and what a peer sent convert without loss. An error says what has no counterpart.

use ::bitcoin as btc;
use btc::block;
use btc::hashes::Hash as _;

use crate::wire::{BlockHash, BlockHeader, Error, Hash, Tx, TxView, Txid, Wtxid};
use crate::{Magic, Network};
use alloc::vec::Vec;

/// Why a value has no counterpart on the other side of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
#[non_exhaustive]
pub enum ConversionError {
    /// The transaction has no inputs: its bytes on the wire would be read as the segwit form (BIP144).
    #[error("a transaction without inputs cannot be sent: its bytes would be read as the segwit form")]
    NoInputs,
    /// The transaction's bytes are refused by the wire format: a script or a witness is too large.
    #[error("the transaction cannot be sent: {0}")]
    Tx(#[source] Error),
    /// The `bitcoin` crate does not know this network.
    #[error("the bitcoin crate has no network {0}")]
    Network(Network),
}

/// Declares both directions between a hash of ours and one of the `bitcoin` crate: the same 32 bytes.
macro_rules! hash {
    ($ours:ty, $theirs:ty) => {
        /// Needs the feature `bitcoin`.
        #[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
        impl From<$ours> for $theirs {
            fn from(hash: $ours) -> Self {
                Self::from_byte_array(hash.0)
            }
        }

        /// Needs the feature `bitcoin`.
        #[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
        impl From<$theirs> for $ours {
            fn from(hash: $theirs) -> Self {
                Self(hash.to_byte_array())
            }
        }
    };
}

hash!(Txid, btc::Txid);
hash!(Wtxid, btc::Wtxid);
hash!(BlockHash, btc::BlockHash);

/// Needs the feature `bitcoin`.
#[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
impl From<BlockHeader> for block::Header {
    fn from(header: BlockHeader) -> Self {
        Self {
            version: block::Version::from_consensus(header.version),
            prev_blockhash: header.previous.into(),
            merkle_root: btc::TxMerkleNode::from_byte_array(header.merkle_root.0),
            time: header.time,
            bits: btc::CompactTarget::from_consensus(header.bits),
            nonce: header.nonce,
        }
    }
}

/// Needs the feature `bitcoin`.
#[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
impl From<block::Header> for BlockHeader {
    fn from(header: block::Header) -> Self {
        Self {
            version: header.version.to_consensus(),
            previous: header.prev_blockhash.into(),
            merkle_root: Hash(header.merkle_root.to_byte_array()),
            time: header.time,
            bits: header.bits.to_consensus(),
            nonce: header.nonce,
        }
    }
}

/// Needs the feature `bitcoin`.
#[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
impl From<btc::Network> for Network {
    fn from(network: btc::Network) -> Self {
        match network {
            btc::Network::Bitcoin => Self::Main,
            btc::Network::Testnet => Self::Testnet3,
            btc::Network::Testnet4 => Self::Testnet4,
            btc::Network::Signet => Self::Signet,
            btc::Network::Regtest => Self::Regtest,
        }
    }
}

/// Needs the feature `bitcoin`. Fails for [`Network::Simnet`], which only btcd has.
#[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
impl TryFrom<Network> for btc::Network {
    type Error = ConversionError;

    fn try_from(network: Network) -> Result<Self, ConversionError> {
        match network {
            Network::Main => Ok(Self::Bitcoin),
            Network::Testnet3 => Ok(Self::Testnet),
            Network::Testnet4 => Ok(Self::Testnet4),
            Network::Signet => Ok(Self::Signet),
            Network::Regtest => Ok(Self::Regtest),
            Network::Simnet => Err(ConversionError::Network(network)),
        }
    }
}

/// Needs the feature `bitcoin`.
#[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
impl From<Magic> for btc::p2p::Magic {
    fn from(magic: Magic) -> Self {
        Self::from_bytes(magic.0)
    }
}

/// Needs the feature `bitcoin`.
#[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
impl From<btc::p2p::Magic> for Magic {
    fn from(magic: btc::p2p::Magic) -> Self {
        Self(magic.to_bytes())
    }
}

/// Needs the feature `bitcoin`. Copies every part; an amount below zero, which no valid transaction has,
/// becomes the `u64` with the same bits, as the `bitcoin` crate itself decodes it.
#[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
impl From<TxView<'_>> for btc::Transaction {
    fn from(tx: TxView<'_>) -> Self {
        let mut witnesses = tx.witnesses();
        let mut input = Vec::with_capacity(tx.inputs().len());
        for spent in tx.inputs() {
            let stack: Vec<&[u8]> = witnesses.next().into_iter().flatten().collect();
            input.push(btc::TxIn {
                previous_output: btc::OutPoint { txid: spent.prev_txid.into(), vout: spent.prev_vout },
                script_sig: spent.script_sig.to_vec().into(),
                sequence: btc::Sequence(spent.sequence),
                witness: btc::Witness::from_slice(&stack),
            });
        }
        let output = tx.outputs().map(|output| btc::TxOut {
            value: btc::Amount::from_sat(output.value.cast_unsigned()),
            script_pubkey: output.script_pubkey.to_vec().into(),
        });
        Self {
            version: btc::transaction::Version(tx.version()),
            lock_time: btc::absolute::LockTime::from_consensus(tx.lock_time()),
            input,
            output: output.collect(),
        }
    }
}

/// Needs the feature `bitcoin`. As of its [`TxView`].
///
/// ```
/// # use satwire_core::wire::{Tx, TxView};
/// # let script = bitcoin::ScriptBuf::new();
/// # let sent = bitcoin::Transaction {
/// #     version: bitcoin::transaction::Version::TWO,
/// #     lock_time: bitcoin::absolute::LockTime::ZERO,
/// #     input: vec![bitcoin::TxIn::default()],
/// #     output: vec![bitcoin::TxOut { value: bitcoin::Amount::ONE_BTC, script_pubkey: script }],
/// # };
/// # let bytes = bitcoin::consensus::serialize(&sent);
/// let tx: Tx = TxView::decode(&bytes)?.to_owned();
/// let theirs = bitcoin::Transaction::from(&tx);
/// assert_eq!(theirs.compute_txid(), tx.txid().into());
/// assert_eq!(Tx::try_from(&theirs)?, tx);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
impl From<&Tx> for btc::Transaction {
    fn from(tx: &Tx) -> Self {
        tx.view().into()
    }
}

/// Needs the feature `bitcoin`. Fails for a transaction that has no form on the wire: one without inputs,
/// or with a script or witness item above [`MAX_SIZE`](crate::wire::MAX_SIZE).
#[cfg_attr(docsrs, doc(cfg(feature = "bitcoin")))]
impl TryFrom<&btc::Transaction> for Tx {
    type Error = ConversionError;

    fn try_from(tx: &btc::Transaction) -> Result<Self, ConversionError> {
        if tx.input.is_empty() {
            return Err(ConversionError::NoInputs);
        }
        let bytes = btc::consensus::serialize(tx);
        TxView::decode(&bytes).map(|view| view.to_owned()).map_err(ConversionError::Tx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;
    use alloc::vec;
    use btc::consensus::{deserialize, serialize};

    /// A transaction of two inputs, the second with a witness of `items`.
    fn transaction(items: &[&[u8]], value: btc::Amount) -> btc::Transaction {
        let outpoint = btc::OutPoint { txid: btc::Txid::from_byte_array([7; 32]), vout: 3 };
        let plain = btc::TxIn {
            previous_output: outpoint,
            script_sig: vec![0x51].into(),
            sequence: btc::Sequence(9),
            witness: btc::Witness::new(),
        };
        let witness = btc::Witness::from_slice(items);
        btc::Transaction {
            version: btc::transaction::Version(-2),
            lock_time: btc::absolute::LockTime::from_consensus(500_000_001),
            input: vec![plain.clone(), btc::TxIn { witness, ..plain }],
            output: vec![btc::TxOut { value, script_pubkey: vec![0x6a, 0x01, 0xff].into() }],
        }
    }

    #[test]
    fn transactions_come_back_equal() {
        for items in [&[][..], &[b"".as_slice(), b"signature"], &[&[1; 300]]] {
            let theirs = transaction(items, btc::Amount::ONE_BTC);
            let ours = Tx::try_from(&theirs).unwrap();
            assert_eq!(ours.as_bytes(), serialize(&theirs));
            assert_eq!(btc::Transaction::from(&ours), theirs);
            assert_eq!(btc::Txid::from(ours.txid()), theirs.compute_txid());
            assert_eq!(Wtxid::from(theirs.compute_wtxid()), ours.wtxid());
        }
    }

    /// All bits of the amount are kept, as in the other crate's decoder.
    #[test]
    fn an_amount_below_zero_is_read_as_the_other_crate_reads_it() {
        let theirs = transaction(&[], btc::Amount::from_sat(u64::MAX));
        let ours = Tx::try_from(&theirs).unwrap();
        assert_eq!(ours.outputs().next().unwrap().value, -1);
        assert_eq!(btc::Transaction::from(&ours), deserialize(ours.as_bytes()).unwrap());
    }

    #[test]
    fn unsendable_values_say_why() {
        let mut theirs = transaction(&[], btc::Amount::ZERO);
        theirs.input[0].script_sig = vec![0; 0x0200_0001].into();
        let error = Tx::try_from(&theirs).unwrap_err();
        assert_eq!(error.to_string(), "the transaction cannot be sent: size 33554433 is above 33554432");
        theirs.input.clear();
        assert_eq!(Tx::try_from(&theirs), Err(ConversionError::NoInputs));
    }

    #[test]
    fn hashes_are_shown_alike() {
        let bytes = core::array::from_fn(|i| i as u8);
        assert_eq!(btc::Txid::from(Txid(bytes)).to_string(), Txid(bytes).to_string());
        assert_eq!(btc::Wtxid::from(Wtxid(bytes)).to_string(), Wtxid(bytes).to_string());
        assert_eq!(btc::BlockHash::from(BlockHash(bytes)).to_string(), BlockHash(bytes).to_string());
    }

    #[test]
    fn headers_come_back_equal() {
        let bytes = core::array::from_fn(|i| i as u8);
        let ours = BlockHeader::decode(&bytes);
        let theirs = block::Header::from(ours);
        assert_eq!(serialize(&theirs), bytes);
        assert_eq!(BlockHeader::from(theirs), ours);
        assert_eq!(BlockHash::from(theirs.block_hash()), ours.hash());
    }

    #[test]
    fn networks_have_the_same_magic_and_simnet_has_none() {
        for network in Network::ALL {
            match btc::Network::try_from(network) {
                Ok(theirs) => {
                    assert_eq!(Network::from(theirs), network);
                    assert_eq!(Magic::from(theirs.magic()), network.magic());
                    assert_eq!(btc::p2p::Magic::from(network.magic()), theirs.magic());
                }
                Err(error) => {
                    assert_eq!(network, Network::Simnet);
                    assert_eq!(error.to_string(), "the bitcoin crate has no network simnet");
                }
            }
        }
    }
}
