//! An allocator that counts the bytes alive, thread by thread, so that tests do not disturb each other.

#![allow(unsafe_code, reason = "an allocator that counts has to be one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a count of what is alive. It counts in the tests that install it with
/// `#[global_allocator]`.
#[derive(Clone, Copy, Debug)]
pub struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

impl Counting {
    /// The bytes that this thread has taken and not given back.
    pub fn live() -> isize {
        LIVE.get()
    }

    /// The most that was alive at once while `work` ran, over what was alive before.
    pub fn peak_of(work: impl FnOnce()) -> isize {
        let before = LIVE.get();
        PEAK.set(before);
        work();
        PEAK.get() - before
    }
}

fn count(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

// SAFETY: it hands every call on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of the method of the same name.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}
