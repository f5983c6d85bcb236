//! Where addresses go: how much of a table one who holds a group can fill.

use alloc::collections::BTreeSet;

use super::super::{DialPurpose, DialRules, Networks};
use super::*;

/// Bitcoin Core `src/test/addrman_tests.cpp` `caddrinfo_get_tried_bucket_legacy`.
#[test]
fn d1_one_group_reaches_8_buckets_of_the_tried_table() {
    let table = table();
    let bucket = |at: &AddrPort| table.tried_place(at).bucket;
    let of_one_group: BTreeSet<_> = (0..2000).map(|n| bucket(&nth_of(250, 1, n))).collect();
    assert_eq!(of_one_group.len(), 8);
    let of_many: BTreeSet<_> = (0..255).map(|b| bucket(&nth_of(250, b, 257))).collect();
    assert!(of_many.len() > 8, "{}", of_many.len());
    // The port counts.
    let other_ports: BTreeSet<_> =
        (1..255).map(|port| bucket(&AddrPort { port, ..nth_of(250, 1, 1) })).collect();
    assert_eq!(other_ports.len(), 8);
}

/// Bitcoin Core `src/test/addrman_tests.cpp` `caddrinfo_get_new_bucket_legacy`.
#[test]
fn d1_one_group_of_sources_reaches_64_buckets_of_the_new_table() {
    let table = table();
    let bucket = |at: &AddrPort, source: &Source| table.new_place(at, source).bucket;
    let source = from("251.4.1.1");
    let of_one_pair: BTreeSet<_> = (0..255).map(|n| bucket(&nth_of(250, 1, n), &source)).collect();
    assert_eq!(of_one_pair.len(), 1, "the group and the group of the source decide");
    let of_one_source: BTreeSet<_> =
        (0..2000).map(|n: u16| bucket(&nth_of(1 + (n >> 8) as u8, n as u8, 7), &source)).collect();
    // Two of the 64 may be the same bucket.
    assert!((56..=64).contains(&of_one_source.len()), "{}", of_one_source.len());
    let of_many: BTreeSet<_> =
        (0..255).map(|b| bucket(&nth_of(250, 1, 1), &Source::Addr(nth_of(250, b, 1).addr))).collect();
    assert!(of_many.len() > 64, "{}", of_many.len());
}

#[test]
fn d1_the_key_decides() {
    let (a, b) = (table(), AddrTable::new([1, 2], NetGroups::default()));
    let differ = |n: &u16| a.tried_place(&nth_of(250, 1, *n)) != b.tried_place(&nth_of(250, 1, *n));
    assert!((0..100).filter(differ).count() > 95);
    let differ = |n: &u16| {
        let source = from("251.4.1.1");
        a.new_place(&nth_of(250, 1, *n), &source) != b.new_place(&nth_of(250, 1, *n), &source)
    };
    assert!((0..100).filter(differ).count() > 95);
}

/// One who holds a /16 and tells of 100,000 addresses from it, and of 25,000 elsewhere.
#[test]
fn d6_a_group_that_floods_fills_64_buckets_and_one_slot() {
    let mut table = table();
    let honest: BTreeSet<_> = (1..=200).map(|n| nth_of(n, 7, 7)).collect();
    for (n, at) in honest.iter().enumerate() {
        add(&mut table, *at, &Source::Addr(nth_of(1 + n as u8, 9, 9).addr));
    }
    for n in 0..100_000_u32 {
        let source = Source::Addr(nth_of(250, 1, n as u16).addr);
        let [a, b, c, _] = n.wrapping_mul(0x9e37_79b9).to_be_bytes();
        let own = AddrPort { port: 8333 + (n >> 16) as u16, ..nth_of(250, 1, n as u16) };
        add(&mut table, own, &source);
        if n % 4 == 0 {
            add(&mut table, nth_of(11 + a % 100, b, u16::from(c)), &source);
        }
    }
    let buckets = |is_attackers: &dyn Fn(&super::super::AddrInfo) -> bool| -> usize {
        let has_one = |bucket: &u32| {
            let mut entries = table.new.bucket(*bucket);
            entries.any(|(_, id)| is_attackers(&table.entry(id).unwrap()))
        };
        (0..NEW_BUCKETS).filter(has_one).count()
    };
    let group = table.groups.of(&addr("250.1.0.0"));
    let told_by_him = buckets(&|info| table.groups.of_source(&info.source) == group);
    assert!((1..=64).contains(&told_by_him), "{told_by_him} buckets hold what he told");
    assert_eq!(buckets(&|info| table.groups.of(&info.addr.addr) == group), 1, "his own addresses, in one");
    let kept = honest.iter().filter(|at| table.find(at).is_some()).count();
    assert!(kept > 180, "{kept} of 200 honest addresses are still there");
    check(&table);

    // And his group gets one slot: once one of its addresses is connected, no other is drawn.
    let mut only_his = AddrTable::new(KEY, NetGroups::default());
    for n in 0..1000 {
        add(&mut only_his, nth_of(250, 1, n), &from("250.1.1.1"));
    }
    let none = BTreeSet::new();
    let taken = BTreeSet::from([group]);
    let rules = |groups| DialRules {
        purpose: DialPurpose::FullRelay,
        networks: Networks::ALL,
        groups,
        is_excluded: &|_| false,
    };
    assert!(only_his.choose(&rules(&none), NOW, 1).is_some());
    for random in 0..100 {
        assert_eq!(only_his.choose(&rules(&taken), NOW, random), None);
    }
}

