//! Carries the recordings in the tree over to the journal format of today, and to what the core does today.
//!
//! ```sh
//! cargo test --test carry_captures -- --ignored --nocapture
//! INSTA_UPDATE=always cargo test --test replay        # their snapshots, after a look at the difference
//! ```
//!
//! Each recording is replayed and compared with all that was recorded; the replay is recorded, and takes its place. A
//! recording that differs stays as it is, and the test names the record and fails. With `SATWIRE_ACCEPT=1` it is
//! recorded anew all the same: its inputs are played to the core of today, and what that says is taken for right.

use std::fs;
use std::path::{Path, PathBuf};

use satwire_capture::journal::{EndReason, Ending, FORMAT, Player, Reader, Recorder};
use satwire_capture::shrink::TestCase;

/// All recordings in the tree, copies and seeds among them, but for what is there because it is old.
fn recordings() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut all) = (vec![root.join("tests"), root.join("drivers")], Vec::new());
    while let Some(folder) = folders.pop() {
        let is_seeds = folder.ends_with("fuzz/seeds/journal");
        for file in fs::read_dir(folder).expect("a readable folder") {
            let path = file.expect("a readable folder").path();
            let is_old = path.file_stem().is_some_and(|name| name == "format_1_0");
            if path.is_dir() {
                folders.push(path);
            } else if (is_seeds || path.extension().is_some_and(|extension| extension == "journal"))
                && !is_old
            {
                all.push(path);
            }
        }
    }
    all.sort();
    assert!(all.len() >= 10, "{all:?}");
    all
}

/// The journal of a replay; what it does otherwise than was recorded, if it does.
fn replayed(journal: &[u8]) -> Result<Vec<u8>, String> {
    let reader = Reader::new(journal).map_err(|error| error.to_string())?;
    let prologue = reader.prologue().clone();
    let mut again = Vec::new();
    let mut player = Player::watched(reader, |tape| Recorder::new(tape, &mut again, prologue));
    let ending = player.run(|_| {}).map_err(|error| error.to_string())?;
    if ending != Ending::Marked(EndReason::Clean) {
        return Err(ending.to_string());
    }
    player.environment_mut().finish();
    drop(player);
    Ok(again)
}

/// The journal of the same inputs, played without a comparison.
fn played(journal: &[u8]) -> Vec<u8> {
    let (inputs, damage) = TestCase::read(Reader::new(journal).expect("a journal"));
    assert!(damage.is_none(), "{damage:?}");
    let mut again = Vec::new();
    inputs.write(&mut again).expect("a vector takes everything");
    again
}

#[test]
#[ignore = "changes files of the tree"]
fn recordings_are_carried_over() {
    let accept = std::env::var_os("SATWIRE_ACCEPT").is_some();
    let mut differ = 0;
    for path in recordings() {
        let journal = fs::read(&path).expect("a readable file");
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("below the root").display();
        let again = match replayed(&journal) {
            Ok(again) => again,
            Err(difference) if accept => {
                println!("{name}: recorded anew: {difference}");
                played(&journal)
            }
            Err(difference) => {
                println!("{name}: left as it is: {difference}");
                differ += 1;
                continue;
            }
        };
        // The new journal is itself replayed to the byte.
        assert_eq!(replayed(&again).as_ref(), Ok(&again), "{name}");
        if again == journal {
            println!("{name}: of today");
        } else {
            fs::write(&path, again).expect("a writable file");
            println!("{name}: carried over to format {FORMAT}");
        }
    }
    assert_eq!(differ, 0, "recordings differ: see above; SATWIRE_ACCEPT=1 records them anew");
}
