//! Judging a frame by its first bytes, before the rest of it is there.

use super::IgnoredReason;
use super::handshake::{self, Admission, Stage};
use crate::wire::{Command, Header, Inventory, InventoryList, MAX_INVENTORY, MAX_PAYLOAD};
use crate::{CloseReason, Fault, Magic};

/// What to do with a frame; lengths are with the header.
pub(super) enum Frame {
    /// Nothing yet: so many bytes of it are needed to say more.
    Needs(usize),
    /// It is there, whole, and is to be read.
    Whole(usize),
    /// Its body is passed over, here or not.
    Skipped {
        /// Bytes of the whole frame.
        len: usize,
        /// Its command, made printable.
        command: Command,
        /// Why it is not read.
        because: IgnoredReason,
    },
    /// It ends the connection.
    Fatal(CloseReason),
}

/// Judges a frame by `front`, its first bytes that are there. Nothing but them, the network and the
/// stage counts, so that it does not matter where the stream was cut.
#[inline]
pub(super) fn judge(front: &[u8], magic: Magic, stage: Stage) -> Frame {
    let Some(header) = front.first_chunk().map(Header::decode) else {
        return Frame::Needs(Header::LEN);
    };
    if header.magic != magic {
        return Frame::Fatal(CloseReason::WrongMagic { got: header.magic, expected: magic });
    }
    if header.length > MAX_PAYLOAD {
        return Frame::Fatal(CloseReason::PayloadTooLong { length: header.length });
    }
    let len = Header::LEN + header.length as usize;
    let Some(command) = header.command() else {
        let because = IgnoredReason::Malformed(Fault::Command);
        return Frame::Skipped { len, command: Command::from_wire_lossy(header.command), because };
    };
    match handshake::admit(stage, command) {
        Admission::Take => {}
        Admission::Ignore(because) => return Frame::Skipped { len, command, because },
        Admission::Late => return Frame::Fatal(CloseReason::LateFeature(command)),
    }
    if is_list(command) {
        // The count decides before its entries are there, and before the length does.
        let counted = len.min(Header::LEN + LONGEST_COUNT);
        if front.len() < counted {
            return Frame::Needs(counted);
        }
        if let Some((count, limit)) = InventoryList::excess(&front[Header::LEN..counted]) {
            return Frame::Fatal(CloseReason::TooManyEntries { command, count, limit });
        }
    }
    let limit = longest_payload(command);
    if header.length > limit {
        let because = IgnoredReason::Malformed(Fault::Length { length: header.length, limit });
        return Frame::Skipped { len, command, because };
    }
    if front.len() < len { Frame::Needs(len) } else { Frame::Whole(len) }
}

/// The longest CompactSize, in bytes.
const LONGEST_COUNT: usize = 9;

fn is_list(command: Command) -> bool {
    [Command::INV, Command::GETDATA, Command::NOTFOUND].contains(&command)
}

/// The longest payload that makes sense for a command that we read, at least 1 KiB: what is longer
/// is passed over, never kept.
fn longest_payload(command: Command) -> u32 {
    if command == Command::TX {
        MAX_PAYLOAD
    } else if is_list(command) {
        3 + MAX_INVENTORY as u32 * Inventory::LEN as u32
    } else {
        1024
    }
}
