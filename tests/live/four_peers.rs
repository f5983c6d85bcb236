//! Four btcds that announce the same transactions: one is well, one stops, one is killed, one is slow.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bitcoin::Txid;
use harness::lab::{Lab, Node, Options, Program, Relay};
use serde_json::{Value, json};

use crate::{Outcome, SOON, ends_well, found, satwire};

/// The delay of each byte from and to the slow one. Twice that is less than `--requesttimeout`.
const SLOW: Duration = Duration::from_millis(700);

const TIMERS: &str = "--pinginterval=5 --pingtimeout=7 --requesttimeout=3 --propagation=4";

/// The first line of an event that names a peer, or for which a dial failed.
fn told(program: &mut Program, event: &str, addr: SocketAddr) -> Result<Value, Box<dyn std::error::Error>> {
    let addr = addr.to_string();
    let is_its = |line: &Value| line["peer"]["addr"] == addr || line["addr"] == addr;
    let line =
        program.event(&format!("{event} {addr}"), SOON, |line| line["event"] == event && is_its(line))?;
    Ok(line)
}

/// Waits until it is told how each of these spread.
fn spread(program: &mut Program, txids: &[Txid]) -> Outcome {
    for txid in txids.iter().map(Txid::to_string) {
        let what = format!("tx_propagation {txid}");
        program.event(&what, SOON, |line| line["event"] == "tx_propagation" && line["txid"] == txid)?;
    }
    Ok(())
}

/// A transaction came once, from the peer that was asked last, and how it spread is what its announcements say.
/// `slow` announced last. Returns those that announced.
fn came_once(lines: &[Value], txid: Txid, slow: SocketAddr) -> BTreeSet<String> {
    let (txid, id) = (txid.to_string(), |line: &Value| line["peer"]["id"].as_u64());
    let of = |event: &str| -> Vec<_> {
        let is_its = |line: &&Value| line["event"] == event && (line["txid"] == txid || line["hash"] == txid);
        lines.iter().filter(is_its).collect()
    };
    let (announced, bodies, spread) = (of("tx_announced"), of("tx"), of("tx_propagation"));
    assert_eq!((bodies.len(), spread.len()), (1, 1), "{txid}");
    let asked =
        lines.iter().filter(|line| line["hash"] == txid).fold(None, |asked, line| match &line["event"] {
            event if event == "tx_announced" && line["requested"] == true => id(line),
            event if event == "tx_unanswered" => line["next"].as_u64(),
            _ => asked,
        });
    assert_eq!((id(bodies[0]), &bodies[0]["requested"]), (asked, &Value::Bool(true)), "{txid}");
    let mono = |line: &Value| line["mono"].as_u64().unwrap_or_default();
    let offsets: Vec<_> = announced.iter().map(|line| mono(line) - mono(announced[0])).collect();
    let rank = |percent: usize| offsets[(offsets.len() * percent).div_ceil(100) - 1];
    let (spread, last) = (spread[0], announced[announced.len() - 1]);
    let offset = json!({ "p10": rank(10), "p50": rank(50), "p90": rank(90), "max": rank(100) });
    assert_eq!((&spread["offset"], spread["first_peer"].as_u64()), (&offset, id(announced[0])), "{spread}");
    // All that could announce it did, and all of them live on loopback.
    let counts = ["announcers", "listeners", "netgroups"].map(|key| spread[key].as_u64());
    let all = Some(announced.len() as u64);
    assert_eq!(counts, [all, all, Some(1)], "{spread}");
    // The first was asked at once, and no other while it could still answer.
    for (n, line) in announced.iter().enumerate() {
        assert_eq!([&line["first"], &line["requested"]], [n == 0; 2], "{line}");
    }
    assert_eq!(last["peer"]["addr"], slow.to_string(), "{last}");
    // Not all of the delay: the first may have gathered its announcements for a trickle longer.
    assert!(rank(100) >= 1000 * (SLOW / 2).as_millis() as u64, "{spread}");
    announced.iter().map(|line| line["peer"]["addr"].as_str().unwrap_or("-").to_owned()).collect()
}

/// A replay of the journal prints the same lines, byte for byte.
fn replays_alike(journal: &Path, watched: &str) -> Outcome {
    let replay = Command::new(satwire()).args(["replay", "--json"]).arg(journal).output()?;
    assert_eq!((replay.status.code(), &*String::from_utf8_lossy(&replay.stderr)), (Some(0), ""));
    let replayed = String::from_utf8(replay.stdout)?;
    let differs = watched.lines().zip(replayed.lines()).find(|(watched, replayed)| watched != replayed);
    assert_eq!(differs, None);
    assert!(replayed == watched, "{} bytes replayed, {} watched", replayed.len(), watched.len());
    Ok(())
}

