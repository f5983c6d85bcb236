//! Which addresses we keep a connection to, and when each is tried again.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::connections::Connections;
use super::deadlines::Deadlines;
use super::outlet::Outlet;
use super::{Address, ConnId, Environment, InputError, Output, TargetId};
use crate::{Config, Instant};

/// Addresses of one name that are used: further ones of an answer are dropped. Bitcoin Core takes as many
/// of a DNS seed (`src/net.cpp` `ThreadDNSAddressSeed`).
const MAX_RESOLVED: usize = 32;

/// The targets: addresses to keep a connection to.
#[derive(Debug, Default)]
pub(super) struct Dialler {
    targets: BTreeMap<TargetId, Target>,
    by_address: BTreeMap<Address, TargetId>,
    next: u32,
    redials: Deadlines<TargetId>,
}

/// An address, and how far we are with it.
#[derive(Debug)]
struct Target {
    address: Address,
    /// Attempts that led to no lasting connection since the last that did.
    failures: u32,
    /// Where the name leads, to be tried before the next wait.
    resolved: VecDeque<SocketAddr>,
    /// Where it led and was tried already, the oldest first: the next answer begins with the others.
    tried: Vec<SocketAddr>,
    /// When it is to be dialled, if it is waiting.
    redial_at: Option<Instant>,
    /// The connection, made or in the making.
    conn: Option<ConnId>,
}

/// The consequence of an answer of the resolver.
pub(super) enum Resolved {
    /// Connect there.
    Connect(SocketAddr),
    /// The name has no address.
    Nothing,
    /// Nobody waits for this answer.
    NotAwaited,
}

impl Dialler {
    /// Notes a target. Returns its name, or `None` if the address is a target already.
    ///
    /// # Errors
    /// If the address is one that no driver can connect to.
    pub(super) fn add(&mut self, address: Address) -> Result<Option<TargetId>, InputError> {
        if let Address::Overlay { .. } = address {
            return Err(InputError::NetworkNotDialled(address));
        }
        if self.by_address.contains_key(&address) {
            return Ok(None);
        }
        let id = TargetId(self.next);
        self.next += 1;
        self.by_address.insert(address.clone(), id);
        self.targets.insert(id, Target::new(address));
        Ok(Some(id))
    }

    /// Forgets a target. Returns its address, and its connection, if it has one.
    ///
    /// # Errors
    /// If there is no such target.
    pub(super) fn remove(&mut self, id: TargetId) -> Result<(Address, Option<ConnId>), InputError> {
        let target = self.targets.remove(&id).ok_or(InputError::UnknownTarget(id))?;
        self.by_address.remove(&target.address);
        self.redials.replace(id, target.redial_at, None);
        Ok((target.address, target.conn))
    }

    /// Returns the address of a target.
    pub(super) fn address(&self, id: TargetId) -> Option<&Address> {
        self.targets.get(&id).map(|target| &target.address)
    }

    /// How many targets there are.
    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    /// Returns the name of the target with this address.
    pub(super) fn find(&self, address: &Address) -> Option<TargetId> {
        self.by_address.get(address).copied()
    }

    /// When the next target is to be dialled.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.redials.first()
    }

    /// Takes out the targets that are to be dialled at `now`.
    pub(super) fn take_due(&mut self, now: Instant) -> impl Iterator<Item = TargetId> + use<> {
        let due = self.redials.take_due(now);
        for id in &due {
            if let Some(target) = self.targets.get_mut(id) {
                target.redial_at = None;
            }
        }
        due.into_iter()
    }

    /// Dials nobody any more.
    pub(super) fn stop(&mut self) {
        self.redials.clear();
    }

    /// Begins an attempt: orders a connection, or a look-up first.
    pub(super) fn dial<E: Environment>(
        &mut self,
        id: TargetId,
        outlet: &mut Outlet<E>,
        connections: &mut Connections,
        config: &Config,
    ) {
        match self.targets.get(&id).map(|target| &target.address) {
            Some(Address::Socket(addr)) => self.connect(id, *addr, outlet, connections, config),
            Some(Address::Name { host, port }) => {
                outlet.push(Output::Resolve { target: id, host: host.clone(), port: *port });
            }
            Some(Address::Overlay { .. }) | None => {}
        }
    }

    /// Orders a connection to one address of a target.
    pub(super) fn connect<E: Environment>(
        &mut self,
        id: TargetId,
        addr: SocketAddr,
        outlet: &mut Outlet<E>,
        connections: &mut Connections,
        config: &Config,
    ) {
        let conn = connections.add(addr, Some(id));
        if let Some(target) = self.targets.get_mut(&id) {
            target.conn = Some(conn);
        }
        connections.set_deadline(conn, Some(outlet.now + config.connect_timeout));
        outlet.push(Output::Connect { conn, addr });
    }

    /// Takes the addresses of a name that is being looked up: those that were not tried come first, so that
    /// one that accepts and hangs up does not hide the others.
    pub(super) fn resolved(&mut self, id: TargetId, addrs: &[SocketAddr]) -> Resolved {
        let Some(target) = self.targets.get_mut(&id) else { return Resolved::NotAwaited };
        if target.conn.is_some()
            || target.redial_at.is_some()
            || !matches!(target.address, Address::Name { .. })
        {
            return Resolved::NotAwaited;
        }
        target.take_answer(&addrs[..addrs.len().min(MAX_RESOLVED)]);
        target.next_addr().map_or(Resolved::Nothing, Resolved::Connect)
    }

    /// A connection could not be made: returns the name's next address, if there is one.
    pub(super) fn failed(&mut self, id: TargetId) -> Option<SocketAddr> {
        let target = self.targets.get_mut(&id)?;
        target.conn = None;
        target.next_addr()
    }

    /// An attempt or a connection is over, and the next comes after a wait. `lasted` is the time for which it
    /// was ready, if it was. Returns the wait, and sets the time of the next attempt.
    pub(super) fn ended(
        &mut self,
        id: TargetId,
        now: Instant,
        lasted: Option<Duration>,
        random: u64,
        config: &Config,
    ) -> Duration {
        let Some(target) = self.targets.get_mut(&id) else { return Duration::ZERO };
        target.ended(lasted, config);
        let wait = target.wait(config, random);
        let at = Some(now + wait);
        self.redials.replace(id, target.redial_at, at);
        target.redial_at = at;
        wait
    }
}

