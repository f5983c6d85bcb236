//! Published cases, typed in with their source.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::made::decode;
use crate::payload;
use satwire_core::wire::{
    AddrV2, AddrV2Entry, Command, CompactBlockError, Error, List, Message, ParseAddrV2Error, Services,
    TxError, TxView,
};

fn hex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0);
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

/// An `addrv2` of one entry with this network, length and address.
fn addrv2(address: &str) -> Vec<u8> {
    [&[1, 0, 0, 0, 0, 0][..], &hex(address), &[0x20, 0x8d]].concat()
}

/// The one entry of such a message.
fn addr(address: &str) -> Result<Option<AddrV2>, Error> {
    let payload = addrv2(address);
    let Message::Addrv2(list) = decode(Command::ADDRV2, &payload)? else { panic!("not an addrv2") };
    assert_eq!((list.len(), list.iter().next().unwrap().port), (1, 8333));
    let known = list.known().next().map(|known| known.addr);
    assert_eq!(known, list.iter().next().unwrap().addr());
    Ok(known)
}

/// Bitcoin Core `src/test/netbase_tests.cpp` `stream_addrv2_hex` (and BIP155's layout).
#[test]
fn core_stream_addrv2() {
    let bytes = hex(concat!(
        "03",
        "61bc6649000210000000000000000000000000000000010000",
        "796276830102100000000000000000000000000000000100f1",
        "fffffffffd4804021000000000000000000000000000000001f1f2",
    ));
    let decoded = decode(Command::ADDRV2, &bytes).unwrap();
    assert_eq!(payload(&decoded), bytes);
    let Message::Addrv2(list) = decoded else { panic!("not an addrv2") };
    let loopback = Ipv6Addr::LOCALHOST.octets();
    let entry = |time, services, port| AddrV2Entry {
        time,
        services: Services(services),
        network: 2,
        address: &loopback,
        port,
    };
    // WITNESS, COMPACT_FILTERS, NETWORK_LIMITED.
    let expected = [entry(0x4966_bc61, 0, 0), entry(0x8376_6279, 1, 0xf1), entry(0xffff_ffff, 0x448, 0xf1f2)];
    assert!(list.iter().eq(expected));
    let mut buffer = Vec::new();
    assert_eq!(List::build(&mut buffer, expected), list);
    assert!(list.known().all(|known| known.addr == AddrV2::Ipv6(Ipv6Addr::LOCALHOST)));
}

/// Bitcoin Core `src/test/net_tests.cpp` `cnetaddr_unserialize_v2`: those that are valid, with their text.
#[test]
fn core_addresses_that_are_valid() {
    let tor = "79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f";
    let i2p = "a2894dabaec08c0051a481a6dac88b64f98232ae42d4b6fd2fa81952dfe36a87";
    let cases = [
        ("010401020304", AddrV2::Ipv4(Ipv4Addr::new(1, 2, 3, 4)), "1.2.3.4"),
        (
            "02100102030405060708090a0b0c0d0e0f10",
            AddrV2::Ipv6(Ipv6Addr::new(0x102, 0x304, 0x506, 0x708, 0x90a, 0xb0c, 0xd0e, 0xf10)),
            "102:304:506:708:90a:b0c:d0e:f10",
        ),
        (
            &format!("0420{tor}"),
            AddrV2::TorV3(array(tor)),
            "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
        ),
        (
            &format!("0520{i2p}"),
            AddrV2::I2p(array(i2p)),
            "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p",
        ),
        (
            "0610fc000001000200030004000500060007",
            AddrV2::cjdns(array("fc000001000200030004000500060007")).unwrap(),
            "fc00:1:2:3:4:5:6:7",
        ),
        // `cnetaddr_serialize_v2`.
        (
            "042053cd5648488c4707914182655b7664034e09e66f7e8cbf1084e654eb56c5bd88",
            AddrV2::TorV3(array("53cd5648488c4707914182655b7664034e09e66f7e8cbf1084e654eb56c5bd88")),
            "kpgvmscirrdqpekbqjsvw5teanhatztpp2gl6eee4zkowvwfxwenqaid.onion",
        ),
    ];
    for (bytes, expected, text) in cases {
        assert_eq!(addr(bytes), Ok(Some(expected)), "{text}");
        assert_eq!(expected.to_string(), text);
        assert_eq!(text.parse(), Ok(expected));
        assert_eq!(text.to_uppercase().parse(), Ok(expected));
        let mut buffer = [0; 32];
        let address = expected.address(&mut buffer);
        assert_eq!([&[expected.network_id(), address.len() as u8], address].concat(), hex(bytes), "{text}");
    }
}

