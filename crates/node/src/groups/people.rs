//! Who is known through groups: how their devices are called and seen near.

use std::collections::{BTreeMap, BTreeSet};

use lamplit_identity::{BeaconKey, MergeOutcome, PairSecret, VerifiedList};
use lamplit_types::{AccountId, DeviceId, GroupId};
use lamplit_wire::{Badge, GroupName, Standing};

use super::Group;
use crate::{
    Node,
    people::Person,
    step::{Step, Stepped},
};

/// Everybody whom the owner shares a group with, contacts too: they may know the owner through the group alone.
pub(crate) fn companions(groups: &BTreeMap<GroupId, Group>, me: AccountId) -> BTreeMap<AccountId, Person> {
    let mut people: BTreeMap<AccountId, Person> = BTreeMap::new();
    for (id, group) in groups.iter().filter(|(_, group)| group.charter.is_member(me)) {
        for standing in group.charter.members().filter(|standing| standing.account != me) {
            let account = standing.account;
            let Some(list) = group.lists.get(&account).filter(|list| list.root_hash() == standing.root) else {
                continue;
            };
            let pairs = group.secrets.iter().map(|secret| PairSecret::of_members(*id, secret, me, account));
            let beacon = group.badges.get(&account).map(|badge| BeaconKey::from_bytes(badge.beacon));
            let person = people.entry(account).or_insert_with(|| Person {
                list: list.clone(),
                pairs: Vec::new(),
                beacons: Vec::new(),
            });
            // Of two groups that know different devices of somebody, what both know together.
            if let Ok(MergeOutcome::Grew(newer) | MergeOutcome::Newer(newer)) = person.list.merge(list) {
                person.list = newer;
            }
            person.pairs.extend(pairs);
            person.beacons.extend(beacon);
        }
    }
    people
}

impl Node {
    /// Whether somebody is a contact, or the owner: others are known for a group's sake alone.
    pub(crate) fn is_friend(&self, account: AccountId) -> bool {
        account == self.device.account || self.people.contact(account).is_some()
    }

    /// Brings those who are known through groups to what the groups say. Who is known no more is forgotten.
    pub(crate) fn meet_companions(&mut self, step: &mut Step<'_>) -> Stepped {
        let before = self.people.devices_of_companions();
        let gone = self.people.set_companions(companions(&self.groups, self.device.account));
        for device in gone {
            self.forget_device(step, device)?;
        }
        for (account, _) in self.people.devices_of_companions() {
            let is_new = !before.iter().any(|(known, _)| *known == account);
            if is_new && !self.is_friend(account) {
                self.ask_for_passed_over(step, &self.people.devices_of(account))?;
            }
        }
        let mut removed = false;
        for (account, before) in before {
            if self.people.get(account).is_none() {
                continue;
            }
            self.greet_devices(step, account, &before)?;
            let after = self.people.devices_of(account);
            removed |= !self.is_friend(account) && before.iter().any(|device| !after.contains(device));
        }
        // A device that its account removed holds what the account was shown.
        if removed { self.rekey_friends(step) } else { Ok(()) }
    }

    /// The device list of somebody grew: the groups they are in hear of it.
    pub(crate) fn tell_groups_of_list(
        &mut self,
        step: &mut Step<'_>,
        account: AccountId,
        list: &VerifiedList,
    ) -> Stepped {
        let mut changed = BTreeSet::new();
        for (id, group) in &mut self.groups {
            let Some(known) = group.lists.get_mut(&account) else { continue };
            if let Ok(MergeOutcome::Grew(newer) | MergeOutcome::Newer(newer)) = known.merge(list) {
                *known = newer;
                changed.insert(*id);
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        for id in changed {
            self.save_group(step, id)?;
        }
        self.meet_companions(step)
    }

    /// Shows all groups the name and the beacon key of now.
    pub(crate) fn show_badges(&mut self, step: &mut Step<'_>) -> Stepped {
        let me = self.device.account;
        let mine: Vec<GroupId> =
            self.groups.iter().filter(|(_, group)| group.charter.is_member(me)).map(|(id, _)| *id).collect();
        for id in mine {
            self.show_badge(step, id)?;
        }
        Ok(())
    }

    /// Shows a group the name and the beacon key of now, if it was shown others.
    pub(crate) fn show_badge(&mut self, step: &mut Step<'_>, id: GroupId) -> Stepped {
        let (me, name) = (self.device.account, self.device.name.clone());
        let beacon = self.beacon_key(step)?;
        let shown = self.groups.get(&id).and_then(|group| group.badges.get(&me));
        if shown.is_some_and(|badge| badge.beacon == beacon && badge.name == name) {
            return Ok(());
        }
        let at = self.tick(step)?;
        let badge = Badge { group: id, account: me, device: self.device.device, at, name, beacon };
        let Ok(badge) = self.secrets.keys.sign(badge) else { return Ok(()) };
        if let Some(group) = self.groups.get_mut(&id) {
            group.badges.insert(me, badge);
        }
        self.save_group(step, id)
    }

    /// What this account said by a device that it has removed since, and may still say, it says again by this one: who joins
    /// later could not check it.
    pub(crate) fn sign_groups_anew(&mut self, step: &mut Step<'_>) -> Stepped {
        let me = self.device.account;
        let list = self.people.me().list.clone();
        let is_gone = |device: &DeviceId| list.device(device).is_none();
        for id in self.groups.keys().copied().collect::<Vec<_>>() {
            let Some(group) = self.groups.get(&id) else { continue };
            let mine = group.charter.statements().filter(|one| one.by == me && is_gone(&one.device));
            let may = |about: AccountId| about == me || group.charter.is_admin(me);
            let again: Vec<Standing> = mine.map(|one| one.body.clone()).filter(|one| may(one.account)).collect();
            let name = group.charter.name().filter(|name| name.by == me && is_gone(&name.device));
            let name = name.filter(|_| group.charter.is_member(me)).map(|name| name.body.clone());
            let mut group = group.clone();
            for standing in again {
                let version = group.charter.next_version(standing.account);
                let standing = Standing { version, device: self.device.device, ..standing };
                group.charter = group.charter.merge(self.secrets.keys.sign(standing).ok(), []);
            }
            if let Some(name) = name {
                let version = name.version.saturating_add(1);
                let name = GroupName { version, device: self.device.device, ..name };
                group.charter = group.charter.merge([], self.secrets.keys.sign(name).ok());
            }
            self.put_group(step, id, group)?;
        }
        Ok(())
    }
}
