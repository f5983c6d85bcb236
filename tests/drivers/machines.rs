//! A machine that is no node runs on the drivers as a node does.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use satwire_core::node::{ConnId, ConnMap, Input, Output};
use satwire_core::{IoError, Machine};
use smol::stream::StreamExt as _;

/// A deadline for what happens at once on an idle machine.
const SOON: Duration = Duration::from_secs(20);

/// Says back what it hears, and hangs up on silence.
#[derive(Debug, Default)]
struct Echo {
    /// The bytes that are still to be sent back.
    conns: ConnMap<Vec<u8>>,
    last: u64,
    deadline: Option<satwire_core::Instant>,
    outputs: VecDeque<Output<Told>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Heard(usize),
    HungUp(ConnId),
    Over(ConnId, IoError),
}

const SILENCE: Duration = Duration::from_millis(50);

impl Machine for Echo {
    type Event = Told;

    fn handle(&mut self, now: satwire_core::Instant, input: Input<'_>) {
        match input {
            Input::Accepted { conn, .. } => {
                self.last = conn.0;
                self.conns.insert(conn, Vec::new());
            }
            Input::Received(conn, bytes) => {
                let Some(unsent) = self.conns.get_mut(conn) else { return };
                if unsent.is_empty() {
                    self.outputs.push_back(Output::Transmit(conn));
                }
                unsent.extend_from_slice(bytes);
                self.outputs.push_back(Output::Event(Told::Heard(bytes.len())));
                self.deadline = Some(now + SILENCE);
            }
            Input::Closed(conn, error) => {
                self.conns.remove(conn);
                self.outputs.push_back(Output::Event(Told::Over(conn, error)));
            }
            Input::Timeout => {
                self.deadline = None;
                for conn in self.conns.conns() {
                    self.conns.remove(conn);
                    self.outputs.extend([Output::Disconnect(conn), Output::Event(Told::HungUp(conn))]);
                }
            }
            _ => {}
        }
    }

    fn poll(&mut self) -> Option<Output<Told>> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<satwire_core::Instant> {
        self.deadline
    }

    fn transmit(&self, conn: ConnId) -> &[u8] {
        self.conns.get(conn).map_or(&[], Vec::as_slice)
    }

    fn transmitted(&mut self, conn: ConnId, n: usize) {
        if let Some(unsent) = self.conns.get_mut(conn) {
            unsent.drain(..n);
        }
    }

    fn wants_read(&self, conn: ConnId) -> bool {
        self.conns.contains(conn)
    }

    fn next_conn(&self) -> ConnId {
        ConnId(self.last + 1)
    }
}

/// One peer speaks, hears itself, and is hung up on; one leaves by itself.
fn play(addr: SocketAddr, mut work: impl FnMut(&mut Vec<Told>)) {
    let mut told = Vec::new();
    let mut until = |what: &dyn Fn(&[Told]) -> bool| {
        let start = Instant::now();
        while !what(&told) {
            assert!(start.elapsed() < SOON, "in vain: {told:?}");
            work(&mut told);
        }
    };
    let leaver = TcpStream::connect(addr).expect("it listens");
    drop(leaver);
    until(&|told| told == [Told::Over(ConnId(1), IoError::Ended)]);
    let mut speaker = TcpStream::connect(addr).expect("it listens");
    speaker.write_all(b"echo").expect("it reads");
    until(&|told| told.contains(&Told::Heard(4)));
    until(&|told| told.contains(&Told::HungUp(ConnId(2))));
    let mut heard = Vec::new();
    speaker.read_to_end(&mut heard).expect("an end, not a reset");
    assert_eq!(heard, b"echo");
}

#[test]
fn an_echo_on_mio() {
    let mut driver = satwire_mio::Driver::with_machine(|_| Echo::default()).expect("the system gives a poll");
    let addr = driver.listen((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback can be bound");
    play(addr, |told| driver.turn(Some(Instant::now() + SOON), told).expect("the poll works"));
    assert_eq!((driver.totals().received, driver.totals().sent), (4, 4));
    assert!(driver.machine().conns.is_empty());
}

#[test]
fn an_echo_on_smol() {
    let mut driver = satwire_smol::Driver::with_machine(|_| Echo::default());
    let addr = driver.listen((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback can be bound");
    play(addr, |told| {
        let late = async {
            smol::Timer::after(SOON).await;
            None
        };
        let news = smol::block_on(smol::future::or(driver.next(), late));
        told.push(news.expect("nothing came").expect("no notice"));
    });
    assert_eq!((driver.totals().received, driver.totals().sent), (4, 4));
    assert!(driver.machine().conns.is_empty());
}
