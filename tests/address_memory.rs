//! D20: what addresses take of memory, however many are told: the table, what is saved, and what is read again.

use harness::Counting;
use satwire_core::addresses::{AddrTable, Addresses, BackOff, MAX_SAVED_BYTES, NetGroups, Source};
use satwire_core::wire::{AddrV2, KnownAddress, Services};
use satwire_core::{Magic, Network};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NOW: u32 = 1_795_363_088;
const MAGIC: Magic = Network::Main.magic();

/// Onion services, the longest addresses, each told of by another.
fn told(n: u64) -> (KnownAddress, Source) {
    let mut bytes = [0; 32];
    for (word, part) in bytes.chunks_mut(8).enumerate() {
        part.copy_from_slice(&(n + word as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    }
    let services = Services(u64::MAX);
    let addr = AddrV2::TorV3(bytes);
    bytes.reverse();
    // So many groups that they reach every bucket.
    let source = AddrV2::Ipv4([bytes[0] % 100 + 11, bytes[1], 1, 1].into());
    (KnownAddress { time: NOW, services, addr, port: n as u16 }, Source::Addr(source))
}

#[test]
fn d20_a_table_that_is_told_of_everything_keeps_its_bound() {
    let before = Counting::live();
    let mut addresses = Addresses::new([1, 2], NetGroups::default());
    let peak = Counting::peak_of(|| {
        for n in 0..160_000 {
            let (told, source) = told(n);
            addresses.table.add(&told, &source, AddrTable::GOSSIP_PENALTY, NOW, n);
            if n % 5 == 0 {
                addresses
                    .table
                    .good(&satwire_core::addresses::AddrPort { addr: told.addr, port: told.port }, NOW);
            }
        }
    });
    let (held, limit) = (Counting::live() - before, AddrTable::MAX_BYTES.cast_signed());
    let count = addresses.table.len();
    println!("{count} addresses in {held} bytes, {peak} at most");
    assert!(count > 60_000, "{count} addresses");
    assert!(held <= limit && peak <= limit, "{held}, at most {peak}, of {limit}");

    let mut bytes = Vec::new();
    let peak = Counting::peak_of(|| bytes = addresses.encode(MAGIC));
    assert!(bytes.len() <= MAX_SAVED_BYTES, "{} bytes saved", bytes.len());
    let most = MAX_SAVED_BYTES.cast_signed() + 1_000_000;
    assert!(peak <= most, "{peak} bytes to write {}", bytes.len());

    let mut read = None;
    let peak = Counting::peak_of(|| read = Addresses::decode(&bytes, MAGIC, NetGroups::default()).ok());
    assert!(peak <= limit + 1_000_000, "{peak} bytes to read {}", bytes.len());
    assert_eq!(read.map(|read| read.table.len()), Some(count));
}

#[test]
fn d17_those_to_be_left_alone_keep_their_bound() {
    let before = Counting::live();
    let mut back_off = BackOff::default();
    for n in 0..20_000 {
        back_off.closed(&told(n).0.addr, core::time::Duration::ZERO, NOW);
    }
    let held = Counting::live() - before;
    assert!(held <= BackOff::MAX_BYTES.cast_signed(), "{held} bytes");
}
