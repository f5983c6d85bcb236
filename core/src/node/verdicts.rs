//! What is wrong with a peer, if something is: a verdict with its cause, and since when.
//!
//! A verdict ends no connection. It is for people, and for whoever chooses among peers.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::ConnId;
use crate::Instant;

/// What a peer is worth at the moment. Of several causes the first in this order is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It delivered a transaction that can never be mined: no node that checks what it relays does so.
    Junk,
    /// For half a minute so much has waited to be written to it that nothing more is read from it.
    NeverReads,
    /// No peer has answered our ping for two minutes, and there are at least two: the fault is ours.
    Offline,
    /// It has not answered our ping for two minutes.
    PingLate,
    /// Three requests in a row ran out of time.
    RequestsUnanswered,
    /// It has announced nothing for [`Config::invs_timeout`](crate::Config::invs_timeout), while at least two
    /// others did.
    InvsStopped,
    /// The handshake has not come to its end in ten seconds.
    HandshakeUnfinished,
    /// Nothing is wrong.
    Ok,
}

impl Verdict {
    /// A stable word for programs, in snake_case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Junk => "junk",
            Self::NeverReads => "never_reads",
            Self::Offline => "offline",
            Self::PingLate => "ping_late",
            Self::RequestsUnanswered => "requests_unanswered",
            Self::InvsStopped => "invs_stopped",
            Self::HandshakeUnfinished => "handshake_unfinished",
            Self::Ok => "ok",
        }
    }
}

/// How often all peers are looked at.
const INTERVAL: Duration = Duration::from_secs(10);
const PING_LATE: Duration = Duration::from_secs(120);
const NEVER_READS: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Requests in a row without an answer.
const UNANSWERED: u32 = 3;

/// What the peer itself knows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    /// Since when a ping waits for its answer.
    pub(super) ping_sent: Option<Instant>,
    /// So much waits to be written that nothing is read.
    pub(super) stalled: bool,
}

/// The verdicts on all open connections.
#[derive(Debug)]
pub(super) struct Verdicts {
    invs_timeout: Duration,
    records: BTreeMap<ConnId, Record>,
    next: Option<Instant>,
}

#[derive(Debug)]
struct Record {
    verdict: Verdict,
    since: Instant,
    ready: bool,
    opened: Instant,
    /// When it announced something last; at first, when its handshake was done.
    announced: Instant,
    stalled_since: Option<Instant>,
    unanswered: u32,
    junk: bool,
}

impl Verdicts {
    pub(super) const fn new(invs_timeout: Duration) -> Self {
        Self { invs_timeout, records: BTreeMap::new(), next: None }
    }

    pub(super) fn opened(&mut self, conn: ConnId, now: Instant) {
        let record = Record {
            verdict: Verdict::Ok,
            since: now,
            ready: false,
            opened: now,
            announced: now,
            stalled_since: None,
            unanswered: 0,
            junk: false,
        };
        self.records.insert(conn, record);
        self.next.get_or_insert(now + INTERVAL);
    }

    pub(super) fn ready(&mut self, conn: ConnId, now: Instant) {
        self.note(conn, |record| (record.ready, record.announced) = (true, now));
    }

    pub(super) fn announced(&mut self, conn: ConnId, now: Instant) {
        self.note(conn, |record| record.announced = now);
    }

    /// It delivered, or said that it does not have, what was asked of it.
    pub(super) fn answered(&mut self, conn: ConnId) {
        self.note(conn, |record| record.unanswered = 0);
    }

    pub(super) fn unanswered(&mut self, conn: ConnId, requests: usize) {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        self.note(conn, |record| record.unanswered = record.unanswered.saturating_add(requests));
    }

    pub(super) fn junk(&mut self, conn: ConnId) {
        self.note(conn, |record| record.junk = true);
    }

    /// Forgets a connection. Returns what the last verdict was.
    pub(super) fn closed(&mut self, conn: ConnId) -> Option<Verdict> {
        let record = self.records.remove(&conn)?;
        if self.records.is_empty() {
            self.next = None;
        }
        Some(record.verdict)
    }

    /// Returns the verdict on a connection, and since when it holds.
    pub(super) fn get(&self, conn: ConnId) -> Option<(Verdict, Instant)> {
        self.records.get(&conn).map(|record| (record.verdict, record.since))
    }

