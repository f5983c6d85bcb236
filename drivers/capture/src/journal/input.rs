//! Inputs as numbers and fields.
//!
//! A new input is one variant of [`OwnedInput`], one row of [`InputKind`], and one arm in each of the four matches
//! below, which the compiler asks for.

use std::net::SocketAddr;

use satwire_core::node::{Address, ConnId, Input, TargetId};
use satwire_core::wire::{Command, Hash, InvType, Inventory};
use satwire_core::{IoError, Label, WallClock};

use super::codec::{Fields, put_address, put_bytes, put_signed, put_socket, put_varint};
use super::{ErrorKind, Version};

/// An [`Input`] that owns what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnedInput {
    /// [`Input::Dial`]
    Dial(Address),
    /// [`Input::RemoveTarget`]
    RemoveTarget(TargetId),
    /// [`Input::Resolved`]
    Resolved(TargetId, Vec<SocketAddr>),
    /// [`Input::Connected`]
    Connected(ConnId),
    /// [`Input::Accepted`]
    Accepted {
        /// Its name from now on.
        conn: ConnId,
        /// Where it comes from.
        addr: SocketAddr,
    },
    /// [`Input::Received`]
    Received(ConnId, Vec<u8>),
    /// [`Input::Closed`]
    Closed(ConnId, IoError),
    /// [`Input::Timeout`]
    Timeout,
    /// [`Input::Clock`]
    Clock(WallClock),
    /// [`Input::Disconnect`]
    Disconnect {
        /// The connection.
        conn: ConnId,
        /// Whether its target is dialled again.
        redial: bool,
        /// The reason.
        label: Label,
    },
    /// [`Input::Send`]
    Send {
        /// The connection.
        conn: ConnId,
        /// The name of the message.
        command: Command,
        /// Its body, encoded.
        payload: Vec<u8>,
    },
    /// [`Input::Request`]
    Request {
        /// The connection.
        conn: ConnId,
        /// Objects to ask for.
        items: Vec<Inventory>,
    },
    /// [`Input::Stop`]
    Stop,
}

impl OwnedInput {
    /// The input, borrowed as a node takes it.
    pub fn as_input(&self) -> Input<'_> {
        match self {
            Self::Dial(address) => Input::Dial(address.clone()),
            Self::RemoveTarget(target) => Input::RemoveTarget(*target),
            Self::Resolved(target, addrs) => Input::Resolved(*target, addrs),
            Self::Connected(conn) => Input::Connected(*conn),
            Self::Accepted { conn, addr } => Input::Accepted { conn: *conn, addr: *addr },
            Self::Received(conn, bytes) => Input::Received(*conn, bytes),
            Self::Closed(conn, error) => Input::Closed(*conn, *error),
            Self::Timeout => Input::Timeout,
            Self::Clock(clock) => Input::Clock(*clock),
            Self::Disconnect { conn, redial, label } => {
                Input::Disconnect { conn: *conn, redial: *redial, label: *label }
            }
            Self::Send { conn, command, payload } => Input::Send { conn: *conn, command: *command, payload },
            Self::Request { conn, items } => Input::Request { conn: *conn, items },
            Self::Stop => Input::Stop,
        }
    }

    /// The connection that it is about.
    pub const fn conn(&self) -> Option<ConnId> {
        match self {
            Self::Connected(conn)
            | Self::Accepted { conn, .. }
            | Self::Received(conn, _)
            | Self::Closed(conn, _)
            | Self::Disconnect { conn, .. }
            | Self::Send { conn, .. }
            | Self::Request { conn, .. } => Some(*conn),
            Self::Dial(_)
            | Self::RemoveTarget(_)
            | Self::Resolved(..)
            | Self::Timeout
            | Self::Clock(_)
            | Self::Stop => None,
        }
    }

    /// The connection and the target that it is about, to be renamed.
    pub(crate) const fn names_mut(&mut self) -> (Option<&mut ConnId>, Option<&mut TargetId>) {
        match self {
            Self::Connected(conn)
            | Self::Accepted { conn, .. }
            | Self::Received(conn, _)
            | Self::Closed(conn, _)
            | Self::Disconnect { conn, .. }
            | Self::Send { conn, .. }
            | Self::Request { conn, .. } => (Some(conn), None),
            Self::Resolved(target, _) | Self::RemoveTarget(target) => (None, Some(target)),
            Self::Dial(_) | Self::Timeout | Self::Clock(_) | Self::Stop => (None, None),
        }
    }
}

