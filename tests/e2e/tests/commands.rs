//! What the commands do and print, with somebody else at the other end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use std::{collections::BTreeMap, process::Command, thread};

use lamplit_e2e::{Device, Host, Lan, Screen, acquainted, eventually, scanned, started};
use serde_json::{Value, json};
use tempfile::TempDir;

const REFUSED: i32 = 1;
const NOBODY_OR_SEVERAL: i32 = 4;

/// The one contact that a device has.
fn the_contact(device: &Device<'_>) -> Value {
    let contacts = device.list(&["contacts"]).unwrap();
    assert_eq!(contacts.len(), 1, "{contacts:?}");
    contacts[0].clone()
}

fn wait_for_name(here: &Device<'_>, name: &str) {
    let what = format!("{}'s contact shall be called {name}", here.name());
    eventually(&what, || Ok((the_contact(here)["name"] == name).then_some(()))).unwrap();
}

fn wait_for_message(here: &Device<'_>, contact: &str, text: &str) {
    eventually(&format!("{} shall have {text:?}", here.name()), || {
        let messages = here.list(&["history", contact])?;
        Ok(messages.iter().any(|message| message["text"] == text).then_some(()))
    })
    .unwrap();
}

#[test]
fn a_new_name_is_seen_by_contacts() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    assert_eq!(ada.ask(&["name", "Ada Lovelace"]).unwrap(), json!({ "name": "Ada Lovelace" }));
    assert_eq!(ada.ask(&["status"]).unwrap()["name"], "Ada Lovelace");
    wait_for_name(&grace, "Ada Lovelace");
    assert_eq!(the_contact(&grace)["alias"], Value::Null);
}

#[test]
fn a_contact_called_something_else_does_not_see_that() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let id = the_contact(&grace)["id"].clone();
    let renamed = grace.ask(&["rename", "Ada", "The Countess"]).unwrap();
    assert_eq!(renamed, json!({ "contact": id, "name": "The Countess" }));
    let contact = the_contact(&grace);
    assert_eq!((&contact["name"], &contact["alias"]), (&json!("The Countess"), &json!("The Countess")));

    // Both names change; what Grace calls her goes before what she calls herself.
    ada.ask(&["name", "Augusta"]).unwrap();
    grace.ask(&["say", "the countess", "good evening"]).unwrap();
    wait_for_message(&ada, "Grace", "good evening");
    ada.wait_until_sent().unwrap();
    assert_eq!(the_contact(&grace)["name"], "The Countess");
    assert_eq!(ada.ask(&["status"]).unwrap()["name"], "Augusta");
    assert_eq!(the_contact(&ada)["name"], "Grace");

    let back = grace.ask(&["rename", "The Countess"]).unwrap();
    assert_eq!(back, json!({ "contact": id, "name": null }));
    wait_for_name(&grace, "Augusta");
}

#[test]
fn a_note_stays_with_whoever_made_it() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let noted = grace.ask(&["note", "Ada", "likes", "jasmine tea"]).unwrap();
    assert_eq!(noted["note"], "likes jasmine tea");
    assert_eq!(the_contact(&grace)["note"], "likes jasmine tea");

    grace.ask(&["say", "Ada", "tea?"]).unwrap();
    wait_for_message(&ada, "Grace", "tea?");
    grace.wait_until_sent().unwrap();
    assert_eq!(the_contact(&ada)["note"], Value::Null);

    assert_eq!(grace.ask(&["note", "Ada"]).unwrap()["note"], Value::Null);
    assert_eq!(the_contact(&grace)["note"], Value::Null);
}

/// What came of comparing the safety code with a contact, as the list has it.
fn compared(device: &Device<'_>, name: &str) -> Value {
    let contacts = device.list(&["contacts"]).unwrap();
    let contact = contacts.iter().find(|contact| contact["name"] == name);
    contact.map_or(Value::Null, |contact| contact["compared"].clone())
}

fn wait_for_comparison(device: &Device<'_>, name: &str, wanted: &str) {
    let what = format!("the code with {name} shall be {wanted:?}");
    eventually(&what, || Ok((compared(device, name) == wanted).then_some(()))).unwrap();
}

