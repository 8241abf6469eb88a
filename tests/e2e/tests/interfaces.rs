//! Hosts that are on two networks, and interfaces that come and go.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use core::{ops::Range, time::Duration};
use std::{net::UdpSocket, thread::sleep};

use lamplit_e2e::{Device, GROUP, Host, Lan, Network, eventually, started, three, within};
use serde_json::Value;
use simple_dns::{CLASS, Name, Packet, Question, TYPE};

/// The service that devices show (RFC 6763 7).
const SERVICE: &str = "_lamplit._udp.local";
/// How many ask. What is heard by the wrong one of two interfaces is heard by the right one half the time, by chance.
const ASKERS: usize = 16;
/// From the start of a daemon until it has said its name as often as it does at first.
const FIRST: Duration = Duration::from_secs(6);
/// Then, at least so long, it is not said unasked.
const UNASKED: Duration = Duration::from_secs(50);

/// The left and the right host on the first network, the third one on the second. The left one is on both.
fn two_networks() -> Lan {
    let lan = Lan::of(3).unwrap();
    lan.lay(Network::SECOND).unwrap();
    lan.remove_interface(Host::THIRD, "eth0").unwrap();
    lan.add_interface(Host::THIRD, "eth0", Network::SECOND, Some("10.77.1.3")).unwrap();
    lan.add_interface(Host::LEFT, "eth1", Network::SECOND, Some("10.77.1.1")).unwrap();
    lan
}

/// Both say some numbers, in turns.
fn say(one: &Device<'_>, other: &Device<'_>, numbers: Range<usize>) {
    for number in numbers {
        for (speaker, listener) in [(one, other), (other, one)] {
            speaker.ask(&["say", listener.name(), &text(speaker, number)]).unwrap();
        }
    }
}

/// Waits until both have heard so many numbers, each once and in order.
fn wait_for_numbers(one: &Device<'_>, other: &Device<'_>, many: usize) {
    for (listener, speaker) in [(one, other), (other, one)] {
        let wanted: Vec<String> = (0..many).map(|number| text(speaker, number)).collect();
        let what = format!("{} shall hear {many} numbers of {}", listener.name(), speaker.name());
        let heard = eventually(&what, || Ok((heard(listener, speaker) == wanted).then_some(())));
        if let Err(error) = heard {
            panic!("{error}; there are {:?}", self::heard(listener, speaker));
        }
    }
}

