//! Ten thousand answers of DNS-SD a second, from everywhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use lamplit_e2e::{Device, Flood, Host, Lan, acquainted, eventually};
use serde_json::Value;

/// What a daemon's memory may grow by in KiB, whatever is said to it. All that the flood says is many times that.
const GROWTH: u64 = 8 * 1024;

fn is_near(contact: &Value) -> bool {
    contact["near"] == true
}

fn says(speaker: &Device<'_>, listener: &Device<'_>, text: &str) {
    speaker.ask(&["say", listener.name(), text]).unwrap();
    eventually("what was said shall be heard", || {
        let heard = listener.conversation(speaker)?;
        Ok(heard.iter().any(|one| one["mine"] == false && one["text"] == text).then_some(()))
    })
    .unwrap();
}

#[test]
fn in_a_flood_of_answers_contacts_are_found_and_talk_and_memory_is_bounded() {
    let lan = Lan::of(3).unwrap();
    let (ada, mut grace) = acquainted(&lan).unwrap();
    grace.stop().unwrap();
    ada.wait_for_contact(&grace, "be away", |contact| !is_near(contact)).unwrap();
    let before = ada.memory().unwrap();
    let of_ada = || lan.carried(Host::LEFT).unwrap();
    let at_first = of_ada();
    let mut flood = Flood::start(&lan, Host::THIRD).unwrap();
    flood.wait_for(100_000).unwrap();

    // Grace is found in the midst of it, at a port that nobody knew before.
    grace.start(&[]).unwrap();
    for (here, other) in [(&ada, &grace), (&grace, &ada)] {
        here.wait_for_contact(other, "be found", is_near).unwrap();
    }
    says(&ada, &grace, "quite a noise here");
    says(&grace, &ada, "speak up");
    flood.wait_for(200_000).unwrap();
    says(&grace, &ada, "still there?");

    let (answers, millis) = flood.said();
    let after = of_ada();
    let [there, back] = [after.packets_there - at_first.packets_there, after.packets_back - at_first.packets_back];
    println!("{answers} answers in {millis} ms; {there} packets came to Ada, {back} came from her");
    assert!(answers * 1000 >= 10_000 * millis, "only {answers} answers were said in {millis} ms");
    assert!(there >= answers, "the flood came to Ada");
    // It heard what was said, and answered next to nothing of it.
    let strangers = ada.ask(&["nearby"]).unwrap()["strangers"].as_u64().unwrap();
    assert!((100..=256).contains(&strangers), "{strangers} strangers: whom it has forgotten it counts no more");
    assert!(back <= there / 100, "of {there} packets, {back} were answered");
    for device in [&ada, &grace] {
        let peak = device.memory().unwrap().peak_kib;
        println!("{}: {} KiB before, at most {peak} KiB", device.name(), before.now_kib);
        assert!(peak <= before.now_kib + GROWTH, "{} took {peak} KiB, before it was {}", device.name(), before.now_kib);
    }
}
