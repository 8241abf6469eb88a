//! Groups whose people are not near each other, and have a server between them.

use lamplit_node::{Command, CommandError, Event, Table, limits};
use lamplit_types::{AccountId, ConversationId, GroupId, limits::DAY_MS};
use lamplit_wire::{Body, GroupPart};

use crate::{
    apart::{WHILE, events},
    groups::forgery,
    world::{World, text},
};

fn account(world: &World, at: usize) -> AccountId {
    world.devices[at].account
}

/// What waits at a device for a place in its group.
fn early(world: &World, at: usize) -> usize {
    world.devices[at].store.0.keys().filter(|(table, _)| *table == Table::Early).count()
}

fn heard(world: &World, at: usize) -> usize {
    events(world, at, |event| matches!(event, Event::Message { .. }))
}

/// Some are each other's contacts; all are apart and use the server.
fn people<const MANY: usize>(seed: u8, names: [&str; MANY], contacts: &[(usize, usize)]) -> (World, [usize; MANY]) {
    let mut world = World::new(seed);
    let people = names.map(|called| world.person(called));
    for (host, guest) in contacts {
        world.befriend(*host, *guest);
    }
    world.pass(5_000);
    world.part_all();
    world.use_server(&people);
    world.pass(WHILE);
    (world, people)
}

#[test]
fn a_group_lives_among_people_who_never_meet() {
    let mut world = World::new(178);
    let [ada, grace, hedy, mary] = ["Ada", "Grace", "Hedy", "Mary"].map(|called| world.person(called));
    let pad = world.link(grace, "pad");
    for other in [grace, hedy, mary] {
        world.befriend(ada, other);
    }
    world.pass(120_000);
    world.part_all();
    world.use_server(&[ada, grace, hedy, mary]);
    world.command(pad, Command::UseServer(world.devices[grace].node.as_ref().unwrap().server().0)).unwrap();
    world.pass(WHILE);
    let group = world.found(ada, "choir", &[grace, hedy]);
    world.pass(WHILE);
    for at in [ada, grace, pad, hedy] {
        assert_eq!(world.members(at, group), ["Ada", "Grace", "Hedy"], "{at}");
        assert_eq!(events(&world, at, |event| matches!(event, Event::GroupAdded(_))), 1, "{at}");
    }
    let id = world.call_out(pad, group, "who sings?");
    world.settle();
    world.call_out(ada, group, "I do");
    world.settle();
    world.call_out(hedy, group, "so do I");
    world.pass(WHILE);
    for at in [ada, grace, pad, hedy] {
        assert_eq!(world.group_history(at, group), ["who sings?", "I do", "so do I"], "{at}");
    }
    assert_eq!(world.message(pad, id).unwrap().reach.unwrap().delivered, 2);

    world.command(ada, Command::AddMembers { group, members: vec![account(&world, mary)] }).unwrap();
    world.settle();
    world.call_out(grace, group, "welcome");
    world.settle();
    world.call_out(mary, group, "hello all");
    world.pass(WHILE);
    for at in [ada, grace, pad, hedy, mary] {
        assert_eq!(world.members(at, group), ["Ada", "Grace", "Hedy", "Mary"], "{at}");
        let said = world.group_history(at, group);
        let since = if at == mary { 0 } else { 3 };
        assert_eq!(said[since..], ["welcome", "hello all"], "{at}");
    }

    // She is out of reach when she is taken out, and goes on.
    world.go_offline(hedy);
    world.command(ada, Command::RemoveMember { group, member: account(&world, hedy) }).unwrap();
    world.pass(WHILE);
    world.call_out(mary, group, "after");
    world.call_out(hedy, group, "am I still there?");
    world.pass(WHILE);
    world.go_online(hedy);
    world.pass(120_000);
    assert!(!world.group(hedy, group).unwrap().is_member);
    assert_eq!(events(&world, hedy, |event| matches!(event, Event::GroupEnded(_))), 1);
    assert_eq!(world.group_history(hedy, group)[3..], ["welcome", "hello all", "am I still there?"]);
    let refused = world.command(hedy, Command::Say { to: group.into(), text: text("hello?") });
    assert_eq!(refused.unwrap_err(), CommandError::UnknownGroup);
    for at in [ada, grace, pad, mary] {
        assert_eq!(world.members(at, group), ["Ada", "Grace", "Mary"], "{at}");
        assert_eq!(world.group_history(at, group).last().unwrap(), "after", "{at}");
    }
    world.say(ada, hedy, "no hard feelings");
    world.pass(WHILE);
    assert_eq!(world.history(hedy, ada), ["no hard feelings"]);
}

/// Ada's group with Grace and others, of which nobody but Grace heard; she says so much in it and is gone. Then the others come.
fn early_birds<const MANY: usize>(
    world: &mut World,
    [ada, grace]: [usize; 2],
    others: [usize; MANY],
    many: usize,
) -> (GroupId, Vec<String>) {
    world.server.full = others.map(|other| (ada, other)).to_vec();
    for other in others {
        world.go_offline(other);
    }
    let members: Vec<usize> = core::iter::once(grace).chain(others).collect();
    let group = world.found(ada, "choir", &members);
    world.pass(WHILE);
    let words: Vec<String> = (0..many).map(|number| format!("number {number}")).collect();
    for words in &words {
        world.call_out(grace, group, words);
    }
    world.pass(WHILE);
    world.go_offline(grace);
    for other in others {
        world.go_online(other);
    }
    world.pass(6 * WHILE);
    (group, words)
}

