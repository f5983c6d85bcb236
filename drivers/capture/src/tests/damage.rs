//! Journals that are cut, damaged, or made to do harm.

use std::io::{self, Read};

use super::{prologue, read, record};
use crate::journal::{
    EndReason, Ending, Entry, ErrorKind, MAX_RECORD, MAX_REMEMBERED, Player, Prologue, Reader, Writer,
};

/// A journal with this prologue and nothing else, without its end.
fn start() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &prologue());
    writer.flush();
    drop(writer);
    bytes
}

/// `start()` and a record with a right check; the format's minor version may be another.
fn with_record(minor: u8, kind: u8, body: &[u8]) -> Vec<u8> {
    let old = start();
    let mut bytes = old[..18].to_vec();
    bytes[17] = minor;
    let mut chain = crc32fast::Hasher::new();
    chain.update(&bytes);
    let mut put = |bytes: &mut Vec<u8>, record: &[u8]| {
        bytes.extend_from_slice(record);
        chain.update(record);
        bytes.extend_from_slice(&chain.clone().finalize().to_le_bytes());
    };
    // Block start: kind, length 2, number 0, time 0. Prologue: the rest.
    put(&mut bytes, &old[18..22]);
    put(&mut bytes, &old[26..old.len() - 4]);
    if minor == 0 {
        assert_eq!(bytes, old);
    }
    assert!(body.len() < 128);
    if kind == 1 {
        // Each block's checks start anew.
        let record = [&[kind, body.len() as u8], body].concat();
        bytes.extend_from_slice(&record);
        bytes.extend_from_slice(&crc32fast::hash(&record).to_le_bytes());
        return bytes;
    }
    put(&mut bytes, &[&[kind, body.len() as u8], body].concat());
    bytes
}

fn error(bytes: &[u8]) -> String {
    read(bytes).1.unwrap_err().to_string()
}

#[test]
fn every_truncation_gives_whole_records() {
    let (bytes, _) = record();
    let (all, ending) = read(&bytes);
    assert_eq!(ending.unwrap(), Ending::Marked(EndReason::Clean));
    let mut longest = 0;
    for len in 0..bytes.len() {
        let (entries, ending) = read(&bytes[..len]);
        assert_eq!(entries, all[..entries.len()]);
        assert!(entries.len() >= longest, "{len} bytes give fewer records");
        longest = entries.len();
        match ending {
            Ok(Ending::Cut { offset, torn }) => {
                assert_eq!(offset + torn, len as u64);
                let last = entries.last().map_or(0, |entry| entry.offset);
                assert!(offset > last);
            }
            // Before the end of the prologue there is nothing to give.
            Err(error) => {
                assert!(matches!(error.kind, ErrorKind::Ends { .. }), "{len}: {error}");
                assert_eq!((error.offset, entries.len()), (len as u64, 0));
            }
            Ok(ending) => panic!("{len}: {ending:?}"),
        }
    }
    assert_eq!(longest, all.len());
}

/// Whatever byte is changed, nothing is read that was not written, and the end is not a clean one.
#[test]
fn every_changed_byte_is_noticed() {
    let (bytes, _) = record();
    let (all, _) = read(&bytes);
    let prologue = Reader::new(&bytes[..]).unwrap().prologue().clone();
    let mut damaged = bytes.clone();
    for place in 0..bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            damaged[place] ^= change;
            let (entries, ending) = read(&damaged);
            assert!(is_prefix(&entries, &all), "byte {place}");
            assert!(!matches!(ending, Ok(Ending::Marked(EndReason::Clean))), "byte {place}: {ending:?}");
            if let Err(error) = ending {
                assert!(error.offset <= place as u64 + 1, "byte {place}: {error}");
            }
            if let Ok(reader) = Reader::new(&damaged[..]) {
                assert_eq!(*reader.prologue(), prologue);
            }
            damaged[place] ^= change;
        }
    }
}

fn is_prefix(entries: &[Entry], all: &[Entry]) -> bool {
    all.starts_with(entries)
}

/// No record can be left out, doubled or moved.
#[test]
fn records_cannot_be_moved() {
    let (bytes, _) = record();
    let (all, _) = read(&bytes);
    let offsets: Vec<_> = all.iter().map(|entry| entry.offset as usize).collect();
    for pair in offsets.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let without = [&bytes[..from], &bytes[to..]].concat();
        let doubled = [&bytes[..to], &bytes[from..]].concat();
        for changed in [without, doubled] {
            let (entries, ending) = read(&changed);
            assert!(is_prefix(&entries, &all));
            assert!(ending.is_err(), "{from}..{to}: {ending:?}");
        }
    }
}

#[test]
fn what_is_no_journal_is_named() {
    assert_eq!(error(b""), "byte 0: the journal ends, expected magic and version of a journal");
    assert_eq!(
        error(b"\xd4\xc3\xb2\xa1 and so on, and on"),
        "byte 0: not a satwire journal: starts with \"\\xd4\\xc3\\xb2\\xa1 and so on, \", expected \"satwire journal\\n\""
    );
    assert_eq!(error(b"satwire journal\n\x02\x00"), "byte 16: journal format 2.0, expected 1.x");
}

#[test]
fn a_newer_minor_version_is_named_where_it_matters() {
    let (entries, ending) = read(&with_record(7, 0x86, &[0]));
    assert_eq!(entries.len(), 1);
    assert!(matches!(ending, Ok(Ending::Cut { .. })));
    let at = start().len();
    let unknown = "in a journal of format 1.7, this program knows up to 1.0";
    for kind in [0, 5, 0x7f, 0xc6] {
        let expected = format!("byte {at}: unknown kind of record {kind} {unknown}");
        assert_eq!(error(&with_record(7, kind, &[0])), expected);
    }
    assert_eq!(error(&with_record(7, 0x8f, &[0])), format!("byte {at}: unknown input 15 {unknown}"));
    assert_eq!(
        error(&with_record(7, 0x96, &[0, 1, 9, 0])),
        format!("byte {at}: unknown purpose of a draw 9 {unknown}")
    );
}

