//! Any record that can be written is read as it was.

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use satwire_core::node::{Address, ConnId, Purpose, TargetId};
use satwire_core::wire::{AddrV2, Command, Hash, InvType, Inventory, Services};
use satwire_core::{Config, Instant, IoError, Label, Magic, WallClock};

use super::{format_1_0, read};
use crate::journal::{
    BLOCK_TIME, Drawn, EndReason, Ending, Entry, Mark, OwnedInput, Prologue, Reader, Record, Step, Writer,
};

fn socket() -> impl Strategy<Value = SocketAddr> {
    prop_oneof![
        any::<([u8; 4], u16)>().prop_map(SocketAddr::from),
        any::<([u8; 16], u16, u32, u32)>().prop_map(|(ip, port, flow, scope)| {
            std::net::SocketAddrV6::new(ip.into(), port, flow, scope).into()
        }),
    ]
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        socket().prop_map(Address::Socket),
        (".{0,20}", any::<u16>()).prop_map(|(host, port)| Address::Name { host, port }),
        (overlay(), any::<u16>()).prop_map(|(addr, port)| Address::Overlay { addr, port }),
    ]
}

fn overlay() -> impl Strategy<Value = AddrV2> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(AddrV2::TorV3),
        any::<[u8; 32]>().prop_map(AddrV2::I2p),
        any::<[u8; 15]>().prop_map(|rest| {
            let mut bytes = [0xfc; 16];
            bytes[1..].copy_from_slice(&rest);
            AddrV2::cjdns(bytes).unwrap()
        }),
    ]
}

fn item() -> impl Strategy<Value = Inventory> {
    any::<(u32, [u8; 32])>()
        .prop_map(|(inv_type, hash)| Inventory { inv_type: InvType(inv_type), hash: Hash(hash) })
}

fn input() -> impl Strategy<Value = OwnedInput> {
    let conn = any::<u64>().prop_map(ConnId);
    let error = proptest::sample::select(&IoError::ALL[..]);
    prop_oneof![
        address().prop_map(OwnedInput::Dial),
        (any::<u32>(), proptest::collection::vec(socket(), 0..5))
            .prop_map(|(target, addrs)| OwnedInput::Resolved(TargetId(target), addrs)),
        conn.prop_map(OwnedInput::Connected),
        (any::<u64>(), socket()).prop_map(|(conn, addr)| OwnedInput::Accepted { conn: ConnId(conn), addr }),
        (any::<u64>(), proptest::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(conn, bytes)| OwnedInput::Received(ConnId(conn), bytes)),
        (any::<u64>(), error).prop_map(|(conn, error)| OwnedInput::Closed(ConnId(conn), error)),
        Just(OwnedInput::Timeout),
        any::<i64>().prop_map(|at| OwnedInput::Clock(WallClock { unix_micros_at_zero: at })),
        (any::<(u64, bool)>(), "[a-z0-9_]{1,23}").prop_map(|((conn, redial), label)| {
            OwnedInput::Disconnect { conn: ConnId(conn), redial, label: Label::new(&label).unwrap() }
        }),
        (any::<u64>(), "[a-z]{1,12}", proptest::collection::vec(any::<u8>(), 0..300)).prop_map(
            |(conn, command, payload)| {
                OwnedInput::Send { conn: ConnId(conn), command: Command::new(&command), payload }
            }
        ),
        (any::<u64>(), proptest::collection::vec(item(), 0..5))
            .prop_map(|(conn, items)| OwnedInput::Request { conn: ConnId(conn), items }),
        any::<u32>().prop_map(|target| OwnedInput::RemoveTarget(TargetId(target))),
        Just(OwnedInput::Stop),
    ]
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let purpose = prop_oneof![
        any::<u64>().prop_map(|conn| Purpose::VersionNonce(ConnId(conn))),
        any::<u64>().prop_map(|conn| Purpose::PingNonce(ConnId(conn))),
        Just(Purpose::Salt),
        Just(Purpose::Jitter),
        any::<u64>().prop_map(|conn| Purpose::Stuck(ConnId(conn))),
    ];
    (purpose, any::<u64>()).prop_map(|(purpose, word)| Drawn { purpose, word })
}

/// A step, its time counted from the step before.
fn step() -> impl Strategy<Value = Step> {
    let time = prop_oneof![Just(0), 0..3_000_000_u64, any::<u64>().prop_map(|time| time >> 8)];
    let mark = proptest::option::of(any::<[u8; 2]>().prop_map(Mark));
    (time, input(), proptest::collection::vec(drawn(), 0..4), mark)
        .prop_map(|(at, input, draws, mark)| Step { at: Instant::from_micros(at), input, draws, mark })
}

fn duration() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos))
}

