//! Five hundred runs of ten devices of six people, in which everything goes wrong and nothing is lost.

use lamplit_sim::{Deed, Settings, Tally};
use lamplit_sim_tests::{Look, again, over_seeds};

const SEEDS: u64 = 500;

/// `LAMPLIT_SIM_SEEDS` plays fewer, for the time between two edits.
fn seeds() -> u64 {
    std::env::var("LAMPLIT_SIM_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS)
}

#[test]
fn nothing_is_lost_whatever_goes_wrong() {
    let mut all = Tally::default();
    let mut failed = Vec::new();
    let seeds = seeds();
    over_seeds(0..seeds, Settings::of_seed, |seed, run| {
        let settings = Settings::of_seed(seed);
        let tally = &run.tally;
        if let Some(failure) = &run.failure {
            failed.push(format!("seed {seed}: {failure}\n{}", again(&settings)));
            return Look::Enough;
        }
        let (said, edited) = (tally.did(Deed::Said), tally.did(Deed::Edited));
        let enough = tally.steps >= 2_000 && said >= 200 && edited >= 100 && tally.crashes() >= 10;
        assert!(
            enough,
            "seed {seed} is too easy: {} steps, {said} messages, {edited} edits, {} crashes",
            tally.steps,
            tally.crashes()
        );
        all.add(tally);
        Look::More
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    if seeds >= SEEDS {
        assert!(all.missing(true).is_empty(), "these faults never happened: {:?}", all.missing(true));
    }
}
