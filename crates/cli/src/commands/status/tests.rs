use lamplit_rpc::api::{Clock, Hearing};

use super::*;

fn told(hearing: Hearing) -> String {
    describe(Output::new(false), &status(hearing))
}

fn status(hearing: Hearing) -> Status {
    Status {
        version: "0.1.0".to_owned(),
        account: "6f1c1d0e".to_owned(),
        device: "0123456789abcdef".to_owned(),
        name: "Ada".to_owned(),
        devices: 1,
        contacts: 0,
        unread: 0,
        waiting: 0,
        lit: Vec::new(),
        near: Vec::new(),
        strangers: 0,
        addresses: Vec::new(),
        discovery: true,
        hearing,
        removed: false,
        clock: Clock::Unknown,
        storage: Storage::Working,
        server: None,
        number: lamplit_rpc::api::Number::default(),
    }
}

#[test]
fn whether_devices_find_each_other_is_told_and_what_to_do_if_not() {
    let well = told(Hearing::Others);
    assert!(well.contains("discovery     on, found by others here\n"), "{well}");
    assert_eq!(well.lines().last(), Some("version       0.1.0"));
    let blocked = told(Hearing::Blocked);
    assert!(blocked.contains("discovery     on, multicast is blocked\n"), "{blocked}");
    let last = blocked.lines().last().unwrap_or_default();
    assert!(last.contains("`lamplit doctor`") && last.contains("`lamplit dial CONTACT ADDRESS`"), "{blocked}");
}

#[test]
fn a_device_is_told_by_as_much_of_its_id_as_names_it() {
    let told = told(Hearing::Others);
    assert!(told.contains("device        01234567, the only one\n"), "{told}");
    let told = describe(Output::new(false), &Status { devices: 2, ..status(Hearing::Others) });
    assert!(told.contains("device        01234567, one of 2 devices\n"), "{told}");
}

#[test]
fn how_the_database_does_is_not_called_as_the_room_for_files_is() {
    let told = told(Hearing::Others);
    assert!(told.contains("database      working\n") && !told.contains("storage"), "{told}");
}

#[test]
fn only_addresses_are_told_that_lead_others_here() {
    let addresses = ["192.0.2.2:37106", "127.0.0.1:37106", "[::1]:37106"].map(str::to_owned).to_vec();
    let told = describe(Output::new(false), &Status { addresses, ..status(Hearing::Others) });
    assert!(told.contains("reachable at  192.0.2.2:37106\n"), "{told}");
}
