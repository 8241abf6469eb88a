//! What somebody learns who hears all that goes over a network. Each search first finds what was planted for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod linker;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use data_encoding::{BASE64, HEXLOWER};
use lamplit_e2e::{Clock, Device, Host, Lan, Recording, Relay, eventually};

/// How long a device shows one name.
const EPOCH: Duration = Duration::from_secs(15 * 60);
/// How long until all have a new name, and have said it: they see within 15 s that it is time, and wait up to 20 s.
const ROUND: Duration = Duration::from_secs(28);
const DEVICES: u8 = 40;
const ROUNDS: usize = 7;

/// Something that no other run has.
fn canary(word: &str) -> String {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes).unwrap();
    format!("{word}{}", HEXLOWER.encode(&bytes))
}

/// How often each of some secrets was heard, as it is or in hexadecimal, base64 or UTF-16.
fn heard_of<'a>(recording: &Recording, secrets: &[(&'a str, Vec<u8>)]) -> BTreeMap<&'a str, usize> {
    // What is cut into packets is put together again for each who speaks to another.
    let mut streams: BTreeMap<_, Vec<u8>> = BTreeMap::new();
    for datagram in &recording.datagrams {
        streams.entry((datagram.addresses, datagram.ports)).or_default().extend(&datagram.payload);
    }
    let places: Vec<&[u8]> =
        recording.frames.iter().map(Vec::as_slice).chain(streams.values().map(Vec::as_slice)).collect();
    let mut found = BTreeMap::new();
    for (what, secret) in secrets {
        let utf16: Vec<u8> = secret.iter().flat_map(|byte| [*byte, 0]).collect();
        let base64 = BASE64.encode(secret);
        // Its last letters hang on what comes after.
        let base64 = base64.trim_end_matches('=').as_bytes();
        let forms = [secret.clone(), HEXLOWER.encode(secret).into_bytes(), base64[..base64.len() - 2].to_vec(), utf16];
        let times = forms.iter().map(|form| {
            let finder = memchr::memmem::Finder::new(form);
            places.iter().filter(|place| finder.find(place).is_some()).count()
        });
        *found.entry(*what).or_default() += times.sum::<usize>();
    }
    found
}

#[test]
fn what_they_say_to_each_other_is_heard_by_nobody() {
    let names = ["Ada", "Grace", "Linus"].map(canary);
    let lan = Lan::of(3).unwrap();
    let recorder = lan.record().unwrap();
    let [ada, grace, linus] = [(Host::LEFT, 0), (Host::RIGHT, 1), (Host::THIRD, 2)].map(|(host, name)| {
        let mut device = Device::new(&lan, host, &names[name]).unwrap();
        device.start(&[]).unwrap();
        device
    });
    ada.meet(&grace).unwrap();
    ada.meet(&linus).unwrap();
    let [text, note, alias, app, group, file, content] =
        ["text", "note", "alias", "app", "group", "file", "content"].map(canary);
    ada.ask(&["say", grace.name(), &text]).unwrap();
    ada.ask(&["on", &app]).unwrap();
    grace.wait_for_contact(&ada, "be lit", |contact| contact["lit"][0]["app"] == *app).unwrap();
    ada.ask(&["note", grace.name(), &note]).unwrap();
    ada.ask(&["group", "new", &group, grace.name(), linus.name()]).unwrap();
    let path = ada.data().join(format!("{file}.txt"));
    fs::write(&path, content.repeat(1000)).unwrap();
    ada.ask(&["send", grace.name(), &path.to_string_lossy()]).unwrap();
    grace.receive(&format!("{file}.txt"), &path.to_string_lossy()).unwrap();
    let mut pad = Device::linked(&lan, Host::LEFT, &canary("pad"), &ada).unwrap();
    pad.start(&[]).unwrap();
    ada.ask(&["rename", grace.name(), &alias]).unwrap();
    ada.wait_until_sent().unwrap();

    let mut secrets: Vec<(&str, Vec<u8>)> = Vec::new();
    for (what, secret) in [
        ("a text", &text),
        ("a note", &note),
        ("an alias", &alias),
        ("an app", &app),
        ("a group", &group),
        ("a file's name", &file),
        ("a file", &content),
    ] {
        secrets.push((what, secret.as_bytes().to_vec()));
    }
    secrets.extend(names.iter().map(|name| ("a name", name.as_bytes().to_vec())));
    // The first is called what its machine is.
    let devices = eventually("Ada's devices shall know each other's names", || {
        let devices = ada.list(&["devices"])?;
        Ok((devices.iter().filter(|device| device["name"].is_string()).count() == 2).then_some(devices))
    })
    .unwrap();
    for device in &devices {
        secrets.push(("a device's name", device["name"].as_str().unwrap().as_bytes().to_vec()));
        secrets.push(("a device", HEXLOWER.decode(device["id"].as_str().unwrap().as_bytes()).unwrap()));
    }
    for device in [&ada, &grace, &linus] {
        for contact in device.list(&["contacts"]).unwrap() {
            let id = contact["id"].as_str().unwrap().to_owned();
            secrets.push(("an account", HEXLOWER.decode(id.replace('-', "").as_bytes()).unwrap()));
            secrets.push(("an account", id.into_bytes()));
        }
    }
    secrets.extend(lan.hosts().map(|host| ("a machine's name", host.hostname().into_bytes())));
    let phrase = ada.phrase().unwrap().to_owned();
    secrets.push(("the phrase", phrase.into_bytes()));
    drop(pad);

    // What the search finds where there is something to find.
    let planted = canary("planted");
    secrets.push(("what was planted", planted.as_bytes().to_vec()));
    let listener = Relay::start(&lan, Host::RIGHT, "10.77.0.3:9".parse().unwrap(), 0).unwrap();
    let to = listener.address().replace(':', "/");
    let say = |lines: &str| lan.must(Host::LEFT, &format!("bash -c 'exec 3<> /dev/udp/{to}; {lines}'")).unwrap();
    say(&format!("printf {planted} >&3"));
    say(&format!("printf {} >&3", HEXLOWER.encode(planted.as_bytes())));
    let (first, second) = planted.split_at(7);
    say(&format!("printf {first} >&3; sleep 0.1; printf {second} >&3"));
    sleep(Duration::from_millis(500));
    let recording = recorder.stop().unwrap();
    assert!(recording.datagrams.len() > 100, "only {} datagrams were heard", recording.datagrams.len());
    let mut found = heard_of(&recording, &secrets);
    // Once, in hexadecimal, and over two packets.
    let found_planted = found.remove("what was planted");
    assert!(found_planted >= Some(5), "what was planted was found {found_planted:?} times");
    assert!(found.values().all(|times| *times == 0), "{found:?}");
}

