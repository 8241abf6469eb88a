//! People who talk in a group, some of whom know each other through it alone.

use lamplit_node::{Answer, AskId, Command, CommandError, Event, Input, Read, Table, limits, view::Role};
use lamplit_sync::charter::Denied;
use lamplit_types::{
    AccountId, BlobId, Channel, Class, GroupId,
    limits::{GROUP_MEMBERS, GROUP_PART, GROUP_PEOPLE},
};
use lamplit_wire::{
    Founding, Frame, GroupPart, Progress, Rank, Standing,
    bounded::List,
    credential::{Signature, Signed},
};

use crate::world::{World, address, app, name};

/// How long it takes until everybody who is near is linked and has said what they had to say.
const WHILE: u64 = 5_000;

/// Ada, who knows Grace and Hedy, who do not know each other; and a group of the three.
fn three() -> (World, [usize; 3], GroupId) {
    let mut world = World::new(61);
    let people = [world.person("Ada"), world.person("Grace"), world.person("Hedy")];
    let [ada, grace, hedy] = people;
    world.befriend(ada, grace);
    world.befriend(ada, hedy);
    let group = world.found(ada, "choir", &[grace, hedy]);
    world.pass(WHILE);
    (world, people, group)
}

fn account(world: &World, at: usize) -> AccountId {
    world.devices[at].account
}

fn events(world: &World, at: usize, wanted: impl Fn(&Event) -> bool) -> usize {
    world.devices[at].events.iter().filter(|event| wanted(event)).count()
}

#[test]
fn all_hear_what_one_says_also_those_who_do_not_know_each_other() {
    let (mut world, [ada, grace, hedy], group) = three();
    for at in [ada, grace, hedy] {
        assert_eq!(world.members(at, group), ["Ada", "Grace", "Hedy"]);
        assert_eq!(world.group(at, group).unwrap().name, Some(name("choir")));
    }
    let id = world.call_out(grace, group, "who sings?");
    world.pass(WHILE);
    for at in [ada, grace, hedy] {
        assert_eq!(world.group_history(at, group), ["who sings?"], "{at}");
    }
    assert_eq!(world.group(hedy, group).unwrap().unread, 1);
    let reach = world.message(grace, id).unwrap().reach.unwrap();
    assert_eq!((reach.members, reach.delivered, reach.read), (2, 2, 0));
    assert_eq!(world.message(grace, id).unwrap().progress, Some(Progress::Delivered));
    world.command(hedy, Command::MarkRead { conversation: group.into(), up_to: None }).unwrap();
    world.pass(WHILE);
    let shown = world.message(grace, id).unwrap();
    assert_eq!((shown.reach.unwrap().read, shown.progress), (1, Some(Progress::Delivered)));
    world.command(ada, Command::MarkRead { conversation: group.into(), up_to: None }).unwrap();
    world.pass(WHILE);
    let shown = world.message(grace, id).unwrap();
    assert_eq!((shown.reach.unwrap().read, shown.progress), (2, Some(Progress::Read)));
    assert_eq!(world.group(hedy, group).unwrap().unread, 0);
    assert_eq!(events(&world, hedy, |event| matches!(event, Event::Message { .. })), 1);
}

#[test]
fn a_beacon_that_was_seen_before_it_was_known_leads_to_its_device() {
    let mut world = World::new(75);
    let [ada, grace, hedy] = [world.person("Ada"), world.person("Grace"), world.person("Hedy")];
    world.befriend(ada, grace);
    world.befriend(ada, hedy);
    world.blind = true;
    for (at, other) in [(grace, hedy), (hedy, grace)] {
        let beacon = world.devices[other].beacon.unwrap();
        world.input(at, Input::Sighted { beacon, address: address(other) });
        // On another network it is seen, too, where nobody answers.
        world.input(at, Input::Sighted { beacon, address: address(99) });
    }
    world.pass(WHILE);
    assert_eq!(world.links_between(grace, hedy), 0, "they are strangers");
    world.found(ada, "choir", &[grace, hedy]);
    world.pass(WHILE);
    assert_eq!(world.links_between(grace, hedy), 1);
}

