use lamplit_wire::{
    KeyId, SealedPresence, SetId,
    server::{Lamp, Lamps, Members, Shown},
};

use super::*;
use crate::{
    limits::{AUDIENCES_SHOWN, LAMP_MS, LATELY},
    testing::set,
};

/// Ada, who has a tablet, and Grace, at a server. They name each other.
fn ada_and_grace() -> (Service<Memory>, Person, DeviceId, Person) {
    let (mut ada, grace) = (Person::new(1), Person::new(2));
    let tablet = ada.add(3);
    let service = server(&[&ada, &grace]);
    name(&service, &ada, &[&grace]);
    name(&service, &grace, &[&ada]);
    (service, ada, tablet, grace)
}

/// Somebody names who may have their set.
fn name(service: &Service<Memory>, owner: &Person, people: &[&Person]) {
    let mut accounts: Vec<AccountId> = people.iter().map(|person| person.account).collect();
    accounts.sort_unstable();
    let members =
        Members { audience: set(owner, 1).audience, accounts: accounts.try_into().unwrap(), first: true, last: true };
    let turn = Line::known(service, owner, owner.keys.id()).say([Up::Members(Box::new(members))]);
    assert!(!turn.ends, "{turn:?}");
}

fn presence(set: SetId, mark: u8) -> SealedPresence {
    let key = KeyId { generation: 1, day: 2 };
    SealedPresence { audience: set.audience, key, sealed: vec![mark; 256].try_into().unwrap() }
}

fn light(set: SetId, mark: u8) -> Up {
    Up::Light(Box::new(presence(set, mark)))
}

/// What a device said so many milliseconds after the beginning.
fn shown(owner: &Person, device: DeviceId, millis: u64, mark: u8) -> Shown {
    Shown { account: owner.account, device, said: after(millis).wall, presence: presence(set(owner, 1), mark) }
}

fn lamps(shown: Vec<Shown>, upto: u64) -> Down {
    Down::Lamps(Box::new(Lamps { shown: shown.try_into().unwrap(), upto: Some(upto) }))
}

/// Who is told, with which number.
fn told(turn: &Turn) -> Vec<(DeviceId, u64)> {
    turn.lamps.iter().map(|(device, Lamp { number, .. })| (*device, *number)).collect()
}

#[test]
fn who_may_see_it_is_told_at_once_if_they_are_here() {
    let (service, ada, tablet, grace) = ada_and_grace();
    let eve = Person::new(4);
    eve.open(service.store());
    let mut line = Line::known(&service, &ada, ada.keys.id());
    assert!(line.say([light(set(&ada, 1), 1)]).lamps.is_empty(), "nobody is here");
    let _others = [
        Line::known(&service, &ada, tablet),
        Line::known(&service, &grace, grace.keys.id()),
        Line::known(&service, &eve, eve.keys.id()),
    ];
    let turn = line.say([light(set(&ada, 1), 2)]);
    let mut to = told(&turn);
    to.sort_unstable();
    let mut expected = [(tablet, 1), (grace.keys.id(), 1)];
    expected.sort_unstable();
    assert_eq!(to, expected);
    assert!(turn.down.is_empty() && !turn.ends);
    assert!(turn.lamps.iter().all(|(_, lamp)| lamp.shown == shown(&ada, ada.keys.id(), 0, 2)));
    // Of a set that nobody else may have only the account itself is told.
    assert_eq!(told(&line.say([light(set(&ada, 2), 3)])), [(tablet, 2)]);
}

