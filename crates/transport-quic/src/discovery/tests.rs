#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use lamplit_types::Beacon;

use super::*;

const SHOWN: Beacon = Beacon::from_bytes([0xa1; 8]);

fn any_beacon() -> Beacon {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    Beacon::from_bytes(bytes)
}

fn service(addresses: &str, port: u16) -> ResolvedService {
    ServiceInfo::new(SERVICE, "a1a1a1a1a1a1a1a1", "host.local.", addresses, port, None).unwrap().as_resolved_service()
}

#[test]
fn only_sixteen_hex_digits_are_a_beacon() {
    assert_eq!(beacon_of("a1a1a1a1a1a1a1a1._lamplit._udp.local."), Some(SHOWN));
    assert_eq!(beacon_of("a1a1a1a1a1a1a1a1._Lamplit._UDP.local."), Some(SHOWN));
    for name in [
        "",
        "a1a1a1a1a1a1a1a1",
        "a1a1a1a1a1a1a1._lamplit._udp.local.",
        "a1a1a1a1a1a1a1a1a1._lamplit._udp.local.",
        "A1a1a1a1a1a1a1a1._lamplit._udp.local.",
        "a1a1a1a1a1a1a1g1._lamplit._udp.local.",
        "a1a1a1a1a1a1a1a1 (2)._lamplit._udp.local.",
        "a1a1a1a1a1a1a1a1._ipp._tcp.local.",
        "x.a1a1a1a1a1a1a1a1._lamplit._udp.local.",
        "éééééééé._lamplit._udp.local.",
    ] {
        assert_eq!(beacon_of(name), None, "{name}");
    }
}

#[test]
fn what_is_shown_tells_nothing_but_the_beacon_and_the_port() {
    let bound = "[::]:4242".parse().unwrap();
    let (first, second) = (describe(SHOWN, bound).unwrap(), describe(SHOWN, bound).unwrap());
    assert_eq!(beacon_of(first.get_fullname()), Some(SHOWN));
    assert_eq!(first.get_port(), 4242);
    assert!(first.get_properties().is_empty());
    assert!(first.is_addr_auto());
    assert_ne!(first.get_hostname(), second.get_hostname(), "a new host name each time");
    assert_eq!(first.get_hostname().len(), 32 + ".local.".len());
}

#[test]
fn a_bound_address_is_the_only_one_shown() {
    let service = describe(SHOWN, "127.0.0.1:4242".parse().unwrap()).unwrap();
    assert!(!service.is_addr_auto());
    assert_eq!(service.get_addresses().iter().collect::<Vec<_>>(), [&IpAddr::from([127, 0, 0, 1])]);
}

#[test]
fn sightings_lead_to_single_hosts_and_never_to_ourselves() {
    let told = sockets_of(&service("192.0.2.1,2001:db8::1,127.0.0.1,::1,224.0.0.251,0.0.0.0,::ffff:0.0.0.0", 9));
    assert_eq!(told, ["192.0.2.1:9".parse().unwrap(), "[2001:db8::1]:9".parse().unwrap()]);
    assert!(sockets_of(&service("192.0.2.1", 0)).is_empty());
    let many = (1..=99).map(|host| format!("192.0.2.{host}")).collect::<Vec<_>>().join(",");
    assert_eq!(sockets_of(&service(&many, 9)).len(), limits::SIGHTED_ADDRESSES);
}

#[tokio::test]
async fn strangers_services_are_passed_over() {
    let (wish, wanted) = watch::channel(None);
    let (events, mut heard) = mpsc::channel(8);
    let looking = tokio::spawn(run("[::]:4242".parse().unwrap(), wanted, events));
    let stranger = ServiceDaemon::new().unwrap();
    // Others may be testing on the same network, so every run has names of its own.
    let [refused, shown] = [any_beacon(), any_beacon()];
    let name = HEXLOWER.encode(refused.as_bytes());
    for instance in ["printer", &format!("{name} (2)"), &format!("x{name}"), &HEXLOWER.encode(shown.as_bytes())] {
        let service = ServiceInfo::new(SERVICE, instance, "stranger.local.", "", 9, None).unwrap().enable_addr_auto();
        stranger.register(service).unwrap();
    }
    let seen = timeout(Duration::from_secs(20), async {
        loop {
            match heard.recv().await.unwrap() {
                TransportEvent::Sighted { beacon, .. } if beacon == shown => return,
                TransportEvent::Sighted { beacon, .. } => assert_ne!(beacon, refused),
                _ => {}
            }
        }
    });
    seen.await.unwrap_or_else(|_| panic!("nothing was seen: is there an interface that is up and can multicast?"));
    drop(wish);
    timeout(Duration::from_secs(5), looking).await.unwrap().unwrap();
    stranger.shutdown().unwrap();
}

#[tokio::test]
async fn a_sighting_is_told_once_and_waits_while_nobody_reads() {
    let (events, heard) = mpsc::channel(1);
    let mut session = Session::open("[::]:4242".parse().unwrap(), &events).unwrap();
    for _ in 0..2 {
        session.tell_sighted(&service("192.0.2.1", 9)).await;
    }
    assert_eq!(heard.len(), 1, "the same sighting is told once");
    let lost = ServiceEvent::ServiceRemoved(SERVICE.to_owned(), format!("a1a1a1a1a1a1a1a1.{SERVICE}"));
    assert!(timeout(Duration::from_millis(50), session.tell(lost)).await.is_err(), "it waits while nobody reads");
    drop(heard);
    session.close().await;
}

#[tokio::test]
async fn a_flood_of_beacons_is_forgotten() {
    let (events, mut heard) = mpsc::channel(1);
    let drain = tokio::spawn(async move { while heard.recv().await.is_some() {} });
    let mut session = Session::open("[::]:4242".parse().unwrap(), &events).unwrap();
    for number in 0..3 * limits::SIGHTED_BEACONS as u64 {
        let instance = HEXLOWER.encode(&number.to_be_bytes());
        let flood = ServiceInfo::new(SERVICE, &instance, "host.local.", "192.0.2.1", 9, None).unwrap();
        session.tell_sighted(&flood.as_resolved_service()).await;
        assert!(session.sighted.len() <= limits::SIGHTED_BEACONS);
    }
    session.close().await;
    drop(events);
    drain.await.unwrap();
}

#[tokio::test]
async fn the_cache_is_counted() {
    let (events, _heard) = mpsc::channel(1);
    let mut session = Session::open("[::]:4242".parse().unwrap(), &events).unwrap();
    session.show(Some(any_beacon())).unwrap();
    // Our own service comes back to us as it does to others.
    let counted = timeout(Duration::from_secs(20), async {
        while session.cached().await == 0 {
            sleep(Duration::from_millis(50)).await;
        }
    });
    counted.await.unwrap_or_else(|_| panic!("is there an interface that is up and can multicast?"));
    session.close().await;
}
