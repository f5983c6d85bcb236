//! Addresses of other nodes: which to keep, which to dial next, which to tell others.
//!
//! Everything here is a pure function of its inputs: time is given, and what happens by chance follows from a random
//! word that the caller gives, one for each decision. Times are Unix seconds.
//!
//! | Part | It is |
//! |---|---|
//! | [`AddrTable`] | the addresses, in Bitcoin Core's tables of new and tried ones (`src/addrman.cpp`) |
//! | [`NetGroups`], [`Asmap`] | which addresses one operator is likely to hold together |
//! | [`AddrTable::choose`], [`DialRules`] | whom to dial automatically |
//! | [`AddrTokens`], [`plausible_time`], [`may_know_addresses`] | what is taken of a peer's `addr` |
//! | [`GetAddrCache`] | what is answered to `getaddr` |
//! | [`BackOff`] | who sent us away, and is left alone |
//! | [`Addresses`] | all that is kept, and its form as bytes |
//! | [`Discovery`] | whom to dial when: all of it together, for a few lasting peers |

mod addr_port;
mod asmap;
mod back_off;
mod bad_ports;
mod bucket_hash;
mod buckets;
mod counts;
mod dial_rules;
mod discovery;
mod discovery_config;
mod dns_seeds;
mod draw;
mod entries;
mod entry;
mod exponential;
mod get_addr;
mod info;
mod net_group;
mod networks;
mod receipt;
mod saved;
mod saved_parts;
mod select;
mod table;
#[cfg(test)]
mod tests;

pub use self::addr_port::AddrPort;
pub use self::asmap::{Asmap, AsmapError, AsmapFault, MAX_ASMAP_BYTES};
pub use self::back_off::{BackOff, BackOffVerdict};
pub use self::counts::{Counts, NetworkCounts};
pub use self::dial_rules::{DialPurpose, DialRules, counts_failures, is_desirable};
pub use self::discovery::Discovery;
pub use self::discovery_config::{DiscoveryConfig, DiscoveryOrder, LinkEnd};
use self::draw::Draw;
pub use self::get_addr::{AskedAt, GetAddrCache, MAX_GET_ADDR, MAX_GET_ADDR_PERCENT};
pub use self::info::AddrInfo;
pub use self::net_group::{NetGroup, NetGroups, Source};
pub use self::networks::{AddrNetwork, Networks};
pub use self::receipt::{AddrTokens, may_know_addresses, plausible_time};
pub use self::saved::{Addresses, MAX_ANCHORS, MAX_SAVED_BYTES, SavedError};
pub use self::table::AddrTable;
