//! The fault of each peer, in one word, and since when; and whether it is not the peers but we who are offline.
//!
//! A message costs the store of a time at most. Everything else is seen when a connection is looked at: with the next
//! ping, and when it has announced nothing for [`Config::inv_timeout`]. A verdict steers nothing.

mod reach;
mod recent_announcers;
mod standing;

use core::time::Duration;

use self::reach::Reach;
use self::recent_announcers::RecentAnnouncers;
use self::standing::Standing;
use super::connections::Connections;
use super::deadlines::Deadlines;
use super::dialler::Dialler;
use super::outlet::Outlet;
use super::{ConnId, ConnMap, Environment, EventKind, Purpose, TargetId};
use crate::peer::{self, Direction};
use crate::{CloseReason, Config, Instant};

/// The verdict on a peer: what is wrong with it. Where several things are, the first in this order.
///
/// A peer that is [`Junk`](Self::Junk) stays so for as long as its connection lasts. Of everything else it recovers by
/// doing what it did not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The handshake is not done. Told when half of the time is over that it may take
    /// ([`Config::outbound_handshake_timeout`], [`Config::inbound_handshake_timeout`]). Since the connection is open.
    HandshakePending,
    /// The peer does not read what we send: our ping is late, and nothing could be written to the connection for at
    /// least a quarter of [`Config::ping_interval`] although bytes wait. Since that ping.
    NeverReads,
    /// Our ping is unanswered for as long as [`Config::ping_interval`], when the next one would be due: with the
    /// defaults after 2 minutes, 18 before the connection is given up. At least 1 s. Since that ping.
    PingLate,
    /// A request ran out of time ([`Config::request_timeout`]), and no other one was answered meanwhile. A `notfound`
    /// is an answer. Since that request.
    RequestsUnanswered,
    /// The peer announced no transaction for [`Config::inv_timeout`] while at least two others did. Since the last one
    /// that it announced, or the end of its handshake.
    InvsStopped,
    /// The peer sent a transaction that can never be mined, or that cannot come alone
    /// (Bitcoin Core `src/consensus/tx_check.cpp` `CheckTransaction`): no honest peer relays it. Since the first.
    Junk,
    /// Nothing. Since the end of the handshake, or since something was wrong last.
    Ok,
}

impl Verdict {
    /// Returns a stable word for programs, in snake_case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HandshakePending => "handshake_pending",
            Self::NeverReads => "never_reads",
            Self::PingLate => "ping_late",
            Self::RequestsUnanswered => "requests_unanswered",
            Self::InvsStopped => "invs_stopped",
            Self::Junk => "junk",
            Self::Ok => "ok",
        }
    }
}

