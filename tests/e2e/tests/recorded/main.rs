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
    fs,
    io::{BufRead as _, BufReader, Cursor, Write as _},
    os::unix::net::UnixStream,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use data_encoding::{BASE64, HEXLOWER};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use lamplit_e2e::{Device, Host, Lan, Secret, canary, eventually, nothing_of, within_code, within_it};
use serde_json::{Value, json};

/// How long a device shows one name.
const EPOCH: Duration = Duration::from_secs(15 * 60);
/// The longest silence between two names.
const PAUSE: Duration = Duration::from_secs(20);

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
    let canary = |word: &str| canary(word).unwrap();
    let names = ["Ada", "Grace", "Linus"].map(canary);
    let lan = Lan::of(4).unwrap();
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
    let pads_name = canary("pad");
    let mut pad = Device::joined(&lan, Host(4), ada.name(), &pads_name, &code).unwrap();
    pad.start(&[]).unwrap();
    // To her other device go a note from before it was linked, and an alias from now.
    ada.ask(&["rename", grace.name(), &alias]).unwrap();
    eventually("the pad shall know how Ada calls Grace, and her note", || {
        let contacts = pad.list(&["contacts"])?;
        Ok(contacts.into_iter().find(|contact| contact["alias"] == *alias && contact["note"] == *note))
    })
    .unwrap();
    let devices = eventually("Ada's devices shall know each other's names", || {
        let [here, there] = [&ada, &pad].map(|device| device.list(&["devices"]));
        let (here, there) = (here?, there?);
        let all_have_names =
            |devices: &[Value]| devices.iter().filter(|device| device["name"].is_string()).count() == 2;
        Ok((all_have_names(&here) && all_have_names(&there)).then_some(here))
    })
    .unwrap();
    let phrase = ada.phrase().unwrap().to_owned();
    ada.ask_with(&["devices", "remove", &pads_name], &phrase).unwrap();
    eventually("the pad shall hear that it was removed", || {
        Ok((pad.ask(&["status"])?["removed"] == Value::Bool(true)).then_some(()))
    })
    .unwrap();
    ada.wait_until_sent().unwrap();

    let mut secrets: Vec<Secret<'_>> = Vec::new();
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
    let status = ada.ask(&["status"]).unwrap();
    let account = status["account"].as_str().unwrap();
    secrets.extend(invites.iter().flat_map(|link| within_code("an invite", link, account).unwrap()));
    secrets.extend(within_code("a link code", &code, account).unwrap());
    secrets.extend(within_it("a picture", &picture).unwrap());
    secrets.extend(within_it("a picture's likeness", &likeness(&grace, &photo)).unwrap());
    secrets.extend(lan.hosts().map(|host| ("a machine's name", host.hostname().into_bytes())));
    secrets.push(("the phrase", phrase.into_bytes()));

    let recording = nothing_of(&lan, recorder, &secrets).unwrap();
    assert!(recording.datagrams.len() > 100, "only {} datagrams were heard", recording.datagrams.len());
    // The pad learned all of it from Ada's first device over the bridge.
    let [first, second] = [Host::LEFT, Host(4)].map(|host| lan.addresses(host).unwrap());
    let to_the_pad: usize = recording.between(&first, &second).map(|datagram| datagram.payload.len()).sum();
    assert!(to_the_pad > 10_000, "only {to_the_pad} bytes went between two devices of one account");
}

/// The machine's time of day, in microseconds, as recordings have it.
fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}
