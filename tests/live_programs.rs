//! Does the lab itself work? Needs btcd, btcwallet and btcctl: `.ci/live-peers` installs them.
//!
//! `cargo test --test live_programs -- --ignored`

#![cfg(unix)]

use std::time::{Duration, Instant};

use bitcoin::Amount;
use harness::lab::{Lab, LabError, Options, WitnessKind};

#[test]
#[ignore = "starts real peers"]
fn everything_that_the_lab_offers() -> Result<(), LabError> {
    let begin = Instant::now();
    let lab = Lab::start(Options::default())?;
    println!("Lab::start: {:?}", begin.elapsed());
    assert_eq!(lab.node().height()?, 320);
    assert_eq!(lab.raw_mempool()?, []);

    let mut sent = vec![lab.send_to_legacy("1.5")?, lab.send_to_segwit("2")?];
    let coins = lab.fund_witness_coins("0.25")?;
    for (coin, kind) in coins.iter().zip(WitnessKind::ALL) {
        assert_eq!((coin.kind, coin.output.value), (kind, Amount::from_sat(25_000_000)));
        let spend = lab.spend_witness_coin(coin)?;
        let theirs = lab.node().raw_transaction(spend.compute_txid())?;
        assert_eq!(theirs["hash"], spend.compute_wtxid().to_string());
        let decoded = lab.decode_raw_transaction(theirs["hex"].as_str().unwrap_or_default())?;
        assert_eq!(decoded["vin"], theirs["vin"]);
        println!("{kind:?}: {decoded:#}");
        sent.extend([coin.outpoint.txid, spend.compute_txid()]);
    }
    let mut waiting = lab.raw_mempool()?;
    waiting.sort();
    sent.sort();
    assert_eq!(waiting, sent);

    // Spends of coins that are in a block, and a wallet that goes on after it.
    let coins = lab.fund_witness_coins("0.125")?;
    lab.generate(1)?;
    assert_eq!(lab.raw_mempool()?, []);
    for coin in &coins {
        lab.spend_witness_coin(coin)?;
    }
    lab.send_to_legacy("3")?;
    assert_eq!(lab.raw_mempool()?.len(), 4);
    println!("total: {:?}", begin.elapsed());
    Ok(())
}

#[test]
#[ignore = "starts real peers"]
fn btcd_can_be_stopped_and_restarted() -> Result<(), LabError> {
    let mut lab = Lab::start(Options { patience: Duration::from_secs(20), ..Options::default() })?;
    let address = lab.peer_addr();
    let first = lab.send_to_segwit("1")?;

    lab.stop_btcd()?;
    std::net::TcpStream::connect(address).expect("the system accepts for a stopped btcd");
    lab.continue_btcd()?;
    lab.send_to_segwit("2")?;
    assert_eq!(lab.raw_mempool()?.len(), 2);

    let begin = Instant::now();
    lab.restart_btcd()?;
    println!("restart_btcd: {:?}", begin.elapsed());
    assert_eq!((lab.peer_addr(), lab.node().height()?), (address, 320));
    // The wallet sends its own unconfirmed transactions again, in its own time.
    while !lab.raw_mempool()?.contains(&first) {
        assert!(begin.elapsed() < Duration::from_secs(20), "{first} is gone");
        std::thread::sleep(Duration::from_millis(20));
    }
    let third = lab.send_to_legacy("3")?;
    assert!(lab.raw_mempool()?.contains(&third));

    // Restarted while it is stopped, and dropped while it is stopped.
    lab.stop_btcd()?;
    lab.restart_btcd()?;
    lab.generate(1)?;
    lab.stop_btcd()?;
    Ok(())
}

#[test]
#[ignore = "starts real peers"]
fn a_second_node_makes_a_reorganisation() -> Result<(), LabError> {
    let lab = Lab::start(Options::default())?;
    let begin = Instant::now();
    let second = lab.second_node()?;
    println!("second_node: {:?}", begin.elapsed());
    assert_eq!(second.height()?, 320);

    second.disconnect(lab.node())?;
    let stale = lab.generate(1)?;
    assert_eq!(lab.node().best_block()?, stale[0]);
    let longer = second.generate(2)?;
    second.connect(lab.node())?;
    lab.node().wait_for_best_block(longer[1])?;
    println!("reorganised: {:?}", begin.elapsed());
    assert_eq!(lab.node().height()?, 322);

    // The wallet has followed: it can pay, and both nodes hear of it.
    let txid = lab.send_to_legacy("1")?;
    assert!(lab.raw_mempool()?.contains(&txid));
    lab.generate(1)?;
    second.wait_for_best_block(lab.node().best_block()?)?;
    Ok(())
}
