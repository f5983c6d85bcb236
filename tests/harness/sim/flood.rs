//! A peer that floods: what it says for a while, and how it reads meanwhile.

use satwire_core::wire::{self, Command, Hash, Header, InvType, Inventory};

use super::meter::READ;
use super::{Chance, SECOND};
use crate::NETWORK;

/// One whim of a flooder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flood {
    says: Says,
    reads: Reads,
    /// Then it changes its mind.
    until: u64,
}

#[derive(Clone, Copy, Debug)]
enum Says {
    Pings,
    /// Asks for what nobody has.
    Getdata,
    /// Announces what nobody has.
    Junk,
    /// The same, and says at once that it does not have it either, but for the first.
    Denials,
}

#[derive(Clone, Copy, Debug)]
enum Reads {
    AtOnce,
    Slowly,
    Nothing,
}

impl Flood {
    /// No whim yet.
    pub(super) const NONE: Self = Self { says: Says::Pings, reads: Reads::AtOnce, until: 0 };

    fn change_mind(&mut self, now: u64, chance: &mut Chance) {
        if now < self.until {
            return;
        }
        self.says = chance.pick(&[Says::Pings, Says::Getdata, Says::Junk, Says::Denials]);
        self.reads = chance.pick(&[Reads::AtOnce, Reads::Slowly, Reads::Nothing]);
        let seconds = match self.reads {
            // Longer than a ping may take: this ends the connection.
            Reads::Nothing if chance.once_in(12) => 25 * 60,
            _ => 1 + chance.below(300),
        };
        self.until = now + seconds * SECOND;
    }

    /// How many bytes it takes now, and when it takes more.
    pub(super) fn reads(&mut self, now: u64, chance: &mut Chance) -> (usize, u64) {
        self.change_mind(now, chance);
        match self.reads {
            Reads::AtOnce => (usize::MAX, now + SECOND),
            Reads::Slowly => (1 + chance.below(1000) as usize, now + chance.below(4 * SECOND)),
            Reads::Nothing => (0, self.until),
        }
    }

    /// Up to so many frames. Each fits into one read, so that what a node says to it does too.
    pub(super) fn says(&mut self, now: u64, frames: u32, inv_type: InvType, chance: &mut Chance) -> Vec<u8> {
        self.change_mind(now, chance);
        let mut out = Vec::new();
        for _ in 0..=chance.below(u64::from(frames.max(1))) {
            let command = match self.says {
                Says::Pings => {
                    for _ in 0..=chance.below(64) {
                        wire::encode_ping(&mut out, NETWORK.magic(), chance.next());
                    }
                    continue;
                }
                Says::Getdata => Command::GETDATA,
                Says::Junk | Says::Denials => Command::INV,
            };
            let most = (READ - Header::LEN - 1) / Inventory::LEN;
            let entries: Vec<_> = (0..=chance.below(most as u64))
                .map(|_| Inventory { inv_type, hash: junk(now, chance) })
                .collect();
            if let Says::Denials = self.says {
                let denied = entries[1..].iter().copied();
                wire::encode_inventory(&mut out, NETWORK.magic(), Command::INV, entries.iter().copied());
                wire::encode_inventory(&mut out, NETWORK.magic(), Command::NOTFOUND, denied);
            } else {
                wire::encode_inventory(&mut out, NETWORK.magic(), command, entries);
            }
        }
        out
    }
}

/// A name that nothing has. Those of one minute are few enough for several flooders to have some in common,
/// so that the next one is asked when the first does not answer.
fn junk(now: u64, chance: &mut Chance) -> Hash {
    let mut hash = [0xfe; 32];
    hash[..8].copy_from_slice(&(now / (60 * SECOND)).to_le_bytes());
    hash[8..16].copy_from_slice(&chance.below(10_000).to_le_bytes());
    Hash(hash)
}
