//! The bytes of a message with labels: which of them say what.

use core::fmt::{self, Display};
use core::ops::ControlFlow;

use super::brief::Text;
use super::{
    AddrV2Entry, BlockHeader, CompactBlock, Error, FilterHeaders, Header, InventoryList, List, Locator,
    MerkleBlock, Message, NetAddress, Reader, Reject, Services, TxView, Version, compact_size_len, sha256d,
};

/// A part of a message that means one thing.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Field<'a> {
    /// Where it starts, in bytes from the first byte of the message's header.
    pub offset: usize,
    /// Its bytes, as they are sent.
    pub bytes: &'a [u8],
    /// Its name, with the place in its list: `inventory[0].hash`.
    pub name: &'a dyn Display,
    /// The meaning of the bytes: ASCII without control characters, at most 1000 characters. Empty where only the bytes
    /// can be shown.
    pub value: &'a dyn Display,
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} = {}", self.offset, self.name, self.value)
    }
}

/// Labels the bytes of a whole message, header and payload, as it is sent: hands its fields to `each`, in their order,
/// until that breaks off. The fields lie side by side, and together they are all of `message`.
///
/// They come from the message as [`Message::decode`] reads it. The payload of a message that nobody has decoded (a
/// command that is not known, a checksum that is wrong, a payload that is malformed) is one field, and so is what
/// stands after a message. Transactions of a block are a field each.
///
/// # Errors
/// The fault of a payload that is malformed.
///
/// ```
/// use core::ops::ControlFlow;
/// use satwire_core::{Network, wire};
///
/// let (mut ping, mut labels) = (Vec::new(), Vec::new());
/// wire::encode_ping(&mut ping, Network::Main.magic(), 7);
/// wire::fields(&ping, &mut |field| {
///     labels.push(format!("{} {} = {}", field.offset, field.name, field.value));
///     ControlFlow::Continue(())
/// })?;
/// assert_eq!(labels, [
///     "0 magic = f9beb4d9 (main)",
///     "4 command = ping",
///     "16 length = 8",
///     "20 checksum = matches",
///     "24 nonce = 0000000000000007",
/// ]);
/// # Ok::<(), wire::Error>(())
/// ```
pub fn fields(message: &[u8], each: &mut dyn FnMut(&Field<'_>) -> ControlFlow<()>) -> Result<(), Error> {
    let mut walk = Walk { message, at: 0, each };
    let Some((header, payload)) = message.split_first_chunk() else {
        let _ = walk.rest(&"header");
        return Ok(());
    };
    let header = Header::decode(header);
    let digest = sha256d(payload);
    let matches = header.matches(&digest);
    if walk.header(&header, payload.len(), matches).is_break() {
        return Ok(());
    }
    let decoded = match header.command() {
        Some(command) if matches => Message::decode(command, payload, digest),
        _ => {
            let _ = walk.rest(&"payload");
            return Ok(());
        }
    };
    match decoded {
        Ok(message) => {
            let _ = walk.message(&message);
            Ok(())
        }
        Err(error) => {
            let _ = walk.rest(&"payload");
            Err(error)
        }
    }
}

/// How far the labelling is.
struct Walk<'a, 'e> {
    message: &'a [u8],
    at: usize,
    each: &'e mut dyn FnMut(&Field<'_>) -> ControlFlow<()>,
}

type Flow = ControlFlow<()>;

