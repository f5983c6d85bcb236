//! The meaning of each message to an observer.

use satwire_core::Fault;
use satwire_core::node::{Announcement, ConnId, EventKind};
use satwire_core::peer::{IgnoredReason, Rejection};
use satwire_core::wire::{Command, Header, InvType, Inventory, MAX_MONEY, Message, TxView, sha256d};

use super::asked::announced_form;
use super::finding::{Finding, Found};
use super::ids::NodeKey;
use super::{Observer, failed};
use crate::journal::Way;

/// The messages from a peer that tell something.
const READ: [Command; 9] = [
    Command::VERSION,
    Command::VERACK,
    Command::WTXIDRELAY,
    Command::SENDADDRV2,
    Command::INV,
    Command::TX,
    Command::NOTFOUND,
    Command::FEEFILTER,
    Command::REJECT,
];

/// The messages of the recorded node that tell something.
const SENT: [Command; 5] =
    [Command::VERSION, Command::VERACK, Command::WTXIDRELAY, Command::GETDATA, Command::PING];

/// The most that waits for the recorded node's `verack`, in bytes.
const MOST_WAITING: usize = 64 << 10;

impl Observer {
    /// A message of the peer.
    pub(super) fn received(&mut self, conn: ConnId, frame: &[u8]) {
        let Some((header, payload)) =
            frame.split_first_chunk().map(|(head, rest)| (Header::decode(head), rest))
        else {
            return;
        };
        let Some(command) = header.command() else {
            return self.ignore(conn, &header, Fault::Command.into());
        };
        let asks = self.shadow_received(conn, command, frame);
        if command == Command::PONG {
            return self.pong(conn, &header, payload);
        }
        if !READ.contains(&command) {
            // A ping is answered, and a request served, by the recorded node.
            if ![Command::PING, Command::GETDATA].contains(&command) {
                self.ignore(conn, &header, IgnoredReason::Unhandled);
            }
            return;
        }
        let digest = sha256d(payload);
        if !header.matches(&digest) {
            return self.ignore(conn, &header, Fault::Checksum.into());
        }
        match Message::decode(command, payload, digest) {
            Ok(message) => self.message(conn, &header, message, asks),
            Err(error) => self.ignore(conn, &header, Fault::Payload(error).into()),
        }
    }

    fn message(
        &mut self,
        conn: ConnId,
        header: &Header,
        message: Message<'_>,
        asks: Option<Vec<satwire_core::wire::Hash>>,
    ) {
        let now = self.clock.unix_seconds(self.now);
        let conversation = self.conversation(conn);
        match message {
            Message::Version(_) if conversation.has_version => {
                self.ignore(conn, header, IgnoredReason::Duplicate);
            }
            Message::Version(version) => conversation.take_version(version, now),
            Message::Wtxidrelay => conversation.take_feature(true),
            Message::Sendaddrv2 => conversation.take_feature(false),
            Message::Verack if conversation.verack[Way::Received as usize] => {
                self.ignore(conn, header, IgnoredReason::Duplicate);
            }
            Message::Verack => {
                if let Some(negotiated) = conversation.take_verack() {
                    self.tell(conn, Found::Event(EventKind::Handshake(Box::new(negotiated))));
                }
            }
            Message::Inv(list) => {
                let items: Vec<_> = list.iter().filter(|item| item.inv_type.is_tx()).collect();
                self.inventory(conn, items, asks);
            }
            Message::Tx(view) => self.transaction(conn, header, view),
            Message::Notfound(list) => {
                let at = self.now;
                let missing = list.iter().filter(|item| item.inv_type.is_tx()).map(announced_form);
                let missing: Vec<_> =
                    missing.filter(|item| self.asked.answered(at, conn, *item).is_some()).collect();
                if !missing.is_empty() {
                    self.tell(conn, Found::Event(EventKind::Notfound(failed(missing))));
                }
            }
            Message::Feefilter(rate) => {
                let in_range = (0..=MAX_MONEY).contains(&rate);
                if in_range && let Some(rate) = conversation.take_feefilter(rate) {
                    self.tell(conn, Found::Event(EventKind::Feefilter(rate)));
                }
            }
            Message::Reject(reject) => {
                let rejection = Box::new(Rejection::from(reject));
                self.tell(conn, Found::Event(EventKind::Rejected(rejection)));
            }
            _ => {}
        }
    }

    fn inventory(
        &mut self,
        conn: ConnId,
        items: Vec<Inventory>,
        asks: Option<Vec<satwire_core::wire::Hash>>,
    ) {
        if items.is_empty() {
            return;
        }
        let node = self.conversation(conn).node;
        let mut announcements = Vec::with_capacity(items.len());
        let mut is_comparable = true;
        for item in items {
            let first = self.announced.insert(node, item.hash);
            // Another node had heard of it before.
            is_comparable &= self.announced_to_all.insert(NodeKey::default(), item.hash) || !first;
            announcements.push(Announcement::new(announced_form(item), first, false));
        }
        self.told.announced(self.now, conn, announcements, asks.filter(|_| is_comparable));
    }

