//! gzip and zstd, found by the first bytes and taken off while reading.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The most that a zstd frame may need of its past, in bytes: what the `zstd` program reads without `--long=31`.
///
/// A decompressor holds at most twice that; of gzip, 32 KiB. However much comes out of it, no more is held.
pub const WINDOW: u64 = 128 << 20;

/// Bytes that are read ahead.
const AHEAD: usize = 64 << 10;

type Plain<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

/// Gives the bytes that `source` holds, whether it was compressed or not. Several compressed streams in a row are one.
pub fn decompress<'a, R: Read + Send + 'a>(mut source: R) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut start = Vec::new();
    (&mut source).take(4).read_to_end(&mut start)?;
    let kind = start.clone();
    let plain = BufReader::with_capacity(AHEAD, Cursor::new(start).chain(source));
    Ok(match kind[..] {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(plain)),
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Box::new(Zstd::new(plain)),
        _ => Box::new(plain),
    })
}

/// The frames of a zstd file, one after the other.
struct Zstd<R> {
    source: Plain<R>,
    decoder: FrameDecoder,
    /// A frame is open.
    open: bool,
}

impl<R: Read> Zstd<R> {
    fn new(source: Plain<R>) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Self { source, decoder, open: false }
    }

    /// Begins the next frame; false at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut (&mut self.source).take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.open {
                if !self.next_frame()? {
                    return Ok(0);
                }
                self.open = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let read = self.decoder.read(buf)?;
            if read > 0 {
                return Ok(read);
            }
            self.open = false;
            if let (Some(said), Some(found)) =
                (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum())
                && said != found
            {
                return Err(io::Error::other("the checksum of a zstd frame does not match"));
            }
        }
    }
}
