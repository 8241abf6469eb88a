//! How an account is opened on an empty device.

use lamplit_identity::DeviceKeys;
use lamplit_types::{PhoneNumber, SmsCode};
use lamplit_wire::{
    credential::Signed,
    server::{CodeAnswer, CodeOutcome, CodeVerdict, Kit, KitVersion, Opening, ShowCode, Verdict},
};
use zeroize::Zeroizing;

use super::*;
use crate::{
    codes::CodeKey,
    limits::{CODE_MS, CODE_TRIES, CODE_WAITS_MS, CODES_OF_NETWORK, KITS, SHOWN_CODES},
    testing::{device, sealed},
};

const PLENTY: (u32, u64) = (1_000_000, 1);
const VERSION: KitVersion = KitVersion { generation: 1, friends: 7 };

fn number(last: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("+8613800{last:06}")).unwrap()
}

/// A server that sends codes and knows these people.
fn sending(people: &[&Person]) -> Service<Memory> {
    let codes = Some(CodeKey::from_bytes(Zeroizing::new([7; 32])));
    let service = Service::new(store(), Settings { codes, codes_of_all: PLENTY, ..Settings::default() });
    people.iter().for_each(|person| person.open(service.store()));
    service
}

fn kit(person: &Person, version: KitVersion) -> Signed<Kit> {
    person.keys.sign(Kit { account: person.account, version, device: person.id(), sealed: sealed(300) }).unwrap()
}

fn bring_kit(person: &Person, version: KitVersion) -> Up {
    Up::Kit(Box::new(kit(person, version)))
}

/// The code that is sent to a number because somebody wants one.
#[track_caller]
fn code<S: Store>(line: &mut Line<'_, S>, number: PhoneNumber) -> SmsCode {
    let turn = line.say([Up::WantCode(number)]);
    assert!(turn.down.is_empty() && !turn.ends, "{turn:?}");
    turn.texts[0].code
}

fn open(number: PhoneNumber, code: SmsCode) -> Up {
    Up::Open(ShowCode { number, code })
}

fn verdict(number: PhoneNumber, verdict: Verdict) -> Down {
    Down::Verdict(CodeVerdict { number, verdict })
}

fn other_than(code: SmsCode) -> SmsCode {
    (0..2).map(SmsCode::from_random).find(|other| *other != code).unwrap()
}

/// Somebody with this number, whose device left a kit.
fn settled(service: &Service<Memory>, person: &Person, number: PhoneNumber) {
    let mut line = Line::known(service, person, person.id());
    let code = code(&mut line, number);
    line.say([Up::ShowCode(ShowCode { number, code })]);
    says(line.say([bring_kit(person, VERSION)]), vec![Down::KitAt(Some(VERSION))]);
}

/// An hour later, when another code may be sent.
fn fresh<'s>(service: &'s Service<Memory>, keys: &DeviceKeys) -> Line<'s, Memory> {
    Line { now: after(3_600_000), ..Line::open(service, keys.id()) }
}

#[test]
fn who_shows_the_code_of_a_number_gets_the_kit_and_the_list_and_goes_on_as_a_device() {
    let mut ada = Person::new(1);
    let service = sending(&[&ada]);
    settled(&service, &ada, number(1));
    let mut line = fresh(&service, &device(12));
    let code = code(&mut line, number(1));
    let turn = line.say([open(number(1), code)]);
    let opening = Opening { kit: kit(&ada, VERSION), list: ada.list.wire().clone() };
    says(turn, vec![Down::Opening(Some(Box::new(opening)))]);

    // With the phrase it puts itself on the list, and goes on over this connection.
    ada.add(12);
    says(line.say([resume(&ada)]), vec![Down::ShowList]);
    let turn = line.say([list(&ada)]);
    assert!(turn.welcomed && turn.wake == only([ada.id()]), "the old device is told: {turn:?}");
    let [Down::Welcome(welcome)] = turn.down.as_slice() else { panic!("{turn:?}") };
    assert_eq!((welcome.kit, welcome.numbers.held.unwrap().number), (Some(VERSION), number(1)));
    assert_eq!(welcome.numbers.held.unwrap().leaves, None, "nobody else has the number by it");
}

#[test]
fn without_the_code_nobody_learns_whether_there_is_an_account() {
    let ada = Person::new(1);
    let service = sending(&[&ada]);
    settled(&service, &ada, number(1));
    for number in [number(1), number(2)] {
        let mut line = fresh(&service, &device(12));
        says(line.say([open(number, SmsCode::from_random(1))]), vec![verdict(number, Verdict::Gone)]);
        let code = code(&mut line, number);
        let wrong = open(number, other_than(code));
        for left in (0..CODE_TRIES).rev() {
            says(line.say([wrong.clone()]), vec![verdict(number, Verdict::Wrong(left))]);
        }
        says(line.say([open(number, code)]), vec![verdict(number, Verdict::Gone)]);
    }
}

