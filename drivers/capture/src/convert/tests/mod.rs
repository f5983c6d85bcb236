//! Captures of all kinds: whole, cut, damaged, hostile.

mod captures;
mod core_dat;
mod files;
mod framing;
mod hostile;
mod import;
mod links;
mod model;
mod observer;
mod packets;
mod reassembly;
mod rewrite;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use satwire_core::node::ConnId;

use super::framing::{Framed, Framing};
use super::reassembly::{Reassembler, Segment};
use super::{Capture, CaptureEvent, Direction, Ended, UnixMicros};

/// A capture that is committed.
fn committed(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures").join(name)
}

const A: ([u8; 4], u16) = ([10, 0, 0, 1], 50_000);
const B: ([u8; 4], u16) = ([10, 0, 0, 2], 8333);

/// A plain segment from A to B.
fn plain(seq: u32, payload: &[u8]) -> Segment<'_> {
    Segment {
        time: 0,
        from: SocketAddr::from(A),
        to: SocketAddr::from(B),
        seq,
        ack: None,
        syn: false,
        fin: false,
        rst: false,
        payload,
        length: payload.len() as u32,
    }
}

/// The same, from B to A.
fn answer(seq: u32, payload: &[u8]) -> Segment<'_> {
    let Segment { from, to, .. } = plain(0, &[]);
    Segment { from: to, to: from, ..plain(seq, payload) }
}

fn syn(seq: u32) -> Segment<'static> {
    Segment { syn: true, ..plain(seq, &[]) }
}

fn syn_ack(seq: u32, ack: u32) -> Segment<'static> {
    Segment { syn: true, ack: Some(ack), ..answer(seq, &[]) }
}

/// Segments a millisecond apart, and what comes of them.
fn reassemble(segments: &[Segment<'_>]) -> Vec<CaptureEvent> {
    let spaced = segments.iter().zip(1..).map(|(segment, n)| Segment { time: n * 1000, ..*segment });
    reassemble_at(&spaced.collect::<Vec<_>>())
}

/// The same at the times that they have.
fn reassemble_at(segments: &[Segment<'_>]) -> Vec<CaptureEvent> {
    let mut machine = Reassembler::new();
    let mut events = Vec::new();
    for segment in segments {
        machine.segment(segment);
        events.extend(std::iter::from_fn(|| machine.poll()));
    }
    machine.finish();
    events.extend(std::iter::from_fn(|| machine.poll()));
    assert!(events.is_sorted_by_key(CaptureEvent::time), "{events:#?}");
    assert_eq!(machine.held(), 0);
    events
}

/// Returns what happened, a line each: `1 open`, `1 > "bytes"`, `1 < lost 5`, with the millisecond before it.
fn lines(events: &[CaptureEvent]) -> Vec<String> {
    let arrow = |direction: &Direction| if *direction == Direction::Forward { '>' } else { '<' };
    let line = |event: &CaptureEvent| {
        let what = match event {
            CaptureEvent::Opened { adopted, .. } => if *adopted { "adopted" } else { "opened" }.to_string(),
            CaptureEvent::Bytes { direction, bytes, .. } => {
                format!("{} {}", arrow(direction), bytes.escape_ascii())
            }
            CaptureEvent::Lost { direction, bytes, .. } => {
                let bytes = bytes.map_or("?".into(), |bytes| bytes.to_string());
                format!("{} lost {bytes}", arrow(direction))
            }
            CaptureEvent::Message { direction, command, payload, .. } => {
                format!("{} {} {}", arrow(direction), command.escape_ascii(), payload.len())
            }
            CaptureEvent::Closed { how, .. } => match how {
                Ended::Finished(direction) => format!("{} finished", arrow(direction)),
                Ended::Reset(direction) => format!("{} reset", arrow(direction)),
                Ended::Replaced => "replaced".into(),
                Ended::Forgotten => "forgotten".into(),
            },
        };
        let ConnId(conn) = event.conn();
        format!("{} ms: {conn} {what}", event.time() / 1000)
    };
    events.iter().map(line).collect()
}

/// A message that was found: connection, direction, time, command, payload.
type Found = (ConnId, Direction, UnixMicros, String, Vec<u8>);

/// All whole messages of a capture, in the order of their times.
fn messages(events: impl IntoIterator<Item = CaptureEvent>) -> Vec<Found> {
    let mut framings = std::collections::BTreeMap::new();
    let (mut found, mut out) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            CaptureEvent::Opened { conn, adopted, .. } => {
                framings.insert(conn, Framing::new(adopted, None));
            }
            CaptureEvent::Bytes { conn, direction, time, bytes } => {
                framings.get_mut(&conn).unwrap().bytes(direction, time, &bytes, &mut out);
                take_messages(conn, direction, &mut out, &mut found);
            }
            CaptureEvent::Lost { conn, direction, time, bytes } => {
                framings.get_mut(&conn).unwrap().lost(direction, time, bytes, &mut out);
                take_messages(conn, direction, &mut out, &mut found);
            }
            CaptureEvent::Message { conn, direction, time, command, payload } => {
                found.push((conn, direction, time, name(command), payload));
            }
            CaptureEvent::Closed { .. } => {}
        }
    }
    found
}

fn take_messages(conn: ConnId, direction: Direction, out: &mut Vec<Framed>, found: &mut Vec<Found>) {
    for framed in out.drain(..) {
        if let (Some(header), Framed::Message { time, frame }) = (framed.header(), &framed) {
            found.push((conn, direction, *time, name(header.command), frame[24..].into()));
        }
    }
}

fn name(command: [u8; 12]) -> String {
    command.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

/// All events of a capture that must be whole.
fn whole(capture: Capture) -> Vec<CaptureEvent> {
    capture.collect::<Result<_, _>>().unwrap()
}
