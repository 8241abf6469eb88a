//! What goes wrong between devices, and that nothing is lost or told to the wrong one by it.

use chacha20::rand_core::Rng;
use lamplit_node::{AcceptError, Command, CommandError, Event, Input, Table, Warning};
use lamplit_types::{Channel, Class, LinkId, limits::DAY_MS};
use lamplit_wire::CloseReason;

use crate::world::{World, address, app, name};

fn accept_errors(world: &World, at: usize) -> Vec<AcceptError> {
    let errors = world.devices[at].events.iter().filter_map(|event| match event {
        Event::AcceptFailed { error, .. } => Some(*error),
        _ => None,
    });
    errors.collect()
}

fn warnings(world: &World, at: usize) -> Vec<Warning> {
    let warnings = world.devices[at].events.iter().filter_map(|event| match event {
        Event::Warning(warning) => Some(*warning),
        _ => None,
    });
    warnings.collect()
}

#[test]
fn an_invite_is_good_for_one() {
    let mut world = World::new(20);
    let (jia, yi, bing) = (world.person("Jia"), world.person("Yi"), world.person("Bing"));
    let invite = world.invite(jia);
    world.command(yi, Command::Accept(Box::new(invite.clone()))).unwrap();
    world.settle();
    world.command(bing, Command::Accept(Box::new(invite))).unwrap();
    world.settle();
    assert!(world.contact(jia, bing).is_none());
    assert!(world.contact(bing, jia).is_none());
    assert_eq!(accept_errors(&world, bing), [AcceptError::Refused(CloseReason::InviteUsed)]);
    assert!(world.contact(jia, yi).is_some());
}

#[test]
fn an_acceptance_that_was_cut_off_is_finished_later() {
    let mut world = World::new(21);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let invite = world.invite(jia);
    // Wherever the guest stops, the same acceptance goes on when it is back.
    world.command(yi, Command::Accept(Box::new(invite))).unwrap();
    for steps in 1..12 {
        world.crash(yi);
        world.start(yi);
        world.settle_some(steps);
    }
    world.settle();
    world.pass(10_000);
    assert!(world.contact(yi, jia).is_some());
    assert!(world.contact(jia, yi).is_some());
    world.say(yi, jia, "at last");
    world.pass(5_000);
    assert_eq!(world.history(jia, yi), ["at last"]);
}

#[test]
fn nobody_pairs_with_themselves_or_twice_or_late() {
    let mut world = World::new(22);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let own = world.invite(jia);
    assert_eq!(world.command(jia, Command::Accept(Box::new(own.clone()))).unwrap_err(), CommandError::OwnInvite);
    world.befriend(jia, yi);
    assert_eq!(world.command(yi, Command::Accept(Box::new(own.clone()))).unwrap_err(), CommandError::AlreadyContact);
    let bing = world.person("Bing");
    world.devices[bing].skew = 8 * i64::try_from(DAY_MS).unwrap();
    let late = world.command(bing, Command::Accept(Box::new(own))).unwrap_err();
    assert!(matches!(late, CommandError::InviteExpired(_)), "{late}");
}

#[test]
fn who_answers_in_the_inviters_place_learns_nothing() {
    let mut world = World::new(23);
    let (jia, yi, eve) = (world.person("Jia"), world.person("Yi"), world.person("Eve"));
    // Eve has an invite of her own out, so that her door is open, and sits at the address in Jia's.
    let _ = world.invite(eve);
    let mut invite = world.invite(jia);
    let eves = format!("10.0.0.1:{}", 1000 + eve).parse().unwrap();
    invite.addresses = lamplit_wire::bounded::List::try_from(vec![eves]).unwrap();
    world.command(yi, Command::Accept(Box::new(invite))).unwrap();
    world.settle();
    world.pass(60_000);
    assert!(world.contact(yi, eve).is_none());
    assert!(world.contact(eve, yi).is_none());
    assert_eq!(accept_errors(&world, yi), [AcceptError::Unreachable]);
}

