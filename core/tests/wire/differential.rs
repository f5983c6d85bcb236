//! The `bitcoin` crate, 0.32, as a second opinion: same acceptance, same values, same bytes.
//!
//! Where the two differ on purpose, [`excuse`] says why, and whom we follow.

use crate::made::{Maker, commands, decode};
use crate::payload;
use bitcoin::bip152::HeaderAndShortIds;
use bitcoin::consensus::{deserialize, serialize};
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::address::AddrV2 as TheirAddrV2;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use proptest::prelude::*;
use satwire_core::Network;
use satwire_core::wire::{
    AddrV2, Block, BlockTransactions, Command, CompactBlock, Error, Header, List, MAX_MONEY, Message,
    Prefilled, ShortId, ShortIdKey, TxView, encode_frame,
};

/// The other decoder's reading of a payload.
fn theirs(command: Command, bytes: &[u8]) -> Result<NetworkMessage, bitcoin::consensus::encode::Error> {
    let mut framed = Vec::new();
    encode_frame(&mut framed, Network::Main.magic(), command, |out| out.extend_from_slice(bytes));
    deserialize::<RawNetworkMessage>(&framed).map(RawNetworkMessage::into_payload)
}

/// The payload that the other encoder gives.
fn their_payload(message: NetworkMessage) -> Vec<u8> {
    serialize(&RawNetworkMessage::new(bitcoin::p2p::Magic::BITCOIN, message)).split_off(Header::LEN)
}

/// Why the two may differ on a payload, and whom we follow. `None`: they must agree.
fn excuse(command: Command, bytes: &[u8], ours: &Result<Message<'_>, Error>) -> Option<&'static str> {
    let message = match ours {
        Err(Error::TooManyEntries { .. } | Error::TooLong { .. } | Error::UserAgentTooLong(_)) => {
            return Some("they have no such limit; the limits are Bitcoin Core's, see limits.rs");
        }
        Err(_) if matches!(command, Command::FEATURE | Command::SENDTXRCNCL) => {
            return Some("they do not know the command; BIP434, BIP330");
        }
        Err(Error::IndexTooLarge(_)) if command == Command::GETBLOCKTXN => {
            return Some("they take places above 65,535; Core src/blockencodings.h `DifferenceFormatter`");
        }
        Err(_) => return None,
        Ok(message) => message,
    };
    let evened_out = payload(message) != bytes;

    match message {
        Message::Version(version) if evened_out || core::str::from_utf8(&version.user_agent).is_err() => {
            Some(
                "they want all fields, a time above 0 and UTF-8; Core src/net_processing.cpp wants none of it",
            )
        }
        Message::Pong(None) => Some("a short pong cancels the ping; Core `ProcessPong`"),
        Message::Feefilter(rate) if !(0..=MAX_MONEY).contains(rate) => {
            Some("whether a rate is in the range of money is for the peer to judge, as in Core")
        }
        Message::Sendcmpct(compact) if compact.announce > 1 => {
            Some("more than 1 is well-formed and an offence; Core src/net_processing.cpp")
        }
        Message::Headers(list) if List::build(&mut Vec::new(), list.iter()) != *list => {
            Some("the number of transactions is not looked at; Core")
        }
        Message::Addrv2(list) if list.iter().any(|entry| entry.addr().is_none()) => Some(
            "they refuse TorV2 of any length but 10, CJDNS without fc, IPv4 and OnionCat as IPv6; Core \
                  src/netaddress.cpp passes over such entries",
        ),
        Message::Filterload(load) if load.flags > 2 => Some("unknown flags are not looked at; Core"),
        Message::Reject(_) => Some("any code, any bytes, with or without a hash; BIP61 as btcd sends it"),
        Message::Tx(tx) if is_empty(tx) => Some(EMPTY_TX),
        Message::Block(block) if has_empty_tx(&block.transactions) => Some(EMPTY_TX),
        Message::Blocktxn(answer) if has_empty_tx(&answer.transactions) => Some(EMPTY_TX),
        Message::Cmpctblock(block) if block.prefilled.iter().any(|prefilled| is_empty(&prefilled.tx)) => {
            Some(EMPTY_TX)
        }
        _ => None,
    }
}

const EMPTY_TX: &str =
    "no inputs and flag 0 is a transaction without anything; Core `UnserializeTransaction`";

fn has_empty_tx<'a>(txs: &List<'a, TxView<'a>>) -> bool {
    txs.iter().any(|tx| is_empty(&tx))
}

