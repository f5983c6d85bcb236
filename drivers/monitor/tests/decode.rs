//! `satwire decoderawtransaction`, from outside.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use serde_json::Value;

/// Nothing in, nothing out.
const EMPTY: &str = "01000000000000000000";

/// Bitcoin Core `test/functional/data/util/txcreatemultisig2.json`: one output, to a P2SH address.
const FUNDED: &str = "01000000000100e1f5050000000017a9141c6fbaf46d64221e80cbae182c33ddf81b9294ac8700000000";

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_satwire"));
    command.arg("decoderawtransaction").args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(args: &[&str]) -> Child {
    command(args).spawn().unwrap()
}

/// The output for this on standard input.
fn run(args: &[&str], input: &[u8]) -> Output {
    let mut child = start(args);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // Where there are arguments nobody reads it.
    let _ = feeder.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn objects(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The layout is that of `bitcoin-cli`: `src/univalue/lib/univalue_write.cpp`, two spaces a level.
#[test]
fn arguments_are_printed_as_bitcoin_cli_does() {
    let output = run(&[EMPTY, FUNDED], b"not read");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
    assert_eq!(
        text(&output.stdout),
        r#"{
  "txid": "d21633ba23f70118185227be58a63527675641ad37967e2aa461559f577aec43",
  "hash": "d21633ba23f70118185227be58a63527675641ad37967e2aa461559f577aec43",
  "version": 1,
  "size": 10,
  "vsize": 10,
  "weight": 40,
  "locktime": 0,
  "vin": [
  ],
  "vout": [
  ]
}
{
  "txid": "0d861f278a3b7bce7cb5a88d71e6e6a903336f95ad5a2c29b295b63835b6eee3",
  "hash": "0d861f278a3b7bce7cb5a88d71e6e6a903336f95ad5a2c29b295b63835b6eee3",
  "version": 1,
  "size": 42,
  "vsize": 42,
  "weight": 168,
  "locktime": 0,
  "vin": [
  ],
  "vout": [
    {
      "value": 1.00000000,
      "n": 0,
      "scriptPubKey": {
        "asm": "OP_HASH160 1c6fbaf46d64221e80cbae182c33ddf81b9294ac OP_EQUAL",
        "desc": "addr(34HNh57oBCRKkxNyjTuWAJkTbuGh6jg2Ms)#ngnz8933",
        "hex": "a9141c6fbaf46d64221e80cbae182c33ddf81b9294ac87",
        "address": "34HNh57oBCRKkxNyjTuWAJkTbuGh6jg2Ms",
        "type": "scripthash"
      }
    }
  ]
}
"#
    );
}

#[test]
fn lines_are_printed_one_object_a_line() {
    let input = format!("{}\r\n  {EMPTY}\t\n{EMPTY}", FUNDED.to_uppercase());
    let output = run(&["-chain=main"], input.as_bytes());
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let lines: Vec<_> = text(&output.stdout).lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[2],
        "{\"txid\":\"d21633ba23f70118185227be58a63527675641ad37967e2aa461559f577aec43\",\
         \"hash\":\"d21633ba23f70118185227be58a63527675641ad37967e2aa461559f577aec43\",\
         \"version\":1,\"size\":10,\"vsize\":10,\"weight\":40,\"locktime\":0,\"vin\":[],\"vout\":[]}"
    );
    assert_eq!(lines[1], lines[2]);
    assert!(lines[0].contains("\"value\":1.00000000,\"n\":0,"), "{}", lines[0]);
}

#[test]
fn nothing_comes_of_nothing() {
    let output = run(&[], b"");
    assert_eq!((output.status.code(), text(&output.stdout), text(&output.stderr)), (Some(0), "", ""));
}

#[test]
fn bad_arguments_are_numbered_and_the_rest_goes_on() {
    let long = format!("{EMPTY}00");
    let output = run(&["", "0x", EMPTY, "010", &FUNDED[..40], &long], b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout).matches("\"txid\"").count(), 1);
    assert_eq!(
        text(&output.stderr),
        "satwire: argument 1: no hex digits at all\n\
         satwire: argument 2: 'x' at position 2 is no hex digit\n\
         satwire: argument 4: 3 hex digits: a byte takes two\n\
         satwire: argument 5: byte 14, scriptPubKey of output 0: payload ends early: a field of 23 bytes, \
         5 left\n\
         satwire: argument 6: 1 byte after the transaction, which ends at byte 10\n"
    );
}

