//! Two hosts on one cable.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{thread::sleep, time::Duration};

use lamplit_e2e::{
    Device, Host, Lan, Running, acquainted, acquainted_by, eventually, nothing_of, scanned, started, within_code,
};
use serde_json::{Value, json};

const NO_DAEMON: i32 = 3;

fn near(contact: &Value) -> bool {
    contact["near"] == true
}

/// Waits until the texts of the other's messages are these, in this order.
fn wait_for_texts(here: &Device<'_>, other: &Device<'_>, wanted: &[String]) {
    let what = format!("{} shall have all of {}'s messages", here.name(), other.name());
    let result = eventually(&what, || {
        let texts: Vec<String> = theirs(&here.conversation(other)?);
        Ok((texts == wanted).then_some(()))
    });
    if let Err(error) = result {
        panic!("{error}; there are {:?}", theirs(&here.conversation(other).unwrap()));
    }
}

fn theirs(conversation: &[Value]) -> Vec<String> {
    let theirs = conversation.iter().filter(|message| message["mine"] == false);
    theirs.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

fn wait_for_progress(here: &Device<'_>, other: &Device<'_>, progress: &str) {
    eventually(&format!("{}'s messages shall be {progress}", here.name()), || {
        let conversation = here.conversation(other)?;
        let mut mine = conversation.iter().filter(|message| message["mine"] == true);
        Ok(mine.all(|message| message["progress"] == progress).then_some(()))
    })
    .unwrap();
}

#[test]
fn devices_meet_see_each_other_and_talk() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    ada.wait_for_contact(&grace, "be near", near).unwrap();
    grace.wait_for_contact(&ada, "be near", near).unwrap();

    ada.ask(&["on", "qq"]).unwrap();
    let lit = |contact: &Value| contact["lit"][0]["app"] == "qq" && contact["lit"][0]["source"] == "hand";
    grace.wait_for_contact(&ada, "be on qq", lit).unwrap();
    ada.ask(&["off", "qq"]).unwrap();
    grace.wait_for_contact(&ada, "be dark", |contact| contact["lit"].as_array().unwrap().is_empty()).unwrap();

    ada.ask(&["say", "Grace", "good", "evening"]).unwrap();
    eventually("Ada's message shall be delivered and unread", || {
        let last = ada.conversation(&grace)?.pop();
        Ok(last.filter(|message| message["progress"] == "delivered"))
    })
    .unwrap();
    grace.wait_for_contact(&ada, "have one unread message", |contact| contact["unread"] == 1).unwrap();
    // To look is to read.
    wait_for_texts(&grace, &ada, &["good evening".to_owned()]);
    wait_for_progress(&ada, &grace, "read");
    grace.wait_for_contact(&ada, "have nothing unread", |contact| contact["unread"] == 0).unwrap();

    grace.ask(&["say", "ada", "-", "and to you 嗨"]).unwrap();
    wait_for_texts(&ada, &grace, &["- and to you 嗨".to_owned()]);
    wait_for_progress(&grace, &ada, "read");
}

#[test]
fn devices_find_each_other_by_dns_sd_at_new_ports() {
    let lan = Lan::new().unwrap();
    let (mut ada, mut grace, _) =
        acquainted_by(&lan, [&["--bind", "10.77.0.1:4101"], &["--bind", "10.77.0.2:4102"]]).unwrap();
    ada.stop().unwrap();
    grace.stop().unwrap();
    // Nobody listens any more where they met, so only what the network shows can bring them together.
    ada.start(&["--bind", "10.77.0.1:4201"]).unwrap();
    grace.start(&["--bind", "10.77.0.2:4202"]).unwrap();
    ada.wait_for_contact(&grace, "be found", near).unwrap();
    grace.wait_for_contact(&ada, "be found", near).unwrap();
}

