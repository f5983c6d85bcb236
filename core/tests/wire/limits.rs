//! Every count, length and text of every message: at its limit, one above, huge with nothing after
//! it, in a longer form than it needs.
//!
//! F7 (lists of 50,001, 2001 and 1010 entries), F9 (addresses of 513 bytes), H13 (`feature`), B1 (locators of
//! 102), B7 (`cmpctblock`), and the bounds of each count by the bytes after it.

use crate::made::{Maker, decode};
use satwire_core::wire::{Command, Error, MAX_SIZE, put_compact_size};

/// Bytes of a field's front, its count or length, its body of so many units, and the message's end.
struct Field {
    name: &'static str,
    command: Command,
    front: Vec<u8>,
    /// One entry of a list; one byte of a text.
    entry: Vec<u8>,
    back: Vec<u8>,
    bound: Bound,
}

#[derive(Clone, Copy)]
enum Bound {
    /// A list of so many entries.
    Entries(u64),
    /// A list as long as its bytes last, of entries of at least so many bytes.
    Payload(usize),
    /// A text of so many bytes.
    Bytes(u64),
    /// A text as long as its bytes last.
    Text,
}

impl Field {
    fn payload(&self, count: u64, entries: usize) -> Vec<u8> {
        let mut bytes = self.front.clone();
        put_compact_size(&mut bytes, count);
        for _ in 0..entries {
            bytes.extend_from_slice(&self.entry);
        }
        bytes.extend_from_slice(&self.back);
        bytes
    }

    /// The count or length `value` and nothing after it, in a form of `len` bytes.
    fn bare(&self, value: u64, len: u8) -> Vec<u8> {
        let mut bytes = self.front.clone();
        let width = match len {
            3 => 0xfd,
            5 => 0xfe,
            9 => 0xff,
            _ => unreachable!("no such CompactSize"),
        };
        bytes.push(width);
        bytes.extend_from_slice(&value.to_le_bytes()[..usize::from(len) - 1]);
        bytes
    }

    fn error(&self, payload: &[u8]) -> Error {
        match decode(self.command, payload) {
            Err(error) => error,
            Ok(message) => panic!("{}: accepted as {message:?}", self.name),
        }
    }
}

