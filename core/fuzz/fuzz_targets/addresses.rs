//! Files about addresses: an asmap, and saved addresses whose checksum is right.

#![no_main]

use libfuzzer_sys::fuzz_target;
use satwire_core::Network;
use satwire_core::addresses::{Addresses, Asmap, MAX_SAVED_BYTES, NetGroups, Networks};
use sha2::{Digest as _, Sha256};

fuzz_target!(|data: &[u8]| {
    if let Ok(map) = Asmap::new(data) {
        // Every address has an answer: the first bits of some, from the file itself.
        for address in data.windows(16) {
            let _ = map.asn(address.try_into().unwrap());
        }
    }
    let mut sealed = data.to_vec();
    sealed.extend_from_slice(&Sha256::digest(data));
    let magic = Network::Main.magic();
    if let Ok(read) = Addresses::decode(&sealed, magic, NetGroups::default()) {
        assert_eq!(read.table.entries().count(), read.table.len());
        assert_eq!(read.table.counts().total().total() as usize, read.table.len());
        assert_eq!(read.table.select(false, Networks::ALL, 0, 1).is_some(), !read.table.is_empty());
        let saved = read.encode(magic);
        assert!(saved.len() <= MAX_SAVED_BYTES);
        let again = Addresses::decode(&saved, magic, NetGroups::default()).expect("we wrote it");
        assert_eq!(again.table.len(), read.table.len());
    }
});
