//! How many inputs a second a node with a thousand contacts handles, all of them linked to it.
//!
//! Its rows are in a real database on the disk; its contacts are nodes too. What they send is collected first, then
//! handed to the node in batches as a client would, and only the handling is timed. The commits between the batches
//! are not: what they cost, `message` tells.

use std::{
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use ed25519_dalek::{Signer, SigningKey};
use lamplit_node::{Command, Input, limits::RECEIPT_MS};
use lamplit_seal::{OlmAccount, Sessions, padding};
use lamplit_store::{DataDir, KeyringChoice};
use lamplit_types::{AppId, Beacon, Channel, Class, Text};

use crate::{
    devices::{Devices, Disk, address},
    figures::{rate, thousands, verdict},
    memory,
};

/// The one that is measured. The others are its contacts.
pub(crate) const HUB: usize = 0;
pub(crate) const CONTACTS: usize = 1_000;
/// Inputs between two commits, as many as a client takes at most.
const BATCH: usize = 128;
/// How often each kind of input is made.
const SIGHTINGS: usize = 20;
const TICKS: usize = 20_000;
const MESSAGES: usize = 4;
const PRESENCES: u64 = 4;
/// How often a floor is measured.
const FLOOR: usize = 2_000;
/// Small inputs a second.
const TARGET: f64 = 50_000.0;
const TEXT: &str = "Shall we meet at the lake at seven?";

pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut crowd = Crowd::meet(folder.path())?;
    println!("  {CONTACTS} contacts, all linked, the node's rows in redb on the disk          a second");
    crowd.small()?;
    crowd.sealed()?;
    crowd.leave(folder.path())?;
    memory::spawn(folder.path())
}

/// A node whose rows are in a database on the disk, in [`memory::hub`], and its contacts, all linked.
pub(crate) fn acquainted(folder: &Path) -> Result<Devices> {
    let mut devices = Devices::new(11);
    let (secrets, writes) = devices.made("Hub")?;
    let dir = DataDir::create(&memory::hub(folder))?;
    let (store, _) = lamplit_store::init(&dir, KeyringChoice::Never, &secrets.to_bytes(), writes)?;
    devices.open(HUB, secrets, Disk::Store(store))?;
    for contact in 1..=CONTACTS {
        devices.join(contact, "Somebody")?;
        // A device keeps an invite in mind for days: so many it could not give out.
        devices.befriend(contact, HUB)?;
    }
    Ok(devices)
}

struct Crowd {
    devices: Devices,
    /// The lowest rate of all that needs no public-key operation.
    slowest: f64,
}

impl Crowd {
    fn meet(folder: &Path) -> Result<Self> {
        let start = Instant::now();
        let devices = acquainted(folder)?;
        let took = start.elapsed();
        println!("  {CONTACTS} pairings with commits, both sides and the wire: {:.1} s", took.as_secs_f64());
        Ok(Self { devices, slowest: f64::INFINITY })
    }

    /// What needs no public-key operation.
    fn small(&mut self) -> Result<()> {
        let beacons: Vec<(usize, Beacon)> =
            self.devices.all.iter().filter_map(|(at, device)| Some((*at, device.beacon?))).collect();
        let sighted = |(at, beacon)| Input::Sighted { beacon, address: address(at) };
        let sightings = (0..SIGHTINGS).flat_map(|_| beacons.iter().copied().map(sighted)).collect();
        self.measure("sightings of contacts", sightings)?;
        let strange = (0..SIGHTINGS * CONTACTS).map(|number| {
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            Input::Sighted { beacon: Beacon::from_bytes(number.to_be_bytes()), address: address(1) }
        });
        self.measure("sightings of strangers", strange.collect())?;
        self.measure("ticks", (0..TICKS).map(|_| Input::Tick).collect())?;
        let acknowledgements = self.acknowledgements()?;
        self.measure("acknowledgements of messages", acknowledgements)?;
        let what = format!("target: {} of each a second", thousands(TARGET));
        println!("    {what}: {}", verdict(self.slowest >= TARGET));
        Ok(())
    }

    /// What is sealed or signed, beside the bare operations that open it.
    fn sealed(&mut self) -> Result<()> {
        // They wait a moment for one another.
        self.devices.millis += RECEIPT_MS;
        for contact in 1..=CONTACTS {
            let commit = self.devices.step(contact, vec![Input::Tick])?;
            self.devices.carry(contact, commit.transmits)?;
        }
        let receipts = self.devices.settle(Some(HUB))?;
        let decrypting = olm_floor()?;
        let what = format!("receipts of {MESSAGES} messages each, sealed");
        self.compare(&what, receipts, "Olm decryptions alone", decrypting)?;
        let me = self.devices.node(HUB)?.account();
        for _ in 0..MESSAGES {
            for contact in 1..=CONTACTS {
                self.devices.command(contact, Command::Say { to: me.into(), text: Text::parse(TEXT)? })?;
            }
        }
        let texts = self.devices.settle(Some(HUB))?;
        self.compare("texts, sealed", texts, "Olm decryptions alone", decrypting)?;
        let presences = self.presences()?;
        self.compare("presences, sealed and signed", presences, "Ed25519 verifications alone", signature_floor()?)
    }

