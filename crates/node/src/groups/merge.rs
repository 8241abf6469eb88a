//! What follows from what came to be known of a group.

use std::collections::{BTreeMap, BTreeSet};

use lamplit_types::{AccountId, GroupId, limits::GROUP_SECRETS};
use lamplit_wire::{Body, GroupSecret, Rank};

use super::{
    Coming, Group,
    check::{Forged, check},
};
use crate::{
    Node,
    io::{Event, Warning},
    rows::{GroupKeys, key},
    sabotage::Sabotage,
    step::{Step, Stepped},
    table::{Read, Table},
};

/// What became of what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// It is merged with what was here, or says nothing that counts.
    Taken,
    /// It is forged.
    Forged,
}

impl Node {
    /// Merges what a device of `from` knows of a group.
    pub(super) fn merge_group(&mut self, step: &mut Step<'_>, from: AccountId, coming: Coming) -> Stepped<Merged> {
        let (id, me) = (coming.group, self.device.account);
        let before = self.groups.get(&id);
        if before.is_none() && !self.may_join_another(from) {
            return Ok(Merged::Taken);
        }
        let known = before.cloned().unwrap_or_else(|| Group::new(coming.founding));
        let secrets = coming.secrets.clone();
        let pinned = |account| {
            let person = if account == me { self.people.get(me) } else { self.people.contact(account) };
            person.map(|person| person.list.root_hash())
        };
        let checked = match check(&known, pinned, coming) {
            Ok(checked) => checked,
            Err(Forged) => return Ok(Merged::Forged),
        };
        for account in checked.in_conflict {
            step.tell(Event::Warning(Warning::ListConflict(account)));
        }
        let mut group = known.clone();
        group.charter = known.charter.merge(checked.statements, checked.names);
        group.lists.extend(checked.lists);
        for badge in checked.badges {
            let newer = |known: &&lamplit_wire::credential::Signed<lamplit_wire::Badge>| {
                (known.at, known.signature) >= (badge.at, badge.signature)
            };
            if group.badges.get(&badge.account).filter(newer).is_none() {
                group.badges.insert(badge.account, badge);
            }
        }
        // Nobody outside can hand out what members share.
        if from == me || group.charter.is_member(from) {
            group.secrets.extend(secrets);
        }
        if before.is_none() && !(group.charter.is_member(me) && (from == me || group.charter.is_member(from))) {
            return Ok(Merged::Taken);
        }
        self.put_group(step, id, group)?;
        Ok(Merged::Taken)
    }

    /// Whether a group that is not known here is to be joined at the word of a contact.
    fn may_join_another(&self, from: AccountId) -> bool {
        self.is_friend(from)
            && self.groups.len() < crate::limits::GROUPS_EVER
            && self.groups_joined() < lamplit_types::limits::GROUPS
    }

    /// The groups that the owner is in.
    pub(super) fn groups_joined(&self) -> usize {
        self.groups.values().filter(|group| group.charter.is_member(self.device.account)).count()
    }

    /// A group is as `group` says from now on.
    pub(super) fn put_group(&mut self, step: &mut Step<'_>, id: GroupId, mut group: Group) -> Stepped {
        let me = self.device.account;
        if !group.charter.is_member(me) {
            // What its members share is theirs.
            group.secrets.clear();
        }
        group.tidy();
        let before = self.groups.get(&id).cloned();
        let was_in = |account| before.as_ref().is_some_and(|group| group.charter.is_member(account));
        let left: Vec<AccountId> = group
            .charter
            .people()
            .filter(|standing| standing.rank == Rank::Out && was_in(standing.account))
            .map(|standing| standing.account)
            .collect();
        // Whoever sees first that somebody left draws what they shall not have; one who removes has done so already.
        let is_told = before.as_ref().is_some_and(|before| before.turn() < group.turn());
        if !left.is_empty() && !is_told && group.charter.is_admin(me) {
            group.draw_secret(step);
        }
        let before_head = before.as_ref().map(Group::head);
        if before_head == Some(group.head()) {
            return Ok(());
        }
        let (was_member, is_member) = (was_in(me), group.charter.is_member(me));
        let looks_other = before.as_ref().is_none_or(|before| before.looks() != group.looks());
        self.groups.insert(id, group);
        self.save_group(step, id)?;
        if is_member {
            self.show_badge(step, id)?;
        }
        match (was_member, is_member) {
            (false, true) => step.tell(Event::GroupAdded(id)),
            (true, false) => step.tell(Event::GroupEnded(id)),
            _ if looks_other => step.tell(Event::GroupChanged(id)),
            _ => {}
        }
        let out: BTreeSet<AccountId> = match (was_member, is_member) {
            (_, true) => left.into_iter().collect(),
            (true, false) => self.members_of(id),
            (false, false) => BTreeSet::new(),
        };
        self.post_group(step, id, before.as_ref())?;
        if !out.is_empty() {
            // They are told while they are still known.
            self.pump_groups(step)?;
            let shown = before.as_ref().and_then(|before| before.badges.get(&me)).map(|badge| badge.beacon);
            self.part(step, id, &out, shown)?;
        }
        self.meet_companions(step)?;
        self.deliver_early(step, id)
    }

