use super::*;

#[test]
fn nothing_is_missing_where_everything_is() {
    assert_eq!(missing(Purpose::ALL, |_| true), Vec::<&str>::new());
}

#[test]
fn only_what_the_purpose_needs_is_asked_for() {
    assert_eq!(missing(&[Purpose::Demo], |_| false), ["gcc", "libc6-dev"]);
    let for_tests = missing(&[Purpose::Test], |_| false);
    assert!(for_tests.starts_with(&[
        "gcc",
        "libc6-dev",
        "iproute2",
        "nftables",
        "tcpdump",
        "faketime",
        "dbus",
        "gnome-keyring",
        "util-linux"
    ]));
    for package in ["kannel", "kannel-extras", "libnet-smpp-perl"] {
        assert!(for_tests.contains(&package), "{for_tests:?}");
    }
    assert!(for_tests.contains(&"chromium") && !for_tests.contains(&"valgrind"), "{for_tests:?}");
    let has = |program: &str| !["ip", "valgrind", "c++"].contains(&program);
    assert_eq!(missing(&[Purpose::Test, Purpose::Bench], has), ["iproute2", "valgrind"]);
}

#[test]
fn programs_are_looked_for_on_the_path() {
    assert!(is_installed("sh"));
    assert!(!is_installed("no-such-program"));
    assert!(is_installed("/proc/self/exe") && !is_installed("/proc/self/no-such-program"));
}

/// A folder of programs: what they are called and what they do, as shell scripts. Stand-ins, since no test can take the
/// compiler off the machine that it was built on.
fn programs(scripts: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for tool in ["sh", "flock"] {
        let found =
            ["/bin", "/usr/bin"].map(|place| Path::new(place).join(tool)).into_iter().find(|path| path.exists());
        std::os::unix::fs::symlink(found.unwrap(), folder.path().join(tool)).unwrap();
    }
    for (name, script) in scripts {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    folder
}

fn link(folder: &Path) -> std::process::Output {
    let linker = crate::step::root().unwrap().join(".cargo/linker");
    let mut command = Command::new(linker);
    command.args(["-o", "program"]).env("PATH", folder).env("TMPDIR", folder);
    command.output().unwrap()
}

#[test]
fn without_a_compiler_others_than_root_are_told_what_to_type() {
    let folder = programs(&[("apt-get", "exit 1"), ("id", "echo 1000")]);
    let output = link(folder.path());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("sudo apt-get update && sudo apt-get install -y --no-install-recommends gcc libc6-dev"),
        "{said}"
    );
}

#[test]
fn without_a_compiler_root_gets_one_and_is_told() {
    // It installs a compiler that says how it was called.
    let brings = "case \"$1\" in install) printf '#!/bin/sh\\necho linked \"$@\"\\n' > \"$TMPDIR/cc\"; /bin/chmod +x \"$TMPDIR/cc\";; esac";
    let folder = programs(&[("apt-get", brings), ("id", "echo 0")]);
    let output = link(folder.path());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("installing: gcc libc6-dev"), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "linked -o program\n");
}

#[test]
fn a_compiler_that_is_there_is_used() {
    let folder = programs(&[("cc", "echo linked \"$@\"")]);
    let output = link(folder.path());
    assert!(output.status.success() && output.stderr.is_empty());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "linked -o program\n");
}
