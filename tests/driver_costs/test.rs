//! The command `scale` in small: it ends, and prints all its rows. Their values are for a quiet machine.

use std::process::{Command, Output};

/// Runs the example; cargo has built it beside this test.
fn scale(arguments: &[&str]) -> Output {
    let mut path = std::env::current_exe().expect("a test has a file");
    path.pop();
    path.pop();
    path.extend(["examples", "scale"]);
    assert!(path.exists(), "{} is missing: cargo build --example scale", path.display());
    Command::new(path).args(arguments).output().expect("it can be started")
}

#[test]
fn the_table_has_all_its_rows() {
    let output = scale(&["--connections", "50", "1"]);
    let printed = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{printed}");
    let table = printed.split("\n\n").next().expect("a table comes first");
    let rows = |id: &str| table.lines().filter(|line| line.split(' ').next() == Some(id)).count();
    assert_eq!(["P8", "P9", "P10", "slow"].map(rows), [6, 2, 8, 8], "{printed}");
    // So few transactions may be over before the first pong is there.
    let missing = |line: &&str| line.contains("not measured") && !line.contains("pong");
    let missing = table.lines().filter(missing).count();
    assert_eq!(missing, if cfg!(target_os = "linux") { 0 } else { 2 }, "{printed}");
}

#[test]
fn a_wrong_argument_is_named_in_one_line() {
    for wrong in [&["p7"][..], &["0"], &["--connections"], &["--connections", "many"]] {
        let output = scale(wrong);
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!((said.lines().count(), output.stdout.len()), (1, 0), "{said}");
    }
}
