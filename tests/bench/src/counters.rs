//! What an interface of the network that this process is on has sent: on loopback, that is all that went over it.

use std::fs;

use anyhow::{Context, Result};

/// Counters of what was received, which stand before those of what was sent.
const RECEIVED: usize = 8;

/// What went out by it so far, all protocols with their headers.
#[derive(Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
}

/// Reads the system's own counters.
pub(crate) fn sent(interface: &str) -> Result<Sent> {
    let told = fs::read_to_string("/proc/self/net/dev")?;
    let mut lines = told.lines().filter_map(|line| line.trim().split_once(':'));
    let (_, line) = lines.find(|(name, _)| *name == interface).context("there is no such interface")?;
    let mut counters = line.split_whitespace().skip(RECEIVED).map(str::parse);
    let mut next = || -> Result<u64> { Ok(counters.next().context("a counter is missing")??) };
    Ok(Sent { bytes: next()?, packets: next()? })
}
