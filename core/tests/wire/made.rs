//! Well-formed payloads of every message, made from a few bytes of entropy.

use satwire_core::wire::{Command, Error, Message, put_compact_size, sha256d};

/// Every command that has a message of its own.
pub(crate) fn commands() -> Vec<Command> {
    Command::KNOWN.iter().copied().filter(|command| *command != Command::ALERT).collect()
}

/// Decodes as a peer does.
pub(crate) fn decode(command: Command, payload: &[u8]) -> Result<Message<'_>, Error> {
    Message::decode(command, payload, sha256d(payload))
}

/// Makes choices out of bytes; when they are used up every choice is the first.
#[derive(Debug)]
pub(crate) struct Maker<'a> {
    entropy: &'a [u8],
    out: Vec<u8>,
    /// Tells apart what would else be equal.
    counter: u8,
}

impl<'a> Maker<'a> {
    /// A payload of `command`.
    pub(crate) fn make(command: Command, entropy: &'a [u8]) -> Vec<u8> {
        let mut maker = Self { entropy, out: Vec::new(), counter: 0 };
        maker.message(command);
        maker.out
    }

    fn choose(&mut self, below: usize) -> usize {
        let Some((first, rest)) = self.entropy.split_first() else { return 0 };
        self.entropy = rest;
        usize::from(*first) % below
    }

    /// Any bytes.
    fn bytes(&mut self, len: usize) {
        for _ in 0..len {
            self.counter = self.counter.wrapping_add(1);
            let byte = self.choose(256) as u8 ^ self.counter;
            self.out.push(byte);
        }
    }

    fn count(&mut self, below: usize) -> usize {
        let count = self.choose(below);
        put_compact_size(&mut self.out, count as u64);
        count
    }

    fn var_bytes(&mut self, below: usize) {
        let len = self.count(below);
        self.bytes(len);
    }

    fn text(&mut self, text: &[u8]) {
        put_compact_size(&mut self.out, text.len() as u64);
        self.out.extend_from_slice(text);
    }

    fn compact(&mut self) {
        let value = [0, 0xfc, 0xfd, 0xffff, 0x1_0000, u64::MAX][self.choose(6)];
        put_compact_size(&mut self.out, value);
    }

    fn list(&mut self, below: usize, entry: impl Fn(&mut Self)) {
        for _ in 0..self.count(below) {
            entry(self);
        }
    }

    fn tx(&mut self) {
        let inputs = 1 + self.choose(3);
        let segwit = self.choose(2) == 1;
        self.bytes(4);
        if segwit {
            self.out.extend_from_slice(&[0, 1]);
        }
        put_compact_size(&mut self.out, inputs as u64);
        for _ in 0..inputs {
            self.bytes(36);
            self.var_bytes(40);
            self.bytes(4);
        }
        self.list(4, |maker| {
            maker.bytes(8);
            maker.var_bytes(300);
        });
        if segwit {
            // The last input has a witness, so that there is one at all.
            for _ in 1..inputs {
                self.list(3, |maker| maker.var_bytes(80));
            }
            put_compact_size(&mut self.out, 1);
            self.var_bytes(255);
        }
        self.bytes(4);
    }

