//! A server that is sent transactions.

use std::io;
use std::time::Instant;

use satwire_core::Config;
use satwire_core::node::EventKind;

use crate::meter::{Cpu, nanos_each};
use crate::server::Server;
use crate::side::say;

/// The names of its figures.
pub(crate) const TX: &str = "ns a transaction";
pub(crate) const CLOCK: &str = "ns a transaction, by the clock";

/// Transactions that come unasked have no quota here: they are the traffic.
pub(crate) fn unasked() -> Config {
    harness::config(|config| config.unrequested_per_minute = u32::MAX)
}

/// Takes so many peers and so many transactions.
pub(crate) fn serve<S: Server>(peers: usize, txs: usize) -> io::Result<()> {
    let (mut server, addr) = S::listen(unasked())?;
    say(addr.port().into(), "port");
    let mut pongs = 0;
    server.run(None, |event| {
        pongs += usize::from(matches!(event, EventKind::Pong { .. }));
        pongs == peers
    })?;
    let (used, mut start, mut count) = (Cpu::now(), Instant::now(), 0);
    server.run(None, |event| {
        if matches!(event, EventKind::Tx { .. }) {
            if count == 0 {
                // They wait a moment before they send.
                start = Instant::now();
            }
            count += 1;
        }
        count == txs
    })?;
    say(nanos_each(used.elapsed(), txs), TX);
    say(nanos_each(start.elapsed(), txs), CLOCK);
    Ok(())
}
