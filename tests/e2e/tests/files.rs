//! Files between two hosts on one cable.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{fs, io::Write as _, os::unix::fs::FileExt as _, path::Path, thread::sleep, time::Duration};

use lamplit_e2e::{AHEAD, Device, Host, Lan, Running, acquainted, eventually, on_the_cable};
use serde_json::{Value, json};

const MIB: usize = 1024 * 1024;
/// How long a link on which nothing arrives needs to end, and some more.
const LINK_ENDS: Duration = Duration::from_secs(15);

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

    // Nor is one called what could harm who has it, or what it is not.
    for (called, kept) in [("CON", "_CON"), ("invoice\u{202e}fdp.exe", "invoicefdp.exe")] {
        let path = ada.make_file(called, MIB).unwrap();
        ada.ask(&["send", "Grace", &path]).unwrap();
        grace.receive(kept, &path).unwrap();
        assert!(grace.data().join("files").join(kept).exists());
    }

    // What is no file is refused, and says what to do.
    for (path, word) in [("/dev/zero", "tar"), ("/nowhere/at/all", "no file"), ("/tmp", "tar")] {
        let refused = ada.attempt(&["send", "Grace", path]).unwrap().unwrap_err();
        assert!(refused.message.contains(word), "{}", refused.message);
    }
}

#[test]
fn a_file_goes_on_after_its_sender_was_killed() {
    let lan = Lan::new().unwrap();
    let (mut ada, grace) = acquainted(&lan).unwrap();
    lan.set_rate(Some("100mbit")).unwrap();
    let sent = ada.make_file("film.mp4", 60 * MIB).unwrap();
    let bytes = fs::read(&sent).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    grace.wait_for_parts(35 * MIB).unwrap();
    ada.kill().unwrap();
    grace.wait_until_away(&ada).unwrap();
    let at_the_kill = grace.part_of(&bytes).unwrap();
    assert!(at_the_kill >= 35 * MIB as u64, "{at_the_kill} bytes are here");
    let carried = || lan.carried(Host::RIGHT).unwrap().bytes_there;
    let before = carried();

    lan.set_rate(None).unwrap();
    ada.start(&[]).unwrap();
    grace.receive("film.mp4", &sent).unwrap();
    let (came, missing) = (carried() - before, bytes.len() as u64 - at_the_kill);
    println!("{at_the_kill} of {} bytes were here, and {came} came for the {missing} that were missing", bytes.len());
    assert!(came >= missing && came <= on_the_cable(missing) + AHEAD, "{came} bytes came for {missing}");
    assert!(came < bytes.len() as u64, "it was sent anew");
    assert_eq!(grace.bytes_of_parts(), 0, "nothing half done is left");
    eventually("Ada shall hear that it was fetched", || {
        Ok(ada.file("film.mp4")?.filter(|file| !file["fetched_by"].as_array().unwrap().is_empty()))
    })
    .unwrap();
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

/// Where it is told why a file does not come.
fn trouble(device: &Device<'_>) -> String {
    let told = eventually("it shall be told why the file does not come", || {
        let transfers = device.list(&["files"])?;
        Ok(transfers.into_iter().find_map(|one| Some(one["transfer"]["trouble"].as_str()?.to_owned())))
    });
    told.unwrap()
}

#[test]
fn a_disk_that_fills_when_a_file_is_at_ninety_nine_of_a_hundred_loses_nothing() {
    let lan = Lan::new().unwrap();
    let mut ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let (mut grace, disk) = Device::on_disk(&lan, Host::RIGHT, "Grace", 400).unwrap();
    ada.start(&[]).unwrap();
    grace.start(&[]).unwrap();
    ada.meet(&grace).unwrap();
    lan.set_rate(Some("400mbit")).unwrap();
    let sent = ada.make_file("large.bin", 300 * MIB).unwrap();
    let bytes = fs::read(&sent).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &sent]).unwrap();
    grace.wait_for_file("large.bin", "offered").unwrap();
    let _getting = grace.follow(&["get", "large.bin"]).unwrap();
    // Ever slower, so that it is not whole before the disk is full.
    for (so_far, rate) in [(270, "24mbit"), (290, "4mbit"), (297, "1mbit")] {
        grace.wait_for_parts(so_far * MIB).unwrap();
        lan.set_rate(Some(rate)).unwrap();
    }
    // What the file still lacks is more than that.
    let left = disk.fill_up(MIB as u64).unwrap();
    println!("{left} bytes are left of the disk");
    lan.set_rate(Some("400mbit")).unwrap();
    let told = trouble(&grace);
    assert!(told.contains("disk") && told.contains("make some"), "{told}");
    let at_the_end = grace.part_of(&bytes).unwrap();
    assert!(at_the_end >= 297 * MIB as u64, "{at_the_end} bytes are here");
    assert!(disk.free().unwrap() <= 4 * MIB as u64, "a hundredth of the disk is free at most");

    // Nothing more is written to it now, by nobody, and both go on talking.
    disk.fill_up(0).unwrap();
    let long = "and this is a long story, ".repeat(100);
    let (mut said, mut answered) = (Vec::new(), Vec::new());
    for number in 0..30 {
        let text = format!("{number}: is your disk full? {long}");
        ada.ask(&["say", "Grace", &text]).unwrap();
        said.push(text);
        let text = format!("{number}: I will see. {long}");
        match grace.attempt(&["say", "Ada", &text]).unwrap() {
            Ok(_) => answered.push(text),
            Err(refused) => assert!(refused.message.contains("disk is full"), "{}", refused.message),
        }
    }
    println!("{} of 30 things could be said on the full disk", answered.len());
    assert!(answered.len() < 30, "the disk was never full");
    // It is there to be asked all the time.
    assert_eq!(grace.ask(&["status"]).unwrap()["name"], "Grace");
    assert_eq!(grace.file("large.bin").unwrap().unwrap()["state"]["state"], "wanted");

    let carried = || lan.carried(Host::RIGHT).unwrap().bytes_there;
    let before = carried();
    disk.make_room().unwrap();
    let once_more = "there is room again";
    let taken = eventually("it shall be possible to say something again", || {
        Ok(grace.attempt(&["say", "Ada", once_more])?.ok())
    });
    taken.unwrap();
    answered.push(once_more.to_owned());
    for (here, other, wanted) in [(&grace, &ada, &said), (&ada, &grace, &answered)] {
        let heard = eventually("all that was said shall be there, once and in order", || {
            let heard =
                here.conversation(other)?.into_iter().filter(|one| one["mine"] == false && one["file"].is_null());
            let heard: Vec<String> = heard.map(|one| one["text"].as_str().unwrap().to_owned()).collect();
            Ok((heard == *wanted).then_some(()))
        });
        heard.unwrap();
    }
    grace.receive("large.bin", &sent).unwrap();
    let after = carried() - before;
    assert!(after < AHEAD, "{after} bytes came of what was here but for {}", 300 * MIB as u64 - at_the_end);
}

