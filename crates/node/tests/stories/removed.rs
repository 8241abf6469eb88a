//! A device is removed from its account: who hears of it, and what it hears no more.

use std::sync::Arc;

use lamplit_identity::RootKey;
use lamplit_node::{Command, CommandError, Event, Table, Warning, view};
use lamplit_types::DeviceId;

use crate::world::{CHEAP, World, app, name};

fn root(world: &World, of: usize) -> Arc<RootKey> {
    Arc::new(world.phrases[&world.devices[of].account].root_key(CHEAP).unwrap())
}

pub(crate) fn id(world: &World, at: usize) -> DeviceId {
    world.devices[at].node.as_ref().unwrap().device()
}

pub(crate) fn remove(world: &mut World, by: usize, device: DeviceId) {
    let root = root(world, by);
    world.command(by, Command::RemoveDevice { device, root }).unwrap();
}

fn devices(world: &World, at: usize) -> usize {
    view::devices(&world.devices[at].store).unwrap().len()
}

fn was_told(world: &World, at: usize, warning: Warning) -> bool {
    world.devices[at].events.iter().any(|event| matches!(event, Event::Warning(told) if *told == warning))
}

/// Jia with a phone, a pad and a laptop, and Yi; all know each other.
fn everybody(seed: u8) -> (World, [usize; 4]) {
    let mut world = World::new(seed);
    let (phone, yi) = (world.person("Jia"), world.person("Yi"));
    let pad = world.link(phone, "pad");
    let laptop = world.link(phone, "laptop");
    world.befriend(phone, yi);
    world.pass(120_000);
    (world, [phone, pad, laptop, yi])
}

fn take_away(world: &mut World, at: usize) {
    for other in 0..world.devices.len() {
        if other != at {
            world.apart.push((at, other));
            world.cut_between(at, other);
        }
    }
    world.settle();
}

#[test]
fn a_removed_device_hears_nothing_more_and_is_told_so() {
    let (mut world, [phone, pad, laptop, yi]) = everybody(80);
    world.say(yi, phone, "to all three");
    world.pass(5_000);
    assert_eq!(world.history(laptop, yi), ["to all three"]);
    let lost = id(&world, laptop);
    remove(&mut world, phone, lost);
    world.pass(60_000);
    assert!(was_told(&world, laptop, Warning::Removed), "it is told on its last link");
    assert!(view::me(&world.devices[laptop].store).unwrap().removed);
    assert!(world.devices[laptop].node.as_ref().unwrap().near().is_empty());

    world.say(yi, phone, "not for the laptop");
    world.say(phone, yi, "nor this");
    let contact = world.devices[yi].account;
    world.command(pad, Command::SetNote { contact, note: Some(crate::world::text("secret")) }).unwrap();
    world.command(phone, Command::Light { app: app("qq"), on: true }).unwrap();
    world.pass(60_000);
    assert_eq!(world.history(laptop, yi), ["to all three"]);
    assert!(world.contact(laptop, yi).unwrap().note.is_none());
    for at in [phone, pad] {
        assert_eq!(devices(&world, at), 2);
        assert_eq!(world.history(at, yi).len(), 3, "on device {at}");
        assert!(world.contact(at, yi).unwrap().note.is_some());
    }
    assert_eq!(world.contact(yi, phone).unwrap().devices, 2);
    assert_eq!(world.lit(yi, phone), ["qq"]);
    // It says plainly that it is of no account any more.
    let to = world.devices[yi].account.into();
    let refused = world.command(laptop, Command::Say { to, text: crate::world::text("hello?") });
    assert_eq!(refused.unwrap_err(), CommandError::Removed);
    // What it has can be read, and nobody hears of that.
    world.command(laptop, Command::MarkRead { conversation: to, up_to: None }).unwrap();
    world.pass(5_000);
    assert_eq!(world.contact(laptop, yi).unwrap().unread, 0);
    world.crash(laptop);
    world.start(laptop);
    world.pass(60_000);
    assert!(world.devices[laptop].beacon.is_none(), "it shows itself no more");
}