    /// When all peers are to be looked at next.
    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }

    /// Looks at all peers if it is time. Returns the verdicts that have changed.
    pub(super) fn check(&mut self, now: Instant, facts: impl Fn(ConnId) -> Facts) -> Vec<(ConnId, Verdict)> {
        if self.next.is_none_or(|next| next > now) {
            return Vec::new();
        }
        self.next = Some(now + INTERVAL);
        let timeout = self.invs_timeout;
        let recent = |record: &Record| record.ready && now.saturating_duration_since(record.announced) < timeout;
        let announcing = self.records.values().filter(|record| recent(record)).count();
        let late = |facts: &Facts| is_past(facts.ping_sent, PING_LATE, now);
        let ready = || self.records.iter().filter(|(_, record)| record.ready);
        let offline = ready().count() >= 2 && ready().all(|(conn, _)| late(&facts(*conn)));
        let mut changed = Vec::new();
        for (conn, record) in &mut self.records {
            let facts = facts(*conn);
            record.stalled_since = facts.stalled.then(|| record.stalled_since.unwrap_or(now));
            let verdict = if record.junk {
                Verdict::Junk
            } else if is_past(record.stalled_since, NEVER_READS, now) {
                Verdict::NeverReads
            } else if !record.ready {
                let unfinished = is_past(Some(record.opened), HANDSHAKE, now);
                if unfinished { Verdict::HandshakeUnfinished } else { Verdict::Ok }
            } else if late(&facts) {
                if offline { Verdict::Offline } else { Verdict::PingLate }
            } else if record.unanswered >= UNANSWERED {
                Verdict::RequestsUnanswered
            } else if !recent(record) && announcing >= 2 {
                Verdict::InvsStopped
            } else {
                Verdict::Ok
            };
            if verdict != record.verdict {
                (record.verdict, record.since) = (verdict, now);
                changed.push((*conn, verdict));
            }
        }
        changed
    }

    fn note(&mut self, conn: ConnId, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.records.get_mut(&conn) {
            change(record);
        }
    }
}

fn is_past(since: Option<Instant>, limit: Duration, now: Instant) -> bool {
    since.is_some_and(|since| now.saturating_duration_since(since) >= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEERS: [ConnId; 4] = [ConnId(1), ConnId(2), ConnId(3), ConnId(4)];

    fn at(secs: u64) -> Instant {
        Instant::from_micros(secs * 1_000_000)
    }

    /// Four peers that are ready at zero.
    fn verdicts() -> Verdicts {
        let mut verdicts = Verdicts::new(Duration::from_secs(600));
        for conn in PEERS {
            verdicts.opened(conn, at(0));
            verdicts.ready(conn, at(0));
        }
        verdicts
    }

    fn no_facts(_: ConnId) -> Facts {
        Facts::default()
    }

    #[test]
    fn invs_stop_only_while_two_others_go_on() {
        let [a, b, c, d] = PEERS;
        let mut verdicts = verdicts();
        verdicts.announced(a, at(500));
        assert_eq!(verdicts.check(at(600), no_facts), [], "one that goes on is not enough");
        verdicts.announced(b, at(605));
        assert_eq!(
            verdicts.check(at(610), no_facts),
            [(c, Verdict::InvsStopped), (d, Verdict::InvsStopped)]
        );
        assert_eq!(verdicts.get(c), Some((Verdict::InvsStopped, at(610))));
        assert_eq!(verdicts.check(at(620), no_facts), [], "told once");
        verdicts.announced(d, at(621));
        assert_eq!(verdicts.check(at(630), no_facts), [(d, Verdict::Ok)]);
    }

    #[test]
    fn we_are_offline_when_nobody_answers() {
        let [a, b, ..] = PEERS;
        let mut verdicts = verdicts();
        let late = |who: &'static [u64]| {
            move |conn: ConnId| Facts { ping_sent: who.contains(&conn.0).then_some(at(0)), stalled: false }
        };
        assert_eq!(verdicts.check(at(110), late(&[1, 2, 3, 4])), [], "two minutes");
        assert_eq!(verdicts.check(at(120), late(&[1])), [(a, Verdict::PingLate)]);
        let all = verdicts.check(at(130), late(&[1, 2, 3, 4]));
        assert_eq!(all, PEERS.map(|conn| (conn, Verdict::Offline)));
        let some = verdicts.check(at(140), late(&[1, 2]));
        assert_eq!(some[..2], [(a, Verdict::PingLate), (b, Verdict::PingLate)]);
        assert_eq!(some[2..], [(ConnId(3), Verdict::Ok), (ConnId(4), Verdict::Ok)]);
    }

    #[test]
    fn each_cause_has_its_verdict() {
        let [a, b, c, d] = PEERS;
        let mut verdicts = verdicts();
        verdicts.junk(a);
        verdicts.unanswered(b, 2);
        verdicts.unanswered(b, 1);
        verdicts.unanswered(c, 2);
        verdicts.answered(c);
        verdicts.unanswered(c, 2);
        verdicts.opened(ConnId(5), at(2));
        let stalled = |conn| Facts { ping_sent: None, stalled: conn == d };
        let first = verdicts.check(at(10), stalled);
        assert_eq!(first, [(a, Verdict::Junk), (b, Verdict::RequestsUnanswered)]);
        assert_eq!(verdicts.check(at(20), stalled), [(ConnId(5), Verdict::HandshakeUnfinished)]);
        assert_eq!(verdicts.check(at(40), stalled), [(d, Verdict::NeverReads)]);
        assert_eq!(verdicts.check(at(50), no_facts), [(d, Verdict::Ok)]);
        assert_eq!(verdicts.closed(a), Some(Verdict::Junk));
    }

    #[test]
    fn without_connections_there_is_nothing_to_do() {
        let mut verdicts = verdicts();
        assert_eq!(verdicts.poll_timeout(), Some(at(10)));
        for conn in PEERS {
            verdicts.closed(conn);
        }
        assert_eq!(verdicts.poll_timeout(), None);
    }
}