#[test]
fn who_comes_is_told_what_is_shown_and_since_when() {
    let (service, ada, tablet, grace) = ada_and_grace();
    Line::known(&service, &ada, ada.keys.id()).say([light(set(&ada, 1), 1)]);
    let come = |person: &Person, device, millis| {
        let mut line = Line::open(&service, device);
        line.now = after(millis);
        let turn = line.say([resume(person)]);
        turn.down.into_iter().filter(|down| matches!(down, Down::Lamps(_))).collect::<Vec<_>>()
    };
    let seen = vec![lamps(vec![shown(&ada, ada.keys.id(), 0, 1)], 0)];
    assert_eq!(come(&grace, grace.keys.id(), 7_000), seen);
    assert_eq!(come(&ada, tablet, 7_000), seen, "the account's own devices too");
    assert!(come(&ada, ada.keys.id(), 7_000).is_empty(), "it knows what it said");
    assert_eq!(come(&grace, grace.keys.id(), LAMP_MS - 1).len(), 1);
    assert!(come(&grace, grace.keys.id(), LAMP_MS).is_empty(), "that is believed no more");
    // Whom she names no more sees nothing.
    name(&service, &ada, &[]);
    assert!(come(&grace, grace.keys.id(), 8_000).is_empty());
}

#[test]
fn who_did_not_name_somebody_is_told_nothing_of_them() {
    let (service, ada, _, grace) = ada_and_grace();
    let eve = Person::new(4);
    eve.open(service.store());
    name(&service, &eve, &[&ada, &grace]);
    let mut eves = Line::known(&service, &eve, eve.keys.id());
    let mut graces = Line::known(&service, &grace, grace.keys.id());
    assert!(eves.say([light(set(&eve, 1), 1)]).lamps.is_empty(), "nobody asked for that");
    assert_eq!(graces.say([Up::WantLamps(0)]).down, [lamps(Vec::new(), 0)]);
    // From when she does she is told, also on the connection that is there.
    name(&service, &grace, &[&ada, &eve]);
    drop(graces);
    let mut graces = Line::known(&service, &grace, grace.keys.id());
    assert_eq!(told(&eves.say([light(set(&eve, 1), 2)])), [(grace.keys.id(), 1)]);
    name(&service, &grace, &[&ada]);
    drop(graces);
    graces = Line::known(&service, &grace, grace.keys.id());
    assert!(eves.say([light(set(&eve, 1), 3)]).lamps.is_empty());
    assert_eq!(graces.say([Up::WantLamps(0)]).down, [lamps(Vec::new(), 0)]);
}

#[test]
fn an_account_that_names_others_is_told_at_once_on_the_connection_that_is_there() {
    let (service, ada, _, grace) = ada_and_grace();
    let mut adas = Line::known(&service, &ada, ada.keys.id());
    let mut graces = Line::known(&service, &grace, grace.keys.id());
    let members = |accounts: Vec<AccountId>| {
        let audience = set(&grace, 1).audience;
        let accounts = accounts.try_into().unwrap();
        Up::Members(Box::new(Members { audience, accounts, first: true, last: true }))
    };
    graces.say([members(Vec::new())]);
    assert!(adas.say([light(set(&ada, 1), 1)]).lamps.is_empty());
    graces.say([members(vec![ada.account])]);
    assert_eq!(told(&adas.say([light(set(&ada, 1), 2)])), [(grace.keys.id(), 1)]);
}

