//! Journals that are cut, damaged, or made to do harm.

use std::io::{self, Read};

use super::{format_1_0, prologue, read, recordings};
use crate::journal::{
    EndReason, Ending, Entry, ErrorKind, MAX_OPTIONS, MAX_RECORD, MAX_REMEMBERED, Player, Prologue, Reader,
    Writer,
};

/// A journal of this major version with a prologue and nothing else, without its end.
fn start(major: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    if major == 1 {
        bytes = format_1_0::write(&prologue(), &[]);
    } else {
        Writer::new(&mut bytes, &prologue()).finish(EndReason::Clean);
    }
    let end = Reader::new(&bytes[..]).unwrap().offset();
    bytes.truncate(end as usize);
    bytes
}

/// `start()` and a record with a right check; the format's minor version may be another.
fn with_record([major, minor]: [u8; 2], kind: u8, body: &[u8]) -> Vec<u8> {
    let old = start(major);
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
    for bytes in recordings() {
        truncate(&bytes);
    }
}

fn truncate(bytes: &[u8]) {
    let (all, ending) = read(bytes);
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

/// After any byte is changed, nothing is read that was not written, and the end is not a clean one.
#[test]
fn every_changed_byte_is_noticed() {
    for bytes in recordings() {
        damage(&bytes);
    }
}

fn damage(bytes: &[u8]) {
    let (all, _) = read(bytes);
    let prologue = Reader::new(bytes).unwrap().prologue().clone();
    let mut damaged = bytes.to_vec();
    for place in 0..bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            damaged[place] ^= change;
            let (entries, ending) = read(&damaged);
            assert!(is_prefix(&entries, &all), "byte {place}");
            assert!(!matches!(ending, Ok(Ending::Marked(EndReason::Clean))), "byte {place}: {ending:?}");
            // A longer prologue ends where the file ends, whatever byte says so.
            if let Err(error) = ending
                && !matches!(error.kind, ErrorKind::Ends { .. })
            {
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
    for bytes in recordings() {
        move_records(&bytes);
    }
}

fn move_records(bytes: &[u8]) {
    let (all, _) = read(bytes);
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
fn a_file_that_is_no_journal_is_named() {
    assert_eq!(error(b""), "byte 0: the journal ends, expected magic and version of a journal");
    assert_eq!(
        error(b"\xd4\xc3\xb2\xa1 and so on, and on"),
        "byte 0: not a satwire journal: starts with \"\\xd4\\xc3\\xb2\\xa1 and so on, \", expected \"satwire journal\\n\""
    );
    for major in [0, 3, 255] {
        let expected = format!("byte 16: journal format {major}.7, expected 1.x to 2.x");
        assert_eq!(error(&[b"satwire journal\n", &[major, 7][..]].concat()), expected);
    }
}

#[test]
fn a_newer_minor_version_is_named_where_it_matters() {
    for (format, kind, body) in [([1, 7], 0x86, &[0][..]), ([2, 7], 0x80, &[6, 0])] {
        let (entries, ending) = read(&with_record(format, kind, body));
        assert_eq!(entries.len(), 1);
        assert!(matches!(ending, Ok(Ending::Cut { .. })));
    }
    let mut cases: Vec<([u8; 2], u8, &[u8], &str)> = vec![
        ([1, 7], 0x8f, &[0], "input 15"),
        ([1, 7], 0x96, &[0, 1, 9, 0], "purpose of a draw 9"),
        ([2, 7], 0x80, &[99, 0], "input 99"),
        ([2, 7], 0x80, &[0xff, 0xff, 0x7f, 0], "input 2097151"),
        ([2, 7], 0x81, &[6, 0, 1, 0x89, 1, 0], "purpose of a draw 137"),
        ([2, 7], 0x80, &[5, 0, 1, 99], "i/o error 99"),
        ([2, 7], 0x80, &[0, 0, 23, 0], "address family 23"),
        ([2, 7], 4, &[77], "reason of the end 77"),
    ];
    let kinds: Vec<_> = [0, 6, 63, 0x84, 0xff].iter().map(|kind| format!("kind of record {kind}")).collect();
    for (kind, name) in [0, 6, 63, 0x84, 0xff].into_iter().zip(&kinds) {
        cases.push(([2, 7], kind, &[0], name));
    }
    cases.push(([1, 7], 64, &[0], "kind of record 64"));
    cases.push(([1, 7], 0xc6, &[0], "kind of record 198"));
    for ([major, minor], kind, body, name) in cases {
        let at = start(major).len();
        let mut bytes = with_record([major, minor], kind, body);
        if kind == 4 {
            let record = [&[kind, body.len() as u8], body].concat();
            bytes.truncate(bytes.len() - 4);
            bytes.extend_from_slice(&crc32fast::hash(&record).to_le_bytes());
        }
        let expected = format!(
            "byte {at}: unknown {name} in a journal of format {major}.{minor}, this program knows up to 2.0"
        );
        assert_eq!(error(&bytes), expected);
    }
}

/// Parts that a newer program may add without harm is passed over, and counted like the rest.
#[test]
fn records_that_may_be_passed_over_are() {
    let end = |bytes: &mut Vec<u8>, record: &[u8]| {
        bytes.extend_from_slice(record);
        bytes.extend_from_slice(&crc32fast::hash(record).to_le_bytes());
    };
    for kind in [64, 127] {
        let mut bytes = with_record([2, 1], kind, &[1, 2, 3]);
        end(&mut bytes, &[4, 1, 0]);
        let (entries, ending) = read(&bytes);
        assert_eq!((entries.len(), ending.unwrap()), (0, Ending::Marked(EndReason::Clean)));
    }
}

#[test]
fn hostile_records_are_one_error() {
    let old: &[(u8, &[u8], &str)] = &[
        (0x86, &[0x80, 0], "a number in a longer form than its value needs, or above 64 bits"),
        (0x86, &[], "a record that ends inside its time: 1 bytes expected, 0 left"),
        (0x96, &[0, 0], "number of draws is 0, expected 1"),
        (0x85, &[0, 1, 99], "unknown i/o error 99 in a journal of format 1.0, this program knows up to 2.0"),
        (0x88, &[0, 1, 1], "bytes after the last field of a record, expected none"),
        (3, &[1, 9], "length of a block is 9, expected"),
    ];
    let new: &[(u8, &[u8], &str)] = &[
        (0x80, &[0x86, 0], "a number in a longer form than its value needs, or above 64 bits"),
        (0x80, &[], "a record that ends inside its number of an input: 1 bytes expected, 0 left"),
        (0x80, &[6], "a record that ends inside its time: 1 bytes expected, 0 left"),
        (0x80, &[6, 0, 0], "bytes after the last field of a record, expected none"),
        (0x81, &[6, 0, 0], "number of draws is 0, expected 1"),
        (
            0x81,
            &[6, 0, 0xff, 0xff, 3],
            "a record that ends inside its purpose of a draw: 1 bytes expected, 0 left",
        ),
        (
            0x80,
            &[1, 0, 0, 0xff, 0xff, 3],
            "a record that ends inside its address family: 1 bytes expected, 0 left",
        ),
        (
            0x80,
            &[0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f],
            "a record that ends inside its host name: 4294967295 bytes expected, 0 left",
        ),
        (0x80, &[0, 0, 0, 1, 0xff, 0, 0], "host name is not UTF-8 text"),
        (0x80, &[1, 0, 0xff, 0xff, 0xff, 0xff, 0x1f], "target is 8589934591, expected at most 4294967295"),
        (0x80, &[8, 0, 1, 2], "redial is 2, expected at most 1"),
        (0x80, &[8, 0, 1, 1, 1, b'A'], "label is malformed"),
        (0x80, &[10, 0, 1, b'a', 0, b'b', 0, 0, 0, 0, 0, 0, 0, 0, 0], "command is malformed"),
        (
            0x80,
            &[11, 0, 1, 1, 0, 0, 0, 7],
            "a record that ends inside its hash of an item: 32 bytes expected",
        ),
        (1, &[1, 0], "found a block, expected the end of the last"),
        (2, &[], "found a prologue, expected a step"),
        (3, &[9, 9], "number of records in a block is 9, expected 1"),
        (3, &[1, 9], "length of a block is 9, expected"),
    ];
    for (major, bad) in [(1, old), (2, new)] {
        let at = start(major).len();
        for (kind, body, expected) in bad {
            let (entries, ending) = read(&with_record([major, 0], *kind, body));
            assert!(entries.is_empty());
            let text = ending.unwrap_err().to_string();
            assert!(text.starts_with(&format!("byte {at}: {expected}")), "{text}");
        }
    }
    let mut after = with_record([2, 0], 0x80, &[6, 0]);
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
    let mut bytes = start(2);
    let at = bytes.len();
    bytes.extend_from_slice(&[0x80, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    let expected =
        format!("byte {}: a record that claims 4294967295 bytes, expected at most 8388608", at + 1);
    assert_eq!(error(&bytes), expected);
    bytes.truncate(at);
    bytes.extend_from_slice(&[0x80, 0x80, 0x80, 0x80, 4]);
    assert_eq!(MAX_RECORD, 4 << 21);
    bytes.extend_from_slice(&[7; 100]);
    let mut reader = Reader::new(&bytes[..]).unwrap();
    assert!(reader.next().is_none());
    assert_eq!(reader.ending(), Ending::Cut { offset: at as u64, torn: 105 });
    assert!(reader.buffered() < 4096, "{}", reader.buffered());
    bytes.truncate(at);
    bytes.extend_from_slice(&[0x80; 30]);
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
    let bytes = with_record([2, 0], 0x80, &[6, 0]);
    let mut reader = Reader::new(Broken(&bytes)).unwrap();
    assert!(reader.next().is_some_and(|entry| entry.is_ok()));
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), format!("byte {}: cannot be read: gone", bytes.len()));
    assert!(reader.next().is_none());
}

/// Neither the options nor what is unknown of a prologue takes more than a stated number of entries.
#[test]
fn a_prologue_cannot_ask_for_memory() {
    let with = |count: usize| prologue().with_options(vec![(String::new(), String::new()); count]);
    let written = |prologue: &Prologue| {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, prologue);
        let ended = writer.ended().map(|ended| ended.reason);
        writer.finish(EndReason::Clean);
        drop(writer);
        (bytes, ended)
    };
    let (most, ended) = written(&with(MAX_OPTIONS));
    assert_eq!(ended, None);
    assert_eq!(Reader::new(&most[..]).unwrap().prologue().options.len(), MAX_OPTIONS);
    assert_eq!(written(&with(MAX_OPTIONS + 1)).1, Some(EndReason::Unsupported));
    // The same by hand: the field of the options is the last of the prologue, and 512 bytes long.
    let place = most.windows(3).position(|three| three == [5, 0x80, 4]).unwrap();
    let record = |body: &[u8]| {
        let mut bytes = most[..26].to_vec();
        let mut chain = crc32fast::Hasher::new();
        chain.update(&bytes[..22]);
        let mut record = vec![2, (body.len() % 128) as u8 + 128, (body.len() / 128) as u8];
        record.extend_from_slice(body);
        chain.update(&record);
        bytes.extend(record);
        bytes.extend(chain.finalize().to_le_bytes());
        bytes
    };
    let fields = &most[29..place];
    let many = [fields, &[5, 0x82, 4], &[0; 514]].concat();
    assert_eq!(error(&record(&many)), "byte 26: number of options is 257, expected at most 256");
    let unknown = |last: u8| (100..last).flat_map(|number| [number, 1, 9]).collect::<Vec<_>>();
    let some = record(&[fields, &unknown(120)].concat());
    let unknown = Reader::new(&some[..]).unwrap().prologue().unknown.clone();
    assert_eq!((unknown.len(), unknown[0].to_string().as_str()), (20, "prologue field 100"));
    let program = [&[1, 0x82, 1], &[b'x'; 130][..]].concat();
    assert_eq!(error(&record(&program)), "byte 26: the configuration is missing");
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
