//! Hosts of `addrv2`: bytes to text and back, and any text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use satwire_core::wire::{AddressV2, NodeHost, Services};

fuzz_target!(|data: &[u8]| {
    if let Some((network, address)) = data.split_first() {
        let entry = AddressV2 { time: 0, services: Services::NONE, network: *network, address, port: 0 };
        if let Some(host) = entry.host() {
            let mut buffer = [0; 32];
            assert_eq!((host.network_id(), host.address(&mut buffer)), (*network, address));
            match (host, host.to_string().parse()) {
                // One prefix is CJDNS's alone.
                (NodeHost::Ipv6(ip), Ok(NodeHost::Cjdns(read))) => {
                    assert!(ip == read && ip.octets()[0] == 0xfc)
                }
                (host, read) => assert_eq!(read, Ok(host)),
            }
        }
    }
    if let Ok(text) = core::str::from_utf8(data)
        && let Ok(host) = text.parse::<NodeHost>()
    {
        assert_eq!(host.to_string().parse(), Ok(host));
        if !matches!(host, NodeHost::Ipv4(_) | NodeHost::Ipv6(_) | NodeHost::Cjdns(_)) {
            assert_eq!(host.to_string(), text.to_ascii_lowercase());
        }
    }
});