#[test]
fn a_safety_code_is_one_for_both_and_what_came_of_comparing_it_is_kept() {
    let lan = Lan::new().unwrap();
    let (mut ada, grace) = acquainted(&lan).unwrap();
    let linus = started(&lan, Host::RIGHT, "Linus").unwrap();
    ada.meet(&linus).unwrap();
    let code = |device: &Device<'_>, with: &str| {
        device.ask(&["safety", with, "--no-qr"]).unwrap()["code"].as_str().unwrap().to_owned()
    };
    let (here, other) = (code(&ada, "Grace"), code(&ada, "Linus"));
    assert_eq!(code(&grace, "Ada"), here);
    assert_eq!(code(&linus, "Ada"), other);
    assert_ne!(other, here);

    // On the other's screen it is to be read, and to be scanned.
    let shown = grace.read(&["safety", "Ada"]).unwrap();
    let scanned = scanned(&shown).unwrap();
    assert_eq!(scanned, here);
    for words in ["Not compared yet. Ada types: lamplit safety 'Grace'", "lamplit safety 'Ada' --not-same"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(grace.read(&["safety", "Ada", "--no-qr"]).unwrap().trim_end(), here);

    // Somebody else's, and one that was mistyped, are no match.
    let mistyped = format!("{} {}", &here[6..], &here[..5]);
    let cut = here[1..].to_owned();
    for (given, why) in [(&other, "the codes differ"), (&mistyped, "the codes differ"), (&cut, "60 digits")] {
        let refused = ada.attempt(&["safety", "Grace", "--check", given]).unwrap().unwrap_err();
        assert_eq!(refused.code, Some(REFUSED));
        assert!(refused.message.contains(why), "{}", refused.message);
        assert_eq!(compared(&ada, "Grace"), "not_yet");
    }
    let words: Vec<&str> = ["safety", "Grace", "--check"].into_iter().chain(scanned.split(' ')).collect();
    let kept = ada.ask(&words).unwrap();
    assert_eq!((&kept["code"], &kept["compared"]), (&json!(here), &json!("same")));
    assert_eq!([compared(&ada, "Grace"), compared(&ada, "Linus")], ["same", "not_yet"]);
    assert_eq!(compared(&grace, "Ada"), "not_yet", "she compared nothing, and hears of nothing");
    let contacts = ada.read(&["contacts"]).unwrap();
    assert!(line(&contacts, "NAME").ends_with("CODE  NOTE"), "{contacts}");
    assert!(line(&contacts, "Grace").ends_with("same"), "{contacts}");

    // After a restart, and on a device that comes later, which may say otherwise for both.
    ada.stop().unwrap();
    ada.start(&[]).unwrap();
    assert_eq!(compared(&ada, "Grace"), "same");
    let mut laptop = Device::linked(&lan, Host::RIGHT, "laptop", &ada).unwrap();
    laptop.start(&[]).unwrap();
    wait_for_comparison(&laptop, "Grace", "same");
    assert_eq!(code(&laptop, "Grace"), here);
    assert!(laptop.read(&["safety", "Grace", "--not-same"]).unwrap().contains("THE CODES DIFFER"));
    wait_for_comparison(&ada, "Grace", "different");
    assert!(ada.read(&["safety", "Grace"]).unwrap().contains("THE CODES DIFFER"));
    assert!(line(&ada.read(&["contacts"]).unwrap(), "Grace").ends_with("DIFFERS"));
    assert!(ada.read(&["say", "Grace", "is it you?"]).unwrap().contains("Careful: your safety codes differ"));
    assert_eq!(ada.ask(&["safety", "Grace", "--forget"]).unwrap()["compared"], "not_yet");
    wait_for_comparison(&laptop, "Grace", "not_yet");
}

