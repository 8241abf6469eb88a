//! What a run is made of.

use lamplit_node::Node;
use lamplit_types::limits::DAY_MS;

use crate::{dice::Dice, plant::Plant};

/// What a run is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where all chance comes from.
    pub seed: u64,
    /// How many devices there are: at most 200.
    pub devices: usize,
    /// How many people they belong to.
    pub people: usize,
    /// How many things happen before the network is made whole, at least.
    pub steps: u64,
    /// Lines of the story that are wanted, the last ones.
    pub told: usize,
    /// A bug that is planted.
    pub plant: Option<Plant>,
    /// How long deletions are remembered, in milliseconds.
    pub keep_deletions_ms: u64,
    /// All pipes carry packets only.
    pub is_radio: bool,
    /// All pipes carry streams.
    pub is_wired: bool,
    /// There is a server, which carries what cannot go directly.
    pub has_server: bool,
}

impl Settings {
    /// The usual run of a seed: ten devices of six people, in three of ten runs with a server.
    pub fn of_seed(seed: u64) -> Self {
        let mut dice = Dice::new(seed, u64::MAX);
        let network = dice.below(10);
        // In one run of five deletions are forgotten so soon that some devices are away for longer.
        let keep_deletions_ms = if dice.permille(200) { 4 * 60_000 } else { 90 * DAY_MS };
        let has_server = dice.permille(300);
        Self {
            seed,
            devices: 10,
            people: 6,
            steps: 2_000,
            told: 0,
            plant: None,
            keep_deletions_ms,
            is_radio: network == 0,
            is_wired: network > 4,
            has_server,
        }
    }

    /// Makes a node ready for this run.
    pub(crate) fn equip(&self, node: Node) -> Node {
        match self.plant {
            #[cfg(feature = "sabotage")]
            Some(Plant::Node(sabotage)) => node.sabotage(sabotage),
            _ => node,
        }
    }
}