#[test]
fn a_right_beacon_with_a_wrong_key_is_no_contact() {
    let mut world = World::new(24);
    let (jia, yi, eve) = (world.person("Jia"), world.person("Yi"), world.person("Eve"));
    world.blind = true;
    world.befriend(jia, yi);
    world.cut_between(jia, yi);
    world.settle();
    world.command(jia, Command::Light { app: app("qq"), on: true }).unwrap();
    world.say(jia, yi, "for Yi only");
    // Eve shows Yi's beacon at her own address, while Yi is away.
    let beacon = world.devices[yi].beacon.unwrap();
    world.crash(yi);
    let known = |world: &World| {
        let rows = world.devices[eve].store.0.iter().filter(|((table, _), _)| *table != Table::Device);
        rows.map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>()
    };
    let before = known(&world);
    world.input(jia, Input::Sighted { beacon, address: address(eve) });
    for _ in 0..40 {
        world.pass(1_000);
    }
    assert!(world.devices[jia].node.as_ref().unwrap().near().is_empty());
    assert!(known(&world) == before, "Eve has learnt something");
    // With the true Yi it goes on.
    world.start(yi);
    world.input(jia, Input::Sighted { beacon, address: address(yi) });
    world.pass(120_000);
    assert_eq!(world.history(yi, jia), ["for Yi only"]);
}

#[test]
fn noise_and_cut_off_frames_close_the_link_and_nothing_else() {
    let mut world = World::new(25);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    let before = world.devices[jia].store.0.clone();
    for round in 0..200_usize {
        let mut bytes = vec![0; 1 + round * 7 % 3000];
        world.rng.fill_bytes(&mut bytes);
        if round % 3 == 0 {
            bytes[0] = 1;
        }
        if round % 5 == 0 {
            bytes[0] = 2;
        }
        let channel = match round % 4 {
            0 => Channel::Packet,
            1 => Channel::Stream(Class::Bulk),
            _ => Channel::Stream(Class::Control),
        };
        world.strange_bytes(jia, &[(channel, bytes)]);
    }
    assert!(world.devices[jia].store.0 == before, "noise has changed something");
    world.say(yi, jia, "still here");
    world.settle();
    assert_eq!(world.history(jia, yi), ["still here"]);
}

#[test]
fn bytes_for_a_link_that_is_gone_do_nothing() {
    let mut world = World::new(26);
    let jia = world.person("Jia");
    let input = Input::Received { link: LinkId(999), channel: Channel::Packet, bytes: vec![1, 2, 3] };
    world.input(jia, input);
    world.input(jia, Input::Disconnected(LinkId(999)));
}

#[test]
fn a_full_disk_loses_nothing() {
    let mut world = World::new(27);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.pass(5_000);
    for round in 0..10 {
        world.devices[yi].failing_commits = 2;
        world.say(jia, yi, &format!("number {round}"));
        world.pass(90_000);
    }
    let expected: Vec<String> = (0..10).map(|round| format!("number {round}")).collect();
    assert_eq!(world.history(yi, jia), expected);
    let told = world.devices[yi].events.iter().filter(|event| matches!(event, Event::Message { .. })).count();
    assert_eq!(told, 10, "each is told once");
}

#[test]
fn a_certificate_past_its_end_is_believed_only_once_it_is_renewed() {
    let mut world = World::new(28);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    // Long enough for the clock to be known; what follows looks like a leap.
    world.pass(3_700_000);
    world.crash(jia);
    world.crash(yi);
    // More than a year passes. Both wake up; each renews its own certificate, and shows the other its new list.
    for at in [jia, yi] {
        world.devices[at].skew = 400 * i64::try_from(DAY_MS).unwrap();
    }
    world.start(jia);
    world.start(yi);
    world.pass(120_000);
    world.say(yi, jia, "a year later");
    world.pass(5_000);
    assert_eq!(world.history(jia, yi), ["a year later"]);
}

