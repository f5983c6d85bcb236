//! Files as other programs write them, made here.

use std::io::{Cursor, Write};

use super::*;
use crate::convert::packets::PacketReader;
use crate::convert::{Error, ErrorKind};

/// How numbers are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    pub(super) fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

/// A packet: its time in µs, its bytes, and how many there were of it.
pub(super) type Captured<'a> = (UnixMicros, &'a [u8], usize);

pub(super) fn pcap(order: Order, nanos: bool, link_type: u32, packets: &[Captured<'_>]) -> Vec<u8> {
    let magic = if nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut file = order.u32(magic).to_vec();
    file.extend([order.u16(2), order.u16(4)].concat());
    file.extend([0, 0, 262_144, link_type].map(|number| order.u32(number)).concat());
    for (time, data, original) in packets {
        let fraction = (time % 1_000_000) as u32 * if nanos { 1000 } else { 1 };
        let numbers = [(time / 1_000_000) as u32, fraction, data.len() as u32, *original as u32];
        file.extend(numbers.map(|number| order.u32(number)).concat());
        file.extend_from_slice(data);
    }
    file
}

pub(super) fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let length = order.u32(padded as u32 + 12);
    [&order.u32(kind)[..], &length, body, &vec![0; padded - body.len()], &length].concat()
}

pub(super) fn section(order: Order) -> Vec<u8> {
    let body = [&order.u32(0x1a2b_3c4d)[..], &order.u16(1), &order.u16(0), &[0xff; 8]].concat();
    block(order, 0x0a0d_0d0a, &body)
}

