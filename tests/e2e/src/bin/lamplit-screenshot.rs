//! Makes the picture of the terminal view that the README shows: real daemons, a real view on a real terminal. Runs as
//! `cargo xtask screenshot`.

use std::{env, fs, path::PathBuf};

use anyhow::{Context, Result};
use lamplit_e2e::{Device, Host, Lan, Screen, picture};

const COLUMNS: u16 = 118;
const ROWS: u16 = 31;
const ENTER: &str = "\r";

/// Who is there, and what they are on.
const CAST: &[(&str, &[&str])] = &[
    ("Grace Hopper", &["qq", "sina-weibo"]),
    ("Hedy Lamarr", &["msn"]),
    ("王小云", &["qq"]),
    ("Katherine Johnson", &[]),
    ("Alan Turing", &[]),
];

/// What Ada and Grace say to each other: whether Ada says it, and what.
const TALK: &[(bool, &str)] = &[
    (false, "good evening! is this thing on?"),
    (true, "It is. And nothing in between: your machine and mine, one cable."),
    (false, "no server?"),
    (true, "No server, no internet. We could do this on a ship."),
    (false, "I have served on ships. They have worse tea 🍵"),
    (true, "Come over then. Tables and tea at eight,\nand bring the moth."),
    (false, "taped into the logbook, as promised"),
];

fn main() -> Result<()> {
    let to = env::args_os().nth(1).map(PathBuf::from).context("say where the picture goes")?;
    let lan = Lan::new()?;
    let ada = started(&lan, Host::LEFT, "Ada")?;
    let friends: Vec<Device<'_>> =
        CAST.iter().map(|(name, _)| started(&lan, Host::RIGHT, name)).collect::<Result<_>>()?;
    for (friend, (_, apps)) in friends.iter().zip(CAST) {
        ada.meet(friend)?;
        for app in *apps {
            friend.ask(&["on", app])?;
        }
    }
    let [grace, hedy, _, katherine, _] = friends.as_slice() else { anyhow::bail!("everybody is there") };
    ada.ask(&["on", "qq"])?;
    ada.ask(&["note", "Grace", "likes her tea strong and her compilers honest"])?;
    hedy.ask(&["say", "Ada", "frequencies hop at nine"])?;
    hedy.ask(&["say", "Ada", "are you coming?"])?;
    katherine.ask(&["say", "Ada", "I checked the numbers by hand"])?;

    let mut here = ada.view(COLUMNS, ROWS)?;
    let mut there = grace.view(COLUMNS, ROWS)?;
    here.until("Katherine")?;
    there.until("Ada")?;
    there.press(ENTER)?;
    // She is found by typing, as anybody is.
    here.press("grace")?;
    here.until("People 1 of 5")?;
    here.press(ENTER)?;
    for (is_ada, text) in TALK {
        let (speaker, listener) = if *is_ada { (&mut here, &there) } else { (&mut there, &here) };
        say(speaker, text)?;
        listener.until(text.lines().last().unwrap_or_default())?;
    }
    here.press("\u{1b}\u{1b}")?;
    here.until("People 5")?;
    here.press(ENTER)?;
    here.until("✓✓")?;
    here.press("Splendid. I'll light the lamp")?;
    here.until_so("everybody near and nothing to be sent", |text| {
        text.contains("the lamp") && text.matches("near").count() > CAST.len() && !text.contains("to be sent")
    })?;
    let image = picture(&here.copy(), "lamplit view");
    fs::create_dir_all(to.parent().context("a picture lies in a folder")?)?;
    fs::write(&to, image)?;
    Ok(())
}

fn started<'lan>(lan: &'lan Lan, host: Host, name: &str) -> Result<Device<'lan>> {
    let mut device = Device::new(lan, host, name)?;
    device.start(&[])?;
    Ok(device)
}

fn say(screen: &mut Screen, text: &str) -> Result<()> {
    screen.paste(text)?;
    screen.press(ENTER)
}
