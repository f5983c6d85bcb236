//! The order of those that announced the same.

use core::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::node::ConnId;

/// The place of a peer among those that announced a transaction, as Bitcoin Core's `PriorityComputer`: the
/// preferred ones first, then by a keyed hash. SipHash, because peers can watch who is asked.
pub(super) fn rank(key: [u64; 2], tx_key: u64, conn: ConnId, preferred: bool) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(key[0], key[1]);
    hasher.write(&tx_key.to_le_bytes());
    hasher.write(&conn.0.to_le_bytes());
    hasher.finish() >> 1 | u64::from(preferred) << 63
}
