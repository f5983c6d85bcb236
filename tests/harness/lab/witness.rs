//! Transactions with witness inputs.
//!
//! The wallet's RPC spends its legacy coins only. So it pays to keys of ours, and we spend those coins by hand.
//! The keys are constants and the signatures use no randomness: the same coin is always spent by the same bytes.

use bitcoin::absolute::LockTime;
use bitcoin::bech32::{Hrp, segwit};
use bitcoin::hashes::Hash;
use bitcoin::key::{Keypair, Secp256k1, TapTweak};
use bitcoin::opcodes::all::OP_CHECKMULTISIG;
use bitcoin::script::Builder;
use bitcoin::secp256k1::{All, Message, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, Prevouts, SighashCache, TapSighashType};
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, CompressedPublicKey, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, ecdsa,
    taproot,
};

/// The prefix of segwit addresses on simnet, which the `bitcoin` crate does not know.
const HRP: &str = "sb";

/// The fee of a spend: several sat/vB, well above btcd's relay minimum.
const FEE: Amount = Amount::from_sat(2_000);

/// The ways of spending with a witness that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WitnessKind {
    /// Pay to witness public key hash: a signature and a key.
    P2wpkh,
    /// Two of three keys by `OP_CHECKMULTISIG`: an empty item, two signatures and the script.
    P2wshMultisig,
    /// Taproot, by its key: one Schnorr signature.
    P2trKeyPath,
}

/// An output that one of our keys can spend.
#[derive(Debug, Clone)]
pub struct WitnessCoin {
    /// How it is spent.
    pub kind: WitnessKind,
    /// Where it is.
    pub outpoint: OutPoint,
    /// The output itself.
    pub output: TxOut,
}

impl WitnessKind {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::P2wpkh, Self::P2wshMultisig, Self::P2trKeyPath];

    /// The script that an output of this kind has.
    pub fn script_pubkey(self) -> ScriptBuf {
        let secp = Secp256k1::new();
        match self {
            Self::P2wpkh => ScriptBuf::new_p2wpkh(&public(&secp, 1).wpubkey_hash()),
            Self::P2wshMultisig => multisig(&secp).to_p2wsh(),
            Self::P2trKeyPath => ScriptBuf::new_p2tr(&secp, keypair(&secp, 1).x_only_public_key().0, None),
        }
    }

    /// The address of that script on simnet.
    #[expect(clippy::missing_panics_doc, reason = "all three scripts are tested")]
    pub fn address(self) -> String {
        let script = self.script_pubkey();
        let version = script.witness_version().expect("script_pubkey() returns witness programs only");
        // A witness program is the script after its version and length, a byte each.
        segwit::encode(Hrp::parse_unchecked(HRP), version.to_fe(), &script.as_bytes()[2..])
            .expect("script_pubkey() returns witness programs of standard lengths")
    }
}

impl WitnessCoin {
    /// Finds the output of this kind in a transaction that pays to it.
    pub fn find(kind: WitnessKind, transaction: &Transaction) -> Option<Self> {
        let script = kind.script_pubkey();
        let (vout, output) =
            (0..).zip(&transaction.output).find(|(_, output)| output.script_pubkey == script)?;
        Some(Self { kind, outpoint: OutPoint::new(transaction.compute_txid(), vout), output: output.clone() })
    }