/// Nobody listens any more where they met; then they find each other, talk, and a file arrives, all by one IP version, at
/// addresses that begin so.
fn meet_again([ada, grace]: [&mut Device<'_>; 2], family: &str, prefix: &str, name: &str) {
    ada.stop().unwrap();
    grace.stop().unwrap();
    ada.start(&[]).unwrap();
    grace.start(&[]).unwrap();
    for (here, other) in [(&*ada, &*grace), (&*grace, &*ada)] {
        here.wait_for_contact(other, "be found", near).unwrap();
        let mut all = theirs(&here.conversation(other).unwrap());
        all.push(format!("{} is at {prefix}", other.name()));
        other.ask(&["say", here.name(), all.last().unwrap()]).unwrap();
        wait_for_texts(here, other, &all);
        let nearby = here.ask(&["nearby"]).unwrap();
        let device = &nearby["people"][0]["devices"][0];
        assert_eq!((&device["over"], &device["family"]), (&Value::from("lan"), &Value::from(family)));
        assert!(device["address"].as_str().unwrap().starts_with(prefix), "{device}");
        let own: Vec<&str> = nearby["addresses"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let is_of_it = |address: &&str| address.starts_with('[') == (family == "ipv6");
        assert!(own.iter().any(|address| address.starts_with(prefix)), "{own:?}");
        assert!(own.iter().all(|address| is_of_it(address) || address.starts_with("127.")), "{own:?}");
    }
    let sent = ada.make_file(name, 8 * 1024 * 1024).unwrap();
    ada.ask(&["send", "Grace", &sent]).unwrap();
    grace.receive(name, &sent).unwrap();
}

#[test]
fn where_there_is_only_ipv6_devices_find_each_other_and_talk() {
    let lan = Lan::without_ipv4().unwrap();
    for host in lan.hosts() {
        lan.must(host, &format!("ip address add fd77::{}/64 dev eth0", host.0)).unwrap();
    }
    let (mut ada, mut grace) = acquainted(&lan).unwrap();
    meet_again([&mut ada, &mut grace], "ipv6", "[f", "routed.bin");
    // What is left is what each interface gave itself.
    for host in lan.hosts() {
        lan.must(host, "ip address flush dev eth0 scope global").unwrap();
    }
    meet_again([&mut ada, &mut grace], "ipv6", "[fe80:", "local.bin");
}

#[test]
fn where_there_is_no_ipv6_devices_find_each_other_and_talk() {
    let lan = Lan::without_ipv6().unwrap();
    let (mut ada, mut grace) = acquainted(&lan).unwrap();
    meet_again([&mut ada, &mut grace], "ipv4", "10.77.0.", "older.bin");
}

#[test]
fn invites_and_link_codes_lead_there_where_interfaces_have_only_what_they_gave_themselves() {
    let lan = Lan::without_ipv4().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let mut laptop = Device::linked(&lan, Host::RIGHT, "laptop", &ada).unwrap();
    laptop.start(&[]).unwrap();
    laptop.ask(&["say", "Grace", "from the other end of the cable"]).unwrap();
    wait_for_texts(&grace, &ada, &["from the other end of the cable".to_owned()]);
}

#[test]
fn a_second_daemon_on_the_same_data_is_refused() {
    let lan = Lan::new().unwrap();
    let mut ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    ada.start(&[]).unwrap();
    let refused = ada.try_start(&[]).unwrap().unwrap_err();
    assert_eq!(refused.code, Some(1));
    assert!(refused.message.contains("another lamplit") && refused.message.contains("--data"), "{}", refused.message);
    // The first one still answers.
    assert_eq!(ada.ask(&["status"]).unwrap()["name"], "Ada");
}

#[test]
fn a_second_account_on_the_same_data_is_refused() {
    let lan = Lan::new().unwrap();
    let ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let refused = ada.attempt(&["init", "--name", "Eve"]).unwrap().unwrap_err();
    assert!(refused.message.contains("already"), "{}", refused.message);
}

#[test]
fn a_killed_daemon_loses_and_repeats_nothing() {
    let lan = Lan::new().unwrap();
    let (ada, mut grace) = acquainted(&lan).unwrap();
    let mut said = Vec::new();
    for round in 0..3 {
        for number in 0..10 {
            let text = format!("round {round}, message {number}");
            ada.ask(&["say", "Grace", &text]).unwrap();
            said.push(text);
        }
        // In the middle of whatever it is doing.
        grace.kill().unwrap();
        let text = format!("round {round}, said into the dark");
        ada.ask(&["say", "Grace", &text]).unwrap();
        said.push(text);
        // The socket of the dead daemon is still there and in nobody's way.
        grace.start(&[]).unwrap();
    }
    wait_for_texts(&grace, &ada, &said);
    wait_for_progress(&ada, &grace, "read");
    assert_eq!(theirs(&grace.conversation(&ada).unwrap()), said);
    ada.wait_until_sent().unwrap();
}

#[test]
fn a_killed_sender_sends_what_it_promised() {
    let lan = Lan::new().unwrap();
    let (mut ada, mut grace) = acquainted(&lan).unwrap();
    grace.stop().unwrap();
    let said: Vec<String> = (0..5).map(|number| format!("promise {number}")).collect();
    for text in &said {
        ada.ask(&["say", "Grace", text]).unwrap();
    }
    ada.kill().unwrap();
    ada.start(&[]).unwrap();
    grace.start(&[]).unwrap();
    wait_for_texts(&grace, &ada, &said);
    wait_for_progress(&ada, &grace, "read");
}

#[test]
fn an_invite_is_good_for_one() {
    let lan = Lan::new().unwrap();
    let (ada, grace, link) = acquainted_by(&lan, [&[], &[]]).unwrap();
    let mut eve = Device::new(&lan, Host::RIGHT, "Eve").unwrap();
    eve.start(&[]).unwrap();
    let refused = eve.attempt(&["accept", &link]).unwrap().unwrap_err();
    assert!(refused.message.contains("used"), "{}", refused.message);
    assert!(eve.list(&["contacts"]).unwrap().is_empty());
    assert_eq!(ada.list(&["contacts"]).unwrap().len(), 1);

    let again = grace.attempt(&["accept", &link]).unwrap().unwrap_err();
    assert!(again.message.contains("already"), "{}", again.message);
    let own = ada.attempt(&["accept", &link]).unwrap().unwrap_err();
    assert!(own.message.contains("your own"), "{}", own.message);
    let broken = eve.attempt(&["accept", "lamplit:invite/abc"]).unwrap().unwrap_err();
    assert!(broken.message.contains("damaged"), "{}", broken.message);
}

#[test]
fn an_address_typed_by_hand_does_without_discovery() {
    let lan = Lan::new().unwrap();
    let at = |port| format!("{}:{port}", Host::LEFT.address());
    let (mut ada, mut grace, _) =
        acquainted_by(&lan, [&["--no-discovery", "--bind", &at(4101)], &["--no-discovery"]]).unwrap();
    ada.stop().unwrap();
    grace.stop().unwrap();
    ada.start(&["--no-discovery", "--bind", &at(4201)]).unwrap();
    grace.start(&["--no-discovery"]).unwrap();
    let silent = grace.attempt(&["dial", "Ada", &at(4999), "--timeout", "3"]).unwrap().unwrap_err();
    assert_eq!(silent.code, Some(5), "{}", silent.message);
    assert!(grace.list(&["contacts"]).unwrap().iter().all(|contact| !near(contact)));

    grace.ask(&["dial", "Ada", &at(4201)]).unwrap();
    ada.ask(&["say", "Grace", "found you"]).unwrap();
    wait_for_texts(&grace, &ada, &["found you".to_owned()]);
}

#[test]
fn messages_wait_for_a_pulled_cable() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    lan.set_cable(Host::LEFT, false).unwrap();
    ada.ask(&["say", "Grace", "are you there?"]).unwrap();
    ada.wait_for_contact(&grace, "be away", |contact| !near(contact)).unwrap();
    lan.set_cable(Host::LEFT, true).unwrap();
    wait_for_texts(&grace, &ada, &["are you there?".to_owned()]);
}

#[test]
fn a_device_that_slept_is_found_again() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    grace.freeze(true).unwrap();
    ada.wait_for_contact(&grace, "be away", |contact| !near(contact)).unwrap();
    ada.ask(&["say", "Grace", "sleep well"]).unwrap();
    // Longer than whoever knew it waits.
    sleep(Duration::from_secs(5));
    grace.freeze(false).unwrap();
    wait_for_texts(&grace, &ada, &["sleep well".to_owned()]);
    ada.wait_for_contact(&grace, "be near again", near).unwrap();
}

