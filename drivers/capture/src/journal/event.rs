//! Events as bytes, for the digest.
//!
//! Old journals are compared by it, so what they can hold is encoded as it ever was: numbers are never used again, a
//! new event gets the next one, and a field that an event gets later is written only where it has another value than
//! the event had before there was the field. A test names the fields of all structs that may grow.

use std::net::SocketAddr;

use satwire_core::node::{Address, Event, EventKind, FailedRequest, InputError, Propagation};
use satwire_core::peer::{Direction, IgnoredReason, Negotiated, Rejection};
use satwire_core::wire::{self, Inventory, NetAddress};
use satwire_core::{CloseReason, Fault, Label};

use super::codec::{put_address, put_bytes, put_duration, put_signed, put_socket, put_varint};

/// Stands before the text of what has no number yet.
const OTHER: u8 = 255;

/// Appends the event without its time and connection.
pub(super) fn put_event(out: &mut Vec<u8>, event: &Event) {
    match &event.kind {
        EventKind::Clock(clock) => {
            out.push(0);
            put_signed(out, clock.unix_micros_at_zero);
        }
        EventKind::DialFailed { address, reason, retry } => {
            out.push(1);
            put_address_or_text(out, address);
            put_reason(out, reason);
            put_duration(out, *retry);
        }
        EventKind::Connected { addr, direction } => put_connected(out, addr, *direction),
        EventKind::Handshake(negotiated) => {
            out.push(3);
            put_negotiated(out, negotiated);
        }
        EventKind::Pong { rtt, min } => {
            out.push(4);
            put_duration(out, *rtt);
            put_duration(out, *min);
        }
        EventKind::Feefilter(rate) => {
            out.push(5);
            put_varint(out, *rate);
        }
        EventKind::Announced(announcements) => {
            out.push(6);
            put_varint(out, announcements.len() as u64);
            for announcement in announcements {
                let flags = u8::from(announcement.first) | u8::from(announcement.requested) << 1;
                let mut item = [flags; 37];
                item[..4].copy_from_slice(&announcement.item.inv_type.0.to_le_bytes());
                item[4..36].copy_from_slice(&announcement.item.hash.0);
                out.extend_from_slice(&item);
            }
        }
        EventKind::Tx { tx, latency } => {
            out.push(7);
            let (wtxid, txid) = (tx.wtxid().0, tx.txid().0);
            let flags = u8::from(latency.is_some()) | u8::from(txid != wtxid) << 1;
            let latency = latency.unwrap_or_default();
            let mut item = [7; 50];
            item[1] = flags;
            item[2..6].copy_from_slice(&(tx.as_bytes().len() as u32).to_le_bytes());
            item[6..14].copy_from_slice(&latency.as_secs().to_le_bytes());
            item[14..18].copy_from_slice(&latency.subsec_nanos().to_le_bytes());
            // The wtxid stands for every byte of it.
            item[18..].copy_from_slice(&wtxid);
            out.extend_from_slice(&item);
            if txid != wtxid {
                out.extend_from_slice(&txid);
            }
        }
        EventKind::Notfound(misses) => put_misses(out, 8, misses),
        EventKind::Unanswered(misses) => put_misses(out, 9, misses),
        EventKind::Ignored { command, bytes, because } => {
            out.push(10);
            out.extend_from_slice(&command.to_wire());
            put_varint(out, u64::from(*bytes));
            put_ignored(out, because);
        }
        EventKind::Disconnected(reason) => {
            out.push(11);
            put_reason(out, reason);
        }
        EventKind::Rejected(rejection) => {
            out.push(12);
            // A test compares the fields with the struct's.
            let Rejection { command, code, reason, hash, .. } = &**rejection;
            put_bytes(out, command.as_bytes());
            out.push(*code);
            put_bytes(out, reason.as_bytes());
            put_bytes(out, hash.as_ref().map_or(&[], |hash| &hash.0[..]));
        }
        EventKind::InputRefused(error) => {
            out.push(13);
            put_input_error(out, error);
        }
        EventKind::Message(message) => {
            out.push(14);
            out.extend_from_slice(&message.command().to_wire());
            put_bytes(out, message.payload());
        }
        EventKind::Verdict { verdict, since } => {
            out.push(15);
            put_bytes(out, verdict.as_str().as_bytes());
            put_varint(out, since.as_micros());
        }
        EventKind::Offline { since } => {
            out.push(16);
            put_varint(out, since.as_micros());
        }
        EventKind::Online { after } => {
            out.push(17);
            put_duration(out, *after);
        }
        EventKind::Propagation(propagation) => put_propagation(out, propagation),
        other => put_other(out, &format!("{other:?}")),
    }
}

