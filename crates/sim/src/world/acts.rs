//! What users do, and what befalls devices and network.

use std::collections::BTreeSet;

use lamplit_identity::Invite;
use lamplit_node::{Answer, Command, Event, Input};
use lamplit_types::{AccountId, AppId, Name, Text, limits::DAY_MS};

use super::{World, wires::socket_of};
use crate::{
    deck::Action,
    device::Device,
    disk::Trouble,
    failure::{Done, Failure},
    model::Removal,
    tally::{Deed, Fault},
};

/// Apps that people are on.
const APPS: &[&str] = &["qq", "msn", "icq", "weibo"];
/// Wrong by so many milliseconds, to either side.
const SKEWS: &[u64] = &[2_000, 60_000, 4 * 60_000, 20 * 60_000, 3 * 60 * 60_000, DAY_MS];
pub(super) const YEAR_OFF_MS: u64 = 400 * DAY_MS;

impl World {
    /// Somebody does something; nothing, if nobody can.
    pub(super) fn act(&mut self, action: Action) -> Done {
        self.story.note(&[100 + action as u64]);
        match action {
            Action::Say => self.say(),
            Action::MarkRead => self.mark_read(),
            Action::Rename | Action::Note => self.edit(action == Action::Rename),
            Action::SetName => self.set_name(),
            Action::Remove => self.remove(),
            Action::Befriend => self.befriend(),
            Action::Light => self.light(),
            Action::Crash => self.on_some(|world, at| world.power_cut(at, Fault::Crash)),
            Action::TornCrash => self.on_some(Self::doom),
            Action::Stop => self.on_some(Self::stop),
            Action::DiskFull | Action::DiskError => {
                let full = action == Action::DiskFull;
                self.on_some(|world, at| world.trouble(at, full))
            }
            Action::Partition => self.part(),
            Action::Isolate => self.isolate(),
            Action::Heal => self.heal(),
            Action::Cut => {
                let open = self.open_wires();
                if let Some(wire) = self.dice.pick(&open) {
                    self.kill(wire);
                }
                Ok(())
            }
            Action::Backup => self.on_some(Self::back_up),
            Action::Restore => self.restore_some(),
            Action::Skew => self.set_some_clock(),
            Action::YearOff => self.set_some_clock_far(),
            Action::RemoveDevice => self.remove_device(),
            Action::CrashServer => self.cut_server(),
            Action::TornServer => {
                self.trouble_server(true);
                Ok(())
            }
            Action::ServerDisk => {
                self.trouble_server(false);
                Ok(())
            }
            Action::BackupServer => {
                self.back_up_server();
                Ok(())
            }
            Action::RestoreServer => self.restore_server(),
            Action::RightClock => {
                let wrong = self.which(|device| device.skew != 0);
                if let Some(at) = self.dice.pick(&wrong) {
                    self.set_clock(at, 0)?;
                }
                Ok(())
            }
        }
    }

    fn which(&self, good: impl Fn(&Device) -> bool) -> Vec<usize> {
        self.devices.iter().enumerate().filter(|(_, device)| good(device)).map(|(at, _)| at).collect()
    }

    fn on_some(&mut self, what: impl FnOnce(&mut Self, usize) -> Done) -> Done {
        let up = self.which(Device::is_up);
        match self.dice.pick(&up) {
            Some(at) => what(self, at),
            None => Ok(()),
        }
    }

    /// A user gives a device a command, whatever its answer.
    pub(crate) fn order(&mut self, at: usize, command: Command) -> Done {
        self.command(at, command).map(drop)
    }

    /// Somebody says something, or now and then changes something.
    pub(crate) fn chat(&mut self) -> Done {
        match self.dice.below(10) {
            0 => self.edit(true),
            1 => self.mark_read(),
            _ => self.say(),
        }
    }

    /// A user gives a device a command.
    pub(super) fn command(&mut self, at: usize, command: Command) -> Done<u64> {
        self.next_command += 1;
        let number = self.next_command;
        let device = self.device_mut(at)?;
        let boot = device.boot;
        if let Some(running) = &mut device.running {
            running.asked.insert(number, command.clone());
        }
        self.reach(at, boot, Input::Command(number, command));
        Ok(number)
    }

