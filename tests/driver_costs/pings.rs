//! A server of idle connections that are pinged: what they take while they are idle, and what a ping costs.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use satwire_core::node::EventKind;

use crate::meter::{Cpu, each, memory, nanos_each};
use crate::server::Server;
use crate::side::say;

/// The names of its figures.
pub(crate) const BYTES: &str = "B a connection";
pub(crate) const ACCEPT: &str = "ns an accept and handshake";
pub(crate) const SPREAD: &str = "ns a ping, spread";
pub(crate) const PING: &str = "ns a ping";
pub(crate) const IDLE: &str = "ms between two rounds";

/// How long a round may take and the rest after it: far above what either needs, and the same for each
/// connection.
pub(crate) fn interval(connections: usize) -> Duration {
    (Duration::from_micros(100) * connections as u32).max(Duration::from_millis(50))
}

/// Takes so many connections and so many rounds of pings.
pub(crate) fn serve<S: Server>(connections: usize, rounds: usize) -> io::Result<()> {
    let interval = interval(connections);
    let config = harness::config(|config| {
        config.inbound_slots = connections;
        config.ping_interval = interval;
    });
    let (mut server, addr) = S::listen(config)?;
    let memory_before = memory();
    let mut used = Cpu::now();
    say(addr.port().into(), "port");

    // The first pings are sent at once.
    let mut greeted = 0;
    pongs(&mut server, connections, |event| {
        greeted += usize::from(matches!(event, EventKind::Handshake(_)));
        greeted == connections
    })?;
    say(nanos_each(used.elapsed(), connections), ACCEPT);
    if let Some((before, after)) = memory_before.zip(memory()) {
        say(each(after - before, connections), BYTES);
    }
    if rounds == 0 {
        return Ok(());
    }

    // The next ones are as far apart as the connections were made.
    used = Cpu::now();
    pongs(&mut server, connections, |_| true)?;
    say(nanos_each(used.elapsed(), connections), SPREAD);

    // A server that sleeps over all deadlines pings all peers at once, and in step from then on.
    thread::sleep(interval + interval / 10);
    pongs(&mut server, connections, |_| true)?;
    for _ in 0..rounds {
        idle(&mut server)?;
        used = Cpu::now();
        pongs(&mut server, connections, |_| true)?;
        say(nanos_each(used.elapsed(), connections), PING);
    }
    Ok(())
}

/// Runs until so many pongs have come, and `and` is true of some event after them or before.
fn pongs(server: &mut impl Server, count: usize, mut and: impl FnMut(&EventKind) -> bool) -> io::Result<()> {
    let (mut left, mut and_that) = (count, false);
    server.run(None, |event| {
        if matches!(event, EventKind::Pong { .. }) {
            left = left.saturating_sub(1);
        }
        and_that |= and(event);
        left == 0 && and_that
    })
}

/// Runs until shortly before something is due.
fn idle(server: &mut impl Server) -> io::Result<()> {
    let used = Cpu::now();
    let shortly_before = Instant::now() + server.until_due().mul_f64(0.9);
    server.run(Some(shortly_before), |_| false)?;
    say((used.elapsed()).as_secs_f64() * 1e3, IDLE);
    Ok(())
}
