//! `lamplit-sim`: one run of the simulator, or many.

mod args;
mod report;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use lamplit_sim::{Run, Settings, Tally};

use args::{Arguments, Whether};

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    if arguments.hour {
        return measure_hour(&mut out, &arguments);
    }
    let (from, to) = arguments.range();
    if to - from > 1 { explore(&mut out, &arguments, from..to) } else { repeat(&mut out, &arguments, from) }
}

/// One seed, with its story.
fn repeat(out: &mut impl Write, arguments: &Arguments, seed: u64) -> Result<ExitCode> {
    let start = Instant::now();
    let told = match (arguments.quiet, arguments.trace) {
        (true, _) => 0,
        (false, true) => usize::MAX,
        (false, false) => report::LINES,
    };
    let run = lamplit_sim::run(Settings { told, ..arguments.settings(seed) });
    report::one(out, &run, arguments, seed, start.elapsed())
}

/// Many seeds, on all processors, until one fails.
fn explore(out: &mut impl Write, arguments: &Arguments, seeds: std::ops::Range<u64>) -> Result<ExitCode> {
    let start = Instant::now();
    let (next, stop) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (sender, runs) = mpsc::channel::<(u64, Run)>();
    let mut all = Tally::default();
    let mut failed = Vec::new();
    std::thread::scope(|scope| -> Result<()> {
        for _ in 0..threads {
            let (sender, next, stop, seeds) = (sender.clone(), &next, &stop, &seeds);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let is_over = !seeds.contains(&seed);
                    if is_over || sender.send((seed, lamplit_sim::run(arguments.settings(seed)))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (done, (seed, run)) in (1..).zip(&runs) {
            all.add(&run.tally);
            if let Some(failure) = &run.failure {
                report::found(out, seed, failure)?;
                failed.push(seed);
                stop.store(!arguments.keep_going, Ordering::Relaxed);
            }
            if !arguments.quiet {
                report::progress(done, seeds.end - seeds.start, failed.len())?;
            }
        }
        Ok(())
    })?;
    report::all(out, &all, arguments, &failed, start.elapsed())
}

/// An hour of ordinary life, against the clock on the wall.
fn measure_hour(out: &mut impl Write, arguments: &Arguments) -> Result<ExitCode> {
    let seed = arguments.range().0;
    let has_server = arguments.server == Some(Whether::Yes);
    let settings = Settings { is_wired: true, is_radio: false, has_server, ..arguments.settings(seed) };
    let mut ready = Instant::now();
    let run = lamplit_sim::hour(settings, || ready = Instant::now());
    report::hour(out, &run, arguments, seed, ready.elapsed())
}
