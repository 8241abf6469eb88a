//! Bugs are planted, one at a time, and each is found by a rule that it breaks.

use lamplit_sim::{Plant, Rule, Sabotage, Settings};
use lamplit_sim_tests::{Look, over_seeds};

/// Seeds in which a bug must show itself.
const SEEDS: u64 = 200;

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
    ($($name:ident: $plant:expr => $rules:expr;)*) => {$(
        #[test]
        fn $name() {
            let rule = found($plant).unwrap_or_else(|| panic!("{:?} was not found in {SEEDS} seeds", $plant));
            let expected: &[Rule] = &$rules;
            assert!(expected.contains(&rule), "{:?} was found by what it should not break: {rule}", $plant);
        }
    )*};
}

finds! {
    sent_before_committed: Plant::SendBeforeCommit => [Rule::Kept, Rule::Committed];
    no_rollback: Plant::SkipRollback => [Rule::Kept, Rule::Once, Rule::Same, Rule::Delivered, Rule::Stored];
    no_dedupe: Plant::Node(Sabotage::NoDedupe) => [Rule::Once];
    a_number_used_twice: Plant::Node(Sabotage::ReusedSeq) => [Rule::Kept];
    no_quarantine: Plant::Node(Sabotage::NoQuarantine) => [Rule::Quarantine];
    no_order: Plant::Node(Sabotage::NoOrder) => [Rule::Order];
    deletions_forgotten: Plant::Node(Sabotage::ForgetTombstone) => [Rule::Deleted, Rule::Same];
    an_old_life_goes_on: Plant::Node(Sabotage::NoRebirth) => [Rule::Kept, Rule::Same, Rule::Rest];
    thrown_away_when_sent: Plant::Node(Sabotage::OutboxDropOnSend) => [Rule::Kept];
    sent_to_everybody: Plant::Node(Sabotage::WrongAudience) => [Rule::Addressees, Rule::Kept];
    sent_to_one_device: Plant::Node(Sabotage::OneDevice) => [Rule::Delivered];
    removed_and_spoken_to: Plant::Node(Sabotage::KeepRemoved) => [Rule::Removed];
}
