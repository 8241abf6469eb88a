//! What the program tells shells and `man` about itself, read by those.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{fs, path::Path, process::Command};

use lamplit_e2e::run;
use serde_json::Value;
use tempfile::TempDir;

/// What `lamplit` prints, as somebody with no account.
fn lamplit(arguments: &[&str]) -> String {
    let data = TempDir::new().unwrap();
    let output = run(data.path(), arguments).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a program prints that must be there and end well, with the package that brings it.
fn ask(program: &str, package: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).env("HOME", folder).output();
    let output = output.unwrap_or_else(|error| panic!("{program} does not start ({error}): apt-get install {package}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// A folder with the script of a shell.
fn script(shell: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("script"), lamplit(&["completions", shell])).unwrap();
    folder
}

#[test]
fn bash_completes_commands_and_options() {
    let folder = script("bash");
    let complete = |words: &str| {
        // As the shell does when somebody presses the tabulator key behind the last word.
        let line = format!(
            "source ./script; COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); \
             $(complete -p lamplit | sed 's/.*-F \\([^ ]*\\).*/\\1/') lamplit \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        ask("bash", "bash", &["-c", &line], folder.path()).trim().to_owned()
    };
    assert_eq!(complete("lamplit hist"), "history");
    assert_eq!(complete("lamplit history --fol"), "--follow");
    assert_eq!(complete("lamplit completions z"), "zsh");
    assert_eq!(complete("lamplit init --keyring nev"), "never");
}

#[test]
fn fish_completes_commands_with_what_they_do() {
    let folder = script("fish");
    let complete = |line: &str| {
        ask("fish", "fish", &["-c", &format!("source ./script; complete -C '{line}'")], folder.path()).trim().to_owned()
    };
    assert_eq!(complete("lamplit hist"), "history\tShow a conversation and mark it as read");
    assert!(complete("lamplit history --fol").starts_with("--follow\t"));
}

#[test]
fn zsh_takes_its_script() {
    let folder = script("zsh");
    fs::rename(folder.path().join("script"), folder.path().join("_lamplit")).unwrap();
    let line = "fpath=($HOME $fpath); autoload -Uz compinit; compinit -u -D; print -r -- ${_comps[lamplit]}; autoload +X _lamplit";
    assert_eq!(ask("zsh", "zsh", &["-f", "-c", line], folder.path()).trim(), "_lamplit");
}

#[test]
fn every_command_has_a_page_that_man_can_show() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("man1");
    let written: Value = serde_json::from_str(&lamplit(&["--json", "man", "--out", out.to_str().unwrap()])).unwrap();
    let pages = written["pages"].as_array().unwrap();
    assert!(pages.len() > 15, "{pages:?}");
    for page in pages {
        let page = page.as_str().unwrap();
        let complaints = ask("mandoc", "mandoc", &["-T", "lint", "-W", "error", page], folder.path());
        assert_eq!(complaints, "", "{page}");
    }
    let shown =
        ask("mandoc", "mandoc", &["-T", "ascii", out.join("lamplit-history.1").to_str().unwrap()], folder.path());
    // Bold is a letter, a backspace and the letter.
    let shown: String = {
        let mut plain: Vec<char> = Vec::new();
        for c in shown.chars() {
            if c == '\u{8}' {
                plain.pop();
            } else {
                plain.push(c)
            }
        }
        plain.into_iter().collect()
    };
    for part in ["lamplit-history - Show a conversation", "--follow", "lamplit history Grace --follow", "WITH"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(lamplit(&["man"]).starts_with(".ie") || lamplit(&["man"]).contains(".TH lamplit 1"));
}
