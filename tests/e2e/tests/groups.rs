//! Groups of three on one cable: founded, talked in, renamed, sent files into, left, and taken from somebody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use lamplit_e2e::{Device, Lan, three, within};
use serde_json::{Value, json};

const MIB: usize = 1024 * 1024;

/// How long it may take until members who are no contacts find each other.
const PATIENCE: Duration = Duration::from_secs(120);

/// The one group that a device knows of.
fn group(device: &Device<'_>) -> Option<Value> {
    device.list(&["group", "list"]).unwrap().pop()
}

/// Waits until a device's group is as wanted.
fn wait_for_group(device: &Device<'_>, what: &str, wanted: impl Fn(&Value) -> bool) {
    let what = format!("the group shall {what} at {}", device.name());
    within(PATIENCE, &what, || Ok(group(device).filter(|group| wanted(group)))).unwrap();
}

fn members(group: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        group["members"].as_array().unwrap().iter().map(|member| member["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

/// What was said, with who said it in the group.
fn said(device: &Device<'_>, with: &str) -> Vec<(String, String)> {
    let messages = device.list(&["history", with]).unwrap();
    let pair = |message: &Value| {
        (message["from_name"].as_str().unwrap_or_default().to_owned(), message["text"].as_str().unwrap().to_owned())
    };
    messages.iter().map(pair).collect()
}

fn wait_for(device: &Device<'_>, with: &str, text: &str) {
    let what = format!("{} shall hear {text:?}", device.name());
    within(PATIENCE, &what, || Ok(said(device, with).iter().any(|(_, heard)| heard == text).then_some(()))).unwrap();
}

#[test]
fn a_group_is_founded_grows_is_renamed_and_heard_by_those_who_are_no_contacts() {
    let lan = Lan::of(3).unwrap();
    let [ada, grace, linus] = three(&lan).unwrap();
    ada.ask(&["group", "new", "choir", "Grace"]).unwrap();
    wait_for_group(&grace, "be there", |group| members(group) == ["Ada", "Grace"]);
    ada.ask(&["say", "choir", "who sings?"]).unwrap();
    wait_for(&grace, "choir", "who sings?");

    ada.ask(&["group", "add", "choir", "Linus"]).unwrap();
    for device in [&ada, &grace, &linus] {
        wait_for_group(device, "have three members", |group| members(group) == ["Ada", "Grace", "Linus"]);
    }
    // What was said before is not his.
    assert_eq!(said(&linus, "choir"), []);
    // Any member may call it something else, and all see it.
    grace.ask(&["group", "rename", "choir", "The Altos"]).unwrap();
    for device in [&ada, &grace, &linus] {
        wait_for_group(device, "be The Altos", |group| group["name"] == "The Altos");
    }
    // Grace and Linus know each other through the group alone.
    linus.ask(&["say", "The Altos", "I do"]).unwrap();
    grace.ask(&["say", "The Altos", "I hum"]).unwrap();
    for (device, text) in [(&ada, "I do"), (&ada, "I hum"), (&grace, "I do"), (&linus, "I hum")] {
        wait_for(device, "The Altos", text);
    }
    assert!(said(&grace, "The Altos").contains(&("Linus".to_owned(), "I do".to_owned())));
    let contacts = grace.list(&["contacts"]).unwrap();
    assert_eq!(contacts.len(), 1, "{contacts:?}");
    within(PATIENCE, "both shall have what Linus said", || {
        let reach = linus.list(&["history", "The Altos"])?.into_iter().find(|message| message["text"] == "I do");
        Ok(reach.filter(|message| message["reach"]["delivered"] == 2))
    })
    .unwrap();
}

#[test]
fn a_file_goes_to_every_member_who_wants_it() {
    let lan = Lan::of(3).unwrap();
    let [ada, grace, linus] = three(&lan).unwrap();
    ada.ask(&["group", "new", "choir", "Grace", "Linus"]).unwrap();
    for device in [&grace, &linus] {
        wait_for_group(device, "be there", |group| members(group).len() == 3);
    }
    let song = ada.make_file("song.mp3", 3 * MIB).unwrap();
    // It is waited for both, and told of each.
    let told = ada.list(&["send", "choir", "--caption", "for Sunday", &song]).unwrap();
    assert_eq!(told[0]["path"], song.as_str());
    let accounts = |told: &[Value], what: &str| {
        let those = told.iter().filter(|line| line[what] == true).map(|line| line["by"].as_str().unwrap().to_owned());
        those.collect::<std::collections::BTreeSet<String>>()
    };
    assert_eq!((told.len(), accounts(&told, "fetched").len()), (3, 2), "{told:?}");
    grace.receive("song.mp3", &song).unwrap();
    linus.receive("song.mp3", &song).unwrap();
    let people = ada.read(&["send", "choir", &song]).unwrap();
    assert!(people.contains("song.mp3 is for choir: 2 of 2 are known to be near."), "{people}");
    assert!(people.contains("song.mp3 (3.0 MiB) is with Grace.") && people.contains("is with Linus."), "{people}");

    // So much is fetched by whoever asks for it: one declines, and the other has it all the same.
    let film = ada.make_file("film.mp4", 70 * MIB).unwrap();
    let declined = std::thread::scope(|scope| {
        let sending = scope.spawn(|| ada.list(&["send", "choir", &film]));
        linus.wait_for_file("film.mp4", "offered").unwrap();
        linus.ask(&["cancel", "film.mp4"]).unwrap();
        grace.wait_for_file("film.mp4", "offered").unwrap();
        grace.ask(&["get", "film.mp4"]).unwrap();
        sending.join().unwrap().unwrap()
    });
    assert_eq!((accounts(&declined, "fetched").len(), accounts(&declined, "declined").len()), (1, 1), "{declined:?}");
    grace.receive("film.mp4", &film).unwrap();
    assert!(!linus.data().join("files/film.mp4").exists());
}

#[test]
fn a_file_comes_from_a_member_who_is_no_contact() {
    let lan = Lan::of(3).unwrap();
    let [ada, grace, linus] = three(&lan).unwrap();
    ada.ask(&["group", "new", "choir", "Grace", "Linus"]).unwrap();
    for device in [&grace, &linus] {
        wait_for_group(device, "be there", |group| members(group).len() == 3);
    }
    let song = linus.make_file("song.mp3", 2 * MIB).unwrap();
    linus.ask(&["send", "choir", "--no-wait", &song]).unwrap();
    // Grace and Linus are no contacts, so she is asked first.
    for (device, state) in [(&ada, "here"), (&grace, "offered")] {
        within(PATIENCE, &format!("the song shall be {state} at {}", device.name()), || {
            Ok(device.file("song.mp3")?.filter(|file| file["state"]["state"] == state))
        })
        .unwrap();
    }
    grace.ask(&["get", "song.mp3"]).unwrap();
    for device in [&ada, &grace] {
        device.receive("song.mp3", &song).unwrap();
    }
}

#[test]
fn who_leaves_or_is_removed_hears_nothing_more_and_keeps_what_was_said() {
    let lan = Lan::of(3).unwrap();
    let [ada, grace, mut linus] = three(&lan).unwrap();
    ada.ask(&["group", "new", "choir", "Grace", "Linus"]).unwrap();
    for device in [&grace, &linus] {
        wait_for_group(device, "be there", |group| members(group).len() == 3);
    }
    ada.ask(&["say", "choir", "before"]).unwrap();
    for device in [&grace, &linus] {
        wait_for(device, "choir", "before");
    }

    // Only admins may remove, and Grace is one no sooner than Ada says so.
    let refused = grace.attempt(&["group", "remove", "choir", "Linus"]).unwrap().unwrap_err();
    assert!(refused.message.contains("only an admin"), "{}", refused.message);
    let named = ada.ask(&["group", "admin", "choir", "Grace"]).unwrap();
    assert_eq!(named["admin"], true);
    wait_for_group(&grace, "have an admin", |group| {
        group["members"].as_array().unwrap().iter().any(|member| member["role"] == "admin" && member["me"] == true)
    });
    let removed = grace.ask(&["group", "remove", "choir", "Linus"]).unwrap();
    assert_eq!(removed["group"], group(&grace).unwrap()["id"]);
    wait_for_group(&ada, "be without Linus", |group| members(group) == ["Ada", "Grace"]);
    ada.ask(&["say", "choir", "after"]).unwrap();
    grace.ask(&["say", "choir", "after, too"]).unwrap();
    wait_for(&grace, "choir", "after");
    wait_for(&ada, "choir", "after, too");
    // Linus is near all the while: what Ada says to him alone comes, and after what would have come before it.
    ada.ask(&["say", "Linus", "just between us"]).unwrap();
    wait_for(&linus, "Ada", "just between us");
    ada.wait_until_sent().unwrap();
    grace.wait_until_sent().unwrap();
    let heard = |linus: &Device<'_>| said(linus, "choir").into_iter().map(|(_, text)| text).collect::<Vec<String>>();
    assert_eq!(heard(&linus), ["before"]);
    wait_for_group(&linus, "be one he was in", |group| group["joined"] == false);
    linus.stop().unwrap();
    linus.start(&[]).unwrap();
    linus.wait_for_contact(&ada, "be near", |contact| contact["near"] == true).unwrap();
    assert_eq!(heard(&linus), ["before"]);
    let refused = linus.attempt(&["say", "choir", "hello?"]).unwrap().unwrap_err();
    assert!(refused.message.contains("group"), "{}", refused.message);

    // Grace leaves by herself.
    let left = grace.ask(&["group", "leave", "choir"]).unwrap();
    assert_eq!(left, json!({ "group": group(&ada).unwrap()["id"], "left": true }));
    wait_for_group(&ada, "be Ada's alone", |group| members(group) == ["Ada"]);
    ada.ask(&["say", "choir", "all alone"]).unwrap();
    ada.ask(&["say", "Grace", "just between us"]).unwrap();
    wait_for(&grace, "Ada", "just between us");
    let heard: Vec<String> = said(&grace, "choir").into_iter().map(|(_, text)| text).collect();
    assert_eq!(heard, ["before", "after", "after, too"]);
}
