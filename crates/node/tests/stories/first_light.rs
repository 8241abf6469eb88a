//! Two people meet, talk, and see each other's lamps.

use crate::world::{World, app, name};
use lamplit_node::{Command, Event};
use lamplit_wire::Progress;

#[test]
fn an_invite_makes_two_strangers_contacts() {
    let mut world = World::new(1);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    assert_eq!(world.contact(jia, yi).unwrap().name, name("Yi"));
    assert_eq!(world.contact(yi, jia).unwrap().name, name("Jia"));
}

#[test]
fn what_is_said_arrives_in_order_and_is_receipted() {
    let mut world = World::new(2);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    let words: Vec<String> = (0..100).map(|n| format!("message {n}")).collect();
    let ids: Vec<_> = words.iter().map(|words| world.say(jia, yi, words)).collect();
    let back = world.say(yi, jia, "hello to you");
    world.settle();
    assert_eq!(
        world.history(yi, jia).into_iter().filter(|text| text.starts_with("message")).collect::<Vec<_>>(),
        words
    );
    for id in &ids {
        assert_eq!(world.message(jia, *id).unwrap().progress, Some(Progress::Delivered));
    }
    assert_eq!(world.contact(yi, jia).unwrap().unread, 100);
    let conversation = world.devices[jia].account.into();
    world.command(yi, Command::MarkRead { conversation, up_to: None }).unwrap();
    // A receipt may wait a moment for something to go with.
    world.pass(lamplit_node::limits::RECEIPT_MS);
    assert_eq!(world.message(jia, ids[0]).unwrap().progress, Some(Progress::Read));
    assert_eq!(world.contact(yi, jia).unwrap().unread, 0);
    assert_eq!(world.message(yi, back).unwrap().progress, Some(Progress::Delivered));
}

#[test]
fn what_was_shown_is_read_up_to_there_and_the_rest_is_not() {
    let mut world = World::new(8);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    let ids: Vec<_> = (0..10).map(|n| world.say(jia, yi, &format!("message {n}"))).collect();
    world.settle();
    let conversation = world.devices[jia].account.into();
    let fourth = world.message(yi, ids[3]).unwrap().index;
    world.command(yi, Command::MarkRead { conversation, up_to: Some(fourth) }).unwrap();
    world.pass(lamplit_node::limits::RECEIPT_MS);
    let progress = |world: &World, at: usize| world.message(jia, ids[at]).unwrap().progress;
    assert_eq!((progress(&world, 3), progress(&world, 4)), (Some(Progress::Read), Some(Progress::Delivered)));
    assert_eq!(world.contact(yi, jia).unwrap().unread, 6);

    // To go back takes nothing back, and beyond the end is the end.
    world.command(yi, Command::MarkRead { conversation, up_to: Some(1) }).unwrap();
    assert_eq!(world.contact(yi, jia).unwrap().unread, 6);
    world.command(yi, Command::MarkRead { conversation, up_to: Some(u64::MAX) }).unwrap();
    world.pass(lamplit_node::limits::RECEIPT_MS);
    assert_eq!(progress(&world, 9), Some(Progress::Read));
    assert_eq!(world.contact(yi, jia).unwrap().unread, 0);
}

#[test]
fn a_lamp_is_seen_and_goes_out() {
    let mut world = World::new(3);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.command(jia, Command::Light { app: app("msn"), on: true }).unwrap();
    world.settle();
    assert_eq!(world.lit(yi, jia), ["msn"]);
    // It is said again for as long as it is on.
    world.pass(200_000);
    assert_eq!(world.lit(yi, jia), ["msn"]);
    world.command(jia, Command::Light { app: app("msn"), on: false }).unwrap();
    world.pass(1_500);
    assert!(world.lit(yi, jia).is_empty());
}

#[test]
fn the_lamps_of_a_device_that_is_gone_go_out_by_themselves() {
    let mut world = World::new(4);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.command(jia, Command::Light { app: app("qq"), on: true }).unwrap();
    world.settle();
    world.crash(jia);
    world.pass(30_000);
    assert_eq!(world.lit(yi, jia), ["qq"]);
    world.pass(60_000);
    assert!(world.lit(yi, jia).is_empty());
}

#[test]
fn after_a_cut_the_two_find_each_other_again_and_nothing_is_lost() {
    let mut world = World::new(5);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.apart.push((jia, yi));
    world.cut_between(jia, yi);
    world.settle();
    world.say(jia, yi, "are you there?");
    world.say(jia, yi, "hello?");
    world.pass(5_000);
    assert!(world.history(yi, jia).is_empty());
    world.apart.clear();
    world.pass(120_000);
    assert_eq!(world.history(yi, jia), ["are you there?", "hello?"]);
}

#[test]
fn both_dial_at_once_and_one_link_stays() {
    let mut world = World::new(6);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    for _ in 0..5 {
        world.cut_between(jia, yi);
        world.pass(10_000);
        let near = |at: usize| world.devices[at].node.as_ref().unwrap().near().len();
        assert_eq!((near(jia), near(yi)), (1, 1));
    }
}

#[test]
fn over_small_packets_too() {
    let mut world = World::new(7);
    world.mtu = Some(64);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let invite = world.invite(jia);
    world.command(yi, Command::Accept(Box::new(invite))).unwrap();
    world.pass(20_000);
    world.say(jia, yi, "over the radio");
    world.pass(20_000);
    assert_eq!(world.history(yi, jia), ["over the radio"]);
}

#[test]
fn the_other_device_of_the_same_person_has_it_all() {
    let mut world = World::new(8);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let pad = world.sibling(jia);
    world.pass(5_000);
    world.befriend(jia, yi);
    world.pass(120_000);
    assert_eq!(world.contact(pad, yi).unwrap().name, name("Yi"));
    world.say(yi, jia, "to all of you");
    world.say(jia, yi, "from the phone");
    world.pass(5_000);
    world.say(pad, yi, "from the pad");
    world.pass(5_000);
    for at in [jia, pad, yi] {
        let with = if at == yi { jia } else { yi };
        let mut texts = world.history(at, with);
        texts.sort();
        assert_eq!(texts, ["from the pad", "from the phone", "to all of you"], "on device {at}");
    }
    let contact = world.devices[yi].account;
    world.command(pad, Command::RenameContact { contact, alias: Some(name("Little Yi")) }).unwrap();
    world.pass(1_000);
    assert_eq!(world.contact(jia, yi).unwrap().name, name("Little Yi"));
    world.command(yi, Command::SetName(name("Yi the Great"))).unwrap();
    world.command(jia, Command::RenameContact { contact, alias: None }).unwrap();
    world.pass(1_000);
    assert_eq!(world.contact(pad, yi).unwrap().name, name("Yi the Great"));
    world.command(jia, Command::RemoveContact(contact)).unwrap();
    world.pass(1_000);
    assert!(world.contact(pad, yi).is_none());
    assert!(world.devices[pad].events.iter().any(|event| matches!(event, Event::ContactRemoved(_))));
}