fn heard(listener: &Device<'_>, speaker: &Device<'_>) -> Vec<String> {
    let conversation = listener.conversation(speaker).unwrap();
    let theirs = conversation.iter().filter(|message| message["mine"] == false);
    theirs.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

fn text(speaker: &Device<'_>, number: usize) -> String {
    format!("{} says {number}", speaker.name())
}

#[test]
fn whoever_is_on_two_networks_is_found_on_both_and_joins_them_not() {
    let lan = two_networks();
    let [mut ada, mut grace, mut linus] = three(&lan).unwrap();
    // Nobody listens any more where they met, so only what each network shows can bring them together.
    for device in [&mut ada, &mut grace, &mut linus] {
        device.stop().unwrap();
    }
    for device in [&mut ada, &mut grace, &mut linus] {
        device.start(&[]).unwrap();
    }
    for other in [&grace, &linus] {
        ada.wait_until_near(other).unwrap();
        say(&ada, other, 0..5);
        wait_for_numbers(&ada, other, 5);
    }
    // Those on one network alone have no sign of each other.
    for device in [&grace, &linus] {
        assert_eq!(device.ask(&["nearby"]).unwrap()["strangers"], 0);
    }
    assert_eq!(ada.ask(&["nearby"]).unwrap()["people"].as_array().unwrap().len(), 2);
}

#[test]
fn an_interface_that_comes_later_is_noticed() {
    let lan = two_networks();
    let [mut ada, grace, mut linus] = three(&lan).unwrap();
    lan.remove_interface(Host::LEFT, "eth1").unwrap();
    ada.stop().unwrap();
    linus.stop().unwrap();
    ada.start(&[]).unwrap();
    linus.start(&[]).unwrap();
    ada.wait_until_near(&grace).unwrap();
    assert_eq!(ada.ask(&["nearby"]).unwrap()["people"].as_array().unwrap().len(), 1);
    lan.add_interface(Host::LEFT, "usb0", Network::SECOND, Some("10.77.1.31")).unwrap();
    ada.wait_until_near(&linus).unwrap();
    say(&ada, &linus, 0..5);
    wait_for_numbers(&ada, &linus, 5);
    let addresses = ada.ask(&["status"]).unwrap()["addresses"].clone();
    let is_new = |address: &Value| address.as_str().unwrap().starts_with("10.77.1.31:");
    assert!(addresses.as_array().unwrap().iter().any(is_new), "{addresses}");
}

#[test]
fn an_interface_goes_and_another_comes_in_its_place_while_all_talk() {
    let lan = two_networks();
    let [ada, grace, linus] = three(&lan).unwrap();
    say(&ada, &linus, 0..3);
    say(&ada, &grace, 0..3);
    let mut interface = "eth1";
    let turns = [("usb0", "10.77.1.31"), ("wlan0", "10.77.1.41")];
    for (turn, (next, address)) in turns.into_iter().enumerate() {
        let from = 3 + 6 * turn;
        lan.remove_interface(Host::LEFT, interface).unwrap();
        say(&ada, &linus, from..from + 3);
        // Who is on the other network notices nothing.
        say(&ada, &grace, from..from + 6);
        wait_for_numbers(&ada, &grace, from + 6);
        // Long enough for the others to notice.
        ada.wait_until_away(&linus).unwrap();
        linus.wait_until_away(&ada).unwrap();
        lan.add_interface(Host::LEFT, next, Network::SECOND, Some(address)).unwrap();
        say(&ada, &linus, from + 3..from + 6);
        wait_for_numbers(&ada, &linus, from + 6);
        interface = next;
    }
}

#[test]
fn an_interface_is_turned_off_and_on_while_all_talk() {
    let lan = two_networks();
    let [ada, grace, linus] = three(&lan).unwrap();
    for turn in 0..3 {
        let from = 4 * turn;
        lan.set_interface(Host::LEFT, "eth1", false).unwrap();
        say(&ada, &linus, from..from + 2);
        say(&ada, &grace, from..from + 4);
        wait_for_numbers(&ada, &grace, from + 4);
        // At once or after a while: what was under way is lost either way.
        if turn > 0 {
            ada.wait_until_away(&linus).unwrap();
        }
        lan.set_interface(Host::LEFT, "eth1", true).unwrap();
        say(&ada, &linus, from + 2..from + 4);
        wait_for_numbers(&ada, &linus, from + 4);
    }
}

#[test]
fn two_who_share_two_networks_talk_over_whichever_is_left() {
    let lan = two_networks();
    lan.add_interface(Host::RIGHT, "eth1", Network::SECOND, Some("10.77.1.2")).unwrap();
    let (ada, grace) = (started(&lan, Host::LEFT, "Ada").unwrap(), started(&lan, Host::RIGHT, "Grace").unwrap());
    ada.meet(&grace).unwrap();
    ada.wait_until_near(&grace).unwrap();
    say(&ada, &grace, 0..3);
    wait_for_numbers(&ada, &grace, 3);
    // Whichever carries the talk, each fails once: pulled out at one end, turned off at the other.
    for (turn, interface) in ["eth0", "eth1"].into_iter().enumerate() {
        let from = 3 + 6 * turn;
        lan.set_cable_at(Host::LEFT, interface, false).unwrap();
        say(&ada, &grace, from..from + 3);
        wait_for_numbers(&ada, &grace, from + 3);
        lan.set_cable_at(Host::LEFT, interface, true).unwrap();
        say(&ada, &grace, from + 3..from + 6);
        wait_for_numbers(&ada, &grace, from + 6);
    }
    for (turn, interface) in ["eth0", "eth1"].into_iter().enumerate() {
        let from = 15 + 3 * turn;
        lan.set_interface(Host::RIGHT, interface, false).unwrap();
        say(&ada, &grace, from..from + 3);
        wait_for_numbers(&ada, &grace, from + 3);
        lan.set_interface(Host::RIGHT, interface, true).unwrap();
    }
}

/// Whether anybody has shown a name since the last time.
fn has_shown_a_name(mouth: &UdpSocket) -> bool {
    let mut bytes = [0; 9000];
    let mut has_shown = false;
    while let Ok(length) = mouth.recv(&mut bytes) {
        has_shown |= Packet::parse(&bytes[..length]).is_ok_and(|packet| !packet.answers.is_empty());
    }
    has_shown
}

/// A host has two interfaces, the loopback and its card.
#[test]
fn whoever_asks_is_answered_on_the_network_on_which_he_asked() {
    let lan = Lan::new().unwrap();
    let ada = started(&lan, Host::LEFT, "Ada").unwrap();
    let mouth = lan.mouth(Host::RIGHT).unwrap();
    mouth.set_nonblocking(true).unwrap();
    sleep(FIRST);
    has_shown_a_name(&mouth);
    let mut packet = Packet::new_query(0);
    packet.questions.push(Question::new(Name::new(SERVICE).unwrap(), TYPE::PTR.into(), CLASS::IN.into(), false));
    let question = packet.build_bytes_vec_compressed().unwrap();
    for number in 1..=ASKERS {
        // Each is another, as far as the system sees.
        lan.asker(Host::RIGHT).unwrap().send_to(&question, GROUP).unwrap();
        let what = format!("the one who asks as number {number} shall be answered");
        within(UNASKED / 2, &what, || Ok(has_shown_a_name(&mouth).then_some(()))).unwrap();
    }
    drop(ada);
}
