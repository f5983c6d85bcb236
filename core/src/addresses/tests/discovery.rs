//! Dials, tests of addresses and savings in virtual time.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::exponential::exponential;
use super::super::{Addresses, BackOffVerdict, DialPurpose, DiscoveryConfig, DiscoveryOrder, LinkEnd};
use super::world::{World, all_answer, nobody_answers, seeds};
use super::*;

#[test]
fn d7_eight_peers_in_eight_groups_within_five_seconds() {
    let mut addresses = Addresses::new(KEY, NetGroups::default());
    // Twelve groups of fifty.
    for n in 0..600 {
        let at = nth_of(20 + n as u8 % 12, 1, n);
        addresses.table.add(&told(at), &Source::Addr(nth_of(100 + n as u8 % 90, 1, 1).addr), 0, NOW, 0);
    }
    let mut world = World::new(DiscoveryConfig::default(), addresses, 1);
    world.run_until(5, all_answer);
    let dialled = world.dialled(DialPurpose::FullRelay);
    let groups: BTreeSet<_> =
        dialled.iter().map(|(_, at)| world.discovery.addresses().table.groups().of(&at.addr)).collect();
    assert_eq!((dialled.len(), groups.len()), (8, 8), "{dialled:?}");
    assert!(dialled.last().unwrap().0 <= 4, "one each half second");
    // A slot that becomes free is filled, and in the group that became free too.
    let (_, gone) = dialled[3];
    world.discovery.closed(&gone, LinkEnd::NotConnected, world.now);
    world.run_until(6, all_answer);
    assert_eq!(world.dialled(DialPurpose::FullRelay).len(), 9);
}

/// A slot holds nobody for ever who does not answer, and failures count only once somebody has.
#[test]
fn d5_offline_nobody_is_blamed() {
    let mut world = World::with_addresses(300, DiscoveryConfig::default());
    world.run_until(30, nobody_answers);
    assert!(world.dialled(DialPurpose::FullRelay).len() > 50, "it goes on");
    assert!(world.discovery.addresses().table.entries().all(|info| info.attempts == 0));
    assert_eq!(world.dialled(DialPurpose::Feeler), [], "not before all peers are there");
}

#[test]
fn d8_feelers_each_two_minutes_and_closed_after_version() {
    let mut world = World::with_addresses(1000, DiscoveryConfig::default());
    world.run_until(4 * 3600, all_answer);
    let feelers = world.dialled(DialPurpose::Feeler);
    // 120 expected, and half a second on average with each; five standard deviations are 55.
    assert!(feelers.len().abs_diff(120) < 55, "{}", feelers.len());
    let table = &world.discovery.addresses().table;
    assert!(feelers.iter().all(|(_, at)| table.find(at).unwrap().is_tried), "they are promoted");
    let disconnected = |at: &AddrPort| {
        world.orders.iter().filter(|(_, order)| *order == DiscoveryOrder::Disconnect(*at)).count()
    };
    assert!(feelers.iter().all(|(_, at)| disconnected(at) == 1));
    assert_eq!(world.dialled(DialPurpose::FullRelay).len(), 8, "no rotation (G7)");
}

/// A feeler that hangs blocks no timer: the next one waits until it is over.
#[test]
fn d8_one_feeler_at_a_time() {
    let mut world = World::with_addresses(300, DiscoveryConfig::default());
    world.run_until(3 * 3600, |discovery, now, order| {
        if let DiscoveryOrder::Connect { addr, purpose: DialPurpose::FullRelay } = order {
            discovery.ready(addr, FULL_NODE, now);
        }
    });
    let feelers = world.dialled(DialPurpose::Feeler);
    assert_eq!(feelers.len(), 1);
    world.discovery.closed(&feelers[0].1, LinkEnd::NotConnected, world.now);
    world.run_until(3 * 3600 + 1, nobody_answers);
    assert_eq!(world.dialled(DialPurpose::Feeler).len(), 2, "it is overdue");
}

