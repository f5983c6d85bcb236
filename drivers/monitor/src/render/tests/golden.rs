//! Every event in both styles, as golden lines.

use super::*;

#[test]
fn start_gap_and_summary() {
    let at = Instant::from_micros(1_000_000);
    let gap = Gap { dropped: 1_005, by_peer: vec![(ConnId(7), 1_000), (ConnId(1), 2)], rest: 3 };
    let lines = |format, traffic| {
        let mut out = Vec::new();
        let model = Model::new(Network::Testnet3, CLOCK, EventSet::usual(), true);
        let mut renderer = Renderer::new(format);
        renderer.entry(&model.start(at), &mut out);
        renderer.entry(&model.gap(at, gap.clone()), &mut out);
        renderer.entry(&model.gap(at, Gap { dropped: 1, by_peer: vec![], rest: 1 }), &mut out);
        renderer.entry(&model.summary(at, traffic), &mut out);
        text(out)
    };
    let traffic = Traffic { received: 12_345, sent: 1, sent_unknown: false, journal_until: None };
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        lines(Format::Json, traffic),
        [
            format!(r#"{{"v":1,"seq":0,{HEAD}"event":"start","program":"satwire","program_version":"{version}","chain":"test"}}"#),
            format!(r#"{{"v":1,"seq":1,{HEAD}"event":"gap","dropped":1005,"by_peer":[{{"id":7,"dropped":1000}},{{"id":1,"dropped":2}}],"rest":3}}"#),
            format!(r#"{{"v":1,"seq":2,{HEAD}"event":"gap","dropped":1,"by_peer":[],"rest":1}}"#),
            format!(
                r#"{{"v":1,"seq":3,{HEAD}"event":"summary","peers":0,"transactions":0,"announcements":0,"bytesrecv":12345,"bytessent":1,"duration":1000000}}"#
            ),
        ]
        .map(|line| line + "\n")
        .concat()
    );
    let recorded = lines(Format::Json, Traffic { journal_until: Some(Instant::from_micros(7)), ..traffic });
    assert!(recorded.ends_with(",\"duration\":1000000,\"journal_until\":7}\n"), "{recorded}");
    assert_eq!(
        lines(HUMAN, traffic),
        format!(
            "15:58:09.123       satwire {version} on test, all times are UTC\n\
             15:58:09.123       … 1,005 events left out: stdout is not read fast enough (1,000 of c7, 2 of c1, 3 of \
             others)\n\
             15:58:09.123       … 1 event left out: stdout is not read fast enough (1 of others)\n\
             15:58:09.123       in 1.0 s: 0 peers, 0 transactions, 0 announcements, 12,345 bytes received, 1 byte \
             sent\n"
        )
    );
}

#[test]
fn connections() {
    for (addr, direction, expected) in [
        (
            "192.0.2.1:8333",
            Direction::Outbound,
            r#"{"id":2,"addr":"192.0.2.1:8333","network":"ipv4","inbound":false,"transport":"v1"}"#,
        ),
        (
            "[::1]:18444",
            Direction::Inbound,
            r#"{"id":2,"addr":"[::1]:18444","network":"ipv6","inbound":true,"transport":"v1"}"#,
        ),
        (
            "[fc00::1]:1",
            Direction::Outbound,
            r#"{"id":2,"addr":"[fc00::1]:1","network":"ipv6","inbound":false,"transport":"v1"}"#,
        ),
        (
            "[::ffff:192.0.2.1]:5",
            Direction::Inbound,
            r#"{"id":2,"addr":"192.0.2.1:5","network":"ipv4","inbound":true,"transport":"v1"}"#,
        ),
    ] {
        assert_eq!(
            json(&connected(2, addr, direction)),
            format!("{{\"v\":1,\"seq\":1,{HEAD}\"event\":\"peer_connected\",\"peer\":{expected}}}\n")
        );
    }
    assert_eq!(human(&connected(2, "[::1]:1", Direction::Inbound)), "c2   ● accepted from [::1]:1\n");
    assert_eq!(
        human(&connected(20, "192.0.2.1:1", Direction::Outbound)),
        "c20  ● connected to 192.0.2.1:1\n"
    );
}

#[test]
fn golden_lines() {
    let host = Address::Name { host: "node.example".into(), port: 18444 };
    let refused = CloseReason::Io(IoError::Refused);
    let dial_failed = |retry| EventKind::DialFailed { address: host.clone(), reason: refused, retry };
    let unsound = IgnoredReason::Malformed(Fault::Checksum);
    let command = Command::from_wire(*b"a\"b\\\0\0\0\0\0\0\0\0").unwrap();
    for (conn, kind, expected, line) in [
        (
            0,
            EventKind::Clock(WallClock { unix_micros_at_zero: CLOCK.unix_micros_at_zero - 3_000_000 }),
            r#""time":1795363086123456,"mono":1000000,"event":"clock","offset":-3000000"#.into(),
            "15:58:06.123       the wall clock stepped by -3.0 s",
        ),
        (
            0,
            dial_failed(Duration::from_millis(750)),
            format!(
                r#"{HEAD}"event":"peer_dial_failed","addr":"node.example:18444","reason":"refused","retry":1"#
            ),
            "     ✗ node.example:18444: connection refused; again in 750.0 ms",
        ),
        (
            0,
            dial_failed(Duration::ZERO),
            format!(
                r#"{HEAD}"event":"peer_dial_failed","addr":"node.example:18444","reason":"refused","retry":0"#
            ),
            "     ✗ node.example:18444: connection refused; its next address now",
        ),
        (
            0,
            dial_failed(Duration::MAX),
            format!(r#"{HEAD}"event":"peer_dial_failed","addr":"node.example:18444","reason":"refused""#),
            "     ✗ node.example:18444: connection refused; not again",
        ),
        (
            1,
            EventKind::Handshake(Box::new(negotiated(b"/btcwire:0.5.0/\x1b[2J\"\\\n/"))),
            format!(
                r#"{HEAD}"event":"peer_handshake",{PEER},"version":70016,"subver":"/btcwire:0.5.0/2J/","services":"0000000001000009","servicesnames":["NETWORK","WITNESS","UNKNOWN[2^24]"],"startingheight":101,"relaytxes":true,"timeoffset":-2,"wtxidrelay":true,"addrv2":false"#
            ),
            "c1   ● /btcwire:0.5.0/2J/, protocol 70016, height 101, wtxid relay",
        ),
        (
            1,
            EventKind::Pong { rtt: Duration::from_micros(1_234_567), min: Duration::from_micros(42) },
            format!(r#"{HEAD}"event":"peer_ping",{PEER},"pingtime":1.234567,"minping":0.000042"#),
            "c1   ← pong after 1.2 s, at best 42 µs",
        ),
        (
            1,
            EventKind::Feefilter(1000),
            format!(r#"{HEAD}"event":"feefilter",{PEER},"rate":1000"#),
            "c1   ← wants no less than 1,000 sat/kvB",
        ),
        (
            1,
            EventKind::Rejected(Box::new(
                Reject {
                    command: b"version",
                    code: 0x40,
                    reason: b"required services 0x1 not offered",
                    hash: None,
                }
                .into(),
            )),
            format!(
                r#"{HEAD}"event":"peer_reject",{PEER},"command":"version","code":64,"why":"required services 0x1 not offered""#
            ),
            "c1   ← rejects our version: required services 0x1 not offered",
        ),
        (
            1,
            EventKind::Ignored { command, bytes: 9, because: unsound },
            format!(
                r#"{HEAD}"event":"ignored",{PEER},"command":"a\"b\\","bytes":9,"why":"malformed: wrong checksum""#
            ),
            "c1   ← a\"b\\, 9 bytes, ignored: malformed: wrong checksum",
        ),
        (
            1,
            EventKind::Disconnected(CloseReason::LateFeature(Command::WTXIDRELAY)),
            format!(
                r#"{HEAD}"event":"peer_disconnected",{PEER},"reason":"late_feature","detail":"wtxidrelay after verack, it must come before","verdict":"handshake_pending""#
            ),
            "c1   ✗ 127.0.0.1:18555: wtxidrelay after verack, it must come before",
        ),
        // 10.18: our own end is no failure.
        (
            1,
            EventKind::Disconnected(CloseReason::Local(Label::LOCAL)),
            format!(
                r#"{HEAD}"event":"peer_disconnected",{PEER},"reason":"local","detail":"closed by us","verdict":"handshake_pending""#
            ),
            "c1   ○ 127.0.0.1:18555: closed by us",
        ),
    ] {
        let event = event(conn, kind);
        assert_eq!(json(&event), format!("{{\"v\":1,\"seq\":1,{expected}}}\n"));
        assert_eq!(human(&event), format!("{line}\n"));
    }
}

#[test]
fn how_a_transaction_spread() {
    let mut spread = spread();
    (spread.first_direction, spread.congested) = (Direction::Inbound, true);
    (spread.announcers, spread.listeners, spread.netgroups) = (7, 9, 3);
    (spread.p50, spread.max) = (Duration::from_millis(1250), Duration::from_secs(4));
    let [txid, wtxid] = [1, 2].map(|n: u8| format!("{n:02x}").repeat(32));
    let expected = format!(
        r#"{{"v":1,"seq":1,{HEAD}"event":"tx_propagation","txid":"{txid}","wtxid":"{wtxid}","first_seen":1795363088373456,"first_peer":3,"delay_class":"outbound","age":750000,"announcers":7,"listeners":9,"netgroups":3,"offset":{{"p10":0,"p50":1250000,"p90":0,"max":4000000}},"congested":true}}"#
    );
    let event = event(0, EventKind::Propagation(Box::new(spread)));
    assert_eq!(json(&event), expected + "\n");
    assert_eq!(
        human(&event),
        "     · tx 0101010101010101…  7 of 9 peers, half after 1.2 s, last after 4.0 s, first c3\n"
    );
}

#[test]
fn inventories_are_a_line_an_entry() {
    let announcements = EventKind::Announced(vec![
        Announcement::new(item(1), true, true),
        Announcement::new(Inventory { inv_type: InvType::TX, ..item(2) }, false, false),
    ]);
    let [one, two] = [1, 2].map(|n: u8| format!("{n:02x}").repeat(32));
    assert_eq!(
        json(&event(1, announcements.clone())),
        [
            format!(
                r#"{{"v":1,"seq":1,{HEAD}"event":"tx_announced",{PEER},"inv_type":"wtx","hash":"{one}","first":true,"requested":true,"delay_class":"inbound"}}"#
            ),
            format!(
                r#"{{"v":1,"seq":2,{HEAD}"event":"tx_announced",{PEER},"inv_type":"tx","hash":"{two}","first":false,"requested":false,"delay_class":"inbound"}}"#
            ),
        ]
        .map(|line| line + "\n")
        .concat()
    );
    assert_eq!(
        human(&event(1, announcements)),
        format!("c1   ← announces 2 transactions, 1 new, 1 asked for: {}…, {}…\n", &one[..16], &two[..16])
    );

    let misses = vec![FailedRequest::new(item(1), Some(ConnId(7))), FailedRequest::new(item(2), None)];
    for (kind, name, line) in [
        (EventKind::Notfound(misses.clone()), "tx_notfound", "← 2 transactions not found"),
        (EventKind::Unanswered(misses), "tx_unanswered", "… 2 transactions not answered"),
    ] {
        let event = event(1, kind);
        assert_eq!(
            json(&event),
            [
                format!(r#"{{"v":1,"seq":1,{HEAD}"event":"{name}",{PEER},"hash":"{one}","next":7}}"#),
                format!(r#"{{"v":1,"seq":2,{HEAD}"event":"{name}",{PEER},"hash":"{two}","next":null}}"#),
            ]
            .map(|line| line + "\n")
            .concat()
        );
        assert_eq!(human(&event), format!("c1   {line}, 1 asked of another peer\n"));
    }
}

#[test]
fn transactions() {
    let bytes = legacy(2, &[50, 0]);
    let id = tx(&bytes).txid();
    let arrived = |latency| event(1, EventKind::Tx { tx: tx(&bytes), latency });
    let hex = satwire_json::hex::Hex(&bytes);
    let lock = r#""asm":"1 2","desc":"raw(5152)#vah3w7vg","hex":"5152","type":"nonstandard""#;
    let body = format!(
        r#""tx":{{"txid":"{id}","hash":"{id}","version":2,"size":74,"vsize":74,"weight":296,"locktime":7,"vin":[{{"txid":"{}","vout":1,"scriptSig":{{"asm":"1","hex":"51"}},"sequence":4294967294}}],"vout":[{{"value":0.00000050,"n":0,"scriptPubKey":{{{lock}}}}},{{"value":0.00000000,"n":1,"scriptPubKey":{{{lock}}}}}],"hex":"{hex}"}}"#,
        "ab".repeat(32)
    );
    for (latency, fields) in [
        (Some(Duration::from_micros(12_345)), r#""requested":true,"latency":12345"#),
        (None, r#""requested":false,"latency":null"#),
    ] {
        assert_eq!(
            json(&arrived(latency)),
            format!(
                "{{\"v\":1,\"seq\":1,{HEAD}\"event\":\"tx\",{PEER},\"txid\":\"{id}\",\"wtxid\":\"{id}\",\"size\":74,\
                 \"vsize\":74,\"weight\":296,{fields},{body}}}\n"
            )
        );
    }
    let short = &id.to_string()[..16];
    assert_eq!(
        human(&arrived(Some(Duration::from_micros(12_345)))),
        format!("c1   ← tx {short}…  legacy       74 vB    1 → 2           0.00000050 BTC   12.3 ms\n")
    );
    assert_eq!(
        human(&arrived(None)),
        format!("c1   ← tx {short}…  legacy       74 vB    1 → 2           0.00000050 BTC   unasked\n")
    );
}
