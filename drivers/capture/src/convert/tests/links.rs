//! From packets of every kind of network to the segment in them.

use super::*;
use crate::convert::link::{MAX_SEGMENT, Other, segment};
use crate::convert::packets::Packet;

const HELLO: &[u8] = b"hello";

/// TCP from port 1000 to 2000, number 7, acknowledging 9; `options` in its header.
fn tcp(flags: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut tcp = [&1000_u16.to_be_bytes()[..], &2000_u16.to_be_bytes(), &[0, 0, 0, 7, 0, 0, 0, 9]].concat();
    tcp.extend([(5 + options.len() as u8 / 4) << 4, flags, 1, 0, 0, 0, 0, 0]);
    [&tcp[..], options, payload].concat()
}

const ACK: u8 = 0x10;

/// IPv4 with `options`, around `payload`; `fragment` is the field of flags and offset.
fn v4(options: &[u8], protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let header = 20 + options.len();
    let total = (header + payload.len()) as u16;
    let mut ip = vec![0x40 | (header / 4) as u8, 0];
    ip.extend([total, 1, fragment].map(u16::to_be_bytes).concat());
    ip.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    [&ip[..], options, payload].concat()
}

/// IPv6 around `payload`, which may begin with headers of its own, the first of kind `next`.
fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut ip = vec![0x60, 0, 0, 0];
    ip.extend((payload.len() as u16).to_be_bytes());
    ip.extend([next, 64]);
    for last in [1, 2] {
        ip.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    [&ip[..], payload].concat()
}

fn ethernet(kind: &[u8], ip: &[u8]) -> Vec<u8> {
    [&[0; 12], kind, ip].concat()
}

fn packet(link_type: u16, data: &[u8]) -> Packet<'_> {
    Packet { time: 5, link_type, data, original: data.len() as u32 }
}

/// Returns what is found in a packet that holds "hello".
fn finds(link_type: u16, data: &[u8]) -> (SocketAddr, SocketAddr) {
    let found = segment(&packet(link_type, data)).unwrap_or_else(|other| panic!("{link_type}: {other:?}"));
    assert_eq!((found.time, found.seq, found.ack, found.payload, found.length), (5, 7, Some(9), HELLO, 5));
    assert!(!found.syn && !found.fin && !found.rst);
    (found.from, found.to)
}

#[test]
fn every_kind_of_network_is_read() {
    let (four, six) = (v4(&[], 6, 0, &tcp(ACK, &[], HELLO)), v6(6, &tcp(ACK, &[], HELLO)));
    let ends = |from: &str, to: &str| (from.parse().unwrap(), to.parse().unwrap());
    for (ip, kind, ends) in [
        (&four, [0x08, 0x00], ends("10.0.0.1:1000", "10.0.0.2:2000")),
        (&six, [0x86, 0xdd], ends("[2001:db8::1]:1000", "[2001:db8::2]:2000")),
    ] {
        let tagged = |tags: &[[u8; 4]]| [tags.concat(), kind.to_vec()].concat();
        assert_eq!(finds(1, &ethernet(&kind, ip)), ends);
        assert_eq!(finds(1, &ethernet(&tagged(&[[0x81, 0, 0, 5]]), ip)), ends);
        assert_eq!(finds(1, &ethernet(&tagged(&[[0x88, 0xa8, 0, 7], [0x81, 0, 0, 5]]), ip)), ends);
        assert_eq!(
            finds(1, &ethernet(&tagged(&[[0x91, 0, 0, 7], [0x81, 0, 0, 5], [0x81, 0, 0, 1]]), ip)),
            ends
        );
        // Loopback: the family as whichever machine writes it, or in the order of networks.
        for family in [[2, 0, 0, 0], [0, 0, 0, 2], [30, 0, 0, 0], [0, 0, 0, 24]] {
            assert_eq!(finds(0, &[&family[..], ip].concat()), ends);
            assert_eq!(finds(108, &[&family[..], ip].concat()), ends);
        }
        assert_eq!(finds(113, &[&[0; 14], &kind[..], ip].concat()), ends);
        assert_eq!(finds(113, &[&[0; 14], &tagged(&[[0x81, 0, 0, 5]])[..], ip].concat()), ends);
        assert_eq!(finds(276, &[&kind[..], &[0; 18], ip].concat()), ends);
        assert_eq!(finds(276, &[&[0x81, 0][..], &[0; 18], &[0, 5], &kind, ip].concat()), ends);
        for raw in [12, 14, 101, 228, 229] {
            assert_eq!(finds(raw, ip), ends);
        }
        // The frame is longer than what it carries.
        assert_eq!(finds(1, &[&ethernet(&kind, ip)[..], &[0xee; 20]].concat()), ends);
    }
}

