//! All connections: their names, their peers, their deadlines, and the slots of those that came in.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use core::cmp::Reverse;
use core::net::SocketAddr;

use super::deadlines::Deadlines;
use super::outlet::Outlet;
use super::slots::{Room, Slots};
use super::{ConnId, ConnMap, Environment, InputError, Purpose, TargetId, Verdict};
use crate::peer::{self, Direction, Peer, PeerInfo};
use crate::wire::{Command, Hash, Inventory};
use crate::{CloseReason, Config, Instant};

/// The connections of a node.
#[derive(Debug, Default)]
pub(super) struct Connections {
    links: ConnMap<Link>,
    last: u64,
    slots: Slots,
    /// The nonces of connections that we dialled and that are not ready: one that comes back to us
    /// is our own (Bitcoin Core `src/net.cpp` `CheckIncomingNonce`).
    nonces: BTreeSet<u64>,
    deadlines: Deadlines<ConnId>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) addr: SocketAddr,
    pub(super) target: Option<TargetId>,
    /// `None` until the connection is open.
    pub(super) peer: Option<Box<Peer>>,
    pub(super) ready_since: Option<Instant>,
    /// Its entry in the deadlines.
    deadline: Option<Instant>,
    /// Transactions that were asked of it, came from it, and were new.
    pub(super) delivered: u32,
    /// The driver knows that there is something to write.
    transmit_told: bool,
    /// When something was last written, or began to wait for it.
    written_at: Instant,
}

impl Connections {
    /// Returns the name of the next connection.
    pub(super) const fn next(&self) -> ConnId {
        ConnId(self.last + 1)
    }

    /// Adds a connection that is not open yet.
    pub(super) fn add(&mut self, addr: SocketAddr, target: Option<TargetId>) -> ConnId {
        let conn = self.next();
        self.last = conn.0;
        let link = Link {
            addr,
            target,
            peer: None,
            ready_since: None,
            deadline: None,
            delivered: 0,
            transmit_told: false,
            written_at: Instant::ZERO,
        };
        self.links.insert(conn, link);
        conn
    }

    /// Returns the connection, or `None` if it is over.
    ///
    /// # Errors
    /// If there never was one of this name.
    pub(super) fn find(&self, conn: ConnId) -> Result<Option<&Link>, InputError> {
        let known = (1..=self.last).contains(&conn.0);
        if known { Ok(self.links.get(conn)) } else { Err(InputError::UnknownConn(conn)) }
    }

    /// Returns the peer that a command is for, or why there is none.
    fn commanded(&mut self, conn: ConnId) -> Result<&mut Peer, InputError> {
        self.find(conn)?;
        let link = self.links.get_mut(conn).ok_or(InputError::ConnectionOver(conn))?;
        link.peer.as_deref_mut().ok_or(InputError::NotConnected(conn))
    }

    /// Notes that a connection delivered a transaction that was asked of it and new.
    pub(super) fn delivered(&mut self, conn: ConnId) {
        if let Some(link) = self.links.get_mut(conn) {
            link.delivered = link.delivered.saturating_add(1);
        }
    }

    pub(super) fn peer(&self, conn: ConnId) -> Option<&Peer> {
        self.links.get(conn)?.peer.as_deref()
    }

    /// Takes bytes of a peer up to its next event. `None` if they are used up, or the connection is over.
    pub(super) fn receive<E: Environment>(
        &mut self,
        outlet: &mut Outlet<E>,
        conn: ConnId,
        bytes: &mut &[u8],
    ) -> Option<peer::Event> {
        let peer = self.links.get_mut(conn)?.peer.as_deref_mut()?;
        let before = peer.queued().len();
        let event = peer.receive_knowing(outlet.now, bytes, |nonce| self.nonces.contains(&nonce));
        outlet.show_queued(conn, peer, before);
        event
    }