/// A transaction without inputs and outputs, which is well-formed and nothing else.
const EMPTY_TX: [u8; 10] = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn fields() -> Vec<Field> {
    let field = |name, command, front: &[&[u8]], entry: &[u8], back: &[u8], bound| Field {
        name,
        command,
        front: front.concat(),
        entry: entry.to_vec(),
        back: back.to_vec(),
        bound,
    };
    let (hash, header) = (&[7; 32][..], &[7; 80][..]);
    let counted_header = [header, &[0]].concat();
    let input = [hash, &[0; 4], &[0], &[0xff; 4]].concat();
    let output = [&[0; 8][..], &[0]].concat();
    let address_v2 = [0, 0, 0, 0, 0, 1, 4, 8, 8, 8, 8, 0x20, 0x8d];
    let prefilled = [&[0][..], &EMPTY_TX].concat();
    let version = Maker::make(Command::VERSION, &[]);
    vec![
        field("inv (F7)", Command::INV, &[], &[1; 36], &[], Bound::Entries(50_000)),
        field("getdata (F7)", Command::GETDATA, &[], &[1; 36], &[], Bound::Entries(50_000)),
        field("notfound", Command::NOTFOUND, &[], &[1; 36], &[], Bound::Payload(36)),
        field("headers (F7)", Command::HEADERS, &[], &counted_header, &[], Bound::Entries(2000)),
        field("addr (F7)", Command::ADDR, &[], &[9; 30], &[], Bound::Entries(1000)),
        field("addrv2 (F7)", Command::ADDRV2, &[], &address_v2, &[], Bound::Entries(1000)),
        field("getheaders (B1)", Command::GETHEADERS, &[&[0; 4]], hash, hash, Bound::Entries(101)),
        field("getblocks (B1)", Command::GETBLOCKS, &[&[0; 4]], hash, hash, Bound::Entries(101)),
        field("cfheaders", Command::CFHEADERS, &[&[0], hash, hash], hash, &[], Bound::Entries(2000)),
        field("cfcheckpt", Command::CFCHECKPT, &[&[0], hash], hash, &[], Bound::Payload(32)),
        field("merkleblock hashes", Command::MERKLEBLOCK, &[header, &[0; 4]], hash, &[0], Bound::Payload(32)),
        field("merkleblock flags", Command::MERKLEBLOCK, &[header, &[0; 5]], &[1], &[], Bound::Text),
        field("block", Command::BLOCK, &[header], &EMPTY_TX, &[], Bound::Payload(10)),
        field("blocktxn", Command::BLOCKTXN, &[hash], &EMPTY_TX, &[], Bound::Payload(10)),
        field("getblocktxn", Command::GETBLOCKTXN, &[hash], &[0], &[], Bound::Payload(1)),
        field("cmpctblock ids", Command::CMPCTBLOCK, &[header, &[0; 8]], &[5; 6], &[0], Bound::Payload(6)),
        field("cmpctblock txs", Command::CMPCTBLOCK, &[header, &[0; 9]], &prefilled, &[], Bound::Payload(11)),
        field("tx inputs", Command::TX, &[&[2, 0, 0, 0]], &input, &[0, 0, 0, 0, 0], Bound::Payload(41)),
        field("tx outputs", Command::TX, &[&[2, 0, 0, 0, 1], &input], &output, &[0; 4], Bound::Payload(9)),
        field("tx segwit inputs", Command::TX, &[&[2, 0, 0, 0, 0, 1]], &input, &[], Bound::Payload(41)),
        field(
            "tx witness items",
            Command::TX,
            &[&[2, 0, 0, 0, 0, 1, 1], &input, &[0]],
            &[0],
            &[0; 4],
            Bound::Payload(1),
        ),
        field(
            "tx witness item",
            Command::TX,
            &[&[2, 0, 0, 0, 0, 1, 1], &input, &[0, 1]],
            &[5],
            &[0; 4],
            Bound::Text,
        ),
        field("tx script_sig", Command::TX, &[&[2, 0, 0, 0, 1], &[7; 36]], &[0x51], &[0; 9], Bound::Text),
        field(
            "tx script_pubkey",
            Command::TX,
            &[&[2, 0, 0, 0, 1], &input, &[1], &[0; 8]],
            &[0x51],
            &[0; 4],
            Bound::Text,
        ),
        field("version user agent", Command::VERSION, &[&version[..80]], b"a", &[0; 5], Bound::Text),
        field(
            "addrv2 address (F9)",
            Command::ADDRV2,
            &[&[1, 0, 0, 0, 0, 0, 99]],
            &[1],
            &[0; 2],
            Bound::Bytes(512),
        ),
        field("filterload", Command::FILTERLOAD, &[], &[1], &[0; 9], Bound::Bytes(36_000)),
        field("filteradd", Command::FILTERADD, &[], &[1], &[], Bound::Bytes(520)),
        field("feature data (H13)", Command::FEATURE, &[b"\x04name"], &[1], &[], Bound::Bytes(512)),
        field("cfilter", Command::CFILTER, &[&[0], hash], &[1], &[], Bound::Text),
        field("reject command", Command::REJECT, &[], b"t", &[1, 0], Bound::Text),
        field("reject reason", Command::REJECT, &[b"\x02tx\x01"], b"r", &[], Bound::Text),
    ]
}

