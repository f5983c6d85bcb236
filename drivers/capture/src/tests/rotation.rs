//! A journal that is kept in several files: cut where the record says, played as one, observed where its beginning is
//! missing.

use std::cell::RefCell;
use std::io::{self, Read as _};
use std::num::NonZeroU32;
use std::rc::Rc;

use satwire_core::node::{Address, ConnId, EventKind, Input};
use satwire_core::{Instant, Node};

use super::{Counting, addr, at, greeting, inv, prologue, session};
use crate::convert::{Found, ImportOptions, Observer, Opened};
use crate::journal::{
    BackgroundFile, EndReason, Ending, ErrorKind, Files, PlayError, Player, Reader, Recorder, Sink,
    file_name, files_of,
};
use crate::{Cutter, Piece, Summary};

/// Files in memory.
#[derive(Clone, Debug, Default)]
struct Memory(Rc<RefCell<Vec<Vec<u8>>>>);

impl Memory {
    fn new() -> Self {
        Self(Rc::new(RefCell::new(vec![Vec::new()])))
    }

    fn files(&self) -> Vec<Vec<u8>> {
        self.0.borrow().clone()
    }
}

impl Sink for Memory {
    fn write_records(&mut self, bytes: &[u8], _until: Instant) -> io::Result<usize> {
        self.0.borrow_mut().last_mut().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush_records(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn next_file(&mut self) -> io::Result<()> {
        self.0.borrow_mut().push(Vec::new());
        Ok(())
    }
}

/// The session in files of this size.
fn recorded(size: u64) -> Vec<Vec<u8>> {
    recorded_with(Counting::default(), size)
}

/// The same with other random words.
fn recorded_with(words: Counting, size: u64) -> Vec<Vec<u8>> {
    let memory = Memory::new();
    let prologue = prologue();
    let (config, clock) = (prologue.config.clone(), prologue.clock);
    let recorder = Recorder::new(words, memory.clone(), prologue).in_files_of(size);
    let mut node = Node::new(config, clock, recorder);
    session(&mut node, |_| {});
    node.environment_mut().finish();
    drop(node);
    memory.files()
}

/// Everything that a journal says when it is played, and how it ends.
fn played(bytes: &[u8]) -> (Vec<String>, Result<Ending, PlayError>) {
    let mut player = Player::new(Reader::new(bytes).unwrap());
    let mut said = Vec::new();
    let ending = player.run(|output| said.push(format!("{output:?}")));
    (said, ending)
}

#[test]
fn the_files_are_played_as_one_journal() {
    let whole = recorded(u64::MAX);
    assert_eq!(whole.len(), 1);
    let (said, ending) = played(&whole[0]);
    assert_eq!(ending.unwrap(), Ending::Marked(EndReason::Clean));
    for size in [1, 500, 1000] {
        let files = recorded(size);
        assert!(files.len() > 2, "{size}: {} files", files.len());
        for file in &files[..files.len() - 1] {
            assert!(file.len() as u64 >= size && file.ends_with(&EndReason::Continued.mark()), "{size}");
        }
        let (parts, ending) = played(&files.concat());
        assert_eq!(ending.unwrap(), Ending::Marked(EndReason::Clean), "{size}");
        assert_eq!(parts, said, "{size}");
        let (summary, damage) = Summary::read(Reader::new(&files.concat()[..]).unwrap());
        assert!(damage.is_none() && summary.files as usize == files.len(), "{damage:?} {}", summary.files);
        let (one, _) = Summary::read(Reader::new(&whole[0][..]).unwrap());
        assert_eq!((summary.connections, summary.steps), (one.connections, one.steps));
    }
}

/// Where a file ends depends on what was recorded, and on nothing else.
#[test]
fn the_journal_of_a_replay_has_the_same_files() {
    let files = recorded(700);
    let all = files.concat();
    let reader = Reader::new(&all[..]).unwrap();
    let prologue = reader.prologue().clone();
    let memory = Memory::new();
    let mut player =
        Player::watched(reader, |tape| Recorder::new(tape, memory.clone(), prologue).in_files_of(700));
    player.run(|_| {}).unwrap();
    player.environment_mut().finish();
    drop(player);
    assert!(memory.files() == files);
}

#[test]
fn a_file_that_is_missing_or_of_another_journal_is_named() {
    let files = recorded(500);
    let fault = |parts: &[&[u8]]| {
        let all = parts.concat();
        let (_, ending) = played(&all);
        match ending {
            Err(PlayError::Journal(error)) => (error.offset, error.kind.to_string()),
            other => panic!("{other:?}"),
        }
    };
    let expected = "file 3 of a journal that is kept in several, expected file 2";
    assert_eq!(fault(&[&files[0], &files[2]]), (files[0].len() as u64, expected.to_owned()));
    let expected = "file 1 of a journal that is kept in several, expected file 2";
    assert_eq!(fault(&[&files[0], &files[0]]).1, expected);
    assert!(fault(&[&files[0], b"GET / HTTP/1.1\r\n\r\n"]).1.starts_with("not a satwire journal"));
    // The same number of a run that went on otherwise.
    let other = recorded_with(Counting(9), 500);
    assert!(fault(&[&files[0], &other[1]]).1.contains("file 2 is of another journal"));
    // Only so far, and nothing wrong with that.
    let (said, ending) = played(&files[0]);
    assert_eq!(ending.unwrap(), Ending::Marked(EndReason::Continued));
    assert!(!said.is_empty());
    // Cut within the beginning of the next.
    for len in [1, 16, 30, 60] {
        let cut = [&files[0][..], &files[1][..len]].concat();
        let (_, ending) = played(&cut);
        assert!(
            matches!(ending, Err(PlayError::Journal(error)) if matches!(error.kind, ErrorKind::Ends { .. }))
        );
    }
    // A later one by itself is not played.
    let (_, ending) = played(&files[1]);
    assert!(matches!(ending, Err(PlayError::Part(2))), "{ending:?}");
}

/// Wherever a stream is cut, the rest of it is read from the next message on.
#[test]
fn a_stream_goes_on_in_the_next_file() {
    let magic = super::MAGIC_BYTES;
    let stream = [super::greeting(7), super::inv(3)].concat();
    let whole = |cutter: &mut Cutter, mut bytes: &[u8]| {
        let mut whole = Vec::new();
        while let Some(piece) = cutter.next(&mut bytes) {
            if let Piece::Whole(message) = piece {
                whole.push(message.to_vec());
            }
        }
        whole
    };
    let all = whole(&mut Cutter::new(magic, 1000), &stream);
    for cut in 0..=stream.len() {
        let mut first = Cutter::new(magic, 0);
        let before = whole(&mut first, &stream[..cut]).len();
        let (header, payload) = first.unfinished();
        let mut second = Cutter::resumed(magic, 1000, header, payload);
        let after = whole(&mut second, &stream[cut..]);
        // The one whose payload had begun is not told.
        let lost = usize::from(payload > 0);
        assert_eq!(after, all[before + lost..], "cut at {cut}");
    }
}

/// The events of a later file, as an observer tells them.
fn observed(path: &std::path::Path) -> Vec<String> {
    let Opened::Import(mut story) = Opened::open(path, "test", ImportOptions::default()).unwrap() else {
        panic!("played")
    };
    let mut observer = Observer::new(story.prologue());
    let mut found = Vec::new();
    let mut drain = |observer: &mut Observer| {
        while let Some(finding) = observer.poll() {
            let text = match finding.what {
                Found::Connected { peer, adopted, .. } => {
                    format!("{} connected {peer} {adopted}", finding.conn)
                }
                Found::Event(EventKind::Handshake(negotiated)) => format!(
                    "{} {} {} {}",
                    finding.conn, negotiated.common_version, negotiated.wtxidrelay, negotiated.time_offset
                ),
                other => format!("{} {other:?}", finding.conn).chars().take(60).collect(),
            };
            found.push(text);
        }
    };
    for observation in story.by_ref() {
        observer.observe(observation.unwrap());
        drain(&mut observer);
    }
    observer.finish();
    drain(&mut observer);
    assert_eq!(story.trouble(), None);
    found
}

/// It begins with what each connection had negotiated.
#[test]
fn a_later_file_alone_is_observed() {
    let files = recorded(500);
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("part.journal");
    // All but the first.
    for (number, file) in (1..).zip(&files).skip(1) {
        std::fs::write(file_name(&base, number), file).unwrap();
    }
    let found = observed(&base);
    let c1 = ConnId(1);
    assert_eq!(found[0], format!("{c1} connected 203.0.113.1:8333 true"));
    // As it was told when it was done: by the clock of then.
    assert!(found[1].starts_with(&format!("{c1} 70016 true ")), "{found:?}");
    assert!(found.iter().any(|line| line.contains("Announced")), "{found:?}");
    let from = file_name(&base, 2);
    assert_eq!(observed(&from), found);
}

/// The bytes that were sent are not in a journal: nobody can say that our core would have sent something else.
#[test]
fn of_a_later_file_no_difference_is_told() {
    let memory = Memory::new();
    let prologue = prologue();
    let (config, clock) = (prologue.config.clone(), prologue.clock);
    let recorder = Recorder::new(Counting::default(), memory.clone(), prologue).in_files_of(1);
    let mut node = Node::new(config, clock, recorder);
    for (conn, start) in [(1, 0), (2, 50_000)] {
        let conn = ConnId(conn);
        node.handle(at(start), Input::Dial(Address::Socket(addr(conn.0 as u8))));
        node.handle(at(start + 5), Input::Connected(conn));
        node.handle(at(start + 10), Input::Received(conn, &greeting(70 + conn.0)));
        node.handle(at(start + 20), Input::Received(conn, &inv(3)));
        node.handle(at(start + 4000), Input::Timeout);
        node.handle(at(start + 40_000), Input::Received(conn, &inv(4)));
    }
    node.environment_mut().finish();
    drop(node);
    let files = memory.files();
    let folder = tempfile::tempdir().unwrap();
    let later = folder.path().join("later");
    std::fs::write(&later, files[2..].concat()).unwrap();
    let found = observed(&later);
    let announced = found.iter().filter(|line| line.contains("Announced")).count();
    assert_eq!(
        (announced > 0, found.iter().filter(|line| line.contains("Difference")).count()),
        (true, 0),
        "{found:#?}"
    );
}

/// As files on a disk: the last so many stay, and what is there is whole.
#[test]
fn the_last_files_are_kept() {
    for keep in [None, NonZeroU32::new(1), NonZeroU32::new(2)] {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("kept.journal");
        let first = std::fs::File::create_new(file_name(&base, 1)).unwrap();
        let sink = BackgroundFile::in_files(first, &base, keep).unwrap();
        let prologue = prologue();
        let (config, clock) = (prologue.config.clone(), prologue.clock);
        let recorder = Recorder::new(Counting::default(), sink, prologue).in_files_of(500);
        let mut node = Node::new(config, clock, recorder);
        session(&mut node, |_| {});
        node.environment_mut().finish();
        node.environment_mut().sink_mut().close().unwrap();
        drop(node);
        let expected = recorded(500);
        let last = expected.len() as u32;
        let kept = files_of(&base).unwrap();
        let oldest = keep.map_or(1, |keep| last + 1 - keep.get());
        assert_eq!(kept.keys().copied().collect::<Vec<_>>(), (oldest..=last).collect::<Vec<_>>());
        for (number, path) in &kept {
            assert!(std::fs::read(path).unwrap() == expected[*number as usize - 1], "{number}");
        }
        let mut all = Vec::new();
        Files::find(&base).unwrap().unwrap().read_to_end(&mut all).unwrap();
        assert!(all == expected[oldest as usize - 1..].concat());
    }
}

#[test]
fn a_gap_between_files_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("gap.journal");
    for (number, file) in (1..).zip(recorded(500)).filter(|(number, _)| *number != 2) {
        std::fs::write(file_name(&base, number), file).unwrap();
    }
    let Ok(Opened::Journal(reader)) = Opened::open(&base, "test", ImportOptions::default()) else { panic!() };
    let mut player = Player::new(*reader);
    let mut said = 0;
    let error = player.run(|_| said += 1).unwrap_err().to_string();
    assert!(said > 0 && error.contains("gap.journal.000002 is missing: file"), "{said} {error}");
    // One file that is named has its own name, and a file of the name that was given comes first.
    assert!(Files::find(&folder.path().join("other")).unwrap().is_none());
    std::fs::write(&base, "something else").unwrap();
    assert!(Files::find(&base).unwrap().is_none());
    assert!(Opened::open(&file_name(&base, 1), "test", ImportOptions::default()).is_ok());
}
