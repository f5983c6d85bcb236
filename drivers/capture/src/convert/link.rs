//! From a captured packet to the TCP segment in it.

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpNumber, LaxIpSlice, LenSource, TcpSlice};

use super::error::ErrorKind;
use super::packets::Packet;
use super::reassembly::Segment;

/// The most bytes that one segment carries: twice the most that Linux hands its network card at once.
pub const MAX_SEGMENT: u64 = 1 << 20;

/// Tags of virtual networks that may lie around one packet.
const MAX_TAGS: usize = 8;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// 802.1Q, 802.1ad (QinQ), and what was used before it.
const TAGGED: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// Packets out of which nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Other {
    /// Something else than TCP over IP.
    NotTcp,
    /// A part of an IP packet. They are not put together: what they carried is a loss.
    Fragment,
    /// So little of it was captured that not even its TCP header is there, or it is malformed.
    Malformed,
}

/// Whether packets of this `LINKTYPE_…` are read.
pub(super) fn check(link_type: u16) -> Result<(), ErrorKind> {
    match link_type {
        0 | 1 | 12 | 14 | 101 | 108 | 113 | 228 | 229 | 276 => Ok(()),
        other => Err(ErrorKind::LinkType(other)),
    }
}

/// Finds the TCP segment in a packet.
pub fn segment<'a>(packet: &Packet<'a>) -> Result<Segment<'a>, Other> {
    let data = packet.data;
    let ip = match packet.link_type {
        1 => tagged(data, 12),
        113 => tagged(data, 14),
        // The type stands first, the packet after twenty bytes.
        276 => match ether_type(data, 0) {
            Some(IPV4 | IPV6) => data.get(20..),
            Some(kind) if TAGGED.contains(&kind) => tagged(data, 22),
            _ => None,
        },
        // A family of addresses, in the order of bytes of who captured. The packet itself says as much.
        0 | 108 => data.get(4..),
        12 | 14 | 101 | 228 | 229 => Some(data),
        _ => None,
    };
    let cut = u64::from(packet.original).saturating_sub(data.len() as u64);
    tcp(packet, ip.ok_or(Other::NotTcp)?, cut)
}

fn ether_type(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

/// The IP packet after the type at `at`, and after tags of virtual networks.
fn tagged(data: &[u8], mut at: usize) -> Option<&[u8]> {
    for _ in 0..=MAX_TAGS {
        match ether_type(data, at)? {
            IPV4 | IPV6 => return data.get(at + 2..),
            kind if TAGGED.contains(&kind) => at += 4,
            _ => return None,
        }
    }
    None
}

/// `cut`: how much of the whole packet was not captured.
fn tcp<'a>(packet: &Packet<'a>, ip: &'a [u8], cut: u64) -> Result<Segment<'a>, Other> {
    let (slice, _) = LaxIpSlice::from_slice(ip).map_err(|_| Other::Malformed)?;
    let (source, destination, said) = match &slice {
        LaxIpSlice::Ipv4(v4) => {
            let header = v4.header();
            let said = usize::from(header.total_len());
            (IpAddr::V4(header.source_addr()), IpAddr::V4(header.destination_addr()), said)
        }
        LaxIpSlice::Ipv6(v6) => {
            let header = v6.header();
            let said = usize::from(header.payload_length()) + 40;
            (IpAddr::V6(header.source_addr()), IpAddr::V6(header.destination_addr()), said)
        }
    };
    let payload = slice.payload();
    if payload.ip_number != IpNumber::TCP {
        return Err(Other::NotTcp);
    }
    if payload.fragmented {
        return Err(Other::Fragment);
    }
    let missing = if payload.incomplete {
        (said.saturating_sub(ip.len())) as u64
    } else if payload.len_source == LenSource::Slice {
        // No length: the sender left it to the network card.
        cut
    } else {
        0
    };
    let tcp = TcpSlice::from_slice(payload.payload).map_err(|_| Other::Malformed)?;
    let length = tcp.payload().len() as u64 + missing;
    if length > MAX_SEGMENT {
        return Err(Other::Malformed);
    }
    Ok(Segment {
        time: packet.time,
        from: SocketAddr::new(source, tcp.source_port()),
        to: SocketAddr::new(destination, tcp.destination_port()),
        seq: tcp.sequence_number(),
        ack: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        payload: tcp.payload(),
        length: length as u32,
    })
}
