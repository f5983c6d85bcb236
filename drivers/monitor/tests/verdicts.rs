//! `satwire watch` and what it says of its peers: `peer_verdict`, `--report`, `--events`, as a process.

#![cfg(unix)]

#[expect(dead_code, reason = "this file needs a part of it")]
mod peer;

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use satwire_core::Network;
use satwire_core::wire::{self, Command as Name, Hash, InvType, Inventory};
use serde_json::Value;

use self::peer::{Outcome, Program, SOON, Serving, folder, greet, run, serve, text, transaction};

/// Four peers: an honest one, one that says nothing after its handshake, one that never reads, and one without a
/// handshake. The fault is told, and again in the line of the end, in the table, and in a replay.
#[test]
fn verdicts_name_what_is_wrong() -> Outcome {
    let (_folder, journal) = folder("verdicts.journal")?;
    let out = journal.with_extension("json");
    let events = "peer_connected,peer_verdict,peer_disconnected,tx,offline";
    let timers = ["--pinginterval", "1", "--pingtimeout", "5", "--peertimeout", "3", "--duration", "9"];
    let flags = ["--record", text(&journal)?, "--events", events, "--report", "0.5"];
    let program = Program::watch(&out, &[&timers[..], &flags].concat())?;
    let (until, addr) = (Instant::now() + SOON, program.addr);
    let honest = Serving { transaction, most: 3, together: 1, pause: Duration::ZERO };
    let honest_stream = TcpStream::connect(addr)?;
    std::thread::spawn(move || serve(honest_stream, until, honest).map_err(|error| error.to_string()));
    let mute = greet(TcpStream::connect(addr)?)?;
    let nobody = TcpStream::connect(addr)?;
    let deaf = greet(TcpStream::connect(addr)?)?;
    let asking = deaf.try_clone()?;
    std::thread::spawn(move || ask_and_never_read(asking));
    let addrs = [&mute, &nobody, &deaf].map(TcpStream::local_addr);
    let (code, said) = program.wait()?;
    assert_eq!(code, Some(0), "{said}");

    let lines = std::fs::read_to_string(&out)?;
    let told = lines.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    for (seq, line) in told.iter().enumerate() {
        assert_eq!(line["seq"], seq);
        let event = line["event"].as_str().ok_or("no event")?;
        assert!(events.split(',').chain(["start", "summary"]).any(|wanted| wanted == event), "{event}");
    }
    let of = |addr: &str, event: &str| {
        let lines = told.iter().filter(|line| line["peer"]["addr"] == addr && line["event"] == event);
        lines.map(|line| line["verdict"].as_str().unwrap_or("-")).collect::<Vec<_>>()
    };
    let [mute, nobody, deaf] = addrs;
    let [mute, nobody, deaf] = [mute?, nobody?, deaf?].map(|addr| addr.to_string());
    assert_eq!(of(&mute, "peer_verdict"), ["ping_late"]);
    assert_eq!(of(&mute, "peer_disconnected"), ["ping_late"]);
    assert_eq!(of(&nobody, "peer_verdict"), ["handshake_pending"]);
    assert_eq!(of(&nobody, "peer_disconnected"), ["handshake_pending"]);
    assert_eq!(of(&deaf, "peer_verdict").last(), Some(&"never_reads"));
    assert_eq!(of(&deaf, "peer_disconnected"), ["never_reads"]);
    assert_eq!(lines.matches("\"event\":\"tx\"").count(), 3);
    assert!(!lines.contains("\"event\":\"offline\""), "somebody is heard");
    // A verdict began before it is told, after the connection did.
    let late = told.iter().find(|line| line["verdict"] == "ping_late").ok_or("no verdict")?;
    let (since, time) = (late["since"].as_i64(), late["time"].as_i64());
    assert!(since < time && since > told[0]["time"].as_i64(), "{late}");

    for (addr, verdict) in [(&mute, "ping_late"), (&nobody, "handshake_pending"), (&deaf, "never_reads")] {
        let row = said.lines().find(|line| line.contains(addr.as_str()) && line.contains(verdict));
        assert!(
            row.is_some_and(|row| row.len() <= 80 && row.contains("ipv4 in")),
            "{addr} {verdict}: {said}"
        );
    }
    assert!(said.lines().any(|line| line.starts_with("satwire: 4 peers at ")), "{said}");

    let (code, replayed, errors) = run(&["replay", text(&journal)?])?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(replayed == lines, "{replayed}\nis not\n{lines}");
    // Another list at a replay, and its own numbers.
    let (_, fewer, _) = run(&["replay", text(&journal)?, "--events", "peer_handshake"])?;
    let fewer = fewer.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let names = fewer.iter().map(|line| line["event"].as_str().unwrap_or("-"));
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["start", "peer_handshake", "peer_handshake", "peer_handshake", "summary"]
    );
    assert!(fewer.iter().enumerate().all(|(seq, line)| line["seq"] == seq));
    Ok(())
}

/// Asks for what nobody has, until there is no room for the answers.
fn ask_and_never_read(mut stream: TcpStream) {
    let mut bytes = Vec::new();
    let item = Inventory { inv_type: InvType::TX, hash: Hash([9; 32]) };
    wire::encode_inventory(&mut bytes, Network::Regtest.magic(), Name::GETDATA, vec![item; 50_000]);
    while stream.write_all(&bytes).is_ok() {}
}

/// The same for people: with the same events.
#[test]
fn lines_for_people_are_chosen_alike() -> Outcome {
    let (_folder, journal) = folder("human.journal")?;
    let out = journal.with_extension("txt");
    let flags = ["--human", "--record", text(&journal)?, "--events", "tx", "--count", "3"];
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_satwire"));
    command.args(["watch", "--regtest", "--bind", "127.0.0.1:0"]).args(flags);
    let program = Program::start(command, &out)?;
    let stream = TcpStream::connect(program.addr)?;
    let honest = Serving { transaction, most: 3, together: 3, pause: Duration::ZERO };
    serve(stream, Instant::now() + SOON, honest)?;
    assert_eq!(program.wait()?.0, Some(0));
    let lines = std::fs::read_to_string(&out)?;
    assert_eq!((lines.lines().count(), lines.matches("← tx").count()), (5, 3), "{lines}");
    let (_, replayed, _) = run(&["replay", "--human", text(&journal)?])?;
    assert_eq!(replayed, lines);
    Ok(())
}