    /// A device that is up, and one of the contacts it has.
    fn some_contact(&mut self) -> Option<(usize, AccountId, usize)> {
        let up = self.which(|device| device.is_up() && !device.is_removed);
        for _ in 0..8 {
            let at = self.dice.pick(&up)?;
            let accounts: BTreeSet<AccountId> = self.devices.iter().map(|device| device.account).collect();
            let known = |account: &AccountId| self.devices.get(at).is_some_and(|device| device.knows(*account));
            let contacts: Vec<AccountId> = accounts.into_iter().filter(known).collect();
            if let Some(account) = self.dice.pick(&contacts) {
                return Some((at, account, self.person_of(&account)?));
            }
        }
        None
    }

    /// Somebody removes one of two or more devices of theirs, for good. Once in a run for each of them at most.
    fn remove_device(&mut self) -> Done {
        let up = self.which(|device| device.is_up() && !device.is_removed && device.skew == 0);
        let Some(by) = self.dice.pick(&up) else { return Ok(()) };
        let person = self.device(by)?.person;
        if self.devices.iter().any(|device| device.person == person && device.is_removed) {
            return Ok(());
        }
        let others: Vec<usize> = self.devices_of(person).filter(|at| *at != by).collect();
        let (Some(lost), Some(root)) = (self.dice.pick(&others), self.roots.get(&person).cloned()) else {
            return Ok(());
        };
        let device = self.device(lost)?.id;
        self.tell(|| format!("{by}: removes device {lost}"));
        self.command(by, Command::RemoveDevice { device, root }).map(drop)
    }

    pub(super) fn say(&mut self) -> Done {
        let Some((at, account, person)) = self.some_contact() else { return Ok(()) };
        let filler = match self.dice.below(20) {
            0 => self.dice.below(4_000),
            1..6 => self.dice.below(300),
            _ => self.dice.below(20),
        };
        let words = self.model.type_message(at, person, usize::try_from(filler).unwrap_or(0));
        let text = Text::parse(&words).map_err(Failure::simulation)?;
        self.did(Deed::Said);
        self.tell(|| format!("{at}: says {} to {person}", words.split(' ').next().unwrap_or_default()));
        self.command(at, Command::Say { to: account.into(), text }).map(drop)
    }

    fn mark_read(&mut self) -> Done {
        let Some((at, account, person)) = self.some_contact() else { return Ok(()) };
        self.did(Deed::Read);
        self.tell(|| format!("{at}: reads what {person} wrote"));
        self.command(at, Command::MarkRead { conversation: account.into(), up_to: None }).map(drop)
    }

    fn edit(&mut self, is_name: bool) -> Done {
        let Some((at, contact, person)) = self.some_contact() else { return Ok(()) };
        let wall = self.clock(at).wall;
        let value = self.model.type_edit(wall);
        let none = self.dice.permille(120);
        self.did(Deed::Edited);
        self.tell(|| format!("{at}: writes {value} about {person}{}", if none { " (nothing)" } else { "" }));
        let command = if is_name {
            let alias = Name::parse(&value).map_err(Failure::simulation)?;
            Command::RenameContact { contact, alias: Some(alias).filter(|_| !none) }
        } else {
            let note = Text::parse(&value).map_err(Failure::simulation)?;
            Command::SetNote { contact, note: Some(note).filter(|_| !none) }
        };
        self.command(at, command).map(drop)
    }

    fn set_name(&mut self) -> Done {
        let up = self.which(Device::is_up);
        let Some(at) = self.dice.pick(&up) else { return Ok(()) };
        let wall = self.clock(at).wall;
        let value = self.model.type_edit(wall);
        self.did(Deed::Edited);
        self.tell(|| format!("{at}: takes the name {value}"));
        let name = Name::parse(&value).map_err(Failure::simulation)?;
        self.command(at, Command::SetName(name)).map(drop)
    }

    fn remove(&mut self) -> Done {
        let Some((at, account, contact)) = self.some_contact() else { return Ok(()) };
        self.tell(|| format!("{at}: removes {contact}"));
        self.command(at, Command::RemoveContact(account)).map(drop)
    }

    /// Two people who are no contacts meet, if there are such two.
    fn befriend(&mut self) -> Done {
        let mut pairs = Vec::new();
        for (at, host) in self.devices.iter().enumerate().filter(|(_, device)| device.is_up()) {
            for (other, guest) in self.devices.iter().enumerate().filter(|(_, device)| device.is_up()) {
                let strangers = host.person != guest.person && !guest.knows(host.account);
                if strangers && host.island == guest.island {
                    pairs.push((at, other));
                }
            }
        }
        match self.dice.pick(&pairs) {
            Some((host, guest)) => self.invite(host, guest),
            None => Ok(()),
        }
    }

