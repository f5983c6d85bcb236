//! Two addresses that want one place in the tried table: the older is tested before it goes.

use super::*;

/// A table in which the first address is tried since `NOW` and the second waits for its place.
fn collided() -> (AddrTable, AddrPort, AddrPort) {
    let mut table = table();
    let source = from("252.2.2.2");
    let old = nth_of(250, 1, 1);
    let place = table.tried_place(&old);
    let wants_it = |at: &AddrPort| {
        table.tried_place(at) == place
            && table.new_place(at, &source).position != table.new_place(&old, &source).position
    };
    let new = (2..u16::MAX).map(|n| nth_of(250, 1, n)).find(wants_it).unwrap();
    assert!(add(&mut table, old, &source) && table.good(&old, NOW));
    assert!(add(&mut table, new, &source) && !table.good(&new, NOW), "it waits");
    assert!(!table.find(&new).unwrap().is_tried);
    check(&table);
    (table, old, new)
}

fn resolve(table: &mut AddrTable, now: u32) {
    table.resolve_collisions(&|_| false, now);
    check(table);
}

fn is_tried(table: &AddrTable, at: &AddrPort) -> bool {
    table.find(at).unwrap().is_tried
}

/// Bitcoin Core `src/test/addrman_tests.cpp` `addrman_noevict`.
#[test]
fn d4_an_old_address_that_was_good_in_the_last_four_hours_stays() {
    let (mut table, old, new) = collided();
    assert_eq!(table.select_collision(1).unwrap().addr, old, "it is to be tested");
    resolve(&mut table, NOW + 4 * HOUR - 1);
    assert!(is_tried(&table, &old) && !is_tried(&table, &new));
    assert_eq!(table.select_collision(1), None, "it is decided");
}

/// Bitcoin Core `src/test/addrman_tests.cpp` `addrman_evictionworks`.
#[test]
fn d4_an_old_address_that_did_not_answer_goes() {
    let (mut table, old, new) = collided();
    let tested = NOW + 4 * HOUR;
    table.attempt(&old, false, tested);
    resolve(&mut table, tested + 60);
    assert!(is_tried(&table, &old), "it has 60 s to answer");
    assert_eq!(table.select_collision(1).unwrap().addr, old);
    resolve(&mut table, tested + 61);
    assert!(!is_tried(&table, &old) && is_tried(&table, &new));
    assert_eq!(table.find(&new).unwrap().last_success, Some(tested + 61));
    assert_eq!(table.len(), 2, "it is back among the new ones");
    assert_eq!(table.select_collision(1), None);
}

#[test]
fn d4_an_old_address_that_answered_stays() {
    let (mut table, old, new) = collided();
    table.attempt(&old, false, NOW + 5 * HOUR);
    table.good(&old, NOW + 5 * HOUR + 1);
    resolve(&mut table, NOW + 5 * HOUR + 90);
    assert!(is_tried(&table, &old) && !is_tried(&table, &new));
}

#[test]
fn d4_an_old_address_that_could_not_be_tested_goes_after_40_minutes() {
    let (mut table, old, new) = collided();
    // The newcomer comes again when the old one's last success is long ago.
    let again = NOW + 10 * HOUR;
    table.good(&new, again);
    resolve(&mut table, again + 40 * MINUTE);
    assert!(is_tried(&table, &old));
    resolve(&mut table, again + 40 * MINUTE + 1);
    assert!(!is_tried(&table, &old) && is_tried(&table, &new));
}

/// A peer that is connected for long has no recent success: it stays all the same (Bitcoin Core `src/net.cpp`
/// `ThreadOpenConnections` calls `Good` for it).
#[test]
fn d4_an_old_address_that_is_connected_stays() {
    let (mut table, old, new) = collided();
    let later = NOW + 100 * HOUR;
    table.resolve_collisions(&|at| *at == old, later);
    check(&table);
    assert!(is_tried(&table, &old) && !is_tried(&table, &new));
    assert_eq!((table.find(&old).unwrap().last_success, table.select_collision(1)), (Some(later), None));
}

#[test]
fn d4_at_most_ten_wait_and_those_that_go_are_forgotten() {
    let mut table = table();
    let source = from("252.2.2.2");
    // 8 buckets of 64 places for 2000 addresses of one group.
    for n in 0..2000 {
        let at = nth_of(250, 1, n);
        // From many sources, so that the new table has room.
        table.add(&told(at), &Source::Addr(nth_of(n as u8 % 200 + 1, 1, 1).addr), 0, NOW, 0);
        table.good(&at, NOW);
    }
    assert_eq!(table.collisions.len(), 10);
    check(&table);
    // They are terrible a month later, and others take their places in the new table.
    let later = NOW + 40 * DAY;
    for n in 0..20_000 {
        let at = nth_of(n as u8 % 200 + 1, 3, n);
        table.add(&told_at(at, later), &Source::Addr(nth_of(n as u8 % 200 + 1, 1, 1).addr), 0, later, 0);
    }
    check(&table);
    assert!(table.collisions.len() < 10, "{}", table.collisions.len());
    add(&mut table, at("8.8.8.8"), &source);
    resolve(&mut table, later);
    assert_eq!(table.collisions.len(), 0, "the rest replace those that could not be tested");
}
