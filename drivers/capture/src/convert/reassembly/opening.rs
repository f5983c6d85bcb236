//! Connections that are being opened: a SYN was seen, and no answer yet.

use std::collections::BTreeMap;

use super::flow::{Flow, Side};
use super::{HALF_OPEN, Segment, WINDOW};

/// The handshakes under way. The oldest makes room for a new one when there are [`HALF_OPEN`].
#[derive(Debug, Default)]
pub(super) struct Openings {
    by_flow: BTreeMap<Flow, HalfOpen>,
    /// In the order in which they began.
    by_age: BTreeMap<u64, Flow>,
    next_age: u64,
}

/// One handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct HalfOpen {
    /// The side that dials.
    pub(super) dialler: Side,
    /// The number of each side's SYN, as far as known.
    pub(super) syn: [Option<u32>; 2],
    age: u64,
}

impl Openings {
    /// A SYN or its answer, of `side`. Returns the handshake if both are known now.
    pub(super) fn syn(&mut self, flow: Flow, side: Side, segment: &Segment<'_>) -> Option<HalfOpen> {
        let other = side.other();
        let known = self.by_flow.get(&flow).copied();
        let acked = segment.ack.map(|ack| ack.wrapping_sub(1));
        let fresh = |dialler| HalfOpen { dialler, syn: [None; 2], age: 0 };
        let mut half_open = match (known, acked) {
            // It answers another SYN than ours.
            (Some(half), Some(acked)) if half.syn[other as usize].is_some_and(|syn| syn != acked) => {
                return None;
            }
            (Some(half), Some(_)) => half,
            // The same once more, or both dial at once.
            (Some(half), None) if half.syn[side as usize].is_none_or(|syn| syn == segment.seq) => half,
            (_, None) => fresh(side),
            (None, Some(_)) => fresh(other),
        };
        let answered = acked.is_some() && half_open.syn[other as usize] == acked;
        half_open.syn[side as usize] = Some(segment.seq);
        if acked.is_some() {
            half_open.syn[other as usize] = acked;
        }
        if answered || segment.length > 0 {
            self.remove(&flow);
            return Some(half_open);
        }
        self.insert(flow, half_open);
        None
    }

    /// The handshake that this segment of `side` goes on from, if there is one. `strict`: it must be the very
    /// next byte after the SYN, since another connection of these addresses is open.
    pub(super) fn take(
        &mut self,
        flow: &Flow,
        side: Side,
        segment: &Segment<'_>,
        strict: bool,
    ) -> Option<HalfOpen> {
        let half_open = self.by_flow.get(flow)?;
        let follows = |number: u32, syn: u32| {
            let distance = u64::from(number.wrapping_sub(syn.wrapping_add(1)));
            distance == 0 || !strict && distance < WINDOW
        };
        let fits = match (half_open.syn[side as usize], half_open.syn[side.other() as usize], segment.ack) {
            (Some(syn), ..) => follows(segment.seq, syn),
            (None, Some(syn), Some(ack)) => follows(ack, syn),
            _ => false,
        };
        if fits { self.remove(flow) } else { None }
    }

    /// Forgets a handshake, which was refused.
    pub(super) fn remove(&mut self, flow: &Flow) -> Option<HalfOpen> {
        let half_open = self.by_flow.remove(flow)?;
        self.by_age.remove(&half_open.age);
        Some(half_open)
    }

    pub(super) fn len(&self) -> usize {
        self.by_flow.len()
    }

    fn insert(&mut self, flow: Flow, half_open: HalfOpen) {
        self.remove(&flow);
        if self.by_flow.len() == HALF_OPEN
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.by_flow.remove(&oldest);
        }
        let age = self.next_age;
        self.next_age += 1;
        self.by_age.insert(age, flow);
        self.by_flow.insert(flow, HalfOpen { age, ..half_open });
    }
}
