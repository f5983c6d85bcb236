//! How a transaction spread, as a JSON line.

use satwire_core::node::Propagation;
use satwire_core::peer::Direction;
use satwire_core::wire::{Txid, Wtxid};
use satwire_json::Shown;
use serde::Serialize;

use super::json::micros;
use crate::model::Entry;

/// How a peer times its announcements to us: as to all that dialled it, or as to each that it dialled.
pub(super) fn delay_class(direction: Direction) -> &'static str {
    if direction == Direction::Inbound { "outbound" } else { "inbound" }
}

#[derive(Serialize)]
pub(super) struct Spread {
    txid: Shown<Txid>,
    wtxid: Shown<Wtxid>,
    first_seen: i64,
    first_peer: u64,
    delay_class: &'static str,
    age: u64,
    announcers: u32,
    listeners: u32,
    netgroups: u32,
    offset: Offset,
    congested: bool,
}

#[derive(Serialize)]
struct Offset {
    p10: u64,
    p50: u64,
    p90: u64,
    max: u64,
}

impl Spread {
    pub(super) fn new(propagation: &Propagation, entry: &Entry) -> Self {
        let Propagation { p10, p50, p90, max, .. } = *propagation;
        let [p10, p50, p90, max] = [p10, p50, p90, max].map(micros);
        Self {
            txid: Shown(propagation.txid),
            wtxid: Shown(propagation.wtxid),
            first_seen: entry.context.first_seen,
            first_peer: propagation.first_conn.0,
            delay_class: delay_class(propagation.first_direction),
            age: micros(entry.at.saturating_duration_since(propagation.first_at)),
            announcers: propagation.announcers,
            listeners: propagation.listeners,
            netgroups: propagation.netgroups,
            offset: Offset { p10, p50, p90, max },
            congested: propagation.congested,
        }
    }
}
