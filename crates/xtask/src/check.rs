//! `cargo xtask check`: what can be told without running the program.

use anyhow::Result;

use crate::{
    setup::{self, Purpose},
    step::{self, Step},
};

/// Format, clippy, docs, and the rules of ARCHITECTURE.md.
pub(crate) fn run() -> Result<()> {
    setup::run(&[Purpose::Test])?;
    step::run_all(&[format(), clippy(), clippy_as_shipped(), docs(), architecture()])
}

/// The sources are as rustfmt writes them.
pub(crate) fn format() -> Step {
    Step::cargo("format", "fmt --all --check")
}

/// Clippy has nothing to say, in tests neither.
pub(crate) fn clippy() -> Step {
    Step::cargo("clippy", "clippy --workspace --all-targets --locked -- -D warnings")
}

/// Nor about what is shipped: without the features that only tests turn on.
pub(crate) fn clippy_as_shipped() -> Step {
    Step::cargo(
        "clippy, as shipped",
        "clippy --package lamplit-cli --package lamplit-server --package lamplit-demo --locked -- -D warnings",
    )
}

/// The documentation builds, and every link in it leads somewhere.
pub(crate) fn docs() -> Step {
    Step::cargo("docs", "doc --workspace --no-deps --locked").variable("RUSTDOCFLAGS", "-D warnings")
}

fn architecture() -> Step {
    Step::cargo("architecture", "test --package lamplit-architecture --locked")
}
