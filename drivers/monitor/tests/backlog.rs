//! `satwire watch` with a reader that is slower than its peers.

#![cfg(unix)]

#[expect(dead_code, reason = "this file needs a part of it")]
mod peer;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use self::peer::{Outcome, Program, SOON, Serving, paying, serve, transaction};

/// How many transactions the honest peer has.
const HONEST: u32 = 300;

/// An output script of `OP_CHECKMULTISIGVERIFY` alone, of which each byte becomes 24 in JSON.
fn long_transaction(number: u32) -> Vec<u8> {
    paying(&vec![0xaf; 20_000], number)
}

/// Takes 64 KiB in 5 ms at most.
struct Slow<R>(R);

impl<R: Read> Read for Slow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        std::thread::sleep(Duration::from_millis(5));
        let most = buffer.len().min(64 << 10);
        self.0.read(&mut buffer[..most])
    }
}

/// 10.10: a peer brings transactions whose lines the reader cannot take so fast; another one is heard all the same.
#[test]
fn one_peer_does_not_blind_the_program_to_another() -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_satwire"));
    command.args(["watch", "--regtest", "--bind", "127.0.0.1:0", "--json"]);
    let mut program = Program::start_to(command, Stdio::piped())?;
    let stdout = program.child.stdout.take().ok_or("no stdout")?;
    let until = Instant::now() + SOON;
    let hostile =
        Serving { transaction: long_transaction, most: u32::MAX, together: 100, pause: Duration::ZERO };
    let stream = TcpStream::connect(program.addr)?;
    std::thread::spawn(move || serve(stream, until, hostile).map_err(|error| error.to_string()));
    let mut lines = BufReader::with_capacity(64 << 10, Slow(stdout)).lines();
    // It has been at it for a while when the other one comes.
    let mut long = 0;
    while long < 30 {
        long += u32::from(lines.next().ok_or("it ended")??.contains("\"event\":\"tx\""));
    }
    let honest = Serving { transaction, most: HONEST, together: HONEST, pause: Duration::ZERO };
    let stream = TcpStream::connect(program.addr)?;
    std::thread::spawn(move || serve(stream, until, honest).map_err(|error| error.to_string()));
    let mut told = BTreeMap::<u64, u32>::new();
    while told.get(&2) != Some(&HONEST) {
        let line: serde_json::Value = serde_json::from_str(&lines.next().ok_or("it ended")??)?;
        assert_ne!(line["event"], "gap", "{line}: {told:?}");
        if line["event"] == "tx" {
            *told.entry(line["peer"]["id"].as_u64().ok_or("no peer")?).or_default() += 1;
        }
        assert!(Instant::now() < until, "{told:?}");
    }
    // And the other one was heard meanwhile.
    assert!(told[&1] > 10, "{told:?}");
    Ok(())
}