    /// Says something to every contact and gives back what they acknowledge it with; their receipts stay under way.
    fn acknowledgements(&mut self) -> Result<Vec<Input>> {
        let contacts: Vec<_> = self.devices.node(HUB)?.near().into_iter().map(|(account, _)| account).collect();
        for _ in 0..MESSAGES {
            for to in &contacts {
                self.devices.command(HUB, Command::Say { to: (*to).into(), text: Text::parse(TEXT)? })?;
            }
        }
        let control = Channel::Stream(Class::Control);
        let is_acknowledgement =
            |input: &Input| matches!(input, Input::Received { channel, .. } if *channel == control);
        let (acknowledgements, receipts) = self.devices.settle(Some(HUB))?.into_iter().partition(is_acknowledgement);
        self.devices.put_back(HUB, receipts);
        Ok(acknowledgements)
    }

    fn presences(&mut self) -> Result<Vec<Input>> {
        let mut presences = Vec::new();
        for round in 0..PRESENCES {
            // More than the shortest time between two.
            self.devices.millis += 2_000;
            for contact in 1..=CONTACTS {
                let light = Command::Light { app: AppId::parse("qq")?, on: round % 2 == 0 };
                self.devices.command(contact, light)?;
            }
            presences.extend(self.devices.settle(Some(HUB))?);
        }
        Ok(presences)
    }

    /// Hands inputs to the node; returns how many a second it took.
    fn time(&mut self, inputs: Vec<Input>) -> Result<(Duration, usize)> {
        let (mut spent, count) = (Duration::ZERO, inputs.len());
        let mut inputs = inputs.into_iter().peekable();
        while inputs.peek().is_some() {
            let batch = inputs.by_ref().take(BATCH).collect();
            let commit = self.devices.timed(HUB, batch, &mut spent)?;
            self.devices.carry(HUB, commit.transmits)?;
        }
        Ok((spent, count))
    }

    fn measure(&mut self, what: &str, inputs: Vec<Input>) -> Result<()> {
        let (spent, count) = self.time(inputs)?;
        let rate = rate(count, spent);
        println!("    {:<62} {:>9}", format!("{} {what}", thousands_of(count)), thousands(rate));
        self.slowest = self.slowest.min(rate);
        Ok(())
    }

    fn compare(&mut self, what: &str, inputs: Vec<Input>, floor: &str, bare: f64) -> Result<()> {
        let (spent, count) = self.time(inputs)?;
        let ours = rate(count, spent);
        println!("    {:<62} {:>9}", format!("{} {what}", thousands_of(count)), thousands(ours));
        println!("    {:<62} {:>9}", format!("  {floor}; ours is {:.2} of it", ours / bare), thousands(bare));
        Ok(())
    }

    /// Puts the contacts where another process finds them, and closes the node.
    fn leave(mut self, folder: &Path) -> Result<()> {
        self.devices.settle(None)?;
        for contact in 1..=CONTACTS {
            let device = self.devices.all.remove(&contact).context("a contact is gone")?;
            memory::keep(folder, contact, device)?;
        }
        Ok(())
    }
}

/// How many messages of an open session a second are decrypted and their padding taken off, the replies encrypted
/// meanwhile not counted.
fn olm_floor() -> Result<f64> {
    let (mut ada, mut grace) = (OlmAccount::new(), OlmAccount::new());
    let (mut here, mut there) = (Sessions::new(), Sessions::new());
    here.add(ada.start(grace.identity_key(), grace.one_time_key())?);
    let first = here.encrypt(&padding::pad(TEXT.as_bytes())?)?;
    there.receive(&mut grace, ada.identity_key(), &first)?;
    let mut spent = Duration::ZERO;
    for _ in 0..FLOOR {
        let reply = there.encrypt(&padding::pad(TEXT.as_bytes())?)?;
        here.receive(&mut ada, grace.identity_key(), &reply)?;
        let message = here.encrypt(&padding::pad(TEXT.as_bytes())?)?;
        let start = Instant::now();
        let plain = there.decrypt(&message)?;
        black_box(padding::unpad(&plain)?);
        spent += start.elapsed();
    }
    Ok(rate(FLOOR, spent))
}

/// How many signatures a second are verified, as strictly as the node does.
fn signature_floor() -> Result<f64> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = key.verifying_key();
    let body = [7; 120];
    let signature = key.sign(&body);
    let start = Instant::now();
    for _ in 0..FLOOR {
        black_box(&public)
            .verify_strict(black_box(&body), &signature)
            .map_err(|_| anyhow!("a signature does not hold"))?;
    }
    Ok(rate(FLOOR, start.elapsed()))
}

fn thousands_of(count: usize) -> String {
    thousands(f64::from(u32::try_from(count).unwrap_or(u32::MAX)))
}
