//! The digest takes every field of the structs that may grow.

use satwire_core::node::{
    Announcement, ConnId, Event, EventKind, FailedRequest, InputError, Output, Propagation,
};
use satwire_core::peer::Rejection;
use satwire_core::wire::{Hash, InvType, Inventory, Reject, Txid, Wtxid};
use satwire_core::{Instant, Node};

use super::{Counting, field_names, prologue, session};
use crate::journal::Digest;

/// A field that is not in the digest can differ in a replay, and nobody sees it. Add a new one to `put_event`, by
/// the rule that stands there. Then see what the program makes of it, in its model and in `render`, and what the
/// transcripts of the tests do. Last, name it here.
#[test]
fn every_field_is_in_the_digest() {
    let prologue = prologue();
    let mut node = Node::new(prologue.config, prologue.clock, Counting::default());
    let said = session(&mut node, |_| ());
    let events: Vec<_> = said
        .iter()
        .filter_map(|output| match output {
            Output::Event(event) => Some(event),
            _ => None,
        })
        .collect();
    assert_eq!(field_names(events[0]), ["at", "conn", "kind"]);
    let negotiated = events.iter().find_map(|event| match &event.kind {
        EventKind::Handshake(negotiated) => Some(negotiated),
        _ => None,
    });
    assert_eq!(
        field_names(negotiated.unwrap()),
        ["version", "common_version", "wtxidrelay", "addrv2", "time_offset"]
    );
    let spread = Propagation::new(Txid([1; 32]), Wtxid([2; 32]), Instant::ZERO, ConnId(1));
    let names = ["txid", "wtxid", "first_at", "first_conn", "first_direction", "congested", "announcers"];
    assert_eq!(
        field_names(&spread),
        [&names[..], &["listeners", "netgroups", "p10", "p50", "p90", "max"]].concat()
    );
    let item = Inventory { inv_type: InvType::WTX, hash: Hash([1; 32]) };
    assert_eq!(field_names(&Announcement::new(item, true, true)), ["item", "first", "requested"]);
    assert_eq!(field_names(&FailedRequest::new(item, None)), ["item", "next"]);
    let reject = Reject { command: b"tx", code: 0x10, reason: b"dust", hash: None };
    assert_eq!(field_names(&Rejection::from(reject)), ["command", "code", "reason", "hash"]);
}

/// Old journals are of a node that told refusals of no connection; the error names it.
#[test]
fn a_refusal_has_the_digest_that_it_ever_had() {
    let digest = |conn, refused| {
        let error = InputError::NotRequested { conn: ConnId(1), refused };
        let event = Event::new(Instant::ZERO, conn, EventKind::InputRefused(Box::new(error)));
        let mut digest = Digest::new();
        digest.output(Instant::ZERO, &Output::Event(event));
        digest.sum()
    };
    assert_eq!(digest(Some(ConnId(1)), 1), digest(None, 1));
    assert_ne!(digest(None, 1), digest(None, 2));
}
