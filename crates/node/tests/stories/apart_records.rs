//! What an account's devices and its contacts hold alike, among those who are apart: the server brings it.

use lamplit_node::{Command, Event, Table, Warning, limits, view};
use lamplit_types::{AccountId, AudienceId, Channel, Class, SpaceId, limits::DAY_MS};
use lamplit_wire::{
    SetId,
    server::{AppendOutcome, Cursor, Down, Epoch, Feed, Item},
};

use crate::{
    apart::{WHILE, events, two},
    removed::{id, remove},
    world::{SERVER, World, name},
};

/// What a contact is called at a device.
fn called(world: &World, at: usize, who: usize) -> Option<String> {
    world.contact(at, who).map(|contact| contact.name.to_string())
}

fn call(world: &mut World, at: usize, who: usize, alias: &str) {
    let contact = world.devices[who].account;
    world.command(at, Command::RenameContact { contact, alias: Some(name(alias)) }).unwrap();
    world.settle();
}

/// A person with two devices and a contact, all of them apart and with a server.
fn three(seed: u8) -> (World, [usize; 3]) {
    let mut world = World::new(seed);
    let [jia, yi] = [world.person("Jia"), world.person("Yi")];
    world.befriend(jia, yi);
    let pad = world.link(jia, "pad");
    world.pass(WHILE);
    world.part_all();
    world.use_server(&[jia, yi]);
    // The pad hears of the server near by.
    world.meet_all();
    world.pass(120_000);
    world.part_all();
    world.pass(WHILE);
    (world, [jia, pad, yi])
}

#[test]
fn what_one_device_changes_comes_to_the_others() {
    let (mut world, [jia, pad, yi]) = three(200);
    call(&mut world, jia, yi, "Little Yi");
    world.pass(WHILE);
    assert_eq!(called(&world, pad, yi).as_deref(), Some("Little Yi"));
    // While one is away both go on, and neither undoes what the other did.
    world.go_offline(pad);
    call(&mut world, jia, yi, "Yi of the sea");
    let contact = world.devices[yi].account;
    world.command(pad, Command::SetNote { contact, note: Some(crate::world::text("likes tea")) }).unwrap();
    world.pass(WHILE);
    world.go_online(pad);
    world.pass(120_000);
    for at in [jia, pad] {
        assert_eq!(called(&world, at, yi).as_deref(), Some("Yi of the sea"), "on {at}");
        let note = view::contact(&world.devices[at].store, contact).unwrap().unwrap().note;
        assert_eq!(note, Some(crate::world::text("likes tea")), "on {at}");
    }
}

#[test]
fn contacts_see_what_changes_in_a_profile() {
    let (mut world, [jia, pad, yi]) = three(201);
    world.go_offline(yi);
    world.command(pad, Command::SetName(name("Jia Wu"))).unwrap();
    world.pass(WHILE);
    world.go_online(yi);
    world.pass(120_000);
    assert_eq!(called(&world, yi, jia).as_deref(), Some("Jia Wu"));
    assert_eq!(view::me(&world.devices[jia].store).unwrap().name, name("Jia Wu"));
}

#[test]
fn who_is_no_contact_any_more_sees_nothing_new() {
    let (mut world, [jia, pad, yi]) = three(202);
    let contact = world.devices[yi].account;
    world.command(pad, Command::RemoveContact(contact)).unwrap();
    world.pass(WHILE);
    assert!(world.contact(jia, yi).is_none(), "the other device heard of it");
    world.command(jia, Command::SetName(name("Jia Wu"))).unwrap();
    world.pass(WHILE);
    assert_eq!(called(&world, yi, jia).as_deref(), Some("Jia"));
}