fn is_empty(tx: &TxView<'_>) -> bool {
    tx.inputs().len() == 0 && tx.outputs().len() == 0
}

/// Compares the two on one payload.
fn compare(command: Command, bytes: &[u8]) -> Result<(), String> {
    let ours = decode(command, bytes);
    if excuse(command, bytes, &ours).is_some() {
        return Ok(());
    }
    if let Ok(message) = &ours {
        let exact = payload(message);
        if exact.len() < bytes.len() && bytes.starts_with(&exact) {
            // They refuse bytes after a message, Core ignores them (G2).
            return compare(command, &exact);
        }
    }
    match (&ours, theirs(command, bytes)) {
        (Err(_), Err(_)) => Ok(()),
        (Ok(message), Ok(other)) => {
            values(message, &other)?;
            let (ours, theirs) = (payload(message), their_payload(other));
            if ours == theirs && ours == bytes { Ok(()) } else { Err(format!("{ours:x?} and {theirs:x?}")) }
        }
        (ours, theirs) => Err(format!("ours {ours:?}, theirs {theirs:?}")),
    }
    .map_err(|difference| format!("{command}: {difference} of {bytes:x?}"))
}

/// Compares what the bytes alone would not show: ids, and fields read through the views.
fn values(ours: &Message<'_>, theirs: &NetworkMessage) -> Result<(), String> {
    let same = match (ours, theirs) {
        (Message::Tx(ours), NetworkMessage::Tx(theirs)) => same_tx(ours, theirs),
        (Message::Block(ours), NetworkMessage::Block(theirs)) => same_block(ours, theirs),
        (Message::Blocktxn(ours), NetworkMessage::BlockTxn(theirs)) => {
            let txs = &theirs.transactions.transactions;
            ours.transactions.len() == txs.len()
                && ours.transactions.iter().zip(txs).all(|(ours, theirs)| same_tx(&ours, theirs))
        }
        (Message::Cmpctblock(ours), NetworkMessage::CmpctBlock(theirs)) => {
            let theirs = &theirs.compact_block;
            ours.header.hash().0 == theirs.header.block_hash().to_byte_array()
                && ours.short_ids.iter().map(|id| id.0).eq(theirs.short_ids.iter().map(|id| id.to_bytes()))
                && ours
                    .prefilled
                    .iter()
                    .zip(&theirs.prefilled_txs)
                    .all(|(ours, theirs)| ours.gap == theirs.idx && same_tx(&ours.tx, &theirs.tx))
        }
        (Message::Getblocktxn(ours), NetworkMessage::GetBlockTxn(theirs)) => {
            ours.indexes().map(u64::from).eq(theirs.txs_request.indexes.iter().copied())
        }
        (Message::Headers(ours), NetworkMessage::Headers(theirs)) => ours
            .iter()
            .map(|header| header.hash().0)
            .eq(theirs.iter().map(|header| header.block_hash().to_byte_array())),
        (Message::Addr(ours), NetworkMessage::Addr(theirs)) => {
            ours.iter().zip(theirs).all(|(ours, (time, theirs))| {
                (ours.time, ours.address.ip.segments(), ours.address.port, ours.address.services.0)
                    == (*time, theirs.address, theirs.port, theirs.services.to_u64())
            })
        }
        (Message::Addrv2(ours), NetworkMessage::AddrV2(theirs)) => {
            ours.iter().zip(theirs).all(|(ours, theirs)| {
                let addr = match theirs.addr {
                    TheirAddrV2::Ipv4(ip) => Some(AddrV2::Ipv4(ip)),
                    TheirAddrV2::Ipv6(ip) => Some(AddrV2::Ipv6(ip)),
                    TheirAddrV2::TorV3(key) => Some(AddrV2::TorV3(key)),
                    TheirAddrV2::I2p(hash) => Some(AddrV2::I2p(hash)),
                    TheirAddrV2::Cjdns(ip) => Some(AddrV2::Cjdns(ip)),
                    TheirAddrV2::TorV2(_) | TheirAddrV2::Unknown(..) => None,
                };
                (ours.time, ours.addr(), ours.port, ours.services.0)
                    == (theirs.time, addr, theirs.port, theirs.services.to_u64())
            })
        }
        (Message::Version(ours), NetworkMessage::Version(theirs)) => {
            (ours.version.cast_unsigned(), ours.nonce, ours.start_height, ours.relay)
                == (theirs.version, theirs.nonce, theirs.start_height, theirs.relay)
                && ours.user_agent == theirs.user_agent.as_bytes()
        }
        _ => true,
    };
    if same { Ok(()) } else { Err(format!("ours {ours:?}, theirs {theirs:?}")) }
}