#[test]
fn a_clock_a_year_ahead_decides_nothing_before_its_time() {
    let mut world = World::new(29);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let pad = world.sibling(jia);
    world.befriend(jia, yi);
    world.pass(5_000);
    let contact = world.devices[yi].account;
    let year = 300 * i64::try_from(DAY_MS).unwrap();
    world.devices[pad].skew = year;
    world.command(pad, Command::RenameContact { contact, alias: Some(name("From the future")) }).unwrap();
    world.pass(5_000);
    assert_eq!(world.contact(jia, yi).unwrap().alias, None, "it waits for its time");
    world.command(jia, Command::RenameContact { contact, alias: Some(name("From now")) }).unwrap();
    world.pass(5_000);
    assert_eq!(world.contact(jia, yi).unwrap().alias, Some(name("From now")));
    // Messages do not depend on anybody's clock.
    world.devices[pad].skew = 0;
    world.say(yi, jia, "what time is it?");
    world.pass(120_000);
    assert_eq!(world.history(pad, jia.min(yi)).len() + world.history(pad, yi).len(), 1);
    // When the time comes, it is merged and not lost.
    for at in [jia, pad, yi] {
        world.devices[at].skew = year + i64::try_from(DAY_MS).unwrap();
    }
    world.pass(1_000);
    world.input(jia, Input::Tick);
    world.pass(3_700_000);
    assert_eq!(world.contact(jia, yi).unwrap().alias, Some(name("From the future")));
}

#[test]
fn a_device_that_forgot_what_it_received_hears_what_comes_after() {
    let mut forgot = 0;
    for few in 0.. {
        let mut world = World::new(38);
        let (jia, yi) = (world.person("Jia"), world.person("Yi"));
        world.befriend(jia, yi);
        world.pass(5_000);
        let backup = world.devices[yi].store.clone();
        // Both are sealed at once, so the second says that the first may still come.
        world.say(jia, yi, "one");
        world.say(jia, yi, "two");
        world.settle_some(few);
        world.crash(yi);
        world.devices[yi].store = backup;
        world.start(yi);
        world.pass(180_000);
        let heard = world.history(yi, jia);
        if heard.is_empty() {
            break;
        }
        assert_eq!(heard.last().unwrap(), "two", "after {few} steps");
        forgot += usize::from(heard == ["two"]);
    }
    assert!(forgot > 0, "there is a step after which the first is received and the second is not");
}

#[test]
fn a_device_restored_from_a_backup_begins_a_new_life() {
    let mut world = World::new(30);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let pad = world.sibling(jia);
    world.befriend(jia, yi);
    world.pass(5_000);
    let contact = world.devices[yi].account;
    world.command(jia, Command::RenameContact { contact, alias: Some(name("One")) }).unwrap();
    world.say(jia, yi, "before the backup");
    world.pass(5_000);
    let backup = world.devices[jia].store.clone();
    world.command(jia, Command::RenameContact { contact, alias: Some(name("Two")) }).unwrap();
    world.say(jia, yi, "after the backup");
    world.pass(1_000);
    world.say(yi, jia, "heard");
    world.pass(5_000);
    world.crash(jia);
    world.devices[jia].store = backup;
    world.start(jia);
    // Before it meets anybody it writes and says something: under numbers that it has used already.
    let note = Command::SetNote { contact, note: Some(crate::world::text("a note from the old days")) };
    world.command(jia, note).unwrap();
    world.say(jia, yi, "in the new life");
    world.pass(180_000);
    assert!(warnings(&world, jia).contains(&Warning::Restored));
    assert_eq!(world.history(yi, jia), ["before the backup", "after the backup", "heard", "in the new life"]);
    for at in [jia, pad] {
        let card = world.contact(at, yi).unwrap();
        assert_eq!(card.alias, Some(name("Two")), "on device {at}");
        assert_eq!(card.note.unwrap().as_str(), "a note from the old days", "on device {at}");
    }
    world.say(yi, jia, "welcome back");
    world.pass(5_000);
    assert!(world.history(jia, yi).contains(&"welcome back".to_owned()));
}

