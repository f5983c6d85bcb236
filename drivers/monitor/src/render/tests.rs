//! Every event in both styles, as golden lines.

use satwire_core::node::{Address, Announcement, FailedRequest, NotTaken};
use satwire_core::peer::{IgnoredReason, Negotiated, Rejection};
use satwire_core::wire::{Command, Hash, InvType, Inventory, NetAddress, Services, Tx, TxView, Version};
use satwire_core::{CloseReason, Fault, IoError};

use super::*;

/// 2026-11-22 15:58:08.123456 UTC.
const CLOCK: WallClock = WallClock { unix_micros_at_zero: 1_795_363_088_123_456 };
const HEAD: &str = r#""time":1795363089123456,"mono":1000000,"#;
const PEER: &str =
    r#""peer":{"id":1,"addr":"127.0.0.1:18555","network":"ipv4","inbound":false,"transport":"v1"}"#;

fn tx(bytes: &[u8]) -> Tx {
    TxView::decode(bytes).unwrap().to_owned()
}

/// One input, locktime 7.
fn legacy(version: i32, values: &[i64]) -> Vec<u8> {
    let mut bytes = version.to_le_bytes().to_vec();
    bytes.push(1);
    bytes.extend([0xab; 32]);
    bytes.extend([1, 0, 0, 0, 1, 0x51, 0xfe, 0xff, 0xff, 0xff]);
    bytes.push(values.len() as u8);
    for value in values {
        bytes.extend(value.to_le_bytes());
        bytes.extend([2, 0x51, 0x52]);
    }
    bytes.extend([7, 0, 0, 0]);
    bytes
}

/// One input with two items in its stack, one of them empty; one output.
fn segwit() -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 1];
    bytes.extend([0xab; 32]);
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([1, 0x39, 0x30, 0, 0, 0, 0, 0, 0, 2, 0x51, 0x52]);
    bytes.extend([2, 2, 1, 2, 0]);
    bytes.extend([0, 0, 0, 0]);
    bytes
}

fn event(conn: u64, kind: EventKind) -> Event {
    let conn = (conn > 0).then_some(ConnId(conn));
    Event { at: Instant::from_micros(1_000_000), conn, kind }
}

fn connected(conn: u64, addr: &str, direction: Direction) -> Event {
    event(conn, EventKind::Connected { addr: addr.parse().unwrap(), direction })
}

fn negotiated(user_agent: &[u8]) -> Negotiated {
    Negotiated {
        version: Version {
            version: 70016,
            services: Services::NETWORK | Services::WITNESS | Services(1 << 24),
            timestamp: 0,
            addr_recv: NetAddress::UNSPECIFIED,
            addr_from: NetAddress::UNSPECIFIED,
            nonce: 1,
            user_agent: user_agent.to_vec(),
            start_height: 101,
            relay: true,
        },
        common_version: 70016,
        wtxidrelay: true,
        addrv2: false,
        time_offset: -2,
    }
}

fn item(n: u8) -> Inventory {
    Inventory { inv_type: InvType::WTX, hash: Hash([n; 32]) }
}

fn renderer(format: Format, debug_net: bool) -> Renderer {
    let mut renderer = Renderer::new(format, Network::Regtest, CLOCK, debug_net);
    renderer.event(&connected(1, "127.0.0.1:18555", Direction::Outbound), &mut Vec::new());
    renderer
}

fn text(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap()
}

/// What an event of connection 1 looks like in JSON.
fn json(event: &Event) -> String {
    let mut out = Vec::new();
    renderer(Format::Json, true).event(event, &mut out);
    text(out)
}

/// What it looks like for people, without the time.
fn human(event: &Event) -> String {
    let mut out = Vec::new();
    renderer(Format::Human { color: false }, true).event(event, &mut out);
    let text = text(out);
    text.strip_prefix("15:58:09.123  ").unwrap_or(&text).to_owned()
}

#[test]
fn start_gap_and_summary() {
    let at = Instant::from_micros(1_000_000);
    let traffic = Traffic { received: 12_345, sent: 1 };
    let lines = |format| {
        let mut out = Vec::new();
        let mut renderer = Renderer::new(format, Network::Testnet3, CLOCK, false);
        renderer.start(at, &mut out);
        renderer.gap(at, 1, &mut out);
        renderer.summary(at, traffic, &mut out);
        text(out)
    };
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        lines(Format::Json),
        [
            format!(r#"{{"v":1,"seq":0,{HEAD}"event":"start","program":"satwire","version":"{version}","chain":"test"}}"#),
            format!(r#"{{"v":1,"seq":1,{HEAD}"event":"gap","dropped":1}}"#),
            format!(
                r#"{{"v":1,"seq":2,{HEAD}"event":"summary","peers":0,"transactions":0,"announcements":0,"bytesrecv":12345,"bytessent":1,"duration":1000000}}"#
            ),
        ]
        .map(|line| line + "\n")
        .concat()
    );
    assert_eq!(
        lines(Format::Human { color: false }),
        format!(
            "15:58:09.123       satwire {version} on test, all times are UTC\n\
             15:58:09.123       … 1 event left out: stdout is not read fast enough\n\
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
    let unsound = NotTaken::Ignored(IgnoredReason::Malformed(Fault::Checksum));
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
            EventKind::Rejected(Box::new(Rejection {
                command: "version".into(),
                code: 0x40,
                reason: "required services 0x1 not offered".into(),
                hash: None,
            })),
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
                r#"{HEAD}"event":"peer_disconnected",{PEER},"reason":"late_feature","detail":"wtxidrelay after verack, it must come before""#
            ),
            "c1   ✗ 127.0.0.1:18555: wtxidrelay after verack, it must come before",
        ),
    ] {
        let event = event(conn, kind);
        assert_eq!(json(&event), format!("{{\"v\":1,\"seq\":1,{expected}}}\n"));
        assert_eq!(human(&event), format!("{line}\n"));
    }
}