impl Target {
    const fn new(address: Address) -> Self {
        Self {
            address,
            failures: 0,
            resolved: VecDeque::new(),
            tried: Vec::new(),
            redial_at: None,
            conn: None,
        }
    }

    fn take_answer(&mut self, addrs: &[SocketAddr]) {
        // Addresses that the name no longer leads to are forgotten, so that this list is no longer than an answer.
        self.tried.retain(|addr| addrs.contains(addr));
        self.resolved.clear();
        for addr in addrs {
            if !self.tried.contains(addr) && !self.resolved.contains(addr) {
                self.resolved.push_back(*addr);
            }
        }
        if self.resolved.is_empty() {
            // All were tried: the one that was tried longest ago is next.
            self.resolved.extend(self.tried.drain(..));
        }
    }

    fn next_addr(&mut self) -> Option<SocketAddr> {
        let addr = self.resolved.pop_front()?;
        self.tried.push(addr);
        Some(addr)
    }

    /// Notes that the connection could not be made, or ended. One that lasted as long as the longest wait
    /// wipes out the failures before it, and its address is tried first again; a shorter one does neither, so
    /// that a peer that says hello and hangs up is not dialled in a loop.
    fn ended(&mut self, lasted: Option<Duration>, config: &Config) {
        self.conn = None;
        if lasted.is_some_and(|lasted| lasted >= config.redial_max) {
            self.failures = 0;
            self.tried.pop();
        } else {
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// Returns how long to wait now: twice as long with each failure, and of that between half and all, by a
    /// random number, so that many who lost the same peer do not come back together.
    fn wait(&self, config: &Config, random: u64) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(31);
        let longest = config.redial_min.saturating_mul(1 << doublings).min(config.redial_max);
        let half = u64::try_from(longest.as_micros() / 2).unwrap_or(u64::MAX);
        let more = half.checked_add(1).map_or(random, |range| random % range);
        Duration::from_micros(half.saturating_add(more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Target {
        Target::new(Address::Name { host: "example".into(), port: 1 })
    }

    #[test]
    fn waits_grow_to_the_limit_and_start_anew() {
        let config = Config::default();
        let mut target = name();
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

    /// More microseconds than a `u64` holds are a long wait, not none.
    #[test]
    fn a_wait_for_ever_does_not_become_none() {
        let config = Config { redial_min: Duration::MAX, redial_max: Duration::MAX, ..Config::default() };
        let mut target = name();
        for _ in 0..40 {
            target.ended(None, &config);
            for random in [0, 1, u64::MAX] {
                assert!(target.wait(&config, random) >= Duration::from_micros(u64::MAX / 2));
            }
        }
    }

    #[test]
    fn an_answer_begins_with_what_was_not_tried() {
        let [a, b, c] = [1, 2, 3].map(|n| SocketAddr::from(([10, 0, 0, n], 1)));
        let mut target = name();
        let mut next = |answer: &[SocketAddr]| {
            target.take_answer(answer);
            target.next_addr()
        };
        assert_eq!(next(&[a, b, c]), Some(a));
        assert_eq!(next(&[a, b, c]), Some(b));
        // The order in which they are named does not matter.
        assert_eq!(next(&[b, a, c]), Some(c));
        assert_eq!(next(&[c, b, a]), Some(a));
        assert_eq!(next(&[c, b]), Some(c));
        assert_eq!(next(&[c]), Some(c));
        assert_eq!(next(&[c]), Some(c));
        assert_eq!(next(&[]), None);
        assert_eq!(next(&[b, b, b]), Some(b));
    }

    #[test]
    fn an_address_that_lasted_is_tried_first_again() {
        let [a, b] = [1, 2].map(|n| SocketAddr::from(([10, 0, 0, n], 1)));
        let config = Config::default();
        let mut target = name();
        target.take_answer(&[a, b]);
        assert_eq!(target.next_addr(), Some(a));
        target.ended(Some(config.redial_max), &config);
        target.take_answer(&[a, b]);
        assert_eq!(target.next_addr(), Some(a));
        target.ended(Some(Duration::ZERO), &config);
        target.take_answer(&[a, b]);
        assert_eq!(target.next_addr(), Some(b));
    }
}
