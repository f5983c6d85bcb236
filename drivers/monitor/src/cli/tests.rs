//! Whole command lines, good and bad.

use super::*;

const PIPE: Stdout = Stdout { is_terminal: false, look: Look::PLAIN };
const TERMINAL: Stdout = Stdout { is_terminal: true, look: Look { color: true, unicode: true, width: 80 } };

fn parse_line(line: &str, stdout: Stdout) -> Result<Action, Refusal> {
    parse(std::iter::once("satwire").chain(line.split_whitespace()).map(OsString::from), stdout)
}

fn watch_of(line: &str) -> Watch {
    match parse_line(line, PIPE) {
        Ok(Action::Watch(watch)) => *watch,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn defaults() {
    let watch = watch_of("watch --connect 127.0.0.1");
    assert_eq!(
        watch,
        Watch {
            network: Network::Main,
            config: Config::new(Network::Main),
            dial: vec![Address::Socket(([127, 0, 0, 1], 8333).into())],
            bind: vec![],
            end: End::default(),
            format: Format::Json,
            quiet: false,
            debug_net: false,
            events: None,
            report: None,
            hex: false,
            record: None,
        }
    );
}

#[test]
fn every_flag_arrives() {
    let watch = watch_of(
        "watch -chain=regtest -connect=127.0.0.1 --connect [::1]:9 -addnode=a.example -addpeer=b.example:7 \
         --timeout 250 --peertimeout 2.5 --pinginterval .5 --pingtimeout 3 --requesttimeout 4 --invtimeout 5.5 --propagation 5 \
         --uacomment one --uacomment=two --json --count 10 --duration 0.25 --quiet --debug net --events tx,online \
         --report 6 --bind 127.0.0.1 --bind [::1]:5",
    );
    let mut config = Config::new(Network::Regtest);
    config.connect_timeout = Duration::from_millis(250);
    config.outbound_handshake_timeout = Duration::from_millis(2500);
    config.inbound_handshake_timeout = Duration::from_millis(2500);
    config.ping_interval = Duration::from_millis(500);
    config.ping_timeout = Duration::from_secs(3);
    config.request_timeout = Duration::from_secs(4);
    config.propagation_age = Duration::from_secs(5);
    config.inv_timeout = Duration::from_millis(5500);
    config.user_agent = format!("/satwire:{}(one; two)/", env!("CARGO_PKG_VERSION"));
    assert_eq!(watch.config, config);
    assert_eq!(watch.network, Network::Regtest);
    let dial: Vec<_> = watch.dial.iter().map(ToString::to_string).collect();
    assert_eq!(dial, ["127.0.0.1:18444", "[::1]:9", "a.example:18444", "b.example:7"]);
    assert_eq!(watch.bind, ["127.0.0.1:18444".parse().unwrap(), "[::1]:5".parse().unwrap()]);
    assert_eq!(watch.end, End { count: NonZeroU64::new(10), duration: Some(Duration::from_millis(250)) });
    assert_eq!((watch.format, watch.quiet, watch.debug_net), (Format::Json, true, true));
    assert_eq!(watch.report, Some(Duration::from_secs(6)));
    assert_eq!(watch.events, EventSet::parse("online,tx").ok());
}

#[test]
fn chains() {
    for (line, network) in [
        ("--testnet", Network::Testnet3),
        ("-testnet4", Network::Testnet4),
        ("--signet=1", Network::Signet),
        ("-regtest", Network::Regtest),
        ("--simnet", Network::Simnet),
        ("-regtest=0", Network::Main),
        ("--regtest --regtest", Network::Regtest),
        ("--chain regtest -regtest", Network::Regtest),
        ("--chain=test --testnet", Network::Testnet3),
    ] {
        let watch = watch_of(&format!("watch {line} --connect 127.0.0.1"));
        assert_eq!((watch.network, watch.config.magic), (network, network.magic()), "{line}");
        assert_eq!(watch.dial[0].to_string(), format!("127.0.0.1:{}", network.default_port()));
    }
}

#[test]
fn listening() {
    let everywhere = ["0.0.0.0:18444".parse().unwrap(), "[::]:18444".parse().unwrap()];
    for line in ["--listen", "-listen", "--listen=1", "--listen=0 --listen"] {
        assert_eq!(watch_of(&format!("watch -regtest {line}")).bind, everywhere, "{line}");
    }
    assert_eq!(watch_of("watch --listen --bind 127.0.0.1:0").bind, ["127.0.0.1:0".parse().unwrap()]);
    assert!(watch_of("watch --listen=0 --connect 127.0.0.1").bind.is_empty());
}

#[test]
fn the_last_category_counts() {
    for (line, expected) in [
        ("--debug", true),
        ("-debug=net", true),
        ("-debug=1", true),
        ("--debug all --json", true),
        ("--debug --json", true),
        ("--debug none", false),
        ("-debug=net -debug=0", false),
        ("--debug none --debug net", true),
    ] {
        assert_eq!(watch_of(&format!("watch --listen {line}")).debug_net, expected, "{line}");
        let Ok(Action::Replay(replay)) = parse_line(&format!("replay a {line}"), PIPE) else {
            panic!("{line}")
        };
        assert_eq!(replay.debug_net, Some(expected), "{line}");
    }
    let Ok(Action::Replay(replay)) = parse_line("replay a", PIPE) else { panic!() };
    assert_eq!((replay.debug_net, replay.hex), (None, None), "as it was recorded");
}

/// `--hex` without messages to show would do nothing.
#[test]
fn bytes_are_shown_of_messages_that_are_told() {
    for (line, expected) in [
        ("--debug net --hex", true),
        ("--debug=net -hex=1", true),
        ("--debug net", false),
        ("--debug net -nohex", false),
    ] {
        assert_eq!(watch_of(&format!("watch --listen {line}")).hex, expected, "{line}");
        let Ok(Action::Demo(demo)) = parse_line(&format!("demo {line}"), PIPE) else { panic!("{line}") };
        assert_eq!((demo.debug_net, demo.hex), (true, expected), "{line}");
        let Ok(Action::Replay(replay)) = parse_line(&format!("replay a {line}"), PIPE) else {
            panic!("{line}")
        };
        assert_eq!(replay.hex.unwrap_or(false), expected, "{line}");
    }
    for verb in ["watch --listen", "demo", "replay a"] {
        for line in ["--hex", "--debug none --hex", "--hex=1"] {
            let refusal = parse_line(&format!("{verb} {line}"), PIPE).unwrap_err();
            assert!(refusal.exit_code == 2 && refusal.text.contains("add --debug net"), "{}", refusal.text);
        }
    }
}

#[test]
fn a_journal_is_named() {
    for (line, force) in [("-record=a.journal", false), ("--record a.journal --force", true)] {
        let watch = watch_of(&format!("watch --listen {line}"));
        assert_eq!(watch.record, Some(Record { file: "a.journal".into(), force, files: None }), "{line}");
    }
}

#[test]
fn transactions_come_as_arguments_or_not_at_all() {
    for (line, network, transactions) in [
        ("decoderawtransaction", Network::Main, &[][..]),
        ("decoderawtransaction 00 zz", Network::Main, &["00", "zz"]),
        ("decoderawtransaction 00 -chain=test", Network::Testnet3, &["00"]),
        ("decoderawtransaction -simnet 00", Network::Simnet, &["00"]),
    ] {
        let transactions = transactions.iter().map(ToString::to_string).collect();
        assert_eq!(parse_line(line, PIPE), Ok(Action::Decode(Decode { network, transactions })), "{line}");
    }
}

#[test]
fn a_smaller_journal_has_a_name() {
    for (line, predicate, out) in [
        ("replay a/b.journal --shrink panics", Predicate::Panics, "a/b.shrunk.journal"),
        ("replay b -shrink=differs", Predicate::Differs, "b.shrunk.journal"),
        ("replay b --shrink closes=reset --out c", Predicate::Closes("reset"), "c"),
    ] {
        let Ok(Action::Replay(replay)) = parse_line(line, PIPE) else { panic!("{line}") };
        assert_eq!(replay.shrink, Some(Shrink { predicate, out: out.into(), force: false }), "{line}");
    }
}

/// 10.18: as Bitcoin Core takes them.
#[test]
fn flags_are_negated() {
    assert_eq!(watch_of("watch -nolisten -connect=127.0.0.1"), watch_of("watch --connect 127.0.0.1"));
    assert_eq!(watch_of("watch -connect=[::1] -noconnect -listen"), watch_of("watch --listen"));
    assert_eq!(
        watch_of(
            "watch -quiet -noquiet -debug -nodebug -events=tx -noevents -report=3 -noreport -noregtest --listen"
        ),
        watch_of("watch --listen")
    );
    for (line, words) in [
        ("watch -noconnect", "discover"),
        ("watch -listen -notimeout", "--notimeout: without a limit"),
        ("watch -listen -noinvtimeout", "--noinvtimeout: a verdict closes no connection"),
        ("watch -listen -nosuch", "'--nosuch'"),
        ("demo -noconnect", "'--noconnect'"),
    ] {
        let refusal = parse_line(line, PIPE).expect_err(line);
        assert!(refusal.text.contains(words) && refusal.exit_code == 2, "{}", refusal.text);
        assert_eq!(refusal.text.lines().count(), 1, "{}", refusal.text);
    }
}

#[test]
fn nobody_is_dialled_twice() {
    let watch = watch_of("watch --connect 127.0.0.1 --addnode 127.0.0.1:8333 --connect localhost");
    assert_eq!(watch.dial.len(), 2);
}

#[test]
fn the_format_follows_stdout() {
    let human = |stdout: Stdout| Format::Human(stdout.look);
    for (line, stdout, expected) in [
        ("demo", PIPE, Format::Json),
        ("demo", TERMINAL, human(TERMINAL)),
        ("demo --human", PIPE, human(PIPE)),
        ("demo --json", TERMINAL, Format::Json),
        ("demo -json=1", TERMINAL, Format::Json),
        ("demo -json=0", TERMINAL, human(TERMINAL)),
    ] {
        let demo = Demo { speed: Speed::Fast, format: expected, debug_net: false, hex: false };
        assert_eq!(parse_line(line, stdout), Ok(Action::Demo(demo)), "{line}");
    }
    let demo = Demo { speed: Speed::Realtime, format: Format::Json, debug_net: false, hex: false };
    assert_eq!(parse_line("demo --speed realtime", PIPE), Ok(Action::Demo(demo)));
}

#[test]
fn wrong_command_lines_get_one_line() {
    let to_peer = "watch --connect 127.0.0.1";
    let long = format!("{to_peer} --uacomment {}", "a".repeat(250));
    for (line, words) in [
        ("watch", &["discover", "--connect", "--listen", "satwire demo"][..]),
        ("watch --listen=0", &["discover"]),
        ("watch --connect", &["--connect <HOST[:PORT]>", "value is required"]),
        ("watch --connect=", &["--connect <HOST[:PORT]>"]),
        ("watch --connect 127.0.0.1:0", &["'127.0.0.1:0'", "--connect", "port 0"]),
        ("watch --connect 127.0.0.1:70000", &["'127.0.0.1:70000'", "65535"]),
        ("watch --addpeer a..b", &["'a..b'", "--addnode"]),
        ("watch --bind localhost", &["'localhost'", "--bind"]),
        ("watch --bind 127.0.0.1 --listen=0", &["--bind 127.0.0.1:8333", "--listen=0"]),
        ("watch --listen=2", &["'2'", "--listen"]),
        ("watch --chain mainnet --listen", &["'mainnet'", "give one of main, test"]),
        ("watch --testnet --regtest --listen", &["two chains, test and regtest"]),
        ("watch --chain main --regtest --listen", &["two chains, main and regtest"]),
        ("watch --chain main --chain signet --listen", &["two chains, main and signet"]),
        ("watch --connect 127.0.0.1 --json --human", &["--json and --human"]),
        ("watch --connect 127.0.0.1 --count 0", &["'0'", "--count <N>", "from 1 on"]),
        ("watch --connect 127.0.0.1 --count -5", &["'-5'", "--count <N>"]),
        ("watch --connect 127.0.0.1 --duration inf", &["'inf'", "--duration <SECS>"]),
        ("watch --connect 127.0.0.1 --pinginterval 0", &["'0'", "--pinginterval", "more than 0"]),
        ("watch --connect 127.0.0.1 --peertimeout -1", &["'-1'", "--peertimeout"]),
        ("watch --connect 127.0.0.1 --timeout 1.5", &["'1.5'", "--timeout <MS>", "whole milliseconds"]),
        ("watch --connect 127.0.0.1 --uacomment a/b", &["'a/b'", "--uacomment"]),
        (&long, &["--uacomment", " bytes long", "at most 256"]),
        ("watch --connect 127.0.0.1 --debug mempool", &["'mempool'", "--debug", "net, all or none"]),
        (
            "watch --connect 127.0.0.1 --events tx,blok",
            &["'tx,blok'", "--events <LIST>", "'blok'", "tx_announced"],
        ),
        ("watch --connect 127.0.0.1 --events=", &["--events <LIST>"]),
        ("watch --connect 127.0.0.1 --events", &["--events <LIST>", "value is required"]),
        ("watch --connect 127.0.0.1 --report 0", &["'0'", "--report <SECS>", "more than 0"]),
        ("watch --connect 127.0.0.1 --invtimeout x", &["'x'", "--invtimeout <SECS>"]),
        ("replay a --events Tx", &["'Tx'", "--events <LIST>", "peer_verdict"]),
        ("watch --connect 127.0.0.1 --record", &["--record <FILE>", "value is required"]),
        ("watch --connect 127.0.0.1 --force", &["required", "--record <FILE>"]),
        ("watch --connect 127.0.0.1 --seednode x", &["'--seednode'"]),
        ("watch 127.0.0.1", &["'127.0.0.1'"]),
        ("watch --conect 127.0.0.1", &["'--conect'", "'--connect'"]),
        ("replay", &["<FILE>"]),
        ("replay a --until 0", &["'0'", "--until <TIME|#N>", "#300"]),
        ("replay a --shrink", &["--shrink <PREDICATE>", "value is required"]),
        ("replay a --shrink falls", &["'falls'", "panics, differs or closes=REASON"]),
        ("replay a --shrink closes=rest", &["'closes=rest'", "reset", "wrong_magic"]),
        ("replay a --shrink panics --until 5", &["--shrink <PREDICATE>", "--until <TIME|#N>"]),
        ("replay a --out b", &["--shrink <PREDICATE>"]),
        ("replay a --force", &["--shrink <PREDICATE>"]),
        ("replay a --shrink panics --out a", &["--out a", "the journal itself"]),
        ("capinfo", &["<FILE>"]),
        ("demo --speed slow", &["'slow'", "fast or realtime"]),
        ("demo --count 1", &["'--count'"]),
        ("decoderawtransaction --json 00", &["'--json'"]),
        ("decoderawtransaction --chain main --regtest 00", &["two chains, main and regtest"]),
        ("getrawtransaction 00", &["'getrawtransaction'"]),
        ("-x", &["'-x'"]),
    ] {
        let refusal = parse_line(line, PIPE).expect_err(line);
        assert_eq!(refusal.exit_code, 2, "{line}");
        let text = refusal.text.strip_suffix('\n').unwrap();
        assert!(text.starts_with("satwire: ") && text.ends_with("--help'"), "{line}: {text}");
        assert_eq!(text.lines().count(), 1, "{line}: {text}");
        for word in words {
            assert!(text.contains(word), "{line}: {text} has no {word}");
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        let host = OsString::from_vec(b"a\xff".to_vec());
        let args = ["satwire".into(), "watch".into(), "--connect".into(), host];
        let refusal = parse(args, PIPE).unwrap_err();
        assert_eq!((refusal.exit_code, refusal.text.lines().count()), (2, 1));
        assert!(refusal.text.contains("argument 'a\u{fffd}' is no text"), "{}", refusal.text);
        let file = OsString::from_vec(b"b\xff".to_vec());
        assert!(parse(["satwire".into(), "replay".into(), file], PIPE).is_ok());
    }
}

#[test]
fn each_verb_explains_itself() {
    for line in
        ["--help", "-h", "-help", "-?", "help", "watch --help", "watch -h", "demo --help", "help watch"]
    {
        let refusal = parse_line(line, PIPE).expect_err(line);
        assert_eq!(refusal.exit_code, 0, "{line}");
        assert!(refusal.text.contains("satwire demo "), "{line}: {}", refusal.text);
    }
    for line in ["replay --help", "capinfo --help"] {
        let text = parse_line(line, PIPE).expect_err(line).text;
        assert!(text.contains("--bind 127.0.0.1:0") && text.lines().all(|line| line.len() <= 100), "{text}");
    }
    let alone = parse_line("", PIPE).unwrap_err();
    assert_eq!(alone.exit_code, 2);
    assert!(alone.text.contains("satwire demo") && alone.text.contains("watch"));
    for line in ["--version", "-V", "-version"] {
        let refusal = parse_line(line, PIPE).expect_err(line);
        assert_eq!(refusal.text, format!("satwire {}\n", env!("CARGO_PKG_VERSION")), "{line}");
        assert_eq!(refusal.exit_code, 0);
    }
}

#[test]
fn clap_finds_nothing_wrong() {
    flags::command().debug_assert();
}

/// `--events` says which, and `--debug net` what comes on top.
#[test]
fn the_events_that_are_told() {
    let told = |line: &str| watch_of(&format!("watch --listen {line}")).options().told().list();
    assert_eq!(told(""), EventSet::usual().list());
    assert_eq!(told("--events tx,clock"), "clock,tx");
    assert_eq!(told("--events tx --events ignored"), "ignored", "the last one counts");
    assert_eq!(told("--events tx --debug net"), "ignored,message,tx");
}

/// A possible slip is pointed out; a word that may mean something else is not.
#[test]
fn only_slips_are_corrected() {
    for (line, suggested) in [
        ("watch --conect=1.2.3.4", Some("--connect")),
        ("watch --conenct 1.2.3.4", Some("--connect")),
        ("watch -pingintervall=3", Some("--pinginterval")),
        ("watch -nocorrect", None),
        ("watch -relay=1", None),
        ("watch -seednode=x", None),
        ("watch -maxconnections=3", None),
        ("capinfo --color file", None),
    ] {
        let refusal = parse_line(line, PIPE).expect_err(line);
        let (text, code) = (&refusal.text, refusal.exit_code);
        assert_eq!((text.lines().count(), code), (1, 2), "{text}");
        let expected = suggested.map(|flag| format!("; a similar argument exists: '{flag}'"));
        assert_eq!(text.contains("; a similar"), suggested.is_some(), "{text}");
        assert!(text.contains(expected.as_deref().unwrap_or("unexpected argument")), "{text}");
        assert!(!text.contains("as a value"), "{text}");
    }
}
