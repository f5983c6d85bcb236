//! How many sockets a process may have.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors of a process that are not connections, with some to spare.
const OTHERS: u64 = 32;

/// Makes room for so many connections in each process that is started from now on; says how many fit, and
/// if those are fewer, why.
pub(crate) fn raise(connections: usize) -> io::Result<(usize, Option<String>)> {
    let needed = connections as u64 + OTHERS;
    let is_enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    let before = getrlimit(Resource::Nofile);
    if !is_enough(before.current) {
        // A user who may raise the hard limit gets all that is needed; any other gets the hard limit.
        let maximum = if is_enough(before.maximum) { before.maximum } else { Some(needed) };
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum });
        if raised.is_err() {
            setrlimit(Resource::Nofile, Rlimit { current: before.maximum, ..before })?;
        }
    }
    let now = getrlimit(Resource::Nofile).current;
    if is_enough(now) {
        return Ok((connections, None));
    }
    let now = now.unwrap_or(needed);
    let fit = now.saturating_sub(OTHERS) as usize;
    if fit == 0 {
        return Err(io::Error::other(format!("RLIMIT_NOFILE is {now}: there is no room for a connection")));
    }
    let why = format!(
        "RLIMIT_NOFILE is {now} and cannot be raised to {needed}: {fit} connections instead of {connections}"
    );
    Ok((fit, Some(why)))
}
