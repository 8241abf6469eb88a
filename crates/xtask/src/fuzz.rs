//! `cargo xtask fuzz`: libFuzzer on the targets of `tests/fuzz`.
//!
//! The instrumentation flags are those of cargo-fuzz, given here so that nightly is all it takes. What the fuzzer
//! learns goes to the build folder; a failure worth keeping is copied to `tests/fuzz/corpus/`, where the ordinary
//! tests replay it.

use std::{
    env::{self, consts::ARCH},
    fs,
    path::PathBuf,
    process::Command,
};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::{
    setup::{self, Purpose},
    step::{Step, root},
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// What to feed [default: each in turn]
    target: Option<Target>,
    /// How long to feed each
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// Frames and everything inside them
    Wire,
    /// Bytes from a pipe, in any order
    Link,
    /// Sealed messages
    Envelope,
    /// Invite links
    Invite,
    /// What a program sends to a daemon
    Request,
    /// What a browser sends to a daemon's WebSocket first
    Handshake,
    /// What is said about files on their way
    Blob,
    /// Files that are pictures, or say so
    Picture,
}

/// Coverage counters and traced comparisons, for libFuzzer to steer by.
const INSTRUMENTED: &str = "--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Fuzzes one target, or each in turn.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    setup::run(&[Purpose::Fuzz])?;
    let nightly = Command::new("cargo").args(["+nightly", "--version"]).output();
    if !nightly.is_ok_and(|output| output.status.success()) {
        bail!("the fuzzer's instrumentation needs nightly Rust. To install it:\n  rustup toolchain install nightly");
    }
    // The same versions of everything as in the workspace.
    let root = root()?;
    fs::copy(root.join("Cargo.lock"), root.join("tests/fuzz/cargo-fuzz/Cargo.lock"))
        .context("tests/fuzz/cargo-fuzz/Cargo.lock can't be written")?;
    let chosen = arguments.target.as_ref().map_or(Target::value_variants(), std::slice::from_ref);
    for target in chosen {
        fuzz(*target, arguments.seconds)?;
    }
    Ok(())
}

fn fuzz(target: Target, seconds: u32) -> Result<()> {
    let name = target.to_possible_value().context("every target has a name")?;
    let name = name.get_name();
    let build = build_folder()?;
    let (learnt, failures) = (build.join("corpus").join(name), build.join("failures").join(name));
    fs::create_dir_all(&learnt).with_context(|| format!("{} can't be made", learnt.display()))?;
    fs::create_dir_all(&failures).with_context(|| format!("{} can't be made", failures.display()))?;

    println!("Fuzzing {name} for {seconds} s; what makes it fail goes to {}", failures.display());
    Step::cargo("fuzzing", "+nightly run --release --manifest-path tests/fuzz/cargo-fuzz/Cargo.toml --target")
        // Named, so that the flags are not for build scripts.
        .argument(format!("{ARCH}-unknown-linux-gnu"))
        .argument("--bin")
        .argument(name)
        .argument("--")
        .argument(learnt.display())
        .argument(format!("tests/fuzz/corpus/{name}"))
        .argument(format!("-max_total_time={seconds}"))
        .argument(format!("-artifact_prefix={}/", failures.display()))
        .variable("RUSTFLAGS", INSTRUMENTED)
        .variable("CARGO_TARGET_DIR", build.display().to_string())
        .run()
}

/// Beside the workspace's own build output, which other flags made.
fn build_folder() -> Result<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    Ok(root()?.join(target).join("fuzz"))
}
