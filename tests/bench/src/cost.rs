//! What a process and this machine have spent, as Linux counts it.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// Clock ticks a second in `/proc` (`USER_HZ`, 100 on every Linux there is).
const TICK: Duration = Duration::from_millis(10);

/// The machine's load over 1, 5 and 15 minutes.
pub(crate) fn load() -> Result<String> {
    let line = fs::read_to_string("/proc/loadavg")?;
    Ok(line.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

/// Whose cost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose {
    /// This process's.
    Own,
    /// That of the process with this number.
    Process(u32),
}

impl Whose {
    fn file(self, name: &str) -> String {
        match self {
            Self::Own => format!("/proc/self/{name}"),
            Self::Process(number) => format!("/proc/{number}/{name}"),
        }
    }
}

/// Time that all threads of a process have had a core, in the kernel too. In steps of 10 ms.
pub(crate) fn processor_time(whose: Whose) -> Result<Duration> {
    let line = fs::read_to_string(whose.file("stat"))?;
    // The name of the program, in brackets, may hold spaces.
    let (_, rest) = line.rsplit_once(')').context("/proc/self/stat has no name")?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|field| field.parse::<u32>().ok()).context("/proc/self/stat is short");
    Ok(TICK * ticks()? + TICK * ticks()?)
}

/// Memory of a process that is in RAM, in KiB: now, and when it was most.
pub(crate) fn resident_kib(whose: Whose) -> Result<[u32; 2]> {
    let status = fs::read_to_string(whose.file("status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse::<u32>().ok()
    };
    let both = field("VmRSS:").zip(field("VmHWM:")).context("/proc/self/status is short")?;
    Ok(both.into())
}
