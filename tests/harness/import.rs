//! The content of another program's capture, line by line.

use std::fmt::Write as _;
use std::path::Path;

use satwire_capture::convert::{Found, ImportOptions, Observer, Opened};
use satwire_capture::journal::{Observation, Observed, Way};
use satwire_core::peer::Direction;

use crate::decode_frames_of;
use crate::render::{self, Names};

/// The transcript of a capture: as a [`Transcript`](crate::Transcript), with the recorded node's messages in the place of
/// ours. `pieces` cuts what was captured into so many bytes at most.
///
/// # Panics
/// If the capture cannot be read.
pub fn import_transcript(capture: &Path, pieces: usize) -> String {
    let opened = Opened::open(capture, "harness", ImportOptions::default());
    let mut story = opened.unwrap_or_else(|error| panic!("{error}")).observed(capture);
    let magic = story.prologue().config.magic.0;
    let mut observer = Observer::new(story.prologue()).with_messages();
    let (mut names, mut text) = (Names::default(), String::new());
    let mut tell = |observer: &mut Observer| {
        while let Some(finding) = observer.poll() {
            let what = match finding.what {
                Found::Connected { peer, direction, adopted, .. } => {
                    let way = if direction == Direction::Outbound { "to" } else { "from" };
                    let adopted = if adopted { ", adopted" } else { "" };
                    format!("connected {way} {peer}{adopted}")
                }
                Found::Event(kind) => render::event(&kind, &mut names),
                Found::Message { way: Way::Sent, frame } => {
                    let sent = decode_frames_of(magic, &frame);
                    format!("→ {}", render::sent(&sent[0], &mut names))
                }
                Found::Message { .. } => continue,
                Found::Lost { way, bytes } => format!("lost {bytes:?} bytes ({})", way.as_str()),
                Found::Opaque { received, sent } => format!("opaque: {received} bytes in, {sent} out"),
                Found::Difference(difference) => format!("≠ {difference}"),
                other => format!("{other:?}"),
            };
            let time = render::time(finding.at);
            writeln!(text, "{time} {} {what}", finding.conn).expect("a string takes everything");
        }
    };
    for observation in &mut story {
        let Observation { at, conn, what } = observation.unwrap_or_else(|error| panic!("{error}"));
        if let Observed::Bytes(way, bytes) = &what {
            for piece in bytes.chunks(pieces) {
                observer.observe(Observation { at, conn, what: Observed::Bytes(*way, piece.into()) });
                tell(&mut observer);
            }
        } else {
            observer.observe(Observation { at, conn, what });
            tell(&mut observer);
        }
    }
    observer.finish();
    tell(&mut observer);
    text
}