#[test]
fn a_code_is_for_the_device_that_asked_for_it_once_and_for_ten_minutes() {
    let ada = Person::new(1);
    let service = sending(&[&ada]);
    settled(&service, &ada, number(1));
    let mut line = fresh(&service, &device(12));
    let first = code(&mut line, number(1));
    let mut other = fresh(&service, &device(13));
    says(other.say([open(number(1), first)]), vec![verdict(number(1), Verdict::Gone)]);
    // On a later connection of the same device it is as good, and then no more.
    let mut again = fresh(&service, &device(12));
    assert!(matches!(again.say([open(number(1), first)]).down.as_slice(), [Down::Opening(Some(_))]));
    says(line.say([open(number(1), first)]), vec![verdict(number(1), Verdict::Gone)]);

    let late = code(&mut line, number(1));
    line.now = after(3_600_000 + CODE_MS);
    says(line.say([open(number(1), late)]), vec![verdict(number(1), Verdict::Gone)]);
}

#[test]
fn a_number_of_nobody_opens_nothing_and_says_so_to_who_has_it() {
    let ada = Person::new(1);
    let service = sending(&[&ada]);
    let mut line = Line::open(&service, device(12).id());
    let first = code(&mut line, number(2));
    says(line.say([open(number(2), first)]), vec![Down::Opening(None)]);

    // The same of an account whose devices left no kit.
    let mut hers = Line::known(&service, &ada, ada.id());
    let shown = code(&mut hers, number(1));
    hers.say([Up::ShowCode(ShowCode { number: number(1), code: shown })]);
    let mut line = fresh(&service, &device(12));
    let code = code(&mut line, number(1));
    says(line.say([open(number(1), code)]), vec![Down::Opening(None)]);
}

#[test]
fn while_somebody_else_claims_a_number_its_account_is_opened_and_theirs_is_not() {
    let [ada, bob] = [Person::new(1), Person::new(2)];
    let service = sending(&[&ada, &bob]);
    settled(&service, &ada, number(1));
    let mut claims = Line { now: after(3_600_000), ..Line::known(&service, &bob, bob.id()) };
    let claimed = code(&mut claims, number(1));
    claims.say([Up::ShowCode(ShowCode { number: number(1), code: claimed }), bring_kit(&bob, VERSION)]);

    let mut line = Line { now: after(7_200_000), ..fresh(&service, &device(12)) };
    let code = code(&mut line, number(1));
    let turn = line.say([open(number(1), code)]);
    let [Down::Opening(Some(opening))] = turn.down.as_slice() else { panic!("{turn:?}") };
    assert_eq!(opening.kit.account, ada.account);
}

#[test]
fn who_is_nobody_yet_asks_for_codes_by_the_same_counts_as_devices() {
    let service = sending(&[]);
    let mut line = Line::open(&service, device(1).id());
    code(&mut line, number(1));
    let waits = CODE_WAITS_MS[0] / 1_000;
    let wait = CodeOutcome::Wait(u32::try_from(waits).unwrap());
    says(line.say([Up::WantCode(number(1))]), vec![Down::Code(CodeAnswer { number: number(1), outcome: wait })]);

    let service = sending(&[]);
    let sent = (1..=40_u8).filter(|seed| {
        let mut line = Line::open(&service, device(*seed).id());
        line.session = line.session.from_network(Network([9; 8]));
        !line.say([Up::WantCode(number(u32::from(*seed)))]).texts.is_empty()
    });
    assert_eq!(sent.count(), CODES_OF_NETWORK.0 as usize, "new keys do not help a network");
}

#[test]
fn codes_that_are_shown_and_kits_that_are_brought_are_counted() {
    let ada = Person::new(1);
    let service = sending(&[&ada]);
    let mut line = Line::open(&service, device(12).id());
    for _ in 0..SHOWN_CODES.0 {
        assert!(!line.say([open(number(1), SmsCode::from_random(1))]).ends);
    }
    goodbye(line.say([open(number(1), SmsCode::from_random(1))]), Goodbye::Busy);

    let mut line = Line::known(&service, &ada, ada.id());
    for friends in 0..KITS.0 {
        assert!(!line.say([bring_kit(&ada, KitVersion { generation: 1, friends })]).ends);
    }
    goodbye(line.say([bring_kit(&ada, VERSION)]), Goodbye::Busy);
}

#[test]
fn kits_are_brought_by_members_alone_and_opened_by_nobody_who_is_one() {
    let [ada, eve] = [Person::new(1), Person::new(2)];
    let service = sending(&[&ada, &eve]);
    goodbye(Line::open(&service, ada.id()).say([bring_kit(&ada, VERSION)]), Goodbye::Rules);
    goodbye(Line::known(&service, &eve, eve.id()).say([bring_kit(&ada, VERSION)]), Goodbye::Rules);
    let shows = open(number(1), SmsCode::from_random(1));
    goodbye(Line::known(&service, &ada, ada.id()).say([shows]), Goodbye::Rules);
}

#[test]
fn a_server_that_sends_no_codes_opens_no_account() {
    let service = server(&[]);
    let mut line = Line::open(&service, device(12).id());
    let off = Down::Code(CodeAnswer { number: number(1), outcome: CodeOutcome::Off });
    says(line.say([Up::WantCode(number(1))]), vec![off]);
    says(line.say([open(number(1), SmsCode::from_random(1))]), vec![verdict(number(1), Verdict::Gone)]);
}
