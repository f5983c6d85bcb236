//! The node alone: the bytes that the drivers read off sockets, cut alike, and no sockets.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use harness::Hello;
use satwire_core::Node;
use satwire_core::node::{ConnId, EventKind, FromRng, Input, Output};
use satwire_std::{Clock, READ};

use crate::ingest::{TX, unasked};
use crate::meter::{Cpu, nanos_each};
use crate::server::environment;
use crate::side::say;
use crate::stream::shares;

/// Takes so many transactions from so many peers.
pub(crate) fn take(peers: usize, txs: usize) -> io::Result<()> {
    let clock = Clock::start();
    let mut node = Node::new(unasked(), clock.wall(), environment());
    let shares = shares(peers, txs);
    let conns: Vec<_> = (1..=peers as u64).map(ConnId).collect();
    let addr = SocketAddr::from(([127, 0, 0, 2], 8333));
    for &conn in &conns {
        node.handle(clock.now(), Input::Accepted { conn, addr });
        node.handle(clock.now(), Input::Received(conn, &Hello::default().all()));
    }
    node.handle(clock.now(), Input::Timeout);
    drain(&mut node);
    let longest = shares.iter().map(Vec::len).max().unwrap_or(0);
    let (mut count, mut taken, mut buffer) = (0, Duration::ZERO, vec![0; READ]);
    for start in (0..longest).step_by(READ) {
        for (&conn, share) in conns.iter().zip(&shares) {
            let chunk = &share[start.min(share.len())..share.len().min(start + READ)];
            // Where a read would have put it: getting it there is not the node's work.
            buffer[..chunk.len()].copy_from_slice(chunk);
            let used = Cpu::now();
            node.handle(clock.now(), Input::Received(conn, &buffer[..chunk.len()]));
            count += drain(&mut node);
            taken += used.elapsed();
        }
    }
    if count != txs {
        return Err(io::Error::other(format!("{count} transactions of {txs}")));
    }
    say(nanos_each(taken, txs), TX);
    Ok(())
}

/// Does as a driver does; how many transactions came.
fn drain(node: &mut Node<FromRng<chacha20::ChaCha12Rng>>) -> usize {
    let mut txs = 0;
    while let Some(output) = node.poll() {
        match output {
            Output::Transmit(conn) => node.transmitted(conn, usize::MAX),
            Output::Event(event) => txs += usize::from(matches!(event.kind, EventKind::Tx { .. })),
            _ => {}
        }
    }
    txs
}
