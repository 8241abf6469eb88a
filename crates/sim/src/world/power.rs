//! Devices start, stop, lose their power, fail, and come back from a backup.

use lamplit_node::{Node, setup::DeviceSecrets};
use lamplit_store::Store;

use super::World;
use crate::{
    device::{Backup, Device, Running},
    disk::{Disk, Trouble},
    failure::{Done, Failure, Rule},
    mirror::Mirror,
    queue::Happening,
    tally::Fault,
};

/// Backups kept of one device. The oldest makes room for a further one.
const BACKUPS: usize = 3;

impl Device {
    /// A batch whose commit failed was kept in whole or not at all; whether it was kept.
    pub(super) fn resolve(&mut self, writes: &[lamplit_node::Write], found: &Mirror) -> Done<bool> {
        if self.mirror == *found {
            return Ok(false);
        }
        let mut with = self.mirror.clone();
        with.apply(writes);
        if with == *found {
            return Ok(true);
        }
        let differs = self.mirror.difference(found).unwrap_or_default();
        Err(Failure::broken(Rule::Stored, format!("{} has a part of a batch, or less: {differs}", self.name)))
    }
}

impl World {
    /// Starts a device from what is on its disk.
    pub(super) fn start(&mut self, at: usize) -> Done {
        let now = self.clock(at);
        let keep = self.settings.keep_deletions_ms;
        let device = self.device_mut(at)?;
        device.boot += 1;
        let fail = |what: String| Failure::broken(Rule::Stored, what);
        let name = device.name.clone();
        let in_trouble = device.disk.is_in_trouble();
        let store = match Store::on_backend(Box::new(device.disk.clone())) {
            Ok(store) => store,
            // As any program would: it ends with an error, and is started again when the disk works.
            Err(_) if in_trouble => {
                device.disk.mend();
                let boot = device.boot;
                self.queue.after(1_000, Happening::Start(at, boot));
                return Ok(());
            }
            Err(error) => return Err(fail(format!("{name} cannot open its database: {error}"))),
        };
        let snapshot = store.snapshot().map_err(|error| fail(format!("{name} cannot read: {error}")))?;
        let found = Mirror::of(&snapshot).map_err(|error| fail(format!("{name} cannot read: {error}")))?;
        let doubt = device.in_doubt.take().unwrap_or_default();
        let was_kept = device.resolve(&doubt, &found)?;
        let secrets = DeviceSecrets::from_bytes(&device.secrets.to_bytes()).map_err(Failure::simulation)?;
        let node = Node::open(secrets, &snapshot, now, device.dice.source())
            .map_err(|error| fail(format!("{name} cannot start: {error}")))?;
        drop(snapshot);
        let node = self.settings.equip(node.keeping_deletions(keep));
        let device = self.device_mut(at)?;
        device.running = Some(Running {
            node,
            store,
            beacon: None,
            pending: Vec::new(),
            asked: std::collections::BTreeMap::new(),
            is_working: false,
            due: None,
            silent_until: None,
            glimmers: Vec::new(),
            restless: (0, 0),
        });
        if was_kept {
            self.audit(at, &doubt, None)?;
        }
        let (id, account) = (self.device(at)?.id, self.device(at)?.account);
        self.tell(|| format!("{at}: starts as {id:?} of {account:?}"));
        self.commit(at)?;
        for other in 0..self.devices.len() {
            let wait = self.dice.between(100, 3_000);
            self.queue.after(wait, Happening::Sight(at, other));
        }
        Ok(())
    }

    pub(super) fn start_again(&mut self, at: usize, boot: u64) -> Done {
        let device = self.device(at)?;
        if device.is_up() || device.boot != boot { Ok(()) } else { self.start(at) }
    }

