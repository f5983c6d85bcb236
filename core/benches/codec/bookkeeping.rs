//! P7: from `inv` to `getdata`, through a whole node.

use std::convert::Infallible;
use std::time::{Duration, Instant as Clock};

use satwire_core::node::{ConnId, FromRng, Input, Output};
use satwire_core::wire::{
    Command, Hash, InvType, Inventory, NetAddress, TxView, encode_inventory, put_compact_size, sha256d,
};
use satwire_core::{Config, Instant, Network, Node, WallClock};

use crate::measure::Bench;
use crate::streams::{frame, reference};
use crate::unwanted::greeting;

const ANNOUNCERS: u64 = 8;
const BATCH: usize = 35;
const BATCHES: usize = 20;

/// Not random; nobody here tries to guess it.
struct Counter(u64);

impl rand_core::TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| word as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Ok((self.0 ^ self.0 >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill(self.0 as u8);
        Ok(())
    }
}

/// A small transaction like no other.
fn tx(n: u64) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 1];
    bytes.extend_from_slice(&n.to_le_bytes());
    bytes.resize(5 + 36, 1);
    bytes.extend_from_slice(&[0, 0xff, 0xff, 0xff, 0xff, 1]);
    bytes.extend_from_slice(&1000_u64.to_le_bytes());
    put_compact_size(&mut bytes, 1);
    bytes.extend_from_slice(&[0x51, 0, 0, 0, 0]);
    bytes
}

/// The time from one batch to the next: 14 transactions a second.
const BATCH_EVERY: Duration = Duration::from_millis(2500);

/// A node with 8 peers, in which each new transaction is announced by all of them and then comes.
struct Rig {
    node: Node<FromRng<Counter>>,
    now: Instant,
    next: u64,
}

impl Rig {
    fn new() -> Self {
        let clock = WallClock { unix_micros_at_zero: 1_795_363_088_000_000 };
        // Nobody answers pings here.
        let mut config = Config::new(Network::Main);
        config.ping_interval = Duration::MAX;
        config.ping_timeout = Duration::MAX;
        let mut node = Node::new(config, clock, FromRng(Counter(1)));
        for n in 1..=ANNOUNCERS {
            let addr = std::net::SocketAddr::from(([10, 0, 0, n as u8], 8333));
            assert_eq!(NetAddress::from(addr).port, 8333);
            assert_eq!(node.next_conn(), ConnId(n));
            node.handle(Instant::ZERO, Input::Dial(addr.into()));
            node.handle(Instant::ZERO, Input::Connected(ConnId(n)));
            node.handle(Instant::ZERO, Input::Received(ConnId(n), &greeting()));
        }
        let mut rig = Self { node, now: Instant::ZERO, next: 0 };
        rig.drain();
        rig
    }

    /// Takes what comes out, and writes where there is something to write, as a driver does.
    fn drain(&mut self) {
        while let Some(output) = self.node.poll() {
            if let Output::Transmit(conn) = output {
                let len = self.node.transmit(conn).len();
                self.node.transmitted(conn, len);
            }
        }
    }

    #[inline(never)]
    fn announce(&mut self, inv: &[u8]) {
        for n in 1..=ANNOUNCERS {
            self.node.handle(self.now, Input::Received(ConnId(n), inv));
            self.drain();
        }
    }

    /// One batch: the time that its announcements took, without what came before and after.
    fn batch(&mut self) -> Duration {
        self.now = self.now + BATCH_EVERY;
        self.node.handle(self.now, Input::Timeout);
        self.drain();
        let first = self.next;
        self.next += BATCH as u64;
        let txs: Vec<_> = (first..self.next).map(tx).collect();
        let items: Vec<_> = txs
            .iter()
            .map(|bytes| TxView::decode(bytes).expect("a transaction").wtxid())
            .map(|wtxid| Inventory { inv_type: InvType::WTX, hash: Hash::from(wtxid) })
            .collect();
        let mut inv = Vec::new();
        encode_inventory(&mut inv, Network::Main.magic(), Command::INV, items);
        let start = Clock::now();
        self.announce(&inv);
        let taken = start.elapsed();
        for bytes in txs {
            self.node.handle(self.now, Input::Received(ConnId(1), &frame(Command::TX, &bytes)));
        }
        self.drain();
        taken
    }
}

pub(crate) fn add(bench: &mut Bench<'_>) {
    let entries = BATCHES * BATCH * ANNOUNCERS as usize;
    let mut rig = Rig::new();
    // 50,000 remembered before anything counts.
    for _ in 0..50_000 / BATCH {
        rig.batch();
    }
    bench.timed("inv → getdata", entries, move || (0..BATCHES).map(|_| rig.batch()).sum());
    let payload: Vec<u8> = sha256d(b"inv").0.iter().copied().cycle().take(1 + 36 * BATCH).collect();
    bench.case("inv → getdata, checksum only", entries, move || {
        let messages = BATCHES * ANNOUNCERS as usize;
        (0..messages).fold(0, |result, _| result ^ reference(std::hint::black_box(&payload)))
    });
    bench.time("P7", "inv 35 from 8 peers", ["inv → getdata", "inv → getdata, checksum only"], [2.5, 1.75]);
}
