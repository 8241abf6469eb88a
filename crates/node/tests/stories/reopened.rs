//! Somebody who lost all their devices opens their account on a new one: with their number, a code and the phrase.

use std::sync::Arc;

use lamplit_identity::Phrase;
use lamplit_node::{Command, Event, ReopenError, setup::DeviceSecrets, view};
use lamplit_types::PhoneNumber;
use lamplit_wire::server::{Down, Opening, ShowCode, Up, Verdict};

use crate::{
    apart::{WHILE, events, two},
    world::{CHEAP, World},
};

/// A code to a number waits for the one before it.
const A_CODE_LATER: u64 = 120_000;

fn number() -> PhoneNumber {
    PhoneNumber::parse("+8613800138000").unwrap()
}

/// The device's account has the number.
fn register(world: &mut World, at: usize) {
    world.command(at, Command::AskCode(number())).unwrap();
    world.settle();
    let code = world.server.texts.pop().expect("a code was sent").code;
    world.command(at, Command::ShowCode(code)).unwrap();
    world.pass(WHILE);
}

/// Two contacts, the first with a number; and all of the first's devices are lost.
fn one_is_lost(seed: u8) -> (World, [usize; 2]) {
    let (mut world, [jia, yi]) = two(seed);
    register(&mut world, jia);
    world.say(yi, jia, "before");
    world.pass(A_CODE_LATER);
    world.go_offline(jia);
    world.crash(jia);
    (world, [jia, yi])
}

/// What the server hands out to a new device whose owner reads what comes to the number.
fn opening(world: &mut World) -> (DeviceSecrets, Opening) {
    let secrets = DeviceSecrets::draw(&mut world.rng);
    let device = secrets.device();
    let (_, texts) = world.stranger_says(device, Up::WantCode(number()));
    let code = texts[0].code;
    let (mut said, _) = world.stranger_says(device, Up::Open(ShowCode { number: number(), code }));
    let Some(Down::Opening(Some(opening))) = said.pop() else { panic!("{said:?}") };
    (secrets, *opening)
}

fn reopen(world: &mut World, of: usize) -> usize {
    let (secrets, opening) = opening(world);
    let account = world.devices[of].account;
    let phrase = world.phrases.remove(&account).expect("it was written down");
    let at = world.reopen(secrets, &phrase, &opening).unwrap();
    world.phrases.insert(account, phrase);
    // It is somewhere else than everybody.
    world.part_all();
    world.pass(WHILE);
    at
}

fn devices(world: &World, at: usize) -> usize {
    view::devices(&world.devices[at].store).unwrap().len()
}

fn is_caught_up(world: &World, at: usize) -> bool {
    world.devices[at].node.as_ref().unwrap().is_caught_up()
}

#[test]
fn who_lost_all_devices_has_their_contacts_again_and_what_waited() {
    let (mut world, [jia, yi]) = one_is_lost(240);
    world.say(yi, jia, "are you there?");
    world.pass(WHILE);
    let safety = |world: &World| view::safety(&world.devices[yi].store, world.devices[jia].account).unwrap().unwrap();
    let before = safety(&world).code;

    let new = reopen(&mut world, jia);
    assert!(is_caught_up(&world, new));
    assert_eq!(world.contact(new, yi).unwrap().name.as_str(), "Yi");
    assert_eq!(world.contact(yi, new).unwrap().number, Some(number()), "it is still hers");
    assert_eq!(world.history(new, yi), ["are you there?"], "what waited comes, and what was read stays where it was");
    assert!(!view::lacks_past(&world.devices[new].store).unwrap(), "it waits for nobody");

    // They talk on, both ways, and for Yi it is the Jia of before.
    world.say(new, yi, "here again");
    world.pass(WHILE);
    world.say(yi, new, "good");
    world.pass(WHILE);
    assert_eq!(world.history(yi, new), ["before", "are you there?", "here again", "good"]);
    assert_eq!(world.history(new, yi), ["are you there?", "here again", "good"]);
    assert_eq!(safety(&world).code, before);
    assert_eq!(devices(&world, new), 2);
}

#[test]
fn another_phrase_opens_nothing_and_changes_nothing() {
    let (mut world, [jia, yi]) = one_is_lost(241);
    let kept = world.server_keeps();
    let (secrets, opening) = opening(&mut world);
    let wrong = Phrase::generate(&mut world.rng).unwrap();
    let device = secrets.device();
    let error = world.reopen(secrets, &wrong, &opening).unwrap_err();
    assert!(matches!(error, ReopenError::WrongPhrase), "{error}");
    world.pass(WHILE);
    let after = world.server_keeps();
    let lists = |kept: &[Vec<u8>]| kept.iter().filter(|row| has(row, device.as_bytes())).count();
    assert_eq!((lists(&kept), lists(&after)), (0, 0), "nobody is on the list by it");
    assert_eq!(events(&world, yi, |event| matches!(event, Event::DeviceAdded(_))), 0);
    // Another try with the same code's kit is as good as the first.
    let root = world.phrases.remove(&world.devices[jia].account).unwrap();
    let secrets = DeviceSecrets::draw(&mut world.rng);
    assert!(world.reopen(secrets, &root, &opening).is_ok());
}

fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|piece| piece == wanted)
}

#[test]
fn the_server_keeps_nothing_of_a_kit_that_it_could_read() {
    let (mut world, [jia, _]) = two(242);
    world.command(jia, Command::SetName(crate::world::name("Canary of Jia"))).unwrap();
    // A new key of the contacts, so that the kit is a new one, with the new name in it.
    let xi = world.person("Xi");
    world.meet_all();
    world.befriend(jia, xi);
    let account = world.devices[xi].account;
    world.command(jia, Command::RemoveContact(account)).unwrap();
    register(&mut world, jia);
    world.pass(A_CODE_LATER);
    let (_, opening) = opening(&mut world);
    let kept = world.server_keeps();
    let device = world.devices[jia].node.as_ref().unwrap().device();
    assert!(kept.iter().any(|row| has(row, device.as_bytes())), "what is there is found");
    assert!(kept.iter().any(|row| has(row, &opening.kit.sealed)), "and the kit as well");
    assert!(!kept.iter().any(|row| has(row, b"Canary of Jia")));
    let root = world.phrases[&world.devices[jia].account].root_key(CHEAP).unwrap();
    let secret = root.recovery_key(opening.kit.version.generation).to_bytes();
    assert!(!kept.iter().any(|row| has(row, secret.as_slice())));
}

#[test]
fn after_a_removal_the_kit_is_a_new_one_and_opens_as_the_one_before_did() {
    let (mut world, [jia, yi]) = two(243);
    let old = world.sibling(jia);
    world.use_server(&[old]);
    register(&mut world, jia);
    world.pass(A_CODE_LATER);
    let (_, before) = opening(&mut world);
    let root = world.phrases[&world.devices[jia].account].root_key(CHEAP).unwrap();
    let device = world.devices[old].node.as_ref().unwrap().device();
    world.command(jia, Command::RemoveDevice { device, root: Arc::new(root) }).unwrap();
    world.pass(A_CODE_LATER);
    world.go_offline(jia);
    world.crash(jia);
    world.pass(20 * A_CODE_LATER);
    let (_, after) = opening(&mut world);
    assert!(after.kit.version > before.kit.version);
    assert_eq!(after.kit.version.generation, 2);
    world.pass(40 * A_CODE_LATER);
    let new = reopen(&mut world, jia);
    assert!(world.contact(new, yi).is_some());
    assert_eq!(devices(&world, new), 2, "the removed one is not on it");
}

#[test]
fn the_others_are_told_of_the_new_device_and_it_can_remove_them() {
    let (mut world, [jia, yi]) = two(244);
    register(&mut world, jia);
    world.pass(A_CODE_LATER);
    // The old device is not lost after all, but stolen.
    let new = reopen(&mut world, jia);
    assert_eq!(events(&world, jia, |event| matches!(event, Event::DeviceAdded(_))), 1);
    let root = world.phrases[&world.devices[jia].account].root_key(CHEAP).unwrap();
    let device = world.devices[jia].node.as_ref().unwrap().device();
    world.command(new, Command::RemoveDevice { device, root: Arc::new(root) }).unwrap();
    world.pass(WHILE);
    assert!(world.contact(new, yi).is_some());
    assert_eq!(devices(&world, new), 1);
    world.say(yi, new, "only for the new one");
    world.pass(WHILE);
    assert_eq!(world.history(new, yi), ["only for the new one"]);
    assert!(world.history(jia, yi).is_empty());
    assert!(is_caught_up(&world, new), "the server has all of it under the new keys");
}

#[test]
fn a_wrong_code_gets_nothing() {
    let (mut world, _) = one_is_lost(245);
    let secrets = DeviceSecrets::draw(&mut world.rng);
    let (_, texts) = world.stranger_says(secrets.device(), Up::WantCode(number()));
    let wrong = (0..2).map(lamplit_types::SmsCode::from_random).find(|code| *code != texts[0].code).unwrap();
    let (said, _) = world.stranger_says(secrets.device(), Up::Open(ShowCode { number: number(), code: wrong }));
    assert!(matches!(said.as_slice(), [Down::Verdict(verdict)] if verdict.verdict == Verdict::Wrong(4)), "{said:?}");
}
