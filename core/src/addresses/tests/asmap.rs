//! The interpreter of the asmap, and what it refuses.

use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use super::super::{Asmap, AsmapError, AsmapFault, Draw, MAX_ASMAP_BYTES};

/// Bitcoin Core `src/test/netbase_tests.cpp` `asmap_test_vectors`: 128 random ranges.
const CORE_ASMAP: &str = "\
    fd38d50f7d5d665357f64bba6bfc190d6078a7e68e5d3ac032edf47f8b5755f87881bfd3633d9aa7c1fa279b3\
    6fe26c63bbc9de44e0f04e5a382d8e1cddbe1c26653bc939d4327f287e8b4d1f8aff33176787cb0ff7cb28e3f\
    daef0f8f47357f801c9f7ff7a99f7f9c9f99de7f3156ae00f23eb27a303bc486aa3ccc31ec19394c2f8a53ddd\
    ea3cc56257f3b7e9b1f488be9c1137db823759aa4e071eef2e984aaf97b52d5f88d0f373dd190fe45e06efef1\
    df7278be680a73a74c76db4dd910f1d30752c57fe2bc9f079f1a1e1b036c2a69219f11c5e11980a3fa51f4f82\
    d36373de73b1863a8c27e36ae0e4f705be3d76ecff038a75bc0f92ba7e7f6f4080f1c47c34d095367ecf4406c\
    1e3bbc17ba4d6f79ea3f031b876799ac268b1e0ea9babf0f9a8e5f6c55e363c6363df46afc696d7afceaf49b6\
    e62df9e9dc27e70664cafe5c53df66dd0b8237678ada90e73f05ec60e6f6e96c3cbb1ea2f9dece115d5bdba10\
    33e53662a7d72a29477b5beb35710591d3e23e5f0379baea62ffdee535bcdf879cbf69b88d7ea37c8015381cf\
    63dc33d28f757a4a5e15d6a08";

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

pub(super) fn core_asmap() -> Vec<u8> {
    unhex(CORE_ASMAP)
}

/// Writes programs: instructions as bits, the lowest of each byte first.
#[derive(Default)]
pub(super) struct Program(Vec<bool>);

impl Program {
    fn bits(mut self, bits: &str) -> Self {
        self.0.extend(bits.chars().filter(|bit| *bit != ' ').map(|bit| bit == '1'));
        self
    }

    /// A number of the coding of `Bits::number`.
    fn number(mut self, min: u32, sizes: core::ops::RangeInclusive<u8>, value: u32) -> Self {
        let mut rest = value - min;
        let last = *sizes.end();
        for size in sizes {
            if rest < 1 << size {
                if size != last {
                    self.0.push(false);
                }
                self.0.extend((0..size).rev().map(|bit| rest >> bit & 1 == 1));
                return self;
            }
            rest -= 1 << size;
            self.0.push(true);
        }
        panic!("{value} is too large");
    }

    fn returns(self, asn: u32) -> Self {
        self.bits("0").number(1, 15..=24, asn)
    }

    fn jump(self, bits: u32) -> Self {
        self.bits("10").number(17, 5..=30, bits)
    }

    fn matches(self, pattern: u32) -> Self {
        self.bits("110").number(2, 1..=8, pattern)
    }

    fn falls_back_to(self, asn: u32) -> Self {
        self.bits("111").number(1, 15..=24, asn)
    }

    fn bytes(self) -> Vec<u8> {
        let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        self.0.chunks(8).map(byte).collect()
    }