#[test]
fn what_may_be_missing_is_told_and_no_more() {
    let (service, ada, tablet, grace) = ada_and_grace();
    let mut adas = Line::known(&service, &ada, ada.keys.id());
    let mut tablets = Line::known(&service, &ada, tablet);
    let mut line = Line::known(&service, &grace, grace.keys.id());
    adas.say([light(set(&ada, 1), 1)]);
    tablets.say([light(set(&ada, 1), 2)]);
    let both = vec![shown(&ada, ada.keys.id(), 0, 1), shown(&ada, tablet, 0, 2)];
    assert_eq!(line.say([Up::WantLamps(0)]).down, [lamps(both.clone(), 2)]);
    assert_eq!(line.say([Up::WantLamps(1)]).down, [lamps(both[1..].to_vec(), 2)]);
    assert_eq!(line.say([Up::WantLamps(2)]).down, [lamps(Vec::new(), 2)]);
    assert_eq!(line.say([Up::WantLamps(u64::MAX)]).down, [lamps(Vec::new(), 2)], "nobody has more than was sent");
    // Two questions at once would pile answers up.
    let mut other = Line::known(&service, &grace, Person::new(2).keys.id());
    let turn = other.say([Up::WantLamps(0), Up::WantLamps(0)]);
    assert_eq!((turn.down.last(), turn.ends), (Some(&Down::Goodbye(Goodbye::Rules)), true));
    let mut line = Line::known(&service, &grace, grace.keys.id());
    // The latest of each device is told, under whichever number it was sent.
    adas.say([light(set(&ada, 1), 3)]);
    tablets.say([light(set(&ada, 1), 5)]);
    assert_eq!(line.say([Up::WantLamps(1)]).down, [lamps(vec![shown(&ada, tablet, 0, 5)], 2)]);
    let both = vec![shown(&ada, ada.keys.id(), 0, 3), shown(&ada, tablet, 0, 5)];
    assert_eq!(line.say([Up::WantLamps(0)]).down, [lamps(both, 2)]);
    assert_eq!(line.session.packets_lost().down, [Down::LampsAt(2)]);
    // Of what is too long ago nobody knows any more what was in it.
    for at in 0..LATELY {
        adas.now = after(1_000 * u64::try_from(at + 1).unwrap());
        assert!(!adas.say([light(set(&ada, 1), 4)]).ends);
    }
    line.now = adas.now;
    let turn = line.say([Up::WantLamps(1)]);
    let last = 1_000 * u64::try_from(LATELY).unwrap();
    assert_eq!(turn.down, [lamps(vec![shown(&ada, ada.keys.id(), last, 4)], 2 + u64::try_from(LATELY).unwrap())]);
}

#[test]
fn a_connection_that_is_over_is_told_nothing() {
    let (service, ada, _, grace) = ada_and_grace();
    let mut adas = Line::known(&service, &ada, ada.keys.id());
    let older = Line::known(&service, &grace, grace.keys.id());
    let newer = Line::known(&service, &grace, grace.keys.id());
    adas.say([light(set(&ada, 1), 1)]);
    assert!(older.session.packets_lost().down.is_empty(), "another one took its place");
    drop(older);
    assert_eq!(told(&adas.say([light(set(&ada, 1), 2)])), [(grace.keys.id(), 2)]);
    drop(newer);
    assert!(adas.say([light(set(&ada, 1), 3)]).lamps.is_empty());
}

#[test]
fn who_shows_too_much_is_sent_away() {
    let (service, ada, ..) = ada_and_grace();
    let mut line = Line::known(&service, &ada, ada.keys.id());
    let audience = |number: usize| u8::try_from(number).unwrap();
    for number in 0..AUDIENCES_SHOWN {
        line.now = after(1_000 * u64::try_from(number).unwrap());
        assert!(!line.say([light(set(&ada, audience(number)), 1)]).ends);
    }
    assert!(!line.say([light(set(&ada, 0), 2)]).ends, "that one is known");
    let turn = line.say([light(set(&ada, audience(AUDIENCES_SHOWN)), 1)]);
    assert_eq!((turn.down, turn.ends), (vec![Down::Goodbye(Goodbye::Rules)], true));

    let mut line = Line::known(&service, &ada, ada.keys.id());
    let turn = line.say((0..=crate::limits::LIGHTS.0).map(|_| light(set(&ada, 0), 1)));
    assert_eq!(turn.down.last(), Some(&Down::Goodbye(Goodbye::Busy)));
    let mut line = Line::known(&service, &ada, ada.keys.id());
    let turns = (0..=crate::limits::WANTED_LAMPS.0).map(|_| line.say([Up::WantLamps(0)]));
    assert_eq!(turns.last().unwrap().down.last(), Some(&Down::Goodbye(Goodbye::Busy)));
}
