//! Licences, bans and sources, as `deny.toml` states them.
//!
//! The file is cargo-deny's, for those who have it. The tests need no tool that a fresh machine lacks, so they
//! read the same file and hold the same rules.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

use crate::{Graph, House};

/// The part of `deny.toml` that the tests hold.
#[derive(Debug, Deserialize)]
pub struct Policy {
    graph: Targets,
    licenses: Licences,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Targets {
    targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
    /// The only packages that may need it, where there are any.
    #[serde(default)]
    wrappers: Vec<String>,
}

/// A package of `Cargo.lock`.
#[derive(Debug, Deserialize)]
pub struct Locked {
    /// Its name.
    pub name: String,
    /// Where it comes from; none for a folder.
    pub source: Option<String>,
}

/// The only place that code which is not ours comes from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

impl Policy {
    /// Reads `deny.toml`.
    pub fn read(root: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(root.join("deny.toml")).context("deny.toml can't be read")?;
        Self::parse(&text)
    }

    /// Reads the text of a `deny.toml`.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).context("deny.toml isn't as the architecture test reads it")
    }

    /// The targets we build for.
    pub fn targets(&self) -> &[String] {
        &self.graph.targets
    }

    /// Packages whose licence isn't allowed, and allowed licences that no package needs.
    pub fn licences(&self, graph: &Graph) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut used = vec![false; self.licenses.allow.len()];
        for (package, licence) in graph.licences() {
            let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
                wrong.push(format!("{package} states no licence that can be read: \"{licence}\""));
                continue;
            };
            let mut allow = |wanted: &LicenseReq| {
                let position = self.licenses.allow.iter().position(|allowed| *allowed == wanted.to_string());
                if let Some(used) = position.and_then(|position| used.get_mut(position)) {
                    *used = true;
                }
                position.is_some()
            };
            if !expression.evaluate(&mut allow) {
                wrong.push(format!("the licence of {package} is not in deny.toml's list: {licence}"));
            }
        }
        let unused = self.licenses.allow.iter().zip(used).filter(|(_, used)| !used);
        wrong.extend(unused.map(|(licence, _)| format!("no package needs {licence}: take it out of deny.toml")));
        wrong
    }

    /// Banned packages that something needs.
    pub fn bans(&self, graph: &Graph) -> Vec<String> {
        let mut wrong = Vec::new();
        for ban in &self.bans.deny {
            for user in graph.users(&ban.name) {
                let by = user.split_once(' ').map_or(user, |(name, _)| name);
                if !ban.wrappers.iter().any(|wrapper| wrapper == by) {
                    wrong.push(format!("{user} needs {}, which deny.toml bans: {}", ban.name, ban.reason));
                }
            }
        }
        wrong
    }

    /// Packages from anywhere but crates.io and the workspace's own folders, and requirements that any version
    /// would satisfy.
    pub fn sources(&self, house: &House, locked: &[Locked]) -> Vec<String> {
        let mut wrong = Vec::new();
        for package in locked {
            match &package.source {
                Some(source) if source == REGISTRY => {}
                Some(source) => wrong.push(format!("{} comes from {source}: crates.io only", package.name)),
                None if house.member(&package.name).is_some() => {}
                None => wrong.push(format!("{} is a folder and not of this workspace", package.name)),
            }
        }
        for member in &house.members {
            for need in member.needs.iter().filter(|need| !need.local && need.versions.contains('*')) {
                wrong.push(format!("{} takes any version of {}: name one", member.name, need.name));
            }
        }
        wrong
    }
}

/// Every package that `Cargo.lock` names, whatever it is for.
pub fn locked(root: &Path) -> Result<Vec<Locked>> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Locked>,
    }
    let text = std::fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock can't be read")?;
    let lock: Lock = toml::from_str(&text).context("Cargo.lock isn't as expected")?;
    Ok(lock.package)
}

#[cfg(test)]
mod tests;
