//! What `lamplit-sim` prints.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use lamplit_sim::{Failure, Fault, Run, Tally};

use crate::args::{Arguments, Whether};

/// Lines of the story that are printed before a failure.
pub(crate) const LINES: usize = 60;

/// One run.
pub(crate) fn one(
    out: &mut impl Write,
    run: &Run,
    arguments: &Arguments,
    seed: u64,
    took: Duration,
) -> Result<ExitCode> {
    if !arguments.quiet && (run.failure.is_some() || arguments.trace) {
        for line in &run.story {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
    }
    table(out, &run.tally)?;
    writeln!(out, "seed {seed}: {:.1} s, digest {:016x}", took.as_secs_f64(), run.digest)?;
    let Some(failure) = &run.failure else {
        writeln!(out, "nothing was lost, doubled, out of order or in the wrong hands")?;
        return Ok(ExitCode::SUCCESS);
    };
    writeln!(out, "\nFAILED  {failure}")?;
    again(out, arguments, seed)?;
    Ok(ExitCode::FAILURE)
}

/// One of many runs failed.
pub(crate) fn found(out: &mut impl Write, seed: u64, failure: &Failure) -> Result<()> {
    writeln!(out, "seed {seed}: FAILED  {failure}")?;
    Ok(())
}

/// How far it has come, on a terminal.
pub(crate) fn progress(done: u64, of: u64, failed: usize) -> Result<()> {
    let mut err = io::stderr().lock();
    if err.is_terminal() {
        let full = usize::try_from(done.saturating_mul(40) / of.max(1)).unwrap_or(40).min(40);
        write!(err, "\r[{}{}] {done}/{of} seeds, {failed} failed ", "=".repeat(full), " ".repeat(40 - full))?;
        if done == of {
            writeln!(err)?;
        }
        err.flush()?;
    }
    Ok(())
}

/// Many runs.
pub(crate) fn all(
    out: &mut impl Write,
    tally: &Tally,
    arguments: &Arguments,
    failed: &[u64],
    took: Duration,
) -> Result<ExitCode> {
    table(out, tally)?;
    writeln!(out, "{:.1} s", took.as_secs_f64())?;
    if failed.is_empty() {
        writeln!(out, "nothing was lost, doubled, out of order or in the wrong hands")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "\n{} seeds failed", failed.len())?;
    for seed in failed.iter().take(5) {
        again(out, arguments, *seed)?;
    }
    Ok(ExitCode::FAILURE)
}

/// The hour.
pub(crate) fn hour(
    out: &mut impl Write,
    run: &Run,
    arguments: &Arguments,
    seed: u64,
    took: Duration,
) -> Result<ExitCode> {
    table(out, &run.tally)?;
    if let Some(failure) = &run.failure {
        writeln!(out, "\nFAILED  {failure}")?;
        again(out, arguments, seed)?;
        return Ok(ExitCode::FAILURE);
    }
    let (seconds, steps) = (took.as_secs_f64(), run.tally.steps);
    writeln!(
        out,
        "{} devices lived an hour in {seconds:.2} s: {:.0} µs a step",
        arguments.devices,
        seconds * 1e6 / steps.max(1) as f64
    )?;
    Ok(ExitCode::SUCCESS)
}

fn again(out: &mut impl Write, arguments: &Arguments, seed: u64) -> Result<()> {
    let Arguments { devices, steps, server, .. } = arguments;
    let server = match server {
        None => "",
        Some(Whether::Yes) => " --server yes",
        Some(Whether::No) => " --server no",
    };
    writeln!(out, "repeat it with: cargo xtask sim --seed {seed} --devices {devices} --steps {steps}{server}")?;
    Ok(())
}

fn table(out: &mut impl Write, tally: &Tally) -> Result<()> {
    writeln!(out, "{:>10} steps in {:.1} hours", tally.steps, tally.passed_ms as f64 / 3_600_000.0)?;
    for (deed, count) in &tally.deeds {
        writeln!(out, "{count:>10} {deed:?}")?;
    }
    writeln!(out, "{:>10} messages came to a device", tally.delivered)?;
    for fault in Fault::ALL {
        writeln!(out, "{:>10} {fault:?}", tally.of(fault))?;
    }
    Ok(())
}
