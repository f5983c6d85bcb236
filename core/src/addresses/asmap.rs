//! Which autonomous system an address belongs to: Bitcoin Core's `-asmap` file.
//!
//! The file is a program for 128 bits of address, packed bit by bit, the lowest bit of a byte first. It has four
//! instructions: RETURN an ASN, JUMP if the next bit of the address is set, MATCH some bits or return the default,
//! set the DEFAULT (Bitcoin Core `src/util/asmap.cpp`). It is checked once for every address before it is used, so
//! that no lookup runs past its end or longer than the address.

use alloc::boxed::Box;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

/// The longest file that is taken, in bytes (ours; Bitcoin Core ships one of 1.5 MB).
pub const MAX_ASMAP_BYTES: usize = 8 << 20;

/// Bits of an address: IPv6, or IPv4 as `::ffff:a.b.c.d`.
const ADDRESS_BITS: u8 = 128;

/// A map from addresses to autonomous systems, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asmap {
    bytes: Box<[u8]>,
    version: [u8; 32],
}

/// Why bytes are no map of autonomous systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AsmapError {
    /// More than [`MAX_ASMAP_BYTES`].
    #[error("an asmap has at most {limit} bytes, and this has {bytes}")]
    TooLong {
        /// Its size.
        bytes: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// The program is not one that Bitcoin Core would take.
    #[error("not an asmap file: {fault} (at bit {bit})")]
    Malformed {
        /// Where the instruction begins.
        bit: usize,
        /// Its fault.
        fault: AsmapFault,
    },
}

/// A fault of an instruction of an asmap. Bitcoin Core's `SanityCheckAsmap` refuses the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AsmapFault {
    /// The bits end within or before it.
    #[error("it ends too early")]
    Cut,
    /// It lies where an earlier jump leads into the middle of something.
    #[error("a jump leads into the middle of an instruction")]
    JumpIntoMiddle,
    /// No jump leads to it.
    #[error("an instruction is never reached")]
    Unreachable,
    /// It jumps past the end, or out of the branch that it stands in.
    #[error("a jump leaves its branch")]
    JumpTooFar,
    /// It looks at more bits than an address has.
    #[error("it looks at more than 128 bits of an address")]
    TooManyBits,
    /// Two instructions that are one in the shortest form.
    #[error("two instructions should be one")]
    NotShortest,
    /// The end is followed by more than seven bits, or by bits that are set.
    #[error("something follows its end")]
    Padding,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Instruction {
    Return,
    Jump,
    Match,
    Default,
}

/// Bits that are read one by one; `None` at the end.
#[derive(Clone, Copy)]
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    const fn left(self) -> usize {
        8 * self.bytes.len() - self.at
    }

    fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (self.at % 8) & 1;
        self.at += 1;
        Some(bit.into())
    }

    /// Reads a number from `min` on: for each class of sizes but the last a bit that says whether it is passed over,
    /// then the bits of the class, the highest first.
    fn number(&mut self, min: u32, mut sizes: core::ops::RangeInclusive<u8>) -> Option<u32> {
        let mut value = min;
        let last = *sizes.end();
        let size = loop {
            let size = sizes.next()?;
            if size == last || self.bit()? == 0 {
                break size;
            }
            value += 1 << size;
        };
        let mut mantissa = 0;
        for _ in 0..size {
            mantissa = mantissa << 1 | self.bit()?;
        }
        Some(value + mantissa)
    }

    /// Reads an instruction: the sizes 0, 0 and 1 in the coding of `number`.
    fn instruction(&mut self) -> Option<Instruction> {
        if self.bit()? == 0 {
            return Some(Instruction::Return);
        }
        if self.bit()? == 0 {
            return Some(Instruction::Jump);
        }
        Some(if self.bit()? == 0 { Instruction::Match } else { Instruction::Default })
    }

    fn asn(&mut self) -> Option<u32> {
        self.number(1, 15..=24)
    }

    /// Reads the bits to match, with a 1 before them.
    fn pattern(&mut self) -> Option<u32> {
        self.number(2, 1..=8)
    }

    fn jump(&mut self) -> Option<usize> {
        self.number(17, 5..=30).map(|bits| bits as usize)
    }
}

impl Asmap {
    /// Takes the contents of a file.
    ///
    /// # Errors
    /// If it is longer than [`MAX_ASMAP_BYTES`], or Bitcoin Core would not take it.
    pub fn new(bytes: &[u8]) -> Result<Self, AsmapError> {
        let limit = MAX_ASMAP_BYTES;
        if bytes.len() > limit {
            return Err(AsmapError::TooLong { bytes: bytes.len(), limit });
        }
        check(bytes).map_err(|(bit, fault)| AsmapError::Malformed { bit, fault })?;
        Ok(Self { bytes: bytes.into(), version: Sha256::digest(bytes).into() })
    }

