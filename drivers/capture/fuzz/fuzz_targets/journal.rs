//! Any bytes as a journal: read, summed up and played. What is read of a journal can be written again.
//!
//! Checks are made right, or the fuzzer would have to guess them; then the bytes are taken as they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use satwire_capture::Summary;
use satwire_capture::journal::{Ending, MAGIC, Player, Reader, Record, Writer};

/// Magic and version.
const HEADER: usize = MAGIC.len() + 2;
const BLOCK_START: u8 = 1;
const END: u8 = 4;

/// A node reserves memory for so many ids when it is made: more only take time.
const MOST_REMEMBERED: usize = 1 << 10;

fuzz_target!(|data: &[u8]| {
    run(&checked(data));
    run(data);
});

fn run(journal: &[u8]) {
    let Ok(mut reader) = Reader::new(journal) else { return };
    let prologue = reader.prologue().clone();
    let mut copy = Vec::new();
    let mut writer = Writer::new(&mut copy, &prologue);
    for entry in reader.by_ref().flatten() {
        match entry.record {
            Record::Step(step) => writer.step(&step),
            Record::Digest(digest) => writer.digest(digest),
        }
    }
    if let Ending::Marked(reason) = reader.ending() {
        writer.finish(reason);
    }
    drop(writer);
    assert!(reader.offset() <= journal.len() as u64);
    let (summary, _) = Summary::read(Reader::new(journal).expect("it was read"));
    assert_eq!(summary.prologue, prologue);
    if prologue.config.remembered_ids <= MOST_REMEMBERED {
        let _ = Player::new(Reader::new(journal).expect("it was read")).run(|_| {});
    }
}

/// The records of `data`, each with the check that belongs there.
fn checked(data: &[u8]) -> Vec<u8> {
    let Some((header, mut rest)) = data.split_at_checked(HEADER) else { return data.into() };
    let mut journal = header.to_vec();
    let mut chain = crc32fast::Hasher::new();
    chain.update(header);
    while let Some((front, body)) = next_record(rest) {
        if front[0] == END || front[0] == BLOCK_START && journal.len() > HEADER {
            chain = crc32fast::Hasher::new();
        }
        for part in [front, body] {
            chain.update(part);
            journal.extend_from_slice(part);
        }
        journal.extend_from_slice(&chain.clone().finalize().to_le_bytes());
        rest = rest.get(front.len() + body.len() + 4..).unwrap_or_default();
    }
    journal.extend_from_slice(rest);
    journal
}

/// Kind and length, and the body.
fn next_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let last = bytes.iter().skip(1).take(4).position(|byte| byte & 0x80 == 0)?;
    let (front, rest) = bytes.split_at(last + 2);
    let length = front[1..].iter().rev().fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
    Some((front, rest.get(..length)?))
}
