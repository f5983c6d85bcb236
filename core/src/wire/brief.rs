//! The content of a message, in a few words for people.

use core::fmt;

use super::{
    AddrEntry, AddrV2Entry, BlockHash, BlockHeader, FilterRange, InvType, InventoryList, List, Locator,
    Message, Reject, SendCompact, TxView, Version,
};

/// Entries of a list that are named; of the others there is the count alone.
const NAMED: usize = 3;

/// Kinds of inventory that are counted apart.
const KINDS: usize = 8;

/// Characters of a text of the peer's that are shown.
const TEXT: usize = 120;

/// The content of a message, in short: `3 wtx: 0011…, 2233…, 4455…`. Its name is not in it; of a message that says no
/// more than its name it is empty.
///
/// The text is ASCII without control characters and has at most 1000 characters, whatever the message holds: a
/// list is counted, and its first three entries are named.
///
/// ```
/// use satwire_core::wire::Message;
/// assert_eq!(Message::Ping(7).brief().to_string(), "nonce 0000000000000007");
/// assert_eq!(Message::Verack.brief().to_string(), "");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a>(&'a Message<'a>);

impl<'a> Message<'a> {
    /// Returns what the message says in short, to be shown.
    pub const fn brief(&'a self) -> Brief<'a> {
        Brief(self)
    }
}

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Message::Verack
            | Message::Wtxidrelay
            | Message::Sendaddrv2
            | Message::Sendheaders
            | Message::Getaddr
            | Message::Mempool
            | Message::Filterclear
            | Message::Pong(None)
            | Message::Other { .. } => Ok(()),
            Message::Version(version) => put_version(f, version),
            Message::Feature(feature) => {
                write!(f, "{}, {} bytes of data", Text(feature.id), feature.data.len())
            }
            Message::Sendtxrcncl(reconciliation) => write!(f, "version {}", reconciliation.version),
            Message::Sendcmpct(SendCompact { announce, version }) => {
                write!(f, "version {version}, {} bandwidth", if *announce == 1 { "high" } else { "low" })
            }
            Message::Feefilter(rate) => write!(f, "{rate} sat/kvB"),
            Message::Ping(nonce) | Message::Pong(Some(nonce)) => write!(f, "nonce {nonce:016x}"),
            Message::Addr(list) => put_addresses(f, list),
            Message::Addrv2(list) => put_addresses_v2(f, list),
            Message::Inv(list) | Message::Getdata(list) | Message::Notfound(list) => put_inventory(f, list),
            Message::Tx(tx) => put_tx(f, tx),
            Message::Getheaders(locator) | Message::Getblocks(locator) => put_locator(f, locator),
            Message::Headers(list) => put_headers(f, list),
            Message::Block(block) => put_block(f, &block.header, block.transactions.len()),
            Message::Cmpctblock(block) => {
                write!(f, "{}, ", block.header.hash())?;
                write!(f, "{} short ids, {} prefilled", block.short_ids.len(), block.prefilled.len())
            }
            Message::Getblocktxn(request) => {
                write!(f, "{} of {}", Count(request.gaps.len(), "transaction"), request.block)
            }
            Message::Blocktxn(block) => {
                write!(f, "{} of {}", Count(block.transactions.len(), "transaction"), block.block)
            }
            Message::Getcfilters(range) | Message::Getcfheaders(range) => put_range(f, range),
            Message::Cfilter(filter) => {
                write!(f, "type {}, {} bytes of {}", filter.filter_type, filter.filter.len(), filter.block)
            }
            Message::Cfheaders(headers) => {
                let many = Count(headers.hashes.len(), "hash");
                write!(f, "type {}, {many} up to {}", headers.filter_type, headers.stop)
            }
            Message::Getcfcheckpt(request) => {
                write!(f, "type {}, up to {}", request.filter_type, request.stop)
            }
            Message::Cfcheckpt(checkpoint) => {
                let many = Count(checkpoint.headers.len(), "header");
                write!(f, "type {}, {many} up to {}", checkpoint.filter_type, checkpoint.stop)
            }
            Message::Filterload(load) => {
                write!(f, "{} bytes, {} hash functions", load.filter.len(), load.hash_functions)
            }
            Message::Filteradd(element) => write!(f, "{} bytes", element.len()),
            Message::Merkleblock(block) => {
                put_block(f, &block.header, block.transaction_count as usize)?;
                write!(f, ", {}", Count(block.hashes.len(), "hash"))
            }
            Message::Reject(reject) => put_reject(f, reject),
        }
    }
}

fn put_version(f: &mut fmt::Formatter<'_>, version: &Version) -> fmt::Result {
    let Version { version: number, user_agent, start_height, relay, .. } = version;
    write!(f, "{number} {} height {start_height}", Text(user_agent))?;
    if *relay { Ok(()) } else { f.write_str(", relays no transactions") }
}