    pub(super) fn invite(&mut self, host: usize, guest: usize) -> Done {
        self.did(Deed::Met);
        self.tell(|| format!("{host}: invites {guest}"));
        let addresses = socket_of(host).into_iter().collect();
        let number = self.command(host, Command::Invite { addresses })?;
        self.guests.insert(number, guest);
        Ok(())
    }

    fn light(&mut self) -> Done {
        let up = self.which(Device::is_up);
        let Some(at) = self.dice.pick(&up) else { return Ok(()) };
        let Some(name) = self.dice.pick(APPS) else { return Ok(()) };
        let on = self.dice.permille(600);
        self.did(Deed::Lit);
        self.tell(|| format!("{at}: {name} goes {}", if on { "on" } else { "off" }));
        let app = AppId::parse(name).map_err(Failure::simulation)?;
        self.command(at, Command::Light { app, on }).map(drop)
    }

    /// The power will go in the middle of the next commit.
    fn doom(&mut self, at: usize) -> Done {
        let after = self.dice.below(16);
        let device = self.device_mut(at)?;
        device.doomed = true;
        device.disk.plan(Trouble { after, times: 0, full: false });
        Ok(())
    }

    fn trouble(&mut self, at: usize, full: bool) -> Done {
        let (after, times) = (self.dice.below(12), self.dice.between(1, 40));
        let until = self.dice.between(50, 4_000);
        let device = self.device_mut(at)?;
        if device.doomed {
            return Ok(());
        }
        let boot = device.boot;
        device.disk.plan(Trouble { after, times, full });
        self.queue.after(until, crate::queue::Happening::Mend(at, boot));
        Ok(())
    }

    fn part(&mut self) -> Done {
        let many = self.dice.between(2, 3);
        for device in &mut self.devices {
            device.island = self.dice.below(many);
        }
        let islands: Vec<u64> = self.devices.iter().map(|device| device.island).collect();
        self.tell(|| format!("the network falls apart: {islands:?}"));
        self.islands_changed()
    }

    fn isolate(&mut self) -> Done {
        let at = usize::try_from(self.dice.below(self.devices.len() as u64)).unwrap_or(0);
        self.device_mut(at)?.island = super::NO_SIGNAL + at as u64;
        self.tell(|| format!("{at}: is out of reach"));
        self.islands_changed()
    }

    pub(crate) fn heal(&mut self) -> Done {
        for device in &mut self.devices {
            device.island = 0;
        }
        self.tell(|| "the network is whole".to_owned());
        self.islands_changed()
    }

    fn restore_some(&mut self) -> Done {
        let backed_up = self.which(|device| device.is_up() && !device.backups.is_empty());
        match self.dice.pick(&backed_up) {
            Some(at) => self.restore(at),
            None => Ok(()),
        }
    }

    fn set_some_clock(&mut self) -> Done {
        let at = usize::try_from(self.dice.below(self.devices.len() as u64)).unwrap_or(0);
        let skew = self.dice.pick(SKEWS).unwrap_or(0);
        self.set_clock_to_a_side(at, skew)
    }

    fn set_some_clock_far(&mut self) -> Done {
        let at = usize::try_from(self.dice.below(self.devices.len() as u64)).unwrap_or(0);
        self.set_clock_to_a_side(at, YEAR_OFF_MS)
    }

    fn set_clock_to_a_side(&mut self, at: usize, skew: u64) -> Done {
        let skew = i64::try_from(skew).unwrap_or(0);
        let skew = if self.dice.permille(500) { skew } else { -skew };
        self.set_clock(at, skew)
    }

    pub(crate) fn set_clock(&mut self, at: usize, skew: i64) -> Done {
        let now = self.queue.now();
        let device = self.device_mut(at)?;
        device.skew = skew;
        device.last_wrong_clock = Some(now);
        self.tell(|| format!("{at}: its clock is off by {} s", skew / 1000));
        Ok(())
    }

