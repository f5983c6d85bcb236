//! The codec and one [`Peer`] for JavaScript: bytes in, a transcript out. JavaScript has the socket and
//! the clock, and reads and writes the module's memory; [`exports`] is all that it sees. The same
//! [`Talk`] runs natively, so that a test can compare.

use std::fmt::Write as _;

use satwire_core::peer::{ConnectionConfig, Direction, Event};
use satwire_core::wire::{Header, Message, sha256d};
use satwire_core::{Config, Instant, Network, Peer, WallClock};

pub mod exports;

/// A peer that we dialled, and what was said so far.
#[derive(Debug)]
pub struct Talk {
    peer: Peer,
    /// Words that are counted and not random: the transcript is to be the same everywhere.
    words: u64,
    transcript: String,
}

impl Default for Talk {
    fn default() -> Self {
        let clock = WallClock { unix_micros_at_zero: 1_795_363_088_000_000 };
        let opening = ConnectionConfig::new(Direction::Outbound, 1, clock);
        let peer = Peer::new(Config::new(Network::Regtest).into(), opening, Instant::ZERO);
        let mut talk = Self { peer, words: 1, transcript: String::new() };
        talk.transmit(Instant::ZERO);
        talk
    }
}

impl Talk {
    /// The other side has said this.
    pub fn receive(&mut self, now: Instant, mut bytes: &[u8]) {
        loop {
            let event = self.peer.receive(now, &mut bytes);
            // Answers on the way to an event stand before it, wherever the stream was cut.
            self.transmit(now);
            let Some(event) = event else { break };
            self.line(now, format_args!("{event:?}"));
            if let Event::Inv(items) = event {
                self.peer.request(now, items);
            }
        }
    }

    /// Time has passed.
    pub fn timeout(&mut self, now: Instant) {
        loop {
            let words = &mut self.words;
            let word = || {
                *words += 1;
                *words
            };
            let event = self.peer.handle_timeout(now, word);
            self.transmit(now);
            let Some(event) = event else { break };
            self.line(now, format_args!("{event:?}"));
        }
    }

    /// When time is to be told, if nothing is said before.
    pub fn deadline(&self) -> Option<Instant> {
        self.peer.poll_timeout()
    }

    /// The answers and the events, in lines.
    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    /// Takes what there is to write, and reads it with the codec.
    fn transmit(&mut self, now: Instant) {
        let bytes = self.peer.transmit().to_vec();
        self.peer.transmitted(bytes.len());
        let mut rest = &bytes[..];
        while let Some((header, after)) = rest.split_first_chunk() {
            let header = Header::decode(header);
            let (payload, after) = after.split_at(header.length as usize);
            let message = header.command().map(|command| Message::decode(command, payload, sha256d(payload)));
            self.line(now, format_args!("we say {message:?}"));
            rest = after;
        }
    }

    fn line(&mut self, now: Instant, what: std::fmt::Arguments<'_>) {
        writeln!(self.transcript, "+{} {what}", now.as_micros()).expect("a string takes everything");
    }
}
