use lamplit_rpc::api::{Hearing, NearDevice, NearPerson, Over, TransferKind};

use super::*;

const FULL: &str = "the disk is full: make room";

/// A file that has come so far.
fn at(done: u64) -> Transfer {
    Transfer { file: "f1".to_owned(), kind: TransferKind::Fetching, done, total: 2048, trouble: None }
}

/// One that does not come.
fn stuck(why: &str) -> Transfer {
    Transfer { trouble: Some(why.to_owned()), ..at(0) }
}

fn hear(trouble: &mut Trouble, now: &Transfer) -> Option<News> {
    trouble.hear(Some(now), None)
}

#[test]
fn a_trouble_is_told_once_and_so_is_another() {
    let mut trouble = Trouble::default();
    assert_eq!(hear(&mut trouble, &at(7)), None);
    assert_eq!(hear(&mut trouble, &stuck(FULL)), Some(News::Stuck(FULL.to_owned())));
    assert_eq!(hear(&mut trouble, &stuck(FULL)), None);
    assert_eq!(hear(&mut trouble, &stuck("the link broke")), Some(News::Stuck("the link broke".to_owned())));
    assert_eq!(hear(&mut trouble, &stuck("the link broke")), None);
}

#[test]
fn what_is_tried_again_in_vain_is_not_told_again() {
    let mut trouble = Trouble::default();
    hear(&mut trouble, &stuck(FULL)).expect("it is told");
    for _ in 0..3 {
        assert_eq!(hear(&mut trouble, &at(1024)), None);
        assert_eq!(hear(&mut trouble, &at(1024)), None);
        assert_eq!(hear(&mut trouble, &stuck(FULL)), None);
    }
}

#[test]
fn that_it_goes_on_is_told_once_and_then_the_same_trouble_again() {
    let mut trouble = Trouble::default();
    hear(&mut trouble, &stuck(FULL)).expect("it is told");
    assert_eq!(hear(&mut trouble, &at(1024)), None);
    assert_eq!(hear(&mut trouble, &at(1025)), Some(News::GoesOn));
    assert_eq!(hear(&mut trouble, &at(1026)), None);
    assert_eq!(hear(&mut trouble, &stuck(FULL)), Some(News::Stuck(FULL.to_owned())));
}

#[test]
fn whoever_is_away_is_told_of_while_nothing_else_is_known() {
    let away = || Some("Grace is away".to_owned());
    let mut trouble = Trouble::default();
    assert_eq!(trouble.hear(None, None), None);
    assert_eq!(trouble.hear(None, away()), Some(News::Stuck("Grace is away".to_owned())));
    assert_eq!(trouble.hear(None, away()), None);
    // Near again, and not yet begun.
    assert_eq!(trouble.hear(None, None), None);
    assert_eq!(hear(&mut trouble, &at(0)), None);
    assert_eq!(hear(&mut trouble, &at(1)), Some(News::GoesOn));
}

#[test]
fn a_file_can_come_from_its_sender_and_from_own_devices() {
    let device = || NearDevice { device: "d1".to_owned(), since_ms: 0, over: Over::Lan, family: None, address: None };
    let person = |contact: &str| NearPerson {
        contact: contact.to_owned(),
        name: String::new(),
        lit: Vec::new(),
        devices: vec![device()],
    };
    let near = |people: Vec<NearPerson>, own: Vec<NearDevice>| Nearby {
        people,
        own,
        strangers: 1,
        addresses: Vec::new(),
        discovery: true,
        hearing: Hearing::Others,
    };
    assert_eq!(nobody_near("a1", &near(vec![person("b2"), person("a1")], Vec::new())), None);
    assert_eq!(nobody_near("a1", &near(Vec::new(), vec![device()])), None);
    let told = nobody_near("a1", &near(vec![person("b2")], Vec::new())).expect("only somebody else is near");
    assert!(told.contains("is near"), "{told}");
}