#[test]
fn names_of_one_device_are_linked_no_better_than_by_chance() {
    let mut clock = Clock::at_the_beginning_of(EPOCH).unwrap();
    let lan = Lan::of(DEVICES).unwrap();
    let recorder = lan.record().unwrap();
    let mut rounds = vec![now()];
    let mut devices: Vec<Device<'_>> = Vec::new();
    for host in lan.hosts() {
        let mut device = Device::new(&lan, host, &format!("Guest {}", host.0)).unwrap();
        device.start_by(&clock, &[]).unwrap();
        devices.push(device);
    }
    // Some know each other, and have links over which they say what they are on.
    for pair in devices.chunks(2).take(4) {
        pair[0].meet(&pair[1]).unwrap();
        pair[0].ask(&["on", "qq"]).unwrap();
    }
    sleep(ROUND);
    for _ in 1..ROUNDS {
        rounds.push(now());
        clock.advance(EPOCH).unwrap();
        sleep(ROUND);
    }
    let recording = recorder.stop().unwrap();

    let mut names = linker::names(&recording.datagrams);
    let owners: BTreeMap<String, [u8; 6]> = names.iter().map(|(name, seen)| (name.clone(), seen.mac)).collect();
    assert_eq!(owners.values().collect::<BTreeSet<_>>().len(), usize::from(DEVICES), "all devices were heard");
    let heard = judge(&linker::compare(&names, &rounds), &owners);
    println!("{heard:?}");
    assert!(heard.changes >= 200, "only {} changes of names were heard", heard.changes);
    // A run in a million is beyond this by chance.
    let (beyond, before) = (linker::beyond_chance(heard.changes, DEVICES.into()), linker::before_chance(heard.changes));
    assert!(heard.right < beyond, "{} of {} changes were linked", heard.right, heard.changes);
    // What stands behind all others as reliably would give as much away.
    let off = (heard.place - 0.5).abs();
    assert!(off < 0.5 - before, "what is right stands at {}, and by chance at 0.5 and hardly {before}", heard.place);

    // A device that says a number of its own, once with each name, is linked nearly always.
    for (name, seen) in &mut names {
        let packet = linker::leak(name, &owners[name]);
        seen.hear(&packet);
    }
    let planted = judge(&linker::compare(&names, &rounds), &owners);
    println!("planted: {planted:?}");
    assert!(planted.right * 20 >= planted.changes * 19, "of {} planted, {} are found", planted.changes, planted.right);
    assert!(planted.place < 0.05, "what was planted stands at {}", planted.place);
}

/// What came of guessing.
#[derive(Debug)]
struct Judged {
    changes: usize,
    /// Changes that were guessed right.
    right: usize,
    /// Where the right one stands in the mean: 0.5 is chance.
    place: f64,
}

fn judge(compared: &[(&str, Vec<linker::Candidate<'_>>)], owners: &BTreeMap<String, [u8; 6]>) -> Judged {
    let mut places = Vec::new();
    let mut right = 0;
    for (name, candidates) in compared {
        let is_right = |next: &str| owners[next] == owners[*name];
        right += usize::from(linker::likeliest(candidates).is_some_and(is_right));
        places.extend(linker::place(candidates, is_right));
    }
    assert!(places.len() * 20 >= compared.len() * 19, "only {} names have a next", places.len());
    Judged { changes: compared.len(), right, place: places.iter().sum::<f64>() / places.len() as f64 }
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}
