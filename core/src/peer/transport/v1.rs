//! The plain transport: a header of 24 bytes with magic, command, length and checksum, then the payload.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::frame::{self, Frame};
use super::inbox::Inbox;
use super::outbox::Outbox;
use super::traffic::Traffic;
use crate::peer::handshake::Stage;
use crate::wire::{self, Command, Header};
use crate::{Config, Instant, Magic};

/// Both directions of one stream.
#[derive(Debug)]
pub(in crate::peer) struct V1 {
    magic: Magic,
    inbox: Inbox,
    outbox: Outbox,
    /// The traffic in and out, if it is counted.
    traffic: Option<Box<[Traffic; 2]>>,
}

impl V1 {
    pub(in crate::peer) fn new(config: &Config) -> Self {
        let traffic = config.count_messages.then(Box::default);
        Self { magic: config.magic, inbox: Inbox::default(), outbox: Outbox::default(), traffic }
    }

    /// Queues a message, whose payload `encode` appends.
    #[inline]
    pub(in crate::peer) fn send(
        &mut self,
        now: Instant,
        command: Command,
        encode: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = self.outbox.end().len();
        wire::encode_frame(self.outbox.end(), self.magic, command, encode);
        if let Some(traffic) = &mut self.traffic {
            traffic[1].count(now, command, self.outbox.end().len() - start);
        }
    }

    /// Finds the next frame, or [`Frame::Needs`] when `bytes` are used up and it is not whole. Where the stream was
    /// cut does not matter.
    #[inline]
    pub(in crate::peer) fn next_frame(&mut self, bytes: &mut &[u8], config: &Config, stage: Stage) -> Frame {
        // Only the first message may be another protocol's, and end before a header does.
        let mut need = if stage == Stage::AwaitingVersion { Magic::LEN } else { Header::LEN };
        loop {
            if !self.inbox.fill(bytes, need) {
                return Frame::Needs(need);
            }
            match frame::judge(self.inbox.front(bytes), config, stage) {
                Frame::Needs(more) => need = more,
                frame => return frame,
            }
        }
    }

    /// Lends a whole frame to `read`, together with the transport to answer, and then ends it.
    #[inline]
    pub(in crate::peer) fn lend(&mut self) -> Inbox {
        core::mem::take(&mut self.inbox)
    }

    /// Takes back what was lent, and ends the frame of `len` bytes.
    #[inline]
    pub(in crate::peer) fn take_back(&mut self, inbox: Inbox, bytes: &mut &[u8], len: usize) {
        self.inbox = inbox;
        self.inbox.consume(bytes, len);
    }

    /// Ends a frame of `len` bytes, of which what has not come yet will be passed over.
    #[inline]
    pub(in crate::peer) fn skip(&mut self, bytes: &mut &[u8], len: usize) {
        self.inbox.consume(bytes, len);
    }

    /// Counts a message that came.
    #[inline]
    pub(in crate::peer) fn count_received(&mut self, now: Instant, command: Command, len: usize) {
        if let Some(traffic) = &mut self.traffic {
            traffic[0].count(now, command, len);
        }
    }

    /// Returns what came and what was queued, if it is counted.
    pub(in crate::peer) fn traffic(&self) -> Option<&[Traffic; 2]> {
        self.traffic.as_deref()
    }

    /// Returns the bytes that wait to be written.
    pub(in crate::peer) fn unsent(&self) -> &[u8] {
        self.outbox.unsent()
    }

    /// Drops the first `n` bytes that wait: they were written.
    pub(in crate::peer) fn written(&mut self, n: usize) {
        self.outbox.consume(n);
    }

    /// Gives back the memory of what has not come whole.
    pub(in crate::peer) fn close(&mut self) {
        self.inbox = Inbox::default();
    }
}