#[test]
fn who_is_removed_is_gone_here_and_away_there_until_they_meet_again() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    ada.ask(&["say", "Grace", "before"]).unwrap();
    wait_for_message(&grace, "Ada", "before");

    // Nobody is at the keyboard to be asked.
    let unsure = grace.attempt(&["remove", "Ada"]).unwrap().unwrap_err();
    assert_eq!(unsure.code, Some(REFUSED));
    assert!(unsure.message.contains("--yes"), "{}", unsure.message);
    let id = the_contact(&grace)["id"].clone();
    assert_eq!(grace.ask(&["remove", "Ada", "--yes"]).unwrap(), json!({ "contact": id, "removed": true }));

    assert!(grace.list(&["contacts"]).unwrap().is_empty());
    let refused = grace.attempt(&["history", "Ada"]).unwrap().unwrap_err();
    assert_eq!(refused.code, Some(NOBODY_OR_SEVERAL));
    ada.wait_for_contact(&grace, "be away", |contact| contact["near"] == false).unwrap();
    assert!(ada.read(&["say", "Grace", "are you there?"]).unwrap().contains("Kept"));

    let link = grace.ask(&["invite"]).unwrap()["link"].as_str().unwrap().to_owned();
    let known = ada.attempt(&["accept", &link]).unwrap().unwrap_err();
    assert!(known.message.contains("already"), "{}", known.message);
    ada.meet(&grace).unwrap();
    wait_for_message(&grace, "Ada", "before");
    wait_for_message(&grace, "Ada", "are you there?");
}

#[test]
fn whoever_cannot_be_told_apart_is_not_written_to() {
    let lan = Lan::new().unwrap();
    let (ada, _grace) = acquainted(&lan).unwrap();
    let gregor = started(&lan, Host::RIGHT, "Gregor").unwrap();
    ada.meet(&gregor).unwrap();
    let commands: [&[&str]; 7] = [
        &["say", "WHO", "hello"],
        &["history", "WHO"],
        &["rename", "WHO", "Somebody"],
        &["note", "WHO", "somebody"],
        &["safety", "WHO", "--same"],
        &["remove", "WHO", "--yes"],
        &["dial", "WHO", "10.77.0.2:4242"],
    ];
    for command in commands {
        for (who, message) in [("gr", "2 contacts fit gr"), ("Eve", "is called Eve")] {
            let words: Vec<&str> = command.iter().map(|word| if *word == "WHO" { who } else { *word }).collect();
            let refused = ada.attempt(&words).unwrap().unwrap_err();
            assert_eq!(refused.code, Some(NOBODY_OR_SEVERAL), "{words:?}");
            assert!(refused.message.contains(message), "{words:?}: {}", refused.message);
        }
    }
    let refused = ada.attempt(&["say", "gr", "hello"]).unwrap().unwrap_err();
    assert!(refused.message.contains("Grace") && refused.message.contains("Gregor"), "{}", refused.message);
    ada.ask(&["say", "gre", "hello"]).unwrap();
    wait_for_message(&gregor, "Ada", "hello");
}

#[test]
fn options_behind_what_is_said_are_not_said() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let said = ada.read(&["say", "Grace", "hello", "--json"]).unwrap();
    assert!(serde_json::from_str::<Value>(&said).unwrap()["id"].is_string(), "{said}");
    wait_for_message(&grace, "Ada", "hello");
    ada.ask(&["say", "Grace", "--", "try", "--json"]).unwrap();
    wait_for_message(&grace, "Ada", "try --json");
}

#[test]
fn an_acceptance_does_not_fail_with_another() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    // An invite that Gregor has used before Grace tries.
    let gregor = started(&lan, Host::RIGHT, "Gregor").unwrap();
    let used = ada.meet(&gregor).unwrap();
    let eve = started(&lan, Host::RIGHT, "Eve").unwrap();

    // Hopper makes an invite and goes off, so that accepting it takes its time.
    let mut hopper = Device::new(&lan, Host::LEFT, "Hopper").unwrap();
    let at = ["--bind", "10.77.0.1:4301"];
    hopper.start(&at).unwrap();
    let slow = hopper.ask(&["invite"]).unwrap()["link"].as_str().unwrap().to_owned();
    hopper.stop().unwrap();
    thread::scope(|scope| {
        let accepting = scope.spawn(|| eve.ask(&["accept", &slow]));
        for _ in 0..3 {
            let refused = eve.attempt(&["accept", &used]).unwrap().unwrap_err();
            assert!(refused.message.contains("used"), "{}", refused.message);
        }
        hopper.start(&at).unwrap();
        assert_eq!(accepting.join().unwrap().unwrap()["contact"]["name"], "Hopper");
    });
    assert_eq!(the_contact(&eve)["name"], "Hopper");
    assert_eq!(the_contact(&grace)["name"], "Ada");
}

