//! The other side of a connection in a simulation: a peer that is honest, or not.

use std::collections::BTreeMap;

use satwire_core::wire::{
    self, Command, Hash, Header, InvType, Inventory, Message, NetAddress, Services, TxView, Version,
};

use super::Chance;
use super::flood::Flood;
use crate::{MAGIC, NETWORK};

/// A peer's way with the transactions that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Announces what it has and gives it.
    Honest,
    /// Announces and never gives.
    Silent,
    /// Announces and says that it does not have it.
    Denies,
    /// Gives another transaction than it was asked for.
    Swaps,
    /// Gives unasked, and announces what it gave.
    Unasked,
    /// Announces everything three times.
    Repeats,
    /// Sends what is no message from time to time.
    Garbles,
    /// Says nothing at all.
    Mute,
    /// Pings, asks for what nobody has and announces what nobody has, without end, and gives nothing. It
    /// reads what is said to it slowly, or not at all for minutes, or at once.
    Floods,
}

impl Manner {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Honest,
        Self::Silent,
        Self::Denies,
        Self::Swaps,
        Self::Unasked,
        Self::Repeats,
        Self::Garbles,
        Self::Mute,
        Self::Floods,
    ];

    /// Whether it gives what it announces when it is asked.
    pub const fn serves(self) -> bool {
        matches!(self, Self::Honest | Self::Repeats)
    }
}

/// A transaction of a simulation.
#[derive(Clone, Debug)]
pub struct SimTx {
    /// As it is sent.
    pub bytes: Vec<u8>,
    /// Its names.
    pub txid: Hash,
    /// Its names.
    pub wtxid: Hash,
}

impl SimTx {
    /// The `n`th transaction: every other one has a witness, and all differ.
    pub fn new(n: u32) -> Self {
        let witness = n % 2 == 1;
        let mut bytes = 2_i32.to_le_bytes().to_vec();
        if witness {
            bytes.extend([0, 1]);
        }
        bytes.push(1);
        bytes.extend([7; 32]);
        bytes.extend(n.to_le_bytes());
        bytes.push(0);
        bytes.extend([0xff; 4]);
        bytes.push(1);
        bytes.extend(1000_i64.to_le_bytes());
        bytes.extend([1, 0x51]);
        if witness {
            bytes.extend([1, 1, 0x51]);
        }
        bytes.extend([0; 4]);
        let view = TxView::decode(&bytes).expect("it is built right");
        let (txid, wtxid) = (view.txid().into(), view.wtxid().into());
        Self { bytes, txid, wtxid }
    }
}

/// One end of one connection that a node dialled.
#[derive(Clone, Debug)]
pub struct Actor {
    manner: Manner,
    wtxidrelay: bool,
    partial: Vec<u8>,
    has: BTreeMap<Hash, SimTx>,
    flood: Flood,
    /// Said `verack`, and heard it.
    pub ready: bool,
}

impl Actor {
    /// A peer that has just been dialled.
    pub const fn new(manner: Manner, wtxidrelay: bool) -> Self {
        Self {
            manner,
            wtxidrelay,
            partial: Vec::new(),
            has: BTreeMap::new(),
            flood: Flood::NONE,
            ready: false,
        }
    }

    /// Its manner.
    pub const fn manner(&self) -> Manner {
        self.manner
    }

    /// Takes bytes from the node; what it says to them.
    pub fn receive(&mut self, bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
        let mut out = Vec::new();
        let mut partial = std::mem::take(&mut self.partial);
        partial.extend_from_slice(bytes);
        let mut rest = &partial[..];
        while let Some((header, after)) = rest.split_first_chunk() {
            let header = Header::decode(header);
            let Some((payload, after)) = after.split_at_checked(header.length as usize) else { break };
            self.answer(&header, payload, &mut out, chance);
            rest = after;
        }
        self.partial = rest.to_vec();
        if self.manner == Manner::Garbles && self.ready && chance.once_in(20) {
            // A known command with a broken checksum: dropped, and forgiven a few times.
            out.extend(
                Header {
                    magic: NETWORK.magic(),
                    command: Command::PING.to_wire(),
                    length: 0,
                    checksum: [9; 4],
                }
                .encode(),
            );
        }
        out
    }