/// The same test's addresses that are read and passed over, and those that are malformed.
#[test]
fn core_addresses_that_are_not() {
    for passed_over in [
        // Bitcoin Core's internal names; embedded IPv4; embedded TorV2; TorV2.
        "0210fd6b88c08724ca978112ca1bbdcafac2",
        "021000000000000000000000ffff01020304",
        "0210fd87d87eeb430102030405060708090a",
        "030af1f2f3f4f5f6f7f8f9fa",
        // CJDNS with another prefix; unknown networks.
        "0610aa000001000200030004000500060007",
        "aa0401020304",
        "aa00",
        // Nobody's, by `src/netaddress.cpp` `IsValid`: 0.0.0.0, 255.255.255.255, ::, 2001:db8::/32.
        "010400000000",
        "0104ffffffff",
        "021000000000000000000000000000000000",
        "021020010db8000000000000000000000001",
    ] {
        assert_eq!(addr(passed_over), Ok(None), "{passed_over}");
    }
    for (network, length, expected) in [(1, 5, 4), (2, 4, 16), (4, 0, 32), (5, 3, 32), (6, 1, 16)] {
        let bytes = format!("{network:02x}{length:02x}0000000000");
        assert_eq!(addr(&bytes), Err(Error::AddressLength { network, length, expected }), "{bytes}");
    }
    assert_eq!(addr("aafe0000000201020304050607"), Err(Error::TooLong { length: 33_554_432, limit: 512 }));
}

/// F9, as Bitcoin Core's `test/functional/p2p_invalid_messages.py` `test_addrv2_unrecognized_network` sends it.
#[test]
fn f9_an_unknown_network_is_passed_over_and_the_next_entry_read() {
    let bytes = hex("0261bc6649019902abcd208d61bc6649010104090909092093");
    let decoded = decode(Command::ADDRV2, &bytes).unwrap();
    assert_eq!(payload(&decoded), bytes);
    let Message::Addrv2(list) = decoded else { panic!("not an addrv2") };
    assert_eq!(list.len(), 2);
    let known: Vec<_> = list.known().collect();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].addr, AddrV2::Ipv4(Ipv4Addr::new(9, 9, 9, 9)));
    assert_eq!((known[0].time, known[0].services, known[0].port), (0x4966_bc61, Services::NETWORK, 0x2093));
}

/// Tor's checksum and version, and lengths; Bitcoin Core `src/test/net_tests.cpp` `cnetaddr_basic`.
#[test]
fn texts_that_are_no_hosts() {
    let base32 = |expected| Err(ParseAddrV2Error::Base32 { expected });
    let cases = [
        // Wrong checksum.
        ("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscsad.onion", Err(ParseAddrV2Error::Checksum)),
        // Wrong version.
        ("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscrye.onion", Err(ParseAddrV2Error::Version(4))),
        // Not base32, with a colon in it, with a letter more, one less; TorV2.
        ("mfrggzak.onion", base32(56)),
        ("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscry1.onion", base32(56)),
        ("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryda.onion", base32(56)),
        ("6hzph5hv6337r6p2.onion", base32(56)),
        // I2P: a letter less, bits set that mean nothing.
        ("udhdrtrcetjm5sxzskjyr5ztpeszydbh4dpl3pl4utgqqw2v4jn.b32.i2p", base32(52)),
        ("ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdr.b32.i2p", base32(52)),
        ("", Err(ParseAddrV2Error::Form)),
        (".onion", base32(56)),
        ("node.example", Err(ParseAddrV2Error::Form)),
        ("1.2.3.4:8333", Err(ParseAddrV2Error::Form)),
        ("1.2.3", Err(ParseAddrV2Error::Form)),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<AddrV2>(), error, "{text}");
    }
    assert_eq!("::ffff:1.2.3.4".parse(), Ok(AddrV2::Ipv4(Ipv4Addr::new(1, 2, 3, 4))));
}

