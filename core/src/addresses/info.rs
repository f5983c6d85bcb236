//! The knowledge of one address, for others to read.

use super::entry::Entry;
use super::{AddrPort, Source};
use crate::wire::Services;

/// The knowledge that a table has of an address. Times are Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddrInfo {
    /// The address.
    pub addr: AddrPort,
    /// The one that told of it first.
    pub source: Source,
    /// Its services, as they were told.
    pub services: Services,
    /// When it was last seen, as it was told.
    pub time: u32,
    /// When we last had a handshake with it; `None` if never.
    pub last_success: Option<u32>,
    /// When we last tried to connect; `None` if never.
    pub last_try: Option<u32>,
    /// Failures that were counted since the last success; 255 stands for more.
    pub attempts: u8,
    /// Whether it is in the tried table.
    pub is_tried: bool,
    /// Places that it holds in the new table; 0 if it is in the tried table.
    pub places: u8,
}

impl AddrInfo {
    pub(super) fn new(entry: &Entry) -> Self {
        let known = |time: u32| Some(time).filter(|time| *time != 0);
        Self {
            addr: entry.addr,
            source: entry.source,
            services: entry.services,
            time: entry.time,
            last_success: known(entry.last_success),
            last_try: known(entry.last_try),
            attempts: entry.attempts,
            is_tried: entry.is_tried,
            places: entry.places,
        }
    }
}
