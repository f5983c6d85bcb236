//! Makes the captures of `tests/captures` anew, each by `satwire watch --record` beside a real btcd.
//!
//! ```sh
//! .ci/live-peers                                          # once
//! cargo test --test record_captures -- --ignored --test-threads 1
//! ```
//!
//! The program that records and the folder that is written may be named: `SATWIRE_BIN`,
//! `SATWIRE_CAPTURES`.

#![cfg(unix)]

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use bitcoin::Txid;
use harness::lab::{Lab, Options, Program, target_folder};
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// For what takes a moment on an idle machine.
const SOON: Duration = Duration::from_secs(120);

/// Starts `satwire watch --record` on these flags.
fn record(name: &str, flags: &[&str]) -> Result<Program, Box<dyn Error>> {
    let program = std::env::var_os("SATWIRE_BIN")
        .map_or_else(|| target_folder().join("release/satwire"), PathBuf::from);
    let folder = std::env::var_os("SATWIRE_CAPTURES")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures"), PathBuf::from);
    let file = folder.join(format!("{name}.journal"));
    let mut command = Command::new(program);
    command.args(["watch", "--simnet", "--json", "--force", "--record"]).arg(file).args(flags);
    Ok(Program::start(&mut command)?)
}

/// Waits for so many handshakes.
fn handshakes(program: &mut Program, count: u64) -> Outcome {
    let mut left = count;
    program.event("handshakes", SOON, |event| {
        left -= u64::from(event["event"] == "peer_handshake");
        left == 0
    })?;
    Ok(())
}

/// Waits for the transaction.
fn seen(program: &mut Program, txid: Txid) -> Outcome {
    let txid = txid.to_string();
    program.event(&txid, SOON, |event: &Value| event["event"] == "tx" && event["txid"] == txid)?;
    Ok(())
}

fn end(mut program: Program) -> Outcome {
    program.terminate()?;
    let status = program.finish(SOON)?;
    assert!(status.success(), "{status}");
    Ok(())
}

/// The experiment that satwire grew out of: coins to a legacy and to a segwit address, and spends of
/// all kinds of witness.
#[test]
#[ignore = "records a real btcd"]
fn experiment() -> Outcome {
    let lab = Lab::start(Options::default())?;
    let mut program = record("experiment", &["--connect", &lab.peer_addr().to_string()])?;
    handshakes(&mut program, 1)?;
    lab.node().wait_for_peer(&[])?;
    seen(&mut program, lab.send_to_legacy("1.5")?)?;
    seen(&mut program, lab.send_to_segwit("2")?)?;
    for coin in lab.fund_witness_coins("0.12345678")? {
        seen(&mut program, lab.spend_witness_coin(&coin)?.compute_txid())?;
    }
    end(program)
}

/// Nothing but pings, of both sides: btcd's come every two minutes.
#[test]
#[ignore = "records a real btcd"]
fn pings() -> Outcome {
    let lab = Lab::start(Options { blocks: 0, ..Options::default() })?;
    let flags = ["--pinginterval", "20", "--duration", "250", "--connect", &lab.peer_addr().to_string()];
    let mut program = record("pings", &flags)?;
    let status = program.finish(Duration::from_secs(300))?;
    assert!(status.success(), "{status}");
    Ok(())
}

/// A btcd that stops answering (SIGSTOP) until it is dropped, and comes back (SIGCONT).
#[test]
#[ignore = "records a real btcd"]
fn stopped() -> Outcome {
    let mut lab = Lab::start(Options::default())?;
    let flags = ["--pinginterval", "1", "--pingtimeout", "3", "--peertimeout", "3", "--connect"];
    let mut program = record("stopped", &[&flags[..], &[&lab.peer_addr().to_string()]].concat())?;
    handshakes(&mut program, 1)?;
    let known = [lab.node().wait_for_peer(&[])?];
    lab.stop_btcd()?;
    program.event("the end of the connection", SOON, |event| event["event"] == "peer_disconnected")?;
    lab.continue_btcd()?;
    handshakes(&mut program, 2)?;
    lab.node().wait_for_peer(&known)?;
    seen(&mut program, lab.send_to_legacy("1")?)?;
    end(program)
}

/// Two btcds that give each other blocks and transactions, both watched.
#[test]
#[ignore = "records a real btcd"]
fn two_nodes() -> Outcome {
    let lab = Lab::start(Options::default())?;
    let second = lab.second_node()?;
    let (a, b) = (lab.peer_addr().to_string(), second.peer_addr().to_string());
    let mut program = record("two_nodes", &["--connect", &a, "--connect", &b])?;
    handshakes(&mut program, 2)?;
    lab.node().wait_for_peer(&[])?;
    second.wait_for_peer(&[])?;
    for round in 0..4 {
        for _ in 0..3 {
            seen(&mut program, lab.send_to_segwit("0.5")?)?;
        }
        let miner = if round % 2 == 0 { lab.node() } else { &second };
        miner.generate(1)?;
        lab.node().wait_for_best_block(miner.best_block()?)?;
        second.wait_for_best_block(miner.best_block()?)?;
    }
    end(program)
}

/// A block that another chain of two replaces.
#[test]
#[ignore = "records a real btcd"]
fn reorganisation() -> Outcome {
    let lab = Lab::start(Options::default())?;
    let second = lab.second_node()?;
    let mut program = record("reorganisation", &["--connect", &lab.peer_addr().to_string()])?;
    handshakes(&mut program, 1)?;
    lab.node().wait_for_peer(&[])?;
    second.disconnect(lab.node())?;
    seen(&mut program, lab.send_to_legacy("3")?)?;
    lab.generate(1)?;
    second.generate(2)?;
    second.connect(lab.node())?;
    lab.node().wait_for_best_block(second.best_block()?)?;
    seen(&mut program, lab.send_to_segwit("1")?)?;
    end(program)
}

/// One `inv` of many hundred.
#[test]
#[ignore = "records a real btcd"]
fn many() -> Outcome {
    let lab = Lab::start(Options { blocks: 720, trickle: Duration::from_secs(60), ..Options::default() })?;
    let mut program = record("many", &["--connect", &lab.peer_addr().to_string()])?;
    handshakes(&mut program, 1)?;
    lab.node().wait_for_peer(&[])?;
    // Each pays from a coin of its own, since change can be spent in the next block only: 621 are mature.
    let mut sent = Vec::new();
    for _ in 0..500 {
        sent.push(lab.send_to_segwit("0.01")?);
    }
    for txid in sent {
        seen(&mut program, txid)?;
    }
    end(program)
}

/// btcd is restarted while it is watched.
#[test]
#[ignore = "records a real btcd"]
fn restart() -> Outcome {
    let mut lab = Lab::start(Options::default())?;
    let mut program = record("restart", &["--connect", &lab.peer_addr().to_string()])?;
    handshakes(&mut program, 1)?;
    lab.node().wait_for_peer(&[])?;
    seen(&mut program, lab.send_to_legacy("1")?)?;
    lab.generate(1)?;
    lab.restart_btcd()?;
    handshakes(&mut program, 2)?;
    lab.node().wait_for_peer(&[])?;
    seen(&mut program, lab.send_to_segwit("1")?)?;
    end(program)
}
