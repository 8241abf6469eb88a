//! How a world begins: people make accounts, meet, and take further devices.

use std::sync::Arc;

use lamplit_identity::Cost;
use lamplit_node::{
    Write,
    setup::{self, NewDevice},
};
use lamplit_store::Store;
use lamplit_types::{Name, Wall};

use super::{START, World};
use crate::{
    device::{Books, Device},
    dice::Dice,
    disk::Disk,
    failure::{Done, Failure},
    mirror::Mirror,
    queue::Happening,
};

/// What stretching a phrase costs here: next to nothing.
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
const NAMES: &[&str] = &["Ada", "Bo", "Cai", "Dee", "Eli", "Fay", "Gus", "Hua", "Ida", "Jun"];
/// How long people who shake hands may take until all their devices know each other, in milliseconds.
const GETTING_ACQUAINTED_MS: u64 = 30 * 60_000;

impl World {
    /// Everybody has their devices, and knows some of the others.
    pub(crate) fn begin(&mut self) -> Done {
        self.queue.after(1_000, Happening::LookAround);
        for person in 0..self.people {
            self.first_device(person)?;
        }
        let further: Vec<usize> = (self.people..self.settings.devices).collect();
        let (before, after) = further.split_at(further.len() / 2);
        for number in before {
            self.further_device(number % self.people, *number)?;
        }
        self.pass(10_000)?;
        if self.server.is_some() {
            self.begin_server()?;
        }
        let friends = self.draw_friends();
        for (host, guest) in &friends {
            self.invite(*host, *guest)?;
            self.pass(2_000)?;
        }
        for number in after {
            self.further_device(number % self.people, *number)?;
        }
        if self.server.is_some() {
            self.use_server()?;
        }
        let until = self.queue.now() + GETTING_ACQUAINTED_MS;
        while let Some(missing) = self.not_acquainted(&friends) {
            if self.queue.now() > until {
                return Err(Failure::simulation(missing));
            }
            self.pass(10_000)?;
        }
        Ok(())
    }

    /// A ring, so that nobody is alone, and some more. (The first device of a person has the person's number.)
    fn draw_friends(&mut self) -> Vec<(usize, usize)> {
        let people = self.people;
        let mut friends: Vec<(usize, usize)> = (0..people).map(|person| (person, (person + 1) % people)).collect();
        if people == 2 {
            friends.truncate(1);
        }
        for one in 0..people {
            for other in one + 2..people {
                let is_ring = one == 0 && other == people - 1;
                if !is_ring && self.dice.permille(250) {
                    friends.push((one, other));
                }
            }
        }
        friends
    }

    fn not_acquainted(&self, friends: &[(usize, usize)]) -> Option<String> {
        for (one, other) in friends.iter().flat_map(|(one, other)| [(*one, *other), (*other, *one)]) {
            let account = self.account_of(other).ok()?;
            for at in self.devices_of(one) {
                if !self.devices.get(at)?.knows(account) {
                    return Some(format!("device {at} of person {one} never heard of person {other}"));
                }
            }
        }
        None
    }

    fn first_device(&mut self, person: usize) -> Done {
        let name = NAMES.get(person % NAMES.len()).copied().unwrap_or("Kim");
        let now = Wall(START + self.queue.now());
        let mut dice = Dice::new(self.settings.seed, 1 + self.devices.len() as u64);
        let called = Name::parse(name).map_err(Failure::simulation)?;
        let (made, phrase) = setup::first_device(dice.source(), now, called, CHEAP).map_err(Failure::simulation)?;
        let root = phrase.root_key(CHEAP).map_err(Failure::simulation)?;
        self.roots.insert(person, Arc::new(root));
        self.install(person, format!("{name}'s first device"), made, dice)
    }

    fn further_device(&mut self, person: usize, number: usize) -> Done {
        let now = Wall(START + self.queue.now());
        let mut dice = Dice::new(self.settings.seed, 1 + self.devices.len() as u64);
        let sibling = self.device(person)?;
        let made = setup::further_device(dice.source(), now, &sibling.secrets, &sibling.mirror)
            .map_err(Failure::simulation)?;
        self.write_into(person, &made.sibling_writes)?;
        let name = NAMES.get(person % NAMES.len()).copied().unwrap_or("Kim");
        self.install(person, format!("{name}'s device {number}"), made, dice)
    }

    /// A device is stopped, something is written into its database, and it goes on.
    fn write_into(&mut self, at: usize, writes: &[Write]) -> Done {
        let device = self.device_mut(at)?;
        device.running = None;
        let store = Store::on_backend(Box::new(device.disk.clone())).map_err(Failure::simulation)?;
        store.commit(writes.iter().cloned()).map_err(Failure::simulation)?;
        device.mirror.apply(writes);
        drop(store);
        self.unplug(at);
        self.start(at)
    }

    fn install(&mut self, person: usize, name: String, made: NewDevice, dice: Dice) -> Done {
        let disk = Disk::default();
        let store = Store::on_backend(Box::new(disk.clone())).map_err(Failure::simulation)?;
        let mut mirror = Mirror::default();
        mirror.apply(&made.writes);
        store.commit(made.writes).map_err(Failure::simulation)?;
        drop(store);
        let at = self.devices.len();
        self.devices.push(Device {
            person,
            account: made.account,
            id: made.device,
            name: format!("{at} ({name})"),
            secrets: made.secrets,
            dice,
            disk,
            boot: 0,
            running: None,
            mirror,
            in_doubt: None,
            books: Books::default(),
            backups: Vec::new(),
            skew: 0,
            island: 0,
            doomed: false,
            times_restored: 0,
            is_removed: false,
            restored_to: None,
            last_wrong_clock: None,
            lit: Vec::new(),
            alone_since: None,
        });
        self.start(at)
    }
}