#[test]
fn a_changed_address_costs_a_link_but_no_message() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let mut said = Vec::new();
    // Each host in turn is the one that moves: whoever dialled, and whoever was dialled.
    for (number, (host, address)) in [(Host::LEFT, "10.77.0.11"), (Host::RIGHT, "10.77.0.12")].into_iter().enumerate() {
        lan.set_address(host, address).unwrap();
        let text = format!("said after move {number}");
        ada.ask(&["say", "Grace", &text]).unwrap();
        said.push(text);
        wait_for_texts(&grace, &ada, &said);
    }
    wait_for_progress(&ada, &grace, "read");
}

/// How many devices of people that it does not know show themselves to a device.
fn strangers(device: &Device<'_>) -> u64 {
    device.ask(&["nearby"]).unwrap()["strangers"].as_u64().unwrap()
}

/// Waits far longer than it takes to be found, which is a second or two, and looks that nobody was, neither as somebody who is
/// known nor as a stranger.
fn nobody_is_found(devices: [&Device<'_>; 2]) {
    sleep(Duration::from_secs(15));
    for device in devices {
        let nearby = device.ask(&["nearby"]).unwrap();
        assert_eq!(nearby["discovery"], true, "they do look for each other");
        assert_eq!(
            (&nearby["people"], &nearby["strangers"]),
            (&json!([]), &json!(0)),
            "{} found somebody",
            device.name()
        );
        assert!(!device.list(&["contacts"]).unwrap().iter().any(near));
    }
}

#[test]
fn where_multicast_is_blocked_a_qr_code_leads_there() {
    let lan = Lan::new().unwrap();
    let recorder = lan.record().unwrap();
    let [mut ada, mut grace] =
        [(Host::LEFT, "Ada"), (Host::RIGHT, "Grace")].map(|(host, name)| started(&lan, host, name).unwrap());
    // As long as it is not blocked, each sees that there is somebody.
    for device in [&ada, &grace] {
        eventually("the other shall be found", || Ok((strangers(device) == 1).then_some(()))).unwrap();
    }
    lan.block_multicast().unwrap();
    for device in [&mut ada, &mut grace] {
        device.stop().unwrap();
        device.start(&[]).unwrap();
    }
    nobody_is_found([&ada, &grace]);

    let shown = ada.on_terminal(&["invite"], 120, 60).unwrap();
    shown.until("lamplit accept LINK").unwrap();
    let link = scanned(&shown.text()).unwrap();
    assert!(link.starts_with("LAMPLIT:INVITE/"), "{link}");
    grace.ask(&["accept", &link]).unwrap();
    ada.wait_until_near(&grace).unwrap();
    grace.ask(&["say", "Ada", "by what you showed me"]).unwrap();
    wait_for_texts(&ada, &grace, &["by what you showed me".to_owned()]);
    // Nobody who only listens gets in by the invite.
    let status = ada.ask(&["status"]).unwrap();
    let mut secrets = within_code("an invite", &link, status["account"].as_str().unwrap()).unwrap();
    secrets.push(("a text", b"by what you showed me".to_vec()));
    nothing_of(&lan, recorder, &secrets).unwrap();
}

#[test]
fn where_multicast_is_blocked_invites_and_addresses_still_lead_there() {
    let lan = Lan::new().unwrap();
    lan.block_multicast().unwrap();
    // What is heard on loopback speaks for nobody.
    for host in lan.hosts() {
        lan.must(host, "nft insert rule inet home in iifname lo accept").unwrap();
    }
    let (mut ada, mut grace, _) = acquainted_by(&lan, [&["--bind", "10.77.0.1:4101"], &[]]).unwrap();
    ada.ask(&["say", "Grace", "by invite"]).unwrap();
    wait_for_texts(&grace, &ada, &["by invite".to_owned()]);
    ada.stop().unwrap();
    grace.stop().unwrap();
    ada.start(&["--bind", "10.77.0.1:4201"]).unwrap();
    grace.start(&[]).unwrap();
    nobody_is_found([&ada, &grace]);
    grace.ask(&["dial", "Ada", "10.77.0.1:4201"]).unwrap();
    ada.ask(&["say", "Grace", "by address"]).unwrap();
    wait_for_texts(&grace, &ada, &["by invite".to_owned(), "by address".to_owned()]);
    let is_blocked = || Ok((grace.ask(&["status"])?["hearing"] == "blocked").then_some(()));
    eventually("Grace's status shall tell that multicast is blocked", is_blocked).unwrap();
    let nearby = grace.read(&["nearby"]).unwrap();
    assert!(nearby.contains("Multicast is blocked here") && nearby.contains("`lamplit dial"), "{nearby}");
}

#[test]
fn where_the_network_keeps_devices_apart_it_is_said_and_a_qr_code_and_addresses_lead_there() {
    let lan = Lan::new().unwrap();
    lan.keep_apart().unwrap();
    let (mut ada, mut grace) =
        (started(&lan, Host::LEFT, "Ada").unwrap(), started(&lan, Host::RIGHT, "Grace").unwrap());
    nobody_is_found([&ada, &grace]);
    let shown = ada.on_terminal(&["invite"], 120, 60).unwrap();
    shown.until("lamplit accept LINK").unwrap();
    grace.ask(&["accept", &scanned(&shown.text()).unwrap()]).unwrap();
    ada.wait_until_near(&grace).unwrap();
    ada.wait_until_sent().unwrap();
    grace.wait_until_sent().unwrap();

    ada.stop().unwrap();
    grace.stop().unwrap();
    ada.start(&["--bind", "10.77.0.1:4202"]).unwrap();
    grace.start(&[]).unwrap();
    nobody_is_found([&ada, &grace]);
    let is_alone = || Ok((grace.ask(&["status"])?["hearing"] == "alone").then_some(()));
    eventually("Grace's status shall tell that nobody is heard", is_alone).unwrap();
    let nearby = grace.read(&["nearby"]).unwrap();
    assert!(nearby.contains("No other machine is heard here yet") && nearby.contains("keeps apart"), "{nearby}");
    grace.ask(&["dial", "Ada", "10.77.0.1:4202"]).unwrap();
    ada.ask(&["say", "Grace", "by address"]).unwrap();
    wait_for_texts(&grace, &ada, &["by address".to_owned()]);
}

#[test]
fn a_daemon_says_by_itself_whether_devices_find_each_other() {
    let lan = Lan::new().unwrap();
    let ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    let mut grace = Device::new(&lan, Host::RIGHT, "Grace").unwrap();
    let mut run = ada.run(&[]).unwrap();
    run.lines_to("Lamplit is on").unwrap();
    let told = run.line().unwrap();
    assert!(told.starts_with("No other machine is heard here yet.") && told.contains("`lamplit invite`"), "{told}");
    grace.start(&[]).unwrap();
    assert_eq!(run.line().unwrap(), "Devices find each other here.");
    run.signal("INT").unwrap();
    assert!(run.wait().unwrap().success());

    lan.block_multicast_at(Host::LEFT).unwrap();
    let mut run = ada.run(&[]).unwrap();
    let told = run.lines_to("Multicast is blocked here").unwrap();
    assert!(told.last().unwrap().contains("`lamplit dial CONTACT ADDRESS`"), "{told:?}");
    run.signal("INT").unwrap();
    assert!(run.wait().unwrap().success());

    // For programs, a line each.
    let mut run = ada.run(&["--json"]).unwrap();
    let line = |run: &Running| serde_json::from_str::<Value>(&run.line().unwrap()).unwrap();
    assert_eq!(line(&run)["ready"], true);
    assert_eq!(line(&run), json!({ "hearing": "blocked" }));
    run.signal("INT").unwrap();
    assert!(run.wait().unwrap().success());
}

#[test]
fn a_daemon_ends_well_when_asked_by_signal_or_command() {
    let lan = Lan::new().unwrap();
    let mut ada = Device::new(&lan, Host::LEFT, "Ada").unwrap();
    assert_eq!(ada.attempt(&["status"]).unwrap().unwrap_err().code, Some(NO_DAEMON));
    for signal in ["TERM", "INT"] {
        ada.start(&[]).unwrap();
        ada.signal(signal).unwrap();
        let refused = ada.attempt(&["status"]).unwrap().unwrap_err();
        assert_eq!(refused.code, Some(NO_DAEMON));
        assert!(refused.message.contains("lamplit run"), "{}", refused.message);
    }
    ada.start(&[]).unwrap();
    ada.stop().unwrap();
    // At once, and no lock is in the way.
    ada.start(&[]).unwrap();
    ada.stop().unwrap();
}
