//! How long it takes to link a new device of an account that has said much: the program as it is shipped, on loopback,
//! until the new device has all that was said.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::runtime::Builder;

use crate::{
    daemons::{Daemons, Known, ON_LOOPBACK},
    figures::{Times, rate, thousands},
    loopback,
};

/// Texts in the conversation with a contact.
const SAID: usize = 7_000;
/// Texts in a group.
const IN_A_GROUP: usize = 2_800;
/// Files in the conversation with a contact.
const FILES: usize = 200;
const ROUNDS: usize = 3;

pub(crate) fn run() -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut times = Times::default();
    let mut carried = 0;
    let mut start = Duration::ZERO;
    runtime.block_on(async {
        let mut daemons = Daemons::start(ON_LOOPBACK).await?;
        daemons.chat(SAID).await?;
        daemons.send_small(FILES).await?;
        let group = daemons.chat_in_a_group(IN_A_GROUP).await?;
        // What it takes for an account in which nothing was said.
        let mut quiet = Daemons::start(ON_LOOPBACK).await?;
        let quiet_group = quiet.chat_in_a_group(0).await?;
        start = quiet.link_one_more(&quiet_group).await?.0;
        for _ in 0..ROUNDS {
            let before = loopback::carried()?.bytes;
            let (took, known) = daemons.link_one_more(&group).await?;
            carried += loopback::carried()?.bytes - before;
            let all = Known { with_grace: SAID + FILES, in_the_group: IN_A_GROUP, files: FILES };
            ensure!(known == all, "the new device has {known:?} of {all:?}");
            times.add(took);
        }
        anyhow::Ok(())
    })?;
    let (took, all) = (times.percentile(50), SAID + FILES + IN_A_GROUP);
    println!("  a device is linked to an account with {} messages, p50 of {ROUNDS}:", thousands(all as f64));
    println!(
        "    {} texts with a contact, {} in a group, {FILES} files",
        thousands(SAID as f64),
        thousands(IN_A_GROUP as f64)
    );
    let (seconds, mebibytes) = (took.as_secs_f64(), carried as f64 / ROUNDS as f64 / (1 << 20) as f64);
    println!("    {seconds:.2} s, {} messages a second", thousands(rate(all, took)));
    let beyond = took.saturating_sub(start).as_secs_f64();
    println!(
        "    {:.2} s of that for an account in which nothing was said; {mebibytes:.1} MiB in the rest, {:.0} Mbit/s",
        start.as_secs_f64(),
        mebibytes * 8.388_608 / beyond
    );
    Ok(())
}
