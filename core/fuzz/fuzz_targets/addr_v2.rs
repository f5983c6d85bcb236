//! Hosts of `addrv2`: bytes to text and back, and any text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use satwire_core::wire::{AddrV2Entry, AddrV2, Services};

fuzz_target!(|data: &[u8]| {
    if let Some((network, address)) = data.split_first() {
        let entry = AddrV2Entry { time: 0, services: Services::NONE, network: *network, address, port: 0 };
        if let Some(addr) = entry.addr() {
            let mut buffer = [0; 32];
            assert_eq!((addr.network_id(), addr.address(&mut buffer)), (*network, address));
            match (addr, addr.to_string().parse()) {
                // One prefix is CJDNS's alone.
                (AddrV2::Ipv6(ip), Ok(AddrV2::Cjdns(read))) => {
                    assert!(ip == read && ip.octets()[0] == 0xfc)
                }
                (addr, read) => assert_eq!(read, Ok(addr)),
            }
        }
    }
    if let Ok(text) = core::str::from_utf8(data)
        && let Ok(addr) = text.parse::<AddrV2>()
    {
        assert_eq!(addr.to_string().parse(), Ok(addr));
        if !matches!(addr, AddrV2::Ipv4(_) | AddrV2::Ipv6(_) | AddrV2::Cjdns(_)) {
            assert_eq!(addr.to_string(), text.to_ascii_lowercase());
        }
    }
});
