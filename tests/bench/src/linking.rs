//! How long it takes to link a new device of an account that has said much: the program as it is shipped, on loopback,
//! until the new device has all that was said.

use anyhow::{Result, ensure};
use tokio::runtime::Builder;

use crate::{
    daemons::{Daemons, ON_LOOPBACK},
    figures::{Times, rate, thousands},
};

/// Texts in the conversation.
const SAID: usize = 10_000;
const ROUNDS: usize = 3;

pub(crate) fn run() -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut times = Times::default();
    runtime.block_on(async {
        let mut daemons = Daemons::start(ON_LOOPBACK).await?;
        daemons.chat(SAID).await?;
        for _ in 0..ROUNDS {
            let (took, known) = daemons.link_one_more().await?;
            ensure!(known >= SAID as u64, "the new device has {known} messages of {SAID}");
            times.add(took);
        }
        anyhow::Ok(())
    })?;
    let took = times.percentile(50);
    println!("  a device is linked to an account with {} messages, p50 of {ROUNDS}", thousands(SAID as f64));
    println!("    {:.1} s, {} messages a second", took.as_secs_f64(), thousands(rate(SAID, took)));
    Ok(())
}
