//! Broadcasts one transaction: announces it to each peer, and gives it to those that ask for it. The arguments are
//! the transaction in hexadecimal, then the addresses of the peers; it ends when all have fetched it.

use std::collections::BTreeSet;
use std::error::Error;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Instant;

use satwire_core::node::{Address, ConnId, EventKind, Input, Purpose};
use satwire_core::wire::{Command, InvType, Inventory, Message, TxView, put_inventory};
use satwire_core::{Config, Network};
use satwire_mio::Driver;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let hex = args.next().ok_or("the first argument is a transaction in hexadecimal")?;
    let bytes = (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16));
    let bytes = bytes.collect::<Result<Vec<_>, _>>()?;
    let tx = TxView::decode(&bytes)?;
    let ids = [(InvType::TX, tx.txid().into()), (InvType::WTX, tx.wtxid().into())];

    // An application that serves answers the requests itself.
    let mut config = Config::new(Network::Regtest);
    config.deliver = [Command::GETDATA].into();
    let random = |_: Purpose| RandomState::new().build_hasher().finish();
    let mut driver = Driver::new(config, random)?;
    let mut missing = 0;
    for address in args {
        driver.dial(Address::Socket(address.parse()?));
        missing += 1;
    }
    let (mut events, mut served) = (Vec::new(), BTreeSet::<ConnId>::new());
    while served.len() < missing {
        driver.turn(None, &mut events)?;
        for event in events.drain(..) {
            let Some(conn) = event.conn else { continue };
            match event.kind {
                EventKind::Handshake(peer) => {
                    let (inv_type, hash) = ids[usize::from(peer.wtxidrelay)];
                    let mut payload = Vec::new();
                    put_inventory(&mut payload, [Inventory { inv_type, hash }]);
                    driver.input(Input::Send { conn, command: Command::INV, payload: &payload });
                }
                EventKind::Message(message) => {
                    let Message::Getdata(wanted) = message.message()? else { continue };
                    if wanted.iter().any(|item| ids.iter().any(|(_, hash)| *hash == item.hash)) {
                        driver.input(Input::Send { conn, command: Command::TX, payload: &bytes });
                        served.insert(conn);
                        println!("{conn} has fetched it");
                    }
                }
                _ => {}
            }
        }
    }
    // The last answers are written.
    Ok(driver.turn(Some(Instant::now()), &mut events)?)
}
