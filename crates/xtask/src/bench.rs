//! `cargo xtask bench`: ratios within one run, and instruction counts.

use anyhow::Result;
use clap::Args;

use crate::{
    setup::{self, Purpose},
    step::Step,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Which measurements to make [default: all]
    names: Vec<String>,
}

/// Runs the measurements in release mode.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    setup::run(&[Purpose::Bench])?;
    Step::cargo("the benchmark", "run --release --locked --package lamplit-bench --").arguments(&arguments.names).run()
}
