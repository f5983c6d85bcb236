//! Saved bytes, whole and damaged.

use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use sha2::{Digest as _, Sha256};

use super::super::{Addresses, Asmap, MAX_SAVED_BYTES, SavedError};
use super::asmap::core_asmap;
use super::*;
use crate::{Magic, Network};

const MAGIC: Magic = Network::Main.magic();
const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";

fn sample(count: u16) -> Addresses {
    let mut addresses = Addresses::new(KEY, NetGroups::default());
    let mut draw = Draw::new(2);
    let table = &mut addresses.table;
    for n in 0..count {
        let at = nth_of(draw.below(200) as u8 + 1, draw.below(9) as u8, n);
        let source = if n % 5 == 0 {
            Source::seed(&seed(n.into()))
        } else {
            Source::Addr(nth_of(draw.below(50) as u8 + 1, 1, 1).addr)
        };
        for m in 0..4 {
            table.add(&told_at(at, NOW - 9 + m), &source, 0, NOW, draw.next());
            let other = Source::Addr(nth_of(draw.below(200) as u8 + 1, 1, 1).addr);
            table.add(&told_at(at, NOW - 5 + m), &other, 0, NOW, draw.next());
        }
        table.attempt(&at, true, NOW + u32::from(n));
        if n % 4 == 0 {
            table.good(&at, NOW + u32::from(n));
        }
    }
    for text in [ONION, "2a00::1", "fc12::1"] {
        add(table, at(text), &from(ONION));
    }
    addresses.anchors = vec![at("8.8.8.8"), at(ONION)];
    addresses.back_off.closed(&addr("8.8.8.8"), Duration::ZERO, NOW);
    addresses.back_off.closed(&addr(ONION), Duration::ZERO, NOW);
    addresses.back_off.closed(&addr(ONION), Duration::ZERO, NOW + HOUR);
    addresses
}

fn decode(bytes: &[u8]) -> Result<Addresses, SavedError> {
    Addresses::decode(bytes, MAGIC, NetGroups::default())
}

/// The bytes with a checksum that is right.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - 32);
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

fn by_address(addresses: &Addresses) -> BTreeMap<AddrPort, super::super::AddrInfo> {
    addresses.table.entries().map(|info| (info.addr, info)).collect()
}

#[test]
fn d14_what_was_saved_comes_back() {
    let addresses = sample(600);
    assert!(addresses.table.entries().any(|info| info.places > 1), "some have several places");
    let bytes = addresses.encode(MAGIC);
    let read = decode(&bytes).unwrap();
    check(&read.table);
    assert_eq!(by_address(&read), by_address(&addresses));
    assert_eq!(read.table.counts(), addresses.table.counts());
    assert_eq!((&read.anchors, &read.back_off), (&addresses.anchors, &addresses.back_off));
    assert_eq!(read.encode(MAGIC).len(), bytes.len());
    // State that was read once is written as it was read.
    let again = read.encode(MAGIC);
    assert_eq!(decode(&again).unwrap().encode(MAGIC), again);

    let empty = Addresses::new([5, 6], NetGroups::default()).encode(MAGIC);
    assert!(decode(&empty).unwrap().table.is_empty());
    assert_eq!(decode(&empty).unwrap().encode(MAGIC), empty);
}

/// D9: the anchors are saved, at most two, and gone from the next saving once they were taken.
#[test]
fn d9_anchors_are_read_once() {
    let mut addresses = sample(3);
    addresses.anchors.push(at("9.9.9.9"));
    let mut read = decode(&addresses.encode(MAGIC)).unwrap();
    assert_eq!(core::mem::take(&mut read.anchors), [at("8.8.8.8"), at(ONION)]);
    assert!(decode(&read.encode(MAGIC)).unwrap().anchors.is_empty());
}