    /// Returns what names this map: the SHA-256 of the file.
    pub const fn version(&self) -> &[u8; 32] {
        &self.version
    }

    /// Returns the number of the autonomous system that an address belongs to: IPv6, or IPv4 as `::ffff:a.b.c.d`.
    /// `None` if the map does not know it.
    pub fn asn(&self, address: [u8; 16]) -> Option<u32> {
        interpret(&self.bytes, u128::from_be_bytes(address)).filter(|asn| *asn != 0)
    }
}

/// Runs the program for an address. A program that was checked returns `Some`, in at most 129 jumps and matches.
fn interpret(bytes: &[u8], address: u128) -> Option<u32> {
    let mut code = Bits { bytes, at: 0 };
    let mut left = u32::from(ADDRESS_BITS);
    let mut next = move || {
        left = left.checked_sub(1)?;
        Some((address >> left & 1) as u32)
    };
    let mut default = 0;
    loop {
        match code.instruction()? {
            Instruction::Return => return code.asn(),
            Instruction::Jump => {
                let jump = code.jump()?;
                if next()? == 1 {
                    code.at = code.at.checked_add(jump)?;
                }
            }
            Instruction::Match => {
                let pattern = code.pattern()?;
                for bit in (0..pattern.ilog2()).rev() {
                    if next()? != pattern >> bit & 1 {
                        return Some(default);
                    }
                }
            }
            Instruction::Default => default = code.asn()?,
        }
    }
}

/// Walks through the whole program as if both branches of every jump were taken.
fn check(bytes: &[u8]) -> Result<(), (usize, AsmapFault)> {
    let mut code = Bits { bytes, at: 0 };
    let mut bits = ADDRESS_BITS;
    // Where open jumps lead to, the innermost last, and how many bits of the address are left there. Each takes a
    // bit of the address, so there are no more of them than it has.
    let mut jumps: Vec<(usize, u8)> = Vec::new();
    let mut before = Instruction::Jump;
    let mut is_incomplete = false;
    loop {
        let start = code.at;
        let fault = |fault| (start, fault);
        let cut = fault(AsmapFault::Cut);
        if jumps.last().is_some_and(|(to, _)| start >= *to) {
            return Err(fault(AsmapFault::JumpIntoMiddle));
        }
        let instruction = code.instruction().ok_or(cut)?;
        match instruction {
            Instruction::Return => {
                if before == Instruction::Default {
                    return Err(fault(AsmapFault::NotShortest));
                }
                code.asn().ok_or(cut)?;
                let Some((to, left)) = jumps.pop() else { return check_padding(code) };
                if code.at != to {
                    return Err(fault(AsmapFault::Unreachable));
                }
                bits = left;
                before = Instruction::Jump;
                continue;
            }
            Instruction::Jump => {
                let jump = code.jump().ok_or(cut)?;
                if jump > code.left() {
                    return Err(fault(AsmapFault::JumpTooFar));
                }
                bits = bits.checked_sub(1).ok_or(fault(AsmapFault::TooManyBits))?;
                let to = code.at + jump;
                if jumps.last().is_some_and(|(outer, _)| to >= *outer) {
                    return Err(fault(AsmapFault::JumpTooFar));
                }
                jumps.push((to, bits));
            }
            Instruction::Match => {
                let length = code.pattern().ok_or(cut)?.ilog2() as u8;
                let was_incomplete = before == Instruction::Match && is_incomplete;
                is_incomplete = length < 8;
                if is_incomplete && was_incomplete {
                    return Err(fault(AsmapFault::NotShortest));
                }
                bits = bits.checked_sub(length).ok_or(fault(AsmapFault::TooManyBits))?;
            }
            Instruction::Default => {
                if before == Instruction::Default {
                    return Err(fault(AsmapFault::NotShortest));
                }
                code.asn().ok_or(cut)?;
            }
        }
        before = instruction;
    }
}

/// The program is at its end: less than a byte of zeros may follow.
fn check_padding(mut code: Bits<'_>) -> Result<(), (usize, AsmapFault)> {
    let end = code.at;
    let mut is_clean = code.left() < 8;
    while let (true, Some(bit)) = (is_clean, code.bit()) {
        is_clean = bit == 0;
    }
    if is_clean { Ok(()) } else { Err((end, AsmapFault::Padding)) }
}
