//! The project's own tasks. `cargo xtask help` lists them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to whoever sits at the terminal")]

mod api;
mod bench;
mod check;
mod demo;
mod fuzz;
mod screenshot;
mod setup;
mod sim;
mod step;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tests, shows and measures Lamplit.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test: format, clippy, docs, all crates, real daemons, the simulator
    Test(test::Arguments),
    /// Run the quick half of `test`: format, clippy, docs and the architecture
    Check,
    /// Start two devices that find each other, and talk through them
    Demo(demo::Arguments),
    /// Make the picture of the terminal view in the README anew
    Screenshot,
    /// Run the simulator on one seed, to repeat a failure or to explore
    Sim(sim::Arguments),
    /// Feed a decoder what nobody expects
    Fuzz(fuzz::Arguments),
    /// Measure, and print ratios
    Bench(bench::Arguments),
    /// Write the OpenRPC document and the TypeScript types of the daemon's interface
    Api,
    /// Install what the other tasks need of the system, or say what to install
    Setup,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Test(arguments) => test::run(&arguments),
        Task::Check => check::run(),
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Screenshot => screenshot::run(),
        Task::Sim(arguments) => sim::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Api => api::run(),
        Task::Setup => setup::run(setup::Purpose::ALL),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
