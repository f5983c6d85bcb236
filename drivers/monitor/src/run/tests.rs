//! Tests of SIGHUP.

use satwire_capture::journal::BackgroundFile;
use satwire_core::node::{Environment as _, Input};
use satwire_core::{Config, WallClock};

use super::*;
use crate::options::Options;
use crate::record;

/// 10.18: what is recorded is not kept back any longer.
#[test]
fn a_hangup_makes_it_time_to_flush() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.journal");
    let file = BackgroundFile::create(&path, false).unwrap();
    let (rng, config, clock) = (record::system_rng().unwrap(), Config::default(), WallClock::default());
    let mut environment = RunEnvironment::recording(rng, file, &config, clock, Options::default(), None);
    assert_eq!(environment.keep(), None);
    assert_eq!(environment.keep_at(), None);
    environment.input(satwire_core::Instant::ZERO, &Input::Timeout);
    let before = environment.keep_at().unwrap();
    environment.flush();
    assert!(environment.keep_at().unwrap() < before);
}
