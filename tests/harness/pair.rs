//! Two nodes and the way between them.

use std::collections::VecDeque;
use std::time::Duration;

use satwire_core::node::{ConnId, Input};
use satwire_core::{Config, Instant};

use crate::{Script, World, peer_addr};

/// Two worlds whose nodes are connected to each other: the left one dialled the right one.
///
/// Bytes travel for as long as the latency says, and arrive in the order in which they left.
#[derive(Debug)]
pub struct Pair {
    /// The side that dialled.
    pub left: World,
    /// The side that accepted.
    pub right: World,
    /// The connection, as the left one calls it.
    pub left_conn: ConnId,
    /// The connection, as the right one calls it.
    pub right_conn: ConnId,
    latency: Duration,
    to_left: VecDeque<(Instant, Vec<u8>)>,
    to_right: VecDeque<(Instant, Vec<u8>)>,
}

impl Pair {
    /// Connects two nodes. Nothing has travelled yet.
    pub fn new(left: Config, right: Config, latency: Duration) -> Self {
        // Other words than the left one's, or they would take each other for themselves.
        let script = Script { drawn: 1_000_000, ..Script::default() };
        let (mut left, mut right) = (World::new(left), World::with_script(right, script));
        let left_conn = left.dial(peer_addr(2));
        let right_conn = right.accept(peer_addr(1));
        let mut pair = Self {
            left,
            right,
            left_conn,
            right_conn,
            latency,
            to_left: VecDeque::new(),
            to_right: VecDeque::new(),
        };
        pair.collect();
        pair
    }

    /// Lets time pass on both sides. Bytes that arrive at an instant are read before its deadlines.
    pub fn advance(&mut self, by: Duration) {
        let end = self.left.now + by;
        loop {
            let arrivals = [&self.to_left, &self.to_right].map(|way| way.front().map(|(at, _)| *at));
            let deadlines = [&self.left, &self.right].map(|side| side.node.poll_timeout());
            let next = arrivals.into_iter().chain(deadlines).flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.step(next);
        }
        self.left.now = end;
        self.right.now = end;
    }

    fn step(&mut self, now: Instant) {
        let now = now.max(self.left.now);
        for (side, conn, way) in [
            (&mut self.left, self.left_conn, &mut self.to_left),
            (&mut self.right, self.right_conn, &mut self.to_right),
        ] {
            side.now = now;
            while way.front().is_some_and(|(at, _)| *at <= now) {
                if let Some((_, bytes)) = way.pop_front() {
                    side.handle(Input::Received(conn, &bytes));
                }
            }
            side.advance(Duration::ZERO);
        }
        self.collect();
    }

    /// Puts what both have to say on its way.
    fn collect(&mut self) {
        let arrival = self.left.now + self.latency;
        for (side, conn, way) in [
            (&mut self.left, self.left_conn, &mut self.to_right),
            (&mut self.right, self.right_conn, &mut self.to_left),
        ] {
            let bytes = side.heard_bytes(conn);
            if !bytes.is_empty() {
                way.push_back((arrival, bytes));
            }
        }
    }
}
