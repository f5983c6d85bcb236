//! The CPU time and the memory that this process has used so far.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A clock that shows the CPU time of all threads, in the kernel too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu(Duration);

impl Cpu {
    pub(crate) fn now() -> Self {
        Self(Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default())
    }

    /// The time that has been used since then.
    pub(crate) fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}

/// Bytes of memory that is no file's: `RssAnon` of `/proc/self/status`, which only Linux has.
pub(crate) fn memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024.0)
}

/// Nanoseconds for each of `count` things.
pub(crate) fn nanos_each(taken: Duration, count: usize) -> f64 {
    each(taken.as_secs_f64() * 1e9, count)
}

/// The share of each of `count` things.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn each(all: f64, count: usize) -> f64 {
    all / count as f64
}