fn prologue() -> impl Strategy<Value = Prologue> {
    let config = (any::<[u8; 4]>(), ".{0,40}", any::<u64>(), any::<[u32; 5]>(), any::<u8>());
    let draws = proptest::collection::vec(drawn(), 0..6);
    let options = proptest::collection::vec((".{0,9}", ".{0,9}"), 0..4);
    (".{0,40}", config, proptest::array::uniform8(duration()), any::<i64>(), draws, options).prop_map(
        |(program, (magic, user_agent, services, sizes, malformed), times, clock, draws, options)| {
            let [connect_timeout, outbound, inbound, ping_interval, ping_timeout, request, min, max] = times;
            let mut config = Config::new(Magic(magic));
            config.user_agent = user_agent;
            config.services = Services(services);
            config.connect_timeout = connect_timeout;
            config.outbound_handshake_timeout = outbound;
            config.inbound_handshake_timeout = inbound;
            config.ping_interval = ping_interval;
            config.ping_timeout = ping_timeout;
            config.request_timeout = request;
            config.tolerated_malformed = malformed;
            config.max_unsent = sizes[0] as usize;
            config.inbound_slots = sizes[1] as usize;
            config.max_announcements = sizes[2] as usize;
            config.remembered_ids = usize::from(malformed) << 14;
            config.redial_min = min;
            config.redial_max = max;
            config.inbound_per_address = sizes[3] as usize;
            config.inbound_per_group = sizes[4] as usize;
            config.request_transactions = malformed & 1 > 0;
            config.max_requests = sizes[0] as usize;
            config.deliver =
                [Command::HEADERS, Command::BLOCK].into_iter().take((malformed & 1).into()).collect();
            config.unrequested_per_minute = sizes[1];
            config.count_messages = malformed & 4 > 0;
            config.propagation_age = min;
            config.relay = malformed & 2 > 0;
            config.verdicts = malformed & 8 > 0;
            config.inv_timeout = request;
            let clock = WallClock { unix_micros_at_zero: clock };
            Prologue { draws, ..Prologue::new(program, config, clock).with_options(options) }
        },
    )
}

/// Without digests that follow a digest: the block between them has lost its steps.
fn without_empty_blocks(mut records: Vec<Record>) -> Vec<Record> {
    records.dedup_by(|record, before| matches!((record, before), (Record::Digest(_), Record::Digest(_))));
    records
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn records_round_trip(
        prologue in prologue(),
        mut steps in proptest::collection::vec(step(), 0..40),
        flushes in proptest::collection::vec(any::<bool>(), 40),
    ) {
        let mut now = 0;
        for step in &mut steps {
            now += step.at.as_micros();
            step.at = Instant::from_micros(now);
        }
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, &prologue);
        let (mut expected, mut cuts) = (Vec::new(), 0_u8);
        for (step, flush) in steps.iter().zip(flushes) {
            if writer.cuts(step.at) {
                cuts = cuts.wrapping_add(1);
                writer.digest([cuts; 16]);
                expected.push(Record::Digest([cuts; 16]));
            }
            writer.step(step);
            expected.push(Record::Step(step.clone()));
            if flush {
                writer.flush();
            }
        }
        writer.finish(EndReason::Clean);
        drop(writer);
        let found = Reader::new(&bytes[..]).unwrap().prologue().clone();
        prop_assert_eq!(&found, &prologue);
        let (entries, ending) = read(&bytes);
        prop_assert_eq!(ending.unwrap(), Ending::Marked(EndReason::Clean));
        let records: Vec<_> = entries.iter().map(|entry| entry.record.clone()).collect();
        prop_assert_eq!(records, expected);

        // The same in the first format, as far as that goes.
        let has_place = |record: &Record| !matches!(record, Record::Step(step) if !format_1_0::can_hold(step));
        let entries: Vec<_> = entries.into_iter().filter(|entry| has_place(&entry.record)).collect();
        let draws = prologue.draws.iter().copied().filter(format_1_0::can_draw).collect();
        let prologue = Prologue { draws, ..prologue };
        let bytes = format_1_0::write(&prologue, &entries);
        let (found, ending) = read(&bytes);
        prop_assert_eq!(ending.unwrap(), Ending::Marked(EndReason::Clean));
        let records = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.record).collect::<Vec<_>>();
        prop_assert_eq!(without_empty_blocks(records(found)), without_empty_blocks(records(entries)));
        let found = Reader::new(&bytes[..]).unwrap().prologue().clone();
        prop_assert_eq!(found.config.ping_interval, prologue.config.ping_interval);
        prop_assert_eq!((found.program, found.clock, found.draws), (prologue.program, prologue.clock, prologue.draws));
    }

    /// Any bytes after any start of a journal: never a panic.
    #[test]
    fn noise_is_read_without_a_panic(
        old in any::<bool>(),
        cut in 0..3000_usize,
        noise in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let [bytes, old_bytes] = super::recordings();
        let bytes = if old { old_bytes } else { bytes };
        let cut = cut.min(bytes.len());
        let (entries, ending) = read(&[&bytes[..cut], &noise].concat());
        prop_assert!(read(&bytes).0.starts_with(&entries));
        let clean = matches!(ending, Ok(Ending::Marked(_)));
        prop_assert_eq!(clean, noise.is_empty() && cut == bytes.len());
    }
}

/// Blocks are cut by time and by size, and only in front of a step.
#[test]
fn blocks_are_cut_by_what_is_recorded() {
    let step = |micros, bytes: usize| Step {
        at: Instant::from_micros(micros),
        input: OwnedInput::Received(ConnId(1), vec![7; bytes]),
        draws: Vec::new(),
        mark: None,
    };
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &super::prologue());
    let second = BLOCK_TIME.as_micros() as u64;
    writer.step(&step(5, 10));
    assert!(!writer.cuts(Instant::from_micros(second - 1)));
    assert!(writer.cuts(Instant::from_micros(second)));
    writer.step(&step(second - 1, 64 << 10));
    assert!(writer.cuts(Instant::from_micros(second - 1)));
    writer.step(&step(second - 1, 10));
    assert!(!writer.cuts(Instant::from_micros(2 * second - 2)));
    assert!(writer.cuts(Instant::from_micros(2 * second - 1)));
    // Time does not go back.
    writer.step(&step(0, 10));
    writer.finish(EndReason::Clean);
    drop(writer);
    let (entries, _) = read(&bytes);
    let Record::Step(last) = &entries.last().unwrap().record else { panic!() };
    assert_eq!(last.at, Instant::from_micros(second - 1));
}
