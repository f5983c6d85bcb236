//! The files of a journal that is kept in several: `FILE.000001`, `FILE.000002` and so on.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use super::background::Disk;

/// The digits of a file's number, at least.
const DIGITS: usize = 6;

/// Returns the name of the file with this number: `FILE.000001`.
pub fn file_name(base: &Path, number: u32) -> PathBuf {
    let mut name = base.as_os_str().to_os_string();
    name.push(format!(".{number:0DIGITS$}"));
    name.into()
}

/// Takes the name of a file apart: what it is a file of, and its number.
pub fn file_number(path: &Path) -> Option<(PathBuf, u32)> {
    let digits = path.extension()?.to_str().filter(|digits| digits.len() >= DIGITS)?;
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    let base = path.with_extension("");
    (number > 0 && file_name(&base, number) == path).then_some((base, number))
}

/// Finds the files of this journal, by their numbers.
///
/// # Errors
/// If the folder cannot be read.
pub fn files_of(base: &Path) -> io::Result<BTreeMap<u32, PathBuf>> {
    let folder = base.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let mut found = BTreeMap::new();
    for entry in folder.read_dir()? {
        let name = entry?.file_name();
        let path = base.with_file_name(name);
        if let Some((of, number)) = file_number(&path)
            && of.file_name() == base.file_name()
        {
            found.insert(number, path);
        }
    }
    Ok(found)
}

/// The files of a journal from one on; read one after the other. Where a number is missing, and there are files after it,
/// reading fails with [`io::ErrorKind::NotFound`].
#[derive(Debug)]
pub struct Files {
    left: VecDeque<PathBuf>,
    open: Option<File>,
    /// The text that is said at the end of the last, if a number is missing and there are files after it.
    gap: Option<String>,
}

impl Files {
    /// Finds the files that `path` names: all, if it is the name that was given when they were recorded and there is no
    /// file of that name; or one file and those after it. `None` if there are none.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn find(path: &Path) -> io::Result<Option<Self>> {
        let (base, from) = match file_number(path) {
            Some((base, number)) if path.is_file() => (base, Some(number)),
            _ if path.exists() => return Ok(None),
            _ => (path.to_path_buf(), None),
        };
        let found = match files_of(&base) {
            // The one who opens the file that is not there says so.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => found?,
        };
        let Some(first) = from.or_else(|| found.keys().next().copied()) else { return Ok(None) };
        let mut left = VecDeque::new();
        let mut next = first;
        while let Some(path) = found.get(&next) {
            left.push_back(path.clone());
            next += 1;
        }
        let after = found.range(next..).next().zip(found.keys().next_back());
        let gap = after.map(|((after, _), last)| {
            let missing = file_name(&base, next);
            let them = if after == last {
                format!("file {after} comes")
            } else {
                format!("files {after} to {last} come")
            };
            format!("{} is missing: {them} after it and cannot be read without it", missing.display())
        });
        Ok(Some(Self { left, open: None, gap }))
    }
}

impl Read for Files {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(file) = &mut self.open {
                match file.read(buf)? {
                    0 if !buf.is_empty() => self.open = None,
                    read => return Ok(read),
                }
            }
            let Some(next) = self.left.pop_front() else {
                let gap = self.gap.take();
                return gap.map_or(Ok(0), |gap| Err(io::Error::new(io::ErrorKind::NotFound, gap)));
            };
            self.open = Some(File::open(next)?);
        }
    }
}

/// A disk that is written in files, of which the last so many are kept.
#[derive(Debug)]
pub(super) struct FileDisk {
    base: PathBuf,
    number: u32,
    keep: Option<NonZeroU32>,
    file: File,
}

impl FileDisk {
    /// Goes on after the first file, which is open and may have another name for now.
    pub(super) const fn new(base: PathBuf, first: File, keep: Option<NonZeroU32>) -> Self {
        Self { base, number: 1, keep, file: first }
    }
}

impl Disk for FileDisk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.file.cut(len)
    }

    fn next_file(&mut self) -> io::Result<()> {
        let number = self.number.checked_add(1).ok_or(io::ErrorKind::FileTooLarge)?;
        if let Some(old) = self.keep.and_then(|keep| number.checked_sub(keep.get())).filter(|old| *old > 0) {
            match std::fs::remove_file(file_name(&self.base, old)) {
                // Somebody else took it away.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        self.file = create(&file_name(&self.base, number))?;
        self.number = number;
        Ok(())
    }
}

/// Creates a file that only its owner may read.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_numbers() {
        let base = Path::new("a/field.journal");
        assert_eq!(file_name(base, 1), Path::new("a/field.journal.000001"));
        assert_eq!(file_name(base, 12_345_678), Path::new("a/field.journal.12345678"));
        for number in [1, 999_999, 1_000_000, u32::MAX] {
            assert_eq!(file_number(&file_name(base, number)), Some((base.into(), number)));
        }
        for other in
            ["field.journal", "f.00001", "f.000000", "f.00000a", "f.0000001", "f.99999999999", "000001"]
        {
            assert_eq!(file_number(Path::new(other)), None, "{other}");
        }
    }
}