/// A test compares the fields with the struct's.
fn put_propagation(out: &mut Vec<u8>, propagation: &Propagation) {
    let Propagation { txid, wtxid, first_at, first_conn, first_direction, congested, .. } = propagation;
    let Propagation { announcers, listeners, netgroups, p10, p50, p90, max, .. } = propagation;
    out.push(18);
    out.extend_from_slice(&txid.0);
    out.extend_from_slice(&wtxid.0);
    put_varint(out, first_at.as_micros());
    put_varint(out, first_conn.0);
    out.push(u8::from(*first_direction == Direction::Inbound) | u8::from(*congested) << 1);
    for count in [announcers, listeners, netgroups] {
        put_varint(out, u64::from(*count));
    }
    for offset in [p10, p50, p90, max] {
        put_duration(out, *offset);
    }
}

fn put_other(out: &mut Vec<u8>, text: &str) {
    out.push(OTHER);
    put_bytes(out, text.as_bytes());
}

fn put_address_or_text(out: &mut Vec<u8>, address: &Address) {
    if put_address(out, address).is_err() {
        put_other(out, &address.to_string());
    }
}

fn put_input_error(out: &mut Vec<u8>, error: &InputError) {
    match error {
        InputError::WrongConn { got, expected } => {
            out.push(0);
            put_varint(out, got.0);
            put_varint(out, expected.0);
        }
        InputError::UnknownConn(conn) => put_number(out, 1, conn.0),
        InputError::ConnectionOver(conn) => put_number(out, 2, conn.0),
        InputError::NotConnected(conn) => put_number(out, 3, conn.0),
        InputError::AlreadyConnected(conn) => put_number(out, 4, conn.0),
        InputError::NotSent { conn, command, error } => {
            put_number(out, 5, conn.0);
            out.extend_from_slice(&command.to_wire());
            put_bytes(out, error.to_string().as_bytes());
        }
        InputError::NotRequested { conn, refused } => {
            put_number(out, 6, conn.0);
            put_varint(out, *refused as u64);
        }
        InputError::UnknownTarget(target) => put_number(out, 7, u64::from(target.0)),
        InputError::NetworkNotDialled(address) => {
            out.push(8);
            put_address_or_text(out, address);
        }
        InputError::Stopped => out.push(9),
        other => put_other(out, &other.to_string()),
    }
}

fn put_number(out: &mut Vec<u8>, variant: u8, number: u64) {
    out.push(variant);
    put_varint(out, number);
}

fn put_connected(out: &mut Vec<u8>, addr: &SocketAddr, direction: Direction) {
    out.push(2);
    put_socket(out, addr);
    match direction {
        Direction::Outbound => out.push(0),
        Direction::Inbound => out.push(1),
    }
}

fn put_negotiated(out: &mut Vec<u8>, negotiated: &Negotiated) {
    // A test compares the fields with the struct's.
    let Negotiated { version, common_version, wtxidrelay, addrv2, time_offset, .. } = negotiated;
    // Nothing can be added to this one: it is a message of the protocol.
    let wire::Version {
        version,
        services,
        timestamp,
        addr_recv,
        addr_from,
        nonce,
        user_agent,
        start_height,
        relay,
    } = version;
    put_signed(out, i64::from(*version));
    put_varint(out, services.0);
    put_signed(out, *timestamp);
    put_net_address(out, addr_recv);
    put_net_address(out, addr_from);
    put_varint(out, *nonce);
    put_bytes(out, user_agent);
    put_signed(out, i64::from(*start_height));
    put_signed(out, i64::from(*common_version));
    out.push(u8::from(*relay) | u8::from(*wtxidrelay) << 1 | u8::from(*addrv2) << 2);
    put_signed(out, *time_offset);
}

fn put_net_address(out: &mut Vec<u8>, addr: &NetAddress) {
    put_varint(out, addr.services.0);
    out.extend_from_slice(&addr.ip.octets());
    out.extend_from_slice(&addr.port.to_le_bytes());
}

fn put_inventory(out: &mut Vec<u8>, item: Inventory) {
    out.extend_from_slice(&item.inv_type.0.to_le_bytes());
    out.extend_from_slice(&item.hash.0);
}

