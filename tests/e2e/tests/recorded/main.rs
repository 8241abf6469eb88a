//! What somebody learns who hears all that goes over a network. Each search first finds what was planted for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod linker;
mod names;
mod rest;
mod rogue;
mod rotation;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Cursor, Write as _},
    os::unix::net::UnixStream,
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER, HEXUPPER};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use lamplit_e2e::{Device, Host, Lan, Recording, Relay, eventually};
use serde_json::{Value, json};

/// How long a device shows one name.
const EPOCH: Duration = Duration::from_secs(15 * 60);
/// The longest silence between two names.
const PAUSE: Duration = Duration::from_secs(20);

/// Something that no other run has.
fn canary(word: &str) -> String {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes).unwrap();
    format!("{word}{}", HEXLOWER.encode(&bytes))
}

/// The forms in which a secret is looked for: as it is, in UTF-16, in hexadecimal, and in base64 wherever it stands there.
fn forms(secret: &[u8]) -> [Vec<u8>; 7] {
    let base64 = |before: usize| {
        let text = BASE64.encode(&[&[0; 2][..before], secret].concat());
        // The first letters hang on what comes before, and the last ones on what comes after.
        let (first, last) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
        text.as_bytes()[first..last].to_vec()
    };
    let utf16 = secret.iter().flat_map(|byte| [*byte, 0]).collect();
    let hex = [HEXLOWER.encode(secret), HEXUPPER.encode(secret)].map(String::into_bytes);
    let [lower, upper] = hex;
    [secret.to_vec(), utf16, lower, upper, base64(0), base64(1), base64(2)]
}

/// How often each of some secrets was heard, in each of its forms.
fn heard_of<'a>(recording: &Recording, secrets: &[(&'a str, Vec<u8>)]) -> BTreeMap<&'a str, [usize; 7]> {
    // What is cut into packets is put together again for each who speaks to another.
    let mut streams: BTreeMap<_, Vec<u8>> = BTreeMap::new();
    for datagram in &recording.datagrams {
        streams.entry((datagram.addresses, datagram.ports)).or_default().extend(&datagram.payload);
    }
    let places: Vec<&[u8]> =
        recording.frames.iter().map(Vec::as_slice).chain(streams.values().map(Vec::as_slice)).collect();
    let mut found: BTreeMap<&str, [usize; 7]> = BTreeMap::new();
    for (what, secret) in secrets {
        let so_far = found.entry(*what).or_default();
        for (form, times) in forms(secret).iter().zip(so_far) {
            assert!(form.len() >= 8, "{what} is too short to be looked for");
            let finder = memchr::memmem::Finder::new(form);
            *times += places.iter().filter(|place| finder.find(place).is_some()).count();
        }
    }
    found
}

/// What an invite or a link code says: its id, its secret, and both as they stand in its text.
fn of_link<'a>(what: &'a str, link: &str, account: &[u8]) -> Vec<(&'a str, Vec<u8>)> {
    let code = link.split_once('/').unwrap().1.to_uppercase();
    let bytes = BASE32_NOPAD.decode(code.as_bytes()).unwrap();
    // A version, the id, the secret, and the account (docs/protocol.md, section 8).
    assert_eq!(&bytes[49..65], account, "the account stands behind the secret");
    let text = &code.as_bytes()[4..76];
    let texts = [text.to_vec(), text.to_ascii_lowercase()];
    [bytes[1..17].to_vec(), bytes[17..49].to_vec()].into_iter().chain(texts).map(|secret| (what, secret)).collect()
}

/// Some bytes from within a picture.
fn within<'a>(what: &'a str, picture: &[u8]) -> impl Iterator<Item = (&'a str, Vec<u8>)> {
    let quarters = [1, 2, 3].map(|quarter| picture.len() * quarter / 4);
    quarters.map(|at| (what, picture[at..at + 24].to_vec())).into_iter()
}

/// A picture of squares of any colours, so that no two parts of it are alike.
fn mosaic() -> Vec<u8> {
    let mut colours = [[0; 3]; 32 * 32];
    getrandom::fill(colours.as_flattened_mut()).unwrap();
    let picture = RgbImage::from_fn(256, 256, |x, y| Rgb(colours[(y / 8 * 32 + x / 8) as usize]));
    let mut jpeg = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    jpeg.into_inner()
}

