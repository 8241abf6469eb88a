//! `cargo xtask screenshot`: the picture of the terminal view in the README, from a real run.

use anyhow::Result;

use crate::{
    setup::{self, Purpose},
    step::{Step, root},
};

/// Where the picture lies.
const PICTURE: &str = "docs/images/view.svg";

/// Plays a scene with real daemons, which needs networks of its own and so root, and draws what the terminal shows.
pub(crate) fn run() -> Result<()> {
    setup::run(&[Purpose::Test])?;
    Step::cargo("the build", "build --workspace --bins --locked").run()?;
    let picture = root()?.join(PICTURE);
    Step::cargo("the scene", "run --package lamplit-e2e --bin lamplit-screenshot --locked --")
        .argument(picture.display())
        .run()?;
    println!("{PICTURE} is what the view looks like now.");
    Ok(())
}
