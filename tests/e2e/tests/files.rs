//! Files between two hosts on one cable.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{fs, io::Write as _, path::Path};

use lamplit_e2e::{Device, Host, Lan, Running, acquainted, eventually};
use serde_json::{Value, json};

const MIB: usize = 1024 * 1024;

#[test]
fn files_are_sent_fetched_and_named_harmlessly() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let small = ada.make_file("notes.txt", 3 * MIB).unwrap();
    let told = ada.ask(&["send", "Grace", "--caption", "for you", &small]).unwrap();
    assert_eq!(told["fetched"], true);
    let came = grace.wait_for_file("notes.txt", "here").unwrap();
    grace.receive("notes.txt", &small).unwrap();
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
    let (ada, mut grace) = acquainted(&lan).unwrap();
    lan.set_rate(Some("400mbit")).unwrap();
    let sent = ada.make_file("film.mp4", 200 * MIB).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    // So much is not fetched unasked.
    grace.wait_for_file("film.mp4", "offered").unwrap();
    let getting = grace.follow(&["get", "film.mp4"]).unwrap();
    grace.wait_for_parts(60 * MIB).unwrap();
    lan.set_cable(Host::LEFT, false).unwrap();
    let at_the_cut = grace.bytes_of_parts();
    assert!(at_the_cut < 200 * MIB as u64, "the cable was pulled in the middle");
    // Long enough for both to notice.
    eventually("Ada shall be away", || {
        let contacts = grace.list(&["contacts"])?;
        Ok((contacts[0]["near"] == false).then_some(()))
    })
    .unwrap();
    lan.set_cable(Host::LEFT, true).unwrap();
    grace.wait_for_parts(at_the_cut as usize + 20 * MIB).unwrap();
    grace.kill().unwrap();
    let at_the_kill = grace.bytes_of_parts();
    assert!(at_the_kill < 200 * MIB as u64, "the kill came in the middle");
    drop(getting.signal("KILL"));
    grace.start(&[]).unwrap();
    lan.set_rate(None).unwrap();
    grace.receive("film.mp4", &sent).unwrap();
    assert_eq!(grace.bytes_of_parts(), 0, "nothing half done is left");
    let there = eventually("Ada shall hear of it", || {
        Ok(ada.file("film.mp4")?.filter(|file| !file["fetched_by"].as_array().unwrap().is_empty()))
    });
    there.unwrap();
}

#[test]
fn a_file_that_changes_before_it_is_fetched_is_taken_back() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let sent = ada.make_file("draft.txt", 70 * MIB).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    grace.wait_for_file("draft.txt", "offered").unwrap();
    fs::OpenOptions::new().append(true).open(&sent).unwrap().write_all(b"one more word").unwrap();
    let mut bytes = fs::read(&sent).unwrap();
    bytes[50 * MIB] ^= 1;
    fs::write(&sent, bytes).unwrap();
    let refused = grace.attempt(&["get", "draft.txt"]).unwrap().unwrap_err();
    assert!(refused.message.contains("taken back"), "{}", refused.message);
    assert_eq!(ada.file("draft.txt").unwrap().unwrap()["state"]["state"], "withdrawn");
    assert!(!grace.data().join("files/draft.txt").exists());
}

#[test]
fn a_file_is_taken_back_or_declined() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let sent = ada.make_file("first.bin", 70 * MIB).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    grace.wait_for_file("first.bin", "offered").unwrap();
    ada.ask(&["cancel", "first.bin"]).unwrap();
    grace.wait_for_file("first.bin", "withdrawn").unwrap();

    let sent = ada.make_file("second.bin", 70 * MIB).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    grace.wait_for_file("second.bin", "offered").unwrap();
    grace.ask(&["cancel", "second.bin"]).unwrap();
    eventually("Ada shall hear that it is not wanted", || {
        Ok(ada.file("second.bin")?.filter(|file| !file["declined_by"].as_array().unwrap().is_empty()))
    })
    .unwrap();
}

#[test]
fn a_disk_that_fills_up_near_the_end_is_waited_for() {
    let lan = Lan::new().unwrap();
    let mut ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let (mut grace, disk) = Device::on_disk(&lan, Host::RIGHT, "Grace", 320).unwrap();
    ada.start(&[]).unwrap();
    grace.start(&[]).unwrap();
    ada.meet(&grace).unwrap();
    lan.set_rate(Some("200mbit")).unwrap();
    let sent = ada.make_file("large.bin", 100 * MIB).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    grace.wait_for_file("large.bin", "offered").unwrap();
    let _getting = grace.follow(&["get", "large.bin"]).unwrap();
    // So slow that it is far from whole when the disk is full. What is left is for the database.
    grace.wait_for_parts(70 * MIB).unwrap();
    lan.set_rate(Some("16mbit")).unwrap();
    grace.wait_for_parts(90 * MIB).unwrap();
    disk.fill_up(24 * MIB as u64).unwrap();
    let told = eventually("Grace shall hear why it does not go on", || {
        let transfers = grace.list(&["files"])?;
        Ok(transfers.into_iter().find_map(|one| Some(one["transfer"]["trouble"].as_str()?.to_owned())))
    });
    let told = told.unwrap();
    assert!(told.contains("disk") && told.contains("free"), "{told}");
    // Nothing is lost meanwhile, and talk goes on as far as there is room.
    assert!(grace.bytes_of_parts() >= 90 * MIB as u64);
    ada.ask(&["say", "Grace", "is your disk full?"]).unwrap();
    let heard = eventually("Grace shall hear Ada", || {
        let heard = grace.conversation(&ada)?;
        Ok(heard.into_iter().find(|message| message["text"] == "is your disk full?"))
    });
    heard.unwrap();
    disk.make_room().unwrap();
    lan.set_rate(None).unwrap();
    grace.receive("large.bin", &sent).unwrap();
}