#[test]
fn d14_every_cut_and_every_changed_bit_is_told() {
    let bytes = sample(9).encode(MAGIC);
    for len in 0..bytes.len() {
        let error = decode(&bytes[..len]).expect_err("it is cut");
        let expected = if len < 40 { SavedError::Cut(len) } else { SavedError::Checksum };
        assert_eq!(error, expected, "{len} of {} bytes", bytes.len());
        assert!(error.to_string().starts_with("saved addresses "));
    }
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = decode(&changed).expect_err("it was changed");
        let expected = match bit / 8 {
            0..7 => SavedError::NotAddresses,
            7 => SavedError::Version(changed[7]),
            _ => SavedError::Checksum,
        };
        assert_eq!(error, expected, "bit {bit}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert_eq!(decode(&longer).expect_err("it is longer"), SavedError::Checksum);
    let limit = MAX_SAVED_BYTES;
    let error = decode(&vec![0; limit + 1]).expect_err("it is too long");
    assert_eq!(error, SavedError::TooLong { bytes: limit + 1, limit });
    assert_eq!(
        SavedError::Version(b'2').to_string(),
        "saved addresses of version `2`, and only `1` is known"
    );
}

/// Somebody who writes a right checksum: an error, or a table that agrees with itself.
#[test]
fn d14_bytes_that_lie_with_a_right_checksum_do_no_harm() {
    let bytes = sample(5).encode(MAGIC);
    let try_it = |bytes: Vec<u8>| {
        if let Ok(read) = decode(&sealed(bytes)) {
            check(&read.table);
            assert!(read.encode(MAGIC).len() <= MAX_SAVED_BYTES);
        }
    };
    // Most of it are the counts of empty buckets: of those, some.
    let is_bucket = |byte: usize| bytes[byte - 8..=byte] == [0; 9];
    for byte in (8..bytes.len() - 32).filter(|byte| !is_bucket(*byte) || byte % 200 == 0) {
        try_it(bytes[..byte + 32].to_vec());
        for changed in [0, 0xff, bytes[byte] ^ 0x80] {
            let mut bytes = bytes.clone();
            bytes[byte] = changed;
            try_it(bytes);
        }
    }
    // Counts that are beyond the tables.
    for (at, count) in [(60, 65_537_u32), (60, u32::MAX), (64, 16_385)] {
        let mut bytes = bytes.clone();
        bytes[at..at + 4].copy_from_slice(&count.to_le_bytes());
        assert_eq!(decode(&sealed(bytes)).expect_err("too many"), SavedError::Inconsistent);
    }
}

/// A file that names an address twice, or gives it a place in each bucket.
#[test]
fn d14_an_address_stands_once_and_in_8_places() {
    let mut one = Addresses::new(KEY, NetGroups::default());
    let empty = one.encode(MAGIC);
    add(&mut one.table, at("8.8.8.8"), &from("1.1.1.1"));
    let entry = &one.encode(MAGIC)[68..94];
    for count in [1_u32, 2] {
        let mut lie = empty[..60].to_vec();
        lie.extend_from_slice(&count.to_le_bytes());
        lie.extend_from_slice(&0_u32.to_le_bytes());
        lie.extend(entry.repeat(count as usize));
        for bucket in 0..NEW_BUCKETS {
            lie.push(1);
            lie.extend_from_slice(&(bucket % count).to_le_bytes());
        }
        lie.extend_from_slice(&[0; 3 + 32]);
        let read = decode(&sealed(lie)).unwrap();
        check(&read.table);
        assert_eq!(read.table.find(&at("8.8.8.8")).map(|info| info.places), Some(8), "{count} times");
        assert_eq!(read.table.len(), 1, "{count} times");
    }
}

#[test]
fn d15_a_file_of_another_network() {
    let bytes = sample(3).encode(Network::Signet.magic());
    let error = decode(&bytes).expect_err("another network");
    let expected = SavedError::WrongNetwork { found: Network::Signet.magic(), expected: MAGIC };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "saved addresses of the network 0a03cf40 (signet), and this is f9beb4d9 (main)"
    );
}

/// With another map of autonomous systems addresses go where they belong; none that has room is lost.
#[test]
fn d15_a_file_of_another_asmap() {
    let addresses = sample(300);
    let groups = NetGroups { asmap: Some(Asmap::new(&core_asmap()).unwrap()), ..NetGroups::default() };
    let read = Addresses::decode(&addresses.encode(MAGIC), MAGIC, groups.clone()).unwrap();
    check(&read.table);
    let (before, after) = (by_address(&addresses), by_address(&read));
    assert!(after.len() * 2 > before.len(), "{} of {} are left", after.len(), before.len());
    assert!(after.iter().all(|(at, info)| before[at].last_success == info.last_success));
    let is_at_its_place = |info: &super::super::AddrInfo| {
        let place = read.table.new_place(&info.addr, &info.source);
        info.is_tried || read.table.new.get(place).is_some_and(|id| read.table.entry(id) == Some(*info))
    };
    assert!(after.values().all(is_at_its_place));
    // And with the same map it stays as it is.
    let again = Addresses::decode(&read.encode(MAGIC), MAGIC, groups).unwrap();
    assert_eq!(by_address(&again), after);
}

/// Without `routableloopback` the addresses of a test are left out.
#[test]
fn d15_what_is_not_routable_any_more_is_left_out() {
    let groups = NetGroups { routable_loopback: true, ..NetGroups::default() };
    let mut addresses = Addresses::new(KEY, groups);
    assert!(add(&mut addresses.table, at("127.3.0.1"), &from("127.4.0.1")));
    assert!(add(&mut addresses.table, at("8.8.8.8"), &from("127.4.0.1")));
    let read = decode(&addresses.encode(MAGIC)).unwrap();
    check(&read.table);
    assert_eq!(read.table.len(), 1);
}
