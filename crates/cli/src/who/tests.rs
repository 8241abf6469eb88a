#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lamplit_rpc::api::Compared;

use super::*;

fn contact(id: &str, name: &str) -> Contact {
    Contact {
        id: id.to_owned(),
        name: name.to_owned(),
        alias: None,
        note: None,
        number: None,
        compared: Compared::NotYet,
        devices: 1,
        since_ms: 0,
        unread: 0,
        near: false,
        lit: Vec::new(),
    }
}

fn people() -> Vec<Contact> {
    vec![
        contact("1111-a", "Ada"),
        contact("1112-b", "Adam"),
        contact("2222-c", "Grace"),
        contact("3333-d", "Twin"),
        contact("3334-e", "Twin"),
    ]
}

fn chosen(wanted: &str) -> String {
    choose(people(), wanted, Kind::Contact).unwrap().id
}

fn refused(wanted: &str) -> String {
    choose(people(), wanted, Kind::Contact).unwrap_err().to_string()
}

#[test]
fn a_whole_name_goes_before_a_beginning() {
    assert_eq!(chosen("Ada"), "1111-a");
    assert_eq!(chosen("ada"), "1111-a");
    assert_eq!(chosen("adam"), "1112-b");
    assert_eq!(chosen(" gr"), "2222-c");
    assert_eq!(chosen("2222-c"), "2222-c");
    assert_eq!(chosen("22"), "2222-c");
}

#[test]
fn what_fits_several_is_refused_with_their_ids() {
    assert!(refused("ad").contains("1111-a"));
    let twins = refused("Twin");
    assert!(twins.starts_with("2 contacts fit"), "{twins}");
    assert!(twins.contains("3333-d") && twins.contains("3334-e"), "{twins}");
}

#[test]
fn what_fits_nobody_is_refused() {
    assert!(refused("Zoe").contains("lamplit contacts"));
    assert!(refused("  ").contains("whom?"));
}

fn group(id: &str, name: &str) -> Group {
    Group { id: id.to_owned(), name: name.to_owned(), members: Vec::new(), joined: true, unread: 0 }
}

#[test]
fn a_conversation_is_with_a_contact_or_a_group() {
    let all = || {
        let groups = [group("group-1111", "Ada's choir"), group("group-2222", "Grace")];
        people().into_iter().map(With::Contact).chain(groups.map(With::Group)).collect::<Vec<_>>()
    };
    let chosen = |wanted: &str| choose(all(), wanted, Kind::Any).map(|with| with.id().to_owned());
    assert_eq!(chosen("Ada").unwrap(), "1111-a");
    assert_eq!(chosen("ada's").unwrap(), "group-1111");
    assert_eq!(chosen("group-2").unwrap(), "group-2222");
    let both = chosen("Grace").unwrap_err().to_string();
    assert!(both.starts_with("2 contacts and groups fit"), "{both}");
    assert!(both.contains("2222-c") && both.contains("group-2222"), "{both}");
    assert!(chosen("Zoe").unwrap_err().to_string().contains("lamplit group list"));
}