const ALL_THREE: &[(usize, usize)] = &[(0, 1), (0, 2), (1, 2)];

#[test]
fn what_is_said_in_a_group_nobody_told_of_waits_and_its_writer_is_asked() {
    let (mut world, [ada, grace, hedy]) = people(171, ["Ada", "Grace", "Hedy"], ALL_THREE);
    let (group, words) = early_birds(&mut world, [ada, grace], [hedy], 3);
    assert!(world.group(hedy, group).is_none());
    assert_eq!((early(&world, hedy), heard(&world, hedy)), (3, 0));
    world.crash(hedy);
    world.start(hedy);
    world.pass(WHILE);
    assert_eq!(early(&world, hedy), 3);
    // Ada's word does not come yet, but Grace answers.
    world.go_online(grace);
    world.pass(6 * WHILE);
    assert_eq!(world.members(hedy, group), ["Ada", "Grace", "Hedy"]);
    assert_eq!(world.group_history(hedy, group), words);
    assert_eq!(early(&world, hedy), 0);
    world.server.full.clear();
    world.call_out(hedy, group, "I heard of it late");
    world.pass(60_000);
    assert_eq!(heard(&world, hedy), 3, "each comes once");
    for at in [ada, grace] {
        assert_eq!(world.members(at, group), ["Ada", "Grace", "Hedy"], "{at}");
        assert_eq!(world.group_history(at, group)[3..], ["I heard of it late"], "{at}");
    }
}

#[test]
fn what_somebody_said_who_was_not_known_comes_once_they_are() {
    let (mut world, [ada, grace, hedy]) = people(172, ["Ada", "Grace", "Hedy"], &[(0, 1), (0, 2)]);
    let (group, words) = early_birds(&mut world, [ada, grace], [hedy], 3);
    assert_eq!((early(&world, hedy), heard(&world, hedy)), (0, 0), "nothing is kept of strangers");
    world.server.full.clear();
    world.pass(60_000);
    assert_eq!(world.members(hedy, group), ["Ada", "Grace", "Hedy"]);
    world.go_online(grace);
    world.pass(120_000);
    assert_eq!(world.group_history(hedy, group), words);
    assert_eq!(heard(&world, hedy), 3);
}

#[test]
fn so_much_of_one_device_waits_for_its_group_and_so_long() {
    let many = limits::EARLY + 40;
    let (mut world, [ada, grace, hedy]) = people(173, ["Ada", "Grace", "Hedy"], ALL_THREE);
    let (group, words) = early_birds(&mut world, [ada, grace], [hedy], many);
    assert_eq!(early(&world, hedy), limits::EARLY);
    world.go_online(grace);
    world.pass(6 * WHILE);
    assert_eq!(world.group_history(hedy, group), words[40..], "the oldest made room");
    assert_eq!(early(&world, hedy), 0);
}

#[test]
fn what_waits_for_its_group_in_vain_is_given_up() {
    let (mut world, [ada, grace, hedy]) = people(174, ["Ada", "Grace", "Hedy"], ALL_THREE);
    let (group, _) = early_birds(&mut world, [ada, grace], [hedy], 3);
    for _ in 0..4 {
        assert_eq!(early(&world, hedy), 3);
        world.pass_quietly(limits::ENVELOPE_MS / 4);
        world.settle();
    }
    world.pass_quietly(DAY_MS);
    world.settle();
    assert_eq!(early(&world, hedy), 0);
    world.server.full.clear();
    world.go_online(grace);
    world.pass(6 * WHILE);
    world.call_out(grace, group, "is anybody there?");
    world.pass(6 * WHILE);
    assert_eq!(world.group_history(hedy, group), ["is anybody there?"], "what nobody heard in time is gone");
}

#[test]
fn what_waits_of_a_contact_goes_with_the_contact() {
    let contacts = [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)];
    let (mut world, [ada, grace, hedy, mary]) = people(175, ["Ada", "Grace", "Hedy", "Mary"], &contacts);
    world.server.full = vec![(ada, hedy)];
    world.go_offline(hedy);
    let group = world.found(ada, "choir", &[grace, hedy, mary]);
    world.pass(WHILE);
    for (writer, words) in [(grace, "from Grace"), (mary, "from Mary")] {
        world.call_out(writer, group, words);
        world.pass(WHILE);
        world.go_offline(writer);
    }
    world.go_online(hedy);
    world.pass(6 * WHILE);
    assert_eq!(early(&world, hedy), 2);
    world.command(hedy, Command::RemoveContact(account(&world, grace))).unwrap();
    world.pass(WHILE);
    assert_eq!(early(&world, hedy), 1);
    world.go_online(mary);
    world.pass(6 * WHILE);
    assert_eq!(world.group_history(hedy, group), ["from Mary"]);
    assert_eq!(early(&world, hedy), 0);
}

