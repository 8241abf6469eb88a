//! A person's own devices: a new one is linked, knows what the others know, and is called something.

use lamplit_node::{Address, Command, Event, JoinError, Table, view};
use lamplit_wire::Progress;

use crate::world::{World, name};

/// Whether a device lacks what was said before it joined.
fn lacks_past(world: &World, at: usize) -> bool {
    view::lacks_past(&world.devices[at].store).unwrap()
}

fn names(world: &World, at: usize) -> Vec<Option<String>> {
    let devices = view::devices(&world.devices[at].store).unwrap();
    let mut names: Vec<_> = devices.into_iter().map(|device| device.name.map(|name| name.to_string())).collect();
    names.sort();
    names
}

#[test]
fn a_linked_device_has_contacts_and_conversations() {
    let mut world = World::new(60);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    for number in 0..700 {
        let (from, to) = if number % 2 == 0 { (jia, yi) } else { (yi, jia) };
        world.say(from, to, &format!("word {number}"));
        if number % 20 == 0 {
            world.settle();
        }
    }
    world.settle();
    let conversation = world.devices[yi].account;
    world.command(jia, Command::MarkRead { conversation: conversation.into(), up_to: None }).unwrap();
    world.command(jia, Command::RenameContact { contact: conversation, alias: Some(name("Little Yi")) }).unwrap();
    let seen = world.say(jia, yi, "seen?");
    world.settle();
    let conversation = world.devices[jia].account;
    world.command(yi, Command::MarkRead { conversation: conversation.into(), up_to: None }).unwrap();
    world.pass(1_000);
    world.say(yi, jia, "unread");
    world.pass(1_000);

    let pad = world.link(jia, "pad");
    assert!(lacks_past(&world, pad));
    world.pass(5_000);
    assert!(!lacks_past(&world, pad));
    assert_eq!(world.history(pad, yi), world.history(jia, yi));
    assert_eq!(world.message(pad, seen).unwrap().progress, Some(Progress::Read));
    assert_eq!(world.contact(pad, yi).unwrap().unread, 1);
    assert_eq!(world.contact(pad, yi).unwrap().name, name("Little Yi"));
    let told = |at: usize, gave: bool| {
        world.devices[at].events.iter().any(
            |event| matches!(event, Event::Past { gives, last: true, told: 702, total: 702, .. } if *gives == gave),
        )
    };
    assert!(told(jia, true) && told(pad, false), "both sides hear how far it is");
    // Now it is a device as any other, at once for those who are linked.
    world.say(yi, jia, "to both of you");
    world.say(pad, yi, "from the pad");
    world.pass(10_000);
    for (at, with) in [(jia, yi), (pad, yi), (yi, jia)] {
        let history = world.history(at, with);
        assert!(history.contains(&"to both of you".to_owned()), "on device {at}");
        assert!(history.contains(&"from the pad".to_owned()), "on device {at}");
    }
}

#[test]
fn a_link_code_is_good_for_one_device_and_ten_minutes() {
    let mut world = World::new(61);
    let jia = world.person("Jia");
    let code = world.link_code(jia);
    let (pad, thief) = (world.newcomer(&code, "pad"), world.newcomer(&code, "thief"));
    assert!(world.join(pad, jia, usize::MAX).unwrap());
    assert!(matches!(world.join(thief, jia, usize::MAX), Err(JoinError::Used)));
    let code = world.link_code(jia);
    let late = world.newcomer(&code, "late");
    world.pass(lamplit_identity::LINK_CODE_MS);
    assert!(matches!(world.join(late, jia, usize::MAX), Err(JoinError::Expired)));
    // A new code makes the one before worthless, and so does the end of `lamplit link`.
    let (first, second) = (world.link_code(jia), world.link_code(jia));
    let (one, other) = (world.newcomer(&first, "one"), world.newcomer(&second, "other"));
    assert!(matches!(world.join(one, jia, usize::MAX), Ok(false) | Err(JoinError::Broken)));
    world.command(jia, Command::EndLinking).unwrap();
    assert!(matches!(world.join(other, jia, usize::MAX), Ok(false) | Err(JoinError::Broken)));
    assert_eq!(view::devices(&world.devices[jia].store).unwrap().len(), 2);
}

