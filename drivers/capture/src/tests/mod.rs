//! The journal as a whole: sessions recorded, read, damaged and replayed.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;

use satwire_core::node::{Address, ConnId, Environment, Input, Output, Purpose};
use satwire_core::wire::{self, Command, InvType, Inventory, NetAddress, Services, Version};
use satwire_core::{Config, Instant, Label, Magic, Network, Node, WallClock};

use crate::journal::{EndReason, Ending, Entry, Error, Prologue, Reader, Recorder};

mod damage;
mod digest;
mod disks;
mod format_1_0;
mod observations;
mod records;
mod replay;
mod rotation;
mod shrink;
mod sinks;
mod summary;

const MAGIC_BYTES: Magic = Network::Regtest.magic();

/// Words that count up.
#[derive(Debug, Default)]
struct Counting(u64);

impl Environment for Counting {
    fn draw(&mut self, _purpose: Purpose) -> u64 {
        self.0 += 0x0101_0101_0101;
        self.0
    }
}

fn prologue() -> Prologue {
    let mut config = Config::new(Network::Regtest);
    config.ping_interval = Duration::from_secs(3);
    // Few ids: their memory is taken when a node is made, and here many are.
    config.remembered_ids = 100;
    Prologue::new("satwire 0.1.0 (test)", config, WallClock { unix_micros_at_zero: 1_795_363_088_000_000 })
}

/// The names of the fields of a struct, as `Debug` shows them.
pub(crate) fn field_names(of: &impl Debug) -> Vec<String> {
    let text = format!("{of:#?}");
    let fields = text.lines().filter_map(|line| line.strip_prefix("    "));
    let names = fields.filter(|line| !line.starts_with([' ', ')', '}', ']']));
    names.filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
}

fn addr(last: u8) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, last], 8333))
}

fn at(millis: u64) -> Instant {
    Instant::from_micros(millis * 1000)
}

fn greeting(nonce: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let version = Version {
        version: 70016,
        services: Services::NETWORK | Services::WITNESS,
        timestamp: 1_795_363_090,
        addr_recv: NetAddress::UNSPECIFIED,
        addr_from: NetAddress::UNSPECIFIED,
        nonce,
        user_agent: b"/peer:1/".to_vec(),
        start_height: 7,
        relay: true,
    };
    version.encode(&mut bytes, MAGIC_BYTES);
    wire::encode_frame(&mut bytes, MAGIC_BYTES, Command::WTXIDRELAY, |_| {});
    wire::encode_frame(&mut bytes, MAGIC_BYTES, Command::VERACK, |_| {});
    bytes
}

fn inv(count: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let items = (0..count).map(|i| Inventory { inv_type: InvType::WTX, hash: wire::sha256d(&[i]) });
    wire::encode_inventory(&mut bytes, MAGIC_BYTES, Command::INV, items);
    bytes
}

/// The doings of a driver after each input: keeps the outputs that are not orders to write, and the nonce
/// of the last ping that was written.
fn drain<E: Environment>(node: &mut Node<E>, said: &mut Vec<Output>, ping: &mut u64) {
    while let Some(output) = node.poll() {
        match output {
            Output::Transmit(conn) => {
                let unsent = node.transmit(conn);
                if conn == ConnId(1) && unsent.len() == 32 && unsent[4..8] == *b"ping" {
                    *ping = u64::from_le_bytes(unsent[24..].try_into().unwrap());
                }
                let all = unsent.len();
                node.transmitted(conn, all);
            }
            output => said.push(output),
        }
    }
}

/// A session with every kind of input, 20 s long.
fn session<E: Environment>(node: &mut Node<E>, mut between: impl FnMut(&mut Node<E>)) -> Vec<Output> {
    let (mut said, mut nonce) = (Vec::new(), 0);
    let [c1, c2, c3] = [1, 2, 3].map(ConnId);
    let (hello, hello2, inv3, ping) = (greeting(77), greeting(78), inv(3), {
        let mut bytes = Vec::new();
        wire::encode_ping(&mut bytes, MAGIC_BYTES, 5);
        bytes
    });
    let named = Address::Name { host: "seed.example".into(), port: 18444 };
    let addrs = ["[2001:db8::1%7]:18444".parse().unwrap(), addr(2)];
    let mut go = |millis: u64, input: Input<'_>| {
        node.handle(at(millis), input);
        drain(node, &mut said, &mut nonce);
        between(node);
        nonce
    };
    go(1, Input::Dial(Address::Socket(addr(1))));
    go(1, Input::Dial(named));
    go(40, Input::Connected(c1));
    go(60, Input::Received(c1, &hello[..30]));
    go(61, Input::Received(c1, &hello[30..]));
    go(61, Input::Timeout);
    go(90, Input::Resolved(satwire_core::node::TargetId(1), &addrs));
    go(95, Input::Closed(c2, satwire_core::IoError::Refused));
    go(700, Input::Received(c1, &inv3));
    go(1500, Input::Accepted { conn: ConnId(4), addr: addr(9) });
    go(1501, Input::Received(ConnId(4), &hello2));
    go(1600, Input::Received(ConnId(4), &inv3));
    go(1700, Input::Clock(WallClock { unix_micros_at_zero: -5 }));
    go(1800, Input::Closed(c3, satwire_core::IoError::TimedOut));
    for second in 2..20 {
        let nonce = go(second * 1000, Input::Timeout);
        let mut answers = ping.clone();
        wire::encode_pong(&mut answers, MAGIC_BYTES, nonce);
        go(second * 1000 + 5, Input::Received(c1, &answers));
    }
    go(20_000, Input::Disconnect { conn: c1, redial: true, label: Label::LOCAL });
    go(20_500, Input::Stop);
    said
}

fn record() -> (Vec<u8>, Vec<Output>) {
    record_as(prologue())
}

/// A recording that format 1.0 could have held: without what came later.
fn record_old() -> (Vec<u8>, Vec<Output>) {
    let mut prologue = prologue();
    prologue.config.verdicts = false;
    prologue.config.propagation_age = Duration::MAX;
    record_as(prologue)
}

fn record_as(p: Prologue) -> (Vec<u8>, Vec<Output>) {
    let mut bytes = Vec::new();
    let recorder = Recorder::new(Counting::default(), &mut bytes, p.clone());
    let mut node = Node::new(p.config, p.clock, recorder);
    let said = session(&mut node, |_| {});
    node.environment_mut().finish();
    assert!(node.environment().ended().is_some_and(|ended| ended.reason == EndReason::Clean));
    drop(node);
    (bytes, said)
}

/// The same recording in both formats.
fn recordings() -> [Vec<u8>; 2] {
    let (bytes, _) = record_old();
    let old = format_1_0::write(Reader::new(&bytes[..]).unwrap().prologue(), &read(&bytes).0);
    [bytes, old]
}

/// Everything that can be read of a journal, and how that ends.
fn read(bytes: &[u8]) -> (Vec<Entry>, Result<Ending, Error>) {
    let mut entries = Vec::new();
    let mut reader = match Reader::new(bytes) {
        Ok(reader) => reader,
        Err(error) => return (entries, Err(error)),
    };
    for entry in &mut reader {
        match entry {
            Ok(entry) => entries.push(entry),
            Err(error) => return (entries, Err(error)),
        }
    }
    let ending = reader.ending();
    (entries, Ok(ending))
}