/// Bitcoin Core `src/test/addrman_tests.cpp` `addrman_new_multiplicity`: up to 8 places, each harder to get.
#[test]
fn an_address_takes_at_most_8_places_each_by_chance() {
    let a = at("8.8.8.8");
    let places = |randomly: bool| {
        let mut table = table();
        let mut draw = Draw::new(3);
        for n in 1..400_u32 {
            let source = Source::Addr(nth_of((n % 200) as u8 + 1, (n / 200) as u8 + 1, 1).addr);
            // Newer each time, or nothing is new about it.
            let told = told_at(a, NOW + n);
            table.add(&told, &source, 0, NOW, if randomly { draw.next() } else { 0 });
        }
        check(&table);
        table.find(&a).unwrap().places
    };
    // The word 0 expands to a number whose high bits are set: never the chance of one in two.
    assert_eq!(places(false), 1);
    assert_eq!(places(true), 8);
    // The chance of the second place is a half, of the third a quarter.
    for (held, expected) in [(1, 5000), (2, 2500), (3, 1250)] {
        let takes = |random: &u64| Draw::new(*random).below(1 << held) == 0;
        let count = (0..10_000).filter(takes).count();
        assert!(count.abs_diff(expected) < 250, "{count} of 10,000 with {held} places");
    }
}

/// Bitcoin Core `src/test/addrman_tests.cpp` `addrman_simple`, `addrman_ports`, `addrman_find`, `addrman_delete`.
#[test]
fn adding_and_finding() {
    let mut table = table();
    let source = from("252.2.2.2");
    assert!(table.is_empty() && table.find(&at("250.1.1.1")).is_none());
    assert!(add(&mut table, at("250.1.1.1"), &source));
    assert!(!add(&mut table, at("250.1.1.1"), &source), "known");
    assert_eq!(table.len(), 1);
    let other_port = AddrPort { port: 8334, ..at("250.1.1.1") };
    assert!(table.find(&other_port).is_none());
    assert!(add(&mut table, other_port, &source), "another node on the same host");
    assert!(table.good(&other_port, NOW));
    assert!(!table.find(&at("250.1.1.1")).unwrap().is_tried && table.find(&other_port).unwrap().is_tried);
    assert!(!table.good(&other_port, NOW) && !table.good(&at("9.9.9.9"), NOW), "tried already, or unknown");
    assert!(
        !add(&mut table, at("10.0.0.1"), &source) && !add(&mut table, at("127.0.0.1"), &source),
        "not routable"
    );
    assert_eq!(table.entries().count(), 2);
    check(&table);
}

/// A place goes to another if its owner is terrible, or has others while the newcomer has none.
#[test]
fn a_place_of_the_new_table_changes_hands() {
    // Two addresses of one group from one source that want the same place.
    let source = from("252.2.2.2");
    let first = nth_of(250, 1, 0);
    let place = table().new_place(&first, &source);
    let rival =
        (1..u16::MAX).map(|n| nth_of(250, 1, n)).find(|at| table().new_place(at, &source) == place).unwrap();

    let mut table_ = table();
    assert!(add(&mut table_, first, &source) && !add(&mut table_, rival, &source), "it is taken");
    assert!(table_.find(&rival).is_none());
    // Terrible after 31 days.
    let later = NOW + 31 * DAY;
    assert!(table_.add(&told_at(rival, later), &source, 0, later, 0));
    assert!(table_.find(&first).is_none() && table_.find(&rival).is_some());
    check(&table_);

    let mut table_ = table();
    assert!(add(&mut table_, first, &source));
    let lucky = (0..100).find(|random| Draw::new(*random).below(2) == 0).unwrap();
    assert!(table_.add(&told_at(first, NOW + 5), &from("1.1.1.1"), 0, NOW, lucky), "a second place");
    assert!(add(&mut table_, rival, &source), "who has two gives one");
    assert_eq!((table_.find(&first).unwrap().places, table_.find(&rival).unwrap().places), (1, 1));
    check(&table_);
}

/// The memory of a full table, computed: the test of the allocator has a table that is nearly full.
#[test]
fn d20_the_stated_memory_holds_a_full_table() {
    use super::super::entry::Entry;
    let places = ((NEW_BUCKETS + TRIED_BUCKETS) * 64) as usize;
    let entries = places * size_of::<Option<Entry>>();
    // A list of free numbers and the index, each while it grows to the next power of two.
    let free = 4 * (places.next_power_of_two() * 3 / 2);
    let index = 5 * (2 * places.next_power_of_two() * 3 / 2);
    let buckets = 4 * places + 8 * (NEW_BUCKETS + TRIED_BUCKETS) as usize;
    let most = entries + free + index + buckets + 10_000;
    assert!(most <= AddrTable::MAX_BYTES, "{most}: {entries} + {free} + {index} + {buckets}");
}

#[test]
fn counts_by_network() {
    let mut table = table();
    let source = from("252.2.2.2");
    let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
    for text in ["1.2.3.4", "2.3.4.5", "2a00::1", onion, "fc12::1"] {
        assert!(add(&mut table, at(text), &source), "{text}");
    }
    table.good(&at("1.2.3.4"), NOW);
    table.good(&at(onion), NOW);
    let counts: alloc::vec::Vec<_> =
        table.counts().iter().map(|(network, counts)| (network.name(), counts.new, counts.tried)).collect();
    assert_eq!(counts, [("ipv4", 1, 1), ("ipv6", 1, 0), ("onion", 0, 1), ("i2p", 0, 0), ("cjdns", 1, 0)]);
    assert_eq!(table.counts().total().total(), 5);
    assert_eq!(table.usable(Networks::INTERNET, NOW), 3);
    assert_eq!(table.usable(Networks::ALL, NOW + 40 * DAY), 0, "all are terrible");
    check(&table);
}