fn put_misses(out: &mut Vec<u8>, number: u8, misses: &[FailedRequest]) {
    out.push(number);
    put_varint(out, misses.len() as u64);
    for miss in misses {
        put_inventory(out, miss.item);
        put_varint(out, miss.next.map_or(0, |conn| conn.0));
    }
}

fn put_ignored(out: &mut Vec<u8>, because: &IgnoredReason) {
    match because {
        IgnoredReason::AlreadyKnown => out.push(0),
        IgnoredReason::BeforeVersion => out.push(1),
        IgnoredReason::BeforeVerack => out.push(2),
        IgnoredReason::Duplicate => out.push(3),
        IgnoredReason::Unhandled => out.push(4),
        IgnoredReason::Malformed(fault) => {
            out.push(5);
            put_fault(out, fault);
        }
        IgnoredReason::TooManyEntries => out.push(6),
        IgnoredReason::InvalidTx(error) => {
            out.push(7);
            put_bytes(out, error.to_string().as_bytes());
        }
        IgnoredReason::TooManyUnrequested => out.push(8),
        other => put_other(out, &other.to_string()),
    }
}

fn put_fault(out: &mut Vec<u8>, fault: &Fault) {
    match fault {
        Fault::Checksum => out.push(0),
        Fault::Command => out.push(1),
        Fault::Length { length, limit } => {
            out.push(2);
            put_varint(out, u64::from(*length));
            put_varint(out, u64::from(*limit));
        }
        Fault::Payload(error) => {
            out.push(3);
            put_wire_error(out, error);
        }
        other => put_other(out, &other.to_string()),
    }
}

fn put_wire_error(out: &mut Vec<u8>, error: &wire::Error) {
    let (number, values) = match *error {
        wire::Error::Truncated { needed, left } => (0, [needed, left as u64, 0]),
        wire::Error::NonCanonical { value, len } => (1, [value, u64::from(len), 0]),
        wire::Error::SizeTooLarge(size) => (2, [size, 0, 0]),
        wire::Error::TooManyEntries { count, limit } => (3, [count, limit, 0]),
        wire::Error::CountBeyondPayload { count, entry, left } => (4, [count, entry as u64, left as u64]),
        wire::Error::UserAgentTooLong(len) => (5, [len, 0, 0]),
        wire::Error::SuperfluousWitness => (6, [0; 3]),
        wire::Error::UnknownTxFlag(flag) => (7, [u64::from(flag), 0, 0]),
        ref other => return put_other(out, &other.to_string()),
    };
    out.push(number);
    for value in values {
        put_varint(out, value);
    }
}

fn put_reason(out: &mut Vec<u8>, reason: &CloseReason) {
    // The stable word names the variant; its fields follow. A label of the application's own is no such word.
    let word = match reason {
        CloseReason::Local(_) => Label::LOCAL.as_str(),
        reason => reason.as_str(),
    };
    put_bytes(out, word.as_bytes());
    match reason {
        CloseReason::WrongMagic { got, expected } => {
            out.extend_from_slice(&got.0);
            out.extend_from_slice(&expected.0);
        }
        CloseReason::PayloadTooLong { length } => put_varint(out, u64::from(*length)),
        CloseReason::TooManyEntries { command, count, limit } => {
            out.extend_from_slice(&command.to_wire());
            put_varint(out, *count);
            put_varint(out, *limit);
        }
        CloseReason::TooManyMalformed { count, last } => {
            out.push(*count);
            put_fault(out, last);
        }
        CloseReason::ObsoleteVersion { version, least } => {
            put_signed(out, i64::from(*version));
            put_signed(out, i64::from(*least));
        }
        CloseReason::LateFeature(command) | CloseReason::UnwantedTx(command) => {
            out.extend_from_slice(&command.to_wire());
        }
        CloseReason::NoSlot { slots: limit }
        | CloseReason::Evicted { slots: limit }
        | CloseReason::NoSlotForAddress { limit }
        | CloseReason::NoSlotForGroup { limit } => put_varint(out, *limit as u64),
        CloseReason::Local(label) if *label != Label::LOCAL => put_bytes(out, label.as_str().as_bytes()),
        CloseReason::ConnectTimeout(time)
        | CloseReason::HandshakeTimeout(time)
        | CloseReason::PingTimeout(time) => put_duration(out, *time),
        CloseReason::SelfConnection | CloseReason::Local(_) | CloseReason::Io(_) => {}
        other => put_other(out, &other.to_string()),
    }
}
