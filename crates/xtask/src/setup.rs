//! What the system must have, in one list, and how to get it on Debian.

use std::{env, fs, os::unix::fs::MetadataExt, path::Path, process::Command};

use anyhow::{Result, bail};

use crate::step::Step;

/// What somebody is about to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `cargo xtask test`
    Test,
    /// `cargo xtask demo`
    Demo,
    /// `cargo xtask bench`
    Bench,
    /// `cargo xtask fuzz`
    Fuzz,
}

impl Purpose {
    /// Everything.
    pub(crate) const ALL: &'static [Self] = &[Self::Test, Self::Demo, Self::Bench, Self::Fuzz];
}

/// A program of the system, and Debian's packages that bring it.
struct Tool {
    /// Its name; or its path, where it lies apart or is a module of another.
    program: &'static str,
    packages: &'static [&'static str],
    purposes: &'static [Purpose],
}

/// All that is needed beside Rust.
const TOOLS: &[Tool] = &[
    // aws-lc is C and assembler; it is built by the compiler alone, without cmake.
    Tool { program: "cc", packages: &["gcc", "libc6-dev"], purposes: Purpose::ALL },
    // Network namespaces, for tests and benchmarks with real daemons on networks of their own.
    Tool { program: "ip", packages: &["iproute2"], purposes: &[Purpose::Test, Purpose::Bench] },
    // A firewall, for the tests of what one does to discovery.
    Tool { program: "nft", packages: &["nftables"], purposes: &[Purpose::Test] },
    // Hears all that goes over a network of the tests.
    Tool { program: "tcpdump", packages: &["tcpdump"], purposes: &[Purpose::Test] },
    // Sets the clock of a single program.
    Tool { program: "faketime", packages: &["faketime"], purposes: &[Purpose::Test] },
    // A real Secret Service, for the tests that keep keys in one.
    Tool { program: "dbus-run-session", packages: &["dbus"], purposes: &[Purpose::Test] },
    Tool { program: "gnome-keyring-daemon", packages: &["gnome-keyring"], purposes: &[Purpose::Test] },
    // A disk that is really full, in a mount namespace of its own; a network of its own for a benchmark.
    Tool { program: "unshare", packages: &["util-linux"], purposes: &[Purpose::Test, Purpose::Bench] },
    // Types of the daemon's interface, as screens see them.
    Tool { program: "tsc", packages: &["node-typescript"], purposes: &[Purpose::Test] },
    // Another cryptography than ours, to read what is sent to push services.
    Tool { program: "node", packages: &["nodejs"], purposes: &[Purpose::Test] },
    // A real browser, for pages that try the daemon's WebSocket.
    Tool { program: "chromium", packages: &["chromium"], purposes: &[Purpose::Test] },
    // A real SMS gateway with its fake message centre, and the protocol that a message centre speaks.
    Tool { program: "bearerbox", packages: &["kannel"], purposes: &[Purpose::Test] },
    Tool { program: "/usr/lib/kannel/test/fakesmsc", packages: &["kannel-extras"], purposes: &[Purpose::Test] },
    Tool { program: "/usr/share/perl5/Net/SMPP.pm", packages: &["libnet-smpp-perl"], purposes: &[Purpose::Test] },
    // Who reads what `lamplit man` and `lamplit completions` print.
    Tool { program: "mandoc", packages: &["mandoc"], purposes: &[Purpose::Test] },
    Tool { program: "bash", packages: &["bash"], purposes: &[Purpose::Test] },
    Tool { program: "fish", packages: &["fish"], purposes: &[Purpose::Test] },
    Tool { program: "zsh", packages: &["zsh"], purposes: &[Purpose::Test] },
    // Counts instructions.
    Tool { program: "valgrind", packages: &["valgrind"], purposes: &[Purpose::Bench] },
    // libFuzzer is C++.
    Tool { program: "c++", packages: &["g++"], purposes: &[Purpose::Fuzz] },
];

/// Cargo's own helpers: rust-toolchain.toml brings them where rustup is.
const COMPONENTS: &[(&str, &str)] = &[("clippy", "clippy"), ("rustfmt", "fmt")];

/// Where root's programs lie, which isn't always on the path of others.
const SYSTEM_FOLDERS: &[&str] = &["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Makes sure that what these purposes need is there: installs it when run as root on Debian, after saying so;
/// else fails with the line to type.
pub(crate) fn run(purposes: &[Purpose]) -> Result<()> {
    if purposes.contains(&Purpose::Test) {
        components()?;
    }
    let packages = missing(purposes, is_installed);
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    if !is_installed("apt-get") {
        bail!("this system lacks what Debian has in these packages: {list}\nInstall the like of them and try again.");
    }
    if !is_root() {
        bail!(
            "this system lacks some packages. To install them:\n  sudo apt-get update && sudo apt-get install -y \
             --no-install-recommends {list}"
        );
    }
    println!("This system lacks some packages; installing: {list}");
    Step::new("the package list", "apt-get", "update --quiet").run()?;
    Step::new("the installation", "apt-get", "install --quiet -y --no-install-recommends")
        .arguments(&packages)
        .variable("DEBIAN_FRONTEND", "noninteractive")
        .run()
}

/// The packages of all tools that aren't there.
fn missing(purposes: &[Purpose], is_installed: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let needed = TOOLS.iter().filter(|tool| tool.purposes.iter().any(|purpose| purposes.contains(purpose)));
    needed.filter(|tool| !is_installed(tool.program)).flat_map(|tool| tool.packages.iter().copied()).collect()
}

fn components() -> Result<()> {
    for (component, subcommand) in COMPONENTS {
        let output = Command::new("cargo").args([subcommand, "--version"]).output();
        if !output.is_ok_and(|output| output.status.success()) {
            bail!("cargo {subcommand} is missing. To install it:\n  rustup component add {component}");
        }
    }
    Ok(())
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    // Joined to a folder, a path stays what it is.
    let mut folders = env::split_paths(&path).chain(SYSTEM_FOLDERS.iter().map(|folder| Path::new(folder).to_owned()));
    folders.any(|folder| folder.join(program).is_file())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(test)]
mod tests;