    /// Does what is due of a peer, up to its next event. `None` if nothing is left, or the connection is over.
    pub(super) fn handle_timeout<E: Environment>(
        &mut self,
        outlet: &mut Outlet<E>,
        conn: ConnId,
    ) -> Option<peer::Event> {
        let peer = self.links.get_mut(conn)?.peer.as_deref_mut()?;
        let before = peer.queued().len();
        let event = peer.handle_timeout(outlet.now, || outlet.environment.draw(Purpose::PingNonce(conn)));
        outlet.show_queued(conn, peer, before);
        event
    }

    /// Returns what is known of each open connection, the oldest first, with its verdict.
    pub(super) fn peers(
        &self,
        verdict: impl Fn(ConnId) -> (Verdict, Instant),
    ) -> impl Iterator<Item = NodePeer> {
        self.links.conns().into_iter().filter_map(move |conn| {
            let link = self.links.get(conn)?;
            let info = link.peer.as_ref()?.info();
            let Link { addr, target, ready_since, delivered, .. } = *link;
            let (verdict, verdict_since) = verdict(conn);
            Some(NodePeer { conn, addr, target, ready_since, delivered, verdict, verdict_since, info })
        })
    }

    /// Returns the names of all connections, the oldest first.
    pub(super) fn conns(&self) -> impl Iterator<Item = ConnId> + use<> {
        self.links.conns().into_iter()
    }

    /// Sees whether there is a slot for a newcomer from `addr`: `Ok` with the connection that must go for it,
    /// if any, or why there is none.
    pub(super) fn room(&self, addr: SocketAddr, config: &Config) -> Result<Option<ConnId>, CloseReason> {
        match self.slots.room(addr, config)? {
            Room::Free => Ok(None),
            Room::HalfOpen(conn) => Ok(Some(conn)),
            Room::Full => {
                let ready = self.links.iter().filter(|(_, link)| link.is_inbound());
                // The one that delivered least, and of several the youngest.
                let least = ready.min_by_key(|(conn, link)| (link.delivered, Reverse(*conn)));
                let slots = config.inbound_slots;
                least.map(|(conn, _)| Some(conn)).ok_or(CloseReason::NoSlot { slots })
            }
        }
    }

    /// Gives an open connection its peer.
    pub(super) fn open<E: Environment>(&mut self, outlet: &mut Outlet<E>, conn: ConnId, peer: Box<Peer>) {
        outlet.show_queued(conn, &peer, 0);
        let Some(link) = self.links.get_mut(conn) else { return };
        match peer.direction() {
            Direction::Inbound => self.slots.enter(conn, link.addr),
            Direction::Outbound => {
                self.nonces.insert(peer.nonce());
            }
        }
        link.peer = Some(peer);
        self.settle(outlet, conn);
    }

    /// Notes that a connection's handshake is done.
    pub(super) fn ready(&mut self, conn: ConnId, now: Instant) {
        let Some(link) = self.links.get_mut(conn) else { return };
        link.ready_since = Some(now);
        self.slots.ready(conn);
        if let Some(peer) = &link.peer {
            self.nonces.remove(&peer.nonce());
        }
    }

    /// Takes a connection out.
    pub(super) fn remove(&mut self, conn: ConnId) -> Option<Link> {
        let link = self.links.remove(conn)?;
        self.deadlines.replace(conn, link.deadline, None);
        if let Some(peer) = &link.peer {
            self.nonces.remove(&peer.nonce());
            if peer.direction() == Direction::Inbound {
                self.slots.leave(conn, link.addr);
            }
        }
        Some(link)
    }

    /// Brings a connection's deadline up to date, and tells the driver of unsent bytes, once.
    pub(super) fn settle<E: Environment>(&mut self, outlet: &mut Outlet<E>, conn: ConnId) {
        let Some(link) = self.links.get_mut(conn) else { return };
        let Some(peer) = &link.peer else { return };
        let deadline = peer.poll_timeout();
        if !peer.transmit().is_empty() && !link.transmit_told {
            link.transmit_told = true;
            link.written_at = outlet.now;
            outlet.transmit(conn);
        }
        self.set_deadline(conn, deadline);
    }

