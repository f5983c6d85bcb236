//! Allocations of decoding: none for a view, one allocation for a transaction of one's own (P1d).

#![allow(unsafe_code, reason = "a global allocator is unsafe by nature")]

#[path = "wire/made.rs"]
mod made;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use made::{Maker, commands, decode};
use satwire_core::wire::{Block, Command, Message, TxView, sha256d};

thread_local! {
    /// How often this thread has allocated. The test harness has threads of its own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, and a count of what is asked of it.
struct Counting;

fn count() {
    ALLOCATIONS.with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps to the contract of `realloc`.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` allocates.
fn allocations<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let before = ALLOCATIONS.with(Cell::get);
    let result = work();
    (ALLOCATIONS.with(Cell::get) - before, result)
}

/// Reads every entry of every list.
fn walk(message: &Message<'_>) -> usize {
    match message {
        Message::Inv(list) | Message::Getdata(list) | Message::Notfound(list) => list.iter().count(),
        Message::Addr(list) => list.iter().count(),
        Message::Addrv2(list) => list.known().count(),
        Message::Headers(list) => list.iter().map(|header| usize::from(header.hash().0[0])).sum(),
        Message::Getheaders(locator) | Message::Getblocks(locator) => locator.hashes.iter().count(),
        Message::Tx(tx) => walk_tx(tx),
        Message::Block(block) => block.transactions.iter().map(|tx| walk_tx(&tx)).sum(),
        Message::Blocktxn(answer) => answer.transactions.iter().map(|tx| walk_tx(&tx)).sum(),
        Message::Cmpctblock(block) => {
            let _ = block.check();
            block.short_ids.iter().count() + block.prefilled_at().map(|(_, tx)| walk_tx(&tx)).sum::<usize>()
        }
        Message::Getblocktxn(request) => request.indexes().map(usize::from).sum(),
        Message::Merkleblock(block) => block.hashes.iter().count(),
        Message::Cfheaders(headers) => headers.hashes.iter().count(),
        Message::Cfcheckpt(checkpoint) => checkpoint.headers.iter().count(),
        _ => 0,
    }
}

fn walk_tx(tx: &TxView<'_>) -> usize {
    let witnesses: usize = tx.witnesses().flatten().map(<[u8]>::len).sum();
    tx.inputs().count() + tx.outputs().count() + witnesses + usize::from(tx.txid().0[0] ^ tx.wtxid().0[0])
}

#[test]
fn views_allocate_nothing() {
    let entropy: Vec<u8> = (0..=255).map(|n: u8| n.wrapping_mul(97)).collect();
    for command in commands() {
        for start in 0..64 {
            let bytes = Maker::make(command, &entropy[start..]);
            let (allocations, walked) = allocations(|| {
                let message = decode(command, &bytes).expect("well-formed");
                walk(&message)
            });
            // A version is owned: its user agent, if there is one.
            let expected = u64::from(command == Command::VERSION && bytes[80] != 0);
            assert_eq!(allocations, expected, "{command}, {walked}");
        }
    }
}

#[test]
fn errors_allocate_nothing() {
    for command in commands() {
        let bytes = [0xfe, 0, 0, 0, 2, 0xfe, 0, 0, 0, 2];
        let (allocations, _) = allocations(|| decode(command, &bytes).is_ok());
        assert_eq!(allocations, 0, "{command}");
    }
}

/// P1d on real data.
#[test]
fn block_702861() {
    let bytes = bitcoin_test_data::blocks::mainnet_702861();
    let (in_all, walked) = allocations(|| {
        let mut walked = 0;
        Block::decode_each(bytes, |tx| walked += walk_tx(&tx)).expect("a block");
        walked + walk(&decode(Command::BLOCK, bytes).expect("a block"))
    });
    assert_eq!(in_all, 0, "{walked}");

    let block = Block::decode(bytes).expect("a block");
    for tx in &block.transactions {
        let (owned, tx) = allocations(|| {
            let digest = sha256d(tx.as_bytes());
            TxView::decode_hashed(tx.as_bytes(), digest).expect("a transaction").to_owned()
        });
        assert_eq!(owned, 1, "{}", tx.txid());
        let (cloned, clone) = allocations(|| tx.clone());
        assert_eq!((cloned, clone), (0, tx));
    }
}
