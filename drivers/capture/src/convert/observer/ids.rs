//! The last ids that were seen, each by the node that saw it.

use std::collections::{HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use satwire_core::node::{Address, ConnId};
use satwire_core::peer::Direction;
use satwire_core::wire::Hash;

/// The node at our end of a connection. A capture may show several of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct NodeKey {
    ip: Option<IpAddr>,
    /// Where it listens, or which connection it made, if that is needed to tell it from others.
    port: Option<u16>,
    conn: Option<ConnId>,
}

impl NodeKey {
    /// A host is one node. Where both ends are on one host its nodes are told apart by the port at which they listen; of
    /// one that dialled that is not known, and each connection counts for itself.
    pub(super) fn of(conn: ConnId, us: Option<SocketAddr>, peer: &Address, direction: Direction) -> Self {
        let Some(us) = us else { return Self::default() };
        let ip = Some(us.ip());
        let is_same_host = matches!(peer, Address::Socket(peer) if peer.ip() == us.ip());
        match direction {
            _ if !is_same_host => Self { ip, ..Self::default() },
            Direction::Inbound => Self { ip, port: Some(us.port()), conn: None },
            Direction::Outbound => Self { ip, port: None, conn: Some(conn) },
        }
    }
}

/// A set that forgets the oldest. Its table has a random order, which nobody sees.
#[derive(Debug)]
pub(super) struct RecentIds {
    known: HashSet<(NodeKey, Hash)>,
    order: VecDeque<(NodeKey, Hash)>,
    most: usize,
}

impl RecentIds {
    pub(super) fn new(most: usize) -> Self {
        Self { known: HashSet::new(), order: VecDeque::new(), most }
    }

    /// Adds an id that a node saw; false if it had seen it before.
    pub(super) fn insert(&mut self, node: NodeKey, id: Hash) -> bool {
        let is_new = self.known.insert((node, id));
        if is_new {
            self.order.push_back((node, id));
            if self.order.len() > self.most
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        is_new
    }
}
