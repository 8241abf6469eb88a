//! A device is removed while others are away from each other: they find one another again, and have the same.

use std::sync::Arc;

use lamplit_node::Command;

use crate::world::{CHEAP, World, name};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Jia with a phone and a laptop, and two others; all three know each other.
fn three(seed: u8) -> (World, [usize; 4]) {
    let mut world = World::new(seed);
    let (phone, yi, wu) = (world.person("Jia"), world.person("Yi"), world.person("Wu"));
    let laptop = world.link(phone, "laptop");
    world.befriend(phone, yi);
    world.befriend(phone, wu);
    world.befriend(yi, wu);
    world.pass(120_000);
    (world, [phone, laptop, yi, wu])
}

fn part(world: &mut World, pairs: &[(usize, usize)]) {
    world.apart = pairs.to_vec();
    for (a, b) in pairs {
        world.cut_between(*a, *b);
    }
    world.settle();
}

fn remove(world: &mut World, by: usize, lost: usize) {
    let root = Arc::new(world.phrases[&world.devices[by].account].root_key(CHEAP).unwrap());
    let device = world.devices[lost].node.as_ref().unwrap().device();
    world.command(by, Command::RemoveDevice { device, root }).unwrap();
}

fn called(world: &World, at: usize, who: usize) -> String {
    world.contact(at, who).unwrap().name.as_str().to_owned()
}

#[test]
fn two_who_heard_of_a_removal_apart_find_each_other_again() {
    let (mut world, [phone, laptop, yi, wu]) = three(140);
    // Of Yi's pad nobody kept an address, as of who was met with an invite.
    let pad = world.link(yi, "pad");
    world.pass(120_000);
    part(&mut world, &[(pad, wu), (yi, wu), (laptop, pad), (laptop, yi), (laptop, wu), (laptop, phone)]);
    remove(&mut world, phone, laptop);
    world.pass(60_000);
    // Both took a turn of their beacon keys. Where the other was is forgotten as well.
    for at in [pad, wu] {
        world.crash(at);
        world.start(at);
    }
    world.apart.retain(|pair| *pair != (pad, wu));
    world.say(pad, wu, "there you are");
    world.pass(180_000);
    assert_eq!(world.history(wu, pad), ["there you are"]);
    world.command(wu, Command::SetName(name("Wu the second"))).unwrap();
    world.pass(60_000);
    assert_eq!(called(&world, pad, wu), "Wu the second");
}

#[test]
fn who_hears_of_a_removal_hands_its_next_key_to_the_one_that_told_it() {
    let (mut world, [phone, laptop, yi, wu]) = three(141);
    part(&mut world, &[(yi, phone), (laptop, yi), (laptop, wu), (laptop, phone)]);
    remove(&mut world, phone, laptop);
    world.pass(30_000);
    world.apart.retain(|pair| *pair != (yi, phone));
    world.pass(60_000);
    // The link on which Yi heard of it goes on.
    world.command(yi, Command::SetName(name("Yi the second"))).unwrap();
    world.pass(30_000);
    assert_eq!(called(&world, phone, yi), "Yi the second");
}

#[test]
fn what_a_removed_device_wrote_by_a_clock_ahead_does_not_count_once_its_time_comes() {
    let (mut world, [phone, laptop, yi, wu]) = three(142);
    part(&mut world, &[(phone, laptop), (phone, yi), (phone, wu)]);
    remove(&mut world, phone, laptop);
    world.devices[laptop].skew = 3 * HOUR_MS;
    world.command(laptop, Command::SetName(name("Not Jia"))).unwrap();
    world.pass(30_000);
    part(&mut world, &[(phone, laptop), (laptop, yi), (laptop, wu)]);
    world.pass(120_000);
    world.command(phone, Command::SetName(name("Jia herself"))).unwrap();
    world.pass(30_000);
    assert_eq!(called(&world, yi, phone), "Jia herself");
    for at in [phone, yi, wu] {
        world.devices[at].skew = 4 * HOUR_MS;
    }
    world.pass(120_000);
    for at in [yi, wu] {
        assert_eq!(called(&world, at, phone), "Jia herself", "on device {at}");
    }
}
