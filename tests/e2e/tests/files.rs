//! Files between two hosts on one cable.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{fs, io::Write as _, path::Path};

use lamplit_e2e::{Device, Host, Lan, eventually};
use serde_json::Value;

const MIB: usize = 1024 * 1024;

/// Ada on the left and Grace on the right, acquainted.
fn acquainted(lan: &Lan) -> (Device<'_>, Device<'_>) {
    let mut ada = Device::new(lan, Host::LEFT, "Ada").unwrap();
    let mut grace = Device::new(lan, Host::RIGHT, "Grace").unwrap();
    ada.start(&[]).unwrap();
    grace.start(&[]).unwrap();
    ada.meet(&grace).unwrap();
    ada.wait_for_contact(&grace, "be near", |contact| contact["near"] == true).unwrap();
    (ada, grace)
}

/// A file of so many bytes, no two pieces of it alike.
fn file(device: &Device<'_>, name: &str, bytes: usize) -> String {
    let path = device.data().join(name);
    let mut out = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    for number in 0..bytes as u64 / 8 {
        out.write_all(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes()).unwrap();
    }
    out.flush().unwrap();
    path.to_string_lossy().into_owned()
}

fn state(device: &Device<'_>, name: &str) -> Option<Value> {
    let files = device.list(&["files"]).unwrap();
    files.into_iter().map(|mut message| message["file"].take()).find(|file| file["name"] == name)
}

fn wait_until(device: &Device<'_>, name: &str, wanted: &str) -> Value {
    eventually(&format!("{name} shall be {wanted} at {}", device.name()), || {
        Ok(state(device, name).filter(|file| file["state"]["state"] == wanted))
    })
    .unwrap()
}

/// Bytes of a file that are on the other's disk, finished or not.
fn parts(device: &Device<'_>) -> u64 {
    let parts = fs::read_dir(device.data().join("files/.parts")).into_iter().flatten();
    let parts =
        parts.filter_map(|entry| entry.ok()).filter(|entry| entry.path().extension().is_some_and(|ext| ext == "part"));
    parts.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

fn wait_for_parts(device: &Device<'_>, bytes: usize) {
    eventually("half of the file shall have come", || Ok((parts(device) >= bytes as u64).then_some(()))).unwrap();
}

fn assert_same(sent: &str, came: &Value) {
    let came = came["state"]["path"].as_str().unwrap();
    assert!(fs::read(sent).unwrap() == fs::read(came).unwrap(), "{came} is not what was sent");
}

#[test]
fn files_are_sent_fetched_and_named_harmlessly() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan);
    let small = file(&ada, "notes.txt", 3 * MIB);
    let told = ada.ask(&["send", "Grace", "--caption", "for you", &small]).unwrap();
    assert_eq!(told["fetched"], true);
    let came = wait_until(&grace, "notes.txt", "here");
    assert_same(&small, &came);
    assert_eq!(Path::new(came["state"]["path"].as_str().unwrap()).parent().unwrap(), grace.data().join("files"));
    let said = grace.conversation(&ada).unwrap().pop().unwrap();
    assert_eq!((&said["text"], &said["file"]["name"]), (&Value::from("for you"), &Value::from("notes.txt")));

    // A file of that name again lies beside it.
    let again = ada.ask(&["send", "Grace", &small]).unwrap();
    assert_eq!(again["fetched"], true);
    assert!(grace.data().join("files/notes (2).txt").exists());

    // What is no file is refused, and says what to do.
    for (path, word) in [("/dev/zero", "tar"), ("/nowhere/at/all", "no file"), ("/tmp", "tar")] {
        let refused = ada.attempt(&["send", "Grace", path]).unwrap().unwrap_err();
        assert!(refused.message.contains(word), "{}", refused.message);
    }
}

#[test]
fn two_hundred_mebibytes_go_on_after_the_cable_was_pulled_and_after_a_kill() {
    let lan = Lan::new().unwrap();
    let (ada, mut grace) = acquainted(&lan);
    lan.set_rate(Some("400mbit")).unwrap();
    let sent = file(&ada, "film.mp4", 200 * MIB);
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    // So much is not fetched unasked.
    wait_until(&grace, "film.mp4", "offered");
    let getting = grace.follow(&["get", "film.mp4"]).unwrap();
    wait_for_parts(&grace, 60 * MIB);
    lan.set_cable(Host::LEFT, false).unwrap();
    let at_the_cut = parts(&grace);
    assert!(at_the_cut < 200 * MIB as u64, "the cable was pulled in the middle");
    // Long enough for both to notice.
    eventually("Ada shall be away", || {
        let contacts = grace.list(&["contacts"])?;
        Ok((contacts[0]["near"] == false).then_some(()))
    })
    .unwrap();
    lan.set_cable(Host::LEFT, true).unwrap();
    wait_for_parts(&grace, at_the_cut as usize + 20 * MIB);
    grace.kill().unwrap();
    let at_the_kill = parts(&grace);
    assert!(at_the_kill < 200 * MIB as u64, "the kill came in the middle");
    drop(getting.signal("KILL"));
    grace.start(&[]).unwrap();
    lan.set_rate(None).unwrap();
    assert_same(&sent, &wait_until(&grace, "film.mp4", "here"));
    assert_eq!(parts(&grace), 0, "nothing half done is left");
    let there = eventually("Ada shall hear of it", || {
        Ok(state(&ada, "film.mp4").filter(|file| !file["fetched_by"].as_array().unwrap().is_empty()))
    });
    there.unwrap();
}

#[test]
fn a_file_that_changes_before_it_is_fetched_is_taken_back() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan);
    let sent = file(&ada, "draft.txt", 70 * MIB);
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    wait_until(&grace, "draft.txt", "offered");
    fs::OpenOptions::new().append(true).open(&sent).unwrap().write_all(b"one more word").unwrap();
    let mut bytes = fs::read(&sent).unwrap();
    bytes[50 * MIB] ^= 1;
    fs::write(&sent, bytes).unwrap();
    let refused = grace.attempt(&["get", "draft.txt"]).unwrap().unwrap_err();
    assert!(refused.message.contains("taken back"), "{}", refused.message);
    assert_eq!(state(&ada, "draft.txt").unwrap()["state"]["state"], "withdrawn");
    assert!(!grace.data().join("files/draft.txt").exists());
}

#[test]
fn a_file_is_taken_back_or_declined() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan);
    let sent = file(&ada, "first.bin", 70 * MIB);
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    wait_until(&grace, "first.bin", "offered");
    ada.ask(&["cancel", "first.bin"]).unwrap();
    wait_until(&grace, "first.bin", "withdrawn");

    let sent = file(&ada, "second.bin", 70 * MIB);
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    wait_until(&grace, "second.bin", "offered");
    grace.ask(&["cancel", "second.bin"]).unwrap();
    eventually("Ada shall hear that it is not wanted", || {
        Ok(state(&ada, "second.bin").filter(|file| !file["declined_by"].as_array().unwrap().is_empty()))
    })
    .unwrap();
}
