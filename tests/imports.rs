//! The captures of other programs in `tests/captures`: what they show can be read in `snapshots/`, and does not depend on
//! where their streams are cut.

use std::path::{Path, PathBuf};

use harness::import_transcript;

const CAPTURES: [&str; 4] =
    ["core-regtest.pcap", "core-regtest.dat", "btcd-simnet.pcap", "btcd-simnet-harmed.pcap"];

fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)
}

#[test]
fn each_import_shows_what_its_snapshot_says() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for name in CAPTURES {
        let text = import_transcript(&capture(name), usize::MAX);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

#[test]
fn where_an_import_is_cut_does_not_matter() {
    for name in CAPTURES {
        let whole = import_transcript(&capture(name), usize::MAX);
        for pieces in [1, 7] {
            assert_eq!(import_transcript(&capture(name), pieces), whole, "{name} in pieces of {pieces}");
        }
    }
}
