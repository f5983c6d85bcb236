//! Addresses to keep a connection to, and when to try again.

use alloc::collections::VecDeque;
use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use super::{ConnId, Due, Environment, EventKind, Node, Output, Purpose};
use crate::{CloseReason, Config, Instant, IoError};

/// Where a peer is to be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// At this address.
    Socket(SocketAddr),
    /// At whatever the name stands for at the time.
    Name {
        /// A host name.
        host: String,
        /// A TCP port.
        port: u16,
    },
    /// An address of Tor, I2P or CJDNS. It can be named and kept; it is not dialled.
    Overlay {
        /// The address on its network.
        addr: crate::wire::AddrV2,
        /// The port, 0 on I2P.
        port: u16,
    },
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self::Socket(addr)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(addr) => write!(f, "{addr}"),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
            Self::Overlay { addr, port } => write!(f, "{addr}:{port}"),
        }
    }
}

/// Names one [`Address`] of one node: they are counted from 0 in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u32);

/// An address, and how far we are with it.
#[derive(Debug)]
pub(super) struct Target {
    address: Address,
    /// Attempts that led to no lasting connection since the last that did.
    failures: u32,
    /// Where else the name leads, to be tried before the next wait.
    resolved: VecDeque<SocketAddr>,
    /// When it is to be dialled, if it is waiting.
    pub(super) redial_at: Option<Instant>,
    /// The connection, made or in the making.
    pub(super) conn: Option<ConnId>,
}

impl Target {
    const fn new(address: Address) -> Self {
        Self { address, failures: 0, resolved: VecDeque::new(), redial_at: None, conn: None }
    }

    pub(super) fn is(&self, address: &Address) -> bool {
        self.address == *address
    }

    /// Notes that the connection could not be made, or ended. `lasted` tells how long it was ready,
    /// if it was: one that lasted as long as the longest wait wipes out the failures before it, a
    /// shorter one does not, so that a peer that greets and hangs up is not dialled in a loop.
    fn ended(&mut self, lasted: Option<Duration>, config: &Config) {
        self.conn = None;
        self.failures = match lasted {
            Some(lasted) if lasted >= config.redial_max => 0,
            _ => self.failures.saturating_add(1),
        };
    }

    /// How long to wait now: twice as long with each failure, and of that between half and all, by
    /// the random `word`, so that many who lost the same peer do not come back together.
    fn wait(&self, config: &Config, word: u64) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(31);
        let longest = config.redial_min.saturating_mul(1 << doublings).min(config.redial_max);
        let half = longest.as_micros() as u64 / 2;
        Duration::from_micros(half + word % (half + 1))
    }
}

impl<E: Environment> Node<E> {
    /// Keeps a connection to `address` from now on.
    pub(super) fn add_target(&mut self, address: Address) {
        let id = TargetId(self.targets.len() as u32);
        self.targets.push(Target::new(address));
        self.dial(id);
    }

    pub(super) fn dial(&mut self, id: TargetId) {
        if self.stopped {
            return;
        }
        match &self.targets[id.0 as usize].address {
            Address::Socket(addr) => self.connect(id, *addr),
            Address::Name { host, port } => {
                let (host, port) = (host.clone(), *port);
                self.push(Output::Resolve { target: id, host, port });
            }
            Address::Overlay { .. } => {}
        }
    }

    pub(super) fn resolved(&mut self, id: TargetId, addrs: &[SocketAddr]) {
        let Some(target) = self.targets.get_mut(id.0 as usize) else { return };
        if self.stopped || target.conn.is_some() || target.redial_at.is_some() {
            return;
        }
        target.resolved = addrs.iter().copied().collect();
        match target.resolved.pop_front() {
            Some(addr) => self.connect(id, addr),
            None => self.dial_failed(id, CloseReason::Io(IoError::NotResolved)),
        }
    }

    fn connect(&mut self, id: TargetId, addr: SocketAddr) {
        let conn = self.new_link(addr, Some(id));
        self.targets[id.0 as usize].conn = Some(conn);
        self.set_deadline(conn, Some(self.now + self.config.connect_timeout));
        self.push(Output::Connect { conn, addr });
    }

    /// A connection could not be made: the name's next address now, or all over again later.
    pub(super) fn dial_failed(&mut self, id: TargetId, reason: CloseReason) {
        let address = self.targets[id.0 as usize].address.clone();
        let next = self.targets[id.0 as usize].resolved.pop_front();
        let retry = if next.is_some() { Duration::ZERO } else { self.redial_later(id, None) };
        self.emit(None, EventKind::DialFailed { address, reason, retry });
        if let Some(addr) = next {
            self.connect(id, addr);
        }
    }

    pub(super) fn redial_later(&mut self, id: TargetId, lasted: Option<Duration>) -> Duration {
        let target = &mut self.targets[id.0 as usize];
        target.ended(lasted, &self.config);
        let wait = target.wait(&self.config, self.environment.draw(Purpose::Jitter));
        let at = self.now + wait;
        target.redial_at = Some(at);
        self.deadlines.insert((at, Due::Target(id)));
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_limit_and_start_anew() {
        let config = Config::default();
        let mut target = Target::new(Address::Name { host: "example".into(), port: 1 });
        let mut waits = [0; 9];
        for wait in &mut waits {
            target.ended(Some(Duration::from_secs(59)), &config);
            *wait = target.wait(&config, 500_000).as_millis();
            assert!(target.wait(&config, u64::MAX) <= config.redial_max);
        }
        assert_eq!(waits, [1000, 1500, 2500, 4500, 8500, 16_500, 30_500, 30_500, 30_500]);
        target.ended(Some(Duration::from_secs(60)), &config);
        assert_eq!(target.wait(&config, 0), Duration::from_millis(500));
    }
}
