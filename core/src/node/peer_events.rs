//! The events of peers: each goes to the departments that it concerns, and to the application.

use alloc::vec::Vec;

use super::connections::Link;
use super::tx_download::failed_requests;
use super::{ConnId, Environment, EventKind, FailedRequest, Node};
use crate::peer::{self, IgnoredReason};
use crate::wire::{Command, Hash, Inventory};

impl<E: Environment> Node<E> {
    /// An event on a connection, and the verdict that it leads to.
    pub(super) fn judged_event(&mut self, conn: ConnId, event: peer::Event) {
        let verdict = self.verdicts.event(conn, &event, self.outlet.now);
        self.peer_event(conn, event);
        self.outlet.tell(conn, verdict);
    }

    fn peer_event(&mut self, conn: ConnId, event: peer::Event) {
        let kind = match event {
            peer::Event::Handshake(negotiated) => {
                self.connections.ready(conn, self.outlet.now);
                if let Ok(Some(Link { addr, peer: Some(peer), .. })) = self.connections.find(conn) {
                    self.download.ready(conn, addr.ip(), peer.direction(), peer.tx_inv_type());
                }
                EventKind::Handshake(negotiated)
            }
            peer::Event::Pong { rtt, min } => EventKind::Pong { rtt, min },
            peer::Event::Feefilter(rate) => EventKind::Feefilter(rate),
            peer::Event::Inv(items) => return self.announced(conn, &items),
            peer::Event::Tx { tx, latency } => {
                let kind = self.download.received(conn, tx, latency, self.outlet.now);
                if let EventKind::Tx { latency: Some(_), .. } = kind {
                    self.connections.delivered(conn);
                }
                self.outlet.emit(conn, kind);
                return self.ask_all();
            }
            peer::Event::InvalidTx { txid, wtxid, bytes, error, latency } => {
                self.download.received_invalid(conn, &wtxid.into(), &txid.into(), latency.is_some());
                let because = IgnoredReason::InvalidTx(error);
                self.outlet.emit(conn, EventKind::Ignored { command: Command::TX, bytes, because });
                return self.ask_all();
            }
            peer::Event::Message(message) => EventKind::Message(message),
            peer::Event::Notfound(items) => {
                return self.failed(conn, items, EventKind::Notfound);
            }
            peer::Event::Unanswered(items) => {
                return self.failed(conn, items, EventKind::Unanswered);
            }
            peer::Event::Rejected(rejection) => EventKind::Rejected(rejection),
            peer::Event::Ignored { command, bytes, because } => {
                EventKind::Ignored { command, bytes, because }
            }
            peer::Event::Closed(reason) => return self.end(conn, reason, true),
        };
        self.outlet.emit(conn, kind);
    }

    fn announced(&mut self, conn: ConnId, items: &[Inventory]) {
        let (announcements, requests) = self.download.announced(conn, items, self.outlet.now);
        if !announcements.is_empty() {
            self.outlet.emit(conn, EventKind::Announced(announcements));
            self.ask(requests);
        }
    }

    /// `conn` did not deliver these: tells so, and asks others.
    fn failed(&mut self, conn: ConnId, items: Vec<Inventory>, kind: fn(Vec<FailedRequest>) -> EventKind) {
        for item in &items {
            self.download.failed(conn, &item.hash);
        }
        let requests = self.download.take_requests(self.outlet.now);
        let failed = failed_requests(items.into_iter(), &requests);
        self.outlet.emit(conn, kind(failed));
        self.ask(requests);
    }

    /// Asks whomever there is to ask now.
    pub(super) fn ask_all(&mut self) {
        let requests = self.download.take_requests(self.outlet.now);
        self.ask(requests);
    }

    /// Asks these, which are in order.
    pub(super) fn ask(&mut self, requests: Vec<(ConnId, Hash)>) {
        let (connections, outlet) = (&mut self.connections, &mut self.outlet);
        let now = outlet.now;
        self.download.ask(now, requests, |conn, hashes| connections.ask(outlet, conn, hashes));
    }
}
