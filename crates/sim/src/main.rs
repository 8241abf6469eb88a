//! `lamplit-sim`: one run of the simulator, or many.

use std::io::Write;

use anyhow::Result;

fn main() -> Result<()> {
    let seed = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut out = std::io::stdout().lock();
    let start = std::time::Instant::now();
    let run = lamplit_sim::run(lamplit_sim::Settings { told: true, ..lamplit_sim::Settings::of_seed(seed) });
    for line in &run.story { writeln!(out, "{line}")?; }
    writeln!(out, "{:?}\n{:x} {:?}", run.tally, run.digest, start.elapsed())?;
    if let Some(f) = run.failure { writeln!(out, "FAILED {f}")?; std::process::exit(1); }
    Ok(())
}
