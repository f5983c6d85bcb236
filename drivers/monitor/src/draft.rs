//! A journal's file before the run has begun: until then nothing is replaced, and nothing is to be left.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use satwire_capture::journal::{BackgroundFile, file_name, files_of};

use crate::cli::Record;

/// A file that is written, and those whose place it is to take.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    /// Where it is written; beside the file that it is to replace.
    written: PathBuf,
    /// A target that is no file, a pipe or a device, was there before and stays.
    is_file: bool,
    /// The files that have to go besides the file itself: the files of an earlier journal that was kept in several.
    old: Vec<PathBuf>,
}

impl Draft {
    /// Creates the file, or the first of several; what to tell the user if that fails.
    pub(crate) fn create(record: &Record) -> Result<(Self, BackgroundFile), String> {
        let (path, force) = (&record.file, record.force);
        let Some(files) = record.files else { return Self::create_one(path, force) };
        let found = files_of(path).map_err(|error| refused(&file_name(path, 1), &error))?;
        let mut old: Vec<_> = found.into_values().collect();
        // A replay would take it for the journal.
        old.extend(path.symlink_metadata().is_ok().then(|| path.clone()));
        if let (Some(old), false) = (old.first(), force) {
            return Err(refused(old, &io::ErrorKind::AlreadyExists.into()));
        }
        let first = file_name(path, 1);
        let written = if old.is_empty() { first.clone() } else { beside(&first) };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&written);
        let file = file.and_then(|file| BackgroundFile::in_files(file, path, files.keep));
        let file = file.map_err(|error| refused(&first, &error))?;
        Ok((Self { path: first, written, is_file: true, old }, file))
    }

    fn create_one(path: &Path, force: bool) -> Result<(Self, BackgroundFile), String> {
        let kind = path.symlink_metadata().map(|metadata| metadata.file_type());
        let replaces = force && kind.as_ref().is_ok_and(|kind| kind.is_file() || kind.is_symlink());
        let written = if replaces { beside(path) } else { path.to_path_buf() };
        let draft = Self { path: path.into(), written, is_file: replaces || kind.is_err(), old: Vec::new() };
        let file = BackgroundFile::create(&draft.written, force).map_err(|error| refused(path, &error))?;
        Ok((draft, file))
    }

    /// The run has begun: the file takes its place.
    pub(crate) fn keep(&self) -> Result<(), String> {
        let cannot = |path: &Path, error| format!("--record: cannot replace {}: {error}", path.display());
        for old in &self.old {
            std::fs::remove_file(old).map_err(|error| cannot(old, error))?;
        }
        if self.written == self.path {
            return Ok(());
        }
        std::fs::rename(&self.written, &self.path).map_err(|error| cannot(&self.path, error))
    }

    /// There is no run: a file in which nothing happened would be in the way of the next attempt.
    pub(crate) fn discard(&self) {
        if self.is_file {
            // That it is left behind is no second trouble.
            let _ = std::fs::remove_file(&self.written);
        }
    }
}

/// The name of a file beside the one whose place it is to take.
fn beside(path: &Path) -> PathBuf {
    let mut written = path.to_path_buf();
    written.as_mut_os_string().push(format!(".{}", std::process::id()));
    written
}

fn refused(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("--record: {path} exists: choose another name, or add --force to replace it")
        }
        _ => format!("--record: cannot create {path}: {error}"),
    }
}