impl core::fmt::Display for Verdict {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A ping is not late before this time, however short the interval.
const LATE_AT_LEAST: Duration = Duration::from_secs(1);

/// Anything that follows a message at the same time is not after it.
const JUST_AFTER: Duration = Duration::from_micros(1);

/// The verdicts on all open connections.
#[derive(Debug)]
pub(super) struct Verdicts {
    /// Whether there are any but [`Verdict::Ok`] and [`Verdict::HandshakePending`].
    enabled: bool,
    /// When a ping is late.
    late: Duration,
    inv_timeout: Duration,
    request_timeout: Duration,
    outbound_handshake_timeout: Duration,
    inbound_handshake_timeout: Duration,
    peers: ConnMap<Standing>,
    deadlines: Deadlines<ConnId>,
    announcers: RecentAnnouncers,
    reach: Reach,
}

impl Verdicts {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            enabled: config.verdicts,
            late: config.ping_interval.max(LATE_AT_LEAST),
            inv_timeout: config.inv_timeout.max(LATE_AT_LEAST),
            request_timeout: config.request_timeout,
            outbound_handshake_timeout: config.outbound_handshake_timeout,
            inbound_handshake_timeout: config.inbound_handshake_timeout,
            peers: ConnMap::new(),
            deadlines: Deadlines::default(),
            announcers: RecentAnnouncers::default(),
            reach: Reach::new(config.ping_interval),
        }
    }

    /// Returns the verdict on a connection, and since when it holds.
    pub(super) fn of(&self, conn: ConnId) -> (Verdict, Instant) {
        self.peers.get(conn).map_or((Verdict::HandshakePending, Instant::ZERO), Standing::verdict)
    }

    /// Notes that a connection is open.
    pub(super) fn opened(&mut self, conn: ConnId, direction: Direction, now: Instant) -> Option<EventKind> {
        self.peers.insert(conn, Standing::new(false, now));
        let timeout = match direction {
            Direction::Outbound => self.outbound_handshake_timeout,
            Direction::Inbound => self.inbound_handshake_timeout,
        };
        self.arm(conn, now + timeout / 2);
        self.reach.opened(now)
    }

    /// Notes that a connection is over.
    pub(super) fn gone(&mut self, conn: ConnId) {
        if let Some(peer) = self.peers.remove(conn) {
            self.deadlines.replace(conn, Some(peer.deadline), None);
            self.reach.gone(peer.ready);
        }
    }

    /// Notes that somebody sent something.
    #[inline]
    pub(super) fn heard(&mut self, now: Instant) -> Option<EventKind> {
        self.reach.heard(now)
    }

    /// Notes that a target could not be reached, and waits for its next turn.
    pub(super) fn dial_failed(
        &mut self,
        id: TargetId,
        reason: CloseReason,
        dialler: &Dialler,
        now: Instant,
    ) -> Option<EventKind> {
        if self.enabled { self.reach.dial_failed(id, reason, dialler, now) } else { None }
    }

    /// Takes note of an event on a connection. Returns the verdict, if it is another one now.
    pub(super) fn event(&mut self, conn: ConnId, event: &peer::Event, now: Instant) -> Option<EventKind> {
        match event {
            peer::Event::Inv(items) if items.iter().any(|item| item.inv_type.is_tx()) => {
                self.announced(conn, now)
            }
            peer::Event::Tx { latency: Some(_), .. } | peer::Event::Notfound(_) => self.answered(conn, now),
            peer::Event::InvalidTx { latency, .. } => {
                let asked = latency.is_some();
                self.change(conn, |peer| {
                    if asked {
                        peer.answered(now);
                    }
                    peer.blame(Verdict::Junk, now);
                })
            }
            peer::Event::Unanswered(_) => self.unanswered(conn, now),
            peer::Event::Pong { .. } => self.change(conn, |peer| peer.clear_ping(now)),
            peer::Event::Handshake(_) => self.ready(conn, now),
            _ => None,
        }
    }

    fn ready(&mut self, conn: ConnId, now: Instant) -> Option<EventKind> {
        let peer = self.peers.get_mut(conn)?;
        let Standing { deadline, is_told, .. } = core::mem::replace(peer, Standing::new(true, now));
        self.deadlines.replace(conn, Some(deadline), None);
        self.reach.ready();
        self.arm(conn, now + self.late.min(self.inv_timeout));
        is_told.then_some(EventKind::Verdict { verdict: Verdict::Ok, since: now })
    }

    fn announced(&mut self, conn: ConnId, now: Instant) -> Option<EventKind> {
        self.announcers.note(conn, now);
        let peer = self.peers.get_mut(conn)?;
        peer.announced_at = now;
        if peer.is_well() {
            return None;
        }
        self.arm(conn, now + self.inv_timeout);
        self.change(conn, |peer| peer.clear(Verdict::InvsStopped, now))
    }

    fn answered(&mut self, conn: ConnId, now: Instant) -> Option<EventKind> {
        let peer = self.peers.get_mut(conn)?;
        peer.answered_at = now;
        if peer.is_well() {
            return None;
        }
        self.change(conn, |peer| peer.answered(now))
    }

    fn unanswered(&mut self, conn: ConnId, now: Instant) -> Option<EventKind> {
        let waited = u64::try_from(self.request_timeout.as_micros()).unwrap_or(u64::MAX);
        let asked_at = Instant::from_micros(now.as_micros().saturating_sub(waited));
        let peer = self.peers.get_mut(conn)?;
        if peer.answered_at > asked_at {
            return None;
        }
        if self.reach.silent_since(asked_at + JUST_AFTER) && self.reach.is_quieter_than_usual(now) {
            // It may be we who are offline: seen when it is looked at.
            peer.unanswered_since = asked_at;
            self.arm(conn, now);
            return None;
        }
        self.change(conn, |peer| peer.blame(Verdict::RequestsUnanswered, asked_at))
    }

    /// Looks at the connections whose time has come.
    pub(super) fn handle_timeout<E: Environment>(
        &mut self,
        connections: &Connections,
        outlet: &mut Outlet<E>,
    ) {
        let now = outlet.now;
        for conn in self.take_due(now) {
            let Some(peer) = connections.peer(conn) else { continue };
            let stuck_since = connections.stuck_since(conn);
            // How far a write got is in no journal: what is made of it must be.
            let is_stuck = |time| {
                let seen = stuck_since.is_some_and(|since| since + time <= now);
                outlet.environment.observe(Purpose::Stuck(conn), seen.into()) != 0
            };
            if let Some((conn, kind)) = self.look(conn, now, peer.ping_sent(), is_stuck) {
                outlet.emit(conn, kind);
            }
        }
    }

    /// Looks at a connection. `ping_sent`: since when our ping waits for its answer. `is_stuck` tells whether bytes wait
    /// to be written, and for this long none could be.
    fn look(
        &mut self,
        conn: ConnId,
        now: Instant,
        ping_sent: Option<Instant>,
        is_stuck: impl FnOnce(Duration) -> bool,
    ) -> Option<(Option<ConnId>, EventKind)> {
        let peer = self.peers.get_mut(conn)?;
        let (before, since) = peer.verdict();
        if !peer.ready {
            peer.is_told = true;
            return Some((Some(conn), EventKind::Verdict { verdict: before, since }));
        }
        let (next, offline) = self.look_at_ping(conn, now, ping_sent, is_stuck);
        let next = next.min(self.look_at_invs(conn, now)).min(self.look_at_requests(conn, now));
        self.arm(conn, next);
        let told = self.told(conn, before).map(|kind| (Some(conn), kind));
        offline.map(|kind| (None, kind)).or(told)
    }

    /// Returns when to look again, and that we are offline if that is news.
    fn look_at_ping(
        &mut self,
        conn: ConnId,
        now: Instant,
        ping_sent: Option<Instant>,
        is_stuck: impl FnOnce(Duration) -> bool,
    ) -> (Instant, Option<EventKind>) {
        let Some(peer) = self.peers.get_mut(conn) else { return (Instant::MAX, None) };
        // A peer that could not be reached has time to answer from now on.
        let Some(late_at) = ping_sent.map(|sent| sent.max(self.reach.online_since()) + self.late) else {
            peer.clear_ping(now);
            return (now + self.late, None);
        };
        if now < late_at {
            peer.clear_ping(now);
            return (late_at, None);
        }
        let soon = now + self.late / 2;
        if ping_sent.is_some_and(|sent| self.reach.silent_since(sent)) {
            // A peer that lives says something in each interval, be it a pong; a little later it is certain.
            let certain_at = self.reach.heard_at() + self.late + self.late / 4;
            return if now < certain_at { (certain_at, None) } else { (soon, self.reach.lost()) };
        }
        peer.blame(Verdict::PingLate, ping_sent.unwrap_or(now));
        if is_stuck(self.late / 4) {
            peer.blame(Verdict::NeverReads, ping_sent.unwrap_or(now));
        } else {
            peer.clear(Verdict::NeverReads, now);
        }
        (soon, None)
    }

    /// Returns when to look again.
    fn look_at_invs(&mut self, conn: ConnId, now: Instant) -> Instant {
        let Some(peer) = self.peers.get_mut(conn) else { return Instant::MAX };
        let from = peer.announced_at.max(peer.compared_at).max(self.reach.online_since());
        let due = from + self.inv_timeout;
        if now < due {
            due
        } else if self.reach.is_offline() {
            now + self.inv_timeout
        } else if peer.is_blamed_for(Verdict::InvsStopped) {
            Instant::MAX
        } else if self.announcers.are_two_after(from) {
            // Others, since it has announced nothing after that.
            peer.blame(Verdict::InvsStopped, peer.announced_at);
            Instant::MAX
        } else {
            // The others were as quiet: compared anew, so that who is a moment later than they is not blamed.
            peer.compared_at = now;
            now + self.inv_timeout
        }
    }

    /// Returns when to look again.
    fn look_at_requests(&mut self, conn: ConnId, now: Instant) -> Instant {
        let Some(peer) = self.peers.get_mut(conn) else { return Instant::MAX };
        let asked_at = peer.unanswered_since;
        if asked_at < Instant::MAX && !self.reach.is_offline() {
            if self.reach.silent_since(asked_at + JUST_AFTER) {
                return now + self.late / 4;
            }
            peer.blame(Verdict::RequestsUnanswered, asked_at);
        }
        peer.unanswered_since = Instant::MAX;
        Instant::MAX
    }

    /// When a connection is to be looked at.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first()
    }

    /// Takes out the connections that are to be looked at.
    fn take_due(&mut self, now: Instant) -> impl Iterator<Item = ConnId> + use<> {
        let due = self.deadlines.take_due(now);
        for conn in &due {
            if let Some(peer) = self.peers.get_mut(*conn) {
                peer.deadline = Instant::MAX;
            }
        }
        due.into_iter()
    }

    /// A look is due at this time, unless an earlier one is.
    fn arm(&mut self, conn: ConnId, at: Instant) {
        if let Some(peer) = self.peers.get_mut(conn)
            && at < peer.deadline
            && self.enabled
        {
            self.deadlines.replace(conn, Some(peer.deadline), Some(at));
            peer.deadline = at;
        }
    }

    /// Changes a standing. Returns the verdict, if it is another one now.
    fn change(&mut self, conn: ConnId, change: impl FnOnce(&mut Standing)) -> Option<EventKind> {
        if !self.enabled {
            return None;
        }
        let peer = self.peers.get_mut(conn)?;
        let before = peer.verdict().0;
        change(peer);
        self.told(conn, before)
    }

    /// Returns the verdict if it is another than before.
    fn told(&self, conn: ConnId, before: Verdict) -> Option<EventKind> {
        let (verdict, since) = self.peers.get(conn)?.verdict();
        (verdict != before).then_some(EventKind::Verdict { verdict, since })
    }
}
