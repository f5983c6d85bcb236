//! Any bytes as the two files of one peer, cut at a place that the first two bytes name.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use satwire_capture::convert::{Capture, CaptureEvent};

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("satwire-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    folder
});

fuzz_target!(|data: &[u8]| {
    let [low, high, rest @ ..] = data else { return };
    let at = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
    let (received, sent) = rest.split_at(at);
    std::fs::write(FOLDER.join("msgs_recv.dat"), received).expect("to write");
    std::fs::write(FOLDER.join("msgs_sent.dat"), sent).expect("to write");
    let (mut time, mut errors) = (0, 0);
    for event in Capture::open(&FOLDER).expect("the files are there") {
        match event {
            Ok(event) => {
                assert!(event.time() >= time);
                time = event.time();
                if let CaptureEvent::Message { payload, .. } = event {
                    assert!(payload.len() <= rest.len());
                }
            }
            Err(_) => errors += 1,
        }
    }
    assert!(errors <= 2);
});
