//! Ten bugs are planted, one at a time, and each is found.

use lamplit_sim::{Plant, Rule, Sabotage, Settings};
use lamplit_sim_tests::{Look, over_seeds};

/// Seeds in which a bug must show itself.
const SEEDS: u64 = 40;

/// Plants a bug and returns the rule it breaks, if it was found.
fn found(plant: Plant) -> Option<Rule> {
    let mut found = None;
    let settings = |seed| Settings { plant: Some(plant), ..Settings::of_seed(seed) };
    over_seeds(0..SEEDS, settings, |_, run| match run.failure.and_then(|failure| failure.rule()) {
        Some(rule) => {
            found.get_or_insert(rule);
            Look::Enough
        }
        None => Look::More,
    });
    found
}

macro_rules! finds {
    ($($name:ident: $plant:expr;)*) => {$(
        #[test]
        fn $name() {
            assert!(found($plant).is_some(), "{:?} was not found in {SEEDS} seeds", $plant);
        }
    )*};
}

finds! {
    sent_before_committed: Plant::SendBeforeCommit;
    no_rollback: Plant::SkipRollback;
    no_dedupe: Plant::Node(Sabotage::NoDedupe);
    a_number_used_twice: Plant::Node(Sabotage::ReusedSeq);
    no_quarantine: Plant::Node(Sabotage::NoQuarantine);
    no_order: Plant::Node(Sabotage::NoOrder);
    deletions_forgotten: Plant::Node(Sabotage::ForgetTombstone);
    an_old_life_goes_on: Plant::Node(Sabotage::NoRebirth);
    thrown_away_when_sent: Plant::Node(Sabotage::OutboxDropOnSend);
    sent_to_everybody: Plant::Node(Sabotage::WrongAudience);
}