    fn transaction(&mut self, conn: ConnId, header: &Header, view: TxView<'_>) {
        let checked = view.check_loose();
        let tx = view.to_owned();
        let names = [(InvType::TX, tx.txid().into()), (InvType::WTX, tx.wtxid().into())];
        let latencies =
            names.map(|(inv_type, hash)| self.asked.answered(self.now, conn, Inventory { inv_type, hash }));
        let latency = latencies.into_iter().flatten().next();
        let (node, wtxid) = (self.conversation(conn).node, tx.wtxid().into());
        if let Err(error) = checked {
            self.ignore(conn, header, IgnoredReason::InvalidTx(error));
        } else if self.came.insert(node, wtxid) {
            let bytes = tx.as_bytes().len();
            self.tell_sized(conn, Found::Event(EventKind::Tx { tx, latency }), bytes);
        } else {
            self.ignore(conn, header, IgnoredReason::AlreadyKnown);
        }
    }

    fn pong(&mut self, conn: ConnId, header: &Header, payload: &[u8]) {
        let at = self.now;
        let Some(nonce) = payload.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else {
            return self.ignore(conn, header, IgnoredReason::Unhandled);
        };
        if let Some((rtt, min)) = self.conversation(conn).take_pong(at, nonce) {
            if let Some(shadow) = &mut self.shadow {
                shadow.pong(at, conn);
            }
            self.tell(conn, Found::Event(EventKind::Pong { rtt, min }));
        }
    }

    /// A message of the recorded node.
    pub(super) fn sent(&mut self, conn: ConnId, frame: &[u8]) {
        let Some((header, payload)) =
            frame.split_first_chunk().map(|(head, rest)| (Header::decode(head), rest))
        else {
            return;
        };
        let Some(command) = header.command() else { return };
        let at = self.now;
        if !SENT.contains(&command) {
            return;
        }
        match Message::decode(command, payload, satwire_core::wire::Hash([0; 32])) {
            Ok(Message::Version(version)) => self.conversation(conn).sent_version(&version),
            Ok(Message::Verack) => self.sent_verack(conn),
            Ok(Message::Wtxidrelay) => self.conversation(conn).wtxidrelay[Way::Sent as usize] = true,
            Ok(Message::Ping(nonce)) => self.conversation(conn).sent_ping(at, nonce),
            Ok(Message::Getdata(list)) => {
                for item in list.iter().filter(|item| item.inv_type.is_tx()) {
                    self.asked.ask(at, conn, item);
                    self.told.asked(at, conn, &item.hash);
                }
            }
            _ => {}
        }
    }

    fn sent_verack(&mut self, conn: ConnId) {
        let conversation = self.conversation(conn);
        conversation.verack[Way::Sent as usize] = true;
        let wtxidrelay = conversation.wtxidrelay == [true; 2];
        if let Some(shadow) = &mut self.shadow {
            shadow.release(self.now, conn, wtxidrelay);
            self.time_shadow();
        }
    }

    /// Gives our core what the peer said. Returns what it asks for, if that can be compared.
    fn shadow_received(
        &mut self,
        conn: ConnId,
        command: Command,
        frame: &[u8],
    ) -> Option<Vec<satwire_core::wire::Hash>> {
        let shadow = self.shadow.as_mut().filter(|shadow| shadow.follows(conn))?;
        let conversation = self.conversations.get(&conn)?;
        // Anything that hangs on what was said to it comes with `verack`, or with the recorded pong.
        let [has_verack, sent_verack] = conversation.verack;
        if command == Command::PONG || command == Command::WTXIDRELAY && !has_verack {
            return None;
        }
        let is_verack = command == Command::VERACK && !has_verack;
        if is_verack || shadow.waits(conn).is_some() {
            shadow.hold(conn, frame);
            if sent_verack || shadow.waits(conn).is_some_and(|bytes| bytes > MOST_WAITING) {
                shadow.release(self.now, conn, conversation.wtxidrelay == [true; 2]);
                self.time_shadow();
            }
            return None;
        }
        shadow.received(self.now, conn, frame);
        let asks = shadow.take_asks();
        let is_due = shadow.poll_timeout().is_some_and(|due| due <= self.now);
        let follows = shadow.follows(conn);
        if is_due {
            self.time_shadow();
        }
        follows.then_some(asks)
    }

    fn ignore(&mut self, conn: ConnId, header: &Header, because: IgnoredReason) {
        let command = header.command().unwrap_or(Command::new("?"));
        let kind = EventKind::Ignored { command, bytes: header.length, because };
        self.told.push(Finding { at: self.now, conn, what: Found::Event(kind) }, 0);
    }
}