#[test]
fn members_who_are_no_contacts_learn_nothing_else_of_each_other() {
    let (mut world, [ada, grace, hedy], group) = three();
    world.command(grace, Command::Light { app: app("qq"), on: true }).unwrap();
    world.command(grace, Command::SetNote { contact: account(&world, ada), note: None }).unwrap();
    world.call_out(grace, group, "here");
    world.pass(60_000);
    assert_eq!(world.lit(ada, grace), ["qq"]);
    assert!(world.lit(hedy, grace).is_empty(), "presence is for contacts");
    assert!(world.contact(hedy, grace).is_none());
    let tells = |event: &Event| match event {
        Event::Near { account: who, .. } | Event::Presence(who) | Event::ContactAdded(who) => {
            *who == account(&world, grace)
        }
        _ => false,
    };
    assert_eq!(events(&world, hedy, tells), 0);
    assert!(world.devices[hedy].node.as_ref().unwrap().near().iter().all(|(who, _)| *who == account(&world, ada)));
    let refused =
        world.command(hedy, Command::Say { to: account(&world, grace).into(), text: crate::world::text("hi") });
    assert_eq!(refused.unwrap_err(), CommandError::UnknownContact);
    assert_eq!(world.group_history(hedy, group), ["here"]);
}

#[test]
fn companions_rest_while_one_of_them_is_lit_and_wake_for_what_is_said() {
    let (mut world, [_, grace, hedy], group) = three();
    world.command(grace, Command::Light { app: app("qq"), on: true }).unwrap();
    world.pass(limits::REST_MS + 10_000);
    for _ in 0..10 {
        assert_eq!(world.links_between(grace, hedy), 0, "nothing is due between the two");
        world.pass(20_000);
    }
    world.call_out(grace, group, "still here?");
    world.pass(WHILE);
    assert_eq!(world.group_history(hedy, group), ["still here?"]);
}

#[test]
fn who_was_removed_gets_nothing_more_and_keeps_what_there_was() {
    let (mut world, [ada, grace, hedy], group) = three();
    world.call_out(ada, group, "before");
    world.pass(WHILE);
    // On its way when she is removed.
    world.apart.extend([(ada, hedy), (grace, hedy)]);
    world.cut_between(ada, hedy);
    world.cut_between(grace, hedy);
    world.settle();
    world.call_out(ada, group, "under way");
    world.call_out(grace, group, "under way, too");
    world.pass(WHILE);
    world.command(ada, Command::RemoveMember { group, member: account(&world, hedy) }).unwrap();
    world.pass(WHILE);
    world.call_out(ada, group, "after");
    // She has heard of nothing and goes on.
    world.call_out(hedy, group, "am I still there?");
    world.apart.clear();
    world.pass(120_000);
    assert_eq!(world.group_history(hedy, group), ["before", "am I still there?"]);
    for at in [ada, grace] {
        let heard = world.group_history(at, group);
        assert!(!heard.contains(&"am I still there?".to_owned()), "{heard:?}");
        assert_eq!(heard.len(), 4);
        assert_eq!(world.members(at, group), ["Ada", "Grace"]);
    }
    // Ada is her contact and told her.
    assert!(!world.group(hedy, group).unwrap().is_member);
    assert_eq!(events(&world, hedy, |event| matches!(event, Event::GroupEnded(_))), 1);
    let refused = world.command(hedy, Command::Say { to: group.into(), text: crate::world::text("hello?") });
    assert_eq!(refused.unwrap_err(), CommandError::UnknownGroup);
    // Whoever knew her through the group alone is not linked with her any more, and she does not find them.
    let linked = |world: &World, at: usize, other: usize| {
        let node = world.devices[at].node.as_ref().unwrap();
        node.links_with(account(world, other))
    };
    assert_eq!((linked(&world, grace, hedy), linked(&world, hedy, grace)), (0, 0));
    assert_eq!(linked(&world, hedy, ada), 1);
    world.say(ada, hedy, "no hard feelings");
    world.pass(WHILE);
    assert_eq!(world.history(hedy, ada), ["no hard feelings"]);
}

#[test]
fn a_removed_member_can_be_added_again() {
    let (mut world, [ada, grace, hedy], group) = three();
    world.call_out(grace, group, "one");
    world.pass(WHILE);
    world.command(ada, Command::RemoveMember { group, member: account(&world, hedy) }).unwrap();
    world.pass(WHILE);
    world.call_out(grace, group, "two");
    world.pass(WHILE);
    world.command(ada, Command::AddMembers { group, members: vec![account(&world, hedy)] }).unwrap();
    world.pass(120_000);
    world.call_out(grace, group, "three");
    world.call_out(hedy, group, "back again");
    world.pass(WHILE);
    let mut heard = world.group_history(hedy, group);
    heard.sort();
    assert_eq!(heard, ["back again", "one", "three"]);
    assert!(world.group_history(grace, group).contains(&"back again".to_owned()));
}

