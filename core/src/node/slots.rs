//! Room for connections that come in: who is let in, and who makes room.
//!
//! One host must not be able to take all slots and keep others out. So slots are limited per address and per
//! group of addresses, and when all are taken a newcomer is let in at the cost of one that is worth less:
//! a connection whose handshake is not done, else the one that has delivered the fewest transactions. Bitcoin
//! Core has no limit per address and evicts by a longer list (`src/node/eviction.cpp`).

use alloc::collections::{BTreeMap, BTreeSet};
use core::net::{IpAddr, SocketAddr};

use super::ConnId;
use crate::{CloseReason, Config};

/// How many connections were accepted, from where, and which of them have not finished their handshake.
/// Loopback is only counted in the total.
#[derive(Debug, Default)]
pub(super) struct Slots {
    taken: usize,
    half_open: BTreeSet<ConnId>,
    by_address: BTreeMap<IpAddr, usize>,
    by_group: BTreeMap<Group, usize>,
}

/// The first 16 bits of an IPv4 address, or the first 32 of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    V4([u8; 2]),
    V6([u8; 4]),
}

impl Group {
    pub(super) const fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => {
                let [a, b, ..] = ip.octets();
                Self::V4([a, b])
            }
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.octets();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// The room that a newcomer finds.
pub(super) enum Room {
    /// A slot is free.
    Free,
    /// All are taken, and this connection, which has not finished its handshake, makes room.
    HalfOpen(ConnId),
    /// All are taken, by connections whose handshake is done.
    Full,
}

impl Slots {
    /// Decides about a newcomer from `addr`, and notes nothing yet.
    ///
    /// Of the connections without a handshake the oldest makes room: an honest one takes a second.
    pub(super) fn room(&self, addr: SocketAddr, config: &Config) -> Result<Room, CloseReason> {
        let ip = addr.ip().to_canonical();
        if !ip.is_loopback() {
            let limit = config.inbound_per_address;
            if self.by_address.get(&ip).is_some_and(|count| *count >= limit) {
                return Err(CloseReason::NoSlotForAddress { limit });
            }
            let limit = config.inbound_per_group;
            if self.by_group.get(&Group::of(ip)).is_some_and(|count| *count >= limit) {
                return Err(CloseReason::NoSlotForGroup { limit });
            }
        }
        if self.taken < config.inbound_slots {
            return Ok(Room::Free);
        }
        Ok(self.half_open.first().map_or(Room::Full, |conn| Room::HalfOpen(*conn)))
    }

    /// Notes a connection that was let in.
    pub(super) fn enter(&mut self, conn: ConnId, addr: SocketAddr) {
        let ip = addr.ip().to_canonical();
        if !ip.is_loopback() {
            *self.by_address.entry(ip).or_default() += 1;
            *self.by_group.entry(Group::of(ip)).or_default() += 1;
        }
        self.taken += 1;
        self.half_open.insert(conn);
    }

    /// Notes that a connection's handshake is done.
    pub(super) fn ready(&mut self, conn: ConnId) {
        self.half_open.remove(&conn);
    }

    /// Forgets a connection that had entered.
    pub(super) fn leave(&mut self, conn: ConnId, addr: SocketAddr) {
        let ip = addr.ip().to_canonical();
        if !ip.is_loopback() {
            decrement(&mut self.by_address, &ip);
            decrement(&mut self.by_group, &Group::of(ip));
        }
        self.taken -= 1;
        self.half_open.remove(&conn);
    }
}

fn decrement<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