    /// What follows from what a device told its user.
    pub(super) fn heard(&mut self, at: usize, events: Vec<Event>) -> Done {
        for event in events {
            let code = match &event {
                Event::Answer(number, Ok(_)) => 20 + (number << 8),
                Event::Answer(number, Err(_)) => 21 + (number << 8),
                Event::ContactAdded(_) => 22,
                Event::ContactChanged(_) => 23,
                Event::ContactRemoved(_) => 24,
                Event::AcceptFailed { .. } => 25,
                Event::Message { .. } => 26,
                Event::Progress { .. } => 27,
                Event::Presence(_) => 28,
                Event::Near { reachable, .. } => 29 + (u64::from(*reachable) << 8),
                Event::Warning(_) => 30,
                Event::File { .. } => 31,
                Event::DeviceAdded(_) => 32,
                Event::DeviceChanged(_) => 33,
                Event::DeviceRemoved(_) => 34,
                Event::Past { .. } => 35,
                Event::GroupAdded(_) => 36,
                Event::GroupChanged(_) => 37,
                Event::GroupEnded(_) => 38,
                Event::Clock => 39,
                Event::Server(_) => 40,
                Event::Number => 41,
                Event::FileLimit(_) => 42,
            };
            self.story.note(&[at as u64, code]);
            self.tell_event(at, &event);
            match event {
                Event::Answer(number, Ok(Answer::Invited(invite))) => self.hand_over(at, number, invite)?,
                Event::Answer(number, Ok(_)) => self.done(at, number)?,
                Event::Answer(number, Err(_)) => {
                    self.device_mut(at)?.running()?.asked.remove(&number);
                }
                Event::ContactRemoved(account) => {
                    let (now, owner) = (self.queue.now(), self.device(at)?.person);
                    if let Some(contact) = self.person_of(&account) {
                        self.model.forget(owner, contact, now);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn tell_event(&mut self, at: usize, event: &Event) {
        match event {
            Event::Message { id, from, .. } => {
                let text = self.model.by_id(id).map(|said| said.text.split(' ').next().unwrap_or_default().to_owned());
                let from = self.person_of(from);
                self.tell(|| format!("{at}: shows {} from {from:?}", text.unwrap_or_default()));
            }
            Event::Near { account, device, reachable } => {
                let (person, device) = (self.person_of(account), self.whose(device));
                self.tell(|| format!("{at}: {device:?} of {person:?} is {}", if *reachable { "near" } else { "gone" }));
            }
            Event::Progress { id, progress, .. } => {
                let text = self.model.by_id(id).map(|said| said.text.split(' ').next().unwrap_or_default().to_owned());
                self.tell(|| format!("{at}: {} is {progress:?}", text.unwrap_or_default()));
            }
            Event::ContactAdded(account) | Event::ContactChanged(account) | Event::ContactRemoved(account) => {
                let person = self.person_of(account);
                let what = match event {
                    Event::ContactAdded(_) => "added",
                    Event::ContactRemoved(_) => "removed",
                    _ => "changed",
                };
                self.tell(|| format!("{at}: contact {person:?} is {what}"));
            }
            Event::Answer(_, Ok(_)) | Event::Presence(_) => {}
            other => self.tell(|| format!("{at}: {other:?}")),
        }
    }

    /// An invite is given to its guest.
    fn hand_over(&mut self, host: usize, number: u64, invite: Box<Invite>) -> Done {
        let Some(guest) = self.guests.remove(&number) else { return Ok(()) };
        let (now, person) = (self.queue.now(), self.device(guest)?.person);
        if let Some(inviter) = self.person_of(&invite.account) {
            self.model.meet(inviter, person, now, [host, guest]);
            for (at, owner, contact) in [(host, inviter, person), (guest, person, inviter)] {
                let ahead = self.device(at)?.skew.max(0).unsigned_abs();
                self.model.meet_by_clock(owner, contact, now.saturating_add(ahead));
            }
        }
        if self.device(guest)?.is_up() {
            self.command(guest, Command::Accept(invite))?;
        }
        Ok(())
    }

    /// A command is done.
    fn done(&mut self, at: usize, number: u64) -> Done {
        let Some(command) = self.device_mut(at)?.running()?.asked.remove(&number) else { return Ok(()) };
        let (time, owner) = (self.queue.now(), self.device(at)?.person);
        if let Command::RemoveContact(account) = command
            && let Some(contact) = self.person_of(&account)
        {
            self.did(Deed::Removed);
            self.model.removals.push(Removal { time, by: at, owner, contact });
        }
        Ok(())
    }
}
