//! Groups: their state, and the people who are known through them alone.
//!
//! What a group is made of is signed statements, which `lamplit_sync::charter` merges; what each member shows the others,
//! a badge; their device lists; and a secret that all of them share. Two members who are no contacts know each other's
//! devices by the lists, see them near by the badges, and call each other with a secret that follows from the group's.
//! They are linked for the group's sake and for nothing else.

mod apart;
mod change;
mod check;
mod exchange;
mod merge;
mod people;
mod reach;

use std::collections::BTreeMap;

use lamplit_identity::VerifiedList;
use lamplit_sync::charter::Charter;
use lamplit_types::{AccountId, GroupId};
use lamplit_wire::{Badge, Founding, GroupSecret, Rank, credential::Signed};

use crate::{
    db::{Typed, decode},
    rows::{GroupKeys, GroupRow},
    setup::DeviceSecrets,
    step::Stepped,
    table::{Order, Read, Table},
};

pub(crate) use exchange::{Coming, Said};
pub(crate) use people::companions;
pub(crate) use reach::reach_of;

/// A group, as the device has it at hand.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) founding: Founding,
    pub(crate) charter: Charter,
    /// What each member shows the others.
    pub(crate) badges: BTreeMap<AccountId, Signed<Badge>>,
    /// The devices of members and of those who have signed.
    pub(crate) lists: BTreeMap<AccountId, VerifiedList>,
    /// The latest last.
    pub(crate) secrets: Vec<GroupSecret>,
}

impl Group {
    pub(crate) const fn new(founding: Founding) -> Self {
        let charter = Charter::new(founding.founder);
        Self { founding, charter, badges: BTreeMap::new(), lists: BTreeMap::new(), secrets: Vec::new() }
    }

    /// A short name of all that others may lack. Two devices with the same have the same.
    pub(crate) fn head(&self) -> [u8; 16] {
        let mut hash = blake3::Hasher::new_derive_key("lamplit/1/group-head");
        for statement in self.charter.statements() {
            hash.update(&statement.signature.r).update(&statement.signature.s);
        }
        if let Some(name) = self.charter.name() {
            hash.update(b"name").update(&name.signature.r).update(&name.signature.s);
        }
        for badge in self.badges.values() {
            hash.update(b"badge").update(&badge.signature.r).update(&badge.signature.s);
        }
        for list in self.lists.values() {
            hash.update(b"list").update(&list.head().generation.to_le_bytes()).update(&list.head().hash);
        }
        for secret in &self.secrets {
            hash.update(b"secret")
                .update(&secret.generation.to_le_bytes())
                .update(blake3::hash(&secret.secret).as_bytes());
        }
        let mut head = [0; 16];
        hash.finalize_xof().fill(&mut head);
        head
    }

    /// What its people see of it.
    fn looks(&self) -> impl PartialEq + use<> {
        let people = self.charter.people().map(|one| (one.account, one.rank, one.name.clone()));
        let names = self.badges.values().map(|badge| (badge.account, badge.name.clone()));
        let name = self.charter.name().map(|name| name.name.clone());
        (people.collect::<Vec<_>>(), names.collect::<Vec<_>>(), name)
    }

    /// A short name of who is in it.
    fn members_hash(&self) -> [u8; 16] {
        let mut hash = blake3::Hasher::new();
        for standing in self.charter.people() {
            hash.update(standing.account.as_bytes()).update(&[u8::from(standing.rank == Rank::Out)]);
        }
        let mut out = [0; 16];
        hash.finalize_xof().fill(&mut out);
        out
    }

    /// Whether somebody's devices must be known: members', and those of whoever signed what counts.
    fn needs_list_of(&self, account: AccountId) -> bool {
        self.charter.is_member(account)
            || account == self.charter.founder()
            || self.charter.statements().any(|statement| statement.by == account)
            || self.charter.name().is_some_and(|name| name.by == account)
    }

    /// How often somebody has left, as far as the secret in use tells.
    fn turn(&self) -> u32 {
        self.secrets.last().map_or(0, |secret| secret.generation >> 16)
    }

    fn row(&self) -> GroupRow {
        let mut names = BTreeMap::new();
        for standing in self.charter.people() {
            names.insert(standing.account, standing.name.clone());
        }
        for badge in self.badges.values() {
            names.insert(badge.account, badge.name.clone());
        }
        GroupRow {
            founding: self.founding,
            standings: self.charter.statements().cloned().collect(),
            name: self.charter.name().cloned(),
            names: names.into_iter().collect(),
            lists: self.lists.values().map(|list| list.wire().clone()).collect(),
        }
    }

    fn from_rows(row: GroupRow, keys: GroupKeys) -> Self {
        let charter = row.charter();
        let lists = row.lists.into_iter().filter_map(|list| VerifiedList::verify(list, None).ok());
        Self {
            founding: row.founding,
            charter,
            badges: keys.badges.into_iter().map(|badge| (badge.account, badge)).collect(),
            lists: lists.map(|list| (list.account(), list)).collect(),
            secrets: keys.secrets,
        }
    }
}

impl GroupRow {
    /// What counts of what is kept.
    pub(crate) fn charter(&self) -> Charter {
        Charter::new(self.founding.founder).merge(self.standings.iter().cloned(), self.name.clone())
    }
}

/// All groups that the database has.
pub(crate) fn load(read: &impl Read, secrets: &DeviceSecrets) -> Stepped<BTreeMap<GroupId, Group>> {
    let mut groups = BTreeMap::new();
    for (at, value) in read.scan(Table::Groups, &[], None, Order::Up, crate::limits::GROUPS_EVER)? {
        let Ok(id) = <[u8; 16]>::try_from(at.as_slice()).map(GroupId::from_bytes) else { continue };
        let keys: Option<GroupKeys> = read.sealed(&secrets.vault, Table::GroupKeys, &at)?;
        groups.insert(id, Group::from_rows(decode(Table::Groups, &value)?, keys.unwrap_or_default()));
    }
    Ok(groups)
}