#[test]
fn d9_anchors_are_dialled_first_and_once() {
    let mut world = World::with_addresses(300, DiscoveryConfig::default());
    world.run_until(900, all_answer);
    let oldest: Vec<_> = world.dialled(DialPurpose::FullRelay)[..2].iter().map(|(_, at)| *at).collect();
    assert_eq!(world.orders.last(), Some(&(900, DiscoveryOrder::Save)));
    assert_eq!(world.discovery.addresses().anchors, oldest, "the two that have been there for longest");

    let magic = crate::Network::Main.magic();
    let saved = world.discovery.addresses().encode(magic);
    let read = || Addresses::decode(&saved, magic, NetGroups::default()).unwrap();
    let mut again = World::new(DiscoveryConfig::default(), read(), 2);
    assert!(
        again.discovery.addresses().anchors.is_empty(),
        "a start that fails does not begin with them again"
    );
    again.run_until(1, nobody_answers);
    let first: Vec<_> = again.dialled(DialPurpose::FullRelay)[..2].iter().map(|(_, at)| *at).collect();
    assert_eq!(first, oldest);
    again.run_until(10, nobody_answers);
    let dialled = again.dialled(DialPurpose::FullRelay);
    assert!(dialled.len() > 15, "and then others: {}", dialled.len());
}

/// Asked are lasting peers, one in ten minutes, and only while we know few addresses.
#[test]
fn a2_d12_getaddr_when_hungry() {
    let asked = |world: &World| -> Vec<(u64, AddrPort)> {
        let asks = |(at, order): &(u64, DiscoveryOrder)| match order {
            DiscoveryOrder::GetAddr(addr) => Some((*at, *addr)),
            _ => None,
        };
        world.orders.iter().filter_map(asks).collect()
    };
    let mut world = World::with_addresses(300, DiscoveryConfig::default());
    world.run_until(3600, all_answer);
    assert_eq!(asked(&world).len(), 1, "the first of eight");
    // One goes and another comes after ten minutes.
    let lasting = world.dialled(DialPurpose::FullRelay);
    world.discovery.closed(&lasting[5].1, LinkEnd::NotConnected, world.now);
    world.run_until(3700, all_answer);
    let (_, second) = asked(&world)[1];
    assert_eq!(second, world.dialled(DialPurpose::FullRelay)[8].1);
    assert!(world.dialled(DialPurpose::Feeler).len() > 5, "none of the feelers");

    let mut world = World::with_addresses(1500, DiscoveryConfig::default());
    world.run_until(60, all_answer);
    assert_eq!(asked(&world), [], "there is enough");
}

/// H9: a lasting peer without the services that it was told to have goes again, and is not good.
#[test]
fn h9_a_peer_without_services_is_disconnected() {
    let mut world = World::with_addresses(5, DiscoveryConfig::default());
    world.run_until(1, |discovery, now, order| match order {
        DiscoveryOrder::Connect { addr, .. } => discovery.ready(addr, Services::NONE, now),
        DiscoveryOrder::Disconnect(addr) => assert_eq!(discovery.closed(addr, LinkEnd::Local, now), None),
        _ => {}
    });
    let dialled = world.dialled(DialPurpose::FullRelay);
    let table = &world.discovery.addresses().table;
    assert!(!dialled.is_empty());
    for (_, at) in dialled {
        let info = table.find(&at).unwrap();
        assert_eq!((info.is_tried, info.services), (false, Services::NONE), "{at}");
        assert!(world.orders.iter().any(|(_, order)| *order == DiscoveryOrder::Disconnect(at)));
    }
}

/// One that ends the connection right after the handshake, or before, is not dialled for ten minutes.
#[test]
fn d17_d18_who_sends_us_away_waits() {
    let mut world = World::with_addresses(1, DiscoveryConfig::default());
    let mut verdicts = Vec::new();
    world.run_until(4201, |discovery, now, order| {
        if let DiscoveryOrder::Connect { addr, .. } = order {
            if verdicts.len() == 1 {
                discovery.ready(addr, FULL_NODE, now);
            }
            verdicts.extend(discovery.closed(addr, LinkEnd::Peer, now));
        }
    });
    let wait = |minutes: u64| BackOffVerdict::Waits(Duration::from_secs(60 * minutes));
    let avoids = BackOffVerdict::AvoidsUs(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(verdicts, [wait(10), wait(60), avoids]);
    let times: Vec<_> = world.dialled(DialPurpose::FullRelay).iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 600, 4200]);
}