#[test]
#[ignore = "needs btcd and btcwallet: .ci/live-peers"]
fn one_stops_one_is_killed_and_one_is_slow() -> Outcome {
    let lab = Lab::start(Options { trickle: Duration::from_millis(100), ..Options::default() })?;
    let (mut stopped, mut killed, slow) = (lab.second_node()?, lab.second_node()?, lab.second_node()?);
    let (gate, detour) =
        (Relay::start(stopped.peer_addr(), Duration::ZERO)?, Relay::start(slow.peer_addr(), SLOW)?);
    let nodes = [lab.node(), &stopped, &killed, &slow];
    let addrs @ [well_at, stopped_at, killed_at, slow_at] =
        [lab.peer_addr(), gate.addr(), killed.peer_addr(), detour.addr()];
    let known = nodes.map(Node::peers);
    let journal = Path::new(env!("CARGO_TARGET_TMPDIR")).join("four_peers.journal");
    let mut watch = Command::new(satwire());
    watch.args(["watch", "--simnet", "--json", "--force", "--record"]).arg(&journal).args(TIMERS.split(' '));
    let mut program = Program::start(watch.args(addrs.map(|addr| format!("--connect={addr}"))))?;
    for (node, known) in nodes.into_iter().zip(known) {
        node.wait_for_peer(&known?)?;
    }

    // All are well, and one is slow.
    let coins = lab.fund_witness_coins("0.1")?;
    let mut to_four = vec![lab.send_to_legacy("1.5")?];
    to_four.extend(coins.iter().map(|coin| coin.outpoint.txid));
    spread(&mut program, &to_four)?;

    // One announces what no other has, and stops before it is reached by our request.
    stopped.disconnect(lab.node())?;
    let held = gate.hold();
    let spend = coins[0].spend().ok_or("a coin below the fee")?;
    let (txid, text) = (spend.compute_txid(), spend.compute_txid().to_string());
    stopped.send_raw_transaction(&spend)?;
    let asked = program.event("the announcement of one", SOON, |line| line["hash"] == text)?;
    assert_eq!((&asked["peer"]["addr"], &asked["requested"]), (&json!(stopped_at), &json!(true)), "{asked}");
    stopped.pause()?;
    drop(held);
    lab.spend_witness_coin(&coins[0])?;
    found(&mut program, txid, "after the timeout of a request")?;
    assert_eq!(told(&mut program, "tx_unanswered", stopped_at)?["hash"], text);
    to_four.push(txid);
    spread(&mut program, &to_four)?;

    // Another one is killed; two are left.
    killed.kill();
    let ended = told(&mut program, "peer_disconnected", killed_at)?;
    assert_eq!(ended["verdict"], "ok", "{ended}");
    let dialled = told(&mut program, "peer_dial_failed", killed_at)?;
    assert_eq!(dialled["reason"], "refused", "{dialled}");
    let ended = told(&mut program, "peer_disconnected", stopped_at)?;
    assert_eq!([&ended["reason"], &ended["verdict"]], ["ping_timeout", "ping_late"], "{ended}");
    let to_two = [lab.send_to_legacy("2")?, lab.send_to_segwit("3")?];
    spread(&mut program, &to_two)?;
    ends_well(&mut program)?;

    let lines = program.seen();
    let texts = |addrs: &[SocketAddr]| addrs.iter().map(SocketAddr::to_string).collect::<BTreeSet<_>>();
    for txid in to_four {
        assert_eq!(came_once(lines, txid, slow_at), texts(&addrs), "{txid}");
    }
    for txid in to_two {
        assert_eq!(came_once(lines, txid, slow_at), texts(&[well_at, slow_at]), "{txid}");
    }
    let verdicts = |addr: SocketAddr| -> Vec<_> {
        let is_its =
            |line: &&Value| line["event"] == "peer_verdict" && line["peer"]["addr"] == addr.to_string();
        lines.iter().filter(is_its).map(|line| line["verdict"].as_str().unwrap_or("-")).collect()
    };
    assert_eq!(verdicts(stopped_at)[..2], ["requests_unanswered", "ping_late"]);
    assert_eq!([well_at, killed_at, slow_at].map(verdicts), [[""; 0]; 3]);
    assert!(!lines.iter().any(|line| line["event"] == "offline"), "two are heard all the time");

    replays_alike(&journal, program.output())
}
