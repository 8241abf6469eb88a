//! Makes the picture of the terminal view that the README shows: real daemons, a real view on a real terminal. Runs as
//! `cargo xtask screenshot`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use lamplit_e2e::{Device, Host, Lan, Screen, look, picture};
use tempfile::TempDir;

const COLUMNS: u16 = 118;
const ROWS: u16 = 31;
const ENTER: &str = "\r";
const ESC: &str = "\u{1b}";

/// Who is there, and what they are on.
const CAST: &[(&str, &[&str])] = &[
    ("Grace Hopper", &["qq", "sina-weibo"]),
    ("Hedy Lamarr", &["msn"]),
    ("王小云", &["qq"]),
    ("Annie Easley", &[]),
    ("Alan Turing", &[]),
];
const GROUP: &str = "Tea at eight";

/// Who says what in the group: one of the cast by number, or Ada.
const TALK: &[(Option<usize>, &str)] = &[
    (Some(0), "good evening! is this thing on?"),
    (None, "It is, and nothing in between: one cable."),
    (Some(1), "no server?"),
    (None, "No server, no internet. It would work at sea."),
    (Some(0), "I have been at sea. They have worse tea."),
    (Some(2), "茶我带来。 eight it is, then!"),
];
/// What Grace sends, and how large it is.
const FILE: (&str, usize) = ("logbook-1947.pdf", 24 * 1024 * 1024);
/// What the cable lets through while the file comes, so that it can be seen coming.
const RATE: &str = "10mbit";

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
    let [grace, hedy, wang, annie, _] = friends.as_slice() else { anyhow::bail!("everybody is there") };
    grace.meet(hedy)?;
    grace.meet(wang)?;
    hedy.meet(wang)?;
    ada.ask(&["on", "qq"])?;
    annie.ask(&["say", "Ada", "I checked the numbers by hand"])?;
    annie.ask(&["say", "Ada", "all of them"])?;
    let members: Vec<&str> = [grace, hedy, wang].iter().map(|friend| friend.name()).collect();
    ada.ask(&[["group", "new", GROUP].as_slice(), members.as_slice()].concat())?;
    ada.wait_until_sent()?;

    let mut here = ada.view(COLUMNS, ROWS)?;
    let mut there: Vec<Screen> =
        [grace, hedy, wang].iter().map(|friend| friend.view(COLUMNS, ROWS)).collect::<Result<_>>()?;
    for screen in core::iter::once(&mut here).chain(&mut there) {
        // A group is found by typing, as anybody is.
        screen.until(GROUP)?;
        screen.press("tea")?;
        screen.until("find: tea")?;
        screen.press(ENTER)?;
        screen.until("4 people: ")?;
    }
    for (who, text) in TALK {
        let speaker = who.map_or(Some(&mut here), |at| there.get_mut(at)).context("everybody is there")?;
        speaker.paste(text)?;
        speaker.press(ENTER)?;
        for screen in core::iter::once(&here).chain(&there) {
            // Where rows break is not known here.
            screen.until(text.split_whitespace().last().unwrap_or_default())?;
        }
    }
    let folder = TempDir::new()?;
    lan.set_rate(Some(RATE))?;
    offer(there.first_mut().context("Grace looks")?, folder.path())?;
    here.press(ESC)?;
    // Two of them at once are one.
    here.until("? help")?;
    here.press(ESC)?;
    here.until("type to find")?;
    here.press(ENTER)?;
    here.press("I'll light the lamp")?;
    here.until_so("everybody near, all read and the file half there", |text| {
        let seen = ["the lamp", "✓✓", "3 near"].iter().all(|wanted| text.contains(wanted));
        seen && !text.contains("to be sent") && text.matches("near").count() > CAST.len() && half(text)
    })?;
    let image = picture(&here.copy()?, "lamplit view");
    fs::create_dir_all(to.parent().context("a picture lies in a folder")?)?;
    // By this a test knows a picture of a view that looks otherwise by now.
    fs::write(&to, format!("{image}<!-- {} -->\n", look()?))?;
    Ok(())
}

fn started<'lan>(lan: &'lan Lan, host: Host, name: &str) -> Result<Device<'lan>> {
    let mut device = Device::new(lan, host, name)?;
    device.start(&[])?;
    Ok(device)
}

fn offer(screen: &mut Screen, folder: &Path) -> Result<()> {
    let (name, size) = FILE;
    let path = folder.join(name);
    fs::write(&path, vec![b'.'; size])?;
    screen.paste(&format!("/send {}", path.display()))?;
    screen.press(ENTER)
}

/// Whether something on the screen is neither just begun nor nearly done.
fn half(text: &str) -> bool {
    let percents = text.split(" %").filter_map(|before| before.rsplit(' ').next()?.parse::<u8>().ok());
    percents.into_iter().any(|percent| (25..=80).contains(&percent))
}
