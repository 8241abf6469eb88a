//! Who is on what, among those who are apart: the server hands it on.

use lamplit_node::{Command, Input, limits};
use lamplit_types::{Channel, limits::CLOCK_DRIFT_MS};
use lamplit_wire::{Decoded, decode, server::Down};

use crate::{
    apart::{WHILE, two},
    world::{SERVER, World, app},
};

fn light(world: &mut World, at: usize, id: &str, on: bool) {
    world.command(at, Command::Light { app: app(id), on }).unwrap();
    world.pass(1_500);
}

#[test]
fn a_lamp_is_seen_from_afar_and_goes_out() {
    let (mut world, [jia, yi]) = two(240);
    light(&mut world, jia, "qq", true);
    assert_eq!(world.lit(yi, jia), ["qq"]);
    world.pass(200_000);
    assert_eq!(world.lit(yi, jia), ["qq"], "it is said again for as long as it is on");
    light(&mut world, jia, "qq", false);
    assert!(world.lit(yi, jia).is_empty());
    assert!(world.own_lit(yi).is_empty() && world.lit(jia, yi).is_empty());
}

#[test]
fn who_comes_sees_at_once_what_is_lit() {
    let (mut world, [jia, yi]) = two(241);
    world.go_offline(yi);
    light(&mut world, jia, "qq", true);
    world.go_online(yi);
    // Less than it takes until it is said again.
    world.pass(limits::PRESENCE_AGAIN_MS / 2);
    assert_eq!(world.lit(yi, jia), ["qq"]);
    // What was said a while ago is not believed for longer by that.
    world.go_offline(jia);
    world.pass(limits::PRESENCE_TTL_MS - 5_000);
    world.go_offline(yi);
    world.crash(yi);
    world.start(yi);
    world.go_online(yi);
    world.pass(10_000);
    assert!(world.lit(yi, jia).is_empty());
}

#[test]
fn what_went_dark_while_the_server_was_away_is_seen_to_be_dark() {
    let (mut world, [jia, yi]) = two(248);
    light(&mut world, jia, "qq", true);
    world.go_offline(jia);
    light(&mut world, jia, "qq", false);
    world.pass(5_000);
    assert_eq!(world.lit(yi, jia), ["qq"]);
    world.go_online(jia);
    world.pass(limits::PRESENCE_AGAIN_MS);
    assert!(world.lit(yi, jia).is_empty());
}

#[test]
fn what_is_lit_is_seen_after_the_server_has_forgotten_it() {
    let (mut world, [jia, yi]) = two(242);
    light(&mut world, jia, "qq", true);
    world.lose_server(9);
    world.pass(WHILE);
    assert_eq!(world.lit(yi, jia), ["qq"]);
}

#[test]
fn the_lamps_of_a_device_that_is_gone_from_afar_go_out_by_themselves() {
    let (mut world, [jia, yi]) = two(243);
    light(&mut world, jia, "qq", true);
    world.crash(jia);
    world.pass(30_000);
    assert_eq!(world.lit(yi, jia), ["qq"]);
    world.pass(60_000);
    assert!(world.lit(yi, jia).is_empty());
}

#[test]
fn a_packet_that_is_lost_is_made_good_when_the_next_comes() {
    let (mut world, [jia, yi]) = two(244);
    let pad = world.link(jia, "pad");
    world.pass(120_000);
    world.part_all();
    world.pass(WHILE);
    light(&mut world, jia, "qq", true);
    light(&mut world, pad, "msn", true);
    // Yi does not know the pad, asks for the list, and hears it the next time.
    assert_eq!(world.lit(yi, jia), ["qq"]);
    world.pass(limits::PRESENCE_AGAIN_MS);
    let seen = |world: &World| {
        let mut lit = world.lit(yi, jia);
        lit.sort();
        lit
    };
    assert_eq!(seen(&world), ["msn", "qq"], "both devices are seen");
    // One goes out unseen. The other says nothing new, but what it says comes by the next number.
    world.server.loses = 2;
    world.command(jia, Command::Light { app: app("qq"), on: false }).unwrap();
    world.settle();
    assert_eq!(world.server.loses, 0, "for the pad and for Yi");
    assert_eq!(seen(&world), ["msn", "qq"]);
    light(&mut world, pad, "icq", true);
    world.pass(limits::PACKET_LATE_MS);
    assert_eq!(seen(&world), ["icq", "msn"]);
}

#[test]
fn the_last_packet_that_is_lost_is_made_good_when_the_server_says_so() {
    let (mut world, [jia, yi]) = two(245);
    light(&mut world, jia, "qq", true);
    world.server.loses = 1;
    world.command(jia, Command::Light { app: app("qq"), on: false }).unwrap();
    world.settle();
    assert_eq!(world.lit(yi, jia), ["qq"]);
    world.packets_were_lost(yi);
    assert!(world.lit(yi, jia).is_empty());
}

#[test]
fn who_is_no_contact_any_more_sees_no_lamp() {
    let (mut world, [jia, yi]) = two(246);
    let contact = world.devices[yi].account;
    world.command(jia, Command::RemoveContact(contact)).unwrap();
    world.pass(WHILE);
    light(&mut world, jia, "qq", true);
    world.pass(WHILE);
    assert!(world.lit(yi, jia).is_empty());
}

/// What a server says once more, that was true before.
#[test]
fn a_lamp_of_before_is_not_believed_once_more() {
    let (mut world, [jia, yi]) = two(247);
    world.server.kept.clear();
    light(&mut world, jia, "qq", true);
    let mut told = world.server.kept.last().cloned().expect("Yi was told");
    light(&mut world, jia, "qq", false);
    let again = |world: &mut World, told: &[u8]| {
        let link = world.link_between(yi, SERVER).unwrap();
        world.input(yi, Input::Received { link, channel: Channel::Packet, bytes: told.to_vec() });
        world.settle();
    };
    again(&mut world, &told);
    assert!(world.lit(yi, jia).is_empty(), "it is older than the last");
    // Nor by one who has forgotten the last, once it is too old by its own word, whenever the server says that it was said.
    world.crash(yi);
    world.pass(limits::PRESENCE_TTL_MS + CLOCK_DRIFT_MS + 1_000);
    world.start(yi);
    world.pass(WHILE);
    let Ok(Some(Decoded::Frame(frame))) = decode::<Down>(&mut told.as_slice()) else { panic!("it was a frame") };
    let Down::Lamp(mut lamp) = *frame else { panic!("of a lamp") };
    lamp.shown.said = world.clock(SERVER).wall;
    told = Down::Lamp(lamp).encode().unwrap();
    again(&mut world, &told);
    assert!(world.lit(yi, jia).is_empty(), "it is too old");
}
