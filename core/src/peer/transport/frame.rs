//! Judging a frame by its first bytes, before the rest of it is there.

use alloc::collections::BTreeSet;

use crate::peer::IgnoredReason;
use crate::peer::handshake::{self, Stage, Step};
use crate::wire::{Command, Header, Inventory, InventoryList, MAX_INVENTORY, MAX_PAYLOAD};
use crate::{CloseReason, Config, Fault, Magic};

/// The treatment of a frame; lengths are with the header.
pub(in crate::peer) enum Frame {
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
pub(super) fn judge(front: &[u8], config: &Config, stage: Stage) -> Frame {
    let magic = config.magic;
    let Some(header) = front.first_chunk().map(Header::decode) else {
        // Another protocol may say less than a header, and then wait for us.
        return match front.first_chunk() {
            None => Frame::Needs(Magic::LEN),
            Some(got) if *got == magic.0 => Frame::Needs(Header::LEN),
            Some(got) => Frame::Fatal(CloseReason::WrongMagic { got: Magic(*got), expected: magic }),
        };
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
    match handshake::step(stage, command, &config.deliver) {
        Step::Read if command == Command::TX && !config.relay => {
            return Frame::Fatal(CloseReason::UnwantedTx(command));
        }
        Step::Read | Step::Enter(_) => {}
        Step::Ignore(because) => return Frame::Skipped { len, command, because },
        Step::Late => return Frame::Fatal(CloseReason::LateFeature(command)),
    }
    if is_list(command) {
        // The count decides before its entries are there, and before the length does.
        let counted = len.min(Header::LEN + LONGEST_COUNT);
        if front.len() < counted {
            return Frame::Needs(counted);
        }
        let count = &front[Header::LEN..counted];
        if command == Command::NOTFOUND {
            if InventoryList::excess(count, MAX_NOTFOUND).is_some() {
                return Frame::Skipped { len, command, because: IgnoredReason::TooManyEntries };
            }
        } else if let Some(count) = InventoryList::excess(count, MAX_INVENTORY) {
            return Frame::Fatal(CloseReason::TooManyEntries { command, count, limit: MAX_INVENTORY });
        }
    }
    let limit = longest_payload(command, &config.deliver);
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
fn longest_payload(command: Command, deliver: &BTreeSet<Command>) -> u32 {
    if command == Command::TX {
        MAX_PAYLOAD
    } else if is_list(command) {
        3 + MAX_INVENTORY as u32 * Inventory::LEN as u32
    } else if deliver.contains(&command) {
        // As long as what it says makes sense: the codec has the limits.
        MAX_PAYLOAD
    } else {
        1024
    }
}

/// The most entries of a `notfound` that are read (Bitcoin Core `src/net_processing.cpp`:
/// `MAX_PEER_TX_ANNOUNCEMENTS + MAX_BLOCKS_IN_TRANSIT_PER_PEER`).
const MAX_NOTFOUND: u64 = 5000 + 16;
