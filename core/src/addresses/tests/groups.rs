//! Network groups: Bitcoin Core's `src/test/netbase_tests.cpp` `netbase_getgroup`, and what is ours.

use super::super::{Asmap, NetGroups, Source};
use super::addr;
use super::asmap::one_prefix;

const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
const I2P: &str = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p";

fn group(groups: &NetGroups, text: &str) -> alloc::vec::Vec<u8> {
    groups.of(&addr(text)).as_bytes().into()
}

#[test]
fn d7_the_groups_of_bitcoin_core() {
    let groups = NetGroups::default();
    for (text, bytes) in [
        ("127.0.0.1", &[0][..]),
        ("10.0.0.1", &[0]),
        ("169.254.1.1", &[0]),
        ("1.2.3.4", &[1, 1, 2]),
        ("::ffff:0:102:304", &[1, 1, 2]),
        ("64:ff9b::102:304", &[1, 1, 2]),
        ("2002:102:304:9999:9999:9999:9999:9999", &[1, 1, 2]),
        ("2001:0:9999:9999:9999:9999:fefd:fcfb", &[1, 1, 2]),
        ("2001:470:abcd:9999:9999:9999:9999:9999", &[2, 32, 1, 4, 112, 175]),
        ("2001:2001:9999:9999:9999:9999:9999:9999", &[2, 32, 1, 32, 1]),
        (ONION, &[3, 0x7f]),
        (I2P, &[4, 0xaf]),
        ("fc12:3456::1", &[5, 0xfc, 0x1f]),
    ] {
        assert_eq!(group(&groups, text), bytes, "{text}");
    }
    let seed = groups.of_source(&Source::seed("baz.net"));
    assert_eq!(seed.as_bytes(), [6, 0x12, 0x92, 0x94, 0x00, 0xeb, 0x46, 0x07, 0xc4, 0xac, 0x07]);
}

#[test]
fn d7_loopback_is_routable_only_if_asked_for() {
    let mut groups = NetGroups::default();
    assert!(!groups.is_routable(&addr("127.3.0.1")));
    groups.routable_loopback = true;
    assert!(groups.is_routable(&addr("127.3.0.1")) && !groups.is_routable(&addr("10.0.0.1")));
    assert_eq!(group(&groups, "127.3.0.1"), [1, 127, 3]);
    assert_eq!(group(&groups, "127.4.200.1"), [1, 127, 4]);
    for text in [ONION, I2P, "fc12::1"] {
        assert!(NetGroups::default().is_routable(&addr(text)), "{text}");
    }
}

/// The map groups IPv4 and IPv6 alike, tunnels by their IPv4 address, and nothing else; what it does not know is
/// grouped by prefixes.
#[test]
fn d19_the_map_groups_by_autonomous_system() {
    // 8.0.0.0/8, as ::ffff:8.0.0.0/104, belongs to 64,500; 0 stands for nobody, so everything else is not known.
    let mut groups = NetGroups::default();
    let first = 0xffff_u128 << 32 | 8 << 24;
    let map = one_prefix(first, 104, 64_500, 65_000);
    groups.asmap = Some(Asmap::new(&map).unwrap());
    let asn = |n: u32| {
        let [a, b, c, d] = n.to_le_bytes();
        [2, a, b, c, d]
    };
    assert_eq!(group(&groups, "8.8.8.8"), asn(64_500));
    assert_eq!(group(&groups, "8.200.8.8"), asn(64_500));
    assert_eq!(group(&groups, "2002:808:808::1"), asn(64_500));
    assert_eq!(group(&groups, "9.9.9.9"), asn(65_000));
    assert_eq!(group(&groups, "2a00::1"), asn(65_000));
    assert_eq!(group(&groups, ONION), [3, 0x7f]);
    assert_eq!(group(&groups, "10.0.0.1"), [0]);
    assert_eq!((groups.asn(&addr("8.8.8.8")), groups.asn(&addr(ONION))), (Some(64_500), None));

    let map = super::asmap::core_asmap();
    groups.asmap = Some(Asmap::new(&map).unwrap());
    // An address for which the map has 0.
    assert_eq!(group(&groups, "a77:7cd4:4be5:a449:89f2:3212:78c6:ee38"), [2, 0x0a, 0x77, 0x7c, 0xd4]);
}
