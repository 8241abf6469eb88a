//! `cargo xtask sim`: one seed of the simulator.

use anyhow::Result;
use clap::Args;

use crate::step::Step;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Where all chance comes from: the same seed, devices and steps give the same run [default: a new one]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many devices take part
    #[arg(long, value_name = "D")]
    devices: Option<u32>,
    /// How many things happen before the network is made whole
    #[arg(long, value_name = "S")]
    steps: Option<u64>,
}

/// Runs the simulator as the tests do, with every check that the compiler puts in.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut step = Step::cargo("the simulation", "run --locked --package lamplit-sim --bin lamplit-sim --");
    let options =
        [("--seed", arguments.seed), ("--devices", arguments.devices.map(u64::from)), ("--steps", arguments.steps)];
    for (option, value) in options {
        if let Some(value) = value {
            step = step.argument(option).argument(value);
        }
    }
    step.run()
}
