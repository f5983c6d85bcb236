//! Sending what the application wants to say.

use alloc::vec::Vec;

use super::Peer;
use super::event::SendError;
use super::handshake::Stage;
use crate::Instant;
use crate::wire::{Command, Header, MAX_PAYLOAD, Message};

/// Messages that only the peer itself says.
const RESERVED: [Command; 7] = [
    Command::VERSION,
    Command::VERACK,
    Command::WTXIDRELAY,
    Command::SENDADDRV2,
    Command::SENDTXRCNCL,
    Command::PING,
    Command::PONG,
];

impl Peer {
    /// Sends a message of the application's own.
    ///
    /// # Errors
    /// Before the handshake is done and after the end; for messages of the handshake and the keepalive; above
    /// [`MAX_PAYLOAD`] bytes; and while more than [`Config::max_unsent`](crate::Config::max_unsent) bytes wait to be
    /// written.
    pub fn send(&mut self, now: Instant, message: &Message<'_>) -> Result<(), SendError> {
        let mut payload = Vec::new();
        message.encode_payload(&mut payload);
        self.send_payload(now, message.command(), &payload)
    }

    /// As [`Peer::send`], for a body that is encoded already. It is not looked at.
    ///
    /// # Errors
    /// As [`Peer::send`].
    pub fn send_payload(&mut self, now: Instant, command: Command, payload: &[u8]) -> Result<(), SendError> {
        let unsent = self.transport.unsent().len();
        if unsent > self.config.max_unsent && self.is_ready() {
            return Err(SendError::Unsent { unsent });
        }
        self.queue_payload(now, command, payload)
    }

    /// As [`Peer::send_payload`], however much waits: how fast the other side reads decides nothing.
    pub(crate) fn queue_payload(
        &mut self,
        now: Instant,
        command: Command,
        payload: &[u8],
    ) -> Result<(), SendError> {
        if self.closed {
            return Err(SendError::Closed);
        }
        if self.stage != Stage::Ready {
            return Err(SendError::NotReady);
        }
        if RESERVED.contains(&command) {
            return Err(SendError::Reserved);
        }
        if payload.len() > MAX_PAYLOAD as usize {
            return Err(SendError::TooLong { length: payload.len() });
        }
        self.transport.send(now, command, |out| out.extend_from_slice(payload));
        let sent = Header::LEN + payload.len();
        self.own_unsent = self.own_unsent.saturating_add(sent as u32);
        Ok(())
    }
}
