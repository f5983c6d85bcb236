//! The first byte of each record.

use super::Version;

pub(super) const BLOCK_START: u8 = 1;
pub(super) const PROLOGUE: u8 = 2;
pub(super) const BLOCK_END: u8 = 3;
pub(super) const END: u8 = 4;
pub(super) const OBSERVATION: u8 = 5;

/// From here up to [`STEP`] are kinds that a reader may pass over if it does not know them.
const PASSED_OVER: u8 = 64;

/// Steps have kinds from here on.
const STEP: u8 = 0x80;

/// The bit of a step's kind for "words were drawn".
const WITH_DRAWS: u8 = 1;
/// The bit of a step's kind for "the node said something".
const WITH_MARK: u8 = 2;

/// In format 1.0 the bits of a step's kind are others, and four number the input.
const INPUT_1_0: u8 = 0x0f;
const WITH_DRAWS_1_0: u8 = 0x10;
const WITH_MARK_1_0: u8 = 0x20;

/// The facts that the kind of a step says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StepKind {
    /// Words were drawn.
    pub(super) draws: bool,
    /// The node said something.
    pub(super) mark: bool,
    /// The number of the input, in format 1.0 only.
    pub(super) input: Option<u64>,
}

impl StepKind {
    /// The meaning of this byte; `None` if it is no step's kind.
    pub(super) const fn of(byte: u8, format: Version) -> Option<Self> {
        let (known, draws, mark) = if format.major == 1 {
            (INPUT_1_0 | WITH_DRAWS_1_0 | WITH_MARK_1_0, WITH_DRAWS_1_0, WITH_MARK_1_0)
        } else {
            (WITH_DRAWS | WITH_MARK, WITH_DRAWS, WITH_MARK)
        };
        if byte & !known != STEP {
            return None;
        }
        let input = if format.major == 1 { Some((byte & INPUT_1_0) as u64) } else { None };
        Some(Self { draws: byte & draws != 0, mark: byte & mark != 0, input })
    }

    /// The byte, in the format that is written.
    pub(super) const fn byte(draws: bool, mark: bool) -> u8 {
        STEP | if draws { WITH_DRAWS } else { 0 } | if mark { WITH_MARK } else { 0 }
    }
}

/// Whether a record of this kind may be passed over.
pub(super) const fn may_be_passed_over(byte: u8, format: Version) -> bool {
    format.major > 1 && byte >= PASSED_OVER && byte < STEP
}

/// The name of a record of this kind.
pub(super) const fn name(byte: u8, format: Version) -> &'static str {
    match byte {
        BLOCK_START => "a block",
        PROLOGUE => "a prologue",
        BLOCK_END => "the end of a block",
        END => "an end mark",
        OBSERVATION => "an observation",
        _ if StepKind::of(byte, format).is_some() => "a step",
        _ => "an unknown record",
    }
}
