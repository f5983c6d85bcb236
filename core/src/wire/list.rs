//! Lists: a count, and entries that are read where they lie.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use super::codec::MAX_SIZE;
use super::{Error, Reader, put_compact_size};

/// One entry of a [`List`].
pub trait Entry<'a>: Sized {
    /// The least number of bytes that an entry takes: what bounds a count that somebody claims.
    const MIN_LEN: usize;

    /// Takes one entry off the reader.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Error>;

    /// Appends the entry, in the form in which [`Entry::decode`] reads it.
    fn encode(&self, out: &mut Vec<u8>);
}

/// Entries in somebody else's buffer: found whole once, then read where they lie.
///
/// On the wire a CompactSize, the count, stands before them.
pub struct List<'a, T> {
    count: u32,
    /// Exactly the entries.
    bytes: &'a [u8],
    entry: PhantomData<fn() -> T>,
}

impl<'a, T: Entry<'a>> List<'a, T> {
    /// No entries.
    pub const EMPTY: Self = Self { count: 0, bytes: &[], entry: PhantomData };

    /// Takes the count and the entries off the reader.
    ///
    /// The count is judged first by the protocol's `limit`, [`Error::TooManyEntries`], then by the
    /// bytes that are there, [`Error::CountBeyondPayload`]. Then each entry must be whole.
    pub fn decode(reader: &mut Reader<'a>, limit: u64) -> Result<Self, Error> {
        Self::decode_each(reader, limit, |_| {})
    }

    /// As [`List::decode`], and hands out the entries on the way: for entries that are costly to walk,
    /// and a caller who wants each of them once. After an error those that were handed out are void.
    #[inline]
    pub fn decode_each(reader: &mut Reader<'a>, limit: u64, mut visit: impl FnMut(T)) -> Result<Self, Error> {
        let mut ahead = reader.clone();
        let count = ahead.compact_size()?;
        if count > limit {
            return Err(Error::TooManyEntries { count, limit });
        }
        let count = reader.count(T::MIN_LEN)?;
        let start = reader.left();
        for _ in 0..count {
            visit(T::decode(reader)?);
        }
        let bytes = &start[..start.len() - reader.left().len()];
        Ok(Self { count: count as u32, bytes, entry: PhantomData })
    }

    /// Writes `entries` to the end of `buffer`, for a message that is to be encoded. More than
    /// 33,554,432, the most that a count can say, are cut.
    ///
    /// ```
    /// use satwire_core::wire::{Hash, List};
    /// let mut buffer = Vec::new();
    /// let list = List::build(&mut buffer, [Hash([1; 32]), Hash([2; 32])]);
    /// assert_eq!((list.len(), list.iter().last()), (2, Some(Hash([2; 32]))));
    /// ```
    pub fn build(buffer: &'a mut Vec<u8>, entries: impl IntoIterator<Item = T>) -> Self {
        let start = buffer.len();
        let mut count = 0;
        for entry in entries.into_iter().take(MAX_SIZE as usize) {
            entry.encode(buffer);
            count += 1;
        }
        Self { count, bytes: &buffer[start..], entry: PhantomData }
    }

    /// Appends the count and the entries.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_compact_size(out, u64::from(self.count));
        out.extend_from_slice(self.bytes);
    }

    /// The entries, in their order on the wire.
    pub const fn iter(&self) -> Entries<'a, T> {
        Entries { left: self.count, reader: Reader::new(self.bytes), entry: PhantomData }
    }
}

impl<T> List<'_, T> {
    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

// Not derived: nothing of these asks anything of the entries.

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T> PartialEq for List<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        (self.count, self.bytes) == (other.count, other.bytes)
    }
}

impl<T> Eq for List<'_, T> {}

impl<'a, T: Entry<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Entry<'a>> IntoIterator for List<'a, T> {
    type Item = T;
    type IntoIter = Entries<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T: Entry<'a>> IntoIterator for &List<'a, T> {
    type Item = T;
    type IntoIter = Entries<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over the entries of a [`List`].
pub struct Entries<'a, T> {
    left: u32,
    reader: Reader<'a>,
    entry: PhantomData<fn() -> T>,
}

impl<T> Clone for Entries<'_, T> {
    fn clone(&self) -> Self {
        Self { left: self.left, reader: self.reader.clone(), entry: PhantomData }
    }
}

impl<T> fmt::Debug for Entries<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").field("left", &self.left).finish_non_exhaustive()
    }
}

impl<'a, T: Entry<'a>> Iterator for Entries<'a, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        // The list was found whole: an error, which cannot happen, would only end it early.
        T::decode(&mut self.reader).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl<'a, T: Entry<'a>> ExactSizeIterator for Entries<'a, T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Hash;
    use alloc::vec;

    #[test]
    fn the_count_is_bounded_twice_before_anything_is_read() {
        let decode =
            |bytes: &[u8], limit| List::<Hash>::decode(&mut Reader::new(bytes), limit).map(|list| list.len());
        let mut full = vec![3];
        full.resize(1 + 3 * 32, 7);
        assert_eq!(decode(&full, 3), Ok(3));
        assert_eq!(decode(&full, 2), Err(Error::TooManyEntries { count: 3, limit: 2 }));
        full.pop();
        assert_eq!(decode(&full, 3), Err(Error::CountBeyondPayload { count: 3, entry: 32, left: 95 }));
        assert_eq!(decode(&[0xff; 9], 3), Err(Error::SizeTooLarge(u64::MAX)));
        assert_eq!(decode(&[], 3), Err(Error::Truncated { needed: 1, left: 0 }));
    }

    #[test]
    fn a_built_list_reads_back() {
        let hashes = [Hash([1; 32]), Hash([2; 32])];
        let (mut buffer, mut bytes) = (vec![9], Vec::new());
        let built = List::build(&mut buffer, hashes);
        built.encode(&mut bytes);
        bytes.push(0xee);
        let mut reader = Reader::new(&bytes);
        let read = List::<Hash>::decode(&mut reader, 2).unwrap();
        assert_eq!((read, reader.left()), (built, &[0xee][..]));
        assert!(read.iter().eq(hashes));
        assert_eq!(List::<Hash>::EMPTY.iter().len(), 0);
    }
}
