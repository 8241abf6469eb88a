//! What a device is told of its number.

use lamplit_types::{PhoneNumber, SmsCode};
use lamplit_wire::server::{CodeAnswer, CodeOutcome, CodeVerdict, ShowCode, Verdict};
use zeroize::Zeroizing;

use super::*;
use crate::{
    codes::CodeKey,
    limits::{CODES, CODES_OF_NETWORK},
    texts::{Sent, Text},
};

fn number(last: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("+8613800{last:06}")).unwrap()
}

/// A server that sends codes.
fn sending(people: &[&Person], codes_of_all: (u32, u64)) -> Service<Memory> {
    let codes = Some(CodeKey::from_bytes(Zeroizing::new([7; 32])));
    let service = Service::new(store(), Settings { codes, codes_of_all, ..Settings::default() });
    people.iter().for_each(|person| person.open(service.store()));
    service
}

const PLENTY: (u32, u64) = (1_000_000, 1);

fn code(number: PhoneNumber, outcome: CodeOutcome) -> Down {
    Down::Code(CodeAnswer { number, outcome })
}

fn verdict(number: PhoneNumber, verdict: Verdict) -> Down {
    Down::Verdict(CodeVerdict { number, verdict })
}

/// The only text that is to be sent.
#[track_caller]
fn text(turn: &Turn) -> Text {
    assert!(turn.down.is_empty() && !turn.ends, "nothing is said before the text is sent: {turn:?}");
    assert_eq!(turn.texts.len(), 1, "{turn:?}");
    turn.texts[0]
}

#[test]
fn a_number_is_shown_by_its_code() {
    let ada = Person::new(1);
    let service = sending(&[&ada], PLENTY);
    let mut line = Line::known(&service, &ada, ada.id());
    let sent = text(&line.say([Up::WantCode(number(1))]));
    assert_eq!(sent.number, number(1));
    for (sent, outcome) in [
        (Sent::Taken, CodeOutcome::Sent),
        (Sent::Unreachable, CodeOutcome::Unreachable),
        (Sent::Failed, CodeOutcome::Failed),
    ] {
        says(line.session.text_sent(number(1), sent), vec![code(number(1), outcome)]);
    }
    let turn = line.say([Up::ShowCode(ShowCode { number: number(1), code: sent.code })]);
    let [Down::Verdict(_), Down::Numbers(numbers)] = turn.down.as_slice() else { panic!("{turn:?}") };
    assert_eq!(turn.down[0], verdict(number(1), Verdict::Right));
    assert_eq!(numbers.held.unwrap().number, number(1));

    // Whoever comes later is told with the welcome, and a number given up is told as well.
    let mut again = Line::open(&service, ada.id());
    let turn = again.say([resume(&ada)]);
    let [Down::Welcome(welcome)] = turn.down.as_slice() else { panic!("{turn:?}") };
    assert_eq!(welcome.numbers, *numbers);
    says(again.say([Up::FreeNumber]), vec![Down::Numbers(Numbers::default())]);
}

#[test]
fn a_wrong_code_says_how_many_may_follow() {
    let ada = Person::new(1);
    let service = sending(&[&ada], PLENTY);
    let mut line = Line::known(&service, &ada, ada.id());
    let sent = text(&line.say([Up::WantCode(number(1))]));
    let wrong = (0..2).map(SmsCode::from_random).find(|other| *other != sent.code).unwrap();
    let shows = Up::ShowCode(ShowCode { number: number(1), code: wrong });
    says(line.say([shows.clone()]), vec![verdict(number(1), Verdict::Wrong(4))]);
    let other = ShowCode { number: number(2), code: sent.code };
    says(line.say([Up::ShowCode(other)]), vec![verdict(number(2), Verdict::Gone)]);
    for _ in 0..50 {
        let turn = line.say([shows.clone()]);
        if turn.ends {
            return goodbye(turn, Goodbye::Busy);
        }
    }
    panic!("codes can be tried for ever");
}

