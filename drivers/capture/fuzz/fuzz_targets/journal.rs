//! Any bytes as a journal, of either format: read, summed up and played. All that is read of a journal can be written
//! again, in today's format, and reads the same.
//!
//! Checks are made right, or the fuzzer would have to guess them; then the bytes are taken as they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use satwire_capture::Summary;
use satwire_capture::convert::Observer;
use satwire_capture::journal::{EndReason, Ending, MAGIC, Player, Reader, Record, Writer};

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
    let (mut steps, mut observed) = (Vec::new(), Vec::new());
    let is_small = prologue.config.remembered_ids <= MOST_REMEMBERED;
    let mut observer = (prologue.origin.is_some() && is_small).then(|| Observer::new(&prologue));
    for entry in reader.by_ref().flatten() {
        match entry.record {
            Record::Step(step) => {
                writer.step(&step);
                steps.push(step);
            }
            Record::Digest(digest) => writer.digest(digest),
            Record::Observation(observation) => {
                writer.observation(&observation);
                observed.push(observation.clone());
                if let Some(observer) = &mut observer {
                    observer.observe(observation);
                    while observer.poll().is_some() {}
                }
            }
            other => panic!("{other:?} is new: say here how it is written"),
        }
    }
    writer.finish(EndReason::Clean);
    assert_eq!(writer.ended().map(|ended| ended.reason), Some(EndReason::Clean));
    drop(writer);
    let mut again = Reader::new(&copy[..]).expect("it was written");
    let mut written = again.prologue().clone();
    written.unknown.clone_from(&prologue.unknown);
    assert_eq!(written, prologue);
    let (mut steps_again, mut observed_again) = (Vec::new(), Vec::new());
    for entry in again.by_ref() {
        match entry.expect("it was written").record {
            Record::Step(step) => steps_again.push(step),
            Record::Observation(observation) => observed_again.push(observation),
            _ => {}
        }
    }
    assert_eq!((steps_again, observed_again), (steps, observed));
    if let Some(observer) = &mut observer {
        observer.finish();
        while observer.poll().is_some() {}
    }
    assert_eq!(again.ending(), Ending::Marked(EndReason::Clean));
    assert!(reader.offset() <= journal.len() as u64);
    let (summary, _) = Summary::read(Reader::new(journal).expect("it was read"));
    assert_eq!(summary.prologue, prologue);
    if is_small {
        let _ = Player::new(Reader::new(journal).expect("it was read")).run(|_| {});
    }
}

/// The records of `data`, each with the check that belongs there.
fn checked(data: &[u8]) -> Vec<u8> {
    let Some((header, mut rest)) = data.split_at_checked(HEADER) else { return data.into() };
    let mut journal = header.to_vec();
    let mut chain = crc32fast::Hasher::new();
    chain.update(header);
    let mut is_first = true;
    while let Some((front, body)) = next_record(rest) {
        if front[0] == END || front[0] == BLOCK_START && !std::mem::take(&mut is_first) {
            chain = crc32fast::Hasher::new();
        }
        for part in [front, body] {
            chain.update(part);
            journal.extend_from_slice(part);
        }
        journal.extend_from_slice(&chain.clone().finalize().to_le_bytes());
        rest = rest.get(front.len() + body.len() + 4..).unwrap_or_default();
        // Another file of a journal that is kept in several.
        if front[0] == END
            && rest.starts_with(MAGIC)
            && let Some((header, after)) = rest.split_at_checked(HEADER)
        {
            journal.extend_from_slice(header);
            chain = crc32fast::Hasher::new();
            chain.update(header);
            (rest, is_first) = (after, true);
        }
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