#[test]
fn history_that_is_followed_shows_what_comes_later() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    ada.ask(&["say", "Grace", "the first"]).unwrap();
    wait_for_message(&grace, "Ada", "the first");

    let mut following = grace.follow(&["history", "Ada", "--follow"]).unwrap();
    assert!(following.lines_to("the first").unwrap().pop().unwrap().contains("Ada: the first"));
    ada.ask(&["say", "Grace", "the second"]).unwrap();
    assert!(following.line().unwrap().ends_with("  Ada: the second"));
    grace.ask(&["say", "Ada", "the third"]).unwrap();
    assert!(following.line().unwrap().contains("  you: the third"));
    // It stood on a screen.
    eventually("what is followed shall be read", || {
        let messages = ada.list(&["history", "Grace"])?;
        let mut mine = messages.iter().filter(|message| message["mine"] == true);
        Ok(mine.all(|message| message["progress"] == "read").then_some(()))
    })
    .unwrap();

    following.signal("INT").unwrap();
    assert!(following.wait().unwrap().success());
}

/// The line of a text in which a word stands first.
fn line<'t>(text: &'t str, first: &str) -> &'t str {
    text.lines().find(|line| line.starts_with(first)).unwrap_or_else(|| panic!("no line {first:?} in:\n{text}"))
}

#[test]
fn people_can_read_it_too() {
    let lan = Lan::new().unwrap();
    let grace = started(&lan, Host::RIGHT, "Grace").unwrap();
    assert!(grace.read(&["contacts"]).unwrap().starts_with("Nobody yet"));
    let ada = started(&lan, Host::LEFT, "Ada").unwrap();
    ada.meet(&grace).unwrap();
    ada.wait_for_contact(&grace, "be near", |contact| contact["near"] == true).unwrap();
    assert_eq!(ada.read(&["history", "Grace"]).unwrap(), "Nothing yet: lamplit say 'Grace' hello\n");

    grace.ask(&["on", "qq"]).unwrap();
    grace.ask(&["say", "Ada", "good evening\nand good night"]).unwrap();
    ada.ask(&["note", "Grace", "from work"]).unwrap();
    ada.wait_for_contact(&grace, "be on qq and have said something", |contact| {
        contact["lit"][0]["app"] == "qq" && contact["unread"] == 1
    })
    .unwrap();

    let contacts = ada.read(&["contacts"]).unwrap();
    assert_eq!(
        line(&contacts, "NAME").split_whitespace().collect::<Vec<_>>(),
        ["NAME", "NEAR", "UNREAD", "ON", "NOTE"]
    );
    let words: Vec<&str> = line(&contacts, "Grace").split_whitespace().collect();
    assert_eq!(words[..6], ["Grace", "near", "1", "qq", "(by", "hand,"], "{contacts}");
    assert!(line(&contacts, "Grace").ends_with("  from work"), "{contacts}");

    let status = ada.read(&["status"]).unwrap();
    assert_eq!(status.lines().next(), Some("Ada"));
    for (label, value) in [
        ("lit", "nothing"),
        ("contacts", "1, 1 near"),
        ("unread", "1"),
        ("waiting", "to be sent"),
        ("reachable at", "10.77.0.1:"),
        ("discovery", "on"),
        ("database", "working"),
        ("device", "the only one"),
    ] {
        assert!(line(&status, label).contains(value), "{label}: {status}");
    }
    assert!(line(&grace.read(&["status"]).unwrap(), "lit").contains("qq (by hand, "));

    ada.ask(&["say", "Grace", "to you too"]).unwrap();
    eventually("Ada's message shall be delivered", || {
        let last = ada.list(&["history", "Grace"])?.pop();
        Ok(last.filter(|message| message["progress"] == "delivered"))
    })
    .unwrap();
    let history = ada.read(&["history", "Grace"]).unwrap();
    let lines: Vec<&str> = history.lines().collect();
    let [.., evening, night, mine] = lines[..] else { panic!("{history}") };
    assert!(lines[0].ends_with(|last: char| last.is_ascii_digit()), "no day: {history}");
    assert!(evening.ends_with("  Grace: good evening"), "{history}");
    assert_eq!(night, "       and good night");
    assert!(mine.ends_with("  you: to you too  delivered"), "{history}");
}

