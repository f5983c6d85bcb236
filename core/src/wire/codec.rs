//! Reading integers, CompactSizes and counts from a slice.

use alloc::vec::Vec;

use super::Error;

/// The largest CompactSize that stands for a size: 32 MiB (Bitcoin Core `src/serialize.h` `MAX_SIZE`).
pub const MAX_SIZE: u64 = 0x0200_0000;

/// A cursor over a payload. Each method takes what it reads, or fails and takes nothing further.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    /// The bytes that have not been read yet.
    pub const fn left(&self) -> &'a [u8] {
        self.left
    }

    /// The next `len` bytes.
    #[inline]
    pub fn bytes(&mut self, len: u64) -> Result<&'a [u8], Error> {
        let taken = usize::try_from(len).ok().and_then(|len| self.left.split_at_checked(len));
        let (head, tail) = taken.ok_or(Error::Truncated { needed: len, left: self.left.len() })?;
        self.left = tail;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (head, tail) = self
            .left
            .split_first_chunk::<N>()
            .ok_or(Error::Truncated { needed: N as u64, left: self.left.len() })?;
        self.left = tail;
        Ok(*head)
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, big-endian: a port, the only such field of the protocol.
    #[inline]
    pub fn u16_be(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four bytes, little-endian.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_le_bytes)
    }

    /// Four bytes, little-endian, signed.
    #[inline]
    pub fn i32(&mut self) -> Result<i32, Error> {
        self.array().map(i32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_le_bytes)
    }

    /// Eight bytes, little-endian, signed.
    #[inline]
    pub fn i64(&mut self) -> Result<i64, Error> {
        self.array().map(i64::from_le_bytes)
    }

    /// A CompactSize that stands for a size: canonical and at most [`MAX_SIZE`]
    /// (Bitcoin Core `src/serialize.h` `ReadCompactSize`).
    #[inline]
    pub fn compact_size(&mut self) -> Result<u64, Error> {
        let value = self.compact_u64()?;
        if value > MAX_SIZE {
            return Err(Error::SizeTooLarge(value));
        }
        Ok(value)
    }

    /// A CompactSize that stands for a number, not for a size (the services of an `addrv2` entry):
    /// canonical, of any value (Bitcoin Core `src/serialize.h` `ReadCompactSize` with
    /// `range_check` false).
    #[inline]
    pub fn compact_u64(&mut self) -> Result<u64, Error> {
        let (value, len, least) = match self.u8()? {
            short @ ..=0xfc => return Ok(u64::from(short)),
            0xfd => (u64::from(self.array().map(u16::from_le_bytes)?), 3, 0xfd),
            0xfe => (u64::from(self.u32()?), 5, 0x1_0000),
            0xff => (self.u64()?, 9, 0x1_0000_0000),
        };
        if value < least {
            return Err(Error::NonCanonical { value, len });
        }
        Ok(value)
    }

    /// The count of a list whose entries take at least `entry` bytes each: never more than the
    /// bytes after it can hold, so that nobody allocates for entries that were not sent.
    #[inline]
    pub fn count(&mut self, entry: usize) -> Result<usize, Error> {
        let count = self.compact_size()?;
        if count > (self.left.len() / entry) as u64 {
            return Err(Error::CountBeyondPayload { count, entry, left: self.left.len() });
        }
        Ok(count as usize)
    }

    /// A CompactSize and as many bytes: a script, a witness item.
    #[inline]
    pub fn var_bytes(&mut self) -> Result<&'a [u8], Error> {
        let len = self.compact_size()?;
        self.bytes(len)
    }

    /// Passes over `BEFORE` bytes, [`Reader::var_bytes`] and `AFTER` bytes: fewer steps than one by one, of
    /// which each must see that its bytes are there.
    #[inline]
    pub(super) fn skip_around<const BEFORE: usize, const AFTER: usize>(&mut self) -> Result<(), Error> {
        if let Some((&[.., short @ ..=0xfc], after)) = self.left.split_at_checked(BEFORE + 1)
            && let Some(left) = after.get(usize::from(short) + AFTER..)
        {
            self.left = left;
            return Ok(());
        }
        self.array::<BEFORE>()?;
        let len = self.compact_size()?;
        self.bytes(len + AFTER as u64)?;
        Ok(())
    }

    /// As [`Reader::var_bytes`], at most `limit` of them. The length alone decides: above the limit it
    /// does not matter how many bytes are there.
    #[inline]
    pub fn limited_bytes(&mut self, limit: u64) -> Result<&'a [u8], Error> {
        let length = self.compact_size()?;
        if length > limit {
            return Err(Error::TooLong { length, limit });
        }
        self.bytes(length)
    }
}

