//! People who are not near each other, and have a server between them.

use lamplit_node::{Command, Event, ServerState, limits};
use lamplit_wire::{Progress, server::Goodbye};

use crate::world::World;

/// How long it takes until all that can come through the server came, and word of it went back.
pub(crate) const WHILE: u64 = 10_000;

pub(crate) fn events(world: &World, at: usize, wanted: impl Fn(&Event) -> bool) -> usize {
    world.devices[at].events.iter().filter(|event| wanted(event)).count()
}

/// Two contacts who are apart and use the server.
pub(crate) fn two(seed: u8) -> (World, [usize; 2]) {
    let mut world = World::new(seed);
    let [jia, yi] = [world.person("Jia"), world.person("Yi")];
    world.befriend(jia, yi);
    world.pass(5_000);
    world.part_all();
    world.use_server(&[jia, yi]);
    world.pass(WHILE);
    (world, [jia, yi])
}

#[test]
fn two_who_are_apart_talk_through_the_server() {
    let (mut world, [jia, yi]) = two(160);
    let expected: Vec<_> = (0..100).map(|number| format!("number {number}")).collect();
    let ids: Vec<_> = expected.iter().map(|words| world.say(jia, yi, words)).collect();
    world.settle();
    assert_eq!(world.history(yi, jia), expected);
    world.pass(WHILE);
    assert!(ids.iter().all(|id| world.message(jia, *id).unwrap().progress == Some(Progress::Delivered)));
    assert_eq!((world.waiting(jia, yi), world.waiting(yi, jia)), (0, 0), "both had word");
    let with = world.devices[jia].account.into();
    world.command(yi, Command::MarkRead { conversation: with, up_to: None }).unwrap();
    world.pass(WHILE);
    assert!(ids.iter().all(|id| world.message(jia, *id).unwrap().progress == Some(Progress::Read)));
    world.meet_all();
    world.pass(120_000);
    assert_eq!(world.links_between(jia, yi), 1);
    assert_eq!(world.history(yi, jia), expected);
    assert_eq!(events(&world, yi, |event| matches!(event, Event::Message { .. })), 100);
}

#[test]
fn what_lies_at_the_server_when_two_meet_comes_once() {
    let (mut world, [jia, yi]) = two(161);
    world.go_offline(yi);
    let mut expected: Vec<_> = (0..20).map(|number| format!("number {number}")).collect();
    for words in &expected {
        world.say(jia, yi, words);
    }
    world.pass(WHILE);
    assert_eq!(world.waiting(jia, yi), 20, "only who gets them can say that they came");
    // They meet where the server is out of reach, and go on; then it has its turn.
    world.meet_all();
    world.pass(60_000);
    assert_eq!(world.history(yi, jia), expected);
    world.say(jia, yi, "face to face");
    world.pass(WHILE);
    world.part_all();
    world.go_online(yi);
    world.say(jia, yi, "and apart again");
    world.pass(120_000);
    expected.extend(["face to face".to_owned(), "and apart again".to_owned()]);
    assert_eq!(world.history(yi, jia), expected);
    assert_eq!(events(&world, yi, |event| matches!(event, Event::Message { .. })), expected.len());
}

#[test]
fn what_the_server_had_no_time_for_is_not_overtaken() {
    let (mut world, [jia, yi]) = two(170);
    let expected: Vec<_> = (0..10).map(|number| format!("number {number}")).collect();
    world.server.busy = 1;
    for words in &expected {
        world.say(jia, yi, words);
    }
    world.settle();
    assert_eq!(world.server.busy, 0);
    world.pass(limits::POST_PAUSE_MS / 2);
    assert!(world.history(yi, jia).is_empty(), "what came waits for what was said before it");
    world.pass(limits::POST_PAUSE_MS);
    assert_eq!(world.history(yi, jia), expected);
    world.pass(WHILE);
    assert_eq!(world.waiting(jia, yi), 0);
}

#[test]
fn who_is_sent_away_comes_again_later_each_time_and_loses_nothing() {
    let reasons = [
        Goodbye::Newer,
        Goodbye::Stopping,
        Goodbye::NotListed,
        Goodbye::ListRefused,
        Goodbye::Closed,
        Goodbye::Rules,
        Goodbye::Busy,
        Goodbye::Failing,
    ];
    for (seed, goodbye) in (162..).zip(reasons) {
        let (mut world, [jia, yi]) = two(seed);
        world.stop_server();
        world.say(jia, yi, "while nobody carries it");
        world.server.goodbye = Some(goodbye);
        world.server.is_on = true;
        world.server.came.clear();
        world.pass(15 * 60_000);
        assert_eq!(world.devices[jia].node.as_ref().unwrap().server().1, ServerState::Away(Some(goodbye)));
        let came: Vec<u64> = world.server.came.iter().filter(|(at, _)| *at == jia).map(|(_, when)| *when).collect();
        let pauses: Vec<u64> = came.windows(2).map(|two| two[1] - two[0]).collect();
        let least = if goodbye == Goodbye::Stopping { 0 } else { limits::SENT_AWAY_MS };
        assert!(pauses.len() > 6, "{goodbye:?}: it comes again: {pauses:?}");
        assert!(pauses.iter().all(|pause| *pause >= least), "{goodbye:?}: {pauses:?}");
        // By chance one may be shorter than the one before, by as much as chance adds.
        assert!(
            pauses.is_sorted_by(|one, next| *one <= next + limits::SERVER_JITTER_MS + 250),
            "{goodbye:?}: {pauses:?}"
        );
        assert!(pauses.last().is_some_and(|last| *last >= least + limits::REDIAL_MAX_MS), "{goodbye:?}: {pauses:?}");
        world.server.goodbye = None;
        world.pass(limits::SENT_AWAY_MS + limits::REDIAL_MAX_MS + limits::SERVER_JITTER_MS + WHILE);
        assert_eq!(world.history(yi, jia), ["while nobody carries it"], "{goodbye:?}");
        assert_eq!(world.devices[jia].node.as_ref().unwrap().server().1, ServerState::Connected);
        assert_eq!(world.waiting(jia, yi), 0, "{goodbye:?}");
    }
}
