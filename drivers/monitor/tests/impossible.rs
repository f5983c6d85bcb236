//! `satwire watch` and transactions that can never be mined.

#![cfg(unix)]

#[expect(dead_code, reason = "this file needs a part of it")]
mod peer;

use std::time::{Duration, Instant};

use self::peer::{Outcome, Program, SOON, Serving, folder, serve, transaction};

/// Of four transactions the first pays less than nothing.
fn impossible_first(number: u32) -> Vec<u8> {
    let mut bytes = transaction(number);
    if number == 0 {
        // The amount of the only output.
        bytes[47..55].copy_from_slice(&(-1_i64).to_le_bytes());
    }
    bytes
}

/// 10.4: it is ignored, with its reason, and does not count.
#[test]
fn an_impossible_transaction_is_ignored_and_not_counted() -> Outcome {
    let (_folder, out) = folder("lines.json")?;
    let (program, dialled) = Program::dialling(&out, &["--debug", "net", "--count", "1"])?;
    let serving = Serving { transaction: impossible_first, most: 4, together: 4, pause: Duration::ZERO };
    serve(dialled.accept()?.0, Instant::now() + SOON, serving)?;
    assert_eq!(program.wait()?.0, Some(0));
    let lines = std::fs::read_to_string(&out)?;
    let of = |event: &str| -> Vec<&str> {
        lines.lines().filter(|line| line.contains(&format!("\"event\":\"{event}\""))).collect()
    };
    let ignored =
        of("ignored").into_iter().filter(|line| line.contains("\"command\":\"tx\"")).collect::<Vec<_>>();
    assert_eq!(ignored.len(), 1, "{lines}");
    assert!(ignored[0].contains("\"why\":\"invalid transaction: bad-txns-vout-negative\""), "{}", ignored[0]);
    assert_eq!(of("tx").len(), 1, "{lines}");
    assert!(of("tx")[0].contains("\"locktime\":1,"), "{}", of("tx")[0]);
    assert!(of("summary")[0].contains("\"transactions\":1,"), "{}", of("summary")[0]);
    Ok(())
}
