//! Services that we do not offer are never served, and asking for them is no offence.

use harness::{Frame, Hello, Session};
use satwire_core::peer::{Event, IgnoredReason};

/// Each is ignored, whether its body is right or not, and nothing is said.
fn are_ignored(commands: &[&str]) {
    let mut session = Session::ready(&Hello::default());
    for command in commands {
        for len in [0, 1, 33, 37, 1000] {
            let events = session.say(&Frame::new(command, vec![1; len]).bytes());
            let [Event::Ignored { because, .. }] = &events[..] else {
                panic!("{command}, {len}: {events:?}")
            };
            assert!(!matches!(because, IgnoredReason::Malformed(_)), "{command}, {len}: {because:?}");
            assert_eq!(session.heard_commands(), [""; 0], "{command}, {len}");
        }
    }
    assert!(session.answers_ping());
}

#[test]
fn t21_mempools_and_bloom_filters_are_not_served() {
    are_ignored(&["mempool", "filterload", "filteradd", "filterclear"]);
}

#[test]
fn b12_compact_filters_are_not_served() {
    are_ignored(&["getcfilters", "getcfheaders", "getcfcheckpt"]);
}
