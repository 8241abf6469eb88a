use super::*;
use crate::{Kind, Member, Need};

const POLICY: &str = r#"
[graph]
targets = ["x86_64-unknown-linux-gnu"]
[licenses]
allow = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]
[bans]
deny = [{ crate = "ring", reason = "one crypto library" }, { crate = "redb", reason = "a reason", wrappers = ["store"] }]
"#;

#[test]
fn allowed_licences_pass() {
    let tree = "0|a v1|MIT OR GPL-3.0\n0|b v1|MIT/Apache-2.0\n0|c v1|ISC AND (MIT OR GPL-2.0)\n\
                0|d v1|Apache-2.0 WITH LLVM-exception\n";
    assert_eq!(policy().licences(&Graph::parse(tree).unwrap()), Vec::<String>::new());
}

#[test]
fn other_licences_and_none_are_found() {
    let rest = "0|x v1|MIT\n0|y v1|ISC\n0|z v1|Apache-2.0 WITH LLVM-exception\n";
    for licence in ["GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0"] {
        let tree = format!("{rest}0|a v1|{licence}\n");
        let wrong = policy().licences(&Graph::parse(&tree).unwrap());
        assert_eq!(wrong, [format!("the licence of a v1 is not in deny.toml's list: {licence}")]);
    }
    for licence in ["", "no such licence"] {
        let tree = format!("{rest}0|a v1|{licence}\n");
        let wrong = policy().licences(&Graph::parse(&tree).unwrap());
        assert_eq!(wrong, [format!("a v1 states no licence that can be read: \"{licence}\"")]);
    }
}

#[test]
fn a_licence_that_nobody_needs_is_found() {
    let tree = "0|x v1|MIT\n0|z v1|Apache-2.0 WITH LLVM-exception\n";
    let wrong = policy().licences(&Graph::parse(tree).unwrap());
    assert_eq!(wrong, ["no package needs ISC: take it out of deny.toml"]);
}

#[test]
fn a_banned_package_is_found_unless_its_wrapper_needs_it() {
    let graph = Graph::parse("0|top v1|\n1|rustls v0.23|\n2|ring v0.17|\n1|store v1|\n2|redb v4|\n").unwrap();
    assert_eq!(policy().bans(&graph), ["rustls v0.23 needs ring, which deny.toml bans: one crypto library"]);
    let graph = Graph::parse("0|top v1|\n1|redb v4|\n").unwrap();
    assert_eq!(policy().bans(&graph), ["top v1 needs redb, which deny.toml bans: a reason"]);
}

#[test]
fn git_other_registries_and_foreign_folders_are_found() {
    let locked = |name: &str, source: Option<&str>| Locked { name: name.into(), source: source.map(Into::into) };
    let house = house(&[]);
    assert_eq!(policy().sources(&house, &[locked("ok", Some(REGISTRY)), locked("ours", None)]), Vec::<String>::new());
    for source in ["git+https://example.org/a?rev=1#1", "registry+https://example.org/index"] {
        let wrong = policy().sources(&house, &[locked("a", Some(source))]);
        assert_eq!(wrong, [format!("a comes from {source}: crates.io only")]);
    }
    let wrong = policy().sources(&house, &[locked("patched", None)]);
    assert_eq!(wrong, ["patched is a folder and not of this workspace"]);
}

#[test]
fn a_requirement_of_any_version_is_found() {
    let wrong = policy().sources(&house(&[("serde", "^1"), ("tokio", "*"), ("redb", "4.*")]), &[]);
    assert_eq!(wrong, ["ours takes any version of tokio: name one", "ours takes any version of redb: name one"]);
}

fn policy() -> Policy {
    Policy::parse(POLICY).unwrap()
}

fn house(needs: &[(&str, &str)]) -> House {
    let need = |&(name, versions): &(&str, &str)| Need {
        name: name.into(),
        kind: Kind::Program,
        versions: versions.into(),
        local: false,
    };
    let needs = needs.iter().map(need).collect();
    House { members: vec![Member { name: "ours".into(), folder: "crates/ours".into(), needs }] }
}
