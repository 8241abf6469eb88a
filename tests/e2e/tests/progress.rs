//! How far a file is, as a person sees it, and how it is found out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use lamplit_e2e::{Device, Lan, Screen, acquainted, eventually, lamplit};
use serde_json::Value;

const MIB: usize = 1024 * 1024;

/// How many of 70 mebibytes are done, as the bar of that file says it, and how many cells of it are full.
fn drawn(screen: &Screen, name: &str) -> Option<(f64, usize)> {
    let text = screen.text();
    let line = text.lines().find(|line| line.starts_with(name) && line.contains(" of 70.00 MiB"))?;
    let (before, _) = line.split_once(" MiB of ")?;
    Some((before.split_whitespace().last()?.parse().ok()?, line.matches('█').count()))
}

/// Waits until a bar is drawn, and then until it is longer.
fn until_it_grows(screen: &Screen, name: &str) {
    let first = eventually("a bar shall be drawn", || Ok(drawn(screen, name).filter(|(done, _)| *done > 0.0)));
    let (done, cells) = first.unwrap_or_else(|error| panic!("{error}: {}", screen.text()));
    let more = |now: &(f64, usize)| now.0 > done + 1.0 && now.1 > cells;
    eventually("the bar shall grow", || Ok(drawn(screen, name).filter(more)))
        .unwrap_or_else(|error| panic!("{error}: {}", screen.text()));
}

#[test]
fn on_a_terminal_a_bar_grows_at_both_ends_and_is_gone_afterwards() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    lan.set_rate(Some("60mbit")).unwrap();
    let sent = ada.make_file("film.bin", 70 * MIB).unwrap();
    let mut here = ada.on_terminal(&["send", "Grace", &sent], 100, 12).unwrap();
    grace.wait_for_file("film.bin", "offered").unwrap();
    let mut there = grace.on_terminal(&["get", "film.bin"], 100, 12).unwrap();
    until_it_grows(&there, "film.bin");
    until_it_grows(&here, "film.bin");
    lan.set_rate(None).unwrap();
    assert!(there.wait().unwrap().success());
    there.until("It is here: ").unwrap();
    assert!(here.wait().unwrap().success());
    here.until("film.bin (70.0 MiB) is with Grace.").unwrap();
    for screen in [&here, &there] {
        screen.until_so("no bar is left", |text| !text.contains('█') && !text.contains(" MiB of ")).unwrap();
    }
}

/// Runs a command as a person does whose output goes elsewhere.
fn piped(device: &Device<'_>, arguments: &[&str]) -> Output {
    let mut command = Command::new(lamplit().unwrap());
    command.arg("--data").arg(device.data()).args(arguments).stdin(Stdio::null());
    command.output().unwrap()
}

/// That there are lines of text and nothing that moves a cursor.
fn is_plain(bytes: &[u8]) -> bool {
    String::from_utf8(bytes.to_vec()).unwrap().chars().all(|c| c == '\n' || !c.is_control())
}

#[test]
fn into_a_pipe_goes_no_bar() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    lan.set_rate(Some("100mbit")).unwrap();
    let small = ada.make_file("song.bin", 20 * MIB).unwrap();
    let large = ada.make_file("film.bin", 70 * MIB).unwrap();
    // Both take a second and more: a bar would be drawn many times.
    let sent = piped(&ada, &["send", "Grace", &small]);
    ada.ask(&["send", "--no-wait", "Grace", &large]).unwrap();
    grace.wait_for_file("film.bin", "offered").unwrap();
    let got = piped(&grace, &["get", "film.bin"]);
    for (output, said) in [(&sent, "is with Grace.\n"), (&got, "film.bin\n")] {
        assert!(output.status.success(), "{output:?}");
        assert!(is_plain(&output.stdout), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).ends_with(said), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}

/// How often each method was called.
type Calls = Arc<Mutex<BTreeMap<String, usize>>>;

/// Stands between a command and the daemon in `data`: `folder` is the command's data directory, and what it calls is counted.
fn stand_between(folder: &Path, data: &Path) -> Calls {
    let (calls, daemon) = (Calls::default(), data.join("lamplit.sock"));
    let listener = UnixListener::bind(folder.join("lamplit.sock")).unwrap();
    let counted = calls.clone();
    thread::spawn(move || {
        for asking in listener.incoming().map_while(Result::ok) {
            let mut to = UnixStream::connect(&daemon).unwrap();
            let (mut answers, mut back) = (to.try_clone().unwrap(), asking.try_clone().unwrap());
            thread::spawn(move || io::copy(&mut answers, &mut back));
            let counted = counted.clone();
            thread::spawn(move || {
                for line in BufReader::new(asking).lines().map_while(Result::ok) {
                    let method = serde_json::from_str::<Value>(&line).unwrap()["method"].as_str().unwrap().to_owned();
                    *counted.lock().unwrap().entry(method).or_default() += 1;
                    to.write_all(format!("{line}\n").as_bytes()).unwrap();
                }
            });
        }
    });
    calls
}

/// Runs a command of a device and counts what it calls.
fn counted(device: &Device<'_>, arguments: &[&str]) -> BTreeMap<String, usize> {
    let folder = tempfile::tempdir().unwrap();
    let calls = stand_between(folder.path(), device.data());
    let mut command = Command::new(lamplit().unwrap());
    let output = command.arg("--data").arg(folder.path()).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    core::mem::take(&mut calls.lock().unwrap())
}

#[test]
fn who_waits_for_a_file_asks_for_that_file_alone() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    lan.set_rate(Some("100mbit")).unwrap();
    let small = ada.make_file("song.bin", 20 * MIB).unwrap();
    let large = ada.make_file("film.bin", 70 * MIB).unwrap();
    let sending = counted(&ada, &["send", "Grace", &small]);
    assert!(sending["file"] > 2, "it looks again and again: {sending:?}");
    assert_eq!(sending.get("files"), None, "{sending:?}");
    ada.ask(&["send", "--no-wait", "Grace", &large]).unwrap();
    grace.wait_for_file("film.bin", "offered").unwrap();
    let getting = counted(&grace, &["get", "film.bin"]);
    assert!(getting["file"] > 2, "it looks again and again: {getting:?}");
    assert_eq!(getting["files"], 1, "once, to find what is called so: {getting:?}");
}
