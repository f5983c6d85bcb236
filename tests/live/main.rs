//! Live interop: `satwire watch` beside a real btcd, on loopback.
//!
//! ```sh
//! .ci/live-peers                               # once; installs btcd, btcctl, btcwallet (needs Go)
//! cargo test --test live -- --ignored --nocapture
//! ```
//!
//! Each found txid goes to standard output, so that a log shows what was seen.
//! `SATWIRE_BIN` names a built program; without it the release build is made first, or found fresh.

#![cfg(unix)]

mod four_peers;

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use bitcoin::Txid;
use harness::lab::{Lab, Options, Program, differences, target_folder};
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// For what takes a moment on an idle machine: generous, since a deadline costs nothing when all is well.
const SOON: Duration = Duration::from_secs(30);

/// For a redial after two failed handshakes, with the pauses between them.
const REDIALLED: Duration = Duration::from_secs(120);

/// The program under test, built at most once.
fn satwire() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let cargo = option_env!("CARGO").unwrap_or("cargo");
        let built = Command::new(cargo)
            .args(["build", "--release", "-p", "satwire"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.is_ok_and(|status| status.success()), "satwire can be built, or SATWIRE_BIN names it");
        target_folder().join("release/satwire")
    };
    let program = || std::env::var_os("SATWIRE_BIN").map_or_else(build, PathBuf::from);
    PROGRAM.get_or_init(program).clone()
}

/// Starts `satwire watch` on the lab's btcd.
fn watch(lab: &Lab, flags: &[&str]) -> Result<Program, Box<dyn Error>> {
    let peer = lab.peer_addr().to_string();
    let program = Program::start(
        Command::new(satwire()).args(["watch", "--simnet", "--connect", &peer, "--json"]).args(flags),
    )?;
    Ok(program)
}

/// The `tx` event of a transaction, which is said on standard output.
fn found(program: &mut Program, txid: Txid, sent: &str) -> Result<Value, Box<dyn Error>> {
    let text = txid.to_string();
    let event = program
        .event(&format!("{sent} {txid}"), SOON, |event| event["event"] == "tx" && event["txid"] == text)?;
    println!("found {txid} ({sent})");
    Ok(event)
}

/// Waits for a handshake, with a connection later than `after`, and returns that connection's id.
fn handshake(program: &mut Program, after: Option<u64>, within: Duration) -> Result<u64, Box<dyn Error>> {
    let id = |event: &Value| event["peer"]["id"].as_u64();
    let event = program.event("peer_handshake", within, |event| {
        event["event"] == "peer_handshake" && id(event).is_some_and(|id| Some(id) > after)
    })?;
    Ok(id(&event).ok_or("a peer without an id")?)
}

/// Ends the program as a service manager does, and looks at how it goes.
fn ends_well(program: &mut Program) -> Outcome {
    program.terminate()?;
    let status = program.finish(SOON)?;
    assert_eq!(status.code(), Some(0), "SIGTERM is an ordinary end");
    let last = program.seen().last().ok_or("no output at all")?;
    assert_eq!(last["event"], "summary", "the last line: {last}");
    for (n, event) in program.seen().iter().enumerate() {
        assert_eq!(event["seq"], n, "a hole before {event}");
    }
    Ok(())
}

#[test]
#[ignore = "needs btcd and btcwallet: .ci/live-peers"]
fn coins_sent_with_btcctl_appear() -> Outcome {
    let lab = Lab::start(Options::default())?;
    let mut program = watch(&lab, &[])?;
    handshake(&mut program, None, SOON)?;
    // Transactions that enter its memory pool before btcd has counted us as a peer are never announced.
    lab.node().wait_for_peer(&[])?;

    let mut sent = vec![
        (lab.send_to_legacy("1.5")?, "to a legacy address".to_owned()),
        (lab.send_to_segwit("2")?, "to a segwit address".to_owned()),
    ];
    for coin in lab.fund_witness_coins("0.12345678")? {
        let kind = coin.kind;
        sent.push((coin.outpoint.txid, format!("to {kind:?}")));
        let spend = lab.spend_witness_coin(&coin)?;
        sent.push((spend.compute_txid(), format!("from {kind:?}")));
    }

    for (txid, sent) in sent {
        let event = found(&mut program, txid, &sent)?;
        let ours = &event["tx"];
        // getrawtransaction has the bytes that btcd holds and the sizes; decoderawtransaction is btcd's reading
        // of the bytes that we say.
        let held = lab.node().raw_transaction(txid)?;
        let hex = ours["hex"].as_str().unwrap_or_default();
        let read = lab.decode_raw_transaction(hex)?;
        for theirs in [&held, &read] {
            let differing = differences(ours, theirs);
            assert!(differing.is_empty(), "{txid} {sent}: {differing:#?}");
        }
        let same_outside =
            [("txid", "txid"), ("wtxid", "hash"), ("size", "size"), ("vsize", "vsize"), ("weight", "weight")];
        for (key, inside) in same_outside {
            assert_eq!(event[key], held[inside], "{key} of {txid} {sent}");
        }
        assert_eq!(event["requested"], true, "{txid} was asked for");
    }
    ends_well(&mut program)
}

#[test]
#[ignore = "needs btcd and btcwallet: .ci/live-peers"]
fn a_stopped_btcd_is_dropped_and_redialled() -> Outcome {
    let mut lab = Lab::start(Options::default())?;
    let flags = "--pinginterval 1 --pingtimeout 3 --peertimeout 3";
    let mut program = watch(&lab, &flags.split(' ').collect::<Vec<_>>())?;
    let first = handshake(&mut program, None, SOON)?;
    let known = [lab.node().wait_for_peer(&[])?];

    lab.stop_btcd()?;
    let lost = program.event("peer_disconnected", SOON, |event| {
        event["event"] == "peer_disconnected" && event["peer"]["id"] == first
    })?;
    assert_eq!(lost["reason"], "ping_timeout", "{lost}");

    lab.continue_btcd()?;
    let second = handshake(&mut program, Some(first), REDIALLED)?;
    println!("peer {first} was dropped, peer {second} is connected");
    lab.node().wait_for_peer(&known)?;
    let txid = lab.send_to_legacy("1")?;
    found(&mut program, txid, "after the redial")?;
    let txid = lab.send_to_segwit("1")?;
    found(&mut program, txid, "after the redial")?;
    ends_well(&mut program)
}

/// The script of `docs/experiment.md`, as it stands there: both payments are shown.
#[test]
#[ignore = "needs btcd and btcwallet: .ci/live-peers"]
fn the_experiment_of_the_documentation() -> Outcome {
    let page = include_str!("../../docs/experiment.md");
    let script =
        page.split_once("```sh\n").and_then(|(_, rest)| rest.split_once("```")).ok_or("no script")?.0;
    // The programs that it has started end with it, however it ends.
    let script = format!("set -e; trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}");
    let done = Command::new("timeout")
        .args(["300", "bash", "-c", &script])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    let (printed, complaints) = (String::from_utf8(done.stdout)?, String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{}: {printed}{complaints}", done.status);
    let lines = || printed.lines();
    let paid: Vec<_> = lines().filter(|line| line.len() == 64 && !line.contains(' ')).collect();
    assert_eq!(paid.len(), 2, "{printed}");
    for txid in paid {
        assert!(
            lines().any(|line| line.contains(&format!("← tx {}", &txid[..16]))),
            "no {txid} in {printed}"
        );
    }
    Ok(())
}