    /// The power goes.
    pub(super) fn power_cut(&mut self, at: usize, fault: Fault) -> Done {
        let device = self.devices.get_mut(at).ok_or_else(|| Failure::simulation("no such device"))?;
        if device.running.as_ref().is_some_and(|running| running.silent_until.is_some()) {
            self.tally.fault(Fault::Forgotten);
        }
        let (disk, lost) = device.disk.power_cut(&mut self.dice);
        // What the program does when it is dropped reaches no disk any more.
        device.disk.plan(Trouble { after: 0, times: 0, full: false });
        device.disk = disk;
        if fault != Fault::TornCommit || lost {
            self.tally.fault(fault);
        } else {
            self.tally.fault(Fault::Crash);
        }
        self.tell(|| format!("{at}: loses its power{}", if lost { ", and some of what it wrote" } else { "" }));
        self.switch_off(at)
    }

    /// A process ends by itself because its disk is in trouble.
    pub(super) fn process_died(&mut self, at: usize) -> Done {
        self.tell(|| format!("{at}: gives up, since its disk is in trouble"));
        let device = self.device_mut(at)?;
        device.disk.mend();
        self.switch_off(at)
    }

    /// A device is stopped in order.
    pub(super) fn stop(&mut self, at: usize) -> Done {
        self.tally.fault(Fault::Stop);
        self.tell(|| format!("{at}: is stopped"));
        self.switch_off(at)
    }

    fn switch_off(&mut self, at: usize) -> Done {
        let now = self.queue.now();
        let device = self.device_mut(at)?;
        device.running = None;
        device.doomed = false;
        device.lit.push((now, std::collections::BTreeSet::new()));
        let boot = device.boot;
        self.unplug(at);
        let off = match self.dice.below(10) {
            0..4 => self.dice.below(500),
            4..9 => self.dice.between(500, 15_000),
            _ => self.dice.between(15_000, 120_000),
        };
        self.queue.after(off, Happening::Start(at, boot));
        Ok(())
    }

    /// Keeps an image of a device as it is now.
    pub(super) fn back_up(&mut self, at: usize) -> Done {
        let made = self.queue.now();
        let device = self.device_mut(at)?;
        if device.in_doubt.is_some() {
            return Ok(());
        }
        if device.backups.len() == BACKUPS {
            device.backups.remove(0);
        }
        let backup = Backup { image: device.disk.synced(), mirror: device.mirror.clone(), made };
        device.backups.push(backup);
        self.tell(|| format!("{at}: is backed up"));
        Ok(())
    }

    /// A device comes back as it was at some backup.
    pub(super) fn restore(&mut self, at: usize) -> Done {
        let which = self.dice.below(self.device(at)?.backups.len() as u64);
        // An image of what is there anyway takes nothing back.
        let is_old = self.device(at)?.is_older(usize::try_from(which).unwrap_or(0));
        self.power_cut(at, if is_old { Fault::Restored } else { Fault::Crash })?;
        let which = usize::try_from(which).unwrap_or(0);
        let device = self.device_mut(at)?;
        let Some(backup) = device.backups.get(which) else { return Ok(()) };
        let made = backup.made;
        let (owner, knew) = (device.person, device.mirror.clone());
        device.disk = Disk::of(backup.image.clone());
        device.mirror = backup.mirror.clone();
        device.in_doubt = None;
        device.times_restored += 1;
        device.restored_to = Some(device.restored_to.map_or(made, |before| before.min(made)));
        // Later backups are of a past that this device does not have any more.
        device.backups.truncate(which.saturating_add(1));
        device.audit_rows()?;
        self.recount_order(at)?;
        self.note_forgotten(at, owner, &knew)?;
        self.tell(|| format!("{at}: comes back as it was at {} s", made / 1000));
        Ok(())
    }

    /// A restored device knows nothing of contacts that it made since the backup.
    fn note_forgotten(&mut self, at: usize, owner: usize, knew: &Mirror) -> Done {
        let now = self.queue.now();
        for person in 0..self.people {
            let account = self.account_of(person)?;
            let known = knew.value(lamplit_node::Table::Contacts, account.as_bytes()).is_some();
            if known && !self.device(at)?.knows(account) {
                self.model.lose(owner, person, now);
            }
        }
        Ok(())
    }

    /// A disk works again.
    pub(super) fn mend(&mut self, at: usize, boot: u64) -> Done {
        let device = self.device_mut(at)?;
        if device.boot == boot && !device.doomed {
            device.disk.mend();
        }
        Ok(())
    }
}
