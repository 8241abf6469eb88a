//! What the program tells shells and `man` about itself, read by those.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{fs, path::Path, process::Command};

use lamplit_e2e::{Screen, run};
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

/// A shell at a prompt, in that folder and with nobody's settings, that has obeyed a line.
fn shell(shell: &str, arguments: &[&str], line: &str, folder: &Path) -> Screen {
    let mut command = Command::new("env");
    command.arg("-i").arg(format!("--chdir={}", folder.display())).arg(format!("HOME={}", folder.display()));
    command.args(["PATH=/usr/local/bin:/usr/bin:/bin", "TERM=xterm-256color", "LC_ALL=C.UTF-8", shell]).args(arguments);
    let mut screen = Screen::start(&command, 120, 40).unwrap();
    // What it prints is not what was typed.
    screen.press(&format!("{line}; echo all se''t\r")).unwrap();
    screen.until("all set").unwrap();
    screen
}

/// What stands behind the last prompt, once that is as wanted.
fn behind_prompt(screen: &Screen, wanted: &str) {
    let last = |text: &str| {
        text.lines().filter_map(|line| line.strip_prefix('>')).next_back().map(|line| line.trim().to_owned())
    };
    screen.until_so(&format!("{wanted:?} behind the prompt"), |text| last(text).as_deref() == Some(wanted)).unwrap();
}

const TAB: &str = "\t";
/// Takes back what is typed in the line.
const CTRL_U: &str = "\u{15}";

/// Words, and what they become by the tabulator key.
const COMPLETED: [(&str, &str); 4] = [
    ("lamplit hist", "lamplit history"),
    ("lamplit history --fol", "lamplit history --follow"),
    ("lamplit init --keyring nev", "lamplit init --keyring never"),
    ("lamplit completions z", "lamplit completions zsh"),
];
/// The script for fish has no values of words without an option (clap_complete 4).
const BY_FISH: usize = 3;

/// Presses the tabulator key behind some words.
fn press_tab(screen: &mut Screen, words: &[(&str, &str)]) {
    for (typed, completed) in words {
        screen.press(typed).unwrap();
        // Nothing stands there by itself.
        behind_prompt(screen, typed);
        screen.press(TAB).unwrap();
        behind_prompt(screen, completed);
        screen.press(CTRL_U).unwrap();
        behind_prompt(screen, "");
    }
    screen.press("lamplit se").unwrap();
    screen.press(TAB).unwrap();
    let offered =
        |text: &str| ["send", "server"].iter().all(|command| text.split_whitespace().any(|word| word == *command));
    screen.until_so("both commands that begin so", offered).unwrap();
}

#[test]
fn bash_completes_at_the_prompt() {
    let folder = script("bash");
    let set = "PS1='> '; bind 'set show-all-if-ambiguous on'; source ./script";
    press_tab(&mut shell("bash", &["--norc", "--noprofile", "-i"], set, folder.path()), &COMPLETED);
}

#[test]
fn zsh_completes_at_the_prompt() {
    let folder = script("zsh");
    fs::rename(folder.path().join("script"), folder.path().join("_lamplit")).unwrap();
    let set = "PS1='> '; fpath=($HOME $fpath); autoload -Uz compinit; compinit -u -D";
    let mut screen = shell("zsh", &["-f", "-i"], set, folder.path());
    press_tab(&mut screen, &COMPLETED);
    screen.until("Send files").unwrap();
}

#[test]
fn fish_completes_at_the_prompt() {
    let folder = script("fish");
    // What it would offer by itself, in grey, looks like what is typed.
    let set = "set -g fish_autosuggestion_enabled 0; function fish_prompt; echo '> '; end; source ./script";
    press_tab(&mut shell("fish", &["--no-config", "--interactive"], set, folder.path()), &COMPLETED[..BY_FISH]);
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