#[test]
fn bad_lines_are_numbered_and_the_rest_goes_on() {
    let input = [
        EMPTY.as_bytes(),
        b"",
        b"zz",
        b"\xff\xfe\x00",
        FUNDED.as_bytes(),
        &FUNDED.as_bytes()[..FUNDED.len() - 2],
        EMPTY.as_bytes(),
    ]
    .join(&b'\n');
    let output = run(&[], &input);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(objects(&output).len(), 3);
    let errors: Vec<_> = text(&output.stderr).lines().collect();
    assert_eq!(errors.len(), 4, "{errors:?}");
    for (error, start) in errors.iter().zip([
        "satwire: line 2: no hex digits at all",
        "satwire: line 3: 'z' at position 1 is no hex digit",
        "satwire: line 4: '\\xff' at position 1 is no hex digit",
        "satwire: line 6: byte ",
    ]) {
        assert!(error.starts_with(start), "{error}");
    }
}

/// A line without an end does not fill the memory, and what comes after a long one is read.
#[test]
fn long_lines_are_refused() {
    let most = 8_000_000;
    let mut input = vec![b'0'; most + 2];
    input.push(b'\n');
    input.extend(vec![b'0'; 3 * most]);
    input.push(b'\n');
    input.extend(EMPTY.as_bytes());
    let output = run(&[], &input);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(objects(&output).len(), 1);
    let refusal = "longer than 8000000 hex digits, which no transaction is that fits in a block";
    assert_eq!(text(&output.stderr), format!("satwire: line 1: {refusal}\nsatwire: line 2: {refusal}\n"));
}

/// A transaction of 4,000,000 bytes is the largest; here it is one push that nobody could run.
#[test]
fn the_largest_transaction_is_decoded() {
    let script: u32 = 4_000_000 - (4 + 1 + 1 + 8 + 5 + 4);
    let le = |len: u32| format!("{:08x}", len.swap_bytes());
    let push = "ab".repeat(script as usize - 5);
    let hex = format!("02000000 00 01 0000000000000000 fe{} 4e{}{push} 00000000", le(script), le(script - 5));
    let hex = hex.replace(' ', "");
    assert_eq!(hex.len(), 8_000_000);
    let output = run(&[], hex.as_bytes());
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let objects = objects(&output);
    assert_eq!(objects[0]["size"], 4_000_000);
    assert_eq!(objects[0]["vout"][0]["scriptPubKey"]["type"], "nonstandard");
}

/// Prefixes of Bitcoin Core `src/kernel/chainparams.cpp` and btcd `chaincfg/params.go`.
#[test]
fn addresses_follow_the_chain() {
    let with = |flag: &str| {
        let output = run(&[flag, FUNDED], b"");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let tx: Value = serde_json::from_slice(&output.stdout).unwrap();
        tx["vout"][0]["scriptPubKey"]["address"].as_str().unwrap().to_owned()
    };
    assert_eq!(with("-chain=main"), "34HNh57oBCRKkxNyjTuWAJkTbuGh6jg2Ms");
    let on_test = with("--chain=test");
    assert!(on_test.starts_with('2'));
    for flag in ["-testnet", "-testnet4", "-signet", "-regtest"] {
        assert_eq!(with(flag), on_test);
    }
    assert!(with("-simnet").starts_with('r'), "{}", with("-simnet"));

    let two = run(&["-signet", "-regtest", FUNDED], b"");
    assert_eq!((two.status.code(), text(&two.stdout)), (Some(2), ""));
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let mut child = start(&[]);
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let feeder = thread::spawn(move || while writeln!(stdin, "{EMPTY}").is_ok() {});
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    drop(stdout);
    feeder.join().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

/// A program that asks one by one gets each answer before the next question.
#[test]
fn an_answer_does_not_wait_for_the_next_line() {
    let mut child = start(&[]);
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        writeln!(stdin, "{EMPTY}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.starts_with("{\"txid\":"), "{line}");
    }
    drop(stdin);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), child.wait().unwrap().code()), ("", Some(0)));
}
