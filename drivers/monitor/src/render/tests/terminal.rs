//! Colours, signs and hints for people, and the table of peers.

use super::*;

/// A peer that hangs up on us at once has a reason that it does not say.
#[test]
fn a_peer_that_hangs_up_before_the_handshake_may_be_full() {
    for (direction, ready, error, hint) in [
        (Direction::Outbound, false, IoError::Ended, true),
        (Direction::Outbound, false, IoError::Reset, true),
        (Direction::Outbound, false, IoError::TimedOut, false),
        (Direction::Outbound, true, IoError::Ended, false),
        (Direction::Inbound, false, IoError::Ended, false),
    ] {
        for format in [Format::Json, HUMAN] {
            let mut lines = Lines::new(format, false);
            lines.event(connected(7, "192.0.2.1:8333", direction));
            if ready {
                lines.event(event(7, EventKind::Handshake(Box::new(negotiated(b"/x:1/")))));
            }
            lines.take();
            lines.event(event(7, EventKind::Disconnected(CloseReason::Io(error))));
            let text = lines.take();
            assert_eq!(text.contains("no free slot"), hint, "{direction:?} {ready} {text}");
            assert!(text.contains(&error.to_string()), "{text}");
        }
    }
}

#[test]
fn ignored_messages_show_only_when_wanted() {
    let ignored = event(
        1,
        EventKind::Ignored { command: Command::ADDR, bytes: 1, because: IgnoredReason::AlreadyKnown },
    );
    for format in [Format::Json, HUMAN] {
        let mut quiet = Lines::new(format, false);
        quiet.event(ignored.clone());
        assert_eq!(quiet.take(), "");
        assert!(Lines::of(format, ignored.clone()).contains("known already"));
    }
}

#[test]
fn color_is_put_on_and_taken_off() {
    let look = Look { color: true, ..Look::PLAIN };
    let text = Lines::of(Format::Human(look), event(1, EventKind::Feefilter(1)));
    assert_eq!(text, "15:58:09.123  c1   \x1b[2m← wants no less than 1 sat/kvB\x1b[0m\n");
}

/// 10.18: a terminal in the locale "C" shows nothing but ASCII, in the same columns.
#[test]
fn signs_have_a_form_in_ascii() {
    let item = Announcement::new(item(1), true, true);
    let rtt = Duration::from_micros(5);
    let address = Address::Name { host: "a".into(), port: 1 };
    let reason = CloseReason::Io(IoError::Refused);
    for kind in [
        EventKind::Connected { addr: "127.0.0.1:1".parse().unwrap(), direction: Direction::Inbound },
        EventKind::Handshake(Box::new(negotiated(&[b'a'; 60]))),
        EventKind::Pong { rtt, min: rtt },
        EventKind::Feefilter(1),
        EventKind::Announced(vec![item; 4]),
        EventKind::Tx { tx: tx(&segwit()), latency: Some(rtt) },
        EventKind::Unanswered(vec![FailedRequest::new(item.item, None)]),
        EventKind::DialFailed { address, reason, retry: rtt },
        EventKind::Disconnected(reason),
        EventKind::Disconnected(CloseReason::Local(Label::LOCAL)),
    ] {
        let event = event(1, kind);
        let signs = Lines::of(HUMAN, event.clone());
        let plain = Lines::of(Format::Human(Look { unicode: false, ..Look::PLAIN }), event);
        assert!(plain.is_ascii() && !plain.contains('?') && !signs.is_ascii(), "{signs}{plain}");
        assert_eq!(plain.chars().count(), signs.chars().count(), "{signs}{plain}");
    }
}
