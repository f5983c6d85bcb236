//! Observations as packets: TCP made up around the bytes that were sent.
//!
//! Each run of bytes is a segment, or several, at its own time. A connection begins with a handshake, unless its
//! beginning is not known; its end is a FIN or a RST. Bytes that were lost are missing in the sequence numbers.
//! An [`Import`](crate::convert::Import) of the file gives the same bytes at the same times again.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

use etherparse::{PacketBuilder, PacketBuilderStep, TcpHeader};
use satwire_core::node::{Address, ConnId};
use satwire_core::peer::Direction;
use satwire_core::{Magic, Network, WallClock};

use super::pcapng::Pcapng;
use crate::convert::{NAMELESS_V4, NAMELESS_V6, UnixMicros};
use crate::journal::{Close, Observation, Observed, Prologue, Way};

/// The most bytes of a segment, so that an IP packet holds it.
const SEGMENT: usize = 60_000;

/// The first of the ports that nobody listens on.
const EPHEMERAL: u16 = 49_152;

/// A gap of which nobody knows how long it is: too long for a window, so that it is no error of order.
const UNKNOWN: u32 = 1 << 30;

/// Writes a pcapng file.
#[derive(Debug)]
pub struct PacketWriter<W> {
    file: Pcapng<W>,
    clock: WallClock,
    port: u16,
    connections: BTreeMap<ConnId, Connection>,
    /// Peers without an address so far.
    nameless: u32,
}

#[derive(Debug)]
struct Connection {
    /// The addresses of whom sends this [`Way`]: the peer, us.
    ends: [SocketAddr; 2],
    /// Their next sequence numbers.
    next: [u32; 2],
    /// To be said with the next packet.
    comment: Option<String>,
}

impl<W: Write> PacketWriter<W> {
    /// Starts a file for what begins like this.
    pub fn new(out: W, prologue: &Prologue) -> io::Result<Self> {
        let magic = prologue.config.magic;
        let file = Pcapng::new(out, &prologue.program, &comment(magic))?;
        let port = Network::from_magic(magic).unwrap_or(Network::Main).default_port();
        Ok(Self { file, clock: prologue.clock, port, connections: BTreeMap::new(), nameless: 0 })
    }