    fn fault(self) -> AsmapFault {
        match Asmap::new(&self.bytes()) {
            Err(AsmapError::Malformed { fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    }
}

/// A map in which `first/bits` belongs to an autonomous system, and everything else to `rest`.
pub(super) fn one_prefix(first: u128, bits: u32, asn: u32, rest: u32) -> Vec<u8> {
    let mut program = Program::default().falls_back_to(rest);
    let mut done = 0;
    while done < bits {
        let length = (bits - done).min(8);
        let bits_of_it = (first >> (128 - done - length)) as u32 & ((1 << length) - 1);
        program = program.matches(1 << length | bits_of_it);
        done += length;
    }
    program.returns(asn).bytes()
}

#[test]
fn d19_the_vectors_of_bitcoin_core() {
    let map = Asmap::new(&core_asmap()).expect("Bitcoin Core takes it");
    for (ip, asn) in [
        ("0:1559:183:3728:224c:65a5:62e6:e991", 961_340),
        ("d0:d493:faa0:8609:e927:8b75:293c:f5a4", 961_340),
        ("2a0:26f:8b2c:2ee7:c7d1:3b24:4705:3f7f", 693_761),
        ("a77:7cd4:4be5:a449:89f2:3212:78c6:ee38", 0),
        ("1336:1ad6:2f26:4fe3:d809:7321:6e0d:4615", 672_176),
        ("1d56:abd0:a52f:a8d5:d5a7:a610:581d:d792", 499_880),
        ("378e:7290:54e5:bd36:4760:971c:e9b9:570d", 0),
        ("406c:820b:272a:c045:b74e:fc0a:9ef2:cecc", 248_495),
        ("46c2:ae07:9d08:2d56:d473:2bc7:57e3:20ac", 248_495),
        ("50d2:3db6:52fa:2e7:12ec:5bc4:1bd1:49f9", 124_471),
        ("53e1:1812:ffa:dccf:f9f2:64be:75fa:795", 539_993),
        ("544d:eeba:3990:35d1:ad66:f9a3:576d:8617", 374_443),
        ("6a53:40dc:8f1d:3ffa:efeb:3aa3:df88:b94b", 435_070),
        ("87aa:d1c9:9edb:91e7:aab1:9eb9:baa0:de18", 244_121),
        ("9f00:48fa:88e3:4b67:a6f3:e6d2:5cc1:5be2", 862_116),
        ("c49f:9cc6:86ad:ba08:4580:315e:dbd1:8a62", 969_411),
        ("dff5:8021:61d:b17d:406d:7888:fdac:4a20", 969_411),
        ("e888:6791:2960:d723:bcfd:47e1:2d8c:599f", 824_019),
        ("ffff:d499:8c4b:4941:bc81:d5b9:b51e:85a8", 824_019),
    ] {
        let address: Ipv6Addr = ip.parse().unwrap();
        assert_eq!(map.asn(address.octets()), Some(asn).filter(|asn| *asn != 0), "{ip}");
    }
}

/// The one that Bitcoin Core's `asmap_sanity_check_input_length_monotonicity` has: it looks at no bit.
#[test]
fn d19_a_map_that_looks_at_nothing() {
    let map = Asmap::new(&[0, 0, 0]).expect("RETURN 1, and zeros");
    assert_eq!((map.asn([0; 16]), map.asn([0xff; 16])), (Some(1), Some(1)));
}

#[test]
fn d19_each_instruction() {
    // The first bit decides: 0 → 5; 1 → 70,000 for 101…, else 9.
    let small = Program::default().returns(5).0.len() as u32;
    let jump = Program::default().jump(17).returns(5);
    assert_eq!(small, 17, "the jump is over as many bits");
    let map = jump.falls_back_to(9).matches(0b101).returns(70_000).bytes();
    let map = Asmap::new(&map).unwrap();
    for (first, asn) in
        [(0x00, 5), (0x7f, 5), (0x80, 9), (0xa0, 70_000), (0xbf, 70_000), (0xc0, 9), (0xff, 9)]
    {
        let mut address = [0; 16];
        address[0] = first;
        assert_eq!(map.asn(address), Some(asn), "{first:02x}");
    }
    let map = Asmap::new(&one_prefix(0x2a00 << 112, 16, 64_500, 7)).unwrap();
    assert_eq!(map.asn("2a00::1".parse::<Ipv6Addr>().unwrap().octets()), Some(64_500));
    assert_eq!(map.asn("2a01::1".parse::<Ipv6Addr>().unwrap().octets()), Some(7));
}

#[test]
fn d19_what_bitcoin_core_refuses_is_refused() {
    let program = Program::default;
    assert_eq!(program().fault(), AsmapFault::Cut);
    assert_eq!(program().falls_back_to(3).returns(3).fault(), AsmapFault::NotShortest);
    assert_eq!(program().falls_back_to(3).falls_back_to(4).fault(), AsmapFault::NotShortest);
    assert_eq!(program().matches(0b10).matches(0b10).returns(1).fault(), AsmapFault::NotShortest);
    assert_eq!(program().jump(18).returns(5).bits("0").returns(6).fault(), AsmapFault::Unreachable);
    assert_eq!(program().jump(17).jump(17).returns(5).returns(6).returns(7).fault(), AsmapFault::JumpTooFar);
    assert_eq!(program().jump(1 << 20).returns(5).fault(), AsmapFault::JumpTooFar);
    assert_eq!(program().matches(0b10).fault(), AsmapFault::Cut);
    assert_eq!(program().jump(17).falls_back_to(100).returns(6).fault(), AsmapFault::JumpIntoMiddle);
    assert_eq!(program().returns(5).bits("0000 0000").fault(), AsmapFault::Padding);
    assert_eq!(program().returns(5).bits("1").fault(), AsmapFault::Padding);
    let too_many = (0..17).fold(program(), |program, _| program.matches(0b1_0000_0000));
    assert_eq!(too_many.returns(5).fault(), AsmapFault::TooManyBits);
    let limit = MAX_ASMAP_BYTES;
    let long = Asmap::new(&vec![0; limit + 1]);
    assert_eq!(long, Err(AsmapError::TooLong { bytes: limit + 1, limit }));
}

/// Cut or changed anywhere: refused, or a map that answers for every address.
#[test]
fn d19_a_corrupt_file_is_refused_or_harmless() {
    let bytes = core_asmap();
    let mut draw = Draw::new(1);
    let mut try_it = |bytes: &[u8]| match Asmap::new(bytes) {
        Ok(map) => {
            for _ in 0..100 {
                let [a, b] = [draw.next(), draw.next()].map(u128::from);
                let _ = map.asn((a << 64 | b).to_be_bytes());
            }
            false
        }
        Err(error) => {
            assert!(alloc::format!("{error}").starts_with("not an asmap file: "));
            true
        }
    };
    for len in 0..bytes.len() {
        assert!(try_it(&bytes[..len]), "cut after {len} bytes");
    }
    let changed = |bit: &usize| {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        changed
    };
    let refused = (0..8 * bytes.len()).filter(|bit| try_it(&changed(bit))).count();
    assert!(refused > 3 * bytes.len(), "{refused} of {} bits", 8 * bytes.len());
    for seed in 0..2000 {
        let mut draw = Draw::new(seed);
        let noise: Vec<u8> = (0..draw.below(40)).map(|_| draw.next() as u8).collect();
        try_it(&noise);
    }
}
