//! Where a journal goes, and what happens when it cannot.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};

use satwire_core::node::{ConnId, Environment, Input};
use satwire_core::{Instant, Node};

use super::{Counting, addr, at, prologue, read, record, session};
use crate::journal::{
    BackgroundFile, EndReason, Ended, Ending, MAX_RECORD, Player, Reader, Recorder, Sink as _,
};

/// Takes whole writes as long as there is room, then fails with `kind`; a few bytes always go.
struct Small {
    taken: Vec<u8>,
    room: usize,
    kind: io::ErrorKind,
}

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > 16 && self.taken.len() + bytes.len() > self.room {
            return Err(self.kind.into());
        }
        self.taken.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_sink_ends_the_recording_and_not_the_node() {
    let (bytes, said) = record();
    for room in (0..bytes.len() + 100).step_by(61) {
        for (kind, reason) in [
            (io::ErrorKind::WouldBlock, EndReason::QueueFull),
            (io::ErrorKind::StorageFull, EndReason::SinkFailed),
        ] {
            let p = prologue();
            let sink = Small { taken: Vec::new(), room, kind };
            let mut node =
                Node::new(p.config.clone(), p.clock, Recorder::new(Counting::default(), sink, p.clone()));
            let heard = session(&mut node, |node| node.environment_mut().flush());
            assert_eq!(heard, said, "the node goes on");
            node.environment_mut().finish();
            let ended = node.environment().ended().unwrap();
            let journal = &node.environment().sink().taken;
            if room >= bytes.len() {
                assert_eq!((ended.reason, journal), (EndReason::Clean, &bytes));
                continue;
            }
            assert_eq!(ended.reason, reason);
            assert_eq!(ended.error.as_ref().unwrap().kind(), kind);
            let (body, mark) = journal.split_at(journal.len() - 7);
            assert!(bytes.starts_with(body));
            assert_eq!(mark[..3], [4, 1, reason as u8]);
            if !body.is_empty() {
                assert_eq!(read(journal).1.unwrap(), Ending::Marked(reason));
                let mut player = Player::new(Reader::new(&journal[..]).unwrap());
                assert_eq!(player.run(|_| {}).unwrap(), Ending::Marked(reason));
            }
        }
    }
}

#[test]
fn a_recorder_that_is_dropped_says_so() {
    let (bytes, _) = record();
    let p = prologue();
    let mut journal = Vec::new();
    let mut node = Node::new(p.config.clone(), p.clock, Recorder::new(Counting::default(), &mut journal, p));
    session(&mut node, |_| {});
    drop(node);
    assert_eq!(journal[..journal.len() - 5], bytes[..bytes.len() - 5]);
    assert_eq!(read(&journal).1.unwrap(), Ending::Marked(EndReason::Aborted));
}

#[test]
fn an_input_that_fits_no_record_ends_the_recording() {
    let p = prologue();
    let mut journal = Vec::new();
    let mut node = Node::new(p.config.clone(), p.clock, Recorder::new(Counting::default(), &mut journal, p));
    let conn = ConnId(1);
    node.handle(Instant::ZERO, Input::Accepted { conn, addr: addr(1) });
    node.handle(Instant::ZERO, Input::Received(conn, &vec![0; MAX_RECORD as usize + 1]));
    node.handle(Instant::ZERO, Input::Timeout);
    assert_eq!(node.environment().ended().unwrap().reason, EndReason::Unsupported);
    drop(node);
    let (entries, ending) = read(&journal);
    assert_eq!(ending.unwrap(), Ending::Marked(EndReason::Unsupported));
    assert!(entries.len() <= 2);
}

#[test]
fn ends_are_told_in_one_line() {
    let ended = Ended { reason: EndReason::SinkFailed, error: Some(io::Error::other("no space")) };
    assert_eq!(ended.to_string(), "recording ended early: the journal could not be written: no space");
    assert_eq!(Ended { reason: EndReason::Clean, error: None }.to_string(), "finished");
}

fn record_into(file: BackgroundFile, flush: bool) -> (Node<Recorder<Counting, BackgroundFile>>, usize) {
    let p = prologue();
    let mut node = Node::new(p.config.clone(), p.clock, Recorder::new(Counting::default(), file, p));
    let said = session(&mut node, |node| {
        if flush {
            node.environment_mut().flush();
        }
    });
    node.environment_mut().finish();
    (node, said.len())
}

#[test]
fn a_background_file_holds_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    for force in [false, true] {
        let (node, _) = record_into(BackgroundFile::create(&path, force).unwrap(), force);
        drop(node);
        assert_eq!(std::fs::read(&path).unwrap(), record().0);
    }
    let refused = BackgroundFile::create(&path, false).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), record().0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// A limit of nothing: the disk is always too slow.
