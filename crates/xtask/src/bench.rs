//! `cargo xtask bench`: ratios within one run, and instruction counts.

use anyhow::Result;
use clap::Args;

use crate::{
    setup::{self, Purpose},
    step::{self, Step},
};

/// What counts instructions; it must be of the version of the library in Cargo.lock.
const RUNNER: (&str, &str) = ("gungraun-runner", "0.20.0");
/// The measurement that is a program of its own.
const INSTRUCTIONS: &str = "instructions";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Which measurements to make: message, handle, idle, file, linking, nearby, sim, instructions [default: all]
    names: Vec<String>,
}

/// Runs the measurements in release mode.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    setup::run(&[Purpose::Bench])?;
    let (instructions, others): (Vec<&String>, _) = arguments.names.iter().partition(|name| *name == INSTRUCTIONS);
    if !others.is_empty() || arguments.names.is_empty() {
        // What is measured as a whole lies beside the benchmark.
        Step::cargo("the program", "build --release --locked --package lamplit-cli").run()?;
        Step::cargo("the benchmark", "run --release --locked --package lamplit-bench --").arguments(&others).run()?;
    }
    if !instructions.is_empty() || arguments.names.is_empty() {
        count_instructions()?;
    }
    Ok(())
}

/// Valgrind counts, and a program that reads what it counted is built once.
fn count_instructions() -> Result<()> {
    let tools = step::target()?.join("tools");
    let (name, version) = RUNNER;
    let runner = tools.join("bin").join(name);
    if !runner.is_file() {
        println!("Building {name} {version}, which reads what valgrind counts");
        Step::cargo("the runner", "install --locked --quiet")
            .argument(name)
            .arguments(&["--version", version, "--root"])
            .argument(tools.display())
            .run()?;
    }
    Step::cargo("the instruction counts", "bench --locked --package lamplit-bench --bench instructions")
        .variable("GUNGRAUN_RUNNER", runner.display().to_string())
        .run()
}
