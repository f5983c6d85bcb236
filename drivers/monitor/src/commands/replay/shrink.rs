//! `satwire replay --shrink`: the smallest journal that still does what is looked for.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;

use satwire_capture::convert::{Story, play_import};
use satwire_capture::journal::{BackgroundFile, Reader, file_number, files_of};
use satwire_capture::shrink::{Difference, Shrunk, TRIES, TestCase};

use crate::cli::{Predicate, Replay, Shrink};
use crate::stderr::{fail, say};

/// A journal is held in memory, a few times over.
const MOST_BYTES: u64 = 256 << 20;

/// The bytes of a file, or of all files that a journal is kept in.
fn size_of(path: &Path) -> u64 {
    let base = file_number(path).map_or_else(|| path.to_path_buf(), |(base, _)| base);
    let mut files: Vec<_> = files_of(&base).unwrap_or_default().into_values().collect();
    if path.exists() && !files.iter().any(|file| file == path) {
        files = vec![path.to_path_buf()];
    }
    files.iter().map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum()
}

/// Writes the smaller journal and says how small it is.
pub(crate) fn run(reader: Reader<impl Read>, replay: &Replay, wish: &Shrink) -> ExitCode {
    let name = replay.file.display();
    let size = size_of(&replay.file);
    if size > MOST_BYTES {
        return fail(format_args!(
            "{name}: {size} bytes are too many for --shrink, which takes {MOST_BYTES}"
        ));
    }
    // The same file can have many names.
    let same = |(out, file)| out == file;
    if wish.out.canonicalize().ok().zip(replay.file.canonicalize().ok()).is_some_and(same) {
        let out = wish.out.display();
        say(format_args!("--out {out} is the journal itself: choose another name"));
        return ExitCode::from(2);
    }
    // The search may be long: what is certain to fail is told before.
    if !wish.force && wish.out.exists() {
        return exists(wish);
    }
    // A panic is what is looked for, or is told in the end; thousands of them say nothing more.
    std::panic::set_hook(Box::new(|_| {}));
    let (case, damage) = TestCase::read(reader);
    if let Some(damage) = damage {
        say(format_args!("{name}: {damage}; what comes before it is taken"));
    }
    match catch_unwind(AssertUnwindSafe(|| search(&case, wish.predicate))) {
        Ok(Some(found)) => write(&case, &found, wish),
        Ok(None) => fail(format_args!("{name}: nothing to shrink: {}", missed(wish.predicate))),
        Err(_) => fail(format_args!("{name}: the node panics: take --shrink panics")),
    }
}

/// The same of what our core does with the capture of another program: without `differs`, since it has done nothing else
/// before.
pub(crate) fn run_import(mut story: Story, replay: &Replay, wish: &Shrink) -> ExitCode {
    let (journal, trouble) = play_import(&mut story, MOST_BYTES as usize);
    if let Some(trouble) = trouble {
        say(format_args!("{trouble}; what comes before it is taken"));
    }
    match Reader::new(&journal[..]) {
        Ok(reader) => run(reader, replay, wish),
        Err(error) => fail(format_args!("{}: {error}", replay.file.display())),
    }
}

/// The smallest case, and the difference that it must show, if that is looked for.
struct Found {
    smallest: Shrunk,
    difference: Option<Difference>,
}

/// Shrinks the case; `None` if it does not do what is looked for.
fn search(case: &TestCase, predicate: Predicate) -> Option<Found> {
    let shrink = |holds: &dyn Fn(&TestCase) -> bool| {
        holds(case)
            .then(|| Found { smallest: case.shrink(TRIES, |smaller| holds(smaller)), difference: None })
    };
    match predicate {
        Predicate::Panics => shrink(&|case| {
            catch_unwind(AssertUnwindSafe(|| drop(case.play(|words| words, |_, _| ())))).is_err()
        }),
        Predicate::Closes(word) => shrink(&|case| case.closes(word)),
        Predicate::Differs => {
            let difference = Difference::of(case)?;
            let smallest = difference.shrink(case, TRIES);
            Some(Found { smallest, difference: Some(difference) })
        }
    }
}

fn write(case: &TestCase, found: &Found, wish: &Shrink) -> ExitCode {
    let out = wish.out.display();
    let Shrunk { case: left, tries, gave_up, .. } = &found.smallest;
    let mut file = match BackgroundFile::create(&wish.out, wish.force) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return exists(wish),
        Err(error) => return fail(format_args!("--out: cannot create {out}: {error}")),
    };
    // If a panic is looked for it comes here, too, with everything written.
    let written = catch_unwind(AssertUnwindSafe(|| match &found.difference {
        Some(difference) => difference.write(left, &mut file),
        None => left.write(&mut file),
    }));
    if let Err(error) = written.unwrap_or(Ok(())).and_then(|()| file.close()) {
        return fail(format_args!("{out}: cannot be written: {error}"));
    }
    say(format_args!(
        "{out}: {} of {} inputs, {} of {} bytes received, {tries} tries{}",
        left.steps().len(),
        case.steps().len(),
        left.received(),
        case.received(),
        if *gave_up { ", and no more are made" } else { "" },
    ));
    ExitCode::SUCCESS
}

fn exists(wish: &Shrink) -> ExitCode {
    let out = wish.out.display();
    say(format_args!("--out: {out} exists: choose another name, or add --force to replace it"));
    ExitCode::from(2)
}

/// The doing that a journal lacks.
fn missed(predicate: Predicate) -> String {
    match predicate {
        Predicate::Panics => "the node does not panic".into(),
        Predicate::Closes(word) => format!("no connection closes with '{word}'"),
        Predicate::Differs => "no step differs from what was recorded".into(),
    }
}
