//! The rules once more, without any thought of cost, and random schedules on which both must agree.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::super::AddrInfo;
use super::super::buckets::Place;
use super::super::table::PLACES_PER_ADDRESS;
use super::*;

#[derive(Clone, Copy)]
struct Known {
    told: KnownAddress,
    source: Source,
    last_success: u32,
    last_try: u32,
    last_counted: u32,
    attempts: u8,
}

/// Maps from places to addresses, as one would write them down.
struct Model {
    /// Says which place is whose; it stays empty.
    hash: AddrTable,
    known: BTreeMap<AddrPort, Known>,
    new: BTreeMap<Place, AddrPort>,
    tried: BTreeMap<Place, AddrPort>,
    waiting: Vec<AddrPort>,
    last_good: u32,
}

impl Model {
    fn new() -> Self {
        Self {
            hash: table(),
            known: BTreeMap::new(),
            new: BTreeMap::new(),
            tried: BTreeMap::new(),
            waiting: Vec::new(),
            last_good: 1,
        }
    }

    fn places(&self, at: &AddrPort) -> u8 {
        self.new.values().filter(|other| *other == at).count() as u8
    }

    fn is_tried(&self, at: &AddrPort) -> bool {
        self.tried.values().any(|other| other == at)
    }

    fn is_terrible(&self, at: &AddrPort, now: u32) -> bool {
        let known = self.known[at];
        let since = |time: u32| i64::from(now) - i64::from(time);
        let day = i64::from(DAY);
        since(known.last_try) > 60
            && (since(known.told.time) < -600
                || since(known.told.time) > 30 * day
                || known.last_success == 0 && known.attempts >= 3
                || since(known.last_success) > 7 * day && known.attempts >= 10)
    }

    fn forget_homeless(&mut self) {
        let homed: BTreeSet<_> = self.new.values().chain(self.tried.values()).copied().collect();
        self.known.retain(|at, _| homed.contains(at));
        self.waiting.retain(|at| homed.contains(at));
    }

    fn add(&mut self, told: &KnownAddress, source: Source, penalty: u32, now: u32, random: u64) -> bool {
        let at = AddrPort { addr: told.addr, port: told.port };
        let penalty = if source == Source::Addr(at.addr) { 0 } else { penalty };
        let (is_known, places) = (self.known.contains_key(&at), self.places(&at));
        let is_tried = self.is_tried(&at);
        if let Some(known) = self.known.get_mut(&at) {
            let (old, new) = (i64::from(known.told.time), i64::from(told.time));
            let step = if i64::from(now) - new < i64::from(DAY) { HOUR } else { DAY };
            if new - old > i64::from(step + penalty) {
                known.told.time = told.time - penalty;
            }
            known.told.services = known.told.services | told.services;
            let is_news = told.time > known.told.time;
            let is_lucky = Draw::new(random).below(1 << places.min(20)) == 0;
            if !is_news || is_tried || places == PLACES_PER_ADDRESS || !is_lucky {
                return false;
            }
        }
        let place = self.hash.new_place(&at, &source);
        match self.new.get(&place).copied() {
            Some(owner) if owner == at => return false,
            Some(owner) if !self.is_terrible(&owner, now) && (self.places(&owner) == 1 || is_known) => {
                return false;
            }
            _ => {}
        }
        self.new.insert(place, at);
        let told = KnownAddress { time: told.time.saturating_sub(penalty), ..*told };
        let known = Known { told, source, last_success: 0, last_try: 0, last_counted: 0, attempts: 0 };
        self.known.entry(at).or_insert(known);
        self.forget_homeless();
        true
    }

    fn attempt(&mut self, at: &AddrPort, count: bool, now: u32) {
        let last_good = self.last_good;
        if let Some(known) = self.known.get_mut(at) {
            known.last_try = now;
            if count && known.last_counted < last_good {
                known.last_counted = now;
                known.attempts += 1;
            }
        }
    }

    fn good(&mut self, at: &AddrPort, test_first: bool, now: u32) -> bool {
        self.last_good = now;
        let is_tried = self.is_tried(at);
        let Some(known) = self.known.get_mut(at) else { return false };
        (known.last_success, known.last_try, known.attempts) = (now, now, 0);
        if is_tried {
            return false;
        }
        let place = self.hash.tried_place(at);
        let holder = self.tried.get(&place).copied();
        if holder.is_some() && test_first {
            if self.waiting.len() < 10 && !self.waiting.contains(at) {
                self.waiting.push(*at);
            }
            return false;
        }
        self.new.retain(|_, other| other != at);
        self.tried.insert(place, *at);
        self.waiting.retain(|other| other != at);
        if let Some(holder) = holder {
            let place = self.hash.new_place(&holder, &self.known[&holder].source);
            self.new.insert(place, holder);
            self.forget_homeless();
        }
        true
    }

