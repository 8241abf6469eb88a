//! An hour of ten devices in virtual time.

use std::time::Instant;

use anyhow::{Result, bail};
use lamplit_sim::Settings;

use crate::{cost, figures::verdict};

/// Seconds an hour may take.
const TARGET: f64 = 10.0;
const SEED: u64 = 1;
/// How often it is done.
const HOURS: usize = 3;

pub(crate) fn run() -> Result<()> {
    let settings = Settings::of_seed(SEED);
    println!("  {} devices of {} people, real nodes and stores, seed {SEED}", settings.devices, settings.people);
    let mut slowest = f64::MIN;
    for (is_wired, is_radio, network) in [(true, false, "streams"), (false, true, "packets")] {
        let mut best = f64::MAX;
        for _ in 0..HOURS {
            best = best.min(hour(Settings { is_wired, is_radio, ..settings }, network)?);
        }
        slowest = slowest.max(best);
    }
    println!("  target: the best of each under {TARGET} s: {}", verdict(slowest < TARGET));
    Ok(())
}

/// Lets an hour pass; returns the seconds it took.
fn hour(settings: Settings, network: &str) -> Result<f64> {
    // People meet first; that is no part of the hour.
    let mut start = (Instant::now(), cost::processor_time(cost::Whose::Own));
    let run = lamplit_sim::hour(settings, || start = (Instant::now(), cost::processor_time(cost::Whose::Own)));
    let (began, before) = start;
    let (took, spent) =
        (began.elapsed().as_secs_f64(), cost::processor_time(cost::Whose::Own)?.saturating_sub(before?));
    if let Some(failure) = run.failure {
        bail!("the hour went wrong: {failure}");
    }
    println!(
        "    over {network}: {took:.2} s, {:.2} s of processor time; {:.0} times as fast as a clock",
        spent.as_secs_f64(),
        3600.0 / took
    );
    Ok(took)
}
