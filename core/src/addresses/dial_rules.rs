//! The rules for dialling automatically: which addresses a draw may return.

use alloc::collections::BTreeSet;

use super::bad_ports::is_bad_port;
use super::receipt::may_know_addresses;
use super::{AddrInfo, AddrNetwork, AddrPort, AddrTable, Draw, NetGroup, Networks};
use crate::wire::Services;

/// Draws of one round (Bitcoin Core `src/net.cpp` `ThreadOpenConnections`).
const MAX_DRAWS: u32 = 100;
/// Draws after which an address that was tried in the last 10 minutes may be taken.
const DRAWS_WITHOUT_RECENT: u32 = 30;
/// Draws after which a port of another service may be taken.
const DRAWS_WITHOUT_BAD_PORTS: u32 = 50;

/// The purpose of a connection that is made automatically.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DialPurpose {
    /// A lasting connection for everything: one in each network group.
    FullRelay,
    /// A test whether an address is alive, over after its `version`: first those whose place another one waits for,
    /// else from the new table.
    Feeler,
}

/// The addresses that a draw may return.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct DialRules<'a> {
    /// The purpose.
    pub purpose: DialPurpose,
    /// The networks that can be dialled.
    pub networks: Networks,
    /// The groups of the outbound peers of IPv4 and IPv6 that are there: no second one is dialled in them.
    pub groups: &'a BTreeSet<NetGroup>,
    /// Whether an address is not to be dialled for another reason: it is connected, a peer named by hand, banned, or
    /// avoided.
    pub is_excluded: &'a dyn Fn(&AddrPort) -> bool,
}

impl<'a> DialRules<'a> {
    /// Returns the rules for a connection of this purpose.
    pub const fn new(
        purpose: DialPurpose,
        networks: Networks,
        groups: &'a BTreeSet<NetGroup>,
        is_excluded: &'a dyn Fn(&AddrPort) -> bool,
    ) -> Self {
        Self { purpose, networks, groups, is_excluded }
    }
}

impl core::fmt::Debug for DialRules<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { purpose, networks, groups, .. } = self;
        f.debug_struct("DialRules")
            .field("purpose", purpose)
            .field("networks", networks)
            .field("groups", groups)
            .finish_non_exhaustive()
    }
}

impl AddrTable {
    /// Draws an address that may be dialled, at most 100 times; `None` if none did. Before a feeler call
    /// [`AddrTable::resolve_collisions`].
    pub fn choose(&self, rules: &DialRules<'_>, now: u32, random: u64) -> Option<AddrInfo> {
        let mut draw = Draw::new(random);
        for nth in 1..=MAX_DRAWS {
            let is_feeler = rules.purpose == DialPurpose::Feeler;
            let collision = if is_feeler { self.select_collision(draw.next()) } else { None };
            let drawn = match collision {
                Some(info) if !(rules.is_excluded)(&info.addr) => info,
                _ => self.select(is_feeler, rules.networks, now, draw.next())?,
            };
            if self.may_be_dialled(&drawn, rules, nth, now) {
                return Some(drawn);
            }
        }
        None
    }

    /// Returns whether the address that the nth draw returned may be dialled.
    pub(super) fn may_be_dialled(&self, drawn: &AddrInfo, rules: &DialRules<'_>, nth: u32, now: u32) -> bool {
        let AddrPort { addr, port } = drawn.addr;
        let network = AddrNetwork::of(&addr);
        let has_services = match rules.purpose {
            DialPurpose::FullRelay => is_desirable(drawn.services),
            DialPurpose::Feeler => may_know_addresses(drawn.services),
        };
        let has_free_group = rules.purpose == DialPurpose::Feeler
            || !network.has_groups()
            || !rules.groups.contains(&self.groups.of(&addr));
        let was_tried_lately = drawn.last_try.is_some_and(|time| i64::from(now) - i64::from(time) < 10 * 60);
        has_services
            && has_free_group
            && rules.networks.contains(network)
            && self.groups.is_routable(&addr)
            && (!was_tried_lately || nth >= DRAWS_WITHOUT_RECENT)
            && (!network.has_groups() || !is_bad_port(port) || nth >= DRAWS_WITHOUT_BAD_PORTS)
            && !(rules.is_excluded)(&drawn.addr)
    }
}

/// Returns whether a peer with these services is wanted for a lasting connection: it has witnesses, and blocks, all or
/// the last ones (H9; Bitcoin Core `src/protocol.h` `HasAllDesirableServiceFlags`).
pub const fn is_desirable(services: Services) -> bool {
    services.contains(Services::WITNESS) && may_know_addresses(services)
}

/// Returns whether a failure to connect counts against an address: only with enough peers in different groups, else we
/// may be offline ourselves (Bitcoin Core `src/net.cpp` `ThreadOpenConnections`). `groups` is the number of groups of
/// the outbound peers, each of a network without groups counting as one; `max_automatic` is how many automatic
/// connections there may be.
pub const fn counts_failures(groups: usize, max_automatic: usize) -> bool {
    groups >= if max_automatic > 2 { 2 } else { max_automatic.saturating_sub(1) }
}