#[test]
fn who_was_away_for_weeks_gets_the_new_keys_and_the_removed_one_gets_in_nowhere() {
    let (mut world, [phone, pad, laptop, yi]) = everybody(81);
    take_away(&mut world, pad);
    take_away(&mut world, laptop);
    let lost = id(&world, laptop);
    remove(&mut world, phone, lost);
    world.pass(10_000);
    for device in &mut world.devices {
        device.skew += 40 * 24 * 60 * 60 * 1000;
    }
    world.pass(120_000);
    world.say(yi, phone, "weeks later");
    world.pass(10_000);
    // The pad comes back, and then the laptop, which pushes what it wrote meanwhile.
    let contact = world.devices[yi].account;
    world.command(laptop, Command::SetNote { contact, note: Some(crate::world::text("from beyond")) }).unwrap();
    world.apart.retain(|(a, b)| ![*a, *b].contains(&pad) || [*a, *b].contains(&laptop));
    world.pass(240_000);
    world.command(pad, Command::RenameContact { contact, alias: Some(name("Little Yi")) }).unwrap();
    world.say(pad, yi, "back again");
    world.pass(120_000);
    assert_eq!(world.contact(phone, yi).unwrap().alias, Some(name("Little Yi")), "the two have one key again");
    assert!(world.history(yi, phone).contains(&"back again".to_owned()));
    world.apart.clear();
    world.pass(300_000);
    assert!(was_told(&world, laptop, Warning::Removed), "it is told when it calls");
    assert!(world.history(laptop, yi).is_empty());
    for at in [phone, pad] {
        assert!(world.contact(at, yi).unwrap().note.is_none(), "what it wrote later is not taken");
    }
}

#[test]
fn what_a_removed_device_told_one_that_had_not_heard_is_dropped_again() {
    let (mut world, [phone, pad, laptop, yi]) = everybody(82);
    let contact = world.devices[yi].account;
    world.command(laptop, Command::SetNote { contact, note: Some(crate::world::text("honest")) }).unwrap();
    world.pass(10_000);
    // The pad and the laptop are together and away from the others, when the phone removes the laptop.
    world.apart.extend([(phone, pad), (phone, laptop), (pad, yi), (laptop, yi)]);
    for (a, b) in world.apart.clone() {
        world.cut_between(a, b);
    }
    world.settle();
    let lost = id(&world, laptop);
    remove(&mut world, phone, lost);
    world.pass(2_000);
    world.command(laptop, Command::SetNote { contact, note: Some(crate::world::text("too late")) }).unwrap();
    world.pass(10_000);
    let note = |world: &World, at: usize| world.contact(at, yi).unwrap().note.map(|note| note.as_str().to_owned());
    assert_eq!(note(&world, pad).unwrap(), "too late");
    world.apart = vec![(phone, laptop), (pad, laptop), (laptop, yi)];
    world.cut_between(pad, laptop);
    world.settle();
    world.pass(300_000);
    assert_eq!(note(&world, phone).unwrap(), "honest", "its honest past stays");
    assert_eq!(note(&world, pad).unwrap(), "honest");
    // A device that is linked after all that takes the same.
    let new = world.link(pad, "new");
    world.pass(120_000);
    assert_eq!(note(&world, new).unwrap(), "honest");
    assert_eq!(world.history(new, yi), world.history(phone, yi));
}

#[test]
fn what_nobody_else_of_the_account_can_read_of_a_removed_device_does_not_count() {
    let (mut world, [phone, pad, laptop, yi]) = everybody(87);
    let bing = world.person("Bing");
    world.befriend(phone, bing);
    world.pass(120_000);
    world.command(laptop, Command::SetName(name("Jia of old"))).unwrap();
    world.pass(120_000);
    // Away from the others the laptop takes other keys, since a contact goes, and tells Yi another name under those.
    for at in [phone, pad] {
        world.apart.push((at, laptop));
        world.cut_between(at, laptop);
    }
    world.settle();
    let gone = world.devices[bing].account;
    world.command(laptop, Command::RemoveContact(gone)).unwrap();
    world.command(laptop, Command::SetName(name("Not Jia"))).unwrap();
    world.pass(120_000);
    let shown = |world: &World, at: usize, of: usize| world.contact(at, of).unwrap().name;
    assert_eq!(shown(&world, yi, phone), name("Not Jia"));
    // The phone has it from Yi, and no key to it.
    let lost = id(&world, laptop);
    remove(&mut world, phone, lost);
    world.pass(300_000);
    for at in [phone, pad] {
        assert_eq!(view::me(&world.devices[at].store).unwrap().name, name("Jia of old"), "on device {at}");
    }
    assert_eq!(shown(&world, yi, phone), name("Jia of old"), "a contact sees what the account itself shows");
}