#[test]
fn a_deleted_contact_does_not_come_back() {
    let mut world = World::new(31);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let pad = world.sibling(jia);
    world.befriend(jia, yi);
    world.pass(5_000);
    let contact = world.devices[yi].account;
    world.apart.push((jia, pad));
    world.cut_between(jia, pad);
    world.settle();
    world.command(jia, Command::RemoveContact(contact)).unwrap();
    world.pass(2_000);
    // The other device did not hear of it, and changes what is gone.
    world.command(pad, Command::RenameContact { contact, alias: Some(name("Zombie")) }).unwrap();
    world.pass(2_000);
    world.apart.clear();
    world.pass(120_000);
    assert!(world.contact(jia, yi).is_none());
    assert!(world.contact(pad, yi).is_none());
    // Who was removed sees nothing new.
    world.command(jia, Command::Light { app: app("qq"), on: true }).unwrap();
    world.pass(60_000);
    assert!(world.lit(yi, jia).is_empty());
}

#[test]
fn a_device_away_longer_than_deletions_are_kept_brings_nothing_back() {
    let mut world = World::new(32);
    world.keep_deletions = Some(2 * DAY_MS);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let pad = world.sibling(jia);
    world.befriend(jia, yi);
    world.pass(5_000);
    world.apart.push((jia, pad));
    world.cut_between(jia, pad);
    world.settle();
    let contact = world.devices[yi].account;
    world.command(jia, Command::RemoveContact(contact)).unwrap();
    let days = |n: i64| n * i64::try_from(DAY_MS).unwrap();
    for at in [jia, pad, yi] {
        world.devices[at].skew = days(5);
    }
    // The deletion is forgotten by now: the clocks went on for long enough since they were set.
    world.pass(30 * 3_700_000);
    world.apart.clear();
    world.pass(180_000);
    assert!(world.contact(jia, yi).is_none(), "it came back");
    assert!(world.contact(pad, yi).is_none(), "it was not taken away");
}

#[test]
fn who_was_removed_recognises_the_beacons_no_more() {
    let mut world = World::new(33);
    let (jia, yi, bing) = (world.person("Jia"), world.person("Yi"), world.person("Bing"));
    world.befriend(jia, yi);
    world.befriend(jia, bing);
    world.pass(5_000);
    let before = world.devices[jia].beacon;
    let contact = world.devices[yi].account;
    world.command(jia, Command::RemoveContact(contact)).unwrap();
    world.settle();
    assert_ne!(world.devices[jia].beacon, before);
    // The one who stays was told the new key and finds the device again.
    world.crash(bing);
    world.pass(2_000);
    world.start(bing);
    world.pass(10_000);
    assert_eq!(world.devices[bing].node.as_ref().unwrap().near().len(), 1);
}

#[test]
fn what_was_lit_in_a_step_that_was_not_kept_is_dark() {
    let mut world = World::new(31);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.command(jia, Command::Light { app: app("qq"), on: true }).unwrap();
    world.pass(5_000);
    assert_eq!(world.lit(yi, jia), ["qq"]);

    world.undone(jia, Input::Command(1_000, Command::Light { app: app("msn"), on: true }));
    world.undone(jia, Input::Command(1_001, Command::Light { app: app("qq"), on: false }));
    let own: Vec<String> = world.own_lit(jia);
    assert_eq!(own, ["qq"]);
    // Nor where the step itself fails, since the database cannot be read.
    world.fails(jia, Input::Command(1_002, Command::Light { app: app("msn"), on: true }));
    assert_eq!(world.own_lit(jia), ["qq"]);
    world.pass(90_000);
    assert_eq!(world.lit(yi, jia), ["qq"]);
}