#[test]
fn the_qr_code_on_the_terminal_is_the_link() {
    let lan = Lan::new().unwrap();
    let ada = started(&lan, Host::LEFT, "Ada").unwrap();
    let shown = ada.read(&["invite"]).unwrap();
    let link = line(&shown, "lamplit:");
    assert_eq!(scanned(&shown).unwrap(), link.to_uppercase());
}

#[test]
fn a_device_is_linked_by_the_qr_code_that_a_terminal_shows() {
    let lan = Lan::new().unwrap();
    let (phone, grace) = acquainted(&lan).unwrap();
    grace.ask(&["say", "Ada", "for all your devices"]).unwrap();
    wait_for_message(&phone, "Grace", "for all your devices");

    let mut shown = phone.on_terminal(&["link"], 120, 60).unwrap();
    shown.until("lamplit init --link CODE").unwrap();
    let text = shown.text();
    let scanned = scanned(&text).unwrap();
    let written: String = text
        .lines()
        .skip_while(|line| !line.starts_with("lamplit:link/"))
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(scanned, written.to_uppercase());

    let mut laptop = Device::joined(&lan, Host::RIGHT, "Ada", "laptop", &scanned).unwrap();
    shown.until("It has the one message there is.").unwrap();
    assert!(shown.wait().unwrap().success());
    laptop.start(&[]).unwrap();
    let status = laptop.ask(&["status"]).unwrap();
    assert_eq!(status["name"], "Ada");
    // The number that both show is the new device's.
    let number = status["device"].as_str().unwrap().get(..8).unwrap();
    assert!(shown.text().contains(&format!("({number})")), "no {number} in:\n{}", shown.text());
    wait_for_message(&laptop, "Grace", "for all your devices");
    laptop.ask(&["say", "Grace", "from the laptop"]).unwrap();
    wait_for_message(&grace, "Ada", "from the laptop");
}

#[test]
fn what_was_not_shown_is_not_read() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    for number in 0..3 {
        ada.ask(&["say", "Grace", &format!("number {number}")]).unwrap();
    }
    wait_for_unread(&grace, &ada, 3);
    assert_eq!(grace.list(&["history", "Ada", "-n", "1"]).unwrap().len(), 1);
    wait_for_unread(&grace, &ada, 3);
    assert_eq!(grace.list(&["history", "Ada"]).unwrap().len(), 3);
    wait_for_unread(&grace, &ada, 0);
}

fn wait_for_unread(here: &Device<'_>, other: &Device<'_>, many: u64) {
    here.wait_for_contact(other, &format!("have {many} unread messages"), |contact| contact["unread"] == many).unwrap();
}

/// The number of the word that is asked for, once it is.
fn asked(screen: &Screen, before: Option<usize>) -> usize {
    eventually("a word shall be asked for", || {
        let text = screen.text();
        let last = text.lines().map(str::trim_end).rfind(|line| !line.is_empty());
        let number = last.and_then(|line| line.strip_prefix("Word ")?.strip_suffix(':')?.parse().ok());
        Ok(number.filter(|number| Some(*number) != before))
    })
    .unwrap_or_else(|error| panic!("{error}: {}", screen.text()))
}

