//! The module as JavaScript sees it: numbers and memory. There is one [`Talk`] in it.

#![allow(unsafe_code, reason = "a function that is exported by its name says so with an unsafe attribute")]

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use satwire_core::Instant;

use crate::Talk;

#[derive(Debug, Default)]
struct Module {
    talk: Talk,
    input: Vec<u8>,
}

static MODULE: LazyLock<Mutex<Module>> = LazyLock::new(Mutex::default);

fn module() -> MutexGuard<'static, Module> {
    MODULE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes room for so many bytes of input, and says where.
#[unsafe(no_mangle)]
pub extern "C" fn input(len: usize) -> *mut u8 {
    let mut module = module();
    module.input.resize(len, 0);
    module.input.as_mut_ptr()
}

/// The other side has said what was put in.
#[unsafe(no_mangle)]
pub extern "C" fn receive(now_micros: u64) {
    let Module { talk, input } = &mut *module();
    talk.receive(Instant::from_micros(now_micros), input);
}

/// Time has passed.
#[unsafe(no_mangle)]
pub extern "C" fn timeout(now_micros: u64) {
    module().talk.timeout(Instant::from_micros(now_micros));
}

/// When time is to be told; the end of all times if never.
#[unsafe(no_mangle)]
pub extern "C" fn deadline() -> u64 {
    module().talk.deadline().map_or(u64::MAX, Instant::as_micros)
}

/// Where the transcript is.
#[unsafe(no_mangle)]
pub extern "C" fn transcript() -> *const u8 {
    module().talk.transcript().as_ptr()
}

/// How long it is.
#[unsafe(no_mangle)]
pub extern "C" fn transcript_len() -> usize {
    module().talk.transcript().len()
}
