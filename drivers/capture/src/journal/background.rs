//! A file that is written by a thread of its own.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::EndReason;

/// A journal's file, written by a thread of its own, so that a slow disk never holds up who records.
///
/// [`Write::write`] takes all or nothing and returns at once. When more than the limit is waiting it
/// fails with [`io::ErrorKind::WouldBlock`], which ends a recording: then one more write of at most
/// 1 KiB is taken, for the end mark. When the disk fails, the file is cut after the last write that it
/// took whole and gets an end mark, if it takes one; the next write or flush returns the error.
/// [`Write::flush`] does not wait for the disk.
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

/// What a refused writer may still say, in bytes.
const LAST_WORDS: usize = 1024;

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<Vec<u8>>,
    /// In the chunks, and in the one that is being written.
    bytes: usize,
    /// No more chunks will come.
    closed: bool,
    error: Option<io::Error>,
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

    /// Creates a file that only its owner may read: it shows whom we know, and the nonces by which we
    /// recognise ourselves. A file that exists is an error ([`io::ErrorKind::AlreadyExists`]) unless
    /// `force` says to replace it; what is no file, a pipe or a device, is then written to.
    pub fn create(path: &Path, force: bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path);
        if force && matches!(&file, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
            let kind = path.symlink_metadata()?.file_type();
            if kind.is_file() || kind.is_symlink() {
                // Replaced, not emptied: the old file's permissions, and who has it open, stay with it.
                std::fs::remove_file(path)?;
                file = options.open(path);
            } else {
                file = OpenOptions::new().write(true).open(path);
            }
        }
        Self::with_limit(file?, Self::LIMIT)
    }

    /// As [`BackgroundFile::create`], for a file that is open and empty, with another limit in bytes.
    pub fn with_limit(file: File, limit: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let thread =
            std::thread::Builder::new().name("journal".into()).spawn(move || write_chunks(&theirs, file))?;
        Ok(Self { shared, limit, refused: false, thread: Some(thread) })
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

    fn failed(&self) -> io::Result<()> {
        self.shared.queue().error.as_ref().map_or(Ok(()), |error| Err(copy(error)))
    }
}

impl Write for BackgroundFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
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
        queue.chunks.push_back(bytes.to_vec());
        drop(queue);
        self.shared.changed.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.failed()
    }
}

impl Drop for BackgroundFile {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

/// The thread: writes chunk by chunk until there are no more, or the disk fails.
fn write_chunks(shared: &Shared, mut file: File) {
    let mut written = 0;
    loop {
        let chunk = {
            let mut queue = shared.queue();
            loop {
                if let Some(chunk) = queue.chunks.pop_front() {
                    break Some(chunk);
                }
                if queue.closed {
                    break None;
                }
                queue = shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        };
        let result = match &chunk {
            Some(chunk) => file.write_all(chunk),
            // Pipes and devices cannot be waited for.
            None => file.sync_all().or_else(|error| match error.kind() {
                io::ErrorKind::InvalidInput => Ok(()),
                _ => Err(error),
            }),
        };
        let mut queue = shared.queue();
        if let Err(error) = result {
            queue.error = Some(error);
            queue.chunks.clear();
            drop(queue);
            return last_words(&mut file, written);
        }
        let Some(chunk) = chunk else { return };
        queue.bytes -= chunk.len();
        written += chunk.len() as u64;
    }
}

/// Cuts the file after the last whole chunk and says why there is no more, as far as the disk lets us.
fn last_words(file: &mut File, written: u64) {
    if file.set_len(written).is_ok() && file.seek(io::SeekFrom::Start(written)).is_ok() {
        let _ = file.write_all(&EndReason::SinkFailed.mark());
    }
}

/// An error that says the same.
fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