/// Appends `value` as a CompactSize, in its shortest form.
pub fn put_compact_size(out: &mut Vec<u8>, value: u64) {
    if value < 0xfd {
        out.push(value as u8);
    } else if let Ok(short) = u16::try_from(value) {
        out.push(0xfd);
        out.extend_from_slice(&short.to_le_bytes());
    } else if let Ok(middle) = u32::try_from(value) {
        out.push(0xfe);
        out.extend_from_slice(&middle.to_le_bytes());
    } else {
        out.push(0xff);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Appends the length of `bytes` as a CompactSize, then `bytes`.
pub(super) fn put_var_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_compact_size(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// How many bytes the CompactSize that starts with `first` takes: 1, 3, 5 or 9.
pub const fn compact_size_len(first: u8) -> usize {
    match first {
        ..=0xfc => 1,
        0xfd => 3,
        0xfe => 5,
        0xff => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compact_size(bytes: &[u8]) -> Result<u64, Error> {
        Reader::new(bytes).compact_size()
    }

    #[test]
    fn compact_size_round_trips_at_every_boundary() {
        for value in [0, 1, 0xfc, 0xfd, 0xffff, 0x1_0000, MAX_SIZE] {
            let mut bytes = Vec::new();
            put_compact_size(&mut bytes, value);
            assert_eq!(bytes.len(), compact_size_len(bytes[0]));
            assert_eq!(compact_size(&bytes), Ok(value));
            let cut = &bytes[..bytes.len() - 1];
            assert!(matches!(compact_size(cut), Err(Error::Truncated { .. })), "{value} cut");
        }
    }

    /// Bitcoin Core `src/test/serialize_tests.cpp` `noncanonical`.
    #[test]
    fn compact_size_must_be_canonical() {
        for (bytes, value) in [
            (&[0xfd, 0x00, 0x00][..], 0),
            (&[0xfd, 0xfc, 0x00], 0xfc),
            (&[0xfe, 0x00, 0x00, 0x00, 0x00], 0),
            (&[0xfe, 0xff, 0xff, 0x00, 0x00], 0xffff),
            (&[0xff, 0, 0, 0, 0, 0, 0, 0, 0], 0),
            (&[0xff, 0xff, 0xff, 0xff, 0x01, 0, 0, 0, 0], 0x01ff_ffff),
        ] {
            let len = bytes.len() as u8;
            assert_eq!(compact_size(bytes), Err(Error::NonCanonical { value, len }));
        }
    }

    #[test]
    fn sizes_are_limited() {
        assert_eq!(compact_size(&[0xfe, 0x01, 0, 0, 0x02]), Err(Error::SizeTooLarge(0x0200_0001)));
        assert_eq!(compact_size(&[0xff; 9]), Err(Error::SizeTooLarge(u64::MAX)));
        let claimed = [0x03, 0, 0, 0, 0, 0];
        assert_eq!(
            Reader::new(&claimed).count(2),
            Err(Error::CountBeyondPayload { count: 3, entry: 2, left: 5 })
        );
        assert_eq!(Reader::new(&claimed[..]).count(1), Ok(3));
    }
}
