use std::{collections::BTreeMap, thread::sleep, time::Duration};

use anyhow::{Context, Result, bail};
use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER, HEXUPPER};
use memchr::memmem::Finder;

use crate::{Host, Lan, Recorder, Recording};

/// In how many forms a secret is looked for.
const FORMS: usize = 7;
/// The fewest bytes of a form that are not found by chance.
const SHORTEST: usize = 8;
/// Bytes of each piece that is looked for of something large.
const CUT: usize = 24;

/// What a secret is, and the secret itself.
pub type Secret<'a> = (&'a str, Vec<u8>);

/// Something that no other run has.
///
/// # Errors
/// If the system has no random bytes.
pub fn canary(word: &str) -> Result<String> {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{word}{}", HEXLOWER.encode(&bytes)))
}

/// Some pieces from within something large, of which no two parts are alike.
///
/// # Errors
/// If it is too short for that.
pub fn within_it<'a>(what: &'a str, whole: &[u8]) -> Result<Vec<Secret<'a>>> {
    let piece = |quarter: usize| {
        let at = whole.len() / 4 * quarter;
        Some((what, whole.get(at..at + CUT)?.to_vec()))
    };
    (1..4).map(|quarter| piece(quarter).with_context(|| format!("{what} is too short"))).collect()
}

/// What an invite or a link code of an account says: its id, its secret, and both as they stand in its text.
///
/// # Errors
/// If it is no such code, or another account's.
pub fn within_code<'a>(what: &'a str, link: &str, account: &str) -> Result<Vec<Secret<'a>>> {
    let code = link.split_once('/').context("a code stands behind a stroke")?.1.to_uppercase();
    let bytes = BASE32_NOPAD.decode(code.as_bytes())?;
    // A version, the id, the secret, and the account (docs/protocol.md, section 8).
    let parts = [bytes.get(1..17), bytes.get(17..49), code.as_bytes().get(4..76)];
    let [Some(id), Some(secret), Some(text)] = parts else { bail!("{what} is too short") };
    if bytes.get(49..65) != Some(HEXLOWER.decode(account.replace('-', "").as_bytes())?.as_slice()) {
        bail!("the account does not stand behind the secret");
    }
    let texts = [text.to_vec(), text.to_ascii_lowercase()];
    Ok([id.to_vec(), secret.to_vec()].into_iter().chain(texts).map(|secret| (what, secret)).collect())
}

/// Ends a recording in which nobody may hear any of some secrets, in whatever form. What is said openly before it ends, in each
/// of the forms and once in two packets, must be found in it.
///
/// # Errors
/// If a secret was heard, or what was said openly was not.
pub fn nothing_of(lan: &Lan, recorder: Recorder, secrets: &[Secret<'_>]) -> Result<Recording> {
    let [planted, parted] = [canary("planted")?, canary("parted")?];
    say_openly(lan, &planted, &parted)?;
    let recording = recorder.stop()?;
    let control = [("what was planted", planted.into_bytes()), ("what was parted", parted.into_bytes())];
    let found = heard_of(&recording, &control)?;
    let times = |what: &str| found.get(what).copied().unwrap_or_default();
    let [planted, [parted, ..]] = control.each_ref().map(|(what, _)| times(what));
    if planted.contains(&0) || parted == 0 {
        bail!("what was said openly was found {planted:?} times, and over two packets {parted} times");
    }
    if secrets.is_empty() {
        bail!("nothing was searched for");
    }
    let heard: BTreeMap<_, _> =
        heard_of(&recording, secrets)?.into_iter().filter(|(_, times)| *times != [0; FORMS]).collect();
    if !heard.is_empty() {
        bail!("it goes over the network for all to hear: {heard:?}");
    }
    Ok(recording)
}

/// Says something in each of its forms, and something else in two packets.
fn say_openly(lan: &Lan, planted: &str, parted: &str) -> Result<()> {
    let (socket, to) = lan.speaker(Host::LEFT)?;
    let plain = planted.as_bytes();
    let utf16: Vec<u8> = planted.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex = [HEXLOWER.encode(plain), HEXUPPER.encode(plain)].map(String::into_bytes);
    let base64 = ["", "a", "to"].map(|before| BASE64.encode(format!("{before}{planted} and more").as_bytes()));
    let [head, tail] = [parted.get(..SHORTEST - 1), parted.get(SHORTEST - 1..)].map(Option::unwrap_or_default);
    let packets = [plain.to_vec(), utf16].into_iter().chain(hex).chain(base64.map(String::into_bytes));
    for packet in packets.chain([head, tail].map(|part| part.as_bytes().to_vec())) {
        socket.send_to(&packet, to)?;
        // In their order, one by one.
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The forms in which a secret is looked for: as it is, in UTF-16, in hexadecimal, and in base64 wherever it stands there.
fn forms(secret: &[u8]) -> [Vec<u8>; FORMS] {
    let base64 = |before: usize| {
        let text = BASE64.encode(&[vec![0; before].as_slice(), secret].concat());
        // The first letters hang on what comes before, and the last ones on what comes after.
        let (first, last) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
        text.as_bytes().get(first..last).unwrap_or_default().to_vec()
    };
    let utf16 = secret.iter().flat_map(|byte| [*byte, 0]).collect();
    let [lower, upper] = [HEXLOWER.encode(secret), HEXUPPER.encode(secret)].map(String::into_bytes);
    [secret.to_vec(), utf16, lower, upper, base64(0), base64(1), base64(2)]
}

/// How often each of some secrets was heard, in each of its forms.
fn heard_of<'a>(recording: &Recording, secrets: &[Secret<'a>]) -> Result<BTreeMap<&'a str, [usize; FORMS]>> {
    // What is cut into packets is put together again for each who speaks to another.
    let mut streams: BTreeMap<_, Vec<u8>> = BTreeMap::new();
    for datagram in &recording.datagrams {
        streams.entry((datagram.addresses, datagram.ports)).or_default().extend(&datagram.payload);
    }
    let places: Vec<&[u8]> =
        recording.frames.iter().map(Vec::as_slice).chain(streams.values().map(Vec::as_slice)).collect();
    let mut found: BTreeMap<&str, [usize; FORMS]> = BTreeMap::new();
    for (what, secret) in secrets {
        let so_far = found.entry(*what).or_default();
        for (form, times) in forms(secret).iter().zip(so_far) {
            if form.len() < SHORTEST {
                bail!("{what} is too short to be looked for");
            }
            let finder = Finder::new(form);
            *times += places.iter().filter(|place| finder.find(place).is_some()).count();
        }
    }
    Ok(found)
}
