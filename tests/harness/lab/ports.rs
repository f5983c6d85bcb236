//! Free ports on loopback.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::LabError;

/// The ports that are handed out: below the range from which systems pick the local port of an outgoing
/// connection. A port from that range could be taken by any `btcctl` call while btcd is down for its restart.
const FIRST: u32 = 20_000;
const COUNT: u32 = 10_000;

/// How many ports of this process were looked at so far, so that labs side by side do not race for one port.
static LOOKED_AT: AtomicU32 = AtomicU32::new(0);

/// A loopback address with a port that nobody listens on.
///
/// Another program may take it before we do: whoever uses it notices that its child ends early. Test processes
/// that run at the same time start their search at different places.
pub(super) fn free_address() -> Result<SocketAddr, LabError> {
    let start = process::id().wrapping_mul(101);
    let mut last = None;
    for _ in 0..COUNT {
        let step = LOOKED_AT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + start.wrapping_add(step) % COUNT;
        let port = u16::try_from(port).expect("FIRST + COUNT is below 65,536");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match TcpListener::bind(address) {
            Ok(_closed_again) => return Ok(address),
            Err(error) => last = Some(error),
        }
    }
    Err(LabError::Io {
        what: "looking for a free port on loopback".into(),
        source: last.expect("the loop ran and never returned, so there was an error"),
    })
}
