//! What a process holds in memory, as the kernel says.
//!
//! A line that is not there is an error, never nought.

use anyhow::{Context, Result};

/// A line of `/proc/PID/status`, in KiB: `VmRSS` all that is resident, `RssAnon` what is the process' own, `VmHWM` the most there was.
pub(crate) fn status_kib(pid: u32, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = status.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?.strip_prefix(':')?;
        rest.split_whitespace().next()
    });
    Ok(kib.with_context(|| format!("no {name}"))?.parse()?)
}