#[test]
fn leaving_is_everybodys_right() {
    let (mut world, [ada, grace, hedy], group) = three();
    world.command(hedy, Command::LeaveGroup(group)).unwrap();
    world.pass(WHILE);
    for at in [ada, grace] {
        assert_eq!(world.members(at, group), ["Ada", "Grace"], "{at}");
    }
    world.call_out(grace, group, "she left");
    world.pass(WHILE);
    assert!(world.group_history(hedy, group).is_empty());
    // The founder may leave, too; who stays goes on talking.
    world.command(ada, Command::LeaveGroup(group)).unwrap();
    world.pass(WHILE);
    assert_eq!(world.members(grace, group), ["Grace"]);
    let refused = world.command(grace, Command::AddMembers { group, members: vec![account(&world, ada)] });
    assert_eq!(refused.unwrap_err(), CommandError::Denied(Denied::NotAnAdmin));
}

#[test]
fn who_founded_a_group_stays_its_admin() {
    let (mut world, [ada, ..], group) = three();
    for admin in [true, false] {
        let naming = Command::NameAdmin { group, member: account(&world, ada), admin };
        assert_eq!(world.command(ada, naming).unwrap_err(), CommandError::Founder);
    }
}

#[test]
fn changes_made_apart_come_together() {
    let (mut world, [ada, grace, hedy], group) = three();
    let mary = world.person("Mary");
    world.befriend(grace, mary);
    world.command(ada, Command::NameAdmin { group, member: account(&world, grace), admin: true }).unwrap();
    world.pass(WHILE);
    for (one, other) in [(ada, grace), (ada, hedy), (grace, hedy), (ada, mary)] {
        world.apart.push((one, other));
        world.cut_between(one, other);
    }
    world.settle();
    world.command(ada, Command::RenameGroup { group, name: name("band") }).unwrap();
    world.command(hedy, Command::RenameGroup { group, name: name("quartet") }).unwrap();
    world.command(grace, Command::AddMembers { group, members: vec![account(&world, mary)] }).unwrap();
    world.pass(WHILE);
    assert_eq!(world.members(mary, group), ["Ada", "Grace", "Hedy", "Mary"]);
    world.call_out(mary, group, "hello all");
    world.apart.clear();
    world.pass(120_000);
    let called = world.group(ada, group).unwrap().name;
    for at in [ada, grace, hedy, mary] {
        assert_eq!(world.members(at, group), ["Ada", "Grace", "Hedy", "Mary"], "{at}");
        assert_eq!(world.group(at, group).unwrap().name, called, "{at}");
        assert!(world.group_history(at, group).contains(&"hello all".to_owned()), "{at}");
    }
    let role = |who: usize| {
        let members = world.group(mary, group).unwrap().members;
        members.into_iter().find(|member| member.account == account(&world, who)).unwrap().role
    };
    assert_eq!([role(ada), role(grace), role(hedy)], [Role::Founder, Role::Admin, Role::Member]);
}

#[test]
fn all_devices_of_a_member_have_one_conversation() {
    let (mut world, [ada, grace, hedy], group) = three();
    let pad = world.sibling(grace);
    world.pass(120_000);
    assert_eq!(world.members(pad, group), ["Ada", "Grace", "Hedy"]);
    world.call_out(hedy, group, "to both of hers");
    let id = world.call_out(pad, group, "from the other one");
    world.pass(WHILE);
    for at in [ada, grace, pad, hedy] {
        let mut heard = world.group_history(at, group);
        heard.sort();
        assert_eq!(heard, ["from the other one", "to both of hers"], "{at}");
    }
    for at in [grace, pad] {
        assert_eq!(world.message(at, id).unwrap().reach.unwrap().delivered, 2, "{at}");
    }
    world.command(pad, Command::LeaveGroup(group)).unwrap();
    world.pass(WHILE);
    assert!(!world.group(grace, group).unwrap().is_member);
    assert_eq!(world.members(ada, group), ["Ada", "Hedy"]);
}

#[test]
fn a_contact_who_is_removed_goes_on_in_the_group() {
    let (mut world, [ada, grace, hedy], group) = three();
    world.command(ada, Command::RemoveContact(account(&world, grace))).unwrap();
    world.pass(120_000);
    world.call_out(ada, group, "in company only");
    world.call_out(grace, group, "so be it");
    world.say(grace, ada, "are you angry?");
    world.pass(120_000);
    for at in [ada, grace, hedy] {
        let mut heard = world.group_history(at, group);
        heard.sort();
        assert_eq!(heard, ["in company only", "so be it"], "{at}");
    }
    assert!(world.history(ada, grace).is_empty());
    assert!(world.lit(grace, ada).is_empty());
}