#[test]
fn a_contact_that_one_device_met_is_there_on_all_with_what_they_show() {
    let (mut world, [jia, pad, yi]) = three(203);
    let xi = world.person("Xi");
    world.use_server(&[xi]);
    world.befriend(xi, jia);
    world.part_all();
    world.pass(WHILE);
    assert_eq!(called(&world, pad, xi).as_deref(), Some("Xi"));
    world.command(xi, Command::SetName(name("Xi Lan"))).unwrap();
    world.pass(WHILE);
    for at in [jia, pad] {
        assert_eq!(called(&world, at, xi).as_deref(), Some("Xi Lan"), "on {at}");
    }
    world.say(pad, xi, "they told me of you");
    world.pass(WHILE);
    assert_eq!(world.history(xi, pad), ["they told me of you"]);
    assert!(called(&world, yi, jia).is_some());
}

#[test]
fn a_server_that_lost_all_is_brought_all_of_it_again() {
    let (mut world, [jia, pad, yi]) = three(204);
    call(&mut world, jia, yi, "Little Yi");
    world.pass(WHILE);
    world.go_offline(pad);
    world.lose_server(8);
    world.pass(120_000);
    call(&mut world, jia, yi, "Yi of the sea");
    world.command(jia, Command::SetName(name("Jia Wu"))).unwrap();
    world.pass(WHILE);
    world.go_online(pad);
    world.pass(120_000);
    assert_eq!(called(&world, pad, yi).as_deref(), Some("Yi of the sea"));
    assert_eq!(called(&world, yi, jia).as_deref(), Some("Jia Wu"));
}

#[test]
fn a_device_that_was_restored_hears_of_its_past_from_the_server() {
    let (mut world, [jia, pad, yi]) = three(205);
    let backup = world.devices[jia].store.clone();
    call(&mut world, jia, yi, "Little Yi");
    world.pass(WHILE);
    world.crash(jia);
    world.devices[jia].store = backup;
    world.start(jia);
    world.pass(120_000);
    let restored = |event: &Event| matches!(event, Event::Warning(Warning::Restored));
    assert_eq!(events(&world, jia, restored), 1);
    assert_eq!(called(&world, jia, yi).as_deref(), Some("Little Yi"));
    call(&mut world, jia, yi, "Yi of the sea");
    world.pass(WHILE);
    assert_eq!(called(&world, pad, yi).as_deref(), Some("Yi of the sea"));
}

#[test]
fn a_device_that_was_restored_and_went_on_loses_nothing_of_either() {
    let (mut world, [jia, pad, yi]) = three(206);
    let contact = world.devices[yi].account;
    let backup = world.devices[jia].store.clone();
    call(&mut world, jia, yi, "Little Yi");
    world.pass(WHILE);
    world.crash(jia);
    world.devices[jia].store = backup;
    world.go_offline(jia);
    world.start(jia);
    world.command(jia, Command::SetNote { contact, note: Some(crate::world::text("likes tea")) }).unwrap();
    world.pass(WHILE);
    world.go_online(jia);
    world.pass(120_000);
    for at in [jia, pad] {
        assert_eq!(called(&world, at, yi).as_deref(), Some("Little Yi"), "on {at}");
        let note = view::contact(&world.devices[at].store, contact).unwrap().unwrap().note;
        assert_eq!(note, Some(crate::world::text("likes tea")), "on {at}");
    }
}

#[test]
fn a_device_without_records_is_in_step_with_one_that_has_thousands() {
    let (mut world, [jia, pad, yi]) = three(207);
    world.go_offline(pad);
    for number in 0..600 {
        call(&mut world, jia, yi, &format!("Yi {number}"));
    }
    world.pass(WHILE);
    world.go_online(pad);
    world.pass(120_000);
    assert_eq!(called(&world, pad, yi).as_deref(), Some("Yi 599"));
}

#[test]
fn two_who_meet_after_the_server_told_all_of_it_have_nothing_left_to_tell() {
    let (mut world, [jia, pad, yi]) = three(208);
    call(&mut world, jia, yi, "Little Yi");
    world.pass(WHILE);
    world.meet_all();
    world.pass(120_000);
    assert!(world.links_between(jia, pad) == 1 && world.links_between(jia, yi) == 1);
    assert_eq!(called(&world, pad, yi).as_deref(), Some("Little Yi"));
    call(&mut world, pad, yi, "Yi of the sea");
    world.settle();
    assert_eq!(called(&world, jia, yi).as_deref(), Some("Yi of the sea"));
}

