//! Addresses and entries of a table as bytes: see [`saved`](super::saved).

use alloc::vec::Vec;

use super::entry::Entry;
use super::{AddrPort, Source};
use crate::wire::{AddrV2, AddrV2Entry, Error, Reader, Services, put_compact_size};

/// The longest entry, in bytes: time 4, services 9, address 35, source 33, success and try 8, attempts 1.
pub(super) const MAX_ENTRY: usize = 90;

/// Stands where an address has its network, before a [`Source::Seed`].
const SEED: u8 = 0;

pub(super) fn put_addr(out: &mut Vec<u8>, addr: &AddrV2) {
    out.push(addr.network_id());
    out.extend_from_slice(addr.address(&mut [0; 32]));
}

pub(super) fn put_addr_port(out: &mut Vec<u8>, addr: &AddrPort) {
    put_addr(out, &addr.addr);
    out.extend_from_slice(&addr.port.to_be_bytes());
}

pub(super) fn put_entry(out: &mut Vec<u8>, entry: &Entry) {
    out.extend_from_slice(&entry.time.to_le_bytes());
    put_compact_size(out, entry.services.0);
    put_addr_port(out, &entry.addr);
    match &entry.source {
        Source::Addr(addr) => put_addr(out, addr),
        Source::Seed(name) => {
            out.push(SEED);
            out.extend_from_slice(name);
        }
    }
    out.extend_from_slice(&entry.last_success.to_le_bytes());
    out.extend_from_slice(&entry.last_try.to_le_bytes());
    out.push(entry.attempts);
}

pub(super) fn read_addr(reader: &mut Reader<'_>) -> Result<AddrV2, Error> {
    let network = reader.u8()?;
    read_addr_of(network, reader)
}

fn read_addr_of(network: u8, reader: &mut Reader<'_>) -> Result<AddrV2, Error> {
    let length = match network {
        1 => 4,
        2 | 6 => 16,
        _ => 32,
    };
    let address = reader.bytes(length)?;
    let entry = AddrV2Entry { time: 0, services: Services::NONE, network, address, port: 0 };
    entry.addr().ok_or(Error::AddressLength { network, length, expected: 0 })
}

pub(super) fn read_addr_port(reader: &mut Reader<'_>) -> Result<AddrPort, Error> {
    Ok(AddrPort { addr: read_addr(reader)?, port: reader.u16_be()? })
}

/// Reads an entry, which has no place yet.
pub(super) fn read_entry(reader: &mut Reader<'_>) -> Result<Entry, Error> {
    let time = reader.u32()?;
    let services = Services(reader.compact_u64()?);
    let addr = read_addr_port(reader)?;
    let source = match reader.u8()? {
        SEED => Source::Seed(reader.array()?),
        network => Source::Addr(read_addr_of(network, reader)?),
    };
    Ok(Entry {
        addr,
        source,
        services,
        time,
        last_success: reader.u32()?,
        last_try: reader.u32()?,
        last_counted: 0,
        attempts: reader.u8()?,
        places: 0,
        is_tried: false,
    })
}
