//! Verdicts, and that we are offline, in both styles.

use satwire_core::node::Verdict;

use super::*;

const AT: Instant = Instant::from_micros(1_000_000);
const BEFORE: Instant = Instant::from_micros(400_000);

#[test]
fn verdicts_are_named_and_explained() {
    for (verdict, word, line) in [
        (Verdict::HandshakePending, "handshake_pending", "has not finished the handshake"),
        (Verdict::PingLate, "ping_late", "has not answered our ping"),
        (Verdict::NeverReads, "never_reads", "does not read what we send"),
        (Verdict::RequestsUnanswered, "requests_unanswered", "answers no request"),
        (Verdict::InvsStopped, "invs_stopped", "announces nothing while others do"),
        (Verdict::Junk, "junk", "sends transactions that can never be mined"),
    ] {
        let event = event(1, EventKind::Verdict { verdict, since: BEFORE });
        // Its own time, as every other.
        assert_eq!(
            json(&event),
            format!(
                "{{\"v\":1,\"seq\":1,{HEAD}\"event\":\"peer_verdict\",{PEER},\"verdict\":\"{word}\",\
                 \"since\":1795363088523456}}\n"
            )
        );
        assert_eq!(human(&event), format!("c1   ! {line} since 15:58:08.523 ({word})\n"));
    }
    let event = event(1, EventKind::Verdict { verdict: Verdict::Ok, since: AT });
    assert!(json(&event).ends_with("\"verdict\":\"ok\",\"since\":1795363089123456}\n"));
    assert_eq!(human(&event), "c1   ● does its part again\n");
}

#[test]
fn offline_and_online_again() {
    let offline = event(0, EventKind::Offline { since: BEFORE });
    assert_eq!(
        json(&offline),
        format!("{{\"v\":1,\"seq\":1,{HEAD}\"event\":\"offline\",\"since\":1795363088523456}}\n")
    );
    assert_eq!(human(&offline), "     ✗ offline: nobody has been heard since 15:58:08.523\n");
    let online = event(0, EventKind::Online { after: Duration::from_millis(600) });
    assert_eq!(
        json(&online),
        format!("{{\"v\":1,\"seq\":1,{HEAD}\"event\":\"online\",\"duration\":600000}}\n")
    );
    assert_eq!(human(&online), "     ● online again after 600.0 ms\n");
}

/// The line of a connection's end has the verdict that it had, also if its own line is not told.
#[test]
fn the_end_of_a_connection_has_its_verdict() {
    let end = |told, judges, kinds: Vec<EventKind>| {
        let mut model = Model::new(Network::Regtest, CLOCK, told, judges);
        model.event(connected(1, "127.0.0.1:18555", Direction::Outbound));
        let mut lines = Lines { model, renderer: Renderer::new(Format::Json), out: Vec::new() };
        for kind in kinds {
            lines.event(event(1, kind));
        }
        lines.take();
        lines.event(event(1, EventKind::Disconnected(CloseReason::Io(IoError::Reset))));
        let line: serde_json::Value = serde_json::from_str(&lines.take()).unwrap();
        line["verdict"].clone()
    };
    let handshake = || EventKind::Handshake(Box::new(negotiated(b"")));
    let late = || EventKind::Verdict { verdict: Verdict::PingLate, since: AT };
    let few = EventSet::parse("peer_disconnected").unwrap();
    for told in [EventSet::usual(), few] {
        assert_eq!(end(told, true, vec![]), "handshake_pending");
        assert_eq!(end(told, true, vec![handshake()]), "ok");
        assert_eq!(end(told, true, vec![handshake(), late()]), "ping_late");
        // Of a node that does not judge nothing is known.
        assert_eq!(end(told, false, vec![handshake()]), serde_json::Value::Null);
    }
    let mut lines = Lines::new(HUMAN, false);
    lines.event(event(1, handshake()));
    lines.event(event(1, late()));
    lines.take();
    lines.event(event(1, EventKind::Disconnected(CloseReason::Io(IoError::Reset))));
    let line = lines.take();
    assert!(line.ends_with("✗ 127.0.0.1:18555: reset by the peer (it was ping_late)\n"), "{line}");
}

/// `--events`: what is not told has no number, and what is told of the model is the same.
#[test]
fn only_what_is_wanted_is_told() {
    let wanted = EventSet::parse("tx,feefilter").unwrap();
    for format in [Format::Json, HUMAN] {
        let mut model = Model::new(Network::Regtest, CLOCK, wanted, true);
        let mut renderer = Renderer::new(format);
        let mut out = Vec::new();
        renderer.entry(&model.start(AT), &mut out);
        let rtt = Duration::from_millis(1);
        let announcement = Announcement::new(item(1), true, true);
        for kind in [
            EventKind::Feefilter(1),
            EventKind::Pong { rtt, min: rtt },
            EventKind::Announced(vec![announcement; 3]),
            EventKind::Tx { tx: tx(&segwit()), latency: None },
        ] {
            if let Some(entry) = model.event(event(1, kind)) {
                renderer.entry(&entry, &mut out);
            }
        }
        renderer.entry(&model.gap(AT, Gap { dropped: 1, by_peer: vec![], rest: 1 }), &mut out);
        renderer.entry(&model.summary(AT, Traffic::default()), &mut out);
        let out = text(out);
        assert_eq!(out.lines().count(), 5, "{out}");
        if format == Format::Json {
            let told = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            let told: Vec<_> = told.map(|line| (line["seq"].clone(), line["event"].clone())).collect();
            let events = ["start", "feefilter", "tx", "gap", "summary"];
            assert!(told.into_iter().eq((0..).zip(events).map(|(seq, event)| (seq.into(), event.into()))));
        }
        assert!(out.contains("\"announcements\":3") || out.contains("3 announcements"), "{out}");
    }
}
