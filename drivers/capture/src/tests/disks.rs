//! Disks that fail, and what is known then of what they hold.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use satwire_core::{Instant, Node};

use super::{Counting, at, prologue, read, record, session};
use crate::Summary;
use crate::journal::{BackgroundFile, Disk, EndReason, Ending, Reader, Recorder, Sink as _};

/// For what takes a moment on an idle machine.
const SOON: Duration = Duration::from_secs(60);

/// The orders that a disk was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Append(usize),
    Sync,
    Cut(u64),
}

/// A disk in memory with so much room, which does not sync more often than it is allowed to.
struct Fake {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: usize,
    syncs: usize,
    told: Sender<Told>,
}

impl Disk for Fake {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let _ = self.told.send(Told::Append(bytes.len()));
        let mut taken = self.bytes.lock().unwrap();
        // A disk takes what it has room for, and an end mark always.
        let room = if bytes.len() == 7 { 7 } else { self.room.saturating_sub(taken.len()) };
        taken.extend(&bytes[..room.min(bytes.len())]);
        if room < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let _ = self.told.send(Told::Sync);
        self.syncs = self.syncs.checked_sub(1).ok_or_else(|| io::Error::other("worn out"))?;
        Ok(())
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        let _ = self.told.send(Told::Cut(len));
        self.bytes.lock().unwrap().truncate(len as usize);
        Ok(())
    }
}

/// A file on such a disk, what is on it, and what it is told.
fn file(room: usize, syncs: usize, sync: Duration) -> (BackgroundFile, Arc<Mutex<Vec<u8>>>, Receiver<Told>) {
    let (told, hears) = channel();
    let bytes = Arc::default();
    let disk = Fake { bytes: Arc::clone(&bytes), room, syncs, told };
    (BackgroundFile::on(disk, BackgroundFile::LIMIT, sync).unwrap(), bytes, hears)
}

/// Written bytes are synced a moment later, although nothing more comes and nobody closes.
#[test]
fn written_bytes_are_synced_in_time() {
    let (mut file, _, told) = file(1000, 9, Duration::from_millis(5));
    assert_eq!(file.whole_until(), Instant::ZERO);
    file.write_records(&[1; 10], at(7)).unwrap();
    assert_eq!(told.recv_timeout(SOON), Ok(Told::Append(10)));
    assert_eq!(told.recv_timeout(SOON), Ok(Told::Sync));
    while file.whole_until() != at(7) {
        std::thread::yield_now();
    }
    // There is nothing to be synced now, so nothing is.
    file.write_records(&[1; 20], at(8)).unwrap();
    assert_eq!(told.recv_timeout(SOON), Ok(Told::Append(20)));
    assert_eq!(told.recv_timeout(SOON), Ok(Told::Sync));
    file.close().unwrap();
    assert_eq!(file.whole_until(), at(8));
    assert_eq!(told.iter().collect::<Vec<_>>(), [Told::Sync]);
}

/// However much is waiting to be written.
#[test]
fn a_sync_is_not_put_off() {
    let (mut file, _, told) = file(1000, 9, Duration::ZERO);
    for millis in 1..4 {
        file.write_records(&[1; 10], at(millis)).unwrap();
    }
    file.close().unwrap();
    let pair = [Told::Append(10), Told::Sync];
    assert_eq!(told.iter().collect::<Vec<_>>(), [&pair[..], &pair, &pair, &[Told::Sync]].concat());
    assert_eq!(file.whole_until(), at(3));
}

/// A driver that waits for something else hears of it, and then everything is known.
#[test]
fn a_failure_wakes_up() {
    let (mut file, bytes, _) = file(25, 9, Duration::from_secs(60));
    let (wake, woken) = channel();
    file.on_failure(move || wake.send(()).unwrap());
    for millis in 1..4 {
        let _ = file.write_records(&[1; 10], at(millis));
    }
    woken.recv_timeout(SOON).unwrap();
    assert!(file.has_failed());
    assert_eq!(file.whole_until(), at(2));
    let whole = [&[1; 20][..], &EndReason::SinkFailed.mark()].concat();
    assert_eq!(*bytes.lock().unwrap(), whole);
    assert_eq!(file.write_records(&[1], at(9)).unwrap_err().kind(), io::ErrorKind::StorageFull);
    // Nor is it missed by who asks too late.
    let (wake, woken) = channel();
    file.on_failure(move || wake.send(()).unwrap());
    woken.recv_timeout(SOON).unwrap();
    assert!(file.close().is_err());
}

/// Nobody knows what a disk holds that does not sync, so the file ends after what it had synced before.
#[test]
fn a_failed_sync_cuts_the_file_after_the_last_that_succeeded() {
    let (mut file, bytes, told) = file(1000, 1, Duration::ZERO);
    file.write_records(&[1; 10], at(1)).unwrap();
    while file.whole_until() != at(1) {
        std::thread::yield_now();
    }
    file.write_records(&[2; 10], at(2)).unwrap();
    assert_eq!(file.close().unwrap_err().to_string(), "worn out");
    assert_eq!(file.whole_until(), at(1));
    assert_eq!(*bytes.lock().unwrap(), [&[1; 10][..], &EndReason::SinkFailed.mark()].concat());
    assert!(told.iter().any(|told| told == Told::Cut(10)));
}

/// A journal ends with its mark wherever the disk is full, and its last step is what the file says it is.
#[test]
fn a_journal_is_whole_until_its_last_step() {
    let (whole, said) = record();
    for room in (0..whole.len() + 61).step_by(61) {
        let (file, bytes, _) = file(room, usize::MAX, BackgroundFile::SYNC);
        let p = prologue();
        let recorder = Recorder::new(Counting::default(), file, p.clone());
        let mut node = Node::new(p.config.clone(), p.clock, recorder);
        let heard = session(&mut node, |node| node.environment_mut().flush());
        assert_eq!(heard, said, "the node goes on");
        node.environment_mut().finish();
        let file = node.environment_mut().sink_mut();
        let fails = room < whole.len();
        assert_eq!(file.close().is_err(), fails, "{room}");
        let until = file.whole_until();
        let bytes = bytes.lock().unwrap().clone();
        if bytes.len() < 160 {
            // Not even the prologue had room.
            assert_eq!(until, Instant::ZERO);
            continue;
        }
        let reason = if fails { EndReason::SinkFailed } else { EndReason::Clean };
        assert_eq!(read(&bytes).1.unwrap(), Ending::Marked(reason), "{room}");
        let (summary, _) = Summary::read(Reader::new(&bytes[..]).unwrap());
        assert_eq!(summary.span.map_or(Instant::ZERO, |(_, last)| last), until, "{room}");
    }
}
