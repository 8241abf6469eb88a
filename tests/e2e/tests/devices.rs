//! A person's own devices, as real daemons: a new one is linked, all have the same, one is removed and hears nothing more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use lamplit_e2e::{Device, Host, Lan, eventually};
use serde_json::Value;

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
