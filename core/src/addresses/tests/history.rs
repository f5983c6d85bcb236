//! The history of an address, and its consequences.

use super::super::entry::{CERTAIN, Entry};
use super::super::{AddrTable, counts_failures, plausible_time};
use super::*;

fn entry() -> Entry {
    Entry {
        addr: at("8.8.8.8"),
        source: from("8.8.4.4"),
        services: FULL_NODE,
        time: NOW,
        last_success: 0,
        last_try: 0,
        last_counted: 0,
        attempts: 0,
        places: 1,
        is_tried: false,
    }
}

#[test]
fn d2_terrible() {
    let ago = |time: u32| NOW - time;
    let fresh = entry();
    let seen = |time| Entry { time, ..entry() };
    let tried = |attempts, last_success| Entry { attempts, last_success, last_try: ago(HOUR), ..entry() };
    for (entry, terrible, what) in [
        (fresh, false, "never tried"),
        (seen(NOW + 10 * MINUTE), false, "10 min ahead"),
        (seen(NOW + 10 * MINUTE + 1), true, "in the future"),
        (seen(ago(30 * DAY)), false, "30 days old"),
        (seen(ago(30 * DAY + 1)), true, "older"),
        (seen(0), true, "never seen"),
        (Entry { last_try: ago(MINUTE), ..seen(0) }, false, "tried a minute ago"),
        (Entry { last_try: ago(MINUTE + 1), ..seen(0) }, true, "tried before"),
        (Entry { last_try: NOW + 5, ..seen(0) }, false, "tried after a clock was set back"),
        (tried(2, 0), false, "two failures, never a success"),
        (tried(3, 0), true, "three failures, never a success"),
        (tried(3, ago(8 * DAY)), false, "three failures, a success"),
        (tried(10, ago(7 * DAY)), false, "ten failures in a week"),
        (tried(9, ago(7 * DAY + 1)), false, "nine failures in more"),
        (tried(10, ago(7 * DAY + 1)), true, "ten failures in more"),
    ] {
        assert_eq!(entry.is_terrible(NOW), terrible, "{what}");
    }
}

/// Against Bitcoin Core's doubles: no chance differs by more than two in a thousand million.
#[test]
fn d2_chance() {
    for attempts in 0..=255_u8 {
        for (last_try, recent) in
            [(0, 1.0), (NOW - 10 * MINUTE, 1.0), (NOW - 10 * MINUTE + 1, 0.01), (NOW + 9, 0.01)]
        {
            let entry = Entry { last_try, attempts, ..entry() };
            let core = recent * 0.66_f64.powi(i32::from(attempts).min(8));
            let ours = f64::from(entry.chance(NOW)) / f64::from(CERTAIN);
            assert!((ours - core).abs() < 2e-9, "{attempts} attempts, {last_try}: {ours}, not {core}");
        }
    }
}

/// While nobody answers, the fault is ours.
#[test]
fn d5_failures_count_once_after_each_success_with_anybody() {
    let mut table = table();
    let (a, b) = (at("8.8.8.8"), at("9.9.9.9"));
    assert!(add(&mut table, a, &from("8.8.4.4")) && add(&mut table, b, &from("8.8.4.4")));
    let attempts = |table: &AddrTable, at| table.find(at).unwrap().attempts;
    table.attempt(&a, true, NOW);
    assert_eq!(attempts(&table, &a), 1, "nothing is known of us yet");
    for n in 1..100 {
        table.attempt(&a, true, NOW + n);
    }
    assert_eq!((attempts(&table, &a), table.find(&a).unwrap().last_try), (1, Some(NOW + 99)));
    assert!(table.good(&b, NOW + 200));
    table.attempt(&a, true, NOW + 201);
    table.attempt(&a, true, NOW + 202);
    assert_eq!(attempts(&table, &a), 2, "one more after a success");
    table.good(&b, NOW + 300);
    table.attempt(&a, false, NOW + 301);
    assert_eq!(attempts(&table, &a), 2, "not to be counted");
    assert!(table.good(&a, NOW + 400));
    let info = table.find(&a).unwrap();
    assert_eq!((info.attempts, info.last_success, info.is_tried, info.time), (0, Some(NOW + 400), true, NOW));
    check(&table);
}

#[test]
fn d5_failures_count_with_peers_in_two_groups_or_the_most_there_can_be() {
    for (groups, max, counted) in [(0, 8, false), (1, 8, false), (2, 8, true), (8, 8, true)] {
        assert_eq!(counts_failures(groups, max), counted, "{groups} of {max}");
    }
    assert!(
        counts_failures(0, 1) && !counts_failures(0, 2) && counts_failures(1, 2) && counts_failures(0, 0)
    );
}