    /// Writes what was observed next.
    pub fn observation(&mut self, observation: &Observation) -> io::Result<()> {
        let conn = observation.conn;
        let time = UnixMicros::try_from(self.clock.unix_micros(observation.at)).unwrap_or(0);
        match &observation.what {
            Observed::Opened { peer, us, direction, adopted } => {
                let connection = self.open(conn, peer, *us, *direction);
                self.connections.insert(conn, connection);
                if !adopted {
                    let dialler = if *direction == Direction::Outbound { Way::Sent } else { Way::Received };
                    self.handshake(conn, dialler, time)?;
                }
            }
            // No packet says so.
            Observed::Negotiated(_) => {}
            Observed::Bytes(way, bytes) => {
                for piece in bytes.chunks(SEGMENT) {
                    self.segment(conn, *way, time, piece, PacketBuilderStep::psh)?;
                }
            }
            Observed::Lost(way, bytes) => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    let gap = bytes.map_or(UNKNOWN, |bytes| bytes as u32);
                    let next = &mut connection.next[*way as usize];
                    *next = next.wrapping_add(gap);
                }
            }
            Observed::Closed(close) => match close {
                Close::Finished(way) => {
                    self.segment(conn, *way, time, &[], PacketBuilderStep::fin)?;
                    self.advance(conn, *way, 1);
                }
                Close::Reset(way) => self.segment(conn, *way, time, &[], PacketBuilderStep::rst)?,
                Close::Unseen => {}
            },
        }
        Ok(())
    }

    /// Hands over what is buffered.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn open(
        &mut self,
        conn: ConnId,
        peer: &Address,
        us: Option<SocketAddr>,
        direction: Direction,
    ) -> Connection {
        let mut comment = None;
        let peer_addr = match peer {
            Address::Socket(addr) => *addr,
            other => {
                // For benchmarks (RFC 2544).
                let [_, _, high, low] = self.nameless.to_be_bytes();
                self.nameless += 1;
                let port = if let Address::Name { port, .. } | Address::Overlay { port, .. } = other {
                    *port
                } else {
                    0
                };
                let addr = SocketAddr::from(([198, 18, high, low], if port == 0 { self.port } else { port }));
                comment = Some(format!("{} stands for {other}", addr.ip()));
                addr
            }
        };
        let us = us.unwrap_or_else(|| {
            let ip = if peer_addr.is_ipv4() { IpAddr::V4(NAMELESS_V4) } else { IpAddr::V6(NAMELESS_V6) };
            let ephemeral = EPHEMERAL + (conn.0 % u64::from(u16::MAX - EPHEMERAL)) as u16;
            SocketAddr::new(ip, if direction == Direction::Inbound { self.port } else { ephemeral })
        });
        // Different for each, so that the same addresses can be used again.
        let start = (conn.0 as u32).wrapping_mul(0x9e37_79b1);
        Connection { ends: [peer_addr, us], next: [start, start.wrapping_add(1 << 28)], comment }
    }

    /// SYN, SYN and ACK, ACK.
    fn handshake(&mut self, conn: ConnId, dialler: Way, time: UnixMicros) -> io::Result<()> {
        let listener = reverse(dialler);
        self.packet(conn, dialler, time, &[], false, PacketBuilderStep::syn)?;
        self.advance(conn, dialler, 1);
        self.packet(conn, listener, time, &[], true, PacketBuilderStep::syn)?;
        self.advance(conn, listener, 1);
        self.packet(conn, dialler, time, &[], true, |packet| packet)
    }

    fn segment(
        &mut self,
        conn: ConnId,
        way: Way,
        time: UnixMicros,
        bytes: &[u8],
        flags: impl FnOnce(PacketBuilderStep<TcpHeader>) -> PacketBuilderStep<TcpHeader>,
    ) -> io::Result<()> {
        self.packet(conn, way, time, bytes, true, flags)?;
        self.advance(conn, way, bytes.len() as u32);
        Ok(())
    }

    fn packet(
        &mut self,
        conn: ConnId,
        way: Way,
        time: UnixMicros,
        bytes: &[u8],
        acks: bool,
        flags: impl FnOnce(PacketBuilderStep<TcpHeader>) -> PacketBuilderStep<TcpHeader>,
    ) -> io::Result<()> {
        let Some(connection) = self.connections.get_mut(&conn) else { return Ok(()) };
        let (from, to) = (connection.ends[way as usize], connection.ends[reverse(way) as usize]);
        let ip = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), 64),
            (from, to) => PacketBuilder::ipv6(v6(from), v6(to), 64),
        };
        let next = connection.next;
        let tcp = flags(ip.tcp(from.port(), to.port(), next[way as usize], u16::MAX));
        let tcp = if acks { tcp.ack(next[reverse(way) as usize]) } else { tcp };
        let mut data = Vec::with_capacity(tcp.size(bytes.len()));
        tcp.write(&mut data, bytes).map_err(io::Error::other)?;
        self.file.packet(time, &data, connection.comment.take().as_deref())
    }

    fn advance(&mut self, conn: ConnId, way: Way, bytes: u32) {
        if let Some(connection) = self.connections.get_mut(&conn) {
            let next = &mut connection.next[way as usize];
            *next = next.wrapping_add(bytes);
        }
    }
}

const fn reverse(way: Way) -> Way {
    match way {
        Way::Received => Way::Sent,
        Way::Sent => Way::Received,
    }
}

const fn v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// Returns the facts that a reader must know.
fn comment(magic: Magic) -> String {
    // Wireshark 4.0 `epan/dissectors/packet-bitcoin.c`: BITCOIN_MAIN_MAGIC_NUMBER and its neighbours.
    let known = [Network::Main, Network::Testnet3, Network::Regtest];
    let hint = if known.iter().any(|network| network.magic() == magic) {
        String::new()
    } else {
        format!(
            " Wireshark does not know the network {magic} by itself: tshark -d tcp.port==N,bitcoin, or Decode As."
        )
    };
    format!(
        "Exported from a satwire journal. Synthetic: the headers of IP and TCP, handshakes, sequence numbers, \
         acknowledgements, where a segment ends, and the addresses {NAMELESS_V4} and {NAMELESS_V6} of the node that \
         recorded where the journal has none. Recorded: what the segments carry, and their times.{hint}"
    )
}
