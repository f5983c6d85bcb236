//! A message that owns its payload.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Command, Error, Message, sha256d};

/// A message that was decoded once and is kept as it came: its command and its payload.
///
/// ```
/// use satwire_core::wire::{Command, Message, OwnedMessage};
/// let ping = OwnedMessage::from(&Message::Ping(7));
/// assert_eq!((ping.command(), ping.payload().len()), (Command::PING, 8));
/// assert_eq!(ping.message(), Ok(Message::Ping(7)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedMessage {
    command: Command,
    payload: Box<[u8]>,
}

impl OwnedMessage {
    /// Returns a message with this payload, which is not looked at.
    pub fn new(command: Command, payload: impl Into<Box<[u8]>>) -> Self {
        Self { command, payload: payload.into() }
    }

    /// Returns the name of the message.
    pub const fn command(&self) -> Command {
        self.command
    }

    /// Returns the encoded body.
    pub const fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Decodes the message.
    ///
    /// # Errors
    /// If the payload is not what the command says. One that a [`Peer`](crate::Peer) delivered was decoded before,
    /// and never fails.
    pub fn message(&self) -> Result<Message<'_>, Error> {
        Message::decode(self.command, &self.payload, sha256d(&self.payload))
    }
}

impl From<&Message<'_>> for OwnedMessage {
    fn from(message: &Message<'_>) -> Self {
        let mut payload = Vec::new();
        message.encode_payload(&mut payload);
        Self::new(message.command(), payload)
    }
}