#[test]
fn f7_b1_at_the_limit_is_accepted_and_one_above_is_not() {
    for field in fields() {
        match field.bound {
            Bound::Entries(limit) => {
                let full = field.payload(limit, limit as usize);
                assert!(decode(field.command, &full).is_ok(), "{}", field.name);
                let error = Error::TooManyEntries { count: limit + 1, limit };
                assert_eq!(
                    field.error(&field.payload(limit + 1, limit as usize + 1)),
                    error,
                    "{}",
                    field.name
                );
                // The count alone decides.
                assert_eq!(field.error(&field.payload(limit + 1, 0)), error, "{}", field.name);
            }
            Bound::Bytes(limit) => {
                let full = field.payload(limit, limit as usize);
                assert!(decode(field.command, &full).is_ok(), "{}", field.name);
                let error = Error::TooLong { length: limit + 1, limit };
                assert_eq!(
                    field.error(&field.payload(limit + 1, limit as usize + 1)),
                    error,
                    "{}",
                    field.name
                );
                assert_eq!(field.error(&field.payload(limit + 1, 0)), error, "{}", field.name);
            }
            Bound::Payload(_) | Bound::Text => {
                // A count of the entries that are there is accepted, one more is not.
                if field.name != "tx segwit inputs" {
                    assert!(decode(field.command, &field.payload(200, 200)).is_ok(), "{}", field.name);
                }
                let short = [field.payload(200, 199)].concat();
                let short = &short[..short.len() - field.back.len()];
                assert!(decode(field.command, short).is_err(), "{}", field.name);
            }
        }
    }
}

/// A count that the bytes cannot hold is refused before an entry is read.
#[test]
fn a_huge_count_with_nothing_after_it_is_refused() {
    for field in fields() {
        let huge = field.bare(MAX_SIZE, 5);
        let expected = match field.bound {
            Bound::Entries(limit) => Error::TooManyEntries { count: MAX_SIZE, limit },
            Bound::Bytes(limit) => Error::TooLong { length: MAX_SIZE, limit },
            Bound::Payload(entry) => Error::CountBeyondPayload { count: MAX_SIZE, entry, left: 0 },
            Bound::Text if field.command == Command::VERSION => Error::UserAgentTooLong(MAX_SIZE),
            // The sequence is read together with the script before it.
            Bound::Text if field.name == "tx script_sig" => {
                Error::Truncated { needed: MAX_SIZE + 4, left: 0 }
            }
            Bound::Text => Error::Truncated { needed: MAX_SIZE, left: 0 },
        };
        assert_eq!(field.error(&huge), expected, "{}", field.name);
        for (value, len) in [(MAX_SIZE + 1, 5), (u64::from(u32::MAX), 5), (u64::MAX, 9), (1 << 32, 9)] {
            assert_eq!(field.error(&field.bare(value, len)), Error::SizeTooLarge(value), "{}", field.name);
        }
    }
}

/// Bitcoin Core `src/serialize.h` `ReadCompactSize`: "non-canonical ReadCompactSize()".
#[test]
fn a_count_in_too_many_bytes_is_refused() {
    for field in fields() {
        for (value, len) in [(0, 3), (1, 3), (0xfc, 3), (1, 5), (0xffff, 5), (1, 9), (0xffff_ffff, 9)] {
            let mut payload = field.bare(value, len);
            payload.extend(std::iter::repeat_n(field.entry.clone(), 2).flatten());
            assert_eq!(field.error(&payload), Error::NonCanonical { value, len }, "{}", field.name);
        }
    }
}

/// H13: 0, 3 and 81 bytes of id are wrong, 4 and 80 right; the limits of the others are above.
#[test]
fn h13_feature_ids_have_4_to_80_bytes() {
    for (len, valid) in [(0, false), (3, false), (4, true), (80, true), (81, false)] {
        let mut payload = vec![len as u8];
        payload.resize(1 + len, 0xc3);
        payload.push(0);
        assert_eq!(decode(Command::FEATURE, &payload).is_ok(), valid, "{len}");
    }
}

