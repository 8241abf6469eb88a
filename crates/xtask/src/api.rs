//! `cargo xtask api`: what is written down about the interface, from the code.

use anyhow::Result;

use crate::{
    setup::{self, Purpose},
    step::Step,
};

/// Writes `api/openrpc.json` and `api/types.d.ts`.
pub(crate) fn run() -> Result<()> {
    setup::run(&[Purpose::Demo])?;
    Step::cargo("writing api/", "run --package lamplit-api --bin lamplit-api").run()
}
