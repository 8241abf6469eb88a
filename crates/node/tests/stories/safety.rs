//! Safety codes: both sides have one, and what came of comparing it stays with whoever compared.

use lamplit_identity::SafetyCode;
use lamplit_node::{Command, CommandError, Compared, Event, Warning, view};

use crate::world::World;

fn safety(world: &World, at: usize, with: usize) -> view::SafetyView {
    view::safety(&world.devices[at].store, world.devices[with].account).unwrap().unwrap()
}

fn code(world: &World, at: usize, with: usize) -> SafetyCode {
    safety(world, at, with).code
}

/// What came of it, as a page of contacts and the code itself have it.
fn compared(world: &World, at: usize, with: usize) -> Compared {
    let compared = safety(world, at, with).compared;
    assert_eq!(world.contact(at, with).unwrap().compared, compared);
    compared
}

fn keep(world: &mut World, at: usize, with: usize, compared: Compared) -> Result<(), CommandError> {
    let (contact, root) = (world.devices[with].account, safety(world, at, with).root);
    world.command(at, Command::KeepCompared { contact, root, compared }).map(drop)
}

#[test]
fn both_sides_have_one_code_on_all_of_their_devices_and_with_everybody_else_another() {
    let mut world = World::new(130);
    let (jia, yi, bing) = (world.person("Jia"), world.person("Yi"), world.person("Bing"));
    world.befriend(jia, yi);
    world.befriend(jia, bing);
    world.befriend(yi, bing);
    let pad = world.link(jia, "pad");
    world.pass(5_000);
    assert_eq!(code(&world, jia, yi), code(&world, yi, jia));
    assert_eq!(code(&world, pad, yi), code(&world, yi, jia));
    let all = [code(&world, jia, yi), code(&world, jia, bing), code(&world, yi, bing)];
    assert!(all[0] != all[1] && all[0] != all[2] && all[1] != all[2]);
    assert_eq!(view::safety(&world.devices[jia].store, world.devices[jia].account).unwrap(), None, "with oneself");
}

#[test]
fn what_came_of_comparing_is_on_all_own_devices_and_nowhere_else() {
    let mut world = World::new(131);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    let pad = world.link(jia, "pad");
    world.pass(5_000);
    assert_eq!([jia, pad].map(|at| compared(&world, at, yi)), [Compared::NotYet; 2]);
    let before = world.devices[pad].events.len();
    keep(&mut world, jia, yi, Compared::Same).unwrap();
    world.pass(1_000);
    assert_eq!([jia, pad].map(|at| compared(&world, at, yi)), [Compared::Same; 2]);
    assert_eq!(compared(&world, yi, jia), Compared::NotYet, "Yi compared nothing");
    let contact = world.devices[yi].account;
    let told = |event: &Event| matches!(event, Event::ContactChanged(changed) if *changed == contact);
    assert!(world.devices[pad].events[before..].iter().any(told), "a screen there hears of it");

    // After a restart, and on a device that comes later.
    world.crash(jia);
    world.start(jia);
    world.pass(60_000);
    let tab = world.link(jia, "tab");
    world.pass(5_000);
    assert_eq!([jia, pad, tab].map(|at| compared(&world, at, yi)), [Compared::Same; 3]);

    // What is said later counts, whichever device says it.
    keep(&mut world, tab, yi, Compared::Different).unwrap();
    world.pass(1_000);
    assert_eq!([jia, pad, tab].map(|at| compared(&world, at, yi)), [Compared::Different; 3]);
    keep(&mut world, pad, yi, Compared::NotYet).unwrap();
    world.pass(1_000);
    assert_eq!([jia, pad, tab].map(|at| compared(&world, at, yi)), [Compared::NotYet; 3]);
}

#[test]
fn who_is_met_anew_was_not_compared() {
    let mut world = World::new(132);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    let pad = world.link(jia, "pad");
    world.pass(5_000);
    keep(&mut world, jia, yi, Compared::Same).unwrap();
    world.pass(1_000);
    let contact = world.devices[yi].account;
    for (at, other) in [(jia, yi), (yi, jia)] {
        let contact = world.devices[other].account;
        world.command(at, Command::RemoveContact(contact)).unwrap();
    }
    world.pass(1_000);
    assert_eq!(view::safety(&world.devices[pad].store, contact).unwrap(), None);
    world.befriend(jia, yi);
    world.pass(5_000);
    assert_eq!([jia, pad].map(|at| compared(&world, at, yi)), [Compared::NotYet; 2]);
}

#[test]
fn what_was_compared_with_another_root_or_with_nobody_is_not_kept() {
    let mut world = World::new(133);
    let (jia, yi, bing) = (world.person("Jia"), world.person("Yi"), world.person("Bing"));
    world.befriend(jia, yi);
    world.befriend(jia, bing);
    let (contact, root) = (world.devices[yi].account, safety(&world, jia, bing).root);
    for compared in [Compared::Same, Compared::Different, Compared::NotYet] {
        let refused = world.command(jia, Command::KeepCompared { contact, root, compared }).unwrap_err();
        assert_eq!(refused, CommandError::CodesDiffer);
    }
    let stranger = Command::KeepCompared { contact: world.devices[jia].account, root, compared: Compared::Same };
    assert_eq!(world.command(jia, stranger).unwrap_err(), CommandError::UnknownContact);
    assert_eq!([yi, bing].map(|with| compared(&world, jia, with)), [Compared::NotYet; 2]);
}

#[test]
fn nobody_takes_the_place_of_a_contact_with_an_invite_and_a_root_of_their_own() {
    let mut world = World::new(134);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.pass(5_000);
    keep(&mut world, jia, yi, Compared::Same).unwrap();
    let before = code(&world, jia, yi);
    let eve = world.impostor(yi, "Yi");
    world.befriend(jia, eve);
    world.pass(60_000);
    assert!(world.contact(eve, jia).is_none(), "she is turned away");
    let account = world.devices[yi].account;
    let warned = |event: &Event| matches!(event, Event::Warning(Warning::Impostor(of)) if *of == account);
    assert!(world.devices[jia].events.iter().any(warned), "and that is told");
    // A device that is linked later knows contacts by what the others wrote down of them.
    let pad = world.link(jia, "pad");
    world.pass(60_000);
    for at in [jia, pad] {
        assert_eq!(code(&world, at, yi), before, "on device {at}");
        assert_eq!(compared(&world, at, yi), Compared::Same, "on device {at}");
    }
    world.say(pad, yi, "are you there?");
    world.pass(60_000);
    assert_eq!(world.history(yi, jia), ["are you there?"]);
    assert!(world.history(eve, jia).is_empty());

    // Nor does who is invited by somebody under that account take that for the contact.
    let invite = world.invite(eve);
    let refused = world.command(jia, Command::Accept(Box::new(invite))).unwrap_err();
    assert_eq!(refused, CommandError::AlreadyContact);
}
