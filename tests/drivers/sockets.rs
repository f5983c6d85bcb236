//! The stage on loopback: a driver, and peers that are plain sockets.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use satwire_core::node::{ConnId, Event, EventKind};
use socket2::{Domain, SockRef, Socket, Type};

use crate::runtimes::Runtime;
use crate::stage::{Leave, Peer, Stage};

/// How long a turn may wait. Peers act between turns, so mostly nothing is waited for.
const TURN: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub(crate) struct Sockets<R> {
    runtime: R,
    addr: SocketAddr,
    /// The size of the peers' socket buffers, if not the system's.
    buffer: Option<usize>,
    peers: BTreeMap<ConnId, (Peer, Option<TcpStream>)>,
    events: Vec<Event>,
    /// Sockets that keep a listener's queue full.
    black_holes: Vec<(Socket, Vec<Socket>)>,
}

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

impl<R: Runtime> Sockets<R> {
    pub(crate) fn new(mut runtime: R, buffer: Option<usize>) -> Self {
        let addr = runtime.listen(loopback());
        Self { runtime, addr, buffer, peers: BTreeMap::new(), events: Vec::new(), black_holes: Vec::new() }
    }

    fn socket(&self) -> Socket {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        if let Some(size) = self.buffer {
            socket.set_recv_buffer_size(size).expect("any size will do");
            socket.set_send_buffer_size(size).expect("any size will do");
        }
        socket
    }

    /// Peers write and read what they can, and the node has no turn.
    pub(crate) fn act(&mut self) {
        for (peer, stream) in self.peers.values_mut() {
            act(peer, stream);
        }
    }

    fn add(&mut self, conn: ConnId, stream: TcpStream) {
        stream.set_nonblocking(true).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        self.peers.insert(conn, (Peer::default(), Some(stream)));
        let stage: &mut dyn Stage = self;
        stage.until_told(conn, |kind| matches!(kind, EventKind::Connected { .. }));
    }
}

impl<R: Runtime> Stage for Sockets<R> {
    fn dial_in(&mut self) -> ConnId {
        let conn = self.runtime.node().next_conn();
        let socket = self.socket();
        socket.connect(&self.addr.into()).expect("it listens");
        self.add(conn, socket.into());
        conn
    }

    fn dial_out(&mut self) -> ConnId {
        let conn = self.runtime.node().next_conn();
        let socket = self.socket();
        socket.bind(&loopback().into()).expect("loopback can be bound");
        socket.listen(1).expect("a bound socket");
        let listener = TcpListener::from(socket);
        self.runtime.dial(listener.local_addr().expect("bound"));
        self.turn();
        // A dialled connection is in the listener's queue before its driver knows.
        let (stream, _) = listener.accept().expect("the driver dials");
        self.add(conn, stream);
        conn
    }

    fn dial_refused(&mut self) {
        let socket = self.socket();
        socket.bind(&loopback().into()).expect("loopback can be bound");
        let addr = socket.local_addr().expect("bound");
        drop(socket);
        self.runtime.dial(addr.as_socket().expect("an address"));
    }

    fn dial_black_hole(&mut self) {
        let listener = self.socket();
        listener.bind(&loopback().into()).expect("loopback can be bound");
        listener.listen(0).expect("a bound socket");
        let addr = listener.local_addr().expect("bound");
        // When the queue of a listener is full, the system drops what else comes.
        let fill = |_| {
            let socket = self.socket();
            socket.set_nonblocking(true).expect("a socket");
            let _ = socket.connect(&addr);
            socket
        };
        let fillers = (0..4).map(fill).collect();
        self.black_holes.push((listener, fillers));
        self.runtime.dial(addr.as_socket().expect("an address"));
    }

    fn disconnect(&mut self, conn: ConnId) {
        self.runtime.disconnect(conn);
    }

    fn pause_reading(&mut self, conn: ConnId) {
        self.runtime.pause_reading(conn);
    }

    fn resume_reading(&mut self, conn: ConnId) {
        self.runtime.resume_reading(conn);
    }

    fn stop(&mut self) {
        self.runtime.stop();
    }

    fn turn(&mut self) {
        self.act();
        self.runtime.work(TURN, &mut self.events);
    }

    fn peer(&mut self, conn: ConnId) -> &mut Peer {
        &mut self.peers.get_mut(&conn).expect("a peer").0
    }

    fn events(&self) -> &[Event] {
        &self.events
    }

    fn transcript(&self) -> &str {
        self.runtime.node().environment().text()
    }

    fn unsent(&self, conn: ConnId) -> usize {
        self.runtime.node().transmit(conn).len()
    }

    fn reads(&self, conn: ConnId) -> bool {
        self.runtime.node().wants_read(conn)
    }

    fn received(&self) -> u64 {
        self.runtime.received()
    }

    fn is_idle(&mut self) -> bool {
        !self.runtime.work(Duration::from_millis(100), &mut self.events)
    }
}

/// A peer writes and reads what it can, and leaves if it is time.
fn act(peer: &mut Peer, slot: &mut Option<TcpStream>) {
    let Some(stream) = slot else { return };
    while !peer.pending.is_empty() {
        let piece = peer.piece.unwrap_or(usize::MAX).min(peer.pending.len());
        match stream.write(&peer.pending[..piece]) {
            Ok(n) => drop(peer.pending.drain(..n)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // A peer that was cut off has nothing more to say.
            Err(_) => peer.pending.clear(),
        }
        if peer.piece.is_some() {
            break;
        }
    }
    let mut buffer = [0; 16 * 1024];
    while !peer.deaf && !peer.over {
        match stream.read(&mut buffer) {
            Ok(n @ 1..) => peer.heard.extend_from_slice(&buffer[..n]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Ok(0) | Err(_) => peer.over = true,
        }
    }
    if peer.pending.is_empty()
        && let Some(leave) = peer.leaves.take()
    {
        match leave {
            // The node may have been quicker.
            Leave::HalfClose => drop(stream.shutdown(Shutdown::Write)),
            Leave::Close => *slot = None,
            Leave::Reset => {
                SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).expect("a socket");
                *slot = None;
            }
        }
    }
}
