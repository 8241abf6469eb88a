//! A seed is a run: the same one, every time.

use lamplit_sim::Settings;
use lamplit_sim_tests::play;

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in [1, 2, 3] {
        let settings = Settings { steps: 1_000, ..Settings::of_seed(seed) };
        let (one, other) = (play(settings), play(settings));
        assert_eq!(one.tally, other.tally, "seed {seed}");
        assert_eq!(one.digest, other.digest, "seed {seed}");
    }
}

#[test]
fn another_seed_is_another_run() {
    let run = |seed| play(Settings { steps: 200, ..Settings::of_seed(seed) });
    assert_ne!(run(1).digest, run(2).digest);
}
