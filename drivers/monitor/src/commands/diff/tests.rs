use super::parting::Parting;
use super::side::comparable;

fn printed(same: &[&str], a: Option<&str>, b: Option<&str>) -> String {
    let mut parting = Parting::default();
    for line in same {
        parting.same(line.as_bytes());
    }
    let mut out = Vec::new();
    let names = ["a".to_owned(), "b".to_owned()];
    parting.at(a.map(Into::into), b.map(Into::into)).print(&names, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_last_lines_before_it_led_to_it() {
    let lines: Vec<_> = (0..20).map(|n| format!("line {n}")).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    assert_eq!(
        printed(&lines, Some("x"), Some("y")),
        "--- a\n+++ b\n@@ line 21 @@\n  line 15\n  line 16\n  line 17\n  line 18\n  line 19\n- x\n+ y\n"
    );
    assert_eq!(printed(&[], Some("x"), None), "--- a\n+++ b\n@@ line 1 @@\n- x\n+ (nothing more)\n");
}

/// A transaction's line has megabytes: what is shown of it is where it differs, and the key.
#[test]
fn of_a_long_line_there_is_the_part_that_differs() {
    let line = |n: u32| {
        format!(r#"{{"event":"tx","hex":"{}","tx":{{"vout":[{{"n":{n}}}]}},"z":1}}"#, "0".repeat(1 << 20))
    };
    let text = printed(&[&line(0)], Some(&line(1)), Some(&line(2)));
    assert!(text.len() < 2000, "{}", text.len());
    assert!(text.contains(r#""tx":{"vout":[{"n":1}]},"z":1}"#) && text.contains(r#""n":2}]}"#), "{text}");
    assert!(text.ends_with("They differ in tx.vout[0].n: 1 and 2\n"), "{text}");
    let text = printed(&[], Some(r#"{"a":1}"#), Some(r#"{"a":1,"b":"x"}"#));
    assert!(text.ends_with("They differ in b: nothing and \"x\"\n"), "{text}");
}

/// The author of the lines does not steer the terminal.
#[test]
fn control_characters_are_not_shown() {
    let text = printed(&["a\x1b[31mb"], Some("c\x07\x1b"), Some("d\u{9b}\u{fffd}"));
    assert!(text.chars().all(|char| char == '\n' || !char.is_control()), "{text:?}");
}

#[test]
fn which_version_printed_it_is_no_difference() {
    let line = |version| {
        format!(
            r#"{{"v":1,"seq":0,"time":1,"mono":0,"event":"start","program":"satwire","program_version":"{version}","chain":"main"}}"#
        )
    };
    let text = |line: &str| String::from_utf8(comparable(line.into(), true)).unwrap();
    let [a, b] = [line("0.1.0"), line("0.22.0-rc1")].map(|line| text(&line));
    assert_eq!(a, b);
    assert!(a.ends_with(r#""program_version":"","chain":"main"}"#), "{a}");
    let other = r#"{"v":1,"seq":1,"event":"tx","x":"\"program_version\":\"1\""}"#;
    assert_eq!(text(other), other);
}
