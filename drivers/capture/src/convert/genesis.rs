//! The network of messages without headers, by the block that all their locators end with.

use satwire_core::wire::{Command, Hash, Message};
use satwire_core::{Magic, Network};

/// The first block of each network (Bitcoin Core `src/kernel/chainparams.cpp`, btcd `chaincfg/genesis.go`). Custom signets
/// have that of signet.
const GENESIS: [(Network, &str); 6] = [
    (Network::Main, "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"),
    (Network::Testnet3, "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"),
    (Network::Testnet4, "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"),
    (Network::Signet, "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6"),
    (Network::Regtest, "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"),
    (Network::Simnet, "683e86bd5c6d110d91b94b97137ba6bfe02dbbdb8e3dff722a669b5d69d77af6"),
];

/// The network of a message, if it is a `getheaders` or `getblocks` that goes back to the first block.
pub(super) fn network_of(command: [u8; 12], payload: &[u8]) -> Option<Magic> {
    let command = Command::from_wire(command)?;
    if ![Command::GETHEADERS, Command::GETBLOCKS].contains(&command) {
        return None;
    }
    let (Message::Getheaders(locator) | Message::Getblocks(locator)) =
        Message::decode(command, payload, Hash([0; 32])).ok()?
    else {
        return None;
    };
    let first = locator.hashes.iter().last()?.to_string();
    GENESIS.iter().find(|(_, hash)| *hash == first).map(|(network, _)| network.magic())
}
