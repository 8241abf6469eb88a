//! `cargo xtask demo`: two devices, live.

use std::{env, os::unix::process::CommandExt, process::Command};

use anyhow::{Context, Error, Result};
use clap::Args;

use crate::{
    setup::{self, Purpose},
    step::Step,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Print what happens line by line, as where there is no terminal
    #[arg(long)]
    lines: bool,
    /// End when the story has been told, instead of staying up until Ctrl-C
    #[arg(long)]
    once: bool,
}

/// Builds the daemon, the server and the demo, and becomes the demo.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    setup::run(&[Purpose::Demo])?;
    Step::cargo("the build", "build --package lamplit-cli --package lamplit-server --package lamplit-demo --locked")
        .run()?;
    // Cargo puts all programs side by side.
    let program = env::current_exe().context("this program does not know its own path")?.with_file_name("lamplit-demo");
    let options = [("--lines", arguments.lines), ("--once", arguments.once)];
    let options = options.into_iter().filter_map(|(option, wanted)| wanted.then_some(option));
    // In this process's place, so that Ctrl-C reaches the demo alone and the shell waits until it has cleaned up.
    let error = Command::new(&program).args(options).exec();
    Err(Error::new(error).context(format!("{} does not start", program.display())))
}
