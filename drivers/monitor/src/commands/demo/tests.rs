use std::time::Duration;

use satwire_core::node::{Address, ConnId, Environment, Event, EventKind, Input, Output, Purpose};
use satwire_core::wire::{self, Command, Header};
use satwire_core::{Config, Instant, Network, Node, WallClock};

use super::playback::{Gate, Playback, Step};
use super::{RECORDING, script};

struct Words(u64);

impl Environment for Words {
    fn draw(&mut self, _purpose: Purpose) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// A node and the recorded peer, with a wire between them that may be tampered with.
struct Stage {
    node: Node<Words>,
    playback: Playback,
    events: Vec<Event>,
    ended: Option<Gate>,
}

const CONN: ConnId = ConnId(1);

/// Plays the whole recording to a node; `tamper` may change what it says.
fn play(tamper: impl Fn(Command, Vec<u8>) -> Option<Vec<u8>>) -> Stage {
    let config = Config::new(Network::Simnet);
    let playback = Playback::new(script(RECORDING).expect("the recording is whole"));
    let node = Node::new(config, WallClock::default(), Words(100));
    let mut stage = Stage { node, playback, events: Vec::new(), ended: None };
    let now = Instant::ZERO;
    let addr = "127.0.0.1:18555".parse().expect("an address");
    stage.node.handle(now, Input::Dial(Address::Socket(addr)));
    stage.node.handle(now, Input::Connected(CONN));
    loop {
        stage.node.handle(now, Input::Timeout);
        stage.carry(&tamper);
        match stage.playback.next() {
            Step::Send(_, frame) => stage.node.handle(now, Input::Received(CONN, &frame)),
            Step::Await(gate) => {
                stage.ended = Some(gate);
                return stage;
            }
            Step::Done => return stage,
        }
    }
}

impl Stage {
    /// Carries what the node says to the recorded peer, message by message.
    fn carry(&mut self, tamper: &impl Fn(Command, Vec<u8>) -> Option<Vec<u8>>) {
        while let Some(output) = self.node.poll() {
            if let Output::Event(event) = output {
                self.events.push(event);
            }
        }
        let mut bytes = self.node.transmit(CONN).to_vec();
        self.node.transmitted(CONN, bytes.len());
        while let Some(header) = bytes.first_chunk().map(Header::decode) {
            let rest = bytes.split_off(Header::LEN + header.length as usize);
            let frame = std::mem::replace(&mut bytes, rest);
            if let Some(frame) = tamper(header.command().expect("ours"), frame) {
                self.playback.receive(&frame);
            }
        }
    }

    fn transactions(&self) -> usize {
        self.events.iter().filter(|event| matches!(event.kind, EventKind::Tx { .. })).count()
    }
}

#[test]
fn everything_recorded_is_said_to_a_node_that_does_its_part() {
    let stage = play(|_, frame| Some(frame));
    assert_eq!(stage.ended, None);
    let txs: Vec<_> = stage
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Tx { tx, latency } => Some((tx.view().has_witness(), latency.is_some())),
            _ => None,
        })
        .collect();
    assert!(txs.contains(&(false, true)) && txs.contains(&(true, true)), "legacy and segwit: {txs:?}");
    assert!(txs.iter().all(|(_, asked)| *asked), "none comes unasked: {txs:?}");
    let pongs = stage.events.iter().filter(|event| matches!(event.kind, EventKind::Pong { .. })).count();
    assert_eq!(pongs, 1, "the pong answers our ping and not the recorded one");
}

#[test]
fn no_transaction_is_said_before_it_is_asked_for() {
    let stage = play(|command, frame| (command != Command::GETDATA).then_some(frame));
    assert!(matches!(stage.ended, Some(Gate::Getdata(_))), "{:?}", stage.ended);
    assert_eq!(stage.transactions(), 0);
}

#[test]
fn a_pong_waits_for_a_ping_and_takes_its_nonce() {
    let stage = play(|command, frame| (command != Command::PING).then_some(frame));
    assert_eq!(stage.ended, Some(Gate::Ping));
    let with_another_nonce = |command, frame| {
        if command != Command::PING {
            return Some(frame);
        }
        let mut other = Vec::new();
        wire::encode_ping(&mut other, Network::Simnet.magic(), 4711);
        Some(other)
    };
    let stage = play(with_another_nonce);
    assert!(!stage.events.iter().any(|event| matches!(event.kind, EventKind::Pong { .. })));
}

#[test]
fn nothing_is_said_to_a_peer_that_does_not_greet() {
    let mut playback = Playback::new(script(RECORDING).expect("the recording is whole"));
    assert_eq!(playback.next(), Step::Await(Gate::Version));
    let mut verack = Vec::new();
    wire::encode_frame(&mut verack, Network::Simnet.magic(), Command::VERACK, |_| {});
    playback.receive(&verack);
    assert_eq!(playback.next(), Step::Await(Gate::Version));
}

#[test]
fn the_recorded_rhythm_is_kept() {
    let mut playback = Playback::new(script(RECORDING).expect("the recording is whole"));
    let mut version = Vec::new();
    wire::encode_frame(&mut version, Network::Simnet.magic(), Command::VERSION, |out| out.extend([0; 86]));
    playback.receive(&version);
    let Step::Send(first, _) = playback.next() else { panic!("its version") };
    assert_eq!(first, Duration::ZERO, "the first frame waits for nobody");
    let mut whole = Duration::ZERO;
    while let Step::Send(after, _) = playback.next() {
        whole += after;
    }
    assert!(whole > Duration::ZERO);
}
