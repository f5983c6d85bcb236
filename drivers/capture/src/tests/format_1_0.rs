//! The first format: still read, byte for byte.

use std::net::SocketAddr;

use satwire_core::Label;
use satwire_core::node::{Address, Purpose};

use super::{read, record_old};
use crate::journal::{
    DIGEST, Drawn, EndReason, Ending, Entry, MAGIC, OwnedInput, Player, Prologue, Reader, Record, Step,
    Writer,
};

/// [`super::session`], as it was recorded when 1.0 was the newest format.
const RECORDED: &[u8] = include_bytes!("format_1_0.journal");

/// Writes a journal of format 1.0, by its description and nothing else.
pub(super) fn write(prologue: &Prologue, entries: &[Entry]) -> Vec<u8> {
    let mut writer = Old { bytes: [MAGIC, &[1, 0][..]].concat(), ..Old::default() };
    writer.chain.update(&writer.bytes);
    writer.record(1, &[0, 0]);
    writer.block = Some((18, 0));
    let mut body = Vec::new();
    put_prologue(&mut body, prologue);
    writer.counted(2, &body);
    for entry in entries {
        match &entry.record {
            Record::Digest(digest) => writer.block_end(digest),
            Record::Step(step) => writer.step(step),
            Record::Observation(_) => unreachable!("1.0 has no imports"),
        }
    }
    writer.block_end(&[]);
    writer.chain = crc32fast::Hasher::new();
    writer.record(4, &[EndReason::Clean as u8]);
    writer.bytes
}

#[derive(Default)]
struct Old {
    bytes: Vec<u8>,
    chain: crc32fast::Hasher,
    blocks: u64,
    /// Where the block starts, and its records.
    block: Option<(usize, u64)>,
    last: u64,
}

impl Old {
    fn record(&mut self, kind: u8, body: &[u8]) {
        let start = self.bytes.len();
        self.bytes.push(kind);
        varint(&mut self.bytes, body.len() as u64);
        self.bytes.extend_from_slice(body);
        self.chain.update(&self.bytes[start..]);
        self.bytes.extend_from_slice(&self.chain.clone().finalize().to_le_bytes());
    }

    fn counted(&mut self, kind: u8, body: &[u8]) {
        self.record(kind, body);
        self.block.as_mut().unwrap().1 += 1;
    }

    fn block_end(&mut self, digest: &[u8]) {
        let Some((start, records)) = self.block.take() else { return };
        let mut body = Vec::new();
        varint(&mut body, records);
        varint(&mut body, (self.bytes.len() - start) as u64);
        body.extend_from_slice(digest);
        self.record(3, &body);
        self.blocks += 1;
    }