    /// A transaction that spends it to our own P2WPKH address, signed. `None` if it is too small for the fee.
    pub fn spend(&self) -> Option<Transaction> {
        let transaction = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output: self.outpoint,
                script_sig: ScriptBuf::new(),
                // Not the value that almost every other test transaction has.
                sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
                witness: Witness::new(),
            }],
            output: vec![TxOut {
                value: self.output.value.checked_sub(FEE)?,
                script_pubkey: WitnessKind::P2wpkh.script_pubkey(),
            }],
        };
        let witness = self.sign(&transaction);
        let mut signed = transaction;
        signed.input[0].witness = witness;
        Some(signed)
    }

    fn sign(&self, transaction: &Transaction) -> Witness {
        const ONE_INPUT: &str = "spend() makes transactions with exactly one input";
        let secp = Secp256k1::new();
        let mut cache = SighashCache::new(transaction);
        let ecdsa = |hash: [u8; 32], number: u8| ecdsa::Signature {
            signature: secp.sign_ecdsa(&Message::from_digest(hash), &secret(number)),
            sighash_type: EcdsaSighashType::All,
        };
        let (value, all) = (self.output.value, EcdsaSighashType::All);
        match self.kind {
            WitnessKind::P2wpkh => {
                let hash =
                    cache.p2wpkh_signature_hash(0, &self.output.script_pubkey, value, all).expect(ONE_INPUT);
                Witness::p2wpkh(&ecdsa(hash.to_byte_array(), 1), &public(&secp, 1).0)
            }
            WitnessKind::P2wshMultisig => {
                let script = multisig(&secp);
                let hash =
                    cache.p2wsh_signature_hash(0, &script, value, all).expect(ONE_INPUT).to_byte_array();
                let (first, third) = (ecdsa(hash, 1), ecdsa(hash, 3));
                // OP_CHECKMULTISIG takes one item more than it uses: the empty one.
                let mut witness = Witness::from_slice(&[[0_u8; 0]]);
                witness.push_ecdsa_signature(&first);
                witness.push_ecdsa_signature(&third);
                witness.push(script);
                witness
            }
            WitnessKind::P2trKeyPath => {
                let prevouts = [&self.output];
                let hash = cache
                    .taproot_key_spend_signature_hash(0, &Prevouts::All(&prevouts), TapSighashType::Default)
                    .expect(ONE_INPUT);
                let key = keypair(&secp, 1).tap_tweak(&secp, None).to_keypair();
                let message = Message::from_digest(hash.to_byte_array());
                Witness::p2tr_key_spend(&taproot::Signature {
                    signature: secp.sign_schnorr_no_aux_rand(&message, &key),
                    sighash_type: TapSighashType::Default,
                })
            }
        }
    }
}

/// One of our keys: a constant, since what it guards is play money on a chain of its own.
fn secret(number: u8) -> SecretKey {
    SecretKey::from_slice(&[number; 32])
        .expect("32 equal bytes are below the order of the curve, and not zero")
}

fn keypair(secp: &Secp256k1<All>, number: u8) -> Keypair {
    Keypair::from_secret_key(secp, &secret(number))
}

fn public(secp: &Secp256k1<All>, number: u8) -> CompressedPublicKey {
    CompressedPublicKey(secret(number).public_key(secp))
}

/// Two of our keys 1, 2 and 3.
fn multisig(secp: &Secp256k1<All>) -> ScriptBuf {
    Builder::new()
        .push_int(2)
        .push_key(&public(secp, 1).into())
        .push_key(&public(secp, 2).into())
        .push_key(&public(secp, 3).into())
        .push_int(3)
        .push_opcode(OP_CHECKMULTISIG)
        .into_script()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::Txid;

    #[test]
    fn addresses_are_those_of_simnet() {
        let start = |kind: WitnessKind| kind.address()[..4].to_owned();
        assert_eq!(start(WitnessKind::P2wpkh), "sb1q");
        assert_eq!(start(WitnessKind::P2wshMultisig), "sb1q");
        assert_eq!(start(WitnessKind::P2trKeyPath), "sb1p");
    }

    #[test]
    fn a_spend_is_the_same_each_time() {
        for kind in WitnessKind::ALL {
            let coin = WitnessCoin {
                kind,
                outpoint: OutPoint::new(Txid::all_zeros(), 1),
                output: TxOut { value: Amount::ONE_BTC, script_pubkey: kind.script_pubkey() },
            };
            let spend = coin.spend().expect("one bitcoin pays the fee");
            assert_eq!(Some(&spend), coin.spend().as_ref());
            assert!(!spend.input[0].witness.is_empty());
        }
    }
}
