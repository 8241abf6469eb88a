//! The account's own devices: what they are called, and when they were last here.

use std::collections::BTreeSet;

use lamplit_identity::VerifiedList;
use lamplit_types::{AccountId, DeviceId, LinkId, Name, Wall};
use lamplit_wire::{Entry, Frame, Kind, Value, credential::ListHead};
use serde::{Deserialize, Serialize};

use crate::{
    Node,
    db::{Typed, encode},
    io::{Answer, CommandError, Event, Warning},
    limits,
    line::{Flow, Stage, send},
    replica::{Change, OWN_DATA, set_of},
    rows::{FieldKey, KnownLists, Sibling, key},
    sabotage::Sabotage,
    step::{Step, Stepped},
    table::Table,
};

/// The field of a device that holds its name.
const NAME_FIELD: u8 = 1;

/// What a device is called, as the account's devices tell it to one another.
#[derive(Serialize, Deserialize)]
struct NameValue {
    device: DeviceId,
    name: Name,
}

/// The name of a device's record.
pub(crate) fn entity(device: &DeviceId) -> [u8; 16] {
    let mut hash = blake3::Hasher::new();
    hash.update(b"lamplit/1/device\0").update(device.as_bytes());
    let mut entity = [0; 16];
    hash.finalize_xof().fill(&mut entity);
    entity
}

impl Node {
    /// Tells the account's other devices what this one was called when it was made.
    pub(crate) fn introduce_itself(&mut self, step: &mut Step<'_>) -> Stepped {
        let me = self.device.device;
        let own: Option<Sibling> = step.db.row(Table::Devices, me.as_bytes())?;
        let field = FieldKey { kind: Kind::Device, entity: entity(&me), field: NAME_FIELD };
        let set = set_of(self.device.account, OWN_DATA);
        match own.and_then(|own| own.name) {
            Some(name) if crate::replica::stored(&step.db, &set, field)?.is_none() => self.call(step, me, name),
            _ => Ok(()),
        }
    }

    /// Calls a device something else, on all devices of the account.
    pub(crate) fn rename_device(
        &mut self,
        step: &mut Step<'_>,
        device: Option<DeviceId>,
        name: Name,
    ) -> Stepped<Result<Answer, CommandError>> {
        let device = device.unwrap_or(self.device.device);
        if self.people.me().list.device(&device).is_none() {
            return Ok(Err(CommandError::UnknownDevice));
        }
        self.call(step, device, name)?;
        Ok(Ok(Answer::Done))
    }

    fn call(&mut self, step: &mut Step<'_>, device: DeviceId, name: Name) -> Stepped {
        let value = encode(&NameValue { device, name }, Table::Devices)?;
        let set = set_of(self.device.account, OWN_DATA);
        self.write(step, set, Change::set(Kind::Device, entity(&device), NAME_FIELD, value))
    }

    /// A device's record changed.
    pub(crate) fn show_device(&mut self, step: &mut Step<'_>, entry: &Entry) -> Stepped {
        let (NAME_FIELD, Value::Set(value)) = (entry.field, &entry.value) else { return Ok(()) };
        let Ok(NameValue { device, name }) = postcard::from_bytes::<NameValue>(value) else { return Ok(()) };
        if entity(&device) != entry.entity {
            return Ok(());
        }
        let row: Sibling = step.db.row(Table::Devices, device.as_bytes())?.unwrap_or_default();
        let row = Sibling { name: Some(name), since: entry.born.wall, ..row };
        step.db.put(Table::Devices, device.as_bytes(), &row)?;
        step.tell(Event::DeviceChanged(device));
        Ok(())
    }

    /// Another device of the account is linked, or was until now.
    pub(crate) fn note_seen(&self, step: &mut Step<'_>, device: &DeviceId) -> Stepped {
        if self.people.me().list.device(device).is_none() {
            return Ok(());
        }
        let row: Sibling = step.db.row(Table::Devices, device.as_bytes())?.unwrap_or_default();
        step.db.put(Table::Devices, device.as_bytes(), &Sibling { seen: step.now.wall, ..row })
    }

    /// The account's list is another one than before: everybody who is linked is shown it, and what waits for the
    /// devices that were there before goes to those that are new.
    pub(crate) fn adopt_own_list(&mut self, step: &mut Step<'_>, list: VerifiedList) -> Stepped {
        let account = self.device.account;
        let before = self.people.devices_of(account);
        self.device.list = list.wire().clone();
        step.db.put(Table::Device, key::DEVICE, &self.device)?;
        self.note_list(step)?;
        self.people.set_list(account, list.clone());
        self.tell_groups_of_list(step, account, &list)?;
        self.sign_groups_anew(step)?;
        let new: BTreeSet<DeviceId> =
            self.people.devices_of(account).into_iter().filter(|device| !before.contains(device)).collect();
        if !new.is_empty() {
            for device in self.near.keys() {
                self.behind.entry(*device).or_default().extend(&new);
            }
        }
        self.list_is_new = true;
        self.greet_devices(step, account, &before)
    }

