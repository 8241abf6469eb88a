//! The terminal view on a real terminal, over real daemons.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{fs, path::Path};

use lamplit_e2e::{Device, Host, Lan, acquainted, eventually, look};
use serde_json::Value;

const ENTER: &str = "\r";
const TAB: &str = "\t";
const ESC: &str = "\u{1b}";
const CTRL_C: &str = "\u{3}";

fn progress(device: &Device<'_>, contact: &str, text: &str) -> Option<Value> {
    let messages = device.list(&["history", contact]).unwrap();
    messages.into_iter().find(|message| message["text"] == text).map(|message| message["progress"].clone())
}

#[test]
fn what_is_typed_in_one_view_is_seen_and_read_in_the_other() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let mut here = ada.view(100, 30).unwrap();
    let mut there = grace.view(40, 20).unwrap();
    here.until("Grace").unwrap();
    there.until("Ada").unwrap();

    here.press(ENTER).unwrap();
    here.press("good evening, 晚上好 🍵").unwrap();
    here.until("> good evening").unwrap();
    here.press(ENTER).unwrap();
    // It came, and nobody looked: the other has only the people on the screen.
    eventually("it shall be delivered", || {
        Ok(progress(&ada, "Grace", "good evening, 晚上好 🍵").filter(|progress| progress == "delivered").map(drop))
    })
    .unwrap();
    there.until(" 1 ").unwrap();
    there.press(ENTER).unwrap();
    there.until("good evening, 晚上好 🍵").unwrap();
    here.until("✓✓").unwrap();

    there.paste("two lines\r\nat once").unwrap();
    there.until("at once").unwrap();
    there.press(ENTER).unwrap();
    here.until("two lines").unwrap();
    there.until("✓✓").unwrap();

    // Lamps, notes and who is near, from within.
    there.press("/on qq").unwrap();
    there.press(ENTER).unwrap();
    here.until("on qq (by hand").unwrap();
    here.press("/note brings tea").unwrap();
    here.press(ENTER).unwrap();
    here.until("note: brings tea").unwrap();
    here.press(TAB).unwrap();
    here.until("LAN, IPv").unwrap();

    // Esc and what is typed at once after it are not one key.
    here.press(ESC).unwrap();
    here.press(ENTER).unwrap();
    here.press("half a sentence").unwrap();
    here.until("> half a sentence").unwrap();
    here.press(CTRL_C).unwrap();
    here.until("Ctrl-C again leaves").unwrap();
    here.press(CTRL_C).unwrap();
    assert!(here.wait().unwrap().success());
    assert!(!here.is_other(), "the terminal is left as it was found");
    there.signal("TERM").unwrap();
    assert!(there.wait().unwrap().success());
    assert!(!there.is_other());
}

/// The terminal here answers no question, as some do not.
#[test]
fn another_size_is_another_arrangement_and_what_is_typed_stays() {
    let lan = Lan::new().unwrap();
    let (ada, _grace) = acquainted(&lan).unwrap();
    let mut here = ada.view(100, 30).unwrap();
    here.until("Grace").unwrap();
    here.press(ENTER).unwrap();
    here.press("half a sentence").unwrap();
    here.until("> half a sentence").unwrap();
    let three_columns = |text: &str| {
        let top = text.lines().next().unwrap_or_default();
        top.contains("People") && top.contains("Grace") && top.contains("Nearby") && text.contains("half a sentence")
    };
    for (columns, rows) in [(40, 16), (200, 60), (64, 9)] {
        here.resize(10, 3).unwrap();
        here.until("Lamplit").unwrap();
        here.resize(columns, rows).unwrap();
        here.until_so("the sentence again", |text| text.contains("> half a sentence")).unwrap();
        here.resize(130, 40).unwrap();
        here.until_so("three columns", three_columns).unwrap();
    }
    // Many sizes in a row, faster than anything is drawn, with keys in between.
    for columns in (10..130).chain((10..=120).rev()) {
        here.resize(columns, columns / 3).unwrap();
        if columns % 10 == 0 {
            here.press("x").unwrap();
        }
    }
    here.resize(120, 30).unwrap();
    here.until_so("three columns and all that was typed", |text| {
        three_columns(text) && text.contains(&format!("> half a sentence{}", "x".repeat(24)))
    })
    .unwrap();
    // Everything anew (Ctrl-L).
    here.press("\u{c}").unwrap();
    here.press("y").unwrap();
    here.until("xxy").unwrap();
    assert!(three_columns(&here.text()), "{}", here.text());
}

#[test]
fn a_group_is_founded_and_talked_in_from_within() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let mut here = ada.view(100, 30).unwrap();
    let mut there = grace.view(100, 30).unwrap();
    here.until("Grace").unwrap();
    there.until("Ada").unwrap();
    here.press("/group Tea at eight\r").unwrap();
    here.until("2 people: ").unwrap();
    here.press("who brings the tea?\r").unwrap();
    // It is there by itself, and says how much there is to read.
    there
        .until_so("the group, with something to read", |text| {
            text.contains("2 people, 1 near")
                && text.lines().any(|line| line.contains("Tea at eight") && line.contains(" 1 "))
        })
        .unwrap();
    there.press("tea").unwrap();
    there.until("find: tea").unwrap();
    there.press(ENTER).unwrap();
    there.until("who brings the tea?").unwrap();
    there.press("I do\r").unwrap();
    here.until_so("who said what, and that it was read", |text| {
        text.contains("Grace  ") && text.contains("I do") && text.contains("✓✓")
    })
    .unwrap();
    here.press("/rename Tea at nine\r").unwrap();
    there.until("Tea at nine").unwrap();
    there.press("/leave\r").unwrap();
    there.until("Leave Tea at nine?").unwrap();
    there.press("y").unwrap();
    there.until("you are in it no more").unwrap();
    here.until("1 person: you").unwrap();
}