#[test]
fn wherever_it_breaks_the_same_device_can_ask_again() {
    let mut world = World::new(62);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.say(jia, yi, "before");
    world.settle();
    let code = world.link_code(jia);
    let pad = world.newcomer(&code, "pad");
    let mut steps = 0;
    while !world.join(pad, jia, steps).unwrap() {
        steps += 1;
        assert!(steps < 10, "it never joins");
    }
    assert!(steps > 2, "nothing was broken off");
    assert_eq!(view::devices(&world.devices[jia].store).unwrap().len(), 2, "it is one device, however often it asked");
    world.pass(5_000);
    assert_eq!(world.history(pad, yi), ["before"]);
}

#[test]
fn who_answers_in_the_place_of_ones_own_device_learns_nothing() {
    let mut world = World::new(63);
    let (jia, eve) = (world.person("Jia"), world.person("Eve"));
    let _ = world.link_code(eve);
    let code = world.link_code(jia);
    let pad = world.newcomer(&code, "pad");
    assert!(!matches!(world.join(pad, eve, usize::MAX), Ok(true)));
    assert_eq!(view::devices(&world.devices[eve].store).unwrap().len(), 1);
    assert!(world.join(pad, jia, usize::MAX).unwrap());
}

#[test]
fn the_past_goes_on_where_it_broke_and_what_is_said_meanwhile_comes_after_it() {
    let mut world = World::new(64);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    for number in 0..3_000 {
        world.say(jia, yi, &format!("word {number}"));
        if number % 50 == 0 {
            world.settle();
        }
    }
    world.settle();
    let pad = world.link(jia, "pad");
    let mut cuts = 0;
    while lacks_past(&world, pad) {
        world.settle_some(12 + cuts);
        world.cut_between(jia, pad);
        world.crash(pad);
        world.start(pad);
        if cuts == 1 {
            world.say(yi, jia, "said meanwhile");
        }
        world.now += 2_000;
        world.pass_quietly(250);
        cuts += 1;
        assert!(cuts < 2_000, "it never ends");
    }
    assert!(cuts > 3, "it was never cut");
    world.pass(60_000);
    let history = world.history(pad, yi);
    assert_eq!(history.len(), 3_001);
    assert_eq!(history.last().unwrap(), "said meanwhile");
    assert_eq!(history, world.history(jia, yi));
}

#[test]
fn what_a_contact_says_who_has_not_heard_of_the_new_device_reaches_it() {
    let mut world = World::new(65);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.apart.push((jia, yi));
    world.cut_between(jia, yi);
    world.settle();
    world.say(yi, jia, "for the phone, as far as Yi knows");
    let pad = world.link(jia, "pad");
    world.pass(10_000);
    world.apart.clear();
    world.apart.push((pad, yi));
    world.pass(120_000);
    assert_eq!(world.history(pad, yi), ["for the phone, as far as Yi knows"], "the phone passes it on");
}

#[test]
fn what_waits_for_the_other_devices_goes_to_the_new_one_too() {
    let mut world = World::new(66);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let tab = world.link(yi, "tab");
    world.befriend(jia, yi);
    world.pass(120_000);
    world.apart.push((jia, yi));
    world.cut_between(jia, yi);
    world.settle();
    world.say(yi, jia, "one");
    let pad = world.link(jia, "pad");
    // Yi's phone hears of the pad from the tab, and never meets Jia's phone again.
    world.pass(120_000);
    world.apart.push((jia, pad));
    world.cut_between(jia, pad);
    world.say(yi, jia, "two");
    world.pass(120_000);
    assert_eq!(world.history(pad, yi), ["one", "two"]);
    assert_eq!(world.history(tab, jia), ["one", "two"]);
}