#[test]
fn two_members_become_contacts() {
    let (mut world, [_, grace, hedy], group) = three();
    world.befriend(grace, hedy);
    world.pass(WHILE);
    world.say(grace, hedy, "just us");
    world.call_out(hedy, group, "all of us");
    world.pass(WHILE);
    assert_eq!(world.history(hedy, grace), ["just us"]);
    assert_eq!(world.group_history(grace, group), ["all of us"]);
}

#[test]
fn a_group_survives_restarts_and_has_its_limits() {
    let (mut world, [ada, grace, hedy], group) = three();
    for at in [ada, grace, hedy] {
        world.crash(at);
        world.start(at);
    }
    world.pass(120_000);
    world.call_out(grace, group, "after the night");
    world.pass(WHILE);
    assert_eq!(world.group_history(hedy, group), ["after the night"]);
    let member = account(&world, hedy);
    let again = world.command(ada, Command::AddMembers { group, members: vec![member] });
    assert_eq!(again.unwrap_err(), CommandError::AlreadyMember);
    let stranger = Command::AddMembers { group, members: vec![AccountId::from_bytes([1; 16])] };
    assert_eq!(world.command(ada, stranger).unwrap_err(), CommandError::UnknownContact);
    let by_member = world.command(hedy, Command::RemoveMember { group, member: account(&world, ada) });
    assert_eq!(by_member.unwrap_err(), CommandError::Denied(Denied::NotAnAdmin));
    let unknown = Command::RenameGroup { group: GroupId::from_bytes([1; 16]), name: name("x") };
    assert_eq!(world.command(ada, unknown).unwrap_err(), CommandError::UnknownGroup);
}

#[test]
fn a_group_has_room_for_so_many() {
    let mut world = World::new(62);
    let ada = world.person("Ada");
    let all: Vec<usize> = (0..GROUP_MEMBERS).map(|n| world.person(&format!("Singer {n}"))).collect();
    for singer in &all {
        world.befriend(ada, *singer);
    }
    let accounts: Vec<_> = all.iter().map(|at| account(&world, *at)).collect();
    let too_many = Command::CreateGroup { name: name("choir"), members: accounts.clone() };
    assert_eq!(world.command(ada, too_many).unwrap_err(), CommandError::GroupFull);
    let (last, others) = accounts.split_last().unwrap();
    let fits = Command::CreateGroup { name: name("choir"), members: others.to_vec() };
    let Ok(Answer::Founded(group)) = world.command(ada, fits) else { panic!("there is room for as many") };
    let one_more = Command::AddMembers { group, members: vec![*last] };
    assert_eq!(world.command(ada, one_more).unwrap_err(), CommandError::GroupFull);
    assert_eq!(world.group(ada, group).unwrap().members.len(), GROUP_MEMBERS);
}

/// A frame as it goes over a stream.
fn framed(frame: &Frame) -> Vec<u8> {
    let bytes = frame.encode().unwrap();
    [u32::try_from(bytes.len()).unwrap().to_le_bytes().as_slice(), &bytes].concat()
}

/// What a device would be told of a group with such a standing in it, signed by nobody, as of one that knows it.
pub(crate) fn forgery(world: &World, by: usize, group: GroupId, account: AccountId) -> GroupPart {
    let founding = founding_of(world, by, group);
    let unsigned = Standing {
        group,
        account,
        root: founding.root,
        name: name("Mallory"),
        version: 9,
        rank: Rank::Admin,
        keeps: List::new(),
        by: founding.founder,
        device: world.devices[by].node.as_ref().unwrap().device(),
    };
    GroupPart {
        group,
        founding,
        standings: List::one(Signed { body: unsigned, signature: Signature { r: [1; 32], s: [1; 32] } }),
        names: List::new(),
        badges: List::new(),
        lists: List::new(),
        secrets: List::new(),
        head: Some([7; 16]),
    }
}

/// What a group's id is made from, as every member is told.
fn founding_of(world: &World, at: usize, group: GroupId) -> Founding {
    #[derive(serde::Deserialize)]
    struct Row {
        founding: Founding,
    }
    let row = world.devices[at].store.get(Table::Groups, group.as_bytes()).unwrap().unwrap();
    postcard::take_from_bytes::<Row>(&row).unwrap().0.founding
}

