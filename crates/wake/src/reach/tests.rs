use super::*;

#[test]
fn addresses_of_inner_networks_are_told_from_those_of_the_internet() {
    for inner in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "4000::1",
    ] {
        let address = inner.parse().unwrap();
        assert!(!Reach::Public.allows(address), "{inner}");
        assert!(Reach::Inner.allows(address), "{inner}");
    }
    for public in [
        "1.1.1.1",
        "9.255.255.255",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "192.167.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700::1111",
        "2a00:1450::1",
        "3ffe::1",
    ] {
        assert!(Reach::Public.allows(public.parse().unwrap()), "{public}");
    }
}

#[tokio::test]
async fn a_name_of_this_machine_is_found_only_where_that_is_allowed() {
    let find = |reach: Reach| Guarded(reach).resolve("localhost".parse().unwrap());
    let Err(error) = find(Reach::Public).await else { panic!("found") };
    assert!(holds::<IsInner>(error.as_ref()));
    assert!(find(Reach::Inner).await.unwrap().count() > 0);
}
