//! How an account comes to a telephone number, and who sees it.

use lamplit_node::{Command, NumberStage, NumberState};
use lamplit_types::{PhoneNumber, SmsCode, limits::DAY_MS};

use crate::{
    apart::{WHILE, two},
    world::World,
};

fn number() -> PhoneNumber {
    PhoneNumber::parse("+8613800138000").unwrap()
}

fn stands(world: &World, at: usize) -> NumberState {
    world.devices[at].node.as_ref().unwrap().number()
}

/// Somebody asks for a code; what it is.
fn ask(world: &mut World, at: usize) -> SmsCode {
    world.command(at, Command::AskCode(number())).unwrap();
    world.settle();
    world.server.texts.pop().expect("a code was sent").code
}

fn prove(world: &mut World, at: usize) {
    let code = ask(world, at);
    world.command(at, Command::ShowCode(code)).unwrap();
    world.settle();
    assert_eq!(stands(world, at).stage, Some(NumberStage::Right));
}

/// Time goes by in which nobody reaches the server.
fn weeks_go_by(world: &mut World, devices: &[usize], millis: u64) {
    devices.iter().for_each(|at| world.go_offline(*at));
    world.pass_quietly(millis);
    devices.iter().for_each(|at| world.go_online(*at));
    world.pass(120_000);
}

#[test]
fn a_number_that_is_free_is_shown_to_contacts_at_once() {
    let (mut world, [jia, yi]) = two(220);
    prove(&mut world, jia);
    world.pass(WHILE);
    assert_eq!(world.contact(yi, jia).unwrap().number, Some(number()));
    assert_eq!(stands(&world, jia).asked, None);
}

#[test]
fn a_number_that_comes_after_a_week_is_shown_to_contacts_then() {
    let (mut world, [jia, yi]) = two(221);
    let xi = world.person("Xi");
    world.use_server(&[xi]);
    world.part_all();
    world.pass(WHILE);
    prove(&mut world, xi);
    world.pass(120_000);
    prove(&mut world, jia);
    let state = stands(&world, jia);
    assert_eq!(state.numbers.coming.map(|coming| coming.number), Some(number()));
    assert_eq!(state.asked, None, "nobody waits for a code");
    world.command(jia, Command::ShowCode(SmsCode::from_random(1))).unwrap_err();
    assert_eq!(world.contact(yi, jia).unwrap().number, None);
    // It remembers that also when it is started anew.
    world.crash(jia);
    world.start(jia);
    world.pass(120_000);
    assert_eq!(stands(&world, jia).asked, None);

    weeks_go_by(&mut world, &[jia, yi, xi], 7 * DAY_MS);
    assert_eq!(stands(&world, jia).numbers.held.map(|held| held.number), Some(number()));
    assert_eq!(world.contact(yi, jia).unwrap().number, Some(number()));
    assert_eq!(stands(&world, xi).numbers.held, None);
}

#[test]
fn a_number_that_does_not_come_after_all_is_asked_for_no_more() {
    let (mut world, [jia, yi]) = two(222);
    prove(&mut world, yi);
    world.pass(120_000);
    prove(&mut world, jia);
    world.pass(600_000);
    prove(&mut world, yi);
    world.pass(WHILE);
    let state = stands(&world, jia);
    assert_eq!((state.numbers.held, state.numbers.coming, state.asked), (None, None, None));
    // Also not once it would be the account's without its doing.
    assert_eq!(world.contact(yi, jia).unwrap().number, None);
}

#[test]
fn a_code_that_was_asked_for_anew_meanwhile_can_be_shown() {
    let (mut world, [jia, yi]) = two(223);
    prove(&mut world, yi);
    world.pass(120_000);
    prove(&mut world, jia);
    world.pass(600_000);
    let code = ask(&mut world, jia);
    assert_eq!(stands(&world, jia).asked, Some(number()));
    world.command(jia, Command::ShowCode(code)).unwrap();
    world.settle();
    assert_eq!(stands(&world, jia).stage, Some(NumberStage::Right));
    assert_eq!(stands(&world, jia).asked, None);
}
