//! Somebody whose clock is wrong can be told.

use lamplit_node::{ClockStand, Command, Event};
use lamplit_types::limits::DAY_MS;

use crate::world::{World, app};

const HOUR: i64 = 60 * 60 * 1000;
/// What the way of a frame may take.
const WAY: u64 = 1_000;

fn stand(world: &World, at: usize) -> ClockStand {
    world.devices[at].node.as_ref().unwrap().clocks().stand(world.clock(at))
}

fn told(world: &World, at: usize) -> usize {
    world.devices[at].events.iter().filter(|event| matches!(event, Event::Clock)).count()
}

fn light(world: &mut World, at: usize) {
    world.command(at, Command::Light { app: app("qq"), on: true }).unwrap();
    world.settle();
}

fn is_about(millis: u64, wanted: i64) -> bool {
    millis.abs_diff(wanted.unsigned_abs()) < WAY
}

#[test]
fn whoever_is_ahead_or_behind_hears_it_from_contacts_who_show_themselves() {
    let mut world = World::new(51);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    assert_eq!(stand(&world, jia), ClockStand::Unknown);
    light(&mut world, yi);
    assert_eq!(stand(&world, jia), ClockStand::Agrees { others: 1 });
    light(&mut world, jia);
    assert_eq!(stand(&world, yi), ClockStand::Agrees { others: 1 });

    world.devices[yi].skew = 2 * HOUR;
    world.pass(60_000);
    assert!(matches!(stand(&world, jia), ClockStand::Behind { millis, others: 1 } if is_about(millis, 2 * HOUR)));
    assert!(matches!(stand(&world, yi), ClockStand::Ahead { millis, others: 1 } if is_about(millis, 2 * HOUR)));
    // What is shown again and again is told once.
    let before = (told(&world, jia), told(&world, yi));
    world.pass(5 * 60_000);
    assert_eq!((told(&world, jia), told(&world, yi)), before);
    // A clock that is set right is right at once.
    world.devices[yi].skew = 0;
    assert_eq!(stand(&world, yi), ClockStand::Agrees { others: 1 });
}

#[test]
fn a_message_of_a_time_to_come_shows_a_clock_that_is_behind_and_an_old_one_shows_nothing() {
    let mut world = World::new(52);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.devices[yi].skew = -3 * HOUR;
    world.say(yi, jia, "it may have been on its way since then");
    world.settle();
    assert_eq!(stand(&world, jia), ClockStand::Unknown);
    world.say(jia, yi, "here it is later");
    world.settle();
    assert!(matches!(stand(&world, yi), ClockStand::Behind { millis, others: 1 } if is_about(millis, 3 * HOUR)));
}

#[test]
fn two_who_pair_by_very_different_clocks_know_of_it_afterwards() {
    let mut world = World::new(53);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let invite = world.invite(jia);
    // So far behind that the inviter's certificate is still to come.
    world.devices[yi].skew = -400 * i64::try_from(DAY_MS).unwrap();
    world.command(yi, Command::Accept(Box::new(invite))).unwrap();
    world.pass(5_000);
    assert!(matches!(stand(&world, yi), ClockStand::Behind { millis, .. } if millis > 399 * DAY_MS));

    // Ahead, by less than an invite lasts: the guest is refused, and is not told in which direction.
    let wen = world.person("Wen");
    for days in [300, 3] {
        // Its certificate is dated anew, by the clock that it has at the end.
        world.crash(wen);
        world.devices[wen].skew = days * i64::try_from(DAY_MS).unwrap();
        world.start(wen);
        world.pass(1_000);
    }
    let invite = world.invite(jia);
    world.command(wen, Command::Accept(Box::new(invite))).unwrap();
    world.pass(5_000);
    assert_eq!(stand(&world, wen), ClockStand::Disputed);
    assert!(
        matches!(stand(&world, jia), ClockStand::Behind { millis, others: 1 } if millis.abs_diff(3 * DAY_MS) < 60_000)
    );
    // Once it is set right nothing is disputed any more.
    world.devices[wen].skew = 0;
    assert_eq!(stand(&world, wen), ClockStand::Unknown);
}

#[test]
fn a_machine_that_slept_is_not_told_that_its_clock_is_wrong() {
    let mut world = World::new(54);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    light(&mut world, yi);
    assert_eq!(stand(&world, jia), ClockStand::Agrees { others: 1 });
    // What counts time stood still meanwhile, here and nowhere else; and nobody is near any more.
    world.apart.push((jia, yi));
    world.cut_between(jia, yi);
    world.devices[jia].skew = 8 * HOUR;
    world.pass(60_000);
    assert_eq!(stand(&world, jia), ClockStand::Unknown);
}
