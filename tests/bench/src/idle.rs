//! What a daemon with a thousand contacts takes while nothing happens: the program as it is shipped, on a network of this
//! machine, with discovery.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    cost::{self, Whose},
    daemons::command,
    figures::verdict,
    handle::{self, CONTACTS},
    memory,
};

/// How long it may have to begin.
const BEGIN: Duration = Duration::from_secs(20);
const IDLE: Duration = Duration::from_secs(120);
/// Mebibytes.
const MEMORY: f64 = 40.0;
/// Of a core.
const PROCESSOR: f64 = 0.005;

pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    drop(handle::acquainted(folder.path())?);
    let mut daemon = command(&memory::hub(folder.path()))?.arg("run").spawn()?;
    let measured = measure(daemon.id());
    if let Some(ended) = daemon.try_wait()? {
        bail!("the daemon ended meanwhile: {ended}");
    }
    daemon.kill()?;
    daemon.wait()?;
    measured
}

fn measure(daemon: u32) -> Result<()> {
    sleep(BEGIN);
    let (start, before) = (Instant::now(), cost::processor_time(Whose::Process(daemon))?);
    sleep(IDLE);
    let spent = cost::processor_time(Whose::Process(daemon))?.saturating_sub(before);
    let share = spent.as_secs_f64() / start.elapsed().as_secs_f64();
    let [_, most] = cost::resident_kib(Whose::Process(daemon))?;
    let most = f64::from(most) / 1024.0;
    println!("  a daemon with {CONTACTS} contacts, none of them there, over {} s", IDLE.as_secs());
    println!("    memory at most {most:.1} MiB; target: under {MEMORY}: {}", verdict(most < MEMORY));
    println!(
        "    {:.2} % of a core; target: under {} %: {}",
        share * 100.0,
        PROCESSOR * 100.0,
        verdict(share < PROCESSOR)
    );
    Ok(())
}