/// What files take at a device in bytes, and what they may take.
fn space(device: &Device<'_>) -> (u64, u64) {
    let space = device.ask(&["storage"]).unwrap();
    assert!(space["free"].as_u64().unwrap() > 0, "{space}");
    assert_eq!(space["coming"], 0);
    (space["here"].as_u64().unwrap(), space["limit"].as_u64().unwrap())
}

#[test]
fn files_take_as_much_as_the_owner_lets_them() {
    let lan = Lan::new().unwrap();
    let (ada, mut grace) = acquainted(&lan).unwrap();
    assert_eq!(space(&grace), (0, 64 << 30));
    let set = grace.ask(&["storage", "--limit", "4MiB"]).unwrap();
    assert_eq!(set["limit"], 4 << 20);

    // What fits comes by itself. What does not waits, and says what is the matter when it is asked for.
    let fits = ada.make_file("notes.txt", 3 * MIB).unwrap();
    ada.ask(&["send", "Grace", &fits]).unwrap();
    grace.receive("notes.txt", &fits).unwrap();
    let large = ada.make_file("film.mp4", 2 * MIB).unwrap();
    ada.ask(&["send", "--no-wait", "Grace", &large]).unwrap();
    grace.wait_for_file("film.mp4", "offered").unwrap();
    let told = grace.attempt(&["get", "film.mp4"]).unwrap().unwrap_err();
    for word in ["2.0 MiB more", "3.0 MiB here", "4.0 MiB that they may have", "lamplit storage --limit"] {
        assert!(told.message.contains(word), "{}", told.message);
    }
    assert_eq!(told.code, Some(1));

    // Under less than there is nothing goes. What is set is kept, also if the daemon is killed at once.
    grace.ask(&["storage", "--limit", "1MiB"]).unwrap();
    grace.kill().unwrap();
    grace.start(&[]).unwrap();
    assert_eq!(space(&grace), (3 << 20, 1 << 20));
    grace.receive("notes.txt", &fits).unwrap();
    let told = grace.attempt(&["get", "film.mp4"]).unwrap().unwrap_err();
    assert!(told.message.contains("1.0 MiB that they may have"), "{}", told.message);
    let read = grace.read(&["storage"]).unwrap();
    assert!(read.contains("3.0 MiB here") && read.contains("1.0 MiB, all of it taken"), "{read}");

    grace.ask(&["storage", "--limit", "5MiB"]).unwrap();
    grace.ask(&["get", "film.mp4"]).unwrap();
    grace.receive("film.mp4", &large).unwrap();
    grace.stop().unwrap();
    grace.start(&[]).unwrap();
    assert_eq!(space(&grace), (5 << 20, 5 << 20));

    for (size, word) in [("20", "20GiB"), ("1KiB", "1.0 MiB"), ("1PiB", "TiB"), ("17TiB", "16.0 TiB")] {
        let told = grace.attempt(&["storage", "--limit", size]).unwrap().unwrap_err();
        assert_eq!(told.code, Some(2), "{size}");
        assert!(told.message.contains(word), "{size}: {}", told.message);
    }
    assert_eq!(space(&grace), (5 << 20, 5 << 20));
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

#[test]
fn what_was_deleted_can_be_had_again_and_what_a_crash_left_goes() {
    let lan = Lan::new().unwrap();
    let (ada, mut grace) = acquainted(&lan).unwrap();
    let sent = ada.make_file("notes.txt", MIB).unwrap();
    ada.ask(&["send", "Grace", &sent]).unwrap();
    grace.receive("notes.txt", &sent).unwrap();
    grace.stop().unwrap();
    fs::remove_file(grace.data().join("files/notes.txt")).unwrap();
    let left = grace.data().join("files/.parts/00112233445566778899aabbccddeeff.part");
    fs::write(&left, b"half of something").unwrap();

    grace.start(&[]).unwrap();
    grace.wait_for_file("notes.txt", "offered").unwrap();
    assert!(!left.exists());
    grace.ask(&["get", "notes.txt"]).unwrap();
    grace.receive("notes.txt", &sent).unwrap();
}

/// Begins to send a file, and returns its path when a part of it has come, and what waits there for the rest.
fn half_sent<'lan>(lan: &Lan, from: &Device<'lan>, to: &Device<'lan>, name: &str) -> (String, Running) {
    lan.set_rate(Some("60mbit")).unwrap();
    let sent = from.make_file(name, 60 * MIB).unwrap();
    let sending = from.follow(&["send", to.name(), &sent]).unwrap();
    to.wait_for_parts(10 * MIB).unwrap();
    (sent, sending)
}

