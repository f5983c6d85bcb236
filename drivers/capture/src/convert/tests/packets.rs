//! The packet readers: formats and what can be wrong with them.

use super::files::{Order, block, enhanced, interface, pcap, read, section};
use super::*;
use crate::convert::packets::MAX_PACKET;

/// The error of a file, after so many packets.
fn error(file: &[u8], packets: usize) -> String {
    let (read, error) = read(file);
    assert_eq!(read.len(), packets);
    error.expect("an error").to_string()
}

const L: Order = Order::Little;

#[test]
fn sections_and_interfaces_have_their_own_orders_types_and_times() {
    let file = [
        section(L),
        interface(L, 1, &[(2, b"eth0"), (9, &[9]), (0, b"")]),
        block(L, 0xbad, b"unknown blocks are passed over"),
        interface(L, 113, &[(14, &5_i64.to_le_bytes()), (9, &[0x80 | 1])]),
        enhanced(L, 1, 7, b"half seconds, and five more", 27),
        enhanced(L, 0, 3_000_000_999, b"nanoseconds", 99),
        section(Order::Big),
        interface(Order::Big, 101, &[]),
        enhanced(Order::Big, 0, 1, b"", 0),
    ];
    let (packets, error) = read(&file.concat());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        packets,
        [
            (8_500_000, 113, b"half seconds, and five more".to_vec(), 27),
            (3_000_000, 1, b"nanoseconds".to_vec(), 99),
            (1, 101, Vec::new(), 0),
        ]
    );
}

#[test]
fn packets_of_the_older_kinds_are_read() {
    let simple = |original: u32, data: &[u8]| block(L, 3, &[&original.to_le_bytes()[..], data].concat());
    let old = |data: &[u8]| {
        let numbers = [0, 2, data.len() as u32, 70].map(u32::to_le_bytes).concat();
        block(L, 2, &[&[0, 0, 9, 9][..], &numbers, data].concat())
    };
    let limited = block(L, 1, &[&[1, 0, 0, 0][..], &4_u32.to_le_bytes()].concat());
    let file = [section(L), limited, simple(3, b"abc"), old(b"old"), simple(9, b"abcd")];
    let (packets, error) = read(&file.concat());
    assert!(error.is_none(), "{error:?}");
    // Where a packet has no time, it is that of the one before.
    assert_eq!(
        packets,
        [(0, 1, b"abc".to_vec(), 3), (2, 1, b"old".to_vec(), 70), (2, 1, b"abcd".to_vec(), 9)]
    );
}

#[test]
fn each_cut_of_a_file_is_an_error_with_its_place() {
    let pcap = pcap(L, false, 1, &[(1, b"abc", 3), (2, b"defg", 4)]);
    let pcapng =
        [section(L), interface(L, 1, &[(9, &[6])]), enhanced(L, 0, 1, b"abc", 3), block(L, 77, b"ab")]
            .concat();
    let whole = [vec![24, 24 + 19, pcap.len()], vec![28, 28 + 28, 28 + 28 + 44, pcapng.len()]];
    for (file, whole) in [&pcap, &pcapng].into_iter().zip(whole) {
        for cut in 0..=file.len() {
            let (_, error) = read(&file[..cut]);
            assert_eq!(error.is_none(), whole.contains(&cut), "cut at {cut}: {error:?}");
            if let Some(error) = error {
                assert!(
                    error.offset <= cut as u64 && error.to_string().contains(": the file ends in "),
                    "{error}"
                );
            }
        }
    }
    assert_eq!(error(&pcap[..50], 1), "byte 43: the file ends in the header of a packet: 7 of 16 bytes");
    assert_eq!(error(&pcap[..60], 1), "byte 59: the file ends in a packet: 1 of 4 bytes");
}

#[test]
fn numbers_that_cannot_be_are_errors_with_their_place() {
    let mut file = pcap(L, false, 1, &[(1, b"abc", 3), (2, b"defg", 4)]);
    file[43 + 8..43 + 12].copy_from_slice(&(MAX_PACKET + 1).to_le_bytes());
    assert_eq!(
        error(&file, 1),
        "byte 43: the captured length of a packet is 1048577, expected at most 1048576"
    );
    file[4] = 9;
    assert_eq!(error(&file, 0), "byte 4: the version of a pcap file is 9, expected 2");

    let start = [section(L), interface(L, 1, &[])].concat();
    let at = start.len();
    let after = |block: Vec<u8>| error(&[start.clone(), block].concat(), 0);
    assert_eq!(
        after(enhanced(L, 1, 0, b"", 0)),
        format!("byte {at}: the interface of a packet is 1, expected one of the 1 that the section has")
    );
    assert_eq!(
        after(block(L, 6, b"short")),
        format!("byte {at}: the length of a packet's block is 20, expected at least 32")
    );
    assert_eq!(
        after(block(L, 1, b"ab")),
        format!("byte {at}: the length of an interface's block is 16, expected 20 to 1048588")
    );
    let mut lying = enhanced(L, 0, 0, b"abcd", 4);
    lying[20] = 200;
    assert_eq!(
        after(lying),
        format!("byte {at}: the captured length of a packet is 200, expected at most 12")
    );
    let mut ends_otherwise = block(L, 9, b"abcd");
    ends_otherwise[12] = 17;
    assert_eq!(
        after(ends_otherwise),
        format!("byte {}: the length at the end of a block is 17, expected 16", at + 12)
    );
    for length in [0_u32, 11, 13] {
        let short = [&9_u32.to_le_bytes()[..], &length.to_le_bytes()].concat();
        assert_eq!(
            after(short),
            format!("byte {at}: the length of a block is {length}, expected a multiple of 4, at least 12")
        );
    }
    let mut neither = section(L);
    neither[8] = 0;
    assert_eq!(
        after(neither),
        format!("byte {}: the byte order of a section is 439041024, expected 439041101", at + 8)
    );
    // A block that no packet needs is passed over, however long it claims to be.
    let vast = [&9_u32.to_le_bytes()[..], &0xffff_fffc_u32.to_le_bytes(), b"and so on"].concat();
    assert_eq!(after(vast), format!("byte {}: the file ends in a block: 9 of 4294967280 bytes", at + 8));
}

/// The errors of a capture come last, with all that could be read before them.
#[test]
fn a_truncated_capture_gives_what_it_has_and_one_error() {
    let mut file = std::fs::read(committed("core-regtest.pcap")).unwrap();
    file.truncate(20_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcap");
    std::fs::write(&path, file).unwrap();
    let results: Vec<_> = Capture::open(&path).unwrap().collect();
    let (last, events) = results.split_last().unwrap();
    assert!(events.iter().all(Result::is_ok) && events.len() > 50);
    let expected =
        format!("{}: byte 19996: the file ends in the header of a packet: 4 of 16 bytes", path.display());
    let said = last.as_ref().unwrap_err().to_string();
    assert!(said.starts_with(&format!("{}: byte 19", path.display())), "{said} {expected}");
}

#[test]
fn a_kind_of_network_that_is_not_read_is_said_once() {
    let packets = [(1, &b"abc"[..], 3), (2, b"abc", 3)];
    let file = std::io::Cursor::new(pcap(L, false, 105, &packets));
    let mut capture = Capture::from_reader(file).unwrap();
    let said = capture.next().unwrap().unwrap_err().to_string();
    assert!(said.starts_with("byte 24: packets of link type 105, expected Ethernet (1), "), "{said}");
    assert!(capture.next().is_none());
    assert_eq!((capture.losses().packets, capture.losses().foreign), (2, 2));
}
