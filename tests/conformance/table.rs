//! The table of ids (`README.md` beside this file) says what is in the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The files that have tests of an id, by id.
type Files = BTreeMap<String, BTreeSet<String>>;

/// Whether it is an id: a letter of the table and a number, in this case of the letter.
fn is_id(text: &str, letters: &str) -> bool {
    let Some((letter, number)) = text.split_at_checked(1) else { return false };
    letters.contains(letter)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The ids that a line of code names, if it begins a function: `t10_t11_` names two.
fn ids(line: &str) -> Vec<String> {
    let Some(name) = line.trim_start().strip_prefix("fn ") else { return Vec::new() };
    let parts = name.split_inclusive('_').map_while(|part| part.strip_suffix('_'));
    parts.take_while(|part| is_id(part, "fhktabevdg")).map(str::to_uppercase).collect()
}

/// The ids that the tests name.
fn named_by_tests(root: &Path, folder: &str, found: &mut Files) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            if !path.ends_with("/target") {
                named_by_tests(root, &path, found);
            }
        } else if Path::new(&path).extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(root.join(&path)).unwrap();
            for id in text.lines().flat_map(ids) {
                found.entry(id).or_default().insert(path.clone());
            }
        }
    }
}

/// The ids of the table and their files; a rule that waits for its room has none.
fn named_by_table(text: &str) -> Files {
    let mut found = Files::new();
    for line in text.lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let ["", id, rule, source, tests, ""] = cells[..] else { continue };
        if !is_id(id, "FHKTABEVDG") {
            continue;
        }
        assert!(!rule.is_empty() && !source.is_empty(), "{id} has no rule or no source");
        let files = match tests.strip_prefix("later: ") {
            Some(room) => {
                assert!(!room.is_empty(), "{id} waits for nothing");
                BTreeSet::new()
            }
            None => tests.split_whitespace().map(|file| file.trim_matches('`').to_owned()).collect(),
        };
        assert!(found.insert(id.to_owned(), files).is_none(), "{id} stands in the table twice");
    }
    found
}

#[test]
fn the_table_of_ids_is_that_of_the_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = Files::new();
    for folder in ["core", "drivers", "tests"] {
        named_by_tests(root, folder, &mut tests);
    }
    let mut table = named_by_table(include_str!("README.md"));
    assert!(table.len() > 60 && tests.len() > 30, "{} ids, {} of them tested", table.len(), tests.len());
    let mut wrong = Vec::new();
    for (id, files) in &tests {
        let Some(listed) = table.remove(id) else {
            wrong.push(format!("{id} is named in {files:?}, and does not stand in the table"));
            continue;
        };
        wrong.extend(files.difference(&listed).map(|file| format!("{id}: add `{file}` to the table")));
        wrong.extend(listed.difference(files).map(|file| format!("{id}: `{file}` has no such test")));
    }
    let without_tests = table.iter().filter(|(_, listed)| !listed.is_empty());
    wrong.extend(without_tests.map(|(id, listed)| format!("{id}: no test names it, in {listed:?} neither")));
    assert!(wrong.is_empty(), "tests/conformance/README.md:\n{}", wrong.join("\n"));
}

#[test]
fn ids_are_read_from_names() {
    for (line, expected) in [
        ("fn t1_x() {", &["T1"][..]),
        ("    fn t10_t11_x() {", &["T10", "T11"]),
        ("fn t1x_y() {", &[]),
        ("fn take_t1_x() {", &[]),
        ("fn x1_y() {", &[]),
        ("fn t123_x() {", &[]),
        ("t1_x();", &[]),
    ] {
        assert_eq!(ids(line), expected, "{line}");
    }
}