/// G4: one connection for each address, whatever its port.
#[test]
fn g4_one_connection_for_each_address() {
    let mut addresses = Addresses::new(KEY, NetGroups::default());
    for port in 8000..8100 {
        let at = AddrPort { port, ..at("fc12::1") };
        addresses.table.add(&told(at), &from("8.8.8.8"), 0, NOW, 0);
    }
    let config = DiscoveryConfig { networks: super::super::Networks::ALL, ..DiscoveryConfig::default() };
    let mut world = World::new(config, addresses, 1);
    world.run_until(5, all_answer);
    assert_eq!(world.dialled(DialPurpose::FullRelay).len(), 1);
}

#[test]
fn what_peers_tell_is_taken_with_care() {
    let mut world = World::with_addresses(0, DiscoveryConfig::default());
    let (peer, node) = (addr("8.8.8.8"), at("9.9.9.9"));
    let mut draw = Draw::new(1);
    let cases = [
        KnownAddress { services: Services::NONE, ..told(at("1.1.1.1")) },
        told(at("10.0.0.1")),
        told_at(node, NOW + DAY),
        told_at(at("8.8.8.8"), NOW - HOUR),
    ];
    assert_eq!(world.discovery.told(&peer, &cases, world.now, &mut || draw.next()), 2);
    let table = &world.discovery.addresses().table;
    assert_eq!(table.len(), 2, "no services, not routable");
    assert_eq!(table.find(&node).unwrap().time, NOW - 5 * DAY - 2 * HOUR, "in the future");
    assert_eq!(table.find(&at("8.8.8.8")).unwrap().time, NOW - HOUR, "it tells of itself");
}

/// The same words give the same dials; nothing else decides, and words are drawn for decisions alone.
#[test]
fn d16_the_same_words_give_the_same_dials() {
    let run = |seed: u64| {
        let mut addresses = Addresses::new(KEY, NetGroups::default());
        for n in 0..500_u16 {
            let at = nth_of(20 + n as u8 % 150, (n / 150) as u8, 7);
            addresses.table.add(&told(at), &Source::Addr(at.addr), 0, NOW, 0);
        }
        let mut world = World::new(seeds(5), addresses, seed);
        world.run_until(3600, all_answer);
        let saved = world.discovery.addresses().encode(crate::Network::Main.magic());
        (world.orders, saved, world.drawn)
    };
    let (orders, saved, drawn) = run(7);
    assert_eq!((&orders, &saved), (&run(7).0, &run(7).1));
    assert_ne!(orders, run(8).0);
    let feelers = orders.iter().filter(|(_, order)| matches!(order, DiscoveryOrder::Disconnect(_))).count();
    assert_eq!(drawn, 8 + 3 * feelers, "one for each peer, three for each feeler");
}

/// With nothing to dial no time is spent and no word drawn.
#[test]
fn an_empty_table_waits_for_addresses() {
    let mut world = World::with_addresses(0, DiscoveryConfig::default());
    world.run_until(24 * 3600, |_, _, _| {});
    assert_eq!(world.drawn, 0);
    assert_eq!(world.orders.len(), 24 * 4, "only the savings");
}

#[test]
fn exponential_times() {
    let mean = Duration::from_secs(120);
    let to_f64 = |n: u64| f64::from((n >> 32) as u32) * 4_294_967_296.0 + f64::from(n as u32);
    for random in [1, 2, 3, 1 << 20, 1 << 62, 3 << 62, u64::MAX / 3, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
        let expected = -(to_f64(random) / to_f64(1 << 32).powi(2)).ln() * 120.0;
        let ours = exponential(mean, random).as_secs_f64();
        assert!((ours - expected).abs() < 0.001 * expected + 0.001, "{random}: {ours}, not {expected}");
    }
    assert!(exponential(mean, 0) < 45 * mean);
    let mut draw = Draw::new(3);
    let sum: Duration = (0..10_000).map(|_| exponential(mean, draw.next())).sum();
    assert!((sum / 10_000).abs_diff(mean) < Duration::from_secs(6), "{sum:?}");
}
