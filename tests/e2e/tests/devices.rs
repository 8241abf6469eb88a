//! A person's own devices, as real daemons: a new one is linked, all have the same, one is removed and hears nothing more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;

use lamplit_e2e::{Device, Host, Lan, eventually, scanned, three};
use serde_json::{Value, json};

const MIB: usize = 1024 * 1024;

fn texts(device: &Device<'_>, with: &str) -> Vec<String> {
    let messages = device.list(&["history", with, "--limit", "10000"]).unwrap();
    messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

fn wait_for(device: &Device<'_>, with: &str, text: &str) {
    let what = format!("a device of {} shall have {text:?}", device.name());
    eventually(&what, || Ok(texts(device, with).contains(&text.to_owned()).then_some(()))).unwrap();
}

fn names(device: &Device<'_>) -> Vec<String> {
    let devices = device.list(&["devices"]).unwrap();
    let mut names: Vec<String> = devices.iter().filter_map(|one| Some(one["name"].as_str()?.to_owned())).collect();
    names.sort();
    names
}

#[test]
fn a_device_is_linked_has_everything_and_hears_nothing_once_it_is_removed() {
    let lan = Lan::new().unwrap();
    let mut phone = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let mut grace = Device::new(&lan, Host::RIGHT, "Grace").unwrap();
    phone.start(&[]).unwrap();
    grace.start(&[]).unwrap();
    phone.meet(&grace).unwrap();
    for number in 0..300 {
        phone.ask(&["say", "Grace", &format!("word {number}")]).unwrap();
    }
    grace.ask(&["say", "Ada", "one back"]).unwrap();
    wait_for(&phone, "Grace", "one back");
    phone.ask(&["devices", "rename", "phone"]).unwrap();

    let mut laptop = Device::linked(&lan, Host::RIGHT, "laptop", &phone).unwrap();
    laptop.start(&[]).unwrap();
    let before = texts(&phone, "Grace");
    assert_eq!(before.len(), 301);
    assert_eq!(texts(&laptop, "Grace"), before, "the new device has the whole conversation");
    assert_eq!(laptop.ask(&["status"]).unwrap()["name"], "Ada");
    let both = ["laptop".to_owned(), "phone".to_owned()];
    eventually("both devices shall know both names", || {
        Ok((names(&phone) == both && names(&laptop) == both).then_some(()))
    })
    .unwrap();

    // All three are one.
    laptop.ask(&["say", "Grace", "from the laptop"]).unwrap();
    grace.ask(&["say", "Ada", "to both of you"]).unwrap();
    for (device, with) in [(&phone, "Grace"), (&laptop, "Grace"), (&grace, "Ada")] {
        wait_for(device, with, "from the laptop");
        wait_for(device, with, "to both of you");
    }

    let phrase = phone.phrase().unwrap().to_owned();
    let removed = phone.ask_with(&["devices", "remove", "laptop"], &phrase).unwrap();
    assert_eq!(removed["removed"], true);
    eventually("the laptop shall hear that it was removed", || {
        Ok((laptop.ask(&["status"])?["removed"] == Value::Bool(true)).then_some(()))
    })
    .unwrap();
    eventually("Grace shall know of one device less", || {
        let contacts = grace.list(&["contacts"])?;
        Ok((contacts[0]["devices"] == 1).then_some(()))
    })
    .unwrap();
    grace.ask(&["say", "Ada", "not for the laptop"]).unwrap();
    wait_for(&phone, "Grace", "not for the laptop");
    phone.ask(&["say", "Grace", "it is gone"]).unwrap();
    wait_for(&grace, "Ada", "it is gone");
    laptop.stop().unwrap();
    laptop.start(&[]).unwrap();
    let has = texts(&laptop, "Grace");
    assert!(!has.contains(&"not for the laptop".to_owned()) && !has.contains(&"it is gone".to_owned()));
    assert!(has.contains(&"to both of you".to_owned()), "what it had can still be read");
    let refused = laptop.attempt(&["say", "Grace", "hello?"]).unwrap().unwrap_err();
    assert!(refused.message.contains("was removed from its account"), "{}", refused.message);
    assert_eq!(names(&phone), ["phone"]);
}

/// Some fields of each of what a command lists, in one order for all devices.
fn fields(device: &Device<'_>, list: &[&str], wanted: &[&str]) -> Vec<Value> {
    let all = device.list(list).unwrap();
    let mut all: Vec<Value> =
        all.iter().map(|one| wanted.iter().map(|field| one.pointer(field).unwrap()).cloned().collect()).collect();
    all.sort_by_key(ToString::to_string);
    all
}

/// What is known of people, of groups, of what was said, and of files.
fn known(device: &Device<'_>) -> [Vec<Value>; 5] {
    let said = ["/id", "/from", "/text", "/mine"];
    [
        fields(device, &["contacts"], &["/id", "/name", "/alias", "/note", "/devices"]),
        fields(device, &["group", "list"], &["/id", "/name", "/joined", "/members"]),
        fields(device, &["history", "choir"], &said),
        fields(device, &["history", "Grace"], &said),
        fields(device, &["files"], &["/id", "/from", "/text", "/file/id", "/file/name", "/file/size"]),
    ]
}

#[test]
fn a_device_that_is_linked_has_groups_files_notes_and_lamps_of_before() {
    let lan = Lan::of(3).unwrap();
    let [phone, mut grace, mut linus] = three(&lan).unwrap();
    phone.ask(&["group", "new", "choir", "Grace", "Linus"]).unwrap();
    for singer in [&grace, &linus] {
        eventually("the group shall come", || {
            let groups = singer.list(&["group", "list"])?;
            Ok(groups.into_iter().find(|choir| choir["members"].as_array().is_some_and(|all| all.len() == 3)))
        })
        .unwrap();
    }
    linus.ask(&["say", "choir", "who sings tenor?"]).unwrap();
    phone.ask(&["say", "choir", "you do"]).unwrap();
    wait_for(&phone, "choir", "who sings tenor?");
    wait_for(&linus, "choir", "you do");
    // One file came, one was sent, and one lies in the group.
    let [came, score] =
        [("came.bin", &grace), ("score.bin", &linus)].map(|(name, from)| from.make_file(name, 2 * MIB).unwrap());
    let went = phone.make_file("went.bin", 2 * MIB).unwrap();
    grace.ask(&["send", "Ada", "--caption", "as promised", &came]).unwrap();
    phone.ask(&["send", "Grace", &went]).unwrap();
    linus.ask(&["send", "choir", "--no-wait", &score]).unwrap();
    phone.receive("came.bin", &came).unwrap();
    phone.receive("score.bin", &score).unwrap();
    phone.ask(&["note", "Grace", "brings tea"]).unwrap();
    phone.ask(&["rename", "Linus", "The Tenor"]).unwrap();
    phone.ask(&["on", "qq"]).unwrap();
    grace.ask(&["on", "sina-weibo"]).unwrap();
    let is_on = |app: &'static str| move |contact: &Value| contact["lit"][0]["app"] == app;
    phone.wait_for_contact(&grace, "be lit", is_on("sina-weibo")).unwrap();
    grace.wait_for_contact(&phone, "be lit", is_on("qq")).unwrap();
    phone.wait_until_sent().unwrap();
    let before = known(&phone);
    assert_eq!(before.each_ref().map(Vec::len), [2, 1, 3, 2, 3], "{before:#?}");

    let mut shown = phone.on_terminal(&["link"], 120, 60).unwrap();
    shown.until("lamplit init --link CODE").unwrap();
    let mut laptop = Device::joined(&lan, Host::THIRD, "Ada", "laptop", &scanned(&shown.text()).unwrap()).unwrap();
    assert!(shown.wait().unwrap().success());
    laptop.start(&[]).unwrap();
    assert_eq!(known(&laptop), before);
    let contacts = fields(&laptop, &["contacts"], &["/name", "/note"]);
    assert_eq!(contacts, [json!(["Grace", "brings tea"]), json!(["The Tenor", null])]);
    // Whoever was lit is lit for it, too, and its owner is as before.
    laptop.wait_for_contact(&grace, "be lit", is_on("sina-weibo")).unwrap();
    grace.wait_for_contact(&phone, "be lit", is_on("qq")).unwrap();

    // Where contents are is another matter: it has them when it wants them, also from its owner's other device alone.
    grace.stop().unwrap();
    linus.stop().unwrap();
    for (name, sent) in [("came.bin", &came), ("went.bin", &went), ("score.bin", &score)] {
        laptop.wait_for_file(name, "offered").unwrap();
        assert!(!laptop.data().join("files").join(name).exists());
        laptop.ask(&["get", name]).unwrap();
        laptop.receive(name, sent).unwrap();
        assert!(fs::exists(laptop.data().join("files").join(name)).unwrap());
    }
}