#[test]
fn devices_have_names_that_all_of_them_know() {
    let mut world = World::new(67);
    let jia = world.person("Jia");
    let pad = world.link(jia, "pad");
    world.pass(5_000);
    assert_eq!(names(&world, jia), [None, Some("pad".to_owned())]);
    world.command(pad, Command::RenameDevice { device: None, name: name("the pad") }).unwrap();
    let phone = world.devices[jia].node.as_ref().unwrap().device();
    world.command(pad, Command::RenameDevice { device: Some(phone), name: name("phone") }).unwrap();
    world.pass(1_000);
    for at in [jia, pad] {
        assert_eq!(names(&world, at), [Some("phone".to_owned()), Some("the pad".to_owned())]);
    }
    let stranger = world.person("Yi");
    let unknown = world.devices[stranger].node.as_ref().unwrap().device();
    let refused = world.command(pad, Command::RenameDevice { device: Some(unknown), name: name("mine") });
    assert_eq!(refused.unwrap_err(), lamplit_node::CommandError::UnknownDevice);
    assert!(view::devices(&world.devices[jia].store).unwrap().iter().any(|device| device.seen.is_some()));
}

#[test]
fn all_devices_of_an_account_use_one_server() {
    let mut world = World::new(75);
    let jia = world.person("Jia");
    let pad = world.link(jia, "pad");
    world.pass(5_000);
    let used = |world: &World, at: usize| world.devices[at].node.as_ref().unwrap().server().0;
    let there = |host: &str| Some(Address(format!("server:key@{host}:1")));
    world.command(pad, Command::UseServer(there("one"))).unwrap();
    world.pass(1_000);
    assert_eq!([used(&world, jia), used(&world, pad)], [there("one"), there("one")]);
    // Also one that comes later, and what was chosen last counts.
    let tab = world.link(jia, "tab");
    world.pass(5_000);
    assert_eq!(used(&world, tab), there("one"));
    world.cut_between(jia, pad);
    world.apart.push((jia, pad));
    world.command(pad, Command::UseServer(there("two"))).unwrap();
    world.pass(1_000);
    world.command(jia, Command::UseServer(there("three"))).unwrap();
    world.apart.clear();
    world.pass(60_000);
    assert_eq!([jia, pad, tab].map(|at| used(&world, at)), [(); 3].map(|()| there("three")));
    world.command(tab, Command::UseServer(None)).unwrap();
    world.pass(1_000);
    assert_eq!([jia, pad, tab].map(|at| used(&world, at)), [None, None, None]);
    world.crash(jia);
    world.start(jia);
    assert_eq!(used(&world, jia), None);
}

#[test]
fn what_was_read_on_one_device_is_read_on_the_others_whatever_their_order() {
    let mut world = World::new(68);
    let (jia, yi, bing) = (world.person("Jia"), world.person("Yi"), world.person("Bing"));
    let _ = bing;
    world.befriend(jia, yi);
    let pad = world.link(jia, "pad");
    let tab = world.link(yi, "tab");
    world.pass(60_000);
    // Two devices of Yi say one thing each, and Jia's two hear them in different orders.
    world.apart.extend([(jia, tab), (pad, yi), (jia, pad), (yi, tab)]);
    for (a, b) in world.apart.clone() {
        world.cut_between(a, b);
    }
    world.settle();
    world.say(yi, jia, "from the phone");
    world.say(tab, jia, "from the tab");
    world.pass(1_000);
    assert_eq!(
        (world.history(jia, yi), world.history(pad, yi)),
        (vec!["from the phone".to_owned()], vec!["from the tab".to_owned()])
    );
    let conversation = world.devices[yi].account;
    world.command(jia, Command::MarkRead { conversation: conversation.into(), up_to: None }).unwrap();
    world.apart.clear();
    world.apart.push((jia, tab));
    world.apart.push((jia, yi));
    world.cut_between(jia, yi);
    world.settle();
    world.pass(120_000);
    // The pad has "from the tab" first and unread; only the other was read, though it stands behind it.
    assert_eq!(world.history(pad, yi), ["from the tab", "from the phone"]);
    assert_eq!(world.contact(pad, yi).unwrap().unread, 1);
    assert!(world.devices[pad].store.0.keys().any(|(table, _)| *table == Table::Conversations));
}