/// A transaction by its parts.
fn tx(inputs: &[(u8, u32, &[u8])], outputs: &[i64]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, inputs.len() as u8];
    for (txid, vout, script) in inputs {
        bytes.extend_from_slice(&[*txid; 32]);
        bytes.extend_from_slice(&vout.to_le_bytes());
        bytes.push(script.len() as u8);
        bytes.extend_from_slice(script);
        bytes.extend_from_slice(&[0xff; 4]);
    }
    bytes.push(outputs.len() as u8);
    for value in outputs {
        bytes.extend_from_slice(&value.to_le_bytes());
        bytes.push(0);
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

/// An input that spends nothing.
const fn null(script: &[u8]) -> (u8, u32, &[u8]) {
    (0, u32::MAX, script)
}

/// T18: one transaction for each reject reason of Bitcoin Core's `src/consensus/tx_check.cpp`, and the
/// order in which they are found.
#[test]
fn t18_check_transaction() {
    let money: i64 = 21_000_000 * 100_000_000;
    let spend = (7, 0, &b""[..]);
    let (short, long) = ([0; 1], [0; 101]);
    // Without inputs the marker of segwit would follow: the only such transaction that can be sent is empty.
    let cases = [
        (vec![2, 0, 0, 0, 0, 0, 0, 0, 0, 0], "bad-txns-vin-empty"),
        (tx(&[spend], &[]), "bad-txns-vout-empty"),
        (tx(&[spend], &[-1]), "bad-txns-vout-negative"),
        (tx(&[spend], &[i64::MIN]), "bad-txns-vout-negative"),
        (tx(&[spend], &[money + 1]), "bad-txns-vout-toolarge"),
        (tx(&[spend], &[i64::MAX]), "bad-txns-vout-toolarge"),
        (tx(&[spend], &[money, 1]), "bad-txns-txouttotal-toolarge"),
        (tx(&[spend, (8, 0, b""), spend], &[1]), "bad-txns-inputs-duplicate"),
        (tx(&[null(&short)], &[1]), "bad-cb-length"),
        (tx(&[null(&long)], &[1]), "bad-cb-length"),
        (tx(&[spend, null(b"")], &[1]), "bad-txns-prevout-null"),
        (tx(&[null(b"\0\0")], &[1]), "coinbase"),
        // The first finding counts.
        (tx(&[spend, spend], &[]), "bad-txns-vout-empty"),
        (tx(&[spend, spend], &[-1]), "bad-txns-vout-negative"),
        (tx(&[spend, spend], &[money + 1, -1]), "bad-txns-vout-toolarge"),
        (tx(&[null(b""), null(b"")], &[1]), "bad-txns-inputs-duplicate"),
    ];
    for (bytes, reason) in cases {
        let fault = TxView::decode(&bytes).unwrap().check_loose().unwrap_err();
        assert_eq!(fault.to_string(), reason, "{bytes:x?}");
    }
    for good in [
        tx(&[spend], &[0]),
        tx(&[spend, (7, 1, b""), (8, 0, b"")], &[money - 1, 1]),
        // Null is both: the txid and the index.
        tx(&[(0, 0, b""), (7, u32::MAX, b"")], &[money]),
    ] {
        assert_eq!(TxView::decode(&good).unwrap().check_loose(), Ok(()));
    }
    for coinbase in [tx(&[null(b"\0\0")], &[1]), tx(&[null(&long[..100])], &[1])] {
        assert_eq!(TxView::decode(&coinbase).unwrap().check(), Ok(()));
    }
}

/// One byte above a million without witnesses is too large; witnesses do not count.
#[test]
fn t18_oversize() {
    let with_script = |len: u32, witness: bool| {
        let mut bytes = vec![2, 0, 0, 0];
        bytes.extend_from_slice(if witness { &[0, 1] } else { &[] });
        bytes.push(1);
        bytes.extend_from_slice(&[7; 36]);
        bytes.push(0xfe);
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.resize(bytes.len() + len as usize, 0);
        bytes.extend_from_slice(&[0xff; 4]);
        bytes.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(if witness { &[1, 3, 9, 9, 9] } else { &[] });
        bytes.extend_from_slice(&[0; 4]);
        bytes
    };
    let rest = with_script(0x1_0000, false).len() as u32 - 0x1_0000;
    for witness in [false, true] {
        let largest = with_script(1_000_000 - rest, witness);
        assert_eq!(TxView::decode(&largest).unwrap().stripped_size(), 1_000_000);
        assert_eq!(TxView::decode(&largest).unwrap().check(), Ok(()));
        let larger = with_script(1_000_001 - rest, witness);
        assert_eq!(TxView::decode(&larger).unwrap().check(), Err(TxError::Oversize));
    }
}

/// T19, as Bitcoin Core's `test/functional/p2p_segwit.py`: flags, witnesses for nobody, too few of them.
#[test]
fn t19_witness_forms() {
    let input = "0707070707070707070707070707070707070707070707070707070707070707000000000000000000";
    let output = "010000000000000000";
    let tx =
        |flag: &str, witness: &str| hex(&format!("0200000000{flag}01{input}01{output}{witness}00000000"));
    let result =
        |flag: &str, witness: &str| TxView::decode(&tx(flag, witness)).map(|tx| tx.witnesses().len());
    assert_eq!(result("01", "010109"), Ok(1));
    assert_eq!(result("01", "0100"), Ok(1));
    assert_eq!(result("01", "00"), Err(Error::SuperfluousWitness));
    assert_eq!(result("03", "010109"), Err(Error::UnknownTxFlag(2)));
    assert_eq!(result("02", ""), Err(Error::UnknownTxFlag(2)));
    assert!(matches!(result("01", ""), Err(Error::SuperfluousWitness)));
    // Two inputs and one stack; no input at all.
    let short = hex(&format!("02000000000102{input}{input}01{output}01010900000000"));
    assert!(matches!(
        TxView::decode(&short),
        Err(Error::CountBeyondPayload { .. } | Error::Truncated { .. })
    ));
    assert_eq!(TxView::decode(&hex("020000000001000000000000")).err(), Some(Error::SuperfluousWitness));
}

/// B7 and Bitcoin Core `src/blockencodings.cpp` `InitData`: what makes a `cmpctblock` an offence.
#[test]
fn b7_compact_blocks_that_nobody_makes() {
    let tx = hex(&format!("0200000001{}0000000000ffffffff0100000000000000000000000000", "07".repeat(32)));
    let empty = vec![2, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let check = |bits: u8, short_ids: u8, prefilled: &[(u8, &[u8])]| {
        let mut bytes = vec![7; 72];
        bytes.extend_from_slice(&[bits; 4]);
        bytes.extend_from_slice(&[7; 4 + 8]);
        bytes.push(short_ids);
        bytes.resize(bytes.len() + 6 * usize::from(short_ids), 1);
        bytes.push(prefilled.len() as u8);
        for (gap, tx) in prefilled {
            bytes.push(*gap);
            bytes.extend_from_slice(tx);
        }
        let Ok(Message::Cmpctblock(block)) = decode(Command::CMPCTBLOCK, &bytes) else { panic!("malformed") };
        block.check()
    };
    let tx = &tx[..];
    assert_eq!(check(1, 1, &[]), Ok(()));
    assert_eq!(check(1, 0, &[(0, tx)]), Ok(()));
    assert_eq!(check(1, 3, &[(0, tx), (3, tx)]), Ok(()));
    assert_eq!(check(0, 1, &[]), Err(CompactBlockError::NullHeader));
    assert_eq!(check(1, 0, &[]), Err(CompactBlockError::Empty));
    assert_eq!(check(1, 1, &[(0, &empty)]), Err(CompactBlockError::NullTransaction { index: 0 }));
    assert_eq!(check(1, 1, &[(2, tx)]), Err(CompactBlockError::IndexOutOfRange { index: 2, limit: 1 }));
    assert_eq!(
        check(1, 3, &[(0, tx), (4, tx)]),
        Err(CompactBlockError::IndexOutOfRange { index: 5, limit: 4 })
    );
}
