//! Which bucket an address goes to, and where in it: nobody without the key can aim.

use core::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::buckets::{BUCKET_SIZE, NEW_BUCKETS, TRIED_BUCKETS};
use super::{AddrPort, NetGroup, NetGroups, Source};

/// Over how many buckets the addresses from one group of sources spread in the new table.
const NEW_BUCKETS_PER_SOURCE_GROUP: u64 = 64;
/// Over how many buckets the addresses of one group spread in the tried table.
const TRIED_BUCKETS_PER_GROUP: u64 = 8;

/// The keyed hash of a table (Bitcoin Core `src/addrman.cpp` `GetNewBucket`, `GetTriedBucket`, `GetBucketPosition`,
/// with SipHash-2-4 in the place of SHA-256d). Each use has a letter of its own, and each part its length.
#[derive(Clone, Copy, Debug)]
pub(super) struct BucketHash {
    key: [u64; 2],
}

impl BucketHash {
    pub(super) const fn new(key: [u64; 2]) -> Self {
        Self { key }
    }

    pub(super) const fn key(self) -> [u64; 2] {
        self.key
    }

    fn hasher(self, usage: u8) -> SipHasher24 {
        let mut hasher = SipHasher24::new_with_keys(self.key[0], self.key[1]);
        hasher.write(&[usage]);
        hasher
    }

    /// Returns the bucket of an address in the new table, told by a source.
    pub(super) fn new_bucket(self, groups: &NetGroups, addr: &AddrPort, source: &Source) -> u32 {
        let from = groups.of_source(source);
        let mut hasher = self.hasher(b'1');
        put_group(&mut hasher, groups.of(&addr.addr));
        put_group(&mut hasher, from);
        let slice = hasher.finish() % NEW_BUCKETS_PER_SOURCE_GROUP;
        let mut hasher = self.hasher(b'2');
        put_group(&mut hasher, from);
        hasher.write(&slice.to_le_bytes());
        (hasher.finish() % u64::from(NEW_BUCKETS)) as u32
    }

    /// Returns the bucket of an address in the tried table.
    pub(super) fn tried_bucket(self, groups: &NetGroups, addr: &AddrPort) -> u32 {
        let mut hasher = self.hasher(b'3');
        put_addr(&mut hasher, addr);
        let slice = hasher.finish() % TRIED_BUCKETS_PER_GROUP;
        let mut hasher = self.hasher(b'4');
        put_group(&mut hasher, groups.of(&addr.addr));
        hasher.write(&slice.to_le_bytes());
        (hasher.finish() % u64::from(TRIED_BUCKETS)) as u32
    }

    /// Returns the position of an address in a bucket of the new or the tried table.
    pub(super) fn position(self, is_tried: bool, bucket: u32, addr: &AddrPort) -> u32 {
        let mut hasher = self.hasher(if is_tried { b'K' } else { b'N' });
        hasher.write(&bucket.to_le_bytes());
        put_addr(&mut hasher, addr);
        (hasher.finish() % u64::from(BUCKET_SIZE)) as u32
    }

    /// Returns the hash by which an address is looked up.
    pub(super) fn of(self, addr: &AddrPort) -> u64 {
        let mut hasher = self.hasher(b'A');
        put_addr(&mut hasher, addr);
        hasher.finish()
    }
}

fn put_group(hasher: &mut SipHasher24, group: NetGroup) {
    let bytes = group.as_bytes();
    hasher.write(&[bytes.len() as u8]);
    hasher.write(bytes);
}

fn put_addr(hasher: &mut SipHasher24, addr: &AddrPort) {
    hasher.write(&[addr.addr.network_id()]);
    hasher.write(addr.addr.address(&mut [0; 32]));
    hasher.write(&addr.port.to_le_bytes());
}
