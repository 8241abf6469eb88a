//! What goes over the loopback of the network that this process is on.

use std::fs;

use anyhow::{Context, Result};

/// What went over it so far, all protocols with their headers.
#[derive(Clone, Copy)]
pub(crate) struct Carried {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
}

/// Reads the system's own counters.
pub(crate) fn carried() -> Result<Carried> {
    let told = fs::read_to_string("/proc/self/net/dev")?;
    let line = told.lines().find_map(|line| line.trim().strip_prefix("lo:")).context("there is no loopback")?;
    let mut counters = line.split_whitespace().map(str::parse);
    let mut next = || -> Result<u64> { Ok(counters.next().context("a counter is missing")??) };
    Ok(Carried { bytes: next()?, packets: next()? })
}
