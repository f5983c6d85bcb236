//! The addresses to dial automatically, and those to leave alone.

use alloc::collections::BTreeSet;
use core::time::Duration;

use super::super::bad_ports::is_bad_port;
use super::super::{
    AddrInfo, AddrNetwork, BackOff, BackOffVerdict, DialPurpose, DialRules, NetGroup, Networks, is_desirable,
};
use super::*;

const NO_GROUPS: &BTreeSet<NetGroup> = &BTreeSet::new();

fn rules(purpose: DialPurpose) -> DialRules<'static> {
    DialRules { purpose, networks: Networks::INTERNET, groups: NO_GROUPS, is_excluded: &|_| false }
}

fn choose(table: &AddrTable, rules: &DialRules<'_>, random: u64) -> Option<AddrPort> {
    table.choose(rules, NOW, random).map(|info: AddrInfo| info.addr)
}

#[test]
fn d7_one_in_each_group_and_onion_exempt() {
    let mut table = table();
    let source = from("252.2.2.2");
    let onions = ["pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"];
    let texts = ["8.8.8.8", "8.8.200.1", "9.9.9.9", "2a00::1", "2a00:0:1::1"];
    for text in texts.iter().chain(&onions) {
        assert!(add(&mut table, at(text), &source), "{text}");
    }
    let all = DialRules { networks: Networks::ALL, ..rules(DialPurpose::FullRelay) };
    let mut groups = BTreeSet::new();
    let mut dialled = BTreeSet::new();
    for random in 0..60 {
        let is_excluded = |at: &AddrPort| dialled.contains(at);
        if let Some(at) =
            choose(&table, &DialRules { groups: &groups, is_excluded: &is_excluded, ..all }, random)
        {
            dialled.insert(at);
            if AddrNetwork::of(&at.addr).has_groups() {
                assert!(groups.insert(table.groups.of(&at.addr)), "{at}: its group is taken");
            }
        }
    }
    assert_eq!((groups.len(), dialled.len()), (3, 4), "8.8, 9.9, 2a00, and the onion: {dialled:?}");
    // Onion has no groups: one that is taken keeps nobody out.
    let only_onion = DialRules { networks: Networks::NONE.with(AddrNetwork::Onion), ..all };
    let onion_group = BTreeSet::from([table.groups.of(&addr(onions[0]))]);
    assert!(choose(&table, &DialRules { groups: &onion_group, ..only_onion }, 1).is_some());
    // A feeler goes anywhere.
    assert!(choose(&table, &DialRules { groups: &groups, ..rules(DialPurpose::Feeler) }, 1).is_some());
}

#[test]
fn d8_a_feeler_goes_to_what_is_new_or_to_be_tested() {
    let mut table = table();
    let source = from("252.2.2.2");
    let (tried, new) = (at("8.8.8.8"), at("9.9.9.9"));
    add(&mut table, tried, &source);
    table.good(&tried, NOW - DAY);
    let feeler = rules(DialPurpose::Feeler);
    assert_eq!(choose(&table, &feeler, 1), None, "nothing is new");
    add(&mut table, new, &source);
    for random in 0..50 {
        assert_eq!(choose(&table, &feeler, random), Some(new));
    }
    // It answered: it is promoted.
    assert!(table.good(&new, NOW) && table.find(&new).unwrap().is_tried);
    assert_eq!(choose(&table, &feeler, 1), None);

    // Two that want one place: the one that has it is tested first.
    let old = nth_of(250, 1, 1);
    let place = table.tried_place(&old);
    let rival = (2..u16::MAX).map(|n| nth_of(250, 1, n)).find(|at| table.tried_place(at) == place).unwrap();
    table.add(&told(old), &from("3.3.3.3"), 0, NOW, 0);
    table.good(&old, NOW - DAY);
    table.add(&told(rival), &from("4.4.4.4"), 0, NOW, 0);
    table.good(&rival, NOW - DAY);
    assert_eq!(choose(&table, &feeler, 1), Some(old));
    let is_excluded = |at: &AddrPort| *at == old;
    let without = DialRules { is_excluded: &is_excluded, ..feeler };
    assert_eq!(table.choose(&without, NOW, 1).map(|info| info.addr), Some(rival), "it is still new");
}

/// H9: what an automatic peer must offer.
#[test]
fn h9_services_that_are_wanted() {
    let services = |bits: &[u32]| Services(bits.iter().map(|bit| 1 << bit).sum());
    for (bits, full, feeler) in [
        (&[][..], false, false),
        (&[0], false, true),
        (&[3], false, false),
        (&[0, 3], true, true),
        (&[10], false, true),
        (&[3, 10], true, true),
        (&[2, 6, 11], false, false),
    ] {
        assert_eq!(is_desirable(services(bits)), full, "{bits:?}");
        let mut table = table();
        let told = KnownAddress { services: services(bits), ..told(at("8.8.8.8")) };
        table.add(&told, &from("1.1.1.1"), 0, NOW, 0);
        assert_eq!(choose(&table, &rules(DialPurpose::FullRelay), 1).is_some(), full, "{bits:?}");
        assert_eq!(choose(&table, &rules(DialPurpose::Feeler), 1).is_some(), feeler, "{bits:?}");
    }
}