#[test]
fn a_file_that_is_sent_from_within_is_seen_coming() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.bin");
    fs::write(&path, vec![7; 40 * 1024 * 1024]).unwrap();
    let mut here = ada.view(100, 30).unwrap();
    let mut there = grace.view(100, 30).unwrap();
    here.until("Grace").unwrap();
    there.until("Ada").unwrap();
    lan.set_rate(Some("60mbit")).unwrap();
    here.press(ENTER).unwrap();
    here.paste(&format!("/send {}", path.display())).unwrap();
    here.press(ENTER).unwrap();
    here.until("[tables.bin] 40.0 MiB").unwrap();
    there.press(ENTER).unwrap();
    there.until_so("a bar and how far it is", |text| text.contains("━─") && text.contains("1 file under way")).unwrap();
    there.until("here: ").unwrap();
    there.until_so("nothing under way", |text| !text.contains("under way")).unwrap();
    here.until("fetched").unwrap();
}

#[test]
fn a_daemon_that_stops_is_waited_for() {
    let lan = Lan::new().unwrap();
    let (mut ada, grace) = acquainted(&lan).unwrap();
    let mut here = ada.view(80, 24).unwrap();
    here.until("Grace").unwrap();
    ada.stop().unwrap();
    here.until("Looking for it").unwrap();
    here.press(ENTER).unwrap();
    here.press("still here").unwrap();
    here.press(ENTER).unwrap();
    here.until("> still here").unwrap();
    grace.ask(&["say", "Ada", "while you were away"]).unwrap();
    ada.start(&[]).unwrap();
    here.until("while you were away").unwrap();
    here.press(ENTER).unwrap();
    eventually("it shall be said", || Ok(progress(&ada, "Grace", "still here").map(drop))).unwrap();
}

#[test]
fn people_meet_from_within() {
    let lan = Lan::new().unwrap();
    let mut ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let mut grace = Device::new(&lan, Host::RIGHT, "Grace").unwrap();
    ada.start(&[]).unwrap();
    grace.start(&[]).unwrap();
    let (mut here, mut there) = (ada.view(100, 60).unwrap(), grace.view(80, 24).unwrap());
    here.until("Nobody yet").unwrap();
    here.press("/invite\r").unwrap();
    here.until("lamplit:invite/").unwrap();
    let shown = here.text();
    let from = shown.lines().skip_while(|line| !line.contains("lamplit:invite/"));
    let inside = |line: &str| line.trim_matches(|c: char| c == '│' || c == ' ').to_owned();
    let link: String = from
        .map(|line| line.split('│').map(inside).find(|part| part.len() > 20).unwrap_or_default())
        .take_while(|part| !part.is_empty())
        .collect();
    there.paste(&link).unwrap();
    there.until("/accept lamplit:invite/").unwrap();
    there.press(ENTER).unwrap();
    there.until("Ada is a contact now").unwrap();
    here.until("Grace is a contact now").unwrap();
    // The invite was used, so it is gone from the screen.
    assert!(!here.text().contains("lamplit:invite/"), "{}", here.text());
}

#[test]
fn a_daemon_with_a_view_is_one_program_and_ends_with_it() {
    let lan = Lan::new().unwrap();
    let mut ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let mut grace = Device::new(&lan, Host::RIGHT, "Grace").unwrap();
    grace.start(&[]).unwrap();
    let mut here = ada.run_view(100, 30).unwrap();
    here.until("Nobody yet").unwrap();
    // It is a daemon like any other: commands reach it, and so do people.
    ada.meet(&grace).unwrap();
    here.until("Grace is a contact now").unwrap();
    here.until("LAN, IPv").unwrap();
    here.press(ENTER).unwrap();
    here.press("good evening\r").unwrap();
    eventually("it shall be delivered", || {
        Ok(progress(&ada, "Grace", "good evening").filter(|progress| progress == "delivered").map(drop))
    })
    .unwrap();
    here.press("/q\r").unwrap();
    assert!(here.wait().unwrap().success());
    assert!(!here.is_other(), "the terminal is left as it was found");
    here.until("Lamplit has stopped").unwrap();
    assert_eq!(ada.attempt(&["status"]).unwrap().unwrap_err().code, Some(3));

    // Stopped from elsewhere, it ends as well; and what it held is free again.
    let mut here = ada.run_view(100, 30).unwrap();
    here.until("good evening").unwrap();
    ada.ask(&["stop"]).unwrap();
    assert!(here.wait().unwrap().success());
    assert!(!here.is_other());
    ada.start(&[]).unwrap();
}

#[test]
fn a_view_without_a_daemon_or_a_terminal_says_so() {
    let lan = Lan::new().unwrap();
    let ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let mut here = ada.view(80, 24).unwrap();
    assert_eq!(here.wait().unwrap().code(), Some(3));
    here.until("no daemon is running").unwrap();
    let refused = ada.attempt(&["view"]).unwrap().unwrap_err();
    assert!(refused.message.contains("needs a terminal"), "{}", refused.message);
}

#[test]
fn the_picture_in_the_readme_shows_the_view_as_it_is() {
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images/view.svg");
    let is_of_now = fs::read_to_string(picture).unwrap().contains(&look().unwrap());
    assert!(is_of_now, "the view looks otherwise by now: `cargo xtask screenshot` makes its picture anew");
}
