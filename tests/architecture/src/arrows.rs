//! Which crate may need which: arrows point down only.

use std::collections::BTreeSet;

use crate::{House, Kind};

/// Every crate under `crates/` and the crates of this workspace that it needs. A crate or an arrow that is not
/// here is not allowed; an arrow that is here and not in the manifest is taken out here.
pub const ARROWS: &[(&str, &[&str])] = &[
    ("lamplit-types", &[]),
    ("lamplit-wire", &["lamplit-types"]),
    ("lamplit-identity", &["lamplit-types", "lamplit-wire"]),
    ("lamplit-link", &["lamplit-types"]),
    ("lamplit-seal", &["lamplit-types"]),
    ("lamplit-blob", &["lamplit-types"]),
    ("lamplit-sync", &["lamplit-types", "lamplit-wire"]),
    (
        "lamplit-node",
        &["lamplit-types", "lamplit-wire", "lamplit-identity", "lamplit-link", "lamplit-seal", "lamplit-sync"],
    ),
    ("lamplit-service", &["lamplit-types", "lamplit-wire", "lamplit-identity", "lamplit-sync"]),
    ("lamplit-depot", &["lamplit-types", "lamplit-wire", "lamplit-service"]),
    ("lamplit-picture", &[]),
    ("lamplit-store", &["lamplit-node"]),
    ("lamplit-transport", &["lamplit-types"]),
    ("lamplit-tls", &[]),
    ("lamplit-transport-quic", &["lamplit-types", "lamplit-transport", "lamplit-tls"]),
    (
        "lamplit-client",
        &[
            "lamplit-types",
            "lamplit-wire",
            "lamplit-blob",
            "lamplit-picture",
            "lamplit-identity",
            "lamplit-node",
            "lamplit-store",
            "lamplit-transport",
            "lamplit-transport-quic",
        ],
    ),
    ("lamplit-sms", &["lamplit-types"]),
    ("lamplit-wake", &[]),
    ("lamplit-doctor", &["lamplit-transport-quic"]),
    ("lamplit-rpc", &["lamplit-types", "lamplit-client"]),
    ("lamplit-tui", &["lamplit-types", "lamplit-rpc"]),
    ("lamplit-cli", &["lamplit-types", "lamplit-client", "lamplit-doctor", "lamplit-rpc", "lamplit-tui"]),
    (
        "lamplit-server",
        &["lamplit-types", "lamplit-wire", "lamplit-service", "lamplit-depot", "lamplit-tls", "lamplit-sms"],
    ),
    (
        "lamplit-sim",
        &[
            "lamplit-types",
            "lamplit-wire",
            "lamplit-identity",
            "lamplit-node",
            "lamplit-store",
            "lamplit-service",
            "lamplit-depot",
        ],
    ),
    ("lamplit-demo", &["lamplit-client", "lamplit-rpc", "lamplit-tui"]),
    ("lamplit-xtask", &[]),
];

/// Where the manifests and the table of arrows differ, and what points up.
///
/// A package under `tests/` may need any crate, and nothing may need it. What only a crate's tests need may go
/// beyond the table, but not to something that needs the crate itself.
pub fn arrows(house: &House, table: &[(&str, &[&str])]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, _) in table {
        if house.member(name).is_none() {
            wrong.push(format!("{name} is in the table of arrows and not in the workspace: take it out"));
        }
    }
    for member in &house.members {
        for target in member.local(Kind::Program).chain(member.local(Kind::Tests)) {
            if house.member(target).is_some_and(|target| target.folder.starts_with("tests/")) {
                wrong.push(format!("{} needs {target}, but nothing may need a package under tests/", member.name));
            }
        }
        if member.folder.starts_with("tests/") {
            continue;
        }
        let Some((_, allowed)) = table.iter().find(|(name, _)| *name == member.name) else {
            wrong.push(format!("{} is not in the table of arrows: say what it may need", member.name));
            continue;
        };
        let needed: BTreeSet<_> = member.local(Kind::Program).collect();
        let allowed: BTreeSet<_> = allowed.iter().copied().collect();
        for target in needed.difference(&allowed) {
            wrong.push(format!("{} needs {target}, which the table of arrows doesn't allow", member.name));
        }
        for target in allowed.difference(&needed) {
            wrong.push(format!("{} doesn't need {target}, which the table of arrows says it does", member.name));
        }
        for target in member.local(Kind::Tests) {
            if everything_under(house, target).contains(member.name.as_str()) {
                wrong.push(format!("the tests of {} need {target}, which is above it", member.name));
            }
        }
    }
    wrong
}

/// Where folder and package don't have the same name: `crates/x` and `tests/x` hold `lamplit-x`; `tests/x` may
/// hold `lamplit-x-tests` where a crate has taken the name.
pub fn folders(house: &House) -> Vec<String> {
    let mut wrong = Vec::new();
    for member in &house.members {
        let fits = match member.folder.split_once('/') {
            Some(("crates", short)) => member.name == format!("lamplit-{short}"),
            Some(("tests", short)) => {
                member.name == format!("lamplit-{short}") || member.name == format!("lamplit-{short}-tests")
            }
            _ => false,
        };
        if !fits {
            wrong.push(format!("the folder {} can't hold a package named {}", member.folder, member.name));
        }
    }
    wrong
}

/// The package itself and whatever it needs, directly or not, of this workspace.
fn everything_under<'h>(house: &'h House, start: &'h str) -> BTreeSet<&'h str> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(name) = waiting.pop() {
        if found.insert(name) {
            waiting.extend(house.member(name).into_iter().flat_map(|member| member.local(Kind::Program)));
        }
    }
    found
}

#[cfg(test)]
mod tests;