#[test]
fn whose_number_is_claimed_is_woken_and_told() {
    let mut ada = Person::new(1);
    let second = ada.add(11);
    let bob = Person::new(2);
    let service = sending(&[&ada, &bob], PLENTY);
    let prove = |person: &Person, device, now| {
        let mut line = Line::known(&service, person, device);
        line.now = now;
        let sent = text(&line.say([Up::WantCode(number(1))]));
        line.say([Up::ShowCode(ShowCode { number: number(1), code: sent.code })])
    };
    let mut waiting = Line::known(&service, &ada, second);
    let turn = prove(&ada, ada.id(), NOW);
    assert_eq!(turn.wake, only([second]), "their other devices are told");
    let told = waiting.pump();
    assert!(matches!(told.down.as_slice(), [Down::Numbers(numbers)] if numbers.held.is_some()), "{told:?}");
    says(waiting.pump(), vec![]);

    let later = after(3_600_000);
    let turn = prove(&bob, bob.id(), later);
    assert_eq!(turn.wake, only([ada.id(), second]));
    waiting.now = later;
    let told = waiting.pump();
    // An hour later they are also told that they left no keys here.
    let [Down::Numbers(numbers), Down::Stocked(0)] = told.down.as_slice() else { panic!("{told:?}") };
    assert!(numbers.held.unwrap().leaves.is_some());
}

#[test]
fn who_waits_for_a_number_is_woken_when_its_owner_takes_another() {
    let [ada, bob] = [Person::new(1), Person::new(2)];
    let service = sending(&[&ada, &bob], PLENTY);
    let prove = |person: &Person, number, now| {
        let mut line = Line::known(&service, person, person.id());
        line.now = now;
        let sent = text(&line.say([Up::WantCode(number)]));
        line.say([Up::ShowCode(ShowCode { number, code: sent.code })])
    };
    prove(&ada, number(1), NOW);
    prove(&bob, number(1), after(3_600_000));
    let turn = prove(&ada, number(2), after(7_200_000));
    assert_eq!(turn.wake, only([bob.id()]));
}

#[test]
fn a_server_that_sends_no_codes_says_so() {
    let ada = Person::new(1);
    let service = server(&[&ada]);
    let mut line = Line::known(&service, &ada, ada.id());
    says(line.say([Up::WantCode(number(1))]), vec![code(number(1), CodeOutcome::Off)]);
    let shows = Up::ShowCode(ShowCode { number: number(1), code: SmsCode::from_random(1) });
    says(line.say([shows]), vec![verdict(number(1), Verdict::Gone)]);
}

#[test]
fn nobody_who_is_not_known_has_or_frees_a_number() {
    let service = sending(&[], PLENTY);
    // A code may be asked for, to open an account with it.
    for up in [Up::FreeNumber, Up::ShowCode(ShowCode { number: number(1), code: SmsCode::from_random(1) })] {
        let mut line = Line::open(&service, Person::new(1).id());
        goodbye(line.say([up]), Goodbye::Rules);
    }
}

/// How many codes are sent when each of these lines asks for one to a number of its own.
fn sent<'s>(lines: impl Iterator<Item = Line<'s, Memory>>) -> usize {
    let asked = lines.zip(1..).map(|(mut line, last)| {
        let turn = line.say([Up::WantCode(number(last))]);
        let waits = matches!(turn.down.as_slice(), [Down::Code(CodeAnswer { outcome: CodeOutcome::Wait(1..), .. })]);
        assert_eq!(waits, turn.texts.is_empty(), "{turn:?}");
        turn.texts.len()
    });
    asked.sum()
}

#[test]
fn codes_cost_money_so_a_device_a_network_and_all_together_get_so_many() {
    let ada = Person::new(1);
    let service = sending(&[&ada], PLENTY);
    let many = (0..CODES.0 + 10).map(|_| Line::known(&service, &ada, ada.id()));
    assert_eq!(sent(many), CODES.0 as usize, "a device");

    let people: Vec<Person> = (1..=40).map(Person::new).collect();
    let known: Vec<&Person> = people.iter().collect();
    let service = sending(&known, PLENTY);
    let network = Network([9; 8]);
    let from_there = people.iter().map(|person| {
        let mut line = Line::known(&service, person, person.id());
        line.session = line.session.from_network(network);
        line
    });
    assert_eq!(sent(from_there), CODES_OF_NETWORK.0 as usize, "a network");

    let service = sending(&known, (7, 1_000));
    let all = people.iter().map(|person| Line::known(&service, person, person.id()));
    assert_eq!(sent(all), 7, "all together");
}