    #[expect(clippy::too_many_lines, reason = "a table")]
    fn message(&mut self, command: Command) {
        match command {
            Command::VERSION => {
                let version = 70_001 + self.choose(16) as u32;
                self.out.extend_from_slice(&version.to_le_bytes());
                self.bytes(8);
                let time = 1_795_363_088 + self.choose(256) as u64;
                self.out.extend_from_slice(&time.to_le_bytes());
                self.bytes(26 + 26 + 8);
                self.text(&b"/Satoshi:31.0.0(a; b)/"[..self.entropy.len().min(22)]);
                self.bytes(4);
                let relay = self.choose(2) as u8;
                self.out.push(relay);
            }
            Command::FEATURE => {
                let len = 4 + self.choose(77);
                put_compact_size(&mut self.out, len as u64);
                self.bytes(len);
                self.var_bytes(256);
            }
            Command::SENDTXRCNCL => self.bytes(12),
            Command::SENDCMPCT => {
                let announce = self.choose(2) as u8;
                self.out.push(announce);
                self.bytes(8);
            }
            Command::FEEFILTER | Command::PING | Command::PONG => self.bytes(8),
            Command::ADDR => self.list(20, |maker| maker.bytes(30)),
            Command::ADDRV2 => self.list(20, Self::address),
            Command::INV | Command::GETDATA | Command::NOTFOUND => self.list(20, |maker| {
                let kind = [1, 2, 3, 4, 5, 0x4000_0001, 0x4000_0002, 77_u32][maker.choose(8)];
                maker.out.extend_from_slice(&kind.to_le_bytes());
                maker.bytes(32);
            }),
            Command::TX => self.tx(),
            Command::GETHEADERS | Command::GETBLOCKS => {
                self.bytes(4);
                self.list(102, |maker| maker.bytes(32));
                self.bytes(32);
            }
            Command::HEADERS => self.list(20, |maker| {
                maker.bytes(80);
                maker.out.push(0);
            }),
            Command::BLOCK => {
                self.bytes(80);
                self.list(4, Self::tx);
            }
            Command::BLOCKTXN => {
                self.bytes(32);
                self.list(4, Self::tx);
            }
            Command::CMPCTBLOCK => {
                self.bytes(80 + 8);
                self.list(20, |maker| maker.bytes(6));
                self.list(3, |maker| {
                    maker.count(255);
                    maker.tx();
                });
            }
            Command::GETBLOCKTXN => {
                self.bytes(32);
                self.list(20, |maker| {
                    let gap = [0, 1, 252, 253, 2000][maker.choose(5)];
                    put_compact_size(&mut maker.out, gap);
                });
            }
            Command::GETCFILTERS | Command::GETCFHEADERS => self.bytes(1 + 4 + 32),
            Command::GETCFCHECKPT => self.bytes(1 + 32),
            Command::CFILTER => {
                self.bytes(1 + 32);
                self.var_bytes(256);
            }
            Command::CFHEADERS => {
                self.bytes(1 + 32 + 32);
                self.list(20, |maker| maker.bytes(32));
            }
            Command::CFCHECKPT => {
                self.bytes(1 + 32);
                self.list(20, |maker| maker.bytes(32));
            }
            Command::FILTERLOAD => {
                self.var_bytes(256);
                let functions = self.choose(51) as u8;
                self.out.extend_from_slice(&[functions, 0, 0, 0]);
                self.bytes(4);
                let flags = self.choose(3) as u8;
                self.out.push(flags);
            }
            Command::FILTERADD => self.var_bytes(256),
            Command::MERKLEBLOCK => {
                self.bytes(80 + 4);
                self.list(20, |maker| maker.bytes(32));
                self.var_bytes(20);
            }
            Command::REJECT => {
                self.text(&b"tx"[..]);
                let code = [0x01, 0x10, 0x11, 0x12, 0x40, 0x41, 0x42, 0x43][self.choose(8)];
                self.out.push(code);
                self.text(b"bad-txns-vin-empty");
                self.bytes(32);
            }
            // The others have no payload.
            _ => {}
        }
    }

    fn address(&mut self) {
        self.bytes(4);
        self.compact();
        let (network, len) =
            [(1, 4), (2, 16), (3, 10), (4, 32), (5, 32), (6, 16), (7, 16), (99, 3)][self.choose(8)];
        self.out.extend_from_slice(&[network, len]);
        match network {
            // Addresses of the public network, not those of others in their guise.
            2 => self.out.push(0x2a),
            6 => self.out.push(0xfc),
            _ => self.bytes(1),
        }
        self.bytes(usize::from(len) - 1 + 2);
    }
}