    /// The account's list grew elsewhere, or a generation began there.
    pub(crate) fn take_own_list(&mut self, step: &mut Step<'_>, list: VerifiedList) -> Stepped {
        let old = self.people.me().list.clone();
        if list.has_removed(&self.device.device) || list.device(&self.device.device).is_none() {
            return self.leave_account(step, &list);
        }
        let before = self.people.devices_of(self.device.account);
        let after: Vec<DeviceId> = list.devices().map(|certificate| certificate.device).collect();
        if self.has_bug(Sabotage::KeepRemoved) && before.iter().any(|device| list.has_removed(device)) {
            self.device.list = list.wire().clone();
            step.db.put(Table::Device, key::DEVICE, &self.device)?;
            return self.remember_departed(step, &old, &list);
        }
        self.adopt_own_list(step, list.clone())?;
        self.remember_departed(step, &old, &list)?;
        self.part_with_devices(step, self.device.account, &before)?;
        self.take_coming_keys(step)?;
        for device in after.iter().filter(|device| !before.contains(device)) {
            step.tell(Event::DeviceAdded(*device));
        }
        for device in before.iter().filter(|device| !after.contains(device)) {
            step.tell(Event::DeviceRemoved(*device));
        }
        Ok(())
    }

    /// This device is on its account's list no more.
    fn leave_account(&mut self, step: &mut Step<'_>, list: &VerifiedList) -> Stepped {
        if self.device.removed.is_none() {
            self.device.removed = Some(list.generation().number);
            step.db.put(Table::Device, key::DEVICE, &self.device)?;
            step.tell(Event::Warning(Warning::Removed));
            self.reborn = true;
        }
        Ok(())
    }

    /// Remembers the list that is about to be another one.
    fn note_list(&self, step: &mut Step<'_>) -> Stepped {
        let list = self.people.me().list;
        let mut known: KnownLists = step.db.row(Table::Device, key::LISTS)?.unwrap_or_default();
        known.retain(|(head, _)| *head != list.head());
        known.push((list.head(), list.devices().map(|certificate| certificate.device).collect()));
        let too_many = known.len().saturating_sub(limits::KNOWN_LISTS);
        known.drain(..too_many);
        step.db.put(Table::Device, key::LISTS, &known)
    }

    /// Which devices of this account somebody lacks who names this head of its list.
    pub(crate) fn lacking_at(&self, step: &Step<'_>, theirs: ListHead) -> Stepped<BTreeSet<DeviceId>> {
        let list = self.people.me().list;
        // Who knows of a later generation knows whom it speaks to, and whom not.
        if theirs == list.head() || theirs.generation > list.head().generation {
            return Ok(BTreeSet::new());
        }
        let known: KnownLists = step.db.row(Table::Device, key::LISTS)?.unwrap_or_default();
        let at = known.iter().find(|(head, _)| *head == theirs).or_else(|| known.first());
        let Some((_, had)) = at else { return Ok(BTreeSet::new()) };
        let all = list.devices().map(|certificate| certificate.device);
        Ok(all.filter(|device| !had.contains(device) && *device != self.device.device).collect())
    }

    /// Shows the account's list to everybody who is linked.
    pub(crate) fn show_list(&mut self, step: &mut Step<'_>) -> Stepped {
        let frame = Frame::List(self.people.me().list.wire().clone());
        let mut ended = Vec::new();
        for id in self.near.values().copied().collect::<Vec<LinkId>>() {
            let Some(line) = self.links.get_mut(&id) else { continue };
            if matches!(&line.stage, Stage::Known(talk) if talk.heard)
                && send(&mut line.link, step.now, &frame) == Flow::End
            {
                ended.push(id);
            }
            self.touched.insert(id);
        }
        for id in ended {
            self.end_link(step, id, None)?;
        }
        self.wake_all(step.now.mono);
        self.show_server_list(step);
        Ok(())
    }

    /// Nothing more goes to devices that somebody had before and has no more. Whether there are any.
    pub(crate) fn part_with_devices(
        &mut self,
        step: &mut Step<'_>,
        account: AccountId,
        before: &[DeviceId],
    ) -> Stepped<bool> {
        let after = self.people.devices_of(account);
        let gone: Vec<DeviceId> = before.iter().filter(|device| !after.contains(device)).copied().collect();
        for device in &gone {
            self.forget_device(step, *device)?;
        }
        Ok(!gone.is_empty())
    }

    /// Devices that somebody has now and had not before get what waits for the others.
    pub(crate) fn greet_devices(&mut self, step: &mut Step<'_>, account: AccountId, before: &[DeviceId]) -> Stepped {
        let new: Vec<DeviceId> =
            self.people.devices_of(account).into_iter().filter(|device| !before.contains(device)).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.ask_for_passed_over(step, &new)?;
        self.copy_mail(step, &new, before)
    }
}

/// When a certificate was first signed, as far as a device's own record tells.
pub(crate) const fn since(row: &Sibling, issued: Wall) -> Wall {
    if row.since.0 == 0 { issued } else { row.since }
}
