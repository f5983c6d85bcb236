//! When seeds are asked, and what becomes of their answers.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::super::{DialPurpose, DiscoveryConfig, DiscoveryOrder};
use super::world::{World, all_answer, nobody_answers, seeds};
use super::*;

/// Bitcoin Core `p2p_dns_seeds`.
#[test]
fn a6_d10_an_empty_table_asks_three_seeds_at_once_and_three_each_11_seconds() {
    let mut world = World::with_addresses(0, seeds(7));
    world.run_until(3600, |_, _, _| {});
    let asked = world.asked_seeds();
    let times: Vec<_> = asked.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 0, 0, 11, 11, 11, 22]);
    let names: BTreeSet<_> = asked.iter().map(|(_, name)| *name).collect();
    assert_eq!(names.len(), 7, "each once");
    assert!(asked.iter().map(|(_, name)| *name).ne((0..7).map(seed).collect::<Vec<_>>()), "in random order");
    let hosts = world.orders.iter().filter_map(|(_, order)| match order {
        DiscoveryOrder::Resolve { seed, host } => Some(*host == alloc::format!("x9.{seed}")),
        _ => None,
    });
    assert!(hosts.into_iter().all(|is_right| is_right));
}

#[test]
fn a6_d10_with_addresses_the_seeds_wait_11_seconds_or_5_minutes() {
    for (count, times) in [(50, vec![11, 11, 11, 22]), (1400, vec![300, 300, 300, 600])] {
        let mut world = World::with_addresses(count, seeds(4));
        world.run_until(times[3] + 1, nobody_answers);
        let asked: Vec<_> = world.asked_seeds().iter().map(|(at, _)| *at).collect();
        assert_eq!(asked, times, "{count} addresses");
    }
}

#[test]
fn a6_d10_two_peers_are_enough() {
    for (count, peers, asked) in [(100, 2, 0), (100, 1, 4), (1400, 2, 0)] {
        let mut world = World::with_addresses(count, seeds(4));
        let mut answered = 0;
        world.run_until(25, |discovery, now, order| {
            if answered < peers {
                all_answer(discovery, now, order);
                answered += usize::from(matches!(order, DiscoveryOrder::Connect { .. }));
            } else {
                nobody_answers(discovery, now, order);
            }
        });
        assert_eq!(world.asked_seeds().len(), asked, "{count} addresses, {peers} peers");
    }
}

fn fetched(world: &World) -> Vec<(u64, String)> {
    let fetch = |(at, order): &(u64, DiscoveryOrder)| match order {
        DiscoveryOrder::Fetch(name) => Some((*at, name.clone())),
        _ => None,
    };
    world.orders.iter().filter_map(fetch).collect()
}

#[test]
fn d10_seed_nodes_first() {
    let config = DiscoveryConfig { seed_nodes: vec!["a".into(), "b".into()], ..seeds(2) };
    let mut world = World::with_addresses(0, config.clone());
    world.run_until(100, |_, _, _| {});
    let times: Vec<_> = fetched(&world).iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 10], "at once with an empty table, then each 10 s");
    assert_eq!(world.asked_seeds().iter().map(|(at, _)| *at).collect::<Vec<_>>(), [30, 30]);

    let mut world = World::with_addresses(100, config);
    world.run_until(42, nobody_answers);
    let times: Vec<_> = fetched(&world).iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [10, 20]);
    assert_eq!(world.asked_seeds().iter().map(|(at, _)| *at).collect::<Vec<_>>(), [41, 41], "11 s more");
}

#[test]
fn d11_without_looking_up_names_seeds_are_connected_to_by_name() {
    let config = DiscoveryConfig { resolve_names: false, ..seeds(3) };
    let mut world = World::with_addresses(0, config);
    world.run_until(100, |_, _, _| {});
    assert_eq!((world.asked_seeds().len(), fetched(&world).len()), (0, 3));
}

/// Answers of seeds are used with care: 32 of ten thousand, nothing private, 3 to 7 days old.
#[test]
fn d10_the_answer_of_a_seed() {
    let mut world = World::with_addresses(0, seeds(1));
    world.run_until(1, |_, _, _| {});
    let mut draw = Draw::new(4);
    let answer: Vec<IpAddr> =
        (0..10_000_u32).map(|n| IpAddr::from([20, (n >> 8) as u8, n as u8, 1])).collect();
    let private: Vec<IpAddr> =
        ["127.0.0.1", "10.0.0.1", "192.168.1.1", "::1"].map(|ip| ip.parse().unwrap()).into();
    world.discovery.resolved("seed 0", &private, world.now, &mut || draw.next());
    assert!(world.discovery.addresses().table.is_empty());
    world.discovery.resolved("seed 0", &answer, world.now, &mut || draw.next());
    let table = &world.discovery.addresses().table;
    assert!((1..=32).contains(&table.len()), "{}", table.len());
    for info in table.entries() {
        let age = NOW - info.time;
        assert!((3 * DAY - 1..=7 * DAY).contains(&age), "{age}");
        assert_eq!((info.source, info.addr.port), (Source::seed("seed 0"), 8333));
        assert_eq!(info.services, Services::NETWORK | Services::WITNESS | Services::P2P_V2);
    }
    world.run_until(2, all_answer);
    assert!(!world.dialled(DialPurpose::FullRelay).is_empty(), "and dialled");

    world.discovery.resolved("seed 0", &[], world.now, &mut || draw.next());
    world.run_until(3, all_answer);
    assert_eq!(fetched(&world), [(2, "seed 0".to_string())]);
}
