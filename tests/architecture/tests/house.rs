//! The rules of ARCHITECTURE.md, held against this workspace.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, process::Command};

use lamplit_architecture::{ARROWS, Graph, House, PURE, Policy, arrows, clippy_lists, folders, locked, purity, root};

#[test]
fn arrows_point_down_as_drawn() {
    none(&arrows(&house(), ARROWS));
}

#[test]
fn folders_and_packages_have_the_same_names() {
    none(&folders(&house()));
}

#[test]
fn pure_crates_reach_no_runtime_socket_store_or_randomness() {
    let house = house();
    let wrong: Vec<_> = PURE.iter().flat_map(|name| purity(&house, name, &graph(name))).collect();
    none(&wrong);
}

/// The controls of the test above: what it looks for is found where it is.
#[test]
fn the_exception_and_the_impure_crates_are_seen() {
    let seal = graph("lamplit-seal");
    let way = seal
        .way("lamplit-seal", "getrandom", &[("lamplit-seal", "hpke")])
        .expect("seal reaches the OS through vodozemac");
    assert!(way.iter().any(|package| package.starts_with("vodozemac ")), "{way:?}");
    assert!(graph("lamplit-transport-quic").way("lamplit-transport-quic", "tokio", &[]).is_some());
    assert!(graph("lamplit-store").way("lamplit-store", "redb", &[]).is_some());
}

#[test]
fn pure_crates_have_the_shared_clippy_lists() {
    none(&clippy_lists(&root(), &house()));
}

/// The lists work only if clippy reads them: a crate with each kind of violation is refused.
#[test]
fn clippy_refuses_a_clock_a_thread_a_socket_and_a_hash_map() {
    let dir = tempfile::tempdir().unwrap();
    let crate_dir = dir.path().join("crates/impure");
    fs::create_dir_all(crate_dir.join("src")).unwrap();
    fs::write(crate_dir.join("Cargo.toml"), "[workspace]\n[package]\nname = \"impure\"\nedition = \"2024\"\n").unwrap();
    fs::write(
        crate_dir.join("src/lib.rs"),
        "pub fn f() {\n    \
         let _ = std::time::SystemTime::now();\n    \
         std::thread::spawn(|| ());\n    \
         let _ = std::net::UdpSocket::bind(\"127.0.0.1:0\");\n    \
         let _ = std::collections::HashMap::<u8, u8>::new();\n}\n",
    )
    .unwrap();
    fs::copy(root().join("clippy-pure.toml"), dir.path().join("clippy-pure.toml")).unwrap();
    std::os::unix::fs::symlink("../../clippy-pure.toml", crate_dir.join("clippy.toml")).unwrap();

    let output = Command::new("cargo")
        .args(["clippy", "--quiet", "--offline", "--", "-D", "warnings"])
        .current_dir(&crate_dir)
        .env("CARGO_TARGET_DIR", dir.path().join("target"))
        .output()
        .expect("cargo starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "clippy let it pass: {said}");
    for refused in [
        "disallowed method `std::time::SystemTime::now`",
        "disallowed method `std::thread::spawn`",
        "disallowed type `std::net::UdpSocket`",
        "disallowed type `std::collections::HashMap`",
    ] {
        assert!(said.contains(refused), "clippy doesn't refuse a {refused}: {said}");
    }
}

#[test]
fn licences_are_allowed_ones() {
    let policy = policy();
    none(&policy.licences(&everything(&policy)));
}

#[test]
fn banned_packages_are_not_built() {
    let policy = policy();
    let everything = everything(&policy);
    assert!(!everything.users("aws-lc-rs").is_empty(), "the control isn't there");
    none(&policy.bans(&everything));
}

#[test]
fn everything_comes_from_crates_io_in_named_versions() {
    none(&policy().sources(&house(), &locked(&root()).unwrap()));
}

fn house() -> House {
    House::read(&root()).unwrap()
}

fn policy() -> Policy {
    Policy::read(&root()).unwrap()
}

fn graph(package: &str) -> Graph {
    Graph::of_package(&root(), package).unwrap()
}

fn everything(policy: &Policy) -> Graph {
    Graph::of_workspace(&root(), policy.targets()).unwrap()
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "the house breaks its rules:\n  {}", wrong.join("\n  "));
}