impl<'a> Walk<'a, '_> {
    /// Labels the next `len` bytes; none are no field.
    fn take(&mut self, len: usize, name: &dyn Display, value: &dyn Display) -> Flow {
        let left = self.left();
        let bytes = left.get(..len).unwrap_or(left);
        let offset = self.at;
        self.at += bytes.len();
        if bytes.is_empty() { Flow::Continue(()) } else { (self.each)(&Field { offset, bytes, name, value }) }
    }

    fn left(&self) -> &'a [u8] {
        self.message.get(self.at..).unwrap_or_default()
    }

    /// Labels all that is left.
    fn rest(&mut self, name: &dyn Display) -> Flow {
        self.take(self.left().len(), name, &"")
    }

    /// Labels a CompactSize.
    fn compact(&mut self, name: &dyn Display) -> Flow {
        let left = self.left();
        let len = left.first().map_or(0, |first| compact_size_len(*first));
        // It was decoded before.
        let value = Reader::new(left).compact_u64().unwrap_or_default();
        self.take(len, name, &value)
    }

    /// Labels bytes that have their length before them.
    fn var_bytes(&mut self, bytes: &[u8], name: &dyn Display, value: &dyn Display) -> Flow {
        self.compact(&format_args!("{name}.len"))?;
        self.take(bytes.len(), name, value)
    }

    fn header(&mut self, header: &Header, length: usize, matches: bool) -> Flow {
        self.take(4, &"magic", &header.magic)?;
        self.take(12, &"command", &Text(&header.command))?;
        if header.length as usize == length {
            self.take(4, &"length", &length)?;
        } else {
            self.take(4, &"length", &format_args!("{}, of which {length} are here", header.length))?;
        }
        self.take(4, &"checksum", &if matches { "matches" } else { "does not match" })
    }

    fn message(&mut self, message: &Message<'_>) -> Flow {
        match message {
            Message::Version(version) => self.version(version)?,
            Message::Feature(feature) => {
                self.var_bytes(feature.id, &"id", &Text(feature.id))?;
                self.var_bytes(feature.data, &"data", &"")?;
            }
            Message::Sendtxrcncl(reconciliation) => {
                self.take(4, &"version", &reconciliation.version)?;
                self.take(8, &"salt", &format_args!("{:016x}", reconciliation.salt))?;
            }
            Message::Sendcmpct(compact) => {
                self.take(1, &"announce", &compact.announce)?;
                self.take(8, &"version", &compact.version)?;
            }
            Message::Feefilter(rate) => self.take(8, &"feerate", rate)?,
            Message::Ping(nonce) | Message::Pong(Some(nonce)) => {
                self.take(8, &"nonce", &format_args!("{nonce:016x}"))?;
            }
            Message::Addr(list) => {
                self.list("addresses", list.iter(), |walk, name, entry| {
                    walk.take(4, &format_args!("{name}.time"), &entry.time)?;
                    walk.net_address(name, &entry.address)
                })?;
            }
            Message::Addrv2(list) => self.list("addresses", list.iter(), Self::address_v2)?,
            Message::Inv(list) | Message::Getdata(list) | Message::Notfound(list) => self.inventory(list)?,
            Message::Tx(tx) => self.tx(tx)?,
            Message::Getheaders(locator) | Message::Getblocks(locator) => self.locator(locator)?,
            Message::Headers(list) => {
                self.list("headers", list.iter(), |walk, name, header| {
                    walk.block_header(&format_args!("{name}."), &header)?;
                    walk.compact(&format_args!("{name}.transactions"))
                })?;
            }
            Message::Block(block) => {
                self.block_header(&"", &block.header)?;
                self.transactions(&block.transactions)?;
            }
            Message::Blocktxn(block) => {
                self.take(32, &"block", &block.block)?;
                self.transactions(&block.transactions)?;
            }
            Message::Cmpctblock(block) => self.compact_block(block)?,
            Message::Getblocktxn(request) => {
                self.take(32, &"block", &request.block)?;
                self.list("gaps", request.gaps.iter(), |walk, name, _| walk.compact(name))?;
            }
            Message::Getcfilters(range) | Message::Getcfheaders(range) => {
                self.take(1, &"filter_type", &range.filter_type)?;
                self.take(4, &"start_height", &range.start_height)?;
                self.take(32, &"stop", &range.stop)?;
            }
            Message::Cfilter(filter) => {
                self.take(1, &"filter_type", &filter.filter_type)?;
                self.take(32, &"block", &filter.block)?;
                self.var_bytes(filter.filter, &"filter", &"")?;
            }
            Message::Cfheaders(headers) => self.filter_headers(headers)?,
            Message::Getcfcheckpt(request) => {
                self.take(1, &"filter_type", &request.filter_type)?;
                self.take(32, &"stop", &request.stop)?;
            }
            Message::Cfcheckpt(checkpoint) => {
                self.take(1, &"filter_type", &checkpoint.filter_type)?;
                self.take(32, &"stop", &checkpoint.stop)?;
                self.list("headers", checkpoint.headers.iter(), |walk, name, hash| {
                    walk.take(32, name, &hash)
                })?;
            }
            Message::Filterload(load) => {
                self.var_bytes(load.filter, &"filter", &"")?;
                self.take(4, &"hash_functions", &load.hash_functions)?;
                self.take(4, &"tweak", &load.tweak)?;
                self.take(1, &"flags", &load.flags)?;
            }
            Message::Filteradd(element) => self.var_bytes(element, &"element", &"")?,
            Message::Merkleblock(block) => self.merkle_block(block)?,
            Message::Reject(reject) => self.reject(reject)?,
            Message::Other { .. } => return self.rest(&"payload"),
            Message::Verack
            | Message::Wtxidrelay
            | Message::Sendaddrv2
            | Message::Sendheaders
            | Message::Getaddr
            | Message::Mempool
            | Message::Filterclear
            | Message::Pong(None) => {}
        }
        self.rest(&"trailing")
    }

    /// Labels the count of a list, and its entries.
    fn list<T>(
        &mut self,
        name: &'static str,
        entries: impl Iterator<Item = T>,
        mut label: impl FnMut(&mut Self, &dyn Display, T) -> Flow,
    ) -> Flow {
        self.compact(&format_args!("{name}.count"))?;
        for (i, entry) in entries.enumerate() {
            label(self, &format_args!("{name}[{i}]"), entry)?;
        }
        Flow::Continue(())
    }

    fn version(&mut self, version: &Version) -> Flow {
        self.take(4, &"version", &version.version)?;
        self.take(8, &"services", &Names(version.services))?;
        self.take(8, &"timestamp", &version.timestamp)?;
        self.net_address(&"addr_recv", &version.addr_recv)?;
        // An absent field has no bytes.
        if !self.left().is_empty() {
            self.net_address(&"addr_from", &version.addr_from)?;
        }
        self.take(8, &"nonce", &format_args!("{:016x}", version.nonce))?;
        if !self.left().is_empty() {
            self.var_bytes(&version.user_agent, &"user_agent", &Text(&version.user_agent))?;
        }
        self.take(4, &"start_height", &version.start_height)?;
        self.take(1, &"relay", &version.relay)
    }

    fn net_address(&mut self, name: &dyn Display, address: &NetAddress) -> Flow {
        self.take(8, &format_args!("{name}.services"), &Names(address.services))?;
        self.take(16, &format_args!("{name}.ip"), &address.ip)?;
        self.take(2, &format_args!("{name}.port"), &address.port)
    }

    fn address_v2(&mut self, name: &dyn Display, entry: AddrV2Entry<'_>) -> Flow {
        self.take(4, &format_args!("{name}.time"), &entry.time)?;
        let services = self.left().first().map_or(0, |first| compact_size_len(*first));
        self.take(services, &format_args!("{name}.services"), &Names(entry.services))?;
        self.take(1, &format_args!("{name}.network"), &entry.network)?;
        match entry.addr() {
            Some(addr) => self.var_bytes(entry.address, &format_args!("{name}.address"), &addr)?,
            None => self.var_bytes(entry.address, &format_args!("{name}.address"), &"")?,
        }
        self.take(2, &format_args!("{name}.port"), &entry.port)
    }

    fn inventory(&mut self, list: &InventoryList<'_>) -> Flow {
        self.list("inventory", list.iter(), |walk, name, item| {
            walk.take(4, &format_args!("{name}.type"), &item.inv_type)?;
            walk.take(32, &format_args!("{name}.hash"), &item.hash)
        })
    }

    fn locator(&mut self, locator: &Locator<'_>) -> Flow {
        self.take(4, &"version", &locator.version)?;
        self.list("hashes", locator.hashes.iter(), |walk, name, hash| walk.take(32, name, &hash))?;
        self.take(32, &"stop", &locator.stop)
    }

    fn block_header(&mut self, prefix: &dyn Display, header: &BlockHeader) -> Flow {
        self.take(4, &format_args!("{prefix}version"), &format_args!("{:08x}", header.version))?;
        self.take(32, &format_args!("{prefix}previous"), &header.previous)?;
        self.take(32, &format_args!("{prefix}merkle_root"), &header.merkle_root)?;
        self.take(4, &format_args!("{prefix}time"), &header.time)?;
        self.take(4, &format_args!("{prefix}bits"), &format_args!("{:08x}", header.bits))?;
        self.take(4, &format_args!("{prefix}nonce"), &header.nonce)
    }

    fn transactions(&mut self, list: &List<'_, TxView<'_>>) -> Flow {
        self.list("transactions", list.iter(), |walk, name, tx| walk.take(tx.size(), name, &tx.txid()))
    }

    fn compact_block(&mut self, block: &CompactBlock<'_>) -> Flow {
        self.block_header(&"", &block.header)?;
        self.take(8, &"nonce", &format_args!("{:016x}", block.nonce))?;
        self.list("shortids", block.short_ids.iter(), |walk, name, _| walk.take(6, name, &""))?;
        self.list("prefilled", block.prefilled.iter(), |walk, name, prefilled| {
            walk.compact(&format_args!("{name}.gap"))?;
            walk.take(prefilled.tx.size(), &format_args!("{name}.tx"), &prefilled.tx.txid())
        })
    }

    fn merkle_block(&mut self, block: &MerkleBlock<'_>) -> Flow {
        self.block_header(&"", &block.header)?;
        self.take(4, &"transactions", &block.transaction_count)?;
        self.list("hashes", block.hashes.iter(), |walk, name, hash| walk.take(32, name, &hash))?;
        self.var_bytes(block.flags, &"flags", &"")
    }

    fn filter_headers(&mut self, headers: &FilterHeaders<'_>) -> Flow {
        self.take(1, &"filter_type", &headers.filter_type)?;
        self.take(32, &"stop", &headers.stop)?;
        self.take(32, &"previous", &headers.previous)?;
        self.list("hashes", headers.hashes.iter(), |walk, name, hash| walk.take(32, name, &hash))
    }

    fn reject(&mut self, reject: &Reject<'_>) -> Flow {
        self.var_bytes(reject.command, &"command", &Text(reject.command))?;
        self.take(1, &"code", &format_args!("{:#04x}", reject.code))?;
        self.var_bytes(reject.reason, &"reason", &Text(reject.reason))?;
        if let Some(hash) = reject.hash {
            self.take(32, &"hash", &hash)?;
        }
        Flow::Continue(())
    }

    fn tx(&mut self, tx: &TxView<'_>) -> Flow {
        self.take(4, &"version", &tx.version())?;
        if tx.has_witness() {
            self.take(1, &"marker", &"segwit")?;
            self.take(1, &"flag", &1)?;
        }
        self.list("vin", tx.inputs(), |walk, name, input| {
            walk.take(32, &format_args!("{name}.txid"), &input.prev_txid)?;
            walk.take(4, &format_args!("{name}.vout"), &input.prev_vout)?;
            walk.var_bytes(input.script_sig, &format_args!("{name}.scriptSig"), &"")?;
            walk.take(4, &format_args!("{name}.sequence"), &format_args!("{:08x}", input.sequence))
        })?;
        self.list("vout", tx.outputs(), |walk, name, output| {
            walk.take(8, &format_args!("{name}.value"), &format_args!("{} sat", output.value))?;
            walk.var_bytes(output.script_pubkey, &format_args!("{name}.scriptPubKey"), &"")
        })?;
        for (i, stack) in tx.witnesses().enumerate() {
            self.compact(&format_args!("vin[{i}].txinwitness.count"))?;
            for (n, item) in stack.enumerate() {
                self.var_bytes(item, &format_args!("vin[{i}].txinwitness[{n}]"), &"")?;
            }
        }
        self.take(4, &"locktime", &tx.lock_time())
    }
}

/// The names of service flags.
struct Names(Services);

impl Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == Services::NONE {
            return f.write_str("none");
        }
        for (i, name) in self.0.names().enumerate() {
            write!(f, "{}{name}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
