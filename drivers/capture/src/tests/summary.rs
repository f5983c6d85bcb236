//! Tests of the contents of a journal.

use satwire_core::node::ConnId;
use satwire_core::peer::Direction;
use satwire_core::wire::Command;
use satwire_core::{Instant, Network};

use super::{addr, greeting, inv, record};
use crate::Summary;
use crate::journal::{EndReason, Ending, FORMAT, Reader};

#[test]
fn a_summary_counts_what_came_in() {
    let (bytes, _) = record();
    let (summary, damage) = Summary::read(Reader::new(&bytes[..]).unwrap());
    assert!(damage.is_none(), "{damage:?}");
    assert_eq!(summary.format, FORMAT);
    assert_eq!(summary.prologue.config.magic, Network::Regtest.magic());
    assert_eq!(summary.bytes, bytes.len() as u64);
    assert_eq!(summary.steps, 52);
    assert_eq!(summary.span, Some((Instant::from_micros(1000), Instant::from_micros(20_500_000))));
    assert_eq!(summary.ending, Ending::Marked(EndReason::Clean));
    assert_eq!(summary.failed_dials, 2);
    assert_eq!(summary.connections.keys().copied().collect::<Vec<_>>(), [ConnId(1), ConnId(4)]);
    let dialled = &summary.connections[&ConnId(1)];
    assert_eq!((dialled.direction, dialled.addr, dialled.broken_at), (Direction::Outbound, None, None));
    assert_eq!(dialled.received, (greeting(77).len() + inv(3).len() + 18 * 64) as u64);
    let accepted = &summary.connections[&ConnId(4)];
    assert_eq!((accepted.direction, accepted.addr), (Direction::Inbound, Some(addr(9))));
    let all = summary.messages();
    let count = |command| all[&Some(command)].count;
    assert_eq!([Command::VERSION, Command::VERACK, Command::INV, Command::PING].map(count), [2, 2, 2, 18]);
    assert_eq!(all[&Some(Command::PING)].payload, 18 * 8);
    assert_eq!(all.len(), 6);
}

#[test]
fn a_cut_journal_is_summed_up_to_its_cut() {
    let (bytes, _) = record();
    let cut = bytes.len() - 20;
    let (summary, damage) = Summary::read(Reader::new(&bytes[..cut]).unwrap());
    assert!(damage.is_none(), "{damage:?}");
    assert_eq!(summary.steps, 52);
    assert!(matches!(summary.ending, Ending::Cut { offset, torn } if offset + torn == cut as u64));
}

#[test]
fn of_a_damaged_journal_what_comes_before_is_summed_up() {
    let (mut bytes, _) = record();
    let (whole, _) = Summary::read(Reader::new(&bytes[..]).unwrap());
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    let (part, damage) = Summary::read(Reader::new(&bytes[..]).unwrap());
    let damage = damage.expect("a damaged record");
    assert!(damage.offset <= at as u64, "{damage}");
    assert!((1..whole.steps).contains(&part.steps), "{} of {}", part.steps, whole.steps);
}
