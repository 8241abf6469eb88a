//! What really goes over the wire while real transports change their names, as somebody hears it who is given what is
//! said and not who says it.

use std::collections::{BTreeMap, BTreeSet};

use simple_dns::Packet;
use simple_dns::rdata::RData;
use tokio::task::spawn_blocking;

use super::*;
use crate::interfaces::Interfaces;
use crate::probe;

const DEVICES: usize = 8;
const CHANGES: usize = 25;
const PAUSE: Duration = Duration::from_millis(400);

/// An interface on which multicast comes back.
fn interface() -> String {
    let here = Interfaces::now();
    let faces = here.faces.iter().filter(|(face, _)| !face.is_loopback).chain(&here.faces);
    let name = faces.map(|(_, (name, _))| name.clone()).next();
    name.unwrap_or_else(|| panic!("this test needs a network interface that is up"))
}

/// Each name with all that was ever said together with it, but addresses.
fn said_with(packets: &[Vec<u8>], own: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for packet in packets.iter().filter_map(|packet| Packet::parse(packet).ok()) {
        let records = packet.answers.iter().chain(&packet.additional_records).chain(&packet.name_servers);
        let (mut names, mut things) = (BTreeSet::new(), BTreeSet::new());
        for record in records {
            let name = record.name.to_string();
            names.extend(own.get(&name).cloned());
            assert!(record.ttl > 0 || !own.contains(&name), "a goodbye for {name}");
            match &record.rdata {
                RData::PTR(to) => {
                    assert!(record.ttl > 0 || !own.contains(&to.0.to_string()), "a goodbye for {}", to.0);
                    names.extend(own.get(&to.0.to_string()).cloned());
                }
                RData::SRV(srv) => things.extend([format!("port {}", srv.port), format!("host {}", srv.target)]),
                _ => {}
            }
        }
        // Questions too may name somebody.
        names.extend(packet.questions.iter().filter_map(|question| own.get(&question.qname.to_string()).cloned()));
        assert!(names.len() <= 1, "one packet holds the names of two");
        for name in names {
            all.entry(name).or_default().extend(things.iter().cloned());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_real_changes_have_nothing_in_common() {
    let name = interface();
    let time = (PAUSE + Duration::from_millis(300)) * (CHANGES as u32 + 2);
    let listening = spawn_blocking(move || probe::overhear(&name, time).unwrap());
    let devices: Vec<_> =
        (0..DEVICES).map(|_| host(Config { pause: PAUSE, ..Config::default() })).map(|host| host.transport).collect();
    let mut beacons: Vec<Vec<Beacon>> = vec![Vec::new(); DEVICES];
    for _ in 0..=CHANGES {
        for (device, shown) in devices.iter().zip(&mut beacons) {
            let mut bytes = [0; 8];
            getrandom::fill(&mut bytes).unwrap();
            shown.push(Beacon::from_bytes(bytes));
            device.advertise(shown.last().copied());
        }
        sleep(PAUSE + Duration::from_millis(300)).await;
    }
    let packets = listening.await.unwrap();
    let instance = |beacon: &Beacon| {
        format!("{}.{}", data_encoding::HEXLOWER.encode(beacon.as_bytes()), crate::discovery::dns::SERVICE)
    };
    let own: BTreeSet<String> = beacons.iter().flatten().map(instance).collect();
    let said = said_with(&packets, &own);
    // It listened too: nearly all names were heard. The last ones may have come too late.
    assert!(said.len() >= DEVICES * (CHANGES - 2), "{} of {} names were heard", said.len(), own.len());
    let mut owners: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (name, things) in &said {
        things.iter().for_each(|thing| owners.entry(thing).or_default().push(name));
    }
    // Ports are drawn by the system, and are drawn again once they are free; so by chance, and no device its own.
    let device = |name: &String| beacons.iter().position(|shown| shown.iter().any(|beacon| instance(beacon) == *name));
    let mut alike = 0;
    for (thing, names) in owners.iter().filter(|(_, names)| names.len() > 1) {
        assert!(thing.starts_with("port"), "{thing} was said with {names:?}");
        alike += usize::from(names.windows(2).any(|pair| device(pair[0]) == device(pair[1])));
    }
    assert!(alike <= 5, "{alike} ports went with two names of one device");
    // What it finds where there is something to find: a planted device whose port stays.
    let planted: Vec<Vec<u8>> = beacons[0]
        .iter()
        .map(|beacon| {
            let service = crate::discovery::dns::Service { beacon: *beacon, host: [1; 16], port: 9 };
            service.announcement(Ipv4Addr::new(192, 0, 2, 1).into(), 120).unwrap()
        })
        .collect();
    let said = said_with(&planted, &own);
    assert!(said.values().all(|things| things.contains("port 9")) && said.len() == beacons[0].len());
}
