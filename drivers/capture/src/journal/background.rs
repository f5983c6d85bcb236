//! A file that is written by a thread of its own.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time;

use satwire_core::Instant;

use super::EndReason;
use super::files::{FileDisk, create};

/// A journal's file, written by a thread of its own, so that a slow disk never holds up who records.
///
/// A [`Sink`](super::Sink) that takes all or nothing and returns at once. When more than the limit is waiting it fails
/// with [`io::ErrorKind::WouldBlock`], which ends a recording: then one more write of at most 1 KiB is taken, for the
/// end mark. Flushing does not wait for the disk.
///
/// Written bytes are synced [`BackgroundFile::SYNC`] after the first byte that was not, and at the end. So a power
/// cut loses no more than what was recorded in that time, in the time between two flushes, and in the time that the
/// disk took. [`BackgroundFile::whole_until`] tells how far the journal is on the disk.
///
/// When the disk fails, the file is cut after the last write that it took whole, or after what was synced if it fails
/// at that, and gets an end mark, if it takes one. Then [`BackgroundFile::on_failure`] is called; the next write or
/// flush returns the error.
///
/// Dropping it waits until everything is written. Use [`BackgroundFile::close`] to hear whether it was.
#[derive(Debug)]
pub struct BackgroundFile {
    shared: Arc<Shared>,
    limit: usize,
    /// A write was refused, and none was taken since.
    refused: bool,
    thread: Option<JoinHandle<()>>,
}

/// The length of the words that a refused writer may still say, in bytes.
const LAST_WORDS: usize = 1024;

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    chunks: VecDeque<Chunk>,
    /// In the chunks, and in the one that is being written.
    bytes: usize,
    /// No more chunks will come.
    closed: bool,
    /// The time of the last step that is on the disk.
    synced: Instant,
    error: Option<io::Error>,
    on_failure: Option<Box<dyn FnOnce() + Send>>,
}

/// Whole records, and the time of the last step in them or before; none of them where another file begins.
struct Chunk {
    bytes: Vec<u8>,
    until: Instant,
    next_file: bool,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, closed, synced, error, .. } = self;
        let mut shown = f.debug_struct("Queue");
        shown.field("bytes", bytes).field("closed", closed).field("synced", synced).field("error", error);
        shown.finish_non_exhaustive()
    }
}

impl Shared {
    /// The queue. A thread that panicked leaves it as it should be: nothing here panics halfway.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BackgroundFile {
    /// How much may wait for the disk, in bytes: 64 MiB.
    pub const LIMIT: usize = 64 << 20;

    /// How long what was written may wait to be synced, by default: 1 s.
    pub const SYNC: time::Duration = time::Duration::from_secs(1);

    /// Creates a file that only its owner may read: it shows whom we know, and the nonces by which we
    /// recognise ourselves. A file that exists is an error ([`io::ErrorKind::AlreadyExists`]) unless
    /// `force` says to replace it; what is no file, a pipe or a device, is then written to.
    pub fn create(path: &Path, force: bool) -> io::Result<Self> {
        let mut file = create(path);
        if force && matches!(&file, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
            let kind = path.symlink_metadata()?.file_type();
            if kind.is_file() || kind.is_symlink() {
                // Replaced, not emptied: the old file's permissions, and who has it open, stay with it.
                std::fs::remove_file(path)?;
                file = create(path);
            } else {
                file = OpenOptions::new().write(true).open(path);
            }
        }
        Self::with_limit(file?, Self::LIMIT)
    }

    /// As [`BackgroundFile::create`], for a file that is open and empty, with another limit in bytes.
    pub fn with_limit(file: File, limit: usize) -> io::Result<Self> {
        Self::on(file, limit, Self::SYNC)
    }

    /// As [`BackgroundFile::with_limit`], for a journal that is kept in several files: `file` is the first of them, or
    /// becomes it, and those after it have the names that [`file_name`](super::file_name) gives them. The last `keep` are
    /// kept, the others are removed; without it all are.
    pub fn in_files(file: File, base: &Path, keep: Option<NonZeroU32>) -> io::Result<Self> {
        Self::on(FileDisk::new(base.into(), file, keep), Self::LIMIT, Self::SYNC)
    }