#[test]
fn options_and_further_headers_are_passed_over() {
    finds(101, &v4(&[1; 12], 6, 0x4000, &tcp(ACK, &[1; 12], HELLO)));
    let hop_by_hop = [60, 0, 1, 4, 0, 0, 0, 0];
    let destination = [6, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    finds(101, &v6(0, &[&hop_by_hop[..], &destination, &tcp(ACK, &[], HELLO)].concat()));
    // A fragment that is the whole.
    finds(101, &v6(44, &[&[6, 0, 0, 0, 0, 0, 0, 1][..], &tcp(ACK, &[], HELLO)].concat()));
}

#[test]
fn flags_are_flags() {
    let flags = |flags| {
        let ip = v4(&[], 6, 0, &tcp(flags, &[], b""));
        let found = segment(&packet(101, &ip)).unwrap();
        (found.fin, found.syn, found.rst, found.ack.is_some())
    };
    assert_eq!(flags(0), (false, false, false, false));
    assert_eq!(flags(1), (true, false, false, false));
    assert_eq!(flags(2), (false, true, false, false));
    assert_eq!(flags(4), (false, false, true, false));
    assert_eq!(flags(0x10), (false, false, false, true));
}

#[test]
fn what_was_not_captured_counts() {
    let ip = v4(&[], 6, 0, &tcp(ACK, &[], HELLO));
    let cut = &ip[..ip.len() - 3];
    let found = segment(&packet(101, cut)).unwrap();
    assert_eq!((found.payload, found.length), (&b"he"[..], 5));
    let six = v6(6, &tcp(ACK, &[], HELLO));
    let found = segment(&packet(101, &six[..six.len() - 5])).unwrap();
    assert_eq!((found.payload, found.length), (&b""[..], 5));
    // A length of zero: the sender left it to the network card.
    let mut offloaded = ip.clone();
    offloaded[2..4].fill(0);
    let found =
        segment(&Packet { original: offloaded.len() as u32 + 1000, ..packet(101, &offloaded) }).unwrap();
    assert_eq!((found.payload, found.length), (HELLO, 1005));
    let vast = Packet { original: MAX_SEGMENT as u32 * 2, ..packet(101, &offloaded) };
    assert_eq!(segment(&vast).unwrap_err(), Other::Malformed);
    assert_eq!(segment(&packet(101, &ip[..30])).unwrap_err(), Other::Malformed);
}

#[test]
fn everything_else_is_left_aside() {
    let four = v4(&[], 6, 0, &tcp(ACK, &[], HELLO));
    let other = |link_type, data: &[u8]| segment(&packet(link_type, data)).unwrap_err();
    assert_eq!(other(101, &v4(&[], 17, 0, &[0; 30])), Other::NotTcp);
    assert_eq!(other(1, &ethernet(&[0x08, 0x06], &[0; 40])), Other::NotTcp);
    assert_eq!(other(1, &[0; 12]), Other::NotTcp);
    assert_eq!(other(1, &ethernet(&[[0x81, 0, 0, 5]; 10].concat(), &four)), Other::NotTcp);
    assert_eq!(other(105, &four), Other::NotTcp);
    assert_eq!(other(276, &[0x08]), Other::NotTcp);
    assert_eq!(other(101, &v4(&[], 6, 0x2000, &tcp(ACK, &[], HELLO))), Other::Fragment);
    assert_eq!(other(101, &v4(&[], 6, 3, HELLO)), Other::Fragment);
    let second = [&[6, 0, 0, 8, 0, 0, 0, 1][..], HELLO].concat();
    assert_eq!(other(101, &v6(44, &second)), Other::Fragment);
    assert_eq!(other(101, &[]), Other::Malformed);
    assert_eq!(other(101, &[0xff; 40]), Other::Malformed);
    let short = tcp(ACK, &[], b"");
    assert_eq!(other(101, &v4(&[], 6, 0, &short[..19])), Other::Malformed);
}

/// The parts of an IP packet are not put together: what they carried is a loss.
#[test]
fn fragments_are_a_loss() {
    let mut packets = Vec::new();
    let whole = |seq: u8, payload: &[u8]| {
        let mut segment = tcp(ACK, &[], payload);
        segment[7] = seq;
        segment
    };
    packets.push(v4(&[], 6, 0, &whole(7, HELLO)));
    packets.push(v4(&[], 6, 0x2000, &whole(12, b"1234567")[..24]));
    packets.push(v4(&[], 6, 3, b"567"));
    packets.push(v4(&[], 6, 0, &whole(19, b"!")));
    let captured: Vec<_> = packets.iter().zip(1..).map(|(ip, n)| (n, &ip[..], ip.len())).collect();
    let file = files::pcap(files::Order::Little, false, 101, &captured);
    let mut capture = Capture::from_reader(std::io::Cursor::new(file)).unwrap();
    let events: Vec<_> = capture.by_ref().map(Result::unwrap).collect();
    assert_eq!(lines(&events), ["0 ms: 1 adopted", "0 ms: 1 > hello", "0 ms: 1 > lost 7", "0 ms: 1 > !"]);
    assert_eq!(capture.losses().fragments, 2);
}