#[test]
fn hostile_records_are_one_error() {
    let at = start().len();
    let bad: &[(u8, &[u8], &str)] = &[
        (0x86, &[0x80, 0], "a number in a longer form than its value needs, or above 64 bits"),
        (0x86, &[], "a record that ends inside its time: 1 bytes expected, 0 left"),
        (0x86, &[0, 0], "bytes after the last field of a record, expected none"),
        (0x96, &[0, 0], "number of draws is 0, expected 1"),
        (
            0x96,
            &[0, 0xff, 0xff, 3],
            "a record that ends inside its purpose of a draw: 1 bytes expected, 0 left",
        ),
        (
            0x81,
            &[0, 0, 0xff, 0xff, 3],
            "a record that ends inside its address family: 1 bytes expected, 0 left",
        ),
        (
            0x80,
            &[0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f],
            "a record that ends inside its host name: 4294967295 bytes expected, 0 left",
        ),
        (0x80, &[0, 0, 1, 0xff, 0, 0], "host name is not UTF-8 text"),
        (0x85, &[0, 1, 99], "unknown i/o error 99 in a journal of format 1.0, this program knows up to 1.0"),
        (0x81, &[0, 0xff, 0xff, 0xff, 0xff, 0x1f], "target is 8589934591, expected at most 4294967295"),
        (1, &[1, 0], "found a block, expected the end of the last"),
        (2, &[], "found a prologue, expected a step"),
        (3, &[9, 9], "number of records in a block is 9, expected 1"),
        (3, &[1, 9], "length of a block is 9, expected"),
    ];
    for (kind, body, expected) in bad {
        let (entries, ending) = read(&with_record(0, *kind, body));
        assert!(entries.is_empty());
        let text = ending.unwrap_err().to_string();
        assert!(text.starts_with(&format!("byte {at}: {expected}")), "{text}");
    }
    let mut after = with_record(0, 0x86, &[0]);
    after.extend_from_slice(&[4, 1, 0]);
    after.extend_from_slice(&crc32fast::hash(&[4, 1, 0]).to_le_bytes());
    assert_eq!(read(&after).1.unwrap(), Ending::Marked(EndReason::Clean));
    after.push(0);
    let last = after.len() - 1;
    assert_eq!(error(&after), format!("byte {last}: bytes after the end mark, expected none"));
}

/// A length is believed only as far as there are bytes.
#[test]
fn lengths_reserve_nothing() {
    let mut bytes = start();
    let at = bytes.len();
    bytes.extend_from_slice(&[0x84, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    let expected =
        format!("byte {}: a record that claims 4294967295 bytes, expected at most 8388608", at + 1);
    assert_eq!(error(&bytes), expected);
    bytes.truncate(at);
    bytes.extend_from_slice(&[0x84, 0x80, 0x80, 0x80, 4]);
    assert_eq!(MAX_RECORD, 4 << 21);
    bytes.extend_from_slice(&[7; 100]);
    let mut reader = Reader::new(&bytes[..]).unwrap();
    assert!(reader.next().is_none());
    assert_eq!(reader.ending(), Ending::Cut { offset: at as u64, torn: 105 });
    assert!(reader.buffered() < 4096, "{}", reader.buffered());
    bytes.truncate(at);
    bytes.extend_from_slice(&[0x84; 30]);
    assert!(error(&bytes).starts_with(&format!("byte {}: a number", at + 1)));
}

/// The node would reserve memory for it.
#[test]
fn a_configuration_cannot_ask_for_memory() {
    let mut greedy = prologue();
    greedy.config.remembered_ids = MAX_REMEMBERED + 1;
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &greedy);
    assert_eq!(writer.ended().unwrap().reason, EndReason::Unsupported);
    writer.finish(EndReason::Clean);
    drop(writer);
    assert!(error(&bytes).contains("found the end of a block, expected the prologue"));

    // Of the other limits each may be as high as it likes: nothing is reserved by them.
    let mut boundless = prologue();
    let config = &mut boundless.config;
    (config.max_announcements, config.max_unsent, config.inbound_slots) =
        (usize::MAX, usize::MAX, usize::MAX);
    let mut bytes = Vec::new();
    Writer::new(&mut bytes, &boundless).finish(EndReason::Clean);
    drop(Player::new(Reader::new(&bytes[..]).unwrap()));
}

#[test]
fn an_unreadable_source_is_an_error_with_its_place() {
    struct Broken<'a>(&'a [u8]);
    impl Read for Broken<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::Error::other("gone")) } else { self.0.read(buf) }
        }
    }
    let bytes = with_record(0, 0x86, &[0]);
    let mut reader = Reader::new(Broken(&bytes)).unwrap();
    assert!(reader.next().is_some_and(|entry| entry.is_ok()));
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), format!("byte {}: cannot be read: gone", bytes.len()));
    assert!(reader.next().is_none());
}

#[test]
fn a_prologue_may_be_large_and_empty() {
    for program in [String::new(), "x".repeat(1000)] {
        let p = Prologue { program, ..prologue() };
        let mut bytes = Vec::new();
        Writer::new(&mut bytes, &p).finish(EndReason::Clean);
        assert_eq!(*Reader::new(&bytes[..]).unwrap().prologue(), p);
    }
}
