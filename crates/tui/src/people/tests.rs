#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lamplit_rpc::api::{Contact, Group};

use super::*;
use crate::state::tests::{circle, contact};

fn names(people: &People) -> Vec<&str> {
    people.shown().flatten().map(|contact| contact.name.as_str()).collect()
}

impl People {
    fn set_contacts(&mut self, contacts: Vec<Contact>) {
        self.set(contacts.into_iter().map(Peer::from));
    }
}

fn crowd() -> People {
    let mut people = People::default();
    people.set_contacts(vec![
        contact("1", "Zoe"),
        Contact { near: true, ..contact("2", "Yves") },
        Contact { lit: vec![app("qq")], ..contact("3", "Xenia") },
        Contact { unread: 2, ..contact("4", "Will") },
        Contact { note: Some("plays chess".to_owned()), ..contact("5", "ada") },
    ]);
    people
}

fn app(name: &str) -> LitApp {
    LitApp { app: name.to_owned(), source: "hand".to_owned(), since_ms: 0 }
}

#[test]
fn who_has_said_something_comes_first_then_who_is_on_then_who_is_near() {
    assert_eq!(names(&crowd()), ["Will", "Xenia", "Yves", "ada", "Zoe"]);
}

#[test]
fn typing_finds_by_name_app_and_note() {
    let mut people = crowd();
    people.type_filter("X");
    assert_eq!(names(&people), ["Xenia"]);
    assert_eq!(people.chosen().unwrap().name, "Xenia");
    people.clear_filter();
    people.type_filter("chess");
    assert_eq!(names(&people), ["ada"]);
    people.type_filter("zz");
    assert_eq!(names(&people), Vec::<&str>::new());
    (0..9).for_each(|_| people.shorten_filter());
    assert_eq!(people.shown().len(), 5);
    people.type_filter("qq");
    assert_eq!(names(&people), ["Xenia"]);
}

#[test]
fn who_is_being_read_stays_where_they_are_until_the_cursor_moves() {
    let mut people = crowd();
    assert_eq!(people.chosen().unwrap().name, "Will");
    people.change("4", |contact| contact.unread = 0);
    assert_eq!(names(&people).first(), Some(&"Will"));
    people.step(1);
    people.set_lit("4", Vec::new());
    assert_eq!(names(&people), ["Xenia", "Yves", "ada", "Will", "Zoe"]);
    assert_eq!(people.at(), Some(0));
}

#[test]
fn the_cursor_stops_at_either_end_and_survives_who_goes() {
    let mut people = crowd();
    people.step(-3);
    assert_eq!(people.at(), Some(0));
    people.step(99);
    assert_eq!(people.chosen().unwrap().name, "Zoe");
    people.remove("1");
    assert_eq!(people.at(), Some(0));
    people.set_contacts(Vec::new());
    people.step(1);
    assert!(people.chosen().is_none());
}

#[test]
fn the_next_unread_one_is_found_from_anywhere() {
    let mut people = crowd();
    people.change("1", |contact| contact.unread = 1);
    people.step(2);
    people.step_to_unread();
    let first = people.chosen().unwrap().id.clone();
    people.step_to_unread();
    assert_ne!(first, people.chosen().unwrap().id);
    assert!(people.chosen().unwrap().unread > 0);
}

#[test]
fn groups_stand_below_who_is_on_and_are_found_by_who_is_in_them() {
    let mut people = crowd();
    people.put(circle());
    assert_eq!(names(&people), ["Will", "Xenia", "Tea at eight", "Yves", "ada", "Zoe"]);
    people.type_filter("grace");
    assert_eq!(names(&people), ["Tea at eight"]);
    people.clear_filter();
    people.change("group-1", |group| group.unread = 1);
    assert_eq!(names(&people).first(), Some(&"Tea at eight"));
}

#[test]
fn a_group_that_was_left_is_out_of_the_way_and_still_found() {
    let mut people = crowd();
    people.put(Group { joined: false, ..circle() });
    assert_eq!((people.shown().len(), people.count()), (5, 5));
    people.type_filter("tea");
    assert_eq!(names(&people), ["Tea at eight"]);
}
