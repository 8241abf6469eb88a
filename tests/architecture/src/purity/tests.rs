use std::fs;

use super::*;
use crate::{Member, Need};

#[test]
fn a_runtime_is_found_however_deep() {
    let graph = Graph::parse("0|lamplit-wire v0|\n1|helper v1|\n2|tokio v1|\n").unwrap();
    assert_eq!(
        purity(&house("lamplit-wire", &[]), "lamplit-wire", &graph),
        ["a pure crate needs what is not: lamplit-wire v0 → helper v1 → tokio v1"]
    );
}

#[test]
fn a_random_source_is_found() {
    let graph = Graph::parse("0|lamplit-link v0|\n1|snow v0|\n2|getrandom v0|\n").unwrap();
    assert_eq!(
        purity(&house("lamplit-link", &[]), "lamplit-link", &graph),
        ["a pure crate needs what is not: lamplit-link v0 → snow v0 → getrandom v0"]
    );
}

#[test]
fn only_seal_reaches_randomness_and_only_through_vodozemac() {
    let through = "0|lamplit-node v0|\n1|lamplit-seal v0|\n2|vodozemac v0|\n3|getrandom v0|\n";
    let graph = Graph::parse(through).unwrap();
    assert_eq!(purity(&house("lamplit-node", &["lamplit-seal"]), "lamplit-node", &graph), Vec::<String>::new());

    let beside = format!("{through}1|uuid v1|\n2|getrandom v0|\n");
    let graph = Graph::parse(&beside).unwrap();
    assert_eq!(
        purity(&house("lamplit-node", &["lamplit-seal"]), "lamplit-node", &graph),
        ["a pure crate needs what is not: lamplit-node v0 → uuid v1 → getrandom v0"]
    );

    let graph = Graph::parse("0|lamplit-sync v0|\n1|vodozemac v0|\n2|getrandom v0|\n").unwrap();
    assert_eq!(purity(&house("lamplit-sync", &[]), "lamplit-sync", &graph).len(), 1);
}

#[test]
fn a_pure_crate_needs_only_pure_ones() {
    let graph = Graph::parse("0|lamplit-node v0|\n1|lamplit-transport v0|\n").unwrap();
    assert_eq!(
        purity(&house("lamplit-node", &["lamplit-transport"]), "lamplit-node", &graph),
        ["lamplit-node is pure and needs lamplit-transport, which is not"]
    );
}

#[test]
fn a_missing_or_other_clippy_list_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let house = house("lamplit-wire", &[]);
    let folder = dir.path().join("crates/wire");
    fs::create_dir_all(&folder).unwrap();
    assert_eq!(clippy_lists(dir.path(), &house), ["clippy-pure.toml is missing or empty"]);

    fs::write(dir.path().join("clippy-pure.toml"), "the list").unwrap();
    let wrong = ["link crates/wire/clippy.toml to ../../clippy-pure.toml"];
    assert_eq!(clippy_lists(dir.path(), &house), wrong);
    fs::write(folder.join("clippy.toml"), "another list").unwrap();
    assert_eq!(clippy_lists(dir.path(), &house), wrong);

    fs::write(folder.join("clippy.toml"), "the list").unwrap();
    assert_eq!(clippy_lists(dir.path(), &house), Vec::<String>::new());
    fs::write(folder.join(".clippy.toml"), "").unwrap();
    assert_eq!(clippy_lists(dir.path(), &house), ["crates/wire/.clippy.toml hides the clippy.toml beside it"]);
}

#[test]
fn a_clippy_list_of_an_impure_crate_is_found() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("crates/store")).unwrap();
    fs::write(dir.path().join("clippy-pure.toml"), "the list").unwrap();
    fs::write(dir.path().join("crates/store/clippy.toml"), "the list").unwrap();
    let wrong = clippy_lists(dir.path(), &house("lamplit-store", &[]));
    assert_eq!(wrong, ["crates/store has a clippy.toml of its own and is not pure"]);
}

fn house(name: &str, needs: &[&str]) -> House {
    let need = |name: &&str| Need { name: (*name).into(), kind: Kind::Program, versions: "*".into(), local: true };
    let folder = format!("crates/{}", name.trim_start_matches("lamplit-"));
    House { members: vec![Member { name: name.into(), folder, needs: needs.iter().map(need).collect() }] }
}
