//! `cargo xtask demo`: two devices, live.

use anyhow::Result;

use crate::{
    setup::{self, Purpose},
    step::Step,
};

/// Builds the program.
pub(crate) fn run() -> Result<()> {
    setup::run(&[Purpose::Demo])?;
    Step::cargo("the build", "build --package lamplit-cli --locked").run()
}