/// Changes what a part of a group says, in what waits at a device for another one.
fn forge(world: &mut World, at: usize, to: usize, change: impl Fn(&mut ConversationId, &mut GroupPart)) {
    let mut forged = 0;
    world.rewrite(at, to, |outgoing| {
        if let Body::Group(part) = &mut outgoing.body {
            change(&mut outgoing.conversation, part);
            forged += 1;
        }
    });
    assert!(forged > 0);
}

#[test]
fn nobody_is_drawn_into_a_group_by_what_a_hostile_contact_posts() {
    let (mut world, [mallory, grace, ada]) = people(176, ["Mallory", "Grace", "Ada"], &[(0, 1), (1, 2)]);
    let duet = world.found(ada, "duet", &[grace]);
    world.pass(WHILE);
    let to_grace = account(&world, grace).into();
    let forgeries: [fn(&mut ConversationId, &mut GroupPart); 6] = [
        // Of another conversation than it is in,
        |conversation, _| *conversation = ConversationId::Account(AccountId::from_bytes([9; 16])),
        |conversation, _| *conversation = GroupId::from_bytes([9; 16]).into(),
        // of a group that was not founded so,
        |_, part| part.founding.nonce = [0; 16],
        |conversation, part| {
            part.group = GroupId::from_bytes([9; 16]);
            *conversation = part.group.into();
        },
        // or signed by nobody.
        |_, part| {
            let mut all = part.standings.clone().into_vec();
            all.iter_mut().for_each(|standing| standing.body.version += 1);
            part.standings = all.try_into().unwrap();
        },
        |_, part| {
            let mut all = part.names.clone().into_vec();
            all.iter_mut().for_each(|name| name.body.version += 1);
            part.names = all.try_into().unwrap();
        },
    ];
    for (number, change) in forgeries.into_iter().enumerate() {
        world.go_offline(mallory);
        world.found(mallory, "trap", &[grace]);
        forge(&mut world, mallory, grace, change);
        world.say(mallory, grace, &format!("number {number}"));
        world.go_online(mallory);
        world.pass(6 * WHILE);
        assert_eq!(world.history(grace, mallory).len(), number + 1, "{number}: it came");
        assert_eq!(events(&world, grace, |event| matches!(event, Event::GroupAdded(_))), 1, "{number}");
    }
    // Of a group that there is, in which she has no say, she says that somebody is its admin.
    let part = forgery(&world, ada, duet, account(&world, mallory));
    world.slip(mallory, grace, duet.into(), Body::Group(Box::new(part)));
    // And what has no number is no letter if it has one.
    world.slip(mallory, grace, to_grace, Body::Heard(world.received(mallory, grace)));
    world.say(mallory, grace, "that is all");
    world.pass(WHILE);
    assert_eq!(world.members(grace, duet), ["Ada", "Grace"]);
    assert_eq!(world.history(grace, mallory).last().unwrap(), "that is all");
    // What is honest is believed, of her too.
    let honest = world.found(mallory, "no trap", &[grace]);
    world.call_out(ada, duet, "a word with you");
    world.pass(WHILE);
    assert_eq!(world.members(grace, honest), ["Grace", "Mallory"]);
    assert_eq!(world.group_history(grace, duet), ["a word with you"]);
    assert_eq!(early(&world, grace), 0);
}

#[test]
fn parts_without_an_end_are_kept_up_to_a_limit() {
    let (mut world, [mallory, grace, ada]) = people(177, ["Mallory", "Grace", "Ada"], &[(0, 1), (1, 2)]);
    let group = world.found(mallory, "endless", &[]);
    let part = GroupPart { head: None, ..forgery(&world, mallory, group, account(&world, mallory)) };
    for number in 0..limits::EARLY + 100 {
        // Of one group, and of as many as there are numbers.
        let mut part = part.clone();
        if number % 2 == 0 {
            part.group = GroupId::from_bytes([u8::try_from(number % 251).unwrap(); 16]);
        }
        world.slip(mallory, grace, part.group.into(), Body::Group(Box::new(part)));
    }
    world.say(mallory, grace, "and so on");
    world.pass(6 * WHILE);
    assert_eq!(early(&world, grace), limits::EARLY);
    assert_eq!(world.history(grace, mallory), ["and so on"]);
    assert_eq!(events(&world, grace, |event| matches!(event, Event::GroupAdded(_))), 0);
    // Others have their own room.
    let duet = world.found(ada, "duet", &[grace]);
    world.call_out(ada, duet, "a word with you");
    world.pass(WHILE);
    assert_eq!(world.group_history(grace, duet), ["a word with you"]);
    // The end, when it comes, takes those of its group along: nobody signed them.
    let end = GroupPart { head: Some([7; 16]), ..part };
    world.slip(mallory, grace, group.into(), Body::Group(Box::new(end)));
    world.say(mallory, grace, "the end");
    world.pass(WHILE);
    assert!(early(&world, grace) <= limits::EARLY / 2 + 1);
    assert!(world.group(grace, group).is_none());
}