/// Bitcoin Core `src/test/netbase_tests.cpp` `isbadport`.
#[test]
fn ports_of_other_services() {
    assert!(is_bad_port(1) && is_bad_port(22) && is_bad_port(6000));
    assert!(!is_bad_port(80) && !is_bad_port(443) && !is_bad_port(8333));
    assert_eq!((1..=u16::MAX).filter(|port| is_bad_port(*port)).count(), 85);
}

/// The nth draw decides: with one address in the table each draw returns it.
#[test]
fn what_was_tried_lately_waits_for_30_draws_and_bad_ports_for_50() {
    let lone = |port, last_try: Option<u32>| {
        let mut table = table();
        let at = AddrPort { port, ..at("8.8.8.8") };
        add(&mut table, at, &from("1.1.1.1"));
        if let Some(time) = last_try {
            table.attempt(&at, false, time);
        }
        table
    };
    // How many draws pass until it is taken: each asks once whether it is excluded, last of all.
    let draws_until_taken = |table: &AddrTable| {
        let info = table.entries().next().unwrap();
        let rules = rules(DialPurpose::FullRelay);
        (1..=100).find(|nth| table.may_be_dialled(&info, &rules, *nth, NOW))
    };
    assert_eq!(draws_until_taken(&lone(8333, None)), Some(1));
    assert_eq!(draws_until_taken(&lone(8333, Some(NOW - 10 * MINUTE))), Some(1));
    assert_eq!(draws_until_taken(&lone(8333, Some(NOW - 10 * MINUTE + 1))), Some(30));
    assert_eq!(draws_until_taken(&lone(22, None)), Some(50));
    // A round has a hundred draws, so that one that is alone is dialled all the same.
    assert!(choose(&lone(22, None), &rules(DialPurpose::FullRelay), 1).is_some());
}

#[test]
fn a_round_ends_when_nothing_fits() {
    let mut table = table();
    for n in 0..500 {
        add(&mut table, nth_of(250, n as u8, n), &from("1.1.1.1"));
    }
    let asked = core::cell::Cell::new(0);
    let is_excluded = |_: &AddrPort| {
        asked.set(asked.get() + 1);
        true
    };
    let none = DialRules { is_excluded: &is_excluded, ..rules(DialPurpose::FullRelay) };
    assert_eq!(choose(&table, &none, 5), None);
    assert_eq!(asked.get(), 100);
}

#[test]
fn d17_g6_who_sends_us_away_is_left_alone_for_longer_each_time() {
    let mut back_off = BackOff::default();
    let a = addr("8.8.8.8");
    let short = Duration::from_secs(59);
    let mut now = NOW;
    let waits = |seconds: u32| BackOffVerdict::Waits(Duration::from_secs(seconds.into()));
    assert_eq!(back_off.closed(&a, short, now), waits(10 * MINUTE));
    assert!(back_off.is_avoided(&a, now) && back_off.is_avoided(&a, now + 10 * MINUTE - 1));
    assert!(!back_off.is_avoided(&a, now + 10 * MINUTE) && !back_off.is_avoided(&addr("8.8.8.9"), now));
    now += 10 * MINUTE;
    assert_eq!(back_off.closed(&a, Duration::ZERO, now), waits(HOUR));
    now += HOUR;
    let avoids_us = BackOffVerdict::AvoidsUs(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(back_off.closed(&a, short, now), avoids_us, "three times in 30 days");
    assert!(back_off.is_avoided(&a, now + 30 * DAY - 1) && !back_off.is_avoided(&a, now + 30 * DAY));

    // Not three in 30 days: a day each time from the third on.
    let mut back_off = BackOff::default();
    let each: alloc::vec::Vec<_> = (0..5).map(|n| back_off.closed(&a, short, NOW + n * 16 * DAY)).collect();
    assert_eq!(each, [waits(10 * MINUTE), waits(HOUR), waits(DAY), waits(DAY), waits(DAY)]);

    // Three in 29 days.
    let mut other = BackOff::default();
    let each = [0, 14, 29].map(|day| other.closed(&a, short, NOW + day * DAY));
    assert_eq!(each, [waits(10 * MINUTE), waits(HOUR), avoids_us]);

    // One that keeps us begins anew.
    assert_eq!(back_off.closed(&a, Duration::from_secs(60), NOW + 90 * DAY), BackOffVerdict::Kept);
    assert!(!back_off.is_avoided(&a, NOW + 90 * DAY));
    assert_eq!(back_off.closed(&a, short, NOW + 90 * DAY), waits(10 * MINUTE));
    // A clock that was ahead keeps nobody out for longer than the longest wait.
    assert!(!back_off.is_avoided(&a, NOW));
}

#[test]
fn d17_what_is_remembered_of_them_is_bounded() {
    let mut back_off = BackOff::default();
    for n in 0..5000 {
        back_off.closed(&nth_of(250, 1, n).addr, Duration::ZERO, NOW + u32::from(n));
    }
    assert_eq!(back_off.avoided.len(), 1024);
    assert!(back_off.is_avoided(&nth_of(250, 1, 4999).addr, NOW + 4999));
    assert!(!back_off.is_avoided(&nth_of(250, 1, 4999 - 1024).addr, NOW));
}
