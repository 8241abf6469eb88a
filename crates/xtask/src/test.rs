//! `cargo xtask test`: everything that must hold, in order.

use anyhow::Result;
use clap::Args;

use crate::{
    check,
    setup::{self, Purpose},
    step::{self, Step},
};

/// How many seeds the simulator runs where nobody waits for all of them.
const QUICK_SEEDS: &str = "20";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Leave out the docs and run the simulator on 20 seeds: for the time between two edits
    #[arg(long)]
    quick: bool,
}

/// Runs all tests, up to the first that fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    setup::run(&[Purpose::Test])?;
    step::run_all(&steps(arguments.quick))
}

fn steps(quick: bool) -> Vec<Step> {
    let tests = Step::cargo("tests", "test --workspace --locked");
    // The tests with real daemons start the programs that this builds.
    let programs = Step::cargo("programs", "build --workspace --bins --locked");
    if quick {
        return vec![check::format(), check::clippy(), programs, tests.variable("LAMPLIT_SIM_SEEDS", QUICK_SEEDS)];
    }
    vec![check::format(), check::clippy(), check::clippy_as_shipped(), check::docs(), programs, tests]
}