    fn step(&mut self, step: &Step) {
        let at = step.at.as_micros();
        if self.block.is_none() {
            self.chain = crc32fast::Hasher::new();
            self.block = Some((self.bytes.len(), 0));
            let mut body = Vec::new();
            varint(&mut body, self.blocks);
            varint(&mut body, at);
            self.record(1, &body);
            self.last = at;
        }
        let mut body = Vec::new();
        varint(&mut body, at - self.last);
        self.last = at;
        let mut kind = 0x80;
        if !step.draws.is_empty() {
            kind |= 0x10;
            put_draws(&mut body, &step.draws);
        }
        if let Some(mark) = step.mark {
            kind |= 0x20;
            body.extend_from_slice(&mark.0);
        }
        kind |= put_input(&mut body, &step.input);
        self.counted(kind, &body);
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 127 {
        out.push((value % 128) as u8 + 128);
        value /= 128;
    }
    out.push(value as u8);
}

fn signed(out: &mut Vec<u8>, value: i64) {
    let twice = value.unsigned_abs().wrapping_mul(2);
    varint(out, if value < 0 { twice.wrapping_sub(1) } else { twice });
}

fn text(out: &mut Vec<u8>, text: &str) {
    varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn socket(out: &mut Vec<u8>, addr: &SocketAddr) {
    match addr {
        SocketAddr::V4(addr) => {
            out.push(4);
            out.extend(addr.ip().octets());
            out.extend(addr.port().to_le_bytes());
        }
        SocketAddr::V6(addr) => {
            out.push(6);
            out.extend(addr.ip().octets());
            out.extend(addr.port().to_le_bytes());
            varint(out, addr.flowinfo().into());
            varint(out, addr.scope_id().into());
        }
    }
}

fn put_prologue(out: &mut Vec<u8>, prologue: &Prologue) {
    let config = &prologue.config;
    text(out, &prologue.program);
    signed(out, prologue.clock.unix_micros_at_zero);
    out.push(16);
    out.extend(config.magic.0);
    text(out, &config.user_agent);
    varint(out, config.services.0);
    let duration = |out: &mut Vec<u8>, time: std::time::Duration| {
        varint(out, time.as_secs());
        varint(out, time.subsec_nanos().into());
    };
    for time in [
        config.connect_timeout,
        config.outbound_handshake_timeout,
        config.inbound_handshake_timeout,
        config.ping_interval,
        config.ping_timeout,
        config.request_timeout,
    ] {
        duration(out, time);
    }
    out.push(config.tolerated_malformed);
    for size in [config.max_unsent, config.inbound_slots, config.max_announcements, config.remembered_ids] {
        varint(out, size as u64);
    }
    duration(out, config.redial_min);
    duration(out, config.redial_max);
    put_draws(out, &prologue.draws);
}

fn put_draws(out: &mut Vec<u8>, draws: &[Drawn]) {
    varint(out, draws.len() as u64);
    for drawn in draws {
        match drawn.purpose {
            Purpose::VersionNonce(conn) => {
                out.push(0);
                varint(out, conn.0);
            }
            Purpose::PingNonce(conn) => {
                out.push(1);
                varint(out, conn.0);
            }
            Purpose::Salt => out.push(2),
            Purpose::Jitter => out.push(3),
            other => panic!("{other:?} is newer"),
        }
        out.extend(drawn.word.to_le_bytes());
    }
}

fn put_input(out: &mut Vec<u8>, input: &OwnedInput) -> u8 {
    if let Some(conn) = input.conn() {
        varint(out, conn.0);
    }
    match input {
        OwnedInput::Dial(Address::Socket(addr)) => {
            socket(out, addr);
            0
        }
        OwnedInput::Dial(Address::Name { host, port }) => {
            out.push(0);
            text(out, host);
            out.extend(port.to_le_bytes());
            0
        }
        OwnedInput::Resolved(target, addrs) => {
            varint(out, target.0.into());
            varint(out, addrs.len() as u64);
            for addr in addrs {
                socket(out, addr);
            }
            1
        }
        OwnedInput::Connected(_) => 2,
        OwnedInput::Accepted { addr, .. } => {
            socket(out, addr);
            3
        }
        OwnedInput::Received(_, bytes) => {
            out.extend_from_slice(bytes);
            4
        }
        OwnedInput::Closed(_, error) => {
            out.push(satwire_core::IoError::ALL.iter().position(|other| other == error).unwrap() as u8);
            5
        }
        OwnedInput::Timeout => 6,
        OwnedInput::Clock(clock) => {
            signed(out, clock.unix_micros_at_zero);
            7
        }
        OwnedInput::Disconnect { redial: true, label: Label::LOCAL, .. } => 8,
        OwnedInput::Stop => 9,
        other => panic!("{other:?} is newer"),
    }
}

/// Whether format 1.0 has a place for it.
pub(super) fn can_hold(step: &Step) -> bool {
    !matches!(
        step.input,
        OwnedInput::Dial(Address::Overlay { .. })
            | OwnedInput::RemoveTarget(_)
            | OwnedInput::Send { .. }
            | OwnedInput::Request { .. }
    ) && !matches!(step.input, OwnedInput::Disconnect { redial, label, .. } if !redial || label != Label::LOCAL)
        && step.draws.iter().all(can_draw)
}

/// Whether format 1.0 has a number for what it was drawn for.
pub(super) const fn can_draw(drawn: &Drawn) -> bool {
    !matches!(drawn.purpose, Purpose::Stuck(_))
}

#[test]
fn a_recorded_one_is_read_and_loses_nothing() {
    let (entries, ending) = read(RECORDED);
    assert_eq!(ending.unwrap(), Ending::Marked(EndReason::Clean));
    let reader = Reader::new(RECORDED).unwrap();
    assert_eq!(reader.format().to_string(), "1.0");
    let prologue = reader.prologue().clone();
    // The limits that came later did not hold then.
    assert_eq!((prologue.config.inbound_per_address, prologue.config.remembered_ids), (usize::MAX, 100));
    assert_eq!(write(&prologue, &entries), RECORDED);
    let steps = entries.iter().filter(|entry| matches!(entry.record, Record::Step(_))).count();
    assert_eq!((steps, entries.len()), (52, 72));
}

/// Carried over: the same records in the format of today.
#[test]
fn a_recorded_one_is_the_same_in_the_new_format() {
    let (entries, _) = read(RECORDED);
    let prologue = Reader::new(RECORDED).unwrap().prologue().clone();
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &prologue);
    for entry in &entries {
        match &entry.record {
            Record::Step(step) => writer.step(step),
            Record::Digest(digest) => writer.digest(*digest),
            Record::Observation(observation) => writer.observation(observation),
        }
    }
    writer.finish(EndReason::Clean);
    drop(writer);
    assert_eq!(*Reader::new(&bytes[..]).unwrap().prologue(), prologue);
    let (again, ending) = read(&bytes);
    assert_eq!(ending.unwrap(), Ending::Marked(EndReason::Clean));
    let records = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.record).collect::<Vec<_>>();
    assert_eq!(records(again), records(entries));
    assert_eq!(DIGEST, 16);
}

/// A recording of today that has a place in the old format plays from there as well.
#[test]
fn it_plays_as_the_new_one_does() {
    let (bytes, said) = record_old();
    let old = write(Reader::new(&bytes[..]).unwrap().prologue(), &read(&bytes).0);
    let mut again = Vec::new();
    let ending = Player::new(Reader::new(&old[..]).unwrap()).run(|output| again.push(output)).unwrap();
    assert_eq!((ending, again), (Ending::Marked(EndReason::Clean), said));
}
