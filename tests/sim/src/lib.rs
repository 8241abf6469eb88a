//! Plays many runs of the simulator at once.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

use lamplit_sim::{Failure, Run, Settings};

/// Plays the runs of some seeds on all processors, and hands over each as it ends, until `look` has seen enough.
///
/// A run that panics counts as one that failed, so that its seed is known.
pub fn over_seeds(
    seeds: Range<u64>,
    settings: impl Fn(u64) -> Settings + Sync,
    mut look: impl FnMut(u64, Run) -> Look,
) {
    let (next, stop) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (sender, runs) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next, stop, seeds, settings) = (sender.clone(), &next, &stop, &seeds, &settings);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) || sender.send((seed, play(settings(seed)))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (seed, run) in &runs {
            if look(seed, run) == Look::Enough {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
}

/// Whether more runs are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// They are.
    More,
    /// They are not.
    Enough,
}

/// Plays one run.
pub fn play(settings: Settings) -> Run {
    catch_unwind(AssertUnwindSafe(|| lamplit_sim::run(settings))).unwrap_or_else(|_| Run {
        failure: Some(Failure::simulation("something panicked, as written above")),
        tally: lamplit_sim::Tally::default(),
        digest: 0,
        story: Vec::new(),
    })
}

/// How to see a run again.
pub fn again(settings: &Settings) -> String {
    format!(
        "repeat it with: cargo xtask sim --seed {} --devices {} --steps {}",
        settings.seed, settings.devices, settings.steps
    )
}
