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
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use lamplit_e2e::{Device, Host, Lan, Screen, acquainted, eventually, lamplit};
use serde_json::{Value, json};

const MIB: usize = 1024 * 1024;
/// How long a file is tried again and again in vain: a second after the first time, then after two more.
const IN_VAIN: Duration = Duration::from_secs(4);

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

/// A line that a command printed for programs.
fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn who_waits_without_a_terminal_is_told_of_a_full_disk_once_and_when_it_goes_on() {
    let lan = Lan::new().unwrap();
    let mut ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let (mut grace, disk) = Device::on_disk(&lan, Host::RIGHT, "Grace", 300).unwrap();
    ada.start(&[]).unwrap();
    grace.start(&[]).unwrap();
    ada.meet(&grace).unwrap();
    ada.wait_until_near(&grace).unwrap();
    lan.set_rate(Some("100mbit")).unwrap();
    let sent = ada.make_file("film.bin", 70 * MIB).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    grace.wait_for_file("film.bin", "offered").unwrap();
    // The database has room left, and a file has none.
    disk.fill_up(32 * MIB as u64).unwrap();
    let begun = grace.ask(&["get", "--no-wait", "film.bin"]).unwrap();
    assert_eq!(begun["path"], Value::Null, "{begun}");
    let folder = tempfile::tempdir().unwrap();
    let aside = folder.path().join("aside");
    let mut command = Command::new(lamplit().unwrap());
    command.arg("--data").arg(grace.data()).args(["get", "film.bin"]).stdin(Stdio::null());
    let mut person = command.stdout(Stdio::null()).stderr(File::create(&aside).unwrap()).spawn().unwrap();
    let mut program = grace.follow(&["get", "--json", "film.bin"]).unwrap();
    let first = parsed(&program.line().unwrap());
    let why = first["trouble"].as_str().unwrap_or_else(|| panic!("no trouble: {first}")).to_owned();
    assert!(why.contains("disk") && why.contains("make some"), "{why}");
    let told = || fs::read_to_string(&aside).unwrap();
    eventually("a person shall be told, too", || Ok((!told().is_empty()).then_some(()))).unwrap();
    thread::sleep(IN_VAIN);
    assert_eq!(told(), format!("film.bin: {why}\n"));
    disk.make_room().unwrap();
    assert!(person.wait().unwrap().success());
    assert_eq!(told(), format!("film.bin: {why}\nfilm.bin goes on.\n"));
    assert_eq!(parsed(&program.line().unwrap()), json!({ "id": begun["id"], "trouble": null }));
    let here = parsed(&program.line().unwrap());
    assert!(program.wait().unwrap().success());
    assert_eq!(grace.ask(&["get", "--no-wait", "film.bin"]).unwrap(), here, "it is here at once");
    assert!(here["path"].as_str().unwrap().ends_with("film.bin"), "{here}");
}

#[test]
fn who_waits_for_somebody_who_is_away_is_told_so_at_both_ends() {
    let lan = Lan::new().unwrap();
    let (mut ada, mut grace) = acquainted(&lan).unwrap();
    lan.set_rate(Some("100mbit")).unwrap();
    let sent = ada.make_file("film.bin", 70 * MIB).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    grace.wait_for_file("film.bin", "offered").unwrap();
    ada.stop().unwrap();
    grace.wait_until_away(&ada).unwrap();
    let mut getting = grace.follow(&["get", "--json", "film.bin"]).unwrap();
    let told = parsed(&getting.line().unwrap());
    assert!(told["trouble"].as_str().is_some_and(|why| why.contains("near")), "{told}");
    ada.start(&[]).unwrap();
    getting.lines_to("\"path\"").unwrap();
    assert!(getting.wait().unwrap().success());

    let sent = ada.make_file("more.bin", 70 * MIB).unwrap();
    ada.wait_until_near(&grace).unwrap();
    let mut sending = ada.follow(&["send", "--json", "Grace", &sent]).unwrap();
    sending.lines_to("\"path\"").unwrap();
    grace.wait_for_file("more.bin", "offered").unwrap();
    grace.stop().unwrap();
    let told = parsed(&sending.line().unwrap());
    assert!(told["trouble"].as_str().is_some_and(|why| why.starts_with("Grace is away")), "{told}");
    grace.start(&[]).unwrap();
    grace.ask(&["get", "more.bin"]).unwrap();
    let told = sending.lines_to("\"fetched\"").unwrap();
    assert!(told.iter().any(|line| parsed(line)["trouble"].is_null()), "it goes on: {told:?}");
    assert!(sending.wait().unwrap().success());
}