/// Who hangs up on us at once has a reason that it does not say.
#[test]
fn a_peer_that_hangs_up_before_the_handshake_may_be_full() {
    for (direction, ready, error, hint) in [
        (Direction::Outbound, false, IoError::Ended, true),
        (Direction::Outbound, false, IoError::Reset, true),
        (Direction::Outbound, false, IoError::TimedOut, false),
        (Direction::Outbound, true, IoError::Ended, false),
        (Direction::Inbound, false, IoError::Ended, false),
    ] {
        for format in [Format::Json, Format::Human { color: false }] {
            let (mut renderer, mut out) = (renderer(format, false), Vec::new());
            renderer.event(&connected(7, "192.0.2.1:8333", direction), &mut out);
            if ready {
                renderer.event(&event(7, EventKind::Handshake(Box::new(negotiated(b"/x:1/")))), &mut out);
            }
            out.clear();
            renderer.event(&event(7, EventKind::Disconnected(CloseReason::Io(error))), &mut out);
            let text = text(out);
            assert_eq!(text.contains("no free slot"), hint, "{direction:?} {ready} {text}");
            assert!(text.contains(&error.to_string()), "{text}");
        }
    }
}

#[test]
fn inventories_are_a_line_an_entry() {
    let announcements = EventKind::Announced(vec![
        Announcement { item: item(1), first: true, requested: true },
        Announcement { item: Inventory { inv_type: InvType::TX, ..item(2) }, first: false, requested: false },
    ]);
    let [one, two] = [1, 2].map(|n: u8| format!("{n:02x}").repeat(32));
    assert_eq!(
        json(&event(1, announcements.clone())),
        [
            format!(
                r#"{{"v":1,"seq":1,{HEAD}"event":"tx_announced",{PEER},"inv_type":"wtx","hash":"{one}","first":true,"requested":true}}"#
            ),
            format!(
                r#"{{"v":1,"seq":2,{HEAD}"event":"tx_announced",{PEER},"inv_type":"tx","hash":"{two}","first":false,"requested":false}}"#
            ),
        ]
        .map(|line| line + "\n")
        .concat()
    );
    assert_eq!(human(&event(1, announcements)), "c1   ← announces 2 transactions, 1 new, 1 asked for\n");

    let misses = vec![
        FailedRequest { item: item(1), next: Some(ConnId(7)) },
        FailedRequest { item: item(2), next: None },
    ];
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

#[test]
fn the_first_announcer_is_named_if_another_delivers() {
    let mut renderer = renderer(Format::Human { color: false }, false);
    let mut out = Vec::new();
    let tx = tx(&segwit());
    let announcement = Announcement {
        item: Inventory { inv_type: InvType::TX, hash: tx.txid().into() },
        first: true,
        requested: true,
    };
    renderer.event(&event(2, EventKind::Announced(vec![announcement])), &mut out);
    out.clear();
    renderer.event(&event(1, EventKind::Tx { tx, latency: Some(Duration::ZERO) }), &mut out);
    let text = text(out);
    assert!(text.contains("segwit       64 vB") && text.ends_with("0 µs  first from c2\n"), "{text}");
    assert!(text.trim_end().chars().count() <= 120, "{text}");
}

#[test]
fn ignored_messages_show_only_when_wanted() {
    let ignored = event(1, EventKind::Ignored { command: Command::ADDR, bytes: 1, because: NotTaken::Known });
    for format in [Format::Json, Format::Human { color: false }] {
        let (mut quiet, mut out) = (renderer(format, false), Vec::new());
        quiet.event(&ignored, &mut out);
        assert!(out.is_empty());
        assert_eq!((quiet.skip(&ignored), renderer(format, true).skip(&ignored)), (0, 1));
    }
}

#[test]
fn color_is_put_on_and_taken_off() {
    let mut out = Vec::new();
    renderer(Format::Human { color: true }, true).event(&event(1, EventKind::Feefilter(1)), &mut out);
    assert_eq!(text(out), "15:58:09.123  c1   \x1b[2m← wants no less than 1 sat/kvB\x1b[0m\n");
}

/// Counting goes on, and a connection that was made unseen is known afterwards.
#[test]
fn skipped_events_count() {
    let mut renderer = Renderer::new(Format::Json, Network::Main, CLOCK, false);
    let announcement = Announcement { item: item(1), first: true, requested: true };
    assert_eq!(renderer.skip(&connected(1, "127.0.0.1:18555", Direction::Outbound)), 1);
    assert_eq!(renderer.skip(&event(1, EventKind::Handshake(Box::new(negotiated(b""))))), 1);
    assert_eq!(renderer.skip(&event(1, EventKind::Announced(vec![announcement; 3]))), 3);
    assert_eq!(renderer.skip(&event(1, EventKind::Tx { tx: tx(&segwit()), latency: None })), 1);
    assert_eq!(renderer.book.totals, Totals { peers: 1, transactions: 1, announcements: 3 });
    let mut out = Vec::new();
    renderer.event(&event(1, EventKind::Feefilter(1)), &mut out);
    assert_eq!(text(out), format!("{{\"v\":1,\"seq\":0,{HEAD}\"event\":\"feefilter\",{PEER},\"rate\":1}}\n"));
    renderer.skip(&event(1, EventKind::Disconnected(CloseReason::Local)));
    assert!(renderer.book.connections.is_empty());
}
