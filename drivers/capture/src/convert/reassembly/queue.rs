//! Events that wait for those that may still have to come before them.

use std::collections::{BTreeMap, VecDeque};

use super::cost;
use crate::convert::CaptureEvent;

/// Puts events of all connections into the order of the packets that brought them.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// By packet, then in the order in which they were told.
    waiting: BTreeMap<(u64, u64), CaptureEvent>,
    /// The number of the next event.
    number: u64,
    /// The bytes that the waiting events cost.
    held: usize,
    ready: VecDeque<CaptureEvent>,
}

impl Queue {
    /// Takes an event that packet number `packet` brought.
    pub(super) fn push(&mut self, packet: u64, event: CaptureEvent) {
        self.held += cost(event_bytes(&event));
        self.waiting.insert((packet, self.number), event);
        self.number += 1;
    }

    /// Lets go of all events before packet number `floor`: nothing comes before them any more.
    pub(super) fn settle(&mut self, floor: Option<u64>) {
        while let Some(first) = self.waiting.first_entry() {
            if floor.is_some_and(|floor| first.key().0 >= floor) {
                break;
            }
            let event = first.remove();
            self.held -= cost(event_bytes(&event));
            self.ready.push_back(event);
        }
    }

    pub(super) fn pop(&mut self) -> Option<CaptureEvent> {
        self.ready.pop_front()
    }

    pub(super) const fn held(&self) -> usize {
        self.held
    }
}

fn event_bytes(event: &CaptureEvent) -> usize {
    match event {
        CaptureEvent::Bytes { bytes, .. } => bytes.len(),
        _ => 0,
    }
}