#[test]
fn two_files_come_at_once() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    lan.set_rate(Some("60mbit")).unwrap();
    let names = ["one.bin", "two.bin"];
    let sent = names.map(|name| ada.make_file(name, 60 * MIB).unwrap());
    ada.ask(&["send", "--no-wait", "Grace", &sent[0], &sent[1]]).unwrap();
    grace.wait_for_transfers(&names.map(|name| (name, "fetching"))).unwrap();
    ada.wait_for_transfers(&names.map(|name| (name, "serving"))).unwrap();
    lan.set_rate(None).unwrap();
    for (name, sent) in names.iter().zip(&sent) {
        grace.receive(name, sent).unwrap();
    }
}

#[test]
fn a_file_comes_while_another_goes() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    lan.set_rate(Some("60mbit")).unwrap();
    let there = ada.make_file("there.bin", 60 * MIB).unwrap();
    let back = grace.make_file("back.bin", 60 * MIB).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &there]).unwrap();
    grace.ask(&["send", "--no-wait", "Ada", &back]).unwrap();
    ada.wait_for_transfers(&[("there.bin", "serving"), ("back.bin", "fetching")]).unwrap();
    grace.wait_for_transfers(&[("there.bin", "fetching"), ("back.bin", "serving")]).unwrap();
    lan.set_rate(None).unwrap();
    grace.receive("there.bin", &there).unwrap();
    ada.receive("back.bin", &back).unwrap();
}

/// Begins to send a file, and returns its path when a part of it has come, and what waits there for the rest.
fn half_sent<'lan>(lan: &Lan, from: &Device<'lan>, to: &Device<'lan>, name: &str) -> (String, Running) {
    lan.set_rate(Some("60mbit")).unwrap();
    let sent = from.make_file(name, 60 * MIB).unwrap();
    let sending = from.follow(&["send", to.name(), &sent]).unwrap();
    to.wait_for_parts(10 * MIB).unwrap();
    (sent, sending)
}

/// Waits until neither does anything with files, and returns how many bytes of unfinished ones are there.
fn what_is_left(from: &Device<'_>, to: &Device<'_>) -> u64 {
    from.wait_for_transfers(&[]).unwrap();
    to.wait_for_transfers(&[]).unwrap();
    let left = to.bytes_of_parts();
    assert!(left < 60 * MIB as u64, "it was stopped in the middle");
    left
}

/// Sends another file, and looks whether nothing more of the one before came with it.
fn another_arrives(lan: &Lan, from: &Device<'_>, to: &Device<'_>, left: u64) {
    lan.set_rate(None).unwrap();
    let sent = from.make_file("another.bin", 20 * MIB).unwrap();
    from.ask(&["send", to.name(), &sent]).unwrap();
    to.receive("another.bin", &sent).unwrap();
    assert!(to.bytes_of_parts() <= left, "what was cancelled still came");
}

#[test]
fn a_file_that_is_taken_back_half_way_stops_at_both_ends() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let (_, mut sending) = half_sent(&lan, &ada, &grace, "regretted.bin");
    ada.ask(&["cancel", "regretted.bin"]).unwrap();
    grace.wait_for_file("regretted.bin", "withdrawn").unwrap();
    ada.wait_for_file("regretted.bin", "withdrawn").unwrap();
    assert!(!sending.wait().unwrap().success(), "who waits for it to be there hears that it will not be");
    let left = what_is_left(&ada, &grace);
    let refused = grace.attempt(&["get", "regretted.bin"]).unwrap().unwrap_err();
    assert!(refused.message.contains("took this file back"), "{}", refused.message);
    another_arrives(&lan, &ada, &grace, left);
    assert!(!grace.data().join("files/regretted.bin").exists());
}

#[test]
fn a_file_that_is_declined_half_way_stops_at_both_ends_and_may_be_wanted_again() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let (sent, mut sending) = half_sent(&lan, &ada, &grace, "unwanted.bin");
    grace.ask(&["cancel", "unwanted.bin"]).unwrap();
    grace.wait_for_file("unwanted.bin", "declined").unwrap();
    let declined = eventually("Ada shall hear that it is not wanted", || {
        Ok(ada.file("unwanted.bin")?.filter(|file| !file["declined_by"].as_array().unwrap().is_empty()))
    });
    let declined = declined.unwrap();
    assert_eq!((&declined["state"]["state"], &declined["fetched_by"]), (&json!("here"), &json!([])));
    assert!(!sending.wait().unwrap().success(), "who waits for it to be there hears that it will not be");
    let left = what_is_left(&ada, &grace);
    another_arrives(&lan, &ada, &grace, left);
    assert!(!grace.data().join("files/unwanted.bin").exists());

    grace.ask(&["get", "unwanted.bin"]).unwrap();
    grace.receive("unwanted.bin", &sent).unwrap();
    eventually("Ada shall hear that it was wanted after all", || {
        let file = ada.file("unwanted.bin")?;
        Ok(file.filter(|file| file["declined_by"] == json!([]) && file["fetched_by"] != json!([])).map(drop))
    })
    .unwrap();
}
