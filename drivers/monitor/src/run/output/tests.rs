//! Against a reader that takes bytes only when it is told to.

use std::sync::mpsc;

use satwire_core::{Instant as At, Network, WallClock};

use super::*;
use crate::cli::Format;
use crate::event_set::EventSet;
use crate::model::{Model, Traffic};

const LONG: Patience = Patience { stalled: Duration::from_secs(60), whole: Duration::from_secs(60) };

/// The bytes that a slow reader got so far, and its orders to get on.
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

/// Queues a line about a microsecond of its own, as if a peer had caused it.
fn push(queue: &Queue, micros: u64) {
    let model = Model::new(Network::Regtest, WallClock::default(), EventSet::usual(), true);
    let entry = model.summary(At::from_micros(micros), Traffic::default());
    let mut state = queue.lock();
    state.backlog.hold(entry.conn, entry.bytes());
    state.push(entry);
    drop(state);
    queue.notify();
}

fn start_on(pipe: Pipe, wake: impl Fn() + Send + 'static) -> Arc<Queue> {
    let queue = Arc::<Queue>::default();
    start(queue.clone(), Renderer::new(Format::Json), pipe, wake).unwrap();
    queue
}

#[test]
fn all_is_written_in_order() {
    let (reader, pipe) = pipe();
    let queue = start_on(pipe, || panic!("nobody waits"));
    (0..1000).for_each(|micros| push(&queue, micros));
    for error in [ErrorKind::Interrupted, ErrorKind::WouldBlock] {
        reader.answer(Err(error.into()));
    }
    for taken in [1, 2, 3] {
        reader.answer(Ok(taken));
    }
    let read = reader.open();
    assert_eq!(queue.finish(LONG), Flushed::All);
    let read = String::from_utf8(read.lock().unwrap().clone()).unwrap();
    for (n, line) in read.lines().enumerate() {
        assert!(line.contains(&format!("\"duration\":{n}}}")), "{n}: {line}");
    }
    assert_eq!(read.lines().count(), 1000);
    assert_eq!(queue.lock().unwritten(), 0);
}

#[test]
fn a_reader_that_leaves_is_noticed() {
    for (error, expected) in [
        (io::Error::from(ErrorKind::BrokenPipe), Failure::ReaderGone),
        (io::Error::other("no space left"), Failure::Broken("no space left".into())),
    ] {
        let (reader, pipe) = pipe();
        let (wake, woken) = mpsc::channel();
        let queue = start_on(pipe, move || wake.send(()).unwrap());
        push(&queue, 1);
        assert_eq!(queue.lock().failure(), None);
        reader.answer(Err(error));
        woken.recv_timeout(Duration::from_secs(30)).unwrap();
        assert_eq!(queue.lock().failure(), Some(&expected));
        assert_eq!(queue.finish(LONG), Flushed::Failed(expected));
    }
}

#[test]
fn the_end_waits_only_so_long() {
    let (reader, pipe) = pipe();
    let queue = start_on(pipe, || ());
    push(&queue, 1);
    push(&queue, 2);
    let patience = Patience { stalled: Duration::from_millis(20), whole: Duration::from_secs(60) };
    assert_eq!(queue.finish(patience), Flushed::Late { lost: 2 });
    drop(reader);
}

#[test]
fn nothing_to_write_ends_at_once() {
    let (_reader, pipe) = pipe();
    assert_eq!(start_on(pipe, || ()).finish(LONG), Flushed::All);
}
