//! What the user can do with a group.

use lamplit_identity::group_id;
use lamplit_types::{
    AccountId, GroupId, Name,
    limits::{GROUP_MEMBERS, GROUP_PEOPLE, GROUPS},
};
use lamplit_wire::{Founding, GroupName, Rank, Standing, bounded::List};

use super::Group;
use crate::{
    Node,
    db::Typed,
    io::CommandError,
    rows::Contact,
    step::{Step, Stepped},
    table::Table,
};

type Obeyed<T = ()> = Stepped<Result<T, CommandError>>;

impl Node {
    /// Founds a group with some contacts.
    pub(crate) fn found_group(&mut self, step: &mut Step<'_>, name: Name, members: &[AccountId]) -> Obeyed<GroupId> {
        let me = self.device.account;
        if self.groups_joined() >= GROUPS || self.groups.len() >= crate::limits::GROUPS_EVER {
            return Ok(Err(CommandError::TooManyGroups));
        }
        let founding = Founding { founder: me, root: self.people.me().list.root_hash(), nonce: step.random() };
        let id = group_id(&founding);
        let mut group = Group::new(founding);
        group.draw_secret(step);
        if let Err(refused) = self.say_standing(step, id, &mut group, me, Rank::Admin)? {
            return Ok(Err(refused));
        }
        self.sign_name(&mut group, id, name);
        for member in members {
            if let Err(refused) = self.add_to(step, id, &mut group, *member)? {
                return Ok(Err(refused));
            }
        }
        self.put_group(step, id, group)?;
        Ok(Ok(id))
    }

    /// Calls a group something else.
    pub(crate) fn rename_group(&mut self, step: &mut Step<'_>, id: GroupId, name: Name) -> Obeyed {
        let mut group = match self.own_group(id) {
            Ok(group) => group,
            Err(refused) => return Ok(Err(refused)),
        };
        self.sign_name(&mut group, id, name);
        self.put_group(step, id, group)?;
        Ok(Ok(()))
    }

    /// Adds contacts to a group.
    pub(crate) fn add_members(&mut self, step: &mut Step<'_>, id: GroupId, members: &[AccountId]) -> Obeyed {
        let mut group = match self.own_group(id) {
            Ok(group) => group,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(denied) = group.charter.may_add(self.device.account) {
            return Ok(Err(denied.into()));
        }
        for member in members {
            if let Err(refused) = self.add_to(step, id, &mut group, *member)? {
                return Ok(Err(refused));
            }
        }
        self.put_group(step, id, group)?;
        Ok(Ok(()))
    }

    fn add_to(&self, step: &Step<'_>, id: GroupId, group: &mut Group, member: AccountId) -> Obeyed {
        if group.charter.is_member(member) {
            return Ok(Err(CommandError::AlreadyMember));
        }
        if group.charter.members().count() >= GROUP_MEMBERS {
            return Ok(Err(CommandError::GroupFull));
        }
        let is_new = group.charter.standing(member).is_none();
        if is_new && group.charter.people().count() >= GROUP_PEOPLE {
            return Ok(Err(CommandError::GroupWornOut));
        }
        self.say_standing(step, id, group, member, Rank::Member)
    }

    /// Removes somebody from a group: from now on they get nothing more.
    pub(crate) fn remove_member(&mut self, step: &mut Step<'_>, id: GroupId, member: AccountId) -> Obeyed {
        let mut group = match self.own_group(id) {
            Ok(group) => group,
            Err(refused) => return Ok(Err(refused)),
        };
        if member == self.device.account {
            return self.leave_group(step, id);
        }
        if let Err(denied) = group.charter.may_remove(self.device.account, member) {
            return Ok(Err(denied.into()));
        }
        if !group.charter.is_member(member) {
            return Ok(Err(CommandError::UnknownMember));
        }
        if let Err(refused) = self.say_standing(step, id, &mut group, member, Rank::Out)? {
            return Ok(Err(refused));
        }
        group.draw_secret(step);
        self.put_group(step, id, group)?;
        Ok(Ok(()))
    }

    /// Makes a member an admin, or an admin a member.
    pub(crate) fn name_admin(&mut self, step: &mut Step<'_>, id: GroupId, member: AccountId, admin: bool) -> Obeyed {
        let me = self.device.account;
        let mut group = match self.own_group(id) {
            Ok(group) => group,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(denied) = group.charter.may_name_admins(me) {
            return Ok(Err(denied.into()));
        }
        if member == me {
            return Ok(Err(CommandError::Founder));
        }
        if !group.charter.is_member(member) {
            return Ok(Err(CommandError::UnknownMember));
        }
        let rank = if admin { Rank::Admin } else { Rank::Member };
        if let Err(refused) = self.say_standing(step, id, &mut group, member, rank)? {
            return Ok(Err(refused));
        }
        self.put_group(step, id, group)?;
        Ok(Ok(()))
    }

    /// Leaves a group, which is everybody's right.
    pub(crate) fn leave_group(&mut self, step: &mut Step<'_>, id: GroupId) -> Obeyed {
        let mut group = match self.own_group(id) {
            Ok(group) => group,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(refused) = self.say_standing(step, id, &mut group, self.device.account, Rank::Out)? {
            return Ok(Err(refused));
        }
        self.put_group(step, id, group)?;
        Ok(Ok(()))
    }

    fn own_group(&self, id: GroupId) -> Result<Group, CommandError> {
        let group = self.groups.get(&id).filter(|group| group.charter.is_member(self.device.account));
        group.cloned().ok_or(CommandError::UnknownGroup)
    }

    /// Signs where somebody stands from now on.
    fn say_standing(&self, step: &Step<'_>, id: GroupId, group: &mut Group, account: AccountId, rank: Rank) -> Obeyed {
        let me = self.device.account;
        let (root, name, list) = match group.charter.standing(account) {
            Some(standing) if rank != Rank::Member || group.charter.is_member(account) => {
                (standing.root, standing.name.clone(), None)
            }
            _ if account == me => {
                let list = self.people.me().list.clone();
                (list.root_hash(), self.device.name.clone(), Some(list))
            }
            _ => {
                let Some(person) = self.people.contact(account) else { return Ok(Err(CommandError::UnknownContact)) };
                let Some(card) = step.db.row::<Contact>(Table::Contacts, account.as_bytes())? else {
                    return Ok(Err(CommandError::UnknownContact));
                };
                (card.root, card.name, Some(person.list.clone()))
            }
        };
        // What they may sign no more, they keep as far as it is known here.
        let keeps = if rank == Rank::Admin { Vec::new() } else { group.charter.signed_by(account) };
        let Ok(keeps) = List::try_from(keeps) else { return Ok(Err(CommandError::GroupWornOut)) };
        let version = group.charter.next_version(account);
        let standing =
            Standing { group: id, account, root, name, version, rank, keeps, by: me, device: self.device.device };
        let Ok(signed) = self.secrets.keys.sign(standing) else { return Ok(Err(CommandError::GroupWornOut)) };
        group.charter = group.charter.merge([signed], []);
        group.lists.extend(list.map(|list| (account, list)));
        if account != me {
            group.lists.entry(me).or_insert_with(|| self.people.me().list.clone());
        }
        Ok(Ok(()))
    }

    fn sign_name(&self, group: &mut Group, id: GroupId, name: Name) {
        let version = group.charter.name().map_or(0, |name| name.version).saturating_add(1);
        let name = GroupName { group: id, name, version, by: self.device.account, device: self.device.device };
        if let Ok(signed) = self.secrets.keys.sign(name) {
            group.charter = group.charter.merge([], [signed]);
        }
    }
}
