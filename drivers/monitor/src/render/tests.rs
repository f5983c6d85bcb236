//! Every event in both styles, as golden lines.

use satwire_core::node::{Address, Announcement, ConnId, Event, EventKind, FailedRequest};
use satwire_core::peer::{Direction, IgnoredReason, Negotiated, Rejection};
use satwire_core::wire::{Command, Hash, InvType, Inventory, NetAddress, Services, Tx, TxView, Version};
use satwire_core::{CloseReason, Fault, Instant, IoError, Label, Network, WallClock};

use super::*;
use crate::cli::Look;
use crate::model::{Gap, Model, Traffic};

mod extremes;
mod keys;
mod messages;

/// 2026-11-22 15:58:08.123456 UTC.
const CLOCK: WallClock = WallClock { unix_micros_at_zero: 1_795_363_088_123_456 };
const HEAD: &str = r#""time":1795363089123456,"mono":1000000,"#;
const PEER: &str =
    r#""peer":{"id":1,"addr":"127.0.0.1:18555","network":"ipv4","inbound":false,"transport":"v1"}"#;

pub(crate) fn tx(bytes: &[u8]) -> Tx {
    TxView::decode(bytes).unwrap().to_owned()
}

/// One input, locktime 7.
pub(crate) fn legacy(version: i32, values: &[i64]) -> Vec<u8> {
    let mut bytes = version.to_le_bytes().to_vec();
    bytes.push(1);
    bytes.extend([0xab; 32]);
    bytes.extend([1, 0, 0, 0, 1, 0x51, 0xfe, 0xff, 0xff, 0xff]);
    match values.len() {
        few @ ..0xfd => bytes.push(few as u8),
        many => {
            bytes.push(0xfd);
            bytes.extend((many as u16).to_le_bytes());
        }
    }
    for value in values {
        bytes.extend(value.to_le_bytes());
        bytes.extend([2, 0x51, 0x52]);
    }
    bytes.extend([7, 0, 0, 0]);
    bytes
}

