//! Links that rest.

use lamplit_node::{AskId, Command, Event, Input, limits};
use lamplit_types::BlobId;

use crate::world::{World, app};

const LONG: u64 = limits::REST_MS + 10_000;

/// Two who know each other, and whose link rests.
fn resting(seed: u8) -> (World, usize, usize) {
    let mut world = World::new(seed);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.pass(LONG);
    assert_eq!(world.links_between(jia, yi), 0, "nothing is due");
    (world, jia, yi)
}

fn near(world: &World, at: usize) -> usize {
    world.devices[at].node.as_ref().unwrap().near().len()
}

/// How often somebody was told that a device came or went.
fn told_near(world: &World, at: usize) -> usize {
    world.devices[at].events.iter().filter(|event| matches!(event, Event::Near { .. })).count()
}

#[test]
fn a_link_over_which_nobody_speaks_rests_and_both_stay_near() {
    let (mut world, jia, yi) = resting(70);
    let told = [told_near(&world, jia), told_near(&world, yi)];
    for _ in 0..20 {
        world.pass(60_000);
        assert_eq!(world.links_between(jia, yi), 0, "a beacon that is seen again is no reason to dial");
        assert_eq!((near(&world, jia), near(&world, yi)), (1, 1));
    }
    assert_eq!([told_near(&world, jia), told_near(&world, yi)], told, "nobody hears of it");
}

#[test]
fn what_is_due_wakes_it_from_either_side() {
    let (mut world, jia, yi) = resting(71);
    world.say(jia, yi, "still there?");
    world.pass(2_000);
    assert_eq!(world.history(yi, jia), ["still there?"]);
    world.pass(LONG);
    assert_eq!(world.links_between(jia, yi), 0);
    world.say(yi, jia, "yes");
    world.pass(2_000);
    assert_eq!(world.history(jia, yi), ["still there?", "yes"]);
    world.pass(LONG);
    world.command(jia, Command::SetName(crate::world::name("Jia the Second"))).unwrap();
    world.pass(5_000);
    assert_eq!(world.contact(yi, jia).unwrap().name, crate::world::name("Jia the Second"));
}

#[test]
fn a_link_rests_once_a_file_went_over_it_and_not_before() {
    let (mut world, jia, yi) = resting(76);
    world.say(jia, yi, "look at this");
    world.pass(2_000);
    let link = world.link_between(yi, jia).unwrap();
    let ask = AskId(1_000_000);
    world.asks_for(yi, link, ask, BlobId::from_bytes([1; 16]));
    world.pass(LONG);
    assert_eq!(world.links_between(jia, yi), 1, "something goes over a lane");
    world.input(yi, Input::Served(ask));
    world.pass(LONG);
    assert_eq!(world.links_between(jia, yi), 0);
}

#[test]
fn whoever_is_lit_wakes_it_and_it_stays_as_long_as_that_lasts() {
    let (mut world, jia, yi) = resting(72);
    world.command(jia, Command::Light { app: app("qq"), on: true }).unwrap();
    for _ in 0..20 {
        world.pass(30_000);
        assert_eq!(world.lit(yi, jia), ["qq"]);
        assert_eq!(world.links_between(jia, yi), 1);
    }
    world.command(jia, Command::Light { app: app("qq"), on: false }).unwrap();
    world.pass(LONG);
    assert!(world.lit(yi, jia).is_empty());
    assert_eq!(world.links_between(jia, yi), 0);
}

#[test]
fn who_is_seen_no_longer_is_not_near() {
    let (mut world, jia, yi) = resting(73);
    world.apart.push((jia, yi));
    let beacon = world.devices[yi].beacon.unwrap();
    world.input(jia, Input::Lost(beacon));
    assert_eq!(near(&world, jia), 0);
    // To whom a message does not get through is not near either.
    world.say(yi, jia, "where are you?");
    world.pass(5_000);
    assert_eq!(near(&world, yi), 0);
    world.apart.clear();
    world.pass(120_000);
    assert_eq!(world.history(jia, yi), ["where are you?"]);
    assert_eq!((near(&world, jia), near(&world, yi)), (1, 1));
}

#[test]
fn where_beacons_are_not_seen_links_stay() {
    let mut world = World::new(74);
    world.blind = true;
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.pass(3 * LONG);
    assert_eq!(world.links_between(jia, yi), 1, "nobody could find the other again");
}
