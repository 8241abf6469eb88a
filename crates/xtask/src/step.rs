//! One command of a task: named, timed, and repeatable by hand when it fails.

use std::{
    env,
    fmt::{Display, Formatter, Result as FmtResult},
    path::PathBuf,
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, bail};

/// A command and the heading it runs under.
pub(crate) struct Step {
    heading: &'static str,
    program: String,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

impl Step {
    /// `cargo` with these arguments, separated by spaces.
    pub(crate) fn cargo(heading: &'static str, arguments: &str) -> Self {
        Self::new(heading, "cargo", arguments)
    }

    /// A program with these arguments, separated by spaces.
    pub(crate) fn new(heading: &'static str, program: &str, arguments: &str) -> Self {
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        Self { heading, program: program.to_owned(), arguments, variables: Vec::new() }
    }

    /// With one more argument, which may hold spaces.
    pub(crate) fn argument(mut self, argument: impl Display) -> Self {
        self.arguments.push(argument.to_string());
        self
    }

    /// With more arguments, each of which may hold spaces.
    pub(crate) fn arguments(self, arguments: &[impl Display]) -> Self {
        arguments.iter().fold(self, Self::argument)
    }

    /// With a variable in the command's environment.
    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs it in the workspace's folder. Errors when it can't start or fails, with the line to repeat it.
    pub(crate) fn run(&self) -> Result<()> {
        let status = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(root()?)
            .status()
            .with_context(|| format!("{} doesn't start; is it installed?", self.program))?;
        if !status.success() {
            bail!("{} failed ({status}). To repeat just this:\n  {self}", self.heading);
        }
        Ok(())
    }
}

/// The line to type.
impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        for (name, value) in &self.variables {
            write!(f, "{name}={} ", quoted(value))?;
        }
        write!(f, "{}", self.program)?;
        for argument in &self.arguments {
            write!(f, " {}", quoted(argument))?;
        }
        Ok(())
    }
}

/// Runs the steps in order, up to the first that fails.
pub(crate) fn run_all(steps: &[Step]) -> Result<()> {
    let start = Instant::now();
    for (number, step) in steps.iter().enumerate() {
        println!("\n[{}/{}] {}: {step}", number + 1, steps.len(), step.heading);
        let start = Instant::now();
        step.run()?;
        println!("      {} passed in {:.1} s", step.heading, start.elapsed().as_secs_f64());
    }
    println!("\nAll {} steps passed in {:.1} s.", steps.len(), start.elapsed().as_secs_f64());
    Ok(())
}

/// The workspace's folder.
pub(crate) fn root() -> Result<PathBuf> {
    let own = env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`")?;
    let own = PathBuf::from(own);
    own.ancestors().nth(2).map(PathBuf::from).context("xtask lies in crates/xtask of the workspace")
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> Result<PathBuf> {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(target) => Ok(root()?.join(target)),
        None => Ok(root()?.join("target")),
    }
}

/// As a POSIX shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