#[test]
fn a_full_queue_takes_an_end_mark() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let mut file = BackgroundFile::with_limit(File::create(&path).unwrap(), 100).unwrap();
    assert_eq!(file.write_records(&[1; 60], at(1)).unwrap(), 60);
    assert_eq!(file.write_records(&[2; 2000], at(2)).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(file.write_records(&[2; 1025], at(2)).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(file.write_records(&[3; 1024], at(3)).unwrap(), 1024);
    file.close().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), [&[1; 60][..], &[3; 1024]].concat());
    assert!(file.write_records(&[4], at(4)).is_err());

    let file = BackgroundFile::with_limit(File::create(&path).unwrap(), 100).unwrap();
    let (mut node, said) = record_into(file, true);
    assert_eq!(said, record().1.len());
    assert_eq!(node.environment().ended().unwrap().reason, EndReason::QueueFull);
    let file = node.environment_mut().sink_mut();
    file.close().unwrap();
    assert_eq!(file.whole_until(), Instant::ZERO, "no step was taken");
    drop(node);
    // Nothing but the mark had room.
    let check = crc32fast::hash(&[4, 1, EndReason::QueueFull as u8]).to_le_bytes();
    assert_eq!(std::fs::read(&path).unwrap(), [&[4, 1, 2], &check[..]].concat());
}

/// A disk that fails is told once, and stops neither the node nor the program's end.
#[cfg(target_os = "linux")]
#[test]
fn a_failing_disk_is_told() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else { return };
    let file = BackgroundFile::with_limit(full, BackgroundFile::LIMIT).unwrap();
    let p = prologue();
    let mut node = Node::new(p.config.clone(), p.clock, Recorder::new(Counting::default(), file, p));
    let said = session(&mut node, |node| node.environment_mut().flush());
    assert_eq!(said, record().1);
    // The thread needs a moment to hear of it.
    let start = std::time::Instant::now();
    while node.environment().ended().is_none() && start.elapsed().as_secs() < 10 {
        node.environment_mut().flush();
        std::thread::yield_now();
    }
    let ended = node.environment().ended().unwrap();
    assert_eq!(ended.reason, EndReason::SinkFailed);
    assert_eq!(ended.error.as_ref().unwrap().kind(), io::ErrorKind::StorageFull);
}

/// A disk that takes nothing for a while: recording ends when the memory for it is full, with a mark, and
/// the node never waits.
#[cfg(unix)]
#[test]
fn a_slow_disk_holds_nobody_up() {
    use std::io::Read as _;
    let (mut disk, sink) = io::pipe().unwrap();
    let limit = 256 << 10;
    let file = BackgroundFile::with_limit(std::os::fd::OwnedFd::from(sink).into(), limit).unwrap();
    let p = prologue();
    let mut node = Node::new(p.config.clone(), p.clock, Recorder::new(Counting::default(), file, p));
    let conn = ConnId(1);
    node.handle(Instant::ZERO, Input::Accepted { conn, addr: addr(1) });
    let noise = vec![0xfa; 10_000];
    for micros in 0..1000 {
        node.handle(Instant::from_micros(micros), Input::Received(conn, &noise));
        node.environment_mut().flush();
    }
    let ended = node.environment().ended().expect("ten megabytes are more than fits");
    assert_eq!(ended.reason, EndReason::QueueFull);
    // The disk goes on.
    let reader = std::thread::spawn(move || {
        let mut journal = Vec::new();
        disk.read_to_end(&mut journal).map(|_| journal)
    });
    node.environment_mut().finish();
    node.environment_mut().sink_mut().close().unwrap();
    drop(node);
    let journal = reader.join().unwrap().unwrap();
    // The bytes that fitted, in pieces of ten thousand, and those that a pipe holds.
    assert!((limit - 20_000..limit + (256 << 10)).contains(&journal.len()), "{}", journal.len());
    assert_eq!(read(&journal).1.unwrap(), Ending::Marked(EndReason::QueueFull));
    let ending = Player::new(Reader::new(&journal[..]).unwrap()).run(|_| {}).unwrap();
    assert_eq!(ending, Ending::Marked(EndReason::QueueFull));
}

/// A device is written to, and stays.
#[cfg(target_os = "linux")]
#[test]
fn a_device_is_not_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    let null = std::path::Path::new("/dev/null");
    assert_eq!(BackgroundFile::create(null, false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    let (node, _) = record_into(BackgroundFile::create(null, true).unwrap(), true);
    assert_eq!(node.environment().ended().unwrap().reason, EndReason::Clean);
    drop(node);
    assert!(null.metadata().unwrap().file_type().is_char_device());
}

/// An environment that is wrapped is told what the recorder is told.
#[test]
fn the_inner_host_hears_everything() {
    #[derive(Debug, Default)]
    struct Listening(Counting, [usize; 3]);
    impl Environment for Listening {
        fn draw(&mut self, purpose: satwire_core::node::Purpose) -> u64 {
            self.0.draw(purpose)
        }
        fn input(&mut self, _: Instant, _: &Input<'_>) {
            self.1[0] += 1;
        }
        fn queued(&mut self, _: Instant, _: ConnId, _: &[u8]) {
            self.1[1] += 1;
        }
        fn output(&mut self, _: Instant, _: &satwire_core::node::Output) {
            self.1[2] += 1;
        }
    }
    let p = prologue();
    let recorder = Recorder::new(Listening::default(), io::sink(), p.clone());
    let mut node = Node::new(p.config, p.clock, recorder);
    let said = session(&mut node, |_| {});
    let [inputs, queued, outputs] = node.environment().environment().1;
    assert_eq!((inputs, outputs), (14 + 36 + 2, said.len()));
    assert!(queued > 20);
}