#[test]
fn what_nobody_signed_ends_the_link_and_changes_nothing() {
    let (mut world, [ada, grace, hedy], group) = three();
    let mallory = AccountId::from_bytes([0x66; 16]);
    let part = forgery(&world, ada, group, mallory);
    let linked = |world: &World| world.devices[grace].node.as_ref().unwrap().links_with(account(world, hedy));
    assert_eq!(linked(&world), 1);
    world.bytes_between(hedy, grace, Channel::Stream(Class::Message), framed(&Frame::Group(part)));
    assert_eq!(linked(&world), 0);
    assert_eq!(world.members(grace, group), ["Ada", "Grace", "Hedy"]);
    world.pass(60_000);
    world.call_out(hedy, group, "nothing is lost by it");
    world.pass(WHILE);
    assert_eq!(world.group_history(grace, group), ["nothing is lost by it"]);
}

#[test]
fn a_group_of_ten_thousand_is_cut_short() {
    let (mut world, [ada, grace, hedy], group) = three();
    let part = forgery(&world, ada, group, AccountId::from_bytes([0x66; 16]));
    let one = part.standings.iter().next().unwrap().clone();
    let many = GroupPart { standings: vec![one; GROUP_PART].try_into().unwrap(), head: None, ..part };
    let linked = |world: &World| world.devices[grace].node.as_ref().unwrap().links_with(account(world, hedy));
    let mut sent = 0;
    while linked(&world) == 1 {
        assert!(sent <= 2 * GROUP_PEOPLE + GROUP_PART, "more is kept than there can be");
        world.bytes_between(hedy, grace, Channel::Stream(Class::Message), framed(&Frame::Group(many.clone())));
        sent += GROUP_PART;
    }
    assert_eq!(world.members(grace, group), ["Ada", "Grace", "Hedy"]);
}

#[test]
fn nobody_is_drawn_into_a_group_by_strangers_or_told_of_anothers() {
    let (mut world, [ada, grace, hedy], group) = three();
    // Hedy, who is no contact of Grace, founds one with a member that is not hers to add.
    let refused = world.command(hedy, Command::CreateGroup { name: name("x"), members: vec![account(&world, grace)] });
    assert_eq!(refused.unwrap_err(), CommandError::UnknownContact);
    // A group whose id is not made from what it says is nobody's.
    let mut part = forgery(&world, ada, group, account(&world, ada));
    part.founding.nonce = [0; 16];
    world.bytes_between(hedy, grace, Channel::Stream(Class::Message), framed(&Frame::Group(part)));
    assert_eq!(world.devices[grace].node.as_ref().unwrap().links_with(account(&world, hedy)), 0);
    let own = world.found(ada, "duet", &[grace]);
    world.pass(WHILE);
    assert_eq!(world.members(grace, own), ["Ada", "Grace"]);
    assert!(world.group(hedy, own).is_none());
    // What somebody says in a group that they are not in is not heard.
    world.call_out(ada, own, "for two");
    world.pass(WHILE);
    assert!(world.group_history(hedy, own).is_empty());
}

#[test]
fn a_file_of_a_group_breaks_off_for_one_who_is_removed_meanwhile() {
    let (mut world, [ada, grace, hedy], group) = three();
    world.slow.push(ada);
    let blob = send_file(&mut world, ada, group);
    world.pass(WHILE);
    assert_eq!(world.slowly, [(grace, blob), (hedy, blob)]);
    world.command(ada, Command::RemoveMember { group, member: account(&world, hedy) }).unwrap();
    assert_eq!(world.devices[ada].stopped_serving, [AskId(1)], "to Hedy and to nobody else");
    world.input(ada, Input::Served(AskId(1)));
    world.pass(WHILE);
    assert!(!world.slowly[2..].iter().any(|(to, _)| *to == hedy), "nor is she served again: {:?}", world.slowly);
}

fn send_file(world: &mut World, from: usize, to: GroupId) -> BlobId {
    let file = crate::files::file(1, 1_000);
    let blob = file.card.blob;
    world.command(from, Command::SendFile { to: to.into(), file }).unwrap();
    blob
}

#[test]
fn what_is_told_of_a_message_may_overtake_it() {
    let (mut world, [ada, grace, hedy], group) = three();
    let pad = world.sibling(grace);
    world.pass(120_000);
    // Grace's two devices do not reach each other, and both reach the others.
    world.apart.push((grace, pad));
    world.cut_between(grace, pad);
    world.settle();
    let id = world.call_out(pad, group, "from the other one");
    world.pass(WHILE);
    assert!(world.message(grace, id).is_none(), "only the receipts came");
    world.apart.clear();
    world.pass(120_000);
    for at in [grace, pad] {
        assert_eq!(world.message(at, id).unwrap().reach.unwrap().delivered, 2, "{at}");
    }
    assert_eq!(world.group_history(ada, group), world.group_history(hedy, group));
}
