//! The signals that a run listens to.

use std::io;

/// The wish of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGINT, SIGTERM: an end in good order.
    End,
    /// SIGHUP: what is written to files is to be safe there; or the terminal was closed.
    Hangup,
    /// SIGUSR1: a table of the peers.
    Peers,
}

/// Calls `on_signal`, from a thread of its own, each time that a signal comes.
#[cfg(unix)]
pub(crate) fn listen(on_signal: impl Fn(Signal) + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
    use signal_hook::iterator::Signals;

    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1])?;
    let listen = move || {
        for signal in signals.forever() {
            on_signal(match signal {
                SIGHUP => Signal::Hangup,
                SIGUSR1 => Signal::Peers,
                _ => Signal::End,
            });
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(listen)?;
    Ok(())
}

/// Calls `on_signal`, from a thread of its own, each time that somebody wants the program to end.
#[cfg(not(unix))]
pub(crate) fn listen(on_signal: impl Fn(Signal) + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(move || on_signal(Signal::End)).map_err(io::Error::other)
}
