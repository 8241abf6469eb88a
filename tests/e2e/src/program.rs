use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use anyhow::{Context, Result, anyhow, bail};

use crate::running::output;

/// Names a program to test in place of the one that is built from these sources.
const OTHER: &str = "LAMPLIT_PROGRAM";

/// The `lamplit` program, as new as the sources.
///
/// # Errors
/// If it does not build.
pub fn lamplit() -> Result<PathBuf> {
    match env::var_os(OTHER) {
        Some(other) => Ok(PathBuf::from(other)),
        None => Ok(programs()?.join("lamplit")),
    }
}

/// The `lamplit-server` program, as new as the sources.
pub(crate) fn server() -> Result<PathBuf> {
    Ok(programs()?.join("lamplit-server"))
}

/// The `lamplit-demo` program, as new as the sources. It starts the `lamplit` beside it.
pub(crate) fn demo() -> Result<PathBuf> {
    Ok(programs()?.join("lamplit-demo"))
}

/// The `lamplit-pages` program of this package.
pub(crate) fn pages() -> Result<PathBuf> {
    Ok(programs()?.join("lamplit-pages"))
}

/// The `lamplit-relay` program of this package.
pub(crate) fn relay() -> Result<PathBuf> {
    Ok(programs()?.join("lamplit-relay"))
}

/// The `lamplit-flood` program of this package.
pub(crate) fn flood() -> Result<PathBuf> {
    Ok(programs()?.join("lamplit-flood"))
}

/// The `lamplit-impostor` program of this package.
pub(crate) fn impostor() -> Result<PathBuf> {
    Ok(programs()?.join("lamplit-impostor"))
}

/// The folder that the programs are in, once they are built.
fn programs() -> Result<&'static Path> {
    static PROGRAMS: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = PROGRAMS.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built.as_deref().map_err(|error| anyhow!("{error}"))
}

/// Builds them where this test was built: nothing is left to do if somebody did so just before.
fn build() -> Result<PathBuf> {
    let own = env::current_exe().context("this program does not know its own path")?;
    // Tests lie in a folder of the profile's, programs in the profile's own.
    let folder = own.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    let folder = folder.context("tests lie in a target directory")?;
    let target = folder.parent().context("a profile's folder lies in a target directory")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--workspace", "--bins", "--target-dir"]).arg(target);
    if folder.file_name().is_some_and(|profile| profile == "release") {
        command.arg("--release");
    }
    if !command.current_dir(env!("CARGO_MANIFEST_DIR")).status().context("cargo does not start")?.success() {
        bail!("the programs do not build: cargo build --workspace --bins");
    }
    Ok(folder.to_owned())
}

/// Runs the program as somebody does who has no account yet.
///
/// # Errors
/// If it does not run at all.
pub fn run(data: &Path, arguments: &[&str]) -> Result<Output> {
    output(Command::new(lamplit()?).arg("--data").arg(data).args(arguments))
}