#[test]
fn a_cut_off_that_waits_for_its_time_counts_before_what_it_cuts_off() {
    let (mut world, [phone, pad, laptop, yi]) = everybody(89);
    let bing = world.person("Bing");
    world.befriend(phone, bing);
    let tablet = world.link(yi, "tablet");
    world.pass(120_000);
    world.command(phone, Command::SetName(name("Jia of old"))).unwrap();
    world.pass(120_000);
    // Yi's tablet is behind, and meets none of Jia's devices but the laptop, which meets none of the others.
    world.devices[tablet].skew = -18 * 60 * 1000;
    let part = |world: &mut World, one: usize, other: usize| {
        world.apart.push((one, other));
        world.cut_between(one, other);
    };
    for own in [phone, pad] {
        part(&mut world, own, laptop);
        part(&mut world, own, tablet);
    }
    world.settle();
    // The phone takes other keys, which the tablet does not get.
    let gone = world.devices[bing].account;
    world.command(phone, Command::RemoveContact(gone)).unwrap();
    world.pass(60_000);
    for own in [phone, pad] {
        part(&mut world, own, yi);
    }
    world.settle();
    world.command(laptop, Command::SetName(name("Not Jia"))).unwrap();
    world.pass(60_000);
    take_away(&mut world, laptop);
    let lost = id(&world, laptop);
    remove(&mut world, phone, lost);
    world.pass(10_000);
    let shown = |world: &World, at: usize| world.contact(at, phone).unwrap().name;
    assert_eq!((shown(&world, yi), shown(&world, tablet)), (name("Not Jia"), name("Jia of old")));
    // By Yi's phone the tablet hears of the removal, and can read nothing of it before it has the key.
    world.apart.retain(|pair| ![(phone, yi), (pad, yi)].contains(pair));
    world.pass(120_000);
    assert_eq!(shown(&world, yi), name("Jia of old"));
    world.apart.retain(|pair| ![(phone, tablet), (pad, tablet)].contains(pair));
    world.pass(120_000);
    world.pass_quietly(60 * 60_000);
    world.pass(120_000);
    assert_eq!(shown(&world, tablet), name("Jia of old"));
}

#[test]
fn two_removals_apart_are_an_alarm_and_settled_by_a_third() {
    let (mut world, [phone, pad, laptop, yi]) = everybody(83);
    let tab = world.link(phone, "tab");
    world.pass(120_000);
    world.apart.push((phone, pad));
    world.cut_between(phone, pad);
    take_away(&mut world, laptop);
    take_away(&mut world, tab);
    world.apart.push((pad, yi));
    world.cut_between(pad, yi);
    world.settle();
    let (lost, stolen) = (id(&world, laptop), id(&world, tab));
    remove(&mut world, phone, lost);
    remove(&mut world, pad, stolen);
    world.pass(10_000);
    world.apart.retain(|(a, b)| [*a, *b].contains(&laptop) || [*a, *b].contains(&tab));
    world.pass(60_000);
    assert!(was_told(&world, phone, Warning::OwnListConflict) || was_told(&world, pad, Warning::OwnListConflict));
    remove(&mut world, phone, stolen);
    world.pass(300_000);
    for at in [phone, pad] {
        assert_eq!(devices(&world, at), 2, "on device {at}");
    }
    let contact = world.devices[yi].account;
    world.command(pad, Command::RenameContact { contact, alias: Some(name("Little Yi")) }).unwrap();
    world.say(yi, phone, "all is well");
    world.pass(120_000);
    assert_eq!(world.contact(phone, yi).unwrap().alias, Some(name("Little Yi")));
    assert!(world.history(pad, yi).contains(&"all is well".to_owned()));
}

#[test]
fn only_the_phrase_removes_and_never_the_device_in_hand() {
    let (mut world, [phone, pad, _, yi]) = everybody(84);
    let (mine, other, stranger) = (id(&world, phone), id(&world, pad), id(&world, yi));
    let (right, wrong) = (root(&world, phone), root(&world, yi));
    let mut removing = |device, root| world.command(phone, Command::RemoveDevice { device, root }).unwrap_err();
    assert_eq!(removing(other, wrong), CommandError::WrongPhrase);
    assert_eq!(removing(mine, right.clone()), CommandError::ThisDevice);
    assert_eq!(removing(stranger, right), CommandError::UnknownDevice);
    assert_eq!(devices(&world, phone), 3);
    assert!(world.devices[phone].store.0.keys().all(|(table, _)| *table != Table::Departed));
}

#[test]
fn what_a_removed_device_wrote_by_a_clock_ahead_is_shown_to_new_contacts_too_once_it_counts() {
    let (mut world, [phone, _, laptop, yi]) = everybody(88);
    let ahead = 40 * 60 * 1000;
    world.devices[laptop].skew = ahead;
    world.command(laptop, Command::SetName(name("Jia of tomorrow"))).unwrap();
    world.pass(10_000);
    let lost = id(&world, laptop);
    remove(&mut world, phone, lost);
    world.pass(10_000);
    let bing = world.person("Bing");
    world.befriend(phone, bing);
    world.pass(10_000);
    let called = |world: &World, at: usize| world.contact(at, phone).unwrap().name.as_str().to_owned();
    assert_eq!((called(&world, yi).as_str(), called(&world, bing).as_str()), ("Jia", "Jia"));
    world.pass_quietly(u64::try_from(ahead).unwrap() + 60_000);
    world.pass(120_000);
    assert_eq!(called(&world, yi), "Jia of tomorrow");
    assert_eq!(called(&world, bing), "Jia of tomorrow");
}