    /// Sends a message of the application's.
    pub(super) fn send<E: Environment>(
        &mut self,
        outlet: &mut Outlet<E>,
        conn: ConnId,
        command: Command,
        payload: &[u8],
    ) -> Result<(), InputError> {
        let peer = self.commanded(conn)?;
        let before = peer.queued().len();
        let sent = peer.queue_payload(outlet.now, command, payload);
        sent.map_err(|error| InputError::NotSent { conn, command, error })?;
        outlet.show_queued(conn, peer, before);
        self.settle(outlet, conn);
        Ok(())
    }

    /// Asks a peer for what the application wants.
    pub(super) fn request<E: Environment>(
        &mut self,
        outlet: &mut Outlet<E>,
        conn: ConnId,
        items: &[Inventory],
    ) -> Result<(), InputError> {
        let peer = self.commanded(conn)?;
        let before = peer.queued().len();
        let taken = peer.request(outlet.now, items.iter().copied());
        outlet.show_queued(conn, peer, before);
        self.settle(outlet, conn);
        match items.len() - taken {
            0 => Ok(()),
            refused => Err(InputError::NotRequested { conn, refused }),
        }
    }

    /// Asks a peer for transactions, under the id by which it announces. Returns how many of them, from the first
    /// on, it can be asked for.
    pub(super) fn ask<E: Environment>(
        &mut self,
        outlet: &mut Outlet<E>,
        conn: ConnId,
        hashes: &[(ConnId, Hash)],
    ) -> usize {
        let Some(peer) = self.links.get_mut(conn).and_then(|link| link.peer.as_deref_mut()) else { return 0 };
        let before = peer.queued().len();
        let inv_type = peer.tx_inv_type();
        let items = hashes.iter().map(|(_, hash)| Inventory { inv_type, hash: *hash });
        let taken = peer.request(outlet.now, items);
        outlet.show_queued(conn, peer, before);
        self.settle(outlet, conn);
        taken
    }

    /// Notes how much was written.
    pub(super) fn transmitted(&mut self, conn: ConnId, n: usize, now: Instant) {
        if let Some(link) = self.links.get_mut(conn)
            && let Some(peer) = &mut link.peer
        {
            if n > 0 {
                link.written_at = now;
            }
            peer.transmitted(n);
            link.transmit_told = !peer.transmit().is_empty();
        }
    }

    /// Since when bytes wait and none could be written; `None` if none wait.
    pub(super) fn stuck_since(&self, conn: ConnId) -> Option<Instant> {
        let link = self.links.get(conn)?;
        let waits = link.peer.as_ref().is_some_and(|peer| !peer.transmit().is_empty());
        waits.then_some(link.written_at)
    }

    pub(super) fn set_deadline(&mut self, conn: ConnId, deadline: Option<Instant>) {
        let Some(link) = self.links.get_mut(conn) else { return };
        self.deadlines.replace(conn, link.deadline, deadline);
        link.deadline = deadline;
    }

    /// Returns the earliest deadline of all connections.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first()
    }

    /// Takes out the connections that are due at `now`.
    pub(super) fn take_due(&mut self, now: Instant) -> impl Iterator<Item = ConnId> + use<> {
        let due = self.deadlines.take_due(now);
        for conn in &due {
            if let Some(link) = self.links.get_mut(*conn) {
                link.deadline = None;
            }
        }
        due.into_iter()
    }
}

/// An open connection of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodePeer {
    /// Its name.
    pub conn: ConnId,
    /// The other side's address.
    pub addr: SocketAddr,
    /// The target that it leads to, if we dialled.
    pub target: Option<TargetId>,
    /// Since when its handshake is done.
    pub ready_since: Option<Instant>,
    /// Transactions that were asked of it, came from it, and were new.
    pub delivered: u32,
    /// The fault with it, if any.
    pub verdict: Verdict,
    /// Since when that is so.
    pub verdict_since: Instant,
    /// The facts that the peer itself knows.
    pub info: PeerInfo,
}

impl Link {
    fn is_inbound(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.direction() == Direction::Inbound)
    }
}