fn same_tx(ours: &TxView<'_>, theirs: &bitcoin::Transaction) -> bool {
    let inputs = ours.inputs().len() == theirs.input.len()
        && ours.inputs().zip(&theirs.input).all(|(ours, theirs)| {
            ours.prev_txid.0 == theirs.previous_output.txid.to_byte_array()
                && ours.prev_vout == theirs.previous_output.vout
                && ours.script_sig == theirs.script_sig.as_bytes()
                && ours.sequence == theirs.sequence.0
                && ours.is_null() == theirs.previous_output.is_null()
        });
    let outputs = ours.outputs().len() == theirs.output.len()
        && ours.outputs().zip(&theirs.output).all(|(ours, theirs)| {
            ours.value.cast_unsigned() == theirs.value.to_sat()
                && ours.script_pubkey == theirs.script_pubkey.as_bytes()
        });
    let witnesses = !ours.has_witness()
        || ours.witnesses().zip(&theirs.input).all(|(ours, theirs)| ours.eq(theirs.witness.iter()));
    let owned = ours.to_owned();
    inputs
        && outputs
        && witnesses
        && ours.txid().0 == theirs.compute_txid().to_byte_array()
        && ours.wtxid().0 == theirs.compute_wtxid().to_byte_array()
        && (owned.txid(), owned.wtxid(), owned.view()) == (ours.txid(), ours.wtxid(), *ours)
        && ours.version() == theirs.version.0
        && ours.lock_time() == theirs.lock_time.to_consensus_u32()
        && ours.size() == theirs.total_size()
        && ours.stripped_size() == theirs.base_size()
        && ours.weight() as u64 == theirs.weight().to_wu()
        && ours.vsize() == theirs.vsize()
        && ours.is_coinbase() == theirs.is_coinbase()
}

fn same_block(ours: &Block<'_>, theirs: &bitcoin::Block) -> bool {
    ours.header.hash().0 == theirs.block_hash().to_byte_array()
        && ours.transactions.len() == theirs.txdata.len()
        && ours.transactions.iter().zip(&theirs.txdata).all(|(ours, theirs)| same_tx(&ours, theirs))
}

/// Mainnet block 702861: 2500 transactions and more, whole, one by one, and in the other messages.
#[test]
fn block_702861() {
    let bytes = bitcoin_test_data::blocks::mainnet_702861();
    compare(Command::BLOCK, bytes).unwrap();
    let Ok(Message::Block(block)) = decode(Command::BLOCK, bytes) else { panic!("not a block") };
    for tx in &block.transactions {
        compare(Command::TX, tx.as_bytes()).unwrap();
        assert_eq!(tx.check(), Ok(()));
        // The message's digest is the wtxid.
        let Ok(Message::Tx(alone)) = decode(Command::TX, tx.as_bytes()) else { panic!("not a tx") };
        assert_eq!((alone.txid(), alone.wtxid()), (tx.txid(), tx.wtxid()));
    }
    let hash = block.header.hash();
    let answer = Message::Blocktxn(BlockTransactions { block: hash, transactions: block.transactions });
    compare(Command::BLOCKTXN, &payload(&answer)).unwrap();

    let key = ShortIdKey::new(&block.header, 7);
    let short = |tx: TxView<'_>| key.short_id(tx.wtxid());
    let (mut ids, mut prefilled) = (Vec::new(), Vec::new());
    let coinbase = block.transactions.iter().next().unwrap();
    let compact = CompactBlock {
        header: block.header,
        nonce: 7,
        short_ids: List::build(&mut ids, block.transactions.iter().skip(1).map(short)),
        prefilled: List::build(&mut prefilled, [Prefilled { gap: 0, tx: coinbase }]),
    };
    assert_eq!(compact.check(), Ok(()));
    let theirs = HeaderAndShortIds::from_block(&deserialize(bytes).unwrap(), 7, 2, &[]).unwrap();
    assert!(compact.short_ids.iter().eq(theirs.short_ids.iter().map(|id| ShortId(id.to_bytes()))));
    compare(Command::CMPCTBLOCK, &payload(&Message::Cmpctblock(compact))).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Well-formed messages, and such as have a few bytes changed or are cut.
    #[test]
    fn made_and_damaged_messages(
        command in prop::sample::select(commands()),
        entropy in prop::collection::vec(any::<u8>(), 0..80),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = Maker::make(command, &entropy);
        prop_assert_eq!(compare(command, &bytes), Ok(()));
        for (place, byte) in damage {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len() + 1)));
        prop_assert_eq!(compare(command, &bytes), Ok(()));
    }
}

