//! One line for each thing, for people.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory as TheirInventory;
use satwire_core::Instant;
use satwire_core::node::{Announcement, EventKind, FailedRequest};
use satwire_core::peer::{Direction, Negotiated};
use satwire_core::wire::InvType;

use crate::Sent;

/// Short names for random words: `n1` is the first that was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    nonces: HashMap<u64, usize>,
}

impl Names {
    /// The name of this nonce.
    pub(crate) fn nonce(&mut self, nonce: u64) -> String {
        let next = self.nonces.len() + 1;
        format!("n{}", self.nonces.entry(nonce).or_insert(next))
    }
}

/// A point in time: `+0.120000`.
pub(crate) fn time(at: Instant) -> String {
    let micros = at.as_micros();
    format!("+{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// A message that we sent.
pub(crate) fn sent(sent: &Sent, names: &mut Names) -> String {
    let message = match sent {
        Sent::Message(message) => message,
        Sent::Unreadable { command, bytes } => return format!("{command}, {bytes} bytes"),
    };
    match message {
        NetworkMessage::Version(version) => {
            let nonce = names.nonce(version.nonce);
            let relay = if version.relay { "relay" } else { "no relay" };
            format!("version {} ({nonce}, height {}, {relay})", version.version, version.start_height)
        }
        NetworkMessage::Ping(nonce) => format!("ping {}", names.nonce(*nonce)),
        NetworkMessage::Pong(nonce) => format!("pong {}", names.nonce(*nonce)),
        NetworkMessage::Inv(list) | NetworkMessage::GetData(list) | NetworkMessage::NotFound(list) => {
            format!("{} {}", message.command(), counted(list.iter().map(|item| their_type(item).to_string())))
        }
        NetworkMessage::Unknown { payload, .. } => format!("{}, {} bytes", message.command(), payload.len()),
        _ => message.command().to_string(),
    }
}

/// Returns an event of the node as text.
pub(crate) fn event(kind: &EventKind, names: &mut Names) -> String {
    match kind {
        EventKind::Clock(clock) => format!("clock set: {} s at zero", clock.unix_seconds(Instant::ZERO)),
        EventKind::DialFailed { address, reason, retry: Duration::MAX } => {
            format!("dialling {address} failed: {reason}; not again")
        }
        EventKind::DialFailed { address, reason, retry } => {
            format!("dialling {address} failed: {reason}; again in {retry:?}")
        }
        EventKind::Connected { addr, direction: Direction::Inbound } => format!("accepted from {addr}"),
        EventKind::Connected { addr, .. } => format!("connected to {addr}"),
        EventKind::Handshake(negotiated) => format!("← handshake {}", handshake(negotiated, names)),
        EventKind::Pong { rtt, min } => format!("← pong after {rtt:?} (least {min:?})"),
        EventKind::Feefilter(rate) => format!("← feefilter {rate}"),
        EventKind::Rejected(rejection) => {
            format!("← reject {} {:#x} {}", rejection.command, rejection.code, rejection.reason)
        }
        EventKind::Announced(list) => announced(list),
        EventKind::Tx { tx, latency } => {
            let asked = match latency {
                Some(latency) => format!("asked for {latency:?} ago"),
                None => "not asked for".into(),
            };
            let view = tx.view();
            format!("← tx {} of {} vbytes, {asked}", short(&tx.txid().to_string()), view.vsize())
        }
        EventKind::Notfound(misses) => format!("← notfound {}", missed(misses)),
        EventKind::Unanswered(misses) => format!("no answer to {}", missed(misses)),
        EventKind::Ignored { command, bytes, because } => {
            format!("← {command}, {bytes} bytes, ignored: {because}")
        }
        EventKind::Verdict { verdict, since } => format!("verdict: {verdict} since {}", time(*since)),
        EventKind::Offline { since } => format!("offline since {}", time(*since)),
        EventKind::Online { after } => format!("online again after {after:?}"),
        EventKind::Disconnected(reason) => format!("over: {reason}"),
        _ => "something that this transcript has no words for".into(),
    }
}

fn handshake(negotiated: &Negotiated, names: &mut Names) -> String {
    let version = &negotiated.version;
    let mut line = format!(
        "{} with {} ({}, height {}, {:+} s",
        negotiated.common_version,
        version.user_agent(),
        names.nonce(version.nonce),
        version.start_height,
        negotiated.time_offset,
    );
    for name in version.services.names() {
        write!(line, ", {name}").expect("a string takes everything");
    }
    for (set, name) in [
        (negotiated.wtxidrelay, ", wtxidrelay"),
        (negotiated.addrv2, ", sendaddrv2"),
        (!version.relay, ", no relay"),
    ] {
        line.push_str(if set { name } else { "" });
    }
    line + ")"
}

fn announced(list: &[Announcement]) -> String {
    let first = list.iter().filter(|entry| entry.first).count();
    let requested = list.iter().filter(|entry| entry.requested).count();
    let types = counted(list.iter().map(|entry| entry.item.inv_type.to_string()));
    format!("← inv {types}: {first} new, {requested} asked for")
}

fn missed(misses: &[FailedRequest]) -> String {
    let mut line = counted(misses.iter().map(|miss| miss.item.inv_type.to_string()));
    let next: Vec<_> = misses.iter().filter_map(|miss| miss.next).collect();
    if !next.is_empty() {
        write!(line, ", then {}", counted(next.iter().map(ToString::to_string)))
            .expect("a string takes everything");
    }
    line
}

/// How many there are, and of what: `3 (wtx)`, `3 (2 tx, 1 block)`.
fn counted(kinds: impl Iterator<Item = String>) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    let mut all = 0;
    for kind in kinds {
        all += 1;
        match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    match &counts[..] {
        [] => "0".into(),
        [(kind, count)] => format!("{count} ({kind})"),
        several => {
            let several: Vec<_> = several.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            format!("{all} ({})", several.join(", "))
        }
    }
}

fn their_type(item: &TheirInventory) -> InvType {
    match item {
        TheirInventory::Error => InvType(0),
        TheirInventory::Transaction(_) => InvType::TX,
        TheirInventory::Block(_) => InvType::BLOCK,
        TheirInventory::CompactBlock(_) => InvType::CMPCT_BLOCK,
        TheirInventory::WTx(_) => InvType::WTX,
        TheirInventory::WitnessTransaction(_) => InvType::WITNESS_TX,
        TheirInventory::WitnessBlock(_) => InvType::WITNESS_BLOCK,
        TheirInventory::Unknown { inv_type, .. } => InvType(*inv_type),
    }
}

fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