/// B7: places of transactions fit in 16 bits, and so does their number.
#[test]
fn b7_places_in_a_block_fit_in_16_bits() {
    let request = |gaps: &[u64]| {
        let mut payload = vec![7; 32];
        put_compact_size(&mut payload, gaps.len() as u64);
        for gap in gaps {
            put_compact_size(&mut payload, *gap);
        }
        decode(Command::GETBLOCKTXN, &payload).map(|_| ())
    };
    // Bitcoin Core `src/test/blockencodings_tests.cpp` `TransactionsRequestDeserializationMaxTest`
    // and `TransactionsRequestDeserializationOverflowTest`.
    assert_eq!(request(&[0xffff]), Ok(()));
    assert_eq!(request(&[0x1_0000]), Err(Error::IndexTooLarge(0x1_0000)));
    assert_eq!(request(&[0x7fff, 0x7fff]), Ok(()));
    assert_eq!(request(&[0x7fff, 0x8000]), Err(Error::IndexTooLarge(0x1_0000)));
    assert_eq!(request(&[0xffff, 0]), Err(Error::IndexTooLarge(0x1_0000)));
    assert_eq!(request(&vec![0; 0x1_0000]), Ok(()));
    assert_eq!(request(&vec![0; 0x1_0001]), Err(Error::IndexTooLarge(0x1_0000)));

    let block = |short_ids: usize, prefilled: &[u64]| {
        let mut payload = vec![7; 88];
        put_compact_size(&mut payload, short_ids as u64);
        payload.resize(payload.len() + 6 * short_ids, 1);
        put_compact_size(&mut payload, prefilled.len() as u64);
        for gap in prefilled {
            put_compact_size(&mut payload, *gap);
            payload.extend_from_slice(&EMPTY_TX);
        }
        decode(Command::CMPCTBLOCK, &payload).map(|_| ())
    };
    assert_eq!(block(0xffff, &[]), Ok(()));
    assert_eq!(block(0x1_0000, &[]), Err(Error::IndexTooLarge(0x1_0000)));
    assert_eq!(block(0xfffe, &[0]), Ok(()));
    assert_eq!(block(0xffff, &[0]), Err(Error::IndexTooLarge(0x1_0000)));
    assert_eq!(block(1, &[0xffff]), Ok(()));
    assert_eq!(block(1, &[0x1_0000]), Err(Error::IndexTooLarge(0x1_0000)));
}

/// BIP37: 50 hash functions at most.
#[test]
fn filters_have_at_most_50_hash_functions() {
    let filter = |functions: u32| {
        let payload = [&[0][..], &functions.to_le_bytes(), &[0; 5]].concat();
        decode(Command::FILTERLOAD, &payload).map(|_| ())
    };
    assert_eq!(filter(50), Ok(()));
    assert_eq!(filter(51), Err(Error::TooManyEntries { count: 51, limit: 50 }));
    assert_eq!(filter(u32::MAX), Err(Error::TooManyEntries { count: u64::from(u32::MAX), limit: 50 }));
}

/// The user agent: 256 bytes (Bitcoin Core `src/net.h` `MAX_SUBVERSION_LENGTH`).
#[test]
fn user_agents_have_at_most_256_bytes() {
    let version = |len: usize| {
        let mut payload = Maker::make(Command::VERSION, &[]);
        payload.truncate(80);
        put_compact_size(&mut payload, len as u64);
        payload.resize(payload.len() + len, b'a');
        decode(Command::VERSION, &payload).map(|_| ())
    };
    assert_eq!(version(256), Ok(()));
    assert_eq!(version(257), Err(Error::UserAgentTooLong(257)));
}

/// F9: no payload at all is malformed, no entries are not; the networks that are known have addresses
/// of one length each, those that are not of any.
#[test]
fn f9_addrv2() {
    assert_eq!(decode(Command::ADDRV2, &[]).map(|_| ()), Err(Error::Truncated { needed: 1, left: 0 }));
    assert!(decode(Command::ADDRV2, &[0]).is_ok());
    for network in 0..=u8::MAX {
        let expected = match network {
            1 => Some(4),
            2 | 6 => Some(16),
            4 | 5 => Some(32),
            _ => None,
        };
        for length in [0, 1, 3, 4, 5, 10, 15, 16, 17, 31, 32, 33, 512] {
            let mut payload = vec![1, 0, 0, 0, 0, 0, network];
            put_compact_size(&mut payload, length);
            payload.resize(payload.len() + length as usize + 2, 0xfc);
            let result = decode(Command::ADDRV2, &payload).map(|_| ());
            match expected {
                Some(expected) if expected != length => {
                    assert_eq!(result, Err(Error::AddressLength { network, length, expected }));
                }
                _ => assert_eq!(result, Ok(()), "network {network}, {length} bytes"),
            }
        }
    }
}