/// Each excuse is needed: the two do differ there.
#[test]
fn differences_are_real() {
    let empty_tx = [2, 0, 0, 0, 0, 0, 9, 0, 0, 0];
    let header = [7; 80];
    let version = Maker::make(Command::VERSION, &[]);
    let one = |network: u8, address: &[u8]| {
        [&[1, 0, 0, 0, 0, 0, network, address.len() as u8][..], address, &[0, 0]].concat()
    };
    let accepted_by_us_only = [
        (Command::PONG, vec![]),
        (Command::PING, [&[0; 8][..], b"more"].concat()),
        (Command::FEEFILTER, vec![0xff; 8]),
        (Command::SENDCMPCT, vec![2, 2, 0, 0, 0, 0, 0, 0, 0]),
        (Command::HEADERS, [&[1][..], &header, &[1]].concat()),
        (Command::TX, empty_tx.to_vec()),
        (Command::BLOCK, [&header[..], &[1], &empty_tx].concat()),
        (Command::BLOCKTXN, [&[7; 32][..], &[1], &empty_tx].concat()),
        (Command::ADDRV2, one(2, &[&[0; 10][..], &[0xff, 0xff, 1, 2, 3, 4]].concat())),
        (Command::ADDRV2, one(2, &[&[0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43][..], &[0; 10]].concat())),
        (Command::ADDRV2, one(3, &[1; 11])),
        (Command::ADDRV2, one(6, &[0xfd; 16])),
        (Command::FILTERLOAD, vec![0, 1, 0, 0, 0, 0, 0, 0, 0, 3]),
        (Command::REJECT, vec![2, b't', b'x', 0x99, 0]),
        (Command::VERSION, version[..46].to_vec()),
    ];
    for (command, bytes) in accepted_by_us_only {
        assert!(decode(command, &bytes).is_ok() && theirs(command, &bytes).is_err(), "{command}: {bytes:x?}");
        assert_eq!(compare(command, &bytes), Ok(()));
    }
    let list = |count: u16, entry: usize| {
        [&[0xfd][..], &count.to_le_bytes(), &vec![0; usize::from(count) * entry]].concat()
    };
    let accepted_by_them_only = [
        (Command::INV, list(50_001, 36)),
        (Command::HEADERS, list(2001, 81)),
        (Command::ADDR, list(1001, 30)),
        (Command::FILTERADD, list(521, 1)),
        (Command::GETHEADERS, [&[0; 4][..], &[102], &[0; 103 * 32]].concat()),
        (Command::GETBLOCKTXN, [&[7; 32][..], &[2, 0xfd, 0xff, 0xff, 0]].concat()),
        (Command::FEATURE, vec![]),
        (Command::SENDTXRCNCL, vec![]),
    ];
    for (command, bytes) in accepted_by_them_only {
        assert!(decode(command, &bytes).is_err() && theirs(command, &bytes).is_ok(), "{command}");
        assert_eq!(compare(command, &bytes), Ok(()));
    }
}