/// Waits until neither does anything with files and nothing is left of an unfinished one.
fn nothing_is_left(from: &Device<'_>, to: &Device<'_>) {
    from.wait_for_transfers(&[]).unwrap();
    to.wait_for_transfers(&[]).unwrap();
    eventually("the part that came shall be gone", || Ok((to.bytes_of_parts() == 0).then_some(()))).unwrap();
}

/// Sends another file, and looks whether nothing more of the one before came with it.
fn another_arrives(lan: &Lan, from: &Device<'_>, to: &Device<'_>) {
    lan.set_rate(None).unwrap();
    let sent = from.make_file("another.bin", 20 * MIB).unwrap();
    from.ask(&["send", to.name(), &sent]).unwrap();
    to.receive("another.bin", &sent).unwrap();
    assert_eq!(to.bytes_of_parts(), 0, "what was cancelled still came");
}

/// Changes bytes of a file where it lies.
fn change(path: &str, at: usize, with: &[u8]) {
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(with, at as u64).unwrap();
}

/// A file changes while its bytes flow: it is taken back, and nothing is left of it where they came. As it is now it can be
/// sent again.
fn spoilt_half_way(name: &str, spoil: impl FnOnce(&Lan, &str)) {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let (sent, mut sending) = half_sent(&lan, &ada, &grace, name);
    let so_far = grace.part_of(&fs::read(&sent).unwrap()).unwrap();
    assert!(so_far < 30 * MIB as u64, "{so_far} bytes have come already");
    spoil(&lan, &sent);
    grace.wait_for_file(name, "withdrawn").unwrap();
    ada.wait_for_file(name, "withdrawn").unwrap();
    assert!(!sending.wait().unwrap().success(), "who waits for it to be there hears that it will not be");
    nothing_is_left(&ada, &grace);
    assert!(!grace.data().join("files").join(name).exists());
    let refused = grace.attempt(&["get", name]).unwrap().unwrap_err();
    assert!(refused.message.contains("took this file back"), "{}", refused.message);

    lan.set_rate(None).unwrap();
    if !Path::new(&sent).exists() {
        let refused = ada.attempt(&["send", "Grace", &sent]).unwrap().unwrap_err();
        assert!(refused.message.contains("no file"), "{}", refused.message);
        ada.make_file(name, 20 * MIB).unwrap();
    }
    ada.ask(&["send", "Grace", &sent]).unwrap();
    grace.receive(name, &sent).unwrap();
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_taken_back() {
    spoilt_half_way("draft.txt", |_, sent| change(sent, 50 * MIB, b"another word"));
}

#[test]
fn a_file_that_is_cut_short_while_it_is_sent_is_taken_back() {
    spoilt_half_way("log.txt", |_, sent| {
        fs::OpenOptions::new().write(true).open(sent).unwrap().set_len(40 * MIB as u64 + 7).unwrap();
    });
}

#[test]
fn a_file_that_is_written_anew_while_it_is_sent_is_taken_back() {
    spoilt_half_way("list.txt", |_, sent| fs::write(sent, "tea\n".repeat(10 * MIB)).unwrap());
}

#[test]
fn a_file_that_vanishes_while_it_is_sent_is_taken_back_when_it_must_be_opened_again() {
    spoilt_half_way("gone.txt", |lan, sent| {
        fs::remove_file(sent).unwrap();
        // Whoever has a file open has it to the end; so the link is cut.
        lan.set_cable(Host::LEFT, false).unwrap();
        sleep(LINK_ENDS);
        lan.set_cable(Host::LEFT, true).unwrap();
    });
}

#[test]
fn a_file_that_vanishes_while_it_is_sent_or_changes_where_it_was_read_arrives_as_it_was() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let (sent, mut sending) = half_sent(&lan, &ada, &grace, "once.txt");
    let as_it_was = fs::read(&sent).unwrap();
    grace.part_of(&as_it_was).unwrap();
    change(&sent, 3, b"another word");
    fs::rename(&sent, ada.data().join("elsewhere.txt")).unwrap();
    fs::write(&sent, "another file").unwrap();
    lan.set_rate(None).unwrap();
    let file = grace.wait_for_file("once.txt", "here").unwrap();
    assert!(fs::read(file["state"]["path"].as_str().unwrap()).unwrap() == as_it_was, "what arrived was never sent");
    assert!(sending.wait().unwrap().success());
    nothing_is_left(&ada, &grace);
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
    nothing_is_left(&ada, &grace);
    let refused = grace.attempt(&["get", "regretted.bin"]).unwrap().unwrap_err();
    assert!(refused.message.contains("took this file back"), "{}", refused.message);
    another_arrives(&lan, &ada, &grace);
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
    nothing_is_left(&ada, &grace);
    another_arrives(&lan, &ada, &grace);
    assert!(!grace.data().join("files/unwanted.bin").exists());

    grace.ask(&["get", "unwanted.bin"]).unwrap();
    grace.receive("unwanted.bin", &sent).unwrap();
    eventually("Ada shall hear that it was wanted after all", || {
        let file = ada.file("unwanted.bin")?;
        Ok(file.filter(|file| file["declined_by"] == json!([]) && file["fetched_by"] != json!([])).map(drop))
    })
    .unwrap();
}