/// `2 wtx, 1 block: 0011…, 2233…, 4455…`
fn put_inventory(f: &mut fmt::Formatter<'_>, list: &InventoryList<'_>) -> fmt::Result {
    let mut kinds = [(InvType(0), 0); KINDS];
    let mut others = 0;
    for item in list {
        let place = kinds.iter_mut().find(|(kind, count)| *count == 0 || *kind == item.inv_type);
        match place {
            Some((kind, count)) => (*kind, *count) = (item.inv_type, *count + 1),
            None => others += 1,
        }
    }
    if list.is_empty() {
        return f.write_str("0 entries");
    }
    for (i, (kind, count)) in kinds.iter().enumerate().take_while(|(_, (_, count))| *count > 0) {
        write!(f, "{}{count} {kind}", if i == 0 { "" } else { ", " })?;
    }
    if others > 0 {
        write!(f, ", {others} of other types")?;
    }
    put_named(f, list.len(), list.iter().map(|item| item.hash))
}

/// `: one, two, three, …`: the first entries of a list of so many.
fn put_named<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    many: usize,
    entries: impl Iterator<Item = T>,
) -> fmt::Result {
    for (i, entry) in entries.take(NAMED).enumerate() {
        write!(f, "{}{entry}", if i == 0 { ": " } else { ", " })?;
    }
    if many > NAMED { f.write_str(", ...") } else { Ok(()) }
}

fn put_addresses(f: &mut fmt::Formatter<'_>, list: &List<'_, AddrEntry>) -> fmt::Result {
    write!(f, "{}", Count(list.len(), "address"))?;
    let addresses = list
        .iter()
        .map(|entry| core::net::SocketAddr::from((entry.address.ip.to_canonical(), entry.address.port)));
    put_named(f, list.len(), addresses)
}

fn put_addresses_v2(f: &mut fmt::Formatter<'_>, list: &List<'_, AddrV2Entry<'_>>) -> fmt::Result {
    write!(f, "{}", Count(list.len(), "address"))?;
    put_named(f, list.len(), list.iter().map(Place))
}

/// An entry of an `addrv2` as text.
struct Place<'a>(AddrV2Entry<'a>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(AddrV2Entry { network, address, port, .. }) = self;
        match self.0.addr() {
            Some(addr) if *network == 2 || *network == 6 => write!(f, "[{addr}]:{port}"),
            Some(addr) => write!(f, "{addr}:{port}"),
            None => write!(f, "{} bytes of network {network}", address.len()),
        }
    }
}

fn put_tx(f: &mut fmt::Formatter<'_>, tx: &TxView<'_>) -> fmt::Result {
    let (inputs, outputs) = (Count(tx.inputs().len(), "input"), Count(tx.outputs().len(), "output"));
    write!(f, "{}, {} vB, {inputs}, {outputs}", tx.txid(), tx.vsize())
}

fn put_locator(f: &mut fmt::Formatter<'_>, locator: &Locator<'_>) -> fmt::Result {
    write!(f, "{}", Count(locator.hashes.len(), "hash"))?;
    if let Some(first) = locator.hashes.iter().next() {
        write!(f, " from {first} on")?;
    }
    if locator.stop == BlockHash([0; 32]) { Ok(()) } else { write!(f, ", up to {}", locator.stop) }
}

fn put_headers(f: &mut fmt::Formatter<'_>, list: &List<'_, BlockHeader>) -> fmt::Result {
    write!(f, "{}", Count(list.len(), "header"))?;
    put_named(f, list.len(), list.iter().map(|header| header.hash()))
}

fn put_block(f: &mut fmt::Formatter<'_>, header: &BlockHeader, transactions: usize) -> fmt::Result {
    write!(f, "{}, {}", header.hash(), Count(transactions, "transaction"))
}

fn put_range(f: &mut fmt::Formatter<'_>, range: &FilterRange) -> fmt::Result {
    write!(f, "type {}, height {} up to {}", range.filter_type, range.start_height, range.stop)
}

fn put_reject(f: &mut fmt::Formatter<'_>, reject: &Reject<'_>) -> fmt::Result {
    write!(f, "{} {:#04x} {}", Text(reject.command), reject.code, Text(reject.reason))?;
    reject.hash.map_or(Ok(()), |hash| write!(f, " {hash}"))
}

/// The start of a text of the peer's: what is printable of it.
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printable = self.0.iter().filter(|byte| matches!(byte, b' '..=b'~'));
        for (i, byte) in printable.enumerate() {
            if i == TEXT {
                return f.write_str("...");
            }
            fmt::Write::write_char(f, char::from(*byte))?;
        }
        Ok(())
    }
}

/// `1 hash`, `2 hashes`.
struct Count(usize, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = match self.0 {
            1 => "",
            _ if self.1.ends_with(['s', 'h']) => "es",
            _ => "s",
        };
        write!(f, "{} {}{plural}", self.0, self.1)
    }
}