    fn resolve(&mut self, now: u32) {
        for at in self.waiting.clone() {
            if !self.waiting.contains(&at) {
                continue;
            }
            let ago = |time: u32| now - time;
            let replace = match self.tried.get(&self.hash.tried_place(&at)).map(|holder| self.known[holder]) {
                None => true,
                Some(holder) if ago(holder.last_success) < 4 * HOUR => {
                    self.waiting.retain(|other| *other != at);
                    false
                }
                Some(holder) if ago(holder.last_try) < 4 * HOUR => ago(holder.last_try) > 60,
                Some(_) => ago(self.known[&at].last_success) > 40 * MINUTE,
            };
            if replace {
                self.good(&at, false, now);
            }
        }
    }

    fn entries(&self) -> BTreeMap<AddrPort, AddrInfo> {
        let known = |time: u32| Some(time).filter(|time| *time > 0);
        let info = |(at, entry): (&AddrPort, &Known)| {
            let info = AddrInfo {
                addr: *at,
                source: entry.source,
                services: entry.told.services,
                time: entry.told.time,
                last_success: known(entry.last_success),
                last_try: known(entry.last_try),
                attempts: entry.attempts,
                is_tried: self.is_tried(at),
                places: self.places(at),
            };
            (*at, info)
        };
        self.known.iter().map(info).collect()
    }
}

/// Few groups, so that places are rare: collisions in both tables, and addresses that lose their last place.
fn agree(seed: u64) -> (u32, u32) {
    let (mut table, mut model, mut draw) = (table(), Model::new(), Draw::new(seed));
    let mut now = NOW;
    let (mut moved_back, mut lost) = (0, 0);
    for step in 0..2000 {
        let at = nth_of(250, draw.below(2) as u8, draw.below(400) as u16);
        let before = (table.counts().total().tried, table.len());
        match draw.below(20) {
            0..11 => {
                let told = told_at(at, now - draw.below(2) * draw.below(40 * DAY));
                let source = match draw.below(8) {
                    0 => Source::Addr(at.addr),
                    1 => Source::seed("x"),
                    n => Source::Addr(nth_of(n as u8, 1, 1).addr),
                };
                let (penalty, random) = (draw.below(2) * 2 * HOUR, draw.next());
                let added = table.add(&told, &source, penalty, now, random);
                assert_eq!(added, model.add(&told, source, penalty, now, random), "{seed}, {step}: add {at}");
            }
            11..14 => {
                let count = draw.below(4) > 0;
                table.attempt(&at, count, now);
                model.attempt(&at, count, now);
            }
            14..18 => {
                assert_eq!(table.good(&at, now), model.good(&at, true, now), "{seed}, {step}: good {at}");
            }
            18 => {
                table.resolve_collisions(&|_| false, now);
                model.resolve(now);
            }
            _ => {
                let most = if draw.below(8) == 0 { 9 * DAY } else { 2 * HOUR };
                now += draw.below(most);
            }
        }
        moved_back += u32::from(table.counts().total().tried == before.0 && table.len() < before.1);
        lost += u32::from(table.len() < before.1);
        if step % 50 == 0 {
            let entries: BTreeMap<_, _> = table.entries().map(|info| (info.addr, info)).collect();
            assert_eq!(entries, model.entries(), "seed {seed}, step {step}");
            check(&table);
            let waiting: Vec<_> = table.collisions.iter().map(|id| table.entry(*id).unwrap().addr).collect();
            assert_eq!(waiting, model.waiting, "seed {seed}, step {step}");
        }
    }
    (moved_back, lost)
}

#[test]
fn d1_d4_the_table_does_what_the_rules_say() {
    let (mut moved_back, mut lost) = (0, 0);
    for seed in 0..3 {
        let (more_moved, more_lost) = agree(seed);
        moved_back += more_moved;
        lost += more_lost;
    }
    assert!(
        lost > 10 && moved_back > 0,
        "{lost} addresses lost their last place, {moved_back} to one from tried"
    );
}