#[test]
fn who_was_met_before_there_was_a_server_is_told_through_it() {
    let (mut world, [jia, yi]) = two(209);
    world.command(jia, Command::SetName(name("Jia Wu"))).unwrap();
    world.pass(WHILE);
    assert_eq!(called(&world, yi, jia).as_deref(), Some("Jia Wu"));
}

#[test]
fn a_server_that_says_of_records_that_they_are_replaced_is_not_believed() {
    let (mut world, [jia, pad, yi]) = three(210);
    world.server.hides = true;
    call(&mut world, jia, yi, "Little Yi");
    world.pass(WHILE);
    assert_ne!(called(&world, pad, yi).as_deref(), Some("Little Yi"));
    // Nothing of it is remembered: those who meet tell each other all of it.
    world.stop_server();
    world.meet_all();
    world.pass(120_000);
    assert_eq!(called(&world, pad, yi).as_deref(), Some("Little Yi"));
}

#[test]
fn what_counts_no_more_is_told_as_a_place_in_the_log() {
    let (mut world, [jia, pad, yi]) = three(211);
    world.go_offline(jia);
    world.go_offline(pad);
    for number in 0..100 {
        call(&mut world, jia, yi, &format!("Yi {number}"));
    }
    world.go_online(jia);
    world.pass(120_000);
    world.go_online(pad);
    world.pass(120_000);
    assert_eq!(called(&world, pad, yi).as_deref(), Some("Yi 99"));
}

#[test]
fn when_a_device_is_removed_the_rest_bring_all_anew_and_go_on() {
    let (mut world, [jia, pad, yi]) = three(212);
    let phone = world.link(jia, "phone");
    world.pass(WHILE);
    world.part_all();
    world.pass(WHILE);
    for number in 0..100 {
        call(&mut world, pad, yi, &format!("Yi {number}"));
    }
    world.pass(WHILE);
    let gone = id(&world, pad);
    remove(&mut world, jia, gone);
    world.pass(WHILE);
    call(&mut world, phone, yi, "Yi of the sea");
    world.command(phone, Command::SetName(name("Jia Wu"))).unwrap();
    world.pass(WHILE);
    assert_eq!(called(&world, jia, yi).as_deref(), Some("Yi of the sea"));
    assert_eq!(called(&world, yi, jia).as_deref(), Some("Jia Wu"));
    assert_ne!(called(&world, pad, yi).as_deref(), Some("Yi of the sea"));
}

#[test]
fn what_a_server_dropped_meanwhile_is_asked_for_of_every_set() {
    let (mut world, [jia, pad, yi]) = three(213);
    world.server.forgets = true;
    call(&mut world, jia, yi, "Little Yi");
    world.command(jia, Command::SetName(name("Jia Wu"))).unwrap();
    world.pass(WHILE);
    assert_eq!(called(&world, pad, yi).as_deref(), Some("Little Yi"), "of an own one");
    assert_eq!(called(&world, yi, jia).as_deref(), Some("Jia Wu"), "of a contact's");
}

#[test]
fn a_set_that_had_to_wait_for_its_owners_list_is_asked_for_again_later() {
    let (mut world, [jia, pad, yi]) = three(214);
    let phone = world.link(jia, "phone");
    // It meets only its own people.
    world.apart.push((phone, yi));
    world.pass(WHILE);
    world.part_all();
    world.pass(WHILE);
    world.command(phone, Command::SetName(name("Jia Wu"))).unwrap();
    world.pass(WHILE);
    assert_eq!(called(&world, yi, jia).as_deref(), Some("Jia Wu"));
    let came = world.server.came.len();
    world.server.forgets = true;
    world.command(phone, Command::SetName(name("Jia Wu Lan"))).unwrap();
    world.pass(WHILE);
    assert_eq!(called(&world, yi, jia).as_deref(), Some("Jia Wu Lan"));
    assert_eq!(world.server.came.len(), came, "over the same connection");
    assert!(called(&world, pad, yi).is_some());
}