/// `options`: their codes and values.
pub(super) fn interface(order: Order, link_type: u16, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = [&order.u16(link_type)[..], &[0; 2], &order.u32(0)].concat();
    for (code, value) in options {
        body.extend([order.u16(*code), order.u16(value.len() as u16)].concat());
        body.extend_from_slice(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    block(order, 1, &body)
}

pub(super) fn enhanced(order: Order, interface: u32, ticks: u64, data: &[u8], original: usize) -> Vec<u8> {
    let numbers = [interface, (ticks >> 32) as u32, ticks as u32, data.len() as u32, original as u32];
    let mut body = numbers.map(|number| order.u32(number)).concat();
    body.extend_from_slice(data);
    body.resize(body.len().next_multiple_of(4), 0);
    // A comment, which says nothing.
    body.extend([&order.u16(1)[..], &order.u16(3), b"hm.\0"].concat());
    block(order, 6, &body)
}

/// A packet as it is read: time, link type, bytes, original length.
pub(super) type ReadPacket = (UnixMicros, u16, Vec<u8>, u32);

/// The packets of a file, and the error that ends it.
pub(super) fn read(file: &[u8]) -> (Vec<ReadPacket>, Option<Error>) {
    let mut reader = match PacketReader::new(file) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet() {
        match packet {
            Ok(packet) => packets.push((packet.time, packet.link_type, packet.data.into(), packet.original)),
            Err(error) => {
                assert!(reader.next_packet().is_none());
                return (packets, Some(error));
            }
        }
    }
    assert_eq!(reader.offset(), file.len() as u64);
    (packets, None)
}

/// The packets of the real capture.
fn real() -> Vec<ReadPacket> {
    read(&std::fs::read(committed("core-regtest.pcap")).unwrap()).0
}

#[test]
fn the_same_traffic_in_every_format_gives_the_same_events() {
    let packets = real();
    let expected = whole(Capture::open(&committed("core-regtest.pcap")).unwrap());
    let borrowed: Vec<Captured<'_>> =
        packets.iter().map(|(time, _, data, original)| (*time, &data[..], *original as usize)).collect();
    let events = |file: Vec<u8>| whole(Capture::from_reader(Cursor::new(file)).unwrap());
    for order in [Order::Little, Order::Big] {
        for nanos in [false, true] {
            assert!(events(pcap(order, nanos, 1, &borrowed)) == expected, "pcap {order:?} {nanos}");
        }
        // Each interface counts time in its own way.
        let resolutions: [(&[u8], u64); 3] = [(&[6], 1), (&[9], 1000), (&[7], 10)];
        for (resolution, factor) in resolutions {
            let mut file = [section(order), interface(order, 1, &[(9, resolution)])].concat();
            for (time, data, original) in &borrowed {
                file.extend(enhanced(order, 0, time * factor, data, *original));
            }
            assert!(events(file) == expected, "pcapng {order:?} {resolution:?}");
        }
    }
}

#[test]
fn compression_is_taken_off() {
    let plain = std::fs::read(committed("core-regtest.pcap")).unwrap();
    let expected = whole(Capture::open(&committed("core-regtest.pcap")).unwrap());
    let events = |file: Vec<u8>| whole(Capture::from_reader(Cursor::new(file)).unwrap());
    assert!(events(gzip(&plain)) == expected);
    assert!(events(zstd(&plain)) == expected);
    // Several streams in a row are one file, and zstd has frames that say nothing.
    let (first, rest) = plain.split_at(1000);
    assert!(events([gzip(first), gzip(rest)].concat()) == expected);
    let nothing = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    assert!(
        events([nothing.clone(), zstd(first), nothing.clone(), zstd(rest), nothing].concat()) == expected
    );
}

#[test]
fn damaged_compression_is_one_error_after_what_could_be_read() {
    let plain = std::fs::read(committed("core-regtest.pcap")).unwrap();
    let count = whole(Capture::open(&committed("core-regtest.pcap")).unwrap()).len();
    let (first, rest) = plain.split_at(20_000);
    for compressed in [gzip(&plain), [zstd(first), zstd(rest)].concat()] {
        let cut = &compressed[..compressed.len() / 2];
        let results: Vec<_> = Capture::from_reader(Cursor::new(cut.to_vec())).unwrap().collect();
        let (last, before) = results.split_last().unwrap();
        assert!(matches!(last, Err(Error { kind: ErrorKind::Io(_), .. })), "{last:?}");
        assert!(before.iter().all(Result::is_ok) && before.len() < count);
        let mut wrong = compressed.clone();
        let at = wrong.len() - 2;
        wrong[at] ^= 1;
        let errors = Capture::from_reader(Cursor::new(wrong)).unwrap().filter(Result::is_err).count();
        assert_eq!(errors, 1);
    }
}

/// A frame that claims to need more of its past than is kept is refused before anything is reserved.
#[test]
fn a_zstd_frame_with_a_vast_window_is_refused() {
    let window_of_a_gigabyte = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x00, 0x00];
    let error = Capture::from_reader(Cursor::new(window_of_a_gigabyte)).unwrap_err();
    assert!(
        error.to_string().contains("window_size is too big; Requested: 1073741824, Max: 134217728"),
        "{error}"
    );
}

#[test]
fn other_files_are_named_for_what_they_are() {
    let error = |file: &[u8]| Capture::from_reader(Cursor::new(file.to_vec())).unwrap_err().to_string();
    assert_eq!(
        error(b"satwire journal\n\x01\x00"),
        "byte 0: a satwire journal, expected a capture of another program"
    );
    assert_eq!(
        error(b"GIF89a, and more of it"),
        "byte 0: no capture: starts with \"GIF89a, and more\", expected a satwire journal, a pcap or pcapng file, or Bitcoin Core's msgs_recv.dat or msgs_sent.dat"
    );
    assert!(error(b"").starts_with("byte 0: no capture: starts with \"\""));
    let folder = tempfile::tempdir().unwrap();
    let error = Capture::open(folder.path()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::EmptyFolder), "{error}");
    assert_eq!(error.file.as_deref(), Some(folder.path()));
    let missing = folder.path().join("missing.pcap");
    let error = Capture::open(&missing).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: byte 0: cannot be read: ", missing.display())), "{error}");
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}
