//! The device simulator: real nodes and real stores in virtual time on a seeded network.
//!
//! A run draws everything from one number, its seed: the people and their devices, what they say and do, how long
//! every packet takes, and what goes wrong. Nothing waits for a real clock, so an hour passes in seconds. After every
//! step what the devices committed, told and sent is held against a simple [model](Rule) of what was said and done; at
//! the end the network is made whole, and everything must have arrived everywhere.
//!
//! ```
//! let settings = lamplit_sim::Settings { devices: 3, people: 2, steps: 60, ..lamplit_sim::Settings::of_seed(7) };
//! let run = lamplit_sim::run(settings);
//! assert!(run.failure.is_none(), "{:?}", run.failure);
//! ```
//!
//! The Olm library draws its own randomness, so ciphertexts differ between two runs of one seed. What happens does not:
//! [`Run::digest`] is the same.

mod checks;
mod deck;
mod device;
mod dice;
mod disk;
mod failure;
mod hour;
mod mirror;
mod model;
mod pipe;
mod plant;
mod queue;
mod server;
mod settings;
mod story;
mod tally;
mod world;

pub use failure::{Failure, Rule};
#[cfg(feature = "sabotage")]
pub use lamplit_node::sabotage::Sabotage;
pub use plant::Plant;
pub use settings::Settings;
pub use tally::{Deed, Fault, Tally};

use world::World;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// What was found wrong.
    pub failure: Option<Failure>,
    /// What happened, counted.
    pub tally: Tally,
    /// Two runs of the same settings have the same.
    pub digest: u64,
    /// The last things that happened, if they were to be told.
    pub story: Vec<String>,
}

/// Plays a run.
pub fn run(settings: Settings) -> Run {
    let mut world = World::new(settings);
    let outcome = world.begin().and_then(|()| world.play()).and_then(|()| world.end());
    finish(world, outcome)
}

/// An hour of ordinary life on a good network: people chat, edit, and are seen. `begins` is called when they have all
/// met and the hour begins.
pub fn hour(settings: Settings, begins: impl FnOnce()) -> Run {
    let mut world = World::new(settings);
    let outcome = world.begin().and_then(|()| {
        begins();
        world.live_an_hour()
    });
    finish(world, outcome)
}

fn finish(world: World, outcome: failure::Done) -> Run {
    let World { tally, story, .. } = world;
    Run { failure: outcome.err(), tally, digest: story.digest(), story: story.into_lines() }
}
