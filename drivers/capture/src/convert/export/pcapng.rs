//! The pcapng format, as far as packets of one kind of network need it.
//!
//! ```text
//! block    type u32 · length u32 · body, padded to 4 bytes · length u32
//! option   code u16 · length u16 · value, padded to 4 bytes
//! ```
//!
//! Source: draft-ietf-opsawg-pcapng.

use std::io::{self, Write};

use crate::convert::UnixMicros;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;

const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Packets begin with the header of IP.
const LINKTYPE_RAW: u16 = 101;

const OPT_END: u16 = 0;
const OPT_COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_TSRESOL: u16 = 9;

/// Writes blocks.
#[derive(Debug)]
pub(super) struct Pcapng<W> {
    out: W,
    body: Vec<u8>,
}

impl<W: Write> Pcapng<W> {
    /// Starts a file: a section, and an interface with times in microseconds.
    pub(super) fn new(out: W, program: &str, comment: &str) -> io::Result<Self> {
        let mut file = Self { out, body: Vec::new() };
        file.body.extend_from_slice(&BYTE_ORDER.to_le_bytes());
        file.body.extend_from_slice(&[1, 0, 0, 0]);
        // How long the section is, is not said.
        file.body.extend_from_slice(&[0xff; 8]);
        file.option(OPT_COMMENT, comment.as_bytes());
        file.option(SHB_USERAPPL, program.as_bytes());
        file.option(OPT_END, &[]);
        file.block(SECTION)?;
        file.body.extend_from_slice(&LINKTYPE_RAW.to_le_bytes());
        file.body.extend_from_slice(&[0; 6]);
        file.option(IF_TSRESOL, &[6]);
        file.option(OPT_END, &[]);
        file.block(INTERFACE)?;
        Ok(file)
    }

    /// Writes a packet.
    pub(super) fn packet(&mut self, time: UnixMicros, data: &[u8], comment: Option<&str>) -> io::Result<()> {
        let length = data.len() as u32;
        for number in [0, (time >> 32) as u32, time as u32, length, length] {
            self.body.extend_from_slice(&number.to_le_bytes());
        }
        self.body.extend_from_slice(data);
        self.pad();
        if let Some(comment) = comment {
            self.option(OPT_COMMENT, comment.as_bytes());
            self.option(OPT_END, &[]);
        }
        self.block(PACKET)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Appends an option to the body. A value that is too long for one is cut.
    fn option(&mut self, code: u16, value: &[u8]) {
        let value = &value[..value.len().min(usize::from(u16::MAX))];
        self.body.extend_from_slice(&code.to_le_bytes());
        self.body.extend_from_slice(&(value.len() as u16).to_le_bytes());
        self.body.extend_from_slice(value);
        self.pad();
    }

    fn pad(&mut self) {
        self.body.resize(self.body.len().next_multiple_of(4), 0);
    }

    /// Writes the body as a block of this type.
    fn block(&mut self, kind: u32) -> io::Result<()> {
        let length = (self.body.len() as u32 + 12).to_le_bytes();
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&length)?;
        self.out.write_all(&self.body)?;
        self.body.clear();
        self.out.write_all(&length)
    }
}
