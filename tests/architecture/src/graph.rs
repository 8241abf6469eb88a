//! What cargo really builds, from `cargo tree`.
//!
//! `cargo metadata` shows the features of all members together, so one member that asks for an OS random
//! source would seem to give it to every other. `cargo tree -p X` resolves what X itself asks for.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, bail};

/// Packages, their licences and who needs whom.
#[derive(Debug, Default)]
pub struct Graph {
    /// From a package, `name version`, to those it needs.
    needs: BTreeMap<String, BTreeSet<String>>,
    /// From a package to its licence as it states it; empty when it states none.
    licences: BTreeMap<String, String>,
}

/// What separates the columns of a line: in no name, version or licence.
const COLUMN: char = '|';

impl Graph {
    /// What the program of one package is made of: no build scripts, procedural macros or tests.
    pub fn of_package(root: &Path, package: &str) -> Result<Self> {
        Self::read(root, &["--package", package, "--edges", "normal,no-proc-macro"])
    }

    /// Everything any member needs for any purpose, on one of `targets`.
    pub fn of_workspace(root: &Path, targets: &[String]) -> Result<Self> {
        let mut options = vec!["--workspace", "--edges", "normal,build,dev"];
        for target in targets {
            options.extend(["--target", target]);
        }
        Self::read(root, &options)
    }

    fn read(root: &Path, options: &[&str]) -> Result<Self> {
        let output = Command::new("cargo")
            .args(["tree", "--locked", "--color", "never", "--prefix", "depth", "--format"])
            .arg(format!("{COLUMN}{{p}}{COLUMN}{{l}}"))
            .args(options)
            .current_dir(root)
            .output()
            .context("cargo doesn't start")?;
        if !output.status.success() {
            bail!("cargo tree {}: {}", options.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Self::parse(&String::from_utf8(output.stdout)?)
    }

    /// Reads lines of `depth|name version …|licence`, each below the nearest line above that is less deep.
    pub fn parse(text: &str) -> Result<Self> {
        let mut graph = Self::default();
        let mut above: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let mut columns = line.split(COLUMN);
            let (Some(depth), Some(package), Some(licence)) = (columns.next(), columns.next(), columns.next()) else {
                bail!("`cargo tree` printed a line that isn't understood: {line}");
            };
            let depth: usize = depth.parse().with_context(|| format!("no depth in {line}"))?;
            let mut words = package.split_whitespace();
            let name = format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
            above.truncate(depth);
            graph.needs.entry(name.clone()).or_default();
            graph.licences.insert(name.clone(), licence.trim_end_matches(" (*)").to_owned());
            if let Some(parent) = above.last() {
                graph.needs.entry(parent.clone()).or_default().insert(name.clone());
            }
            above.push(name);
        }
        Ok(graph)
    }

    /// The shortest way from the package `from` to the package `to`, both by name and without version, that
    /// goes through none of the arrows `cut`.
    pub fn way(&self, from: &str, to: &str, cut: &[(&str, &str)]) -> Option<Vec<&str>> {
        let start = self.needs.keys().find(|package| name(package) == from)?;
        let mut ways = vec![vec![start.as_str()]];
        let mut seen = BTreeSet::from([start.as_str()]);
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                let Some(here) = way.last().copied() else { continue };
                if name(here) == to {
                    return Some(way);
                }
                for next in self.needs.get(here).into_iter().flatten() {
                    if !cut.contains(&(name(here), name(next))) && seen.insert(next) {
                        longer.push([way.as_slice(), &[next.as_str()]].concat());
                    }
                }
            }
            ways = longer;
        }
        None
    }

    /// Every package and its licence.
    pub fn licences(&self) -> impl Iterator<Item = (&str, &str)> {
        self.licences.iter().map(|(package, licence)| (package.as_str(), licence.as_str()))
    }

    /// Who needs the package of that name; empty also when it isn't there at all.
    pub fn users(&self, of: &str) -> Vec<&str> {
        let uses = |needs: &BTreeSet<String>| needs.iter().any(|package| name(package) == of);
        self.needs.iter().filter(|(_, needs)| uses(needs)).map(|(package, _)| package.as_str()).collect()
    }
}

fn name(package: &str) -> &str {
    package.split_once(' ').map_or(package, |(name, _)| name)
}

#[cfg(test)]
mod tests;
