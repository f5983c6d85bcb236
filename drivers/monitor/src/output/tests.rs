//! Against a reader that takes bytes only when it is told to.

use std::sync::mpsc;

use super::*;

const LONG: Patience = Patience { stalled: Duration::from_secs(60), whole: Duration::from_secs(60) };

/// What a slow reader got so far, and its orders to get on.
#[derive(Debug)]
pub(crate) struct Reader {
    permits: mpsc::Sender<io::Result<usize>>,
    read: Arc<Mutex<Vec<u8>>>,
}

/// The pipe to it: each write waits for an order and takes as many bytes.
#[derive(Debug)]
pub(crate) struct Pipe {
    permits: mpsc::Receiver<io::Result<usize>>,
    read: Arc<Mutex<Vec<u8>>>,
}

pub(crate) fn pipe() -> (Reader, Pipe) {
    let (sender, permits) = mpsc::channel();
    let read = Arc::new(Mutex::new(Vec::new()));
    (Reader { permits: sender, read: Arc::clone(&read) }, Pipe { permits, read })
}

impl Reader {
    pub(crate) fn answer(&self, answer: io::Result<usize>) {
        self.permits.send(answer).unwrap();
    }

    /// Takes all that comes from now on.
    pub(crate) fn open(self) -> Arc<Mutex<Vec<u8>>> {
        self.read
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.permits.recv().unwrap_or(Ok(usize::MAX))?.min(bytes.len());
        self.read.lock().unwrap().extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits for the writing thread, which has been told to do something.
pub(crate) fn wait_until(mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "in vain");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn all_is_written_in_order() {
    let (reader, pipe) = pipe();
    let printer = Printer::start(pipe, 100, || panic!("nothing failed")).unwrap();
    let mut expected = Vec::new();
    for n in 0..1000 {
        let mut line = format!("{n}\n").into_bytes();
        expected.extend_from_slice(&line);
        printer.print(&mut line);
        assert!(line.is_empty());
    }
    for error in [ErrorKind::Interrupted, ErrorKind::WouldBlock] {
        reader.answer(Err(error.into()));
    }
    for taken in [1, 2, 3] {
        reader.answer(Ok(taken));
    }
    let read = reader.open();
    assert_eq!(printer.finish(LONG), Flushed::All);
    assert_eq!(*read.lock().unwrap(), expected);
}

#[test]
fn room_returns_when_half_is_free() {
    let (reader, pipe) = pipe();
    let mut printer = Printer::start(pipe, 100, || ()).unwrap();
    assert!(printer.has_room(99) && !printer.has_room(100));
    assert!(!printer.has_room(51) && printer.has_room(50));
    printer.print(&mut vec![b'x'; 120]);
    assert!(!printer.has_room(0));
    reader.answer(Ok(60));
    wait_until(|| reader.read.lock().unwrap().len() == 60);
    // What is in hand counts until its piece is done.
    assert!(!printer.has_room(0));
    let read = reader.open();
    wait_until(|| read.lock().unwrap().len() == 120 && printer.shared.lock().in_hand == 0);
    assert!(printer.has_room(0));
}

#[test]
fn a_reader_that_leaves_is_noticed() {
    for (error, expected) in [
        (io::Error::from(ErrorKind::BrokenPipe), Failure::ReaderGone),
        (io::Error::other("no space left"), Failure::Broken("no space left".into())),
    ] {
        let (reader, pipe) = pipe();
        let (wake, woken) = mpsc::channel();
        let mut printer = Printer::start(pipe, 100, move || wake.send(()).unwrap()).unwrap();
        printer.print(&mut vec![b'x'; 200]);
        assert_eq!(printer.failure(), None);
        reader.answer(Err(error));
        woken.recv_timeout(Duration::from_secs(30)).unwrap();
        assert_eq!(printer.failure(), Some(expected.clone()));
        // Whatever still comes is thrown away.
        printer.print(&mut vec![b'x'; 200]);
        assert!(printer.has_room(0));
        assert_eq!(printer.finish(LONG), Flushed::Failed(expected));
    }
}

#[test]
fn the_end_waits_only_so_long() {
    let (reader, pipe) = pipe();
    let printer = Printer::start(pipe, 100, || ()).unwrap();
    printer.print(&mut b"never read\n".to_vec());
    let patience = Patience { stalled: Duration::from_millis(20), whole: Duration::from_secs(60) };
    assert_eq!(printer.finish(patience), Flushed::Late { lost: 11 });
    drop(reader);
}

#[test]
fn nothing_to_write_ends_at_once() {
    let (_reader, pipe) = pipe();
    let printer = Printer::start(pipe, 100, || ()).unwrap();
    printer.print(&mut Vec::new());
    assert_eq!(printer.finish(LONG), Flushed::All);
}