#[test]
fn words_of_the_phrase_are_asked_back_on_a_terminal() {
    let init = |data: &TempDir| {
        let mut command = Command::new(lamplit_e2e::lamplit().unwrap());
        command.arg("--data").arg(data.path()).args(["init", "--name", "Ada", "--keyring", "never"]);
        Screen::start(&command, 100, 40).unwrap()
    };
    let data = TempDir::new().unwrap();
    let mut screen = init(&data);
    let first = asked(&screen, None);
    let shown = screen.text();
    let mut shown = shown.split_whitespace();
    let mut words = BTreeMap::new();
    while let Some(word) = shown.next() {
        if let Some(number) = word.strip_suffix('.').and_then(|number| number.parse::<usize>().ok()) {
            words.insert(number, shown.next().unwrap());
        }
    }
    assert_eq!(words.keys().copied().collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    // A slip of the pen is found, and the same word is asked for again.
    screen.press("zebra-crossing\r").unwrap();
    screen.until(&format!("That is not word {first}.")).unwrap();
    let mut all = vec![asked(&screen, None)];
    assert_eq!(all, [first]);
    for _ in 1..3 {
        screen.press(&format!("{}\r", words[all.last().unwrap()])).unwrap();
        all.push(asked(&screen, all.last().copied()));
    }
    assert!(all.is_sorted_by(|one, next| one < next), "{all:?}");
    screen.press(&format!("{}\r", words[all.last().unwrap()])).unwrap();
    screen.until("Your paper is good.").unwrap();
    screen.until("lamplit run").unwrap();
    assert!(screen.wait().unwrap().success());

    // Enter alone leaves it, and the account is made.
    let other = TempDir::new().unwrap();
    let mut screen = init(&other);
    asked(&screen, None);
    screen.press("\r").unwrap();
    screen.until("Not checked.").unwrap();
    screen.until("lamplit run").unwrap();
    assert!(screen.wait().unwrap().success());
}

#[test]
fn where_the_keys_are_is_said_aloud() {
    let data = tempfile::tempdir().unwrap();
    let output = lamplit_e2e::run(data.path(), &["init", "--name", "Ada", "--keyring", "never"]).unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find(|line| line.contains("keys are kept")).expect("it says where the keys are");
    assert!(line.contains("device.key") && line.contains("only its owner may read"), "{line}");
}

#[test]
fn who_is_near_is_told_with_what_reaches_them_and_strangers_are_counted() {
    let lan = Lan::new().unwrap();
    let (mut ada, grace) = acquainted(&lan).unwrap();
    ada.ask(&["on", "qq"]).unwrap();
    let nearby = eventually("Ada shall be near on QQ", || {
        let nearby = grace.ask(&["nearby"])?;
        // What she showed before they knew each other may be there for a moment yet.
        Ok((nearby["people"][0]["lit"][0]["app"] == "qq" && nearby["strangers"] == 0).then_some(nearby))
    })
    .unwrap();
    let (person, device) = (&nearby["people"][0], &nearby["people"][0]["devices"][0]);
    assert_eq!((&person["name"], &device["over"]), (&json!("Ada"), &json!("lan")));
    assert!(device["family"] == "ipv4" || device["family"] == "ipv6", "{device}");
    assert!(device["address"].as_str().is_some_and(|address| address.contains(':')), "{device}");
    assert_eq!(nearby["discovery"], true);

    let following = grace.follow(&["nearby", "--follow"]).unwrap();
    assert!(following.lines_to("Ada").unwrap().last().unwrap().contains("LAN, IPv"));
    let _hedy = started(&lan, Host::LEFT, "Hedy").unwrap();
    eventually("Hedy shall be seen as a stranger", || Ok((grace.ask(&["nearby"])?["strangers"] == 1).then_some(())))
        .unwrap();
    ada.stop().unwrap();
    following.lines_to("Nobody you know").unwrap();
    let nearby = grace.ask(&["nearby"]).unwrap();
    assert_eq!((&nearby["people"], &nearby["strangers"]), (&json!([]), &json!(1)));
}
