use lamplit_rpc::api::{Clock, Hearing};

use super::*;

fn told(hearing: Hearing) -> String {
    let status = Status {
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
    };
    describe(Output::new(false), &status)
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
    assert!(told.contains("device        01234567, 1 of 1\n"), "{told}");
}
