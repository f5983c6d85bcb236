//! Transactions and peers that somebody made to be troublesome.

use satwire_core::wire::put_compact_size;

use super::*;

/// One input, and one output that has this script.
pub(super) fn with_script(script: &[u8]) -> Tx {
    let mut bytes = legacy(2, &[]);
    let (locktime, _no_outputs) = (bytes.split_off(bytes.len() - 4), bytes.pop());
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0]);
    put_compact_size(&mut bytes, script.len() as u64);
    bytes.extend(script);
    bytes.extend(locktime);
    tx(&bytes)
}

/// A transaction of so many bytes; the script is `OP_CHECKMULTISIGVERIFY`, which has the longest name.
pub(super) fn of_size(size: usize) -> Tx {
    const BESIDES: usize = 4 + 1 + 42 + 1 + 8 + 5 + 4;
    with_script(&vec![0xaf; size - BESIDES])
}

/// A stranger's bytes can be written: at most 29 bytes for each of a transaction of a size that is relayed, and
/// a few hundred in all for a larger one (Bitcoin Core `src/policy/policy.h` `MAX_STANDARD_TX_WEIGHT`).
#[test]
fn a_transaction_above_400_000_weight_is_abridged() {
    let line = |tx: &Tx| json(&event(1, EventKind::Tx { tx: tx.clone(), latency: None }));
    let at = of_size(100_000);
    assert_eq!(at.view().weight(), 400_000);
    let whole = line(&at);
    assert!(whole.len() < 29 * 100_000 && whole.len() > 28 * 100_000, "{}", whole.len());
    assert!(!whole.contains("abridged") && whole.contains("\"vout\":["));

    let above = of_size(100_001);
    let id = above.txid();
    let numbers = r#""size":100001,"vsize":100001,"weight":400004,"#;
    assert_eq!(
        line(&above),
        format!(
            "{{\"v\":1,\"seq\":1,{HEAD}\"event\":\"tx\",{PEER},\"txid\":\"{id}\",\"wtxid\":\"{id}\",{numbers}\
             \"requested\":false,\"latency\":null,\"abridged\":true,\"tx\":{{\"txid\":\"{id}\",\"hash\":\"{id}\",\
             \"version\":2,{numbers}\"locktime\":7,\"inputs\":1,\"outputs\":1}}}}\n"
        )
    );
    // However large: four megabytes are the most that a message can have.
    let largest = line(&of_size(4_000_000));
    assert!(largest.len() < 800, "{}", largest.len());
}

/// Replays of old journals may have them: what the outputs claim is shown, not what fits in 64 bits.
#[test]
fn a_sum_that_cannot_be_is_shown_as_it_is() {
    for (values, sum) in [
        (&[i64::MAX; 3][..], "276701161105.64327421 BTC"),
        (&[i64::MIN; 2], "-184467440737.09551616 BTC"),
        (&[i64::MAX, i64::MAX, -7], "184467440737.09551607 BTC"),
    ] {
        let line = human(&event(1, EventKind::Tx { tx: tx(&legacy(2, values)), latency: None }));
        assert!(line.contains(sum), "{line}");
    }
}

/// A peer may say that its chain has less than nothing.
#[test]
fn a_height_that_cannot_be_is_shown_as_it_is() {
    let mut negotiated = negotiated(b"/x:1/");
    negotiated.version.start_height = i32::MIN;
    let line = human(&event(1, EventKind::Handshake(Box::new(negotiated))));
    assert!(line.contains("height -2,147,483,648,"), "{line}");
}

/// 10.11: bytes of JSON for a byte of the peer, by event, where the peer sends the least that makes a line. Beyond
/// these there are transactions, whose own bound is that of their JSON.
#[test]
fn a_byte_makes_so_many() {
    const HEADER: usize = 24;
    let failed = vec![FailedRequest::new(item(1), Some(ConnId(u64::from(u32::MAX)))); 100];
    let announcements = vec![Announcement::new(item(1), false, false); 100];
    let rejection = Reject { command: b"", code: 255, reason: b"", hash: None };
    let because = IgnoredReason::Malformed(Fault::Checksum);
    for (kind, bytes, most) in [
        (EventKind::Announced(announcements), HEADER + 1 + 36 * 100, 10),
        // Both only of what was announced and asked for.
        (EventKind::Notfound(failed.clone()), HEADER + 1 + 36 * 100, 9),
        (EventKind::Unanswered(failed), 36 * 100, 9),
        // Only if it differs from the last.
        (EventKind::Feefilter(u64::MAX), HEADER + 8, 8),
        (EventKind::Rejected(Box::new(rejection.into())), HEADER + 3, 9),
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
