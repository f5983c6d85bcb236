//! Any bytes as a capture of packets, compressed or not: what is read is framed, in order of time.

#![no_main]

use std::collections::BTreeMap;
use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use satwire_capture::convert::framing::Framing;
use satwire_capture::convert::{Capture, CaptureEvent};

fuzz_target!(|data: &[u8]| {
    let Ok(capture) = Capture::from_reader(Cursor::new(data.to_vec())) else { return };
    let (mut framings, mut out, mut time) = (BTreeMap::new(), Vec::new(), 0);
    for event in capture.flatten() {
        assert!(event.time() >= time);
        time = event.time();
        match event {
            CaptureEvent::Opened { conn, adopted, .. } => {
                assert!(framings.insert(conn, Framing::new(adopted, None)).is_none());
            }
            CaptureEvent::Bytes { conn, direction, time, bytes } => {
                framings.get_mut(&conn).expect("it was opened").bytes(direction, time, &bytes, &mut out);
            }
            CaptureEvent::Lost { conn, direction, time, bytes } => {
                framings.get_mut(&conn).expect("it was opened").lost(direction, time, bytes, &mut out);
            }
            _ => {}
        }
        out.clear();
    }
});