/// One input with two items in its stack, one of them empty; one output.
pub(crate) fn segwit() -> Vec<u8> {
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

const HUMAN: Format = Format::Human(Look::PLAIN);

/// Events to lines, at once.
struct Lines {
    model: Model,
    renderer: Renderer,
    out: Vec<u8>,
}

impl Lines {
    /// With nothing printed yet, and one connection.
    fn new(format: Format, debug_net: bool) -> Self {
        let mut model = Model::new(Network::Regtest, CLOCK, debug_net);
        let mut renderer = Renderer::new(format);
        let connected = model.event(connected(1, "127.0.0.1:18555", Direction::Outbound));
        renderer.entry(&connected.unwrap(), &mut Vec::new());
        Self { model, renderer, out: Vec::new() }
    }

    fn event(&mut self, event: Event) {
        if let Some(entry) = self.model.event(event) {
            self.renderer.entry(&entry, &mut self.out);
        }
    }

    fn take(&mut self) -> String {
        text(std::mem::take(&mut self.out))
    }

    /// An event of connection 1 as lines.
    fn of(format: Format, event: Event) -> String {
        let mut lines = Self::new(format, true);
        lines.event(event);
        lines.take()
    }
}

fn text(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap()
}

/// An event of connection 1 in JSON.
fn json(event: &Event) -> String {
    Lines::of(Format::Json, event.clone())
}

/// The same for people, without the time.
fn human(event: &Event) -> String {
    let text = Lines::of(HUMAN, event.clone());
    text.strip_prefix("15:58:09.123  ").unwrap_or(&text).to_owned()
}

/// The same on a terminal of this width.
fn on_terminal(width: usize, event: &Event) -> String {
    Lines::of(Format::Human(Look { width, ..Look::PLAIN }), event.clone())
}

#[test]
fn start_gap_and_summary() {
    let at = Instant::from_micros(1_000_000);
    let gap = Gap { dropped: 1_005, by_peer: vec![(ConnId(7), 1_000), (ConnId(1), 2)], rest: 3 };
    let lines = |format, traffic| {
        let mut out = Vec::new();
        let model = Model::new(Network::Testnet3, CLOCK, false);
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
        // 10.18: our own end is no failure.
        (
            1,
            EventKind::Disconnected(CloseReason::Local(Label::LOCAL)),
            format!(r#"{HEAD}"event":"peer_disconnected",{PEER},"reason":"local","detail":"closed by us""#),
            "c1   ○ 127.0.0.1:18555: closed by us",
        ),
    ] {
        let event = event(conn, kind);
        assert_eq!(json(&event), format!("{{\"v\":1,\"seq\":1,{expected}}}\n"));
        assert_eq!(human(&event), format!("{line}\n"));
    }
}

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
    assert_eq!(
        human(&event(1, announcements)),
        format!("c1   ← announces 2 transactions, 1 new, 1 asked for: {}…, {}…\n", &one[..16], &two[..16])
    );

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
    let mut lines = Lines::new(HUMAN, false);
    let tx = tx(&segwit());
    let announcement = Announcement {
        item: Inventory { inv_type: InvType::TX, hash: tx.txid().into() },
        first: true,
        requested: true,
    };
    lines.event(event(2, EventKind::Announced(vec![announcement])));
    lines.take();
    lines.event(event(1, EventKind::Tx { tx, latency: Some(Duration::ZERO) }));
    let text = lines.take();
    assert!(text.contains("segwit       64 vB") && text.ends_with("0 µs  first from c2\n"), "{text}");
    assert!(text.trim_end().chars().count() <= 120, "{text}");
}

/// 10.18: at 80 columns no line of a transaction wraps, whatever it says; at 200 it has the whole id.
#[test]
fn transactions_fit_the_terminal() {
    // Some of the largest there can be.
    let coins = tx(&legacy(2, &[2_100_000_000_000_000]));
    let id = coins.txid().to_string();
    for (width, digits) in [(80, 8), (81, 9), (123, 51), (124, 16), (130, 22), (171, 64), (200, 64)] {
        let mut lines = Lines::new(Format::Human(Look { width, ..Look::PLAIN }), false);
        for (conn, announcer, latency) in [(99_999, 100_000, None), (1, 2, Some(Duration::from_secs(9999)))] {
            lines.event(connected(conn, "127.0.0.1:1", Direction::Inbound));
            let item = Inventory { inv_type: InvType::TX, hash: coins.txid().into() };
            let announcement = Announcement { item, first: true, requested: true };
            let announcer = if width < 124 { announcer } else { announcer / 10 };
            lines.event(event(announcer, EventKind::Announced(vec![announcement])));
            lines.take();
            let conn = if width < 124 { conn } else { 1 };
            lines.event(event(conn, EventKind::Tx { tx: coins.clone(), latency }));
            let text = lines.take();
            assert!(text.trim_end().chars().count() <= width, "{width}: {text}");
            let shown = if digits == 64 { format!("tx {id} ") } else { format!("tx {}… ", &id[..digits]) };
            assert!(text.contains(&shown), "{width}: {text}");
            assert!(text.contains("21000000.00000000 BTC"), "{width}: {text}");
        }
    }
}

/// 10.18: which transaction is announced, not only how many.
#[test]
fn announced_transactions_are_named() {
    let announced = |many| {
        let items = (1..=many).map(|n| Announcement { item: item(n), first: false, requested: false });
        event(1, EventKind::Announced(items.collect()))
    };
    let text = on_terminal(80, &announced(1));
    assert!(text.ends_with("announces 1 transaction, 0 new, 0 asked for: 01010101…\n"), "{text}");
    assert!(text.trim_end().chars().count() <= 80, "{text}");
    let text = on_terminal(200, &announced(200));
    assert!(text.contains(&"01".repeat(32)) && text.contains(&"03".repeat(32)), "{text}");
    assert!(!text.contains(&"04".repeat(4)), "{text}");
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
    let item = Announcement { item: item(1), first: true, requested: true };
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
        EventKind::Unanswered(vec![FailedRequest { item: item.item, next: None }]),
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

/// 10.18: what SIGUSR1 asks for.
#[test]
fn peers_are_a_table() {
    let mut lines = Lines::new(Format::Json, false);
    let now = Instant::from_micros(62_999_999);
    lines.event(connected(20, "[::1]:5", Direction::Inbound));
    lines.event(event(1, EventKind::Handshake(Box::new(negotiated(b"")))));
    lines.event(event(1, EventKind::Pong { rtt: Duration::from_micros(1234), min: Duration::ZERO }));
    let announcement = Announcement { item: item(1), first: true, requested: true };
    lines.event(event(1, EventKind::Announced(vec![announcement; 3])));
    lines.event(event(1, EventKind::Tx { tx: tx(&segwit()), latency: None }));
    assert_eq!(
        peer_table(&lines.model, now),
        "peer  address                    age s    ping s  announcements  transactions\n\
         c1    127.0.0.1:18555               61  0.001234              3             1\n\
         c20   [::1]:5 in (no handshake)     61         -              0             0\n"
    );
    for conn in [1, 20] {
        lines.event(event(conn, EventKind::Disconnected(CloseReason::Local(Label::LOCAL))));
    }
    assert_eq!(peer_table(&lines.model, now), "satwire: no peers\n");
}

/// 10.11: bytes of JSON for a byte of the peer, by event, where the peer sends the least that makes a line. Beyond these
/// there are transactions, whose own bound is that of their JSON.
#[test]
fn a_byte_makes_so_many() {
    const HEADER: usize = 24;
    let failed = vec![FailedRequest { item: item(1), next: Some(ConnId(u64::from(u32::MAX))) }; 100];
    let announcements = vec![Announcement { item: item(1), first: false, requested: false }; 100];
    let rejection = Rejection { command: String::new(), code: 255, reason: String::new(), hash: None };
    let because = IgnoredReason::Malformed(Fault::Checksum);
    for (kind, bytes, most) in [
        (EventKind::Announced(announcements), HEADER + 1 + 36 * 100, 9),
        // Both only of what was announced and asked for.
        (EventKind::Notfound(failed.clone()), HEADER + 1 + 36 * 100, 9),
        (EventKind::Unanswered(failed), 36 * 100, 9),
        // Only if it differs from the last.
        (EventKind::Feefilter(u64::MAX), HEADER + 8, 8),
        (EventKind::Rejected(Box::new(rejection)), HEADER + 3, 9),
        // Only with `--debug net`.
        (EventKind::Ignored { command: Command::ADDR, bytes: 0, because }, HEADER, 11),
    ] {
        let mut lines = Lines::new(Format::Json, true);
        lines.event(connected(7, "[2001:db8:1111:2222:3333:4444:5555:6666]:65535", Direction::Outbound));
        lines.take();
        lines.event(event(7, kind));
        let text = lines.take();
        let (made, start) = (text.len(), &text[..200]);
        assert!(made <= bytes * most && made > bytes * (most - 2), "{made} of {bytes}: {start}");
    }
}