/// The likeness of a picture, that comes with its message.
fn likeness(device: &Device<'_>, name: &str) -> Vec<u8> {
    let file = device.file(name).unwrap().unwrap()["id"].clone();
    let mut daemon = UnixStream::connect(device.data().join("lamplit.sock")).unwrap();
    writeln!(daemon, "{}", json!({ "jsonrpc": "2.0", "id": 1, "method": "preview", "params": { "file": file } }))
        .unwrap();
    let mut answer = String::new();
    BufReader::new(daemon).read_line(&mut answer).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    BASE64.decode(answer["result"]["jpeg"].as_str().expect("a picture has a likeness").as_bytes()).unwrap()
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
    let invites = [&grace, &linus].map(|guest| ada.meet(guest).unwrap());
    let [text, note, alias, app, group, song, caption, file, content, photo] =
        ["text", "note", "alias", "app", "group", "song", "caption", "file", "content", "photo"].map(canary);
    ada.ask(&["say", grace.name(), &text]).unwrap();
    ada.ask(&["on", &app]).unwrap();
    grace.wait_for_contact(&ada, "be lit", |contact| contact["lit"][0]["app"] == *app).unwrap();
    ada.ask(&["note", grace.name(), &note]).unwrap();
    ada.ask(&["group", "new", &group, grace.name(), linus.name()]).unwrap();
    let path = ada.data().join(format!("{file}.txt"));
    fs::write(&path, content.repeat(1000)).unwrap();
    ada.ask(&["send", grace.name(), &path.to_string_lossy()]).unwrap();
    grace.receive(&format!("{file}.txt"), &path.to_string_lossy()).unwrap();
    let photo = format!("{photo}.jpg");
    let path = ada.data().join(&photo);
    let picture = mosaic();
    fs::write(&path, &picture).unwrap();
    ada.ask(&["send", "--caption", &caption, grace.name(), &path.to_string_lossy()]).unwrap();
    grace.receive(&photo, &path.to_string_lossy()).unwrap();
    eventually("the group shall be there", || Ok(linus.list(&["group", "list"])?.pop())).unwrap();
    linus.ask(&["say", &group, &song]).unwrap();
    eventually("the group shall hear it", || {
        Ok(grace.list(&["history", &group])?.into_iter().find(|message| message["text"] == *song))
    })
    .unwrap();
    let code = ada.ask(&["link", "--no-wait"]).unwrap()["link"].as_str().unwrap().to_owned();
    let mut pad = Device::joined(&lan, Host::LEFT, ada.name(), &canary("pad"), &code).unwrap();
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
        ("a text in a group", &song),
        ("a file's name", &file),
        ("a file's name", &photo),
        ("a caption", &caption),
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
    let account = ada.ask(&["status"]).unwrap()["account"].as_str().unwrap().replace('-', "");
    let account = HEXLOWER.decode(account.as_bytes()).unwrap();
    secrets.extend(invites.iter().flat_map(|link| of_link("an invite", link, &account)));
    secrets.extend(of_link("a link code", &code, &account));
    secrets.extend(within("a picture", &picture));
    secrets.extend(within("a picture's likeness", &likeness(&grace, &photo)));
    secrets.extend(lan.hosts().map(|host| ("a machine's name", host.hostname().into_bytes())));
    let phrase = ada.phrase().unwrap().to_owned();
    secrets.push(("the phrase", phrase.into_bytes()));
    drop(pad);

    // What the search finds where there is something to find: something that is said openly over the bridge, in each of the
    // forms, and something over two packets.
    let [planted, parted] = ["planted", "parted"].map(canary);
    secrets.push(("what was planted", planted.as_bytes().to_vec()));
    secrets.push(("what was parted", parted.as_bytes().to_vec()));
    let listener = Relay::start(&lan, Host::RIGHT, "10.77.0.3:9".parse().unwrap(), 0).unwrap();
    let to = listener.address().replace(':', "/");
    let say = |packets: &[&[u8]]| {
        let quoted = |packet: &&[u8]| packet.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        let lines: String =
            packets.iter().map(|packet| format!("printf \"{}\" >&3; sleep 0.1; ", quoted(packet))).collect();
        lan.must(Host::LEFT, &format!("bash -c 'exec 3<> /dev/udp/{to}; {lines}'")).unwrap();
    };
    let plain = planted.as_bytes();
    say(&[plain]);
    say(&[&planted.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()]);
    say(&[HEXLOWER.encode(plain).as_bytes()]);
    say(&[HEXUPPER.encode(plain).as_bytes()]);
    for before in ["", "a", "to"] {
        say(&[BASE64.encode(format!("{before}{planted} and more").as_bytes()).as_bytes()]);
    }
    say(&[&parted.as_bytes()[..7], &parted.as_bytes()[7..]]);
    sleep(Duration::from_millis(500));
    let recording = recorder.stop().unwrap();
    assert!(recording.datagrams.len() > 100, "only {} datagrams were heard", recording.datagrams.len());
    let mut found = heard_of(&recording, &secrets);
    let [planted, parted] = ["what was planted", "what was parted"].map(|what| found.remove(what).unwrap());
    assert!(planted.iter().all(|times| *times > 0), "what was planted was found {planted:?} times");
    assert!(parted[0] > 0, "what was parted was not put together");
    println!("looked for {} things, {} kinds of secrets", secrets.len(), found.len());
    assert!(found.values().all(|times| *times == [0; 7]), "{found:?}");
}

/// The machine's time of day, in microseconds, as recordings have it.
fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}