    /// Learns of a transaction; what it says about it.
    pub fn learn(&mut self, tx: &SimTx) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.ready {
            return out;
        }
        let inv_type = self.inv_type();
        let hash = if self.wtxidrelay { tx.wtxid } else { tx.txid };
        self.has.insert(hash, tx.clone());
        if self.manner == Manner::Unasked {
            put_tx(&mut out, tx);
        }
        let times = if self.manner == Manner::Repeats { 3 } else { 1 };
        for _ in 0..times {
            wire::encode_inventory(&mut out, NETWORK.magic(), Command::INV, [Inventory { inv_type, hash }]);
        }
        out
    }

    /// Returns what a flooder says when it has its turn.
    pub fn flood(&mut self, now: u64, frames: u32, chance: &mut Chance) -> Vec<u8> {
        if !self.ready {
            return Vec::new();
        }
        self.flood.says(now, frames, self.inv_type(), chance)
    }

    /// How many bytes it takes off its socket now, and when it takes more; `None` if it reads as
    /// everybody does.
    pub fn reads(&mut self, now: u64, chance: &mut Chance) -> Option<(usize, u64)> {
        (self.manner == Manner::Floods && self.ready).then(|| self.flood.reads(now, chance))
    }

    /// The type under which it announces transactions.
    const fn inv_type(&self) -> InvType {
        if self.wtxidrelay { InvType::WTX } else { InvType::TX }
    }

    fn answer(&mut self, header: &Header, payload: &[u8], out: &mut Vec<u8>, chance: &mut Chance) {
        assert_eq!(header.magic.0, MAGIC.to_bytes(), "a node speaks its network's language");
        let command = header.command().expect("a node sends well-formed commands");
        // Only a `tx` needs the hash of its bytes, and a node sends none.
        let message = Message::decode(command, payload, Hash([0; 32])).expect("a node sends whole messages");
        if self.manner == Manner::Mute {
            return;
        }
        match message {
            Message::Version(_) => {
                let version = Version {
                    version: 70016,
                    services: Services::NETWORK | Services::WITNESS,
                    timestamp: 0,
                    addr_recv: NetAddress::UNSPECIFIED,
                    addr_from: NetAddress::UNSPECIFIED,
                    nonce: chance.next(),
                    user_agent: b"/actor/".to_vec(),
                    start_height: 0,
                    relay: true,
                };
                version.encode(out, NETWORK.magic());
                if self.wtxidrelay {
                    wire::encode_frame(out, NETWORK.magic(), Command::WTXIDRELAY, |_| {});
                }
                wire::encode_frame(out, NETWORK.magic(), Command::VERACK, |_| {});
            }
            Message::Verack => self.ready = true,
            Message::Ping(nonce) => wire::encode_pong(out, NETWORK.magic(), nonce),
            Message::Getdata(list) => {
                for item in &list {
                    self.give(item, out);
                }
            }
            _ => {}
        }
    }

    fn give(&self, item: Inventory, out: &mut Vec<u8>) {
        match (self.manner, self.has.get(&item.hash)) {
            (Manner::Silent | Manner::Floods, _) => {}
            (Manner::Denies, _) | (_, None) => {
                wire::encode_inventory(out, NETWORK.magic(), Command::NOTFOUND, [item]);
            }
            (Manner::Swaps, Some(_)) => {
                let n = u32::from_le_bytes([item.hash.0[0], item.hash.0[1], 0xff, 0xff]);
                put_tx(out, &SimTx::new(n));
            }
            (_, Some(tx)) => put_tx(out, tx),
        }
    }
}

fn put_tx(out: &mut Vec<u8>, tx: &SimTx) {
    wire::encode_frame(out, NETWORK.magic(), Command::TX, |out| out.extend_from_slice(&tx.bytes));
}