#[test]
fn who_is_a_contact_is_not_told_before_the_server_has_the_record_of_it() {
    let (mut world, [jia, _, _]) = three(215);
    let xi = world.person("Xi");
    world.use_server(&[xi]);
    world.pass(WHILE);
    world.server.pieces = Some(AppendOutcome::Busy);
    let before = (world.server.brought, world.server.members);
    world.befriend(xi, jia);
    world.pass(WHILE);
    assert!(world.server.brought > before.0);
    assert_eq!(world.server.members, before.1);
    world.server.pieces = None;
    world.pass(limits::POST_PAUSE_MS + WHILE);
    assert!(world.server.members > before.1);
}

#[test]
fn a_server_without_room_is_brought_all_of_it_anew_once_a_day_and_not_with_each_connection() {
    let (mut world, [jia, pad, yi]) = three(216);
    world.go_offline(pad);
    world.server.pieces = Some(AppendOutcome::Full);
    let before = world.server.anew;
    call(&mut world, jia, yi, "Little Yi");
    world.pass(WHILE);
    assert_eq!(world.server.anew, before + 1);
    for _ in 0..5 {
        world.go_offline(jia);
        world.go_online(jia);
        world.pass(120_000);
    }
    assert_eq!(world.server.anew, before + 1);
    assert!(events(&world, jia, |event| matches!(event, Event::Warning(Warning::ServerFull))) > 0);
    world.go_offline(jia);
    world.pass_quietly(limits::ANEW_PAUSE_MS);
    world.go_online(jia);
    world.pass(120_000);
    assert_eq!(world.server.anew, before + 2);
    world.server.pieces = None;
    world.pass(limits::FULL_PAUSE_MS);
    world.go_online(pad);
    world.pass(120_000);
    assert_eq!(called(&world, pad, yi).as_deref(), Some("Little Yi"));
}

#[test]
fn sets_that_a_server_makes_up_are_not_remembered() {
    let (mut world, [jia, _]) = two(217);
    // As many contacts as sets can be asked for at once, of which the server answers none.
    for number in 0..limits::SETS_ASKED {
        let friend = world.person(&format!("Friend {number}"));
        world.befriend(friend, jia);
    }
    world.part_all();
    world.pass(WHILE);
    world.server.is_mute = true;
    let set = |number: u8| SetId {
        space: SpaceId::Account(AccountId::from_bytes([number; 16])),
        audience: AudienceId::from_bytes([number; 16]),
    };
    let items: Vec<Item> = (0..60).map(|number| Item::Set(set(number))).collect();
    let cursor = Cursor { epoch: Epoch([7; 8]), place: u64::MAX };
    let feed = Feed { items: items.try_into().unwrap(), cursor, last: true, gap: true };
    let bytes = Down::Feed(feed).encode().unwrap();
    world.bytes_between(SERVER, jia, Channel::Stream(Class::Control), bytes);
    let sought = world.devices[jia].store.0.keys().filter(|(table, _)| *table == Table::Sought).count();
    assert_eq!(sought, limits::SETS_ASKED + 1, "one of each contact");
}

#[test]
fn a_deletion_is_remembered_as_long_as_there_is_a_server() {
    let mut world = World::new(218);
    world.keep_deletions = Some(2 * DAY_MS);
    let [jia, yi] = [world.person("Jia"), world.person("Yi")];
    world.befriend(jia, yi);
    let pad = world.link(jia, "pad");
    world.use_server(&[jia, yi]);
    world.pass(120_000);
    world.part_all();
    world.pass(WHILE);
    assert!(world.contact(pad, yi).is_some());
    world.go_offline(pad);
    let contact = world.devices[yi].account;
    world.command(jia, Command::RemoveContact(contact)).unwrap();
    world.pass(WHILE);
    for _ in 0..10 * 24 {
        world.pass_quietly(limits::CHORES_MS);
        world.settle();
    }
    // All is brought anew, and the pad hears of it through the server alone.
    world.lose_server(8);
    world.pass(120_000);
    world.go_online(pad);
    world.pass(120_000);
    assert!(world.contact(jia, yi).is_none());
    assert!(world.contact(pad, yi).is_none(), "what was deleted comes back");
}