impl From<&Input<'_>> for OwnedInput {
    fn from(input: &Input<'_>) -> Self {
        match input {
            Input::Dial(address) => Self::Dial(address.clone()),
            Input::RemoveTarget(target) => Self::RemoveTarget(*target),
            Input::Resolved(target, addrs) => Self::Resolved(*target, addrs.to_vec()),
            Input::Connected(conn) => Self::Connected(*conn),
            Input::Accepted { conn, addr } => Self::Accepted { conn: *conn, addr: *addr },
            Input::Received(conn, bytes) => Self::Received(*conn, bytes.to_vec()),
            Input::Closed(conn, error) => Self::Closed(*conn, *error),
            Input::Timeout => Self::Timeout,
            Input::Clock(clock) => Self::Clock(*clock),
            Input::Disconnect { conn, redial, label } => {
                Self::Disconnect { conn: *conn, redial: *redial, label: *label }
            }
            Input::Send { conn, command, payload } => {
                Self::Send { conn: *conn, command: *command, payload: payload.to_vec() }
            }
            Input::Request { conn, items } => Self::Request { conn: *conn, items: items.to_vec() },
            Input::Stop => Self::Stop,
        }
    }
}

/// Something that this version of the format has no number for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsupported;

/// Makes an enum of numbers, and the way back.
macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident { $($kind:ident = $number:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $name { $($kind = $number,)* }

        impl $name {
            /// The input that has this number, if any has.
            pub(super) const fn from_number(number: u64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

numbered! {
    /// The number of an input, the same in all formats; 9 is the last of format 1.0.
    InputKind {
        Dial = 0,
        Resolved = 1,
        Connected = 2,
        Accepted = 3,
        Received = 4,
        Closed = 5,
        Timeout = 6,
        Clock = 7,
        Disconnect = 8,
        Stop = 9,
        Send = 10,
        Request = 11,
        RemoveTarget = 12,
    }
}

/// Appends the input's fields, and returns its kind.
pub(super) fn put_input(out: &mut Vec<u8>, input: &Input<'_>) -> Result<InputKind, Unsupported> {
    Ok(match input {
        Input::Dial(address) => {
            put_address(out, address)?;
            InputKind::Dial
        }
        Input::RemoveTarget(target) => {
            put_varint(out, u64::from(target.0));
            InputKind::RemoveTarget
        }
        Input::Resolved(target, addrs) => {
            put_varint(out, u64::from(target.0));
            put_varint(out, addrs.len() as u64);
            for addr in *addrs {
                put_socket(out, addr);
            }
            InputKind::Resolved
        }
        Input::Connected(conn) => {
            put_varint(out, conn.0);
            InputKind::Connected
        }
        Input::Accepted { conn, addr } => {
            put_varint(out, conn.0);
            put_socket(out, addr);
            InputKind::Accepted
        }
        Input::Received(conn, bytes) => {
            put_varint(out, conn.0);
            out.extend_from_slice(bytes);
            InputKind::Received
        }
        Input::Closed(conn, error) => {
            put_varint(out, conn.0);
            out.push(io_error_code(*error).ok_or(Unsupported)?);
            InputKind::Closed
        }
        Input::Timeout => InputKind::Timeout,
        Input::Clock(clock) => {
            put_signed(out, clock.unix_micros_at_zero);
            InputKind::Clock
        }
        Input::Disconnect { conn, redial, label } => {
            put_varint(out, conn.0);
            out.push((*redial).into());
            put_bytes(out, label.as_str().as_bytes());
            InputKind::Disconnect
        }
        Input::Send { conn, command, payload } => {
            put_varint(out, conn.0);
            out.extend_from_slice(&command.to_wire());
            out.extend_from_slice(payload);
            InputKind::Send
        }
        Input::Request { conn, items } => {
            put_varint(out, conn.0);
            for item in *items {
                out.extend_from_slice(&item.inv_type.0.to_le_bytes());
                out.extend_from_slice(&item.hash.0);
            }
            InputKind::Request
        }
        Input::Stop => InputKind::Stop,
    })
}

/// The part of an input that does not lie in its record as it is handed out.
#[derive(Debug, Default)]
pub(super) struct InputScratch {
    addrs: Vec<SocketAddr>,
    items: Vec<Inventory>,
}

/// Takes the fields of the input with this number.
pub(super) fn take_input<'a>(
    fields: &mut Fields<'a>,
    number: u64,
    scratch: &'a mut InputScratch,
) -> Result<Input<'a>, ErrorKind> {
    let kind = InputKind::from_number(number).ok_or(fields.unknown("input", number))?;
    let InputScratch { addrs, items } = scratch;
    Ok(match kind {
        InputKind::Dial => Input::Dial(fields.address()?),
        InputKind::RemoveTarget => Input::RemoveTarget(take_target(fields)?),
        InputKind::Resolved => {
            let target = take_target(fields)?;
            let count = fields.varint("number of addresses")?;
            // Each takes bytes of the record, so a count that lies ends the loop early.
            addrs.clear();
            for _ in 0..count {
                addrs.push(fields.socket()?);
            }
            Input::Resolved(target, addrs)
        }
        InputKind::Connected => Input::Connected(take_conn(fields)?),
        InputKind::Accepted => Input::Accepted { conn: take_conn(fields)?, addr: fields.socket()? },
        InputKind::Received => Input::Received(take_conn(fields)?, fields.rest()),
        InputKind::Closed => {
            let conn = take_conn(fields)?;
            let code = fields.byte("i/o error")?;
            let error =
                IoError::ALL.get(usize::from(code)).ok_or(fields.unknown("i/o error", u64::from(code)))?;
            Input::Closed(conn, *error)
        }
        InputKind::Timeout => Input::Timeout,
        InputKind::Clock => Input::Clock(WallClock { unix_micros_at_zero: fields.signed("wall clock")? }),
        InputKind::Disconnect if fields.format < Version::V2_0 => {
            Input::Disconnect { conn: take_conn(fields)?, redial: true, label: Label::LOCAL }
        }
        InputKind::Disconnect => {
            let (conn, redial) = (take_conn(fields)?, fields.flag("redial")?);
            let label = Label::new(fields.str("label")?).ok_or(ErrorKind::Malformed("label"))?;
            Input::Disconnect { conn, redial, label }
        }
        InputKind::Send => {
            let conn = take_conn(fields)?;
            let command =
                Command::from_wire(fields.array("command")?).ok_or(ErrorKind::Malformed("command"))?;
            Input::Send { conn, command, payload: fields.rest() }
        }
        InputKind::Request => {
            let conn = take_conn(fields)?;
            items.clear();
            while fields.left() > 0 {
                let inv_type = InvType(u32::from_le_bytes(fields.array("type of an item")?));
                items.push(Inventory { inv_type, hash: Hash(fields.array("hash of an item")?) });
            }
            Input::Request { conn, items }
        }
        InputKind::Stop => Input::Stop,
    })
}

/// Its place in [`IoError::ALL`], which only ever grows at its end.
fn io_error_code(error: IoError) -> Option<u8> {
    IoError::ALL.iter().position(|other| *other == error).map(|place| place as u8)
}

pub(super) fn take_conn(fields: &mut Fields<'_>) -> Result<ConnId, ErrorKind> {
    fields.varint("connection").map(ConnId)
}

fn take_target(fields: &mut Fields<'_>) -> Result<TargetId, ErrorKind> {
    fields.u32("target").map(TargetId)
}