    fn members_of(&self, id: GroupId) -> BTreeSet<AccountId> {
        let members = self.groups.get(&id).into_iter().flat_map(|group| group.charter.members());
        members.map(|standing| standing.account).filter(|account| *account != self.device.account).collect()
    }

    /// The owner and some others are in a group together no more: nothing of it goes to them, and those who knew the
    /// owner through groups alone shall not see the owner's beacon.
    /// `shown` is the beacon key they know.
    fn part(
        &mut self,
        step: &mut Step<'_>,
        id: GroupId,
        from: &BTreeSet<AccountId>,
        shown: Option<[u8; 32]>,
    ) -> Stepped {
        if self.has_bug(Sabotage::KeepsSending) {
            return Ok(());
        }
        let still: BTreeMap<_, _> = super::people::companions(&self.groups, self.device.account);
        let mut seen_by_strangers = false;
        for account in from {
            for device in self.people.devices_of(*account) {
                self.blank_mail(step, device, |outgoing| {
                    // That they are in it no more is what they are to hear.
                    outgoing.conversation == id.into() && !matches!(outgoing.body, Body::Group(_))
                })?;
            }
            self.stop_serving(step, *account, id.into())?;
            seen_by_strangers |= !self.is_friend(*account) && !still.contains_key(account);
        }
        // Another device of the account may have taken a turn for this already.
        let mine = self.groups.get(&id).and_then(|group| group.badges.get(&self.device.account));
        let now = Some(self.beacon_key(step)?);
        if seen_by_strangers && shown == now && mine.is_none_or(|badge| Some(badge.beacon) == now) {
            self.rekey_friends(step)?;
        }
        Ok(())
    }

    /// Keeps a group, and tells it on.
    pub(super) fn save_group(&mut self, step: &mut Step<'_>, id: GroupId) -> Stepped {
        let Some(group) = self.groups.get(&id) else { return Ok(()) };
        step.db.put(Table::Groups, id.as_bytes(), &group.row())?;
        let keys = GroupKeys { badges: group.badges.values().cloned().collect(), secrets: group.secrets.clone() };
        step.db.put_sealed(&self.secrets.vault, step.rng, Table::GroupKeys, id.as_bytes(), &keys)?;
        self.dirty_groups.insert(id);
        let at = key::conversation(id.into());
        // A group with nothing said in it has a conversation all the same.
        if step.db.get(Table::Conversations, &at)?.is_none() {
            step.db.put(Table::Conversations, &at, &crate::rows::Conversation::default())?;
        }
        Ok(())
    }
}

impl Group {
    /// Leaves what nobody needs.
    fn tidy(&mut self) {
        self.secrets.sort_unstable();
        self.secrets.dedup();
        let old = self.secrets.len().saturating_sub(GROUP_SECRETS);
        self.secrets.drain(..old);
        let charter = &self.charter;
        self.badges.retain(|account, _| charter.is_member(*account));
        let lists = core::mem::take(&mut self.lists);
        self.lists = lists.into_iter().filter(|(account, _)| self.needs_list_of(*account)).collect();
    }

    /// Draws the secret of the next turn.
    pub(super) fn draw_secret(&mut self, step: &mut Step<'_>) {
        let turn = self.turn().saturating_add(1).min(u32::from(u16::MAX));
        let drawn = u32::from(u16::from_le_bytes(step.random()));
        self.secrets.push(GroupSecret { generation: (turn << 16) | drawn, secret: step.random() });
    }
}
