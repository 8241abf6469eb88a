//! What a pure crate may not be made of.

use std::path::Path;

use crate::{Graph, House, Kind};

/// The crates that own no socket, thread, clock or randomness.
pub const PURE: &[&str] = &[
    "lamplit-types",
    "lamplit-wire",
    "lamplit-identity",
    "lamplit-link",
    "lamplit-blob",
    "lamplit-seal",
    "lamplit-sync",
    "lamplit-node",
    "lamplit-service",
];

/// Runtimes, sockets, stores, terminals: what touches the world outside.
const WORLD: &[&str] = &[
    "async-io",
    "crossterm",
    "futures-executor",
    "keyring",
    "mdns-sd",
    "mio",
    "polling",
    "quinn",
    "quinn-proto",
    "quinn-udp",
    "redb",
    "rustls",
    "smol",
    "socket2",
    "tokio",
];

/// Where the OS gives randomness.
const RANDOM: &[&str] = &["fastrand", "getrandom", "rand", "rand_os"];

/// The one exception: vodozemac draws its own randomness, and only seal uses it. It builds hpke with an OS random
/// source too; seal needs hpke without one, but there is one build of it.
const EXCEPTION: &[(&str, &str)] = &[("lamplit-seal", "vodozemac"), ("lamplit-seal", "hpke")];

/// What a pure crate needs that it may not, given the graph of that crate alone.
pub fn purity(house: &House, package: &str, graph: &Graph) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(member) = house.member(package) else {
        return vec![format!("{package} is called pure and not in the workspace")];
    };
    for target in member.local(Kind::Program).filter(|target| !PURE.contains(target)) {
        wrong.push(format!("{package} is pure and needs {target}, which is not"));
    }
    let world = WORLD.iter().map(|forbidden| graph.way(package, forbidden, &[]));
    let random = RANDOM.iter().map(|forbidden| graph.way(package, forbidden, EXCEPTION));
    for way in world.chain(random).flatten() {
        wrong.push(format!("a pure crate needs what is not: {}", way.join(" → ")));
    }
    wrong
}

/// Which pure crates are not held by the shared clippy lists. Clippy reads only the nearest `clippy.toml`, so
/// each pure crate has its own, a link to the one at the root.
pub fn clippy_lists(root: &Path, house: &House) -> Vec<String> {
    let shared = std::fs::read(root.join("clippy-pure.toml")).unwrap_or_default();
    if shared.is_empty() {
        return vec!["clippy-pure.toml is missing or empty".to_owned()];
    }
    let mut wrong = Vec::new();
    for member in &house.members {
        let folder = root.join(&member.folder);
        let own = std::fs::read(folder.join("clippy.toml")).ok();
        let pure = PURE.contains(&member.name.as_str());
        if pure && own.as_ref() != Some(&shared) {
            wrong.push(format!("link {}/clippy.toml to ../../clippy-pure.toml", member.folder));
        }
        if !pure && own.is_some() {
            wrong.push(format!("{} has a clippy.toml of its own and is not pure", member.folder));
        }
        if folder.join(".clippy.toml").exists() {
            wrong.push(format!("{}/.clippy.toml hides the clippy.toml beside it", member.folder));
        }
    }
    wrong
}

#[cfg(test)]
mod tests;
