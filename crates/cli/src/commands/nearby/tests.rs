use lamplit_rpc::api::{Family, Hearing, LitApp, NearPerson, Over};

use super::*;

fn device(family: Option<Family>) -> NearDevice {
    NearDevice { device: "0123456789abcdef".to_owned(), since_ms: u64::MAX, over: Over::Lan, family, address: None }
}

fn nobody() -> Nearby {
    Nearby {
        people: Vec::new(),
        own: Vec::new(),
        strangers: 0,
        addresses: Vec::new(),
        discovery: true,
        hearing: Hearing::Others,
    }
}

#[test]
fn who_is_near_is_told_with_every_device_and_over_what() {
    let lit = vec![LitApp { app: "qq".to_owned(), source: "hand".to_owned(), since_ms: 0 }];
    let devices = vec![device(Some(Family::Ipv4)), device(Some(Family::Ipv6))];
    let grace = NearPerson { contact: String::new(), name: "Gr\u{1b}ace".to_owned(), lit, devices };
    let nearby = Nearby { people: vec![grace], own: vec![device(None)], strangers: 2, ..nobody() };
    let told = describe(Output::new(false), &nearby);
    let expected = "\
NAME    DEVICE    OVER       SINCE  ON
Gr\u{FFFD}ace  01234567  LAN, IPv4  now    qq
Gr\u{FFFD}ace  01234567  LAN, IPv6  now    qq
you     01234567  LAN        now
2 devices of people you don't know show themselves here.
Devices find each other here.";
    assert_eq!(told, expected);
}

#[test]
fn nobody_is_said_to_be_near_where_nobody_is() {
    let told = describe(Output::new(false), &nobody());
    assert_eq!(told, "Nobody you know can be reached directly now.\nDevices find each other here.");
}

#[test]
fn where_devices_do_not_find_each_other_it_is_told_with_what_to_do() {
    let told = |hearing| describe(Output::new(false), &Nearby { hearing, ..nobody() });
    let off = told(Hearing::Off);
    assert!(off.contains("\nDiscovery is off here"), "{off}");
    let blocked = told(Hearing::Blocked);
    assert!(blocked.contains("\nMulticast is blocked here"), "{blocked}");
    assert!(blocked.contains("`lamplit doctor`") && blocked.contains("`lamplit dial CONTACT ADDRESS`"), "{blocked}");
}
