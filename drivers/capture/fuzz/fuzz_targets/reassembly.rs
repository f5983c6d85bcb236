//! Any segments of a few connections: the bounds hold, and nothing is told that was not sent.

#![no_main]

use libfuzzer_sys::fuzz_target;
use satwire_capture::convert::CaptureEvent;
use satwire_capture::convert::reassembly::{CONNECTIONS, HALF_OPEN, HELD, Reassembler, Segment};

/// Time step, flags and ends, number, acknowledgement, length.
const STEP: usize = 12;

fuzz_target!(|data: &[u8]| {
    let mut machine = Reassembler::new();
    let (mut time, mut sent, mut told) = (0, 0, 0);
    for step in data.chunks_exact(STEP) {
        time += u64::from(step[0]) << (step[0] % 24);
        let (flags, ends) = (step[1], step[2]);
        let port = 1000 + u16::from(ends >> 1 & 3);
        let (from, to) = (([10, 0, 0, 1], port).into(), ([10, 0, 0, 2], 8333).into());
        let (from, to) = if ends & 1 == 0 { (from, to) } else { (to, from) };
        let length = u32::from(step[11]);
        let captured = if flags & 0x20 == 0 { length } else { length / 2 };
        let payload = vec![7; captured as usize];
        sent += captured as usize;
        machine.segment(&Segment {
            time,
            from,
            to,
            seq: u32::from_le_bytes([step[3], step[4], step[5], step[6]]),
            ack: (flags & 0x10 != 0).then(|| u32::from_le_bytes([step[7], step[8], step[9], step[10]])),
            syn: flags & 2 != 0,
            fin: flags & 1 != 0,
            rst: flags & 4 != 0,
            payload: &payload,
            length,
        });
        told += drain(&mut machine);
        assert!(machine.held() <= HELD && machine.known().0 <= CONNECTIONS && machine.known().1 <= HALF_OPEN);
    }
    machine.finish();
    told += drain(&mut machine);
    assert!(told <= sent && machine.held() == 0);
});

fn drain(machine: &mut Reassembler) -> usize {
    std::iter::from_fn(|| machine.poll())
        .map(|event| if let CaptureEvent::Bytes { bytes, .. } = event { bytes.len() } else { 0 })
        .sum()
}