/// Times tell others whom we are connected to, so they change only after the end.
#[test]
fn the_time_moves_at_the_end_of_a_connection() {
    let mut table = table();
    let a = at("8.8.8.8");
    table.add(&told_at(a, NOW - HOUR), &from("8.8.4.4"), 0, NOW, 0);
    table.good(&a, NOW);
    assert_eq!(table.find(&a).unwrap().time, NOW - HOUR);
    table.connected(&a, NOW - 40 * MINUTE);
    assert_eq!(table.find(&a).unwrap().time, NOW - HOUR, "20 minutes are nothing");
    table.connected(&a, NOW);
    assert_eq!(table.find(&a).unwrap().time, NOW);
}

#[test]
fn gossip_adds_services_and_the_node_itself_sets_them() {
    let mut table = table();
    let a = at("8.8.8.8");
    add(&mut table, a, &from("8.8.4.4"));
    let more = KnownAddress { services: Services(1 << 11), ..told(a) };
    assert!(!table.add(&more, &from("8.8.4.4"), 0, NOW, 0), "nothing new but services");
    assert_eq!(table.find(&a).unwrap().services, Services(1 | 1 << 3 | 1 << 11));
    table.set_services(&a, Services(1 << 10));
    assert_eq!(table.find(&a).unwrap().services, Services(1 << 10));
}

/// Bitcoin Core `src/test/addrman_tests.cpp` `addrman_penalty_self_announcement`.
#[test]
fn the_time_is_put_back_unless_the_address_tells_of_itself() {
    let penalty = AddrTable::GOSSIP_PENALTY;
    for (source, time) in [("8.8.8.8", NOW), ("8.8.4.4", NOW - 2 * HOUR)] {
        let mut table = table();
        assert!(table.add(&told(at("8.8.8.8")), &from(source), penalty, NOW, 0));
        assert_eq!(table.find(&at("8.8.8.8")).unwrap().time, time, "told by {source}");
    }
    let mut table = table();
    assert!(table.add(&told_at(at("8.8.8.8"), HOUR), &from("8.8.4.4"), penalty, NOW, 0));
    assert_eq!(table.find(&at("8.8.8.8")).unwrap().time, 0, "not before 1970");
}

/// A newer time is taken if it is newer by an hour for one that is online, else by a day.
#[test]
fn the_time_of_a_known_address_moves_in_steps() {
    let known = |time, told_time| {
        let mut table = table();
        table.add(&told_at(at("8.8.8.8"), time), &from("8.8.4.4"), 0, NOW, 0);
        table.add(&told_at(at("8.8.8.8"), told_time), &from("8.8.4.4"), 0, NOW, 0);
        NOW - table.find(&at("8.8.8.8")).unwrap().time
    };
    assert_eq!(known(NOW - HOUR, NOW), HOUR);
    assert_eq!(known(NOW - HOUR - 1, NOW), 0);
    assert_eq!(known(NOW - 4 * DAY, NOW - 3 * DAY), 4 * DAY);
    assert_eq!(known(NOW - 4 * DAY - 1, NOW - 3 * DAY), 3 * DAY);
}

#[test]
fn times_that_cannot_be_true_are_five_days_ago() {
    let five_days_ago = NOW - 5 * DAY;
    for (told, noted) in [
        (0, five_days_ago),
        (100_000_000, five_days_ago),
        (100_000_001, 100_000_001),
        (NOW + 10 * MINUTE, NOW + 10 * MINUTE),
        (NOW + 10 * MINUTE + 1, five_days_ago),
        (u32::MAX, five_days_ago),
    ] {
        assert_eq!(plausible_time(told, NOW), noted, "{told}");
    }
    assert_eq!(plausible_time(0, 5), 0);
}

/// A clock that was ahead leaves nothing that has to wait for that time.
#[test]
fn a_clock_that_is_set_back() {
    let mut table = table();
    let (a, ahead) = (at("8.8.8.8"), NOW + 365 * DAY);
    add(&mut table, a, &from("8.8.4.4"));
    table.attempt(&a, true, ahead);
    table.good(&at("9.9.9.9"), ahead);
    table.clock_set(7);
    assert_eq!(table.find(&a).unwrap().last_try, Some(ahead), "a machine that does not know the time yet");
    table.clock_set(NOW);
    assert_eq!(table.find(&a).unwrap().last_try, Some(NOW));
    table.good(&at("9.9.9.9"), NOW + 1);
    table.attempt(&a, true, NOW + 2);
    assert_eq!(table.find(&a).unwrap().attempts, 2, "failures count again");
}
