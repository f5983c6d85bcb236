//! Where a journal goes.

use std::io::{self, Write};

use satwire_core::Instant;

use super::BackgroundFile;

/// Where a journal goes: whatever implements [`Write`], or a [`BackgroundFile`].
pub trait Sink {
    /// Takes some of `bytes` and returns how many, as [`Write::write`] does. Once all of them are written the journal
    /// is whole up to and with its step of the time `until`.
    fn write_records(&mut self, bytes: &[u8], until: Instant) -> io::Result<usize>;

    /// Passes on what it has gathered, as [`Write::flush`] does.
    fn flush_records(&mut self) -> io::Result<()>;

    /// Goes on in another file. Only a sink of several files can; by default it is an error.
    fn next_file(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl<W: Write + ?Sized> Sink for W {
    fn write_records(&mut self, bytes: &[u8], _until: Instant) -> io::Result<usize> {
        self.write(bytes)
    }

    fn flush_records(&mut self) -> io::Result<()> {
        self.flush()
    }
}

impl Sink for BackgroundFile {
    fn write_records(&mut self, bytes: &[u8], until: Instant) -> io::Result<usize> {
        self.queue(bytes, until)
    }

    fn flush_records(&mut self) -> io::Result<()> {
        self.failed()
    }

    fn next_file(&mut self) -> io::Result<()> {
        self.queue_next_file()
    }
}

impl Sink for &mut BackgroundFile {
    fn write_records(&mut self, bytes: &[u8], until: Instant) -> io::Result<usize> {
        self.queue(bytes, until)
    }

    fn flush_records(&mut self) -> io::Result<()> {
        self.failed()
    }

    fn next_file(&mut self) -> io::Result<()> {
        self.queue_next_file()
    }
}
