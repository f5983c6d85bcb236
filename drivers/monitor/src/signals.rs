//! The signals that end a run in good order.

use std::io;

/// Calls `on_signal`, from a thread of its own, each time that somebody wants the program to end.
#[cfg(unix)]
pub(crate) fn listen(on_signal: impl Fn() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    if is_not_ignored(SIGHUP) {
        signals.add_signal(SIGHUP)?;
    }
    let listen = move || signals.forever().for_each(|_| on_signal());
    std::thread::Builder::new().name("signals".into()).spawn(listen)?;
    Ok(())
}

/// Whether it is known that nobody has had this signal ignored before the program began, as `nohup` has
/// SIGHUP. Where that cannot be known the signal is better left alone.
#[cfg(unix)]
fn is_not_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 0)
}

/// Calls `on_signal`, from a thread of its own, each time that somebody wants the program to end.
#[cfg(not(unix))]
pub(crate) fn listen(on_signal: impl Fn() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(on_signal).map_err(io::Error::other)
}