    /// A file on this disk.
    pub(crate) fn on(disk: impl Disk, limit: usize, sync: time::Duration) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let writer =
            DiskWriter { disk, sync, written: (0, Instant::ZERO), synced: (0, Instant::ZERO), sync_at: None };
        let thread =
            std::thread::Builder::new().name("journal".into()).spawn(move || writer.write_all(&theirs))?;
        Ok(Self { shared, limit, refused: false, thread: Some(thread) })
    }

    /// Calls `wake` once, from another thread, when the disk has failed; at once if it has already.
    pub fn on_failure(&self, wake: impl FnOnce() + Send + 'static) {
        let mut queue = self.shared.queue();
        if queue.error.is_none() {
            queue.on_failure = Some(Box::new(wake));
        } else {
            drop(queue);
            wake();
        }
    }

    /// Whether the disk has failed.
    pub fn has_failed(&self) -> bool {
        self.shared.queue().error.is_some()
    }

    /// The time of the last step that is synced: up to there the journal is whole, whatever happens. Zero while there
    /// is none.
    pub fn whole_until(&self) -> Instant {
        self.shared.queue().synced
    }

    /// Waits until everything is written and on the disk, and says whether it is.
    pub fn close(&mut self) -> io::Result<()> {
        self.shared.queue().closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            return Err(io::Error::other("the journal's thread panicked"));
        }
        self.failed()
    }

    pub(super) fn failed(&self) -> io::Result<()> {
        self.shared.queue().error.as_ref().map_or(Ok(()), |error| Err(copy(error)))
    }

    /// Goes on in another file after what was taken.
    pub(super) fn queue_next_file(&mut self) -> io::Result<()> {
        self.failed()?;
        let mut queue = self.shared.queue();
        queue.chunks.push_back(Chunk { bytes: Vec::new(), until: Instant::ZERO, next_file: true });
        drop(queue);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Takes all of `bytes` or nothing.
    pub(super) fn queue(&mut self, bytes: &[u8], until: Instant) -> io::Result<usize> {
        self.failed()?;
        let mut queue = self.shared.queue();
        if queue.closed {
            return Err(io::Error::other("the journal's file is closed"));
        }
        let last_words = self.refused && bytes.len() <= LAST_WORDS;
        if queue.bytes + bytes.len() > self.limit && !last_words {
            self.refused = true;
            let limit = self.limit;
            return Err(io::Error::new(
                io::ErrorKind::WouldBlock,
                format!("more than {limit} bytes wait for the disk"),
            ));
        }
        self.refused = false;
        queue.bytes += bytes.len();
        queue.chunks.push_back(Chunk { bytes: bytes.to_vec(), until, next_file: false });
        drop(queue);
        self.shared.changed.notify_all();
        Ok(bytes.len())
    }
}

impl Drop for BackgroundFile {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

/// The file that is written to.
pub(crate) trait Disk: Send + 'static {
    /// Appends all of `bytes`.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Waits until everything that was appended is there for good.
    fn sync(&mut self) -> io::Result<()>;

    /// Takes away everything after the first `len` bytes.
    fn cut(&mut self, len: u64) -> io::Result<()>;

    /// Goes on in another file.
    fn next_file(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Disk for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.sync_data() {
            // Pipes and devices cannot be waited for.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
            {
                Ok(())
            }
            result => result,
        }
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)?;
        self.seek(io::SeekFrom::Start(len)).map(|_| ())
    }
}

/// The thread's half: writes chunk by chunk until there are no more, or the disk fails.
struct DiskWriter<D> {
    disk: D,
    /// How long what was written may wait to be synced.
    sync: time::Duration,
    /// Bytes, and the time of the last step in them.
    written: (u64, Instant),
    synced: (u64, Instant),
    /// When there is to be a sync, if something is not synced.
    sync_at: Option<time::Instant>,
}

/// The next act of the thread.
enum Task {
    Write(Chunk),
    Sync,
    Close,
}

impl<D: Disk> DiskWriter<D> {
    fn write_all(mut self, shared: &Shared) {
        loop {
            let task = self.next(shared);
            let closes = matches!(task, Task::Close);
            let result = match &task {
                Task::Write(chunk) if chunk.next_file => self.next_file(),
                Task::Write(chunk) => self.write(chunk),
                Task::Sync | Task::Close => self.sync(),
            };
            let failed = result.is_err();
            // A file that another one follows has said its last word.
            if failed && !matches!(&task, Task::Write(Chunk { next_file: true, .. })) {
                self.last_words();
            }
            let mut queue = shared.queue();
            queue.synced = self.synced.1;
            if let Task::Write(Chunk { bytes, .. }) = &task {
                queue.bytes -= bytes.len();
            }
            if let Err(error) = result {
                queue.error = Some(error);
                queue.chunks.clear();
                let wake = queue.on_failure.take();
                drop(queue);
                if let Some(wake) = wake {
                    wake();
                }
            }
            if failed || closes {
                return;
            }
        }
    }

    /// Waits until there is something to do. Chunks that come without end do not put off a sync.
    fn next(&self, shared: &Shared) -> Task {
        let mut queue = shared.queue();
        loop {
            let wait = self.sync_at.map(|at| at.saturating_duration_since(time::Instant::now()));
            if wait.is_some_and(|wait| wait.is_zero()) {
                return Task::Sync;
            }
            if let Some(chunk) = queue.chunks.pop_front() {
                return Task::Write(chunk);
            }
            if queue.closed {
                return Task::Close;
            }
            queue = match wait {
                Some(wait) => {
                    let woken = shared.changed.wait_timeout(queue, wait);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn write(&mut self, chunk: &Chunk) -> io::Result<()> {
        self.disk.append(&chunk.bytes)?;
        self.written = (self.written.0 + chunk.bytes.len() as u64, chunk.until);
        let sync = self.sync;
        self.sync_at.get_or_insert_with(|| time::Instant::now() + sync);
        Ok(())
    }

    /// Ends the file, which is whole on the disk then, and begins another.
    fn next_file(&mut self) -> io::Result<()> {
        self.sync()?;
        self.disk.next_file()?;
        (self.written.0, self.synced.0) = (0, 0);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_at = None;
        let result = self.disk.sync();
        if result.is_err() {
            // All that was written since the last time may be lost.
            self.written = self.synced;
        }
        self.synced = self.written;
        result
    }

    /// Cuts the file after the last whole chunk and says why there is no more, as far as the disk lets us.
    fn last_words(&mut self) {
        if self.disk.cut(self.written.0).is_ok() {
            let _ = self.disk.append(&EndReason::SinkFailed.mark());
        }
        let _ = self.sync();
    }
}

/// An error that says the same.
fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
