//! How devices tell each other of groups: a greeting names what each knows in short, and whoever sees a difference
//! tells all it knows. What is told goes before the messages of the link, so that nobody hears a member before hearing
//! that it is one.

use std::collections::BTreeSet;

use lamplit_link::Link;
use lamplit_sync::charter::Statement;
use lamplit_types::{
    AccountId, GroupId, LinkId,
    limits::{GROUP_PART, GROUP_PEOPLE, GROUPS},
};
use lamplit_wire::{
    Badge, Founding, Frame, GroupHead, GroupName, GroupPart, GroupSecret,
    bounded::List,
    credential::{DeviceList, Signed},
};

use super::{Group, merge::Merged};
use crate::{
    Node,
    db::encode,
    limits,
    line::{Flow, Stage, Talk, send},
    step::{Step, Stepped},
    table::Table,
};

/// What came so far of what another device knows of a group.
#[derive(Clone)]
pub(crate) struct Coming {
    pub(super) group: GroupId,
    pub(super) founding: Founding,
    pub(super) statements: Vec<Statement>,
    pub(super) names: Vec<Signed<GroupName>>,
    pub(super) badges: Vec<Signed<Badge>>,
    pub(super) lists: Vec<DeviceList>,
    pub(super) secrets: Vec<GroupSecret>,
}

/// What went over a link about a group, either way: it goes once.
#[derive(Clone, Default)]
pub(crate) struct Said {
    items: BTreeSet<[u8; 16]>,
    /// Who was in it then. When somebody comes or goes, both sides let go of some things, and all is said again.
    members: [u8; 16],
}

/// What two accounts are to each other in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// Both are in it, or both devices are the owner's: all may be told.
    Both,
    /// The owner or the other is in it no more: that is told, and nothing else.
    Parted,
    /// The other was never in it.
    None,
}

/// One of the things a group is made of.
pub(super) enum Item<'a> {
    List(&'a DeviceList),
    Standing(&'a Statement),
    Name(&'a Signed<GroupName>),
    Badge(&'a Signed<Badge>),
}

impl Node {
    /// What this device knows, in short, of the groups that it has in common with an account.
    pub(crate) fn group_heads(&self, account: AccountId) -> List<GroupHead, GROUPS> {
        let shared = self.groups.iter().filter(|(_, group)| self.relation(group, account) == Relation::Both);
        let heads = shared.map(|(id, group)| GroupHead { group: *id, hash: group.head() });
        List::try_from(heads.take(GROUPS).collect::<Vec<_>>()).unwrap_or_default()
    }

    pub(super) fn relation(&self, group: &Group, account: AccountId) -> Relation {
        let me = self.device.account;
        let are_in = [me, account].map(|account| group.charter.is_member(account));
        match (account == me || are_in == [true, true], group.charter.standing(account)) {
            (true, _) => Relation::Both,
            (false, Some(_)) => Relation::Parted,
            (false, None) => Relation::None,
        }
    }

    /// The other has greeted and named what it knows: it is told what differs.
    pub(crate) fn greet_groups(&mut self, step: &mut Step<'_>, link: &mut Link, talk: &mut Talk) -> Stepped<Flow> {
        for id in self.groups.keys().copied().collect::<Vec<_>>() {
            if self.tell_group(step, link, talk, id)? == Flow::End {
                return Ok(Flow::End);
            }
        }
        Ok(Flow::Go)
    }

    /// Tells a device of a group, unless it knows the same or was told so already.
    fn tell_group(&self, step: &mut Step<'_>, link: &mut Link, talk: &mut Talk, id: GroupId) -> Stepped<Flow> {
        let Some(group) = self.groups.get(&id) else { return Ok(Flow::Go) };
        let head = group.head();
        let Said { items, members } = talk.group_items.entry(id).or_default();
        if core::mem::replace(members, group.members_hash()) != *members {
            items.clear();
        }
        let parts = match self.relation(group, talk.account) {
            Relation::Both if talk.groups.get(&id) == Some(&head) => {
                for item in items_of(group) {
                    items.insert(item.hash()?);
                }
                return Ok(Flow::Go);
            }
            Relation::Both => unknown_parts(id, group, items)?,
            // One that does not take this account for a member has heard it already.
            Relation::Parted if talk.groups.contains_key(&id) => notice(id, group, [self.device.account, talk.account]),
            Relation::Parted | Relation::None => return Ok(Flow::Go),
        };
        if talk.told_groups.insert(id, head) == Some(head) {
            return Ok(Flow::Go);
        }
        for part in parts {
            if send(link, step.now, &Frame::Group(part)) == Flow::End {
                return Ok(Flow::End);
            }
        }
        Ok(Flow::Go)
    }

    /// Tells all who are linked of groups that changed.
    pub(crate) fn pump_groups(&mut self, step: &mut Step<'_>) -> Stepped {
        let dirty = core::mem::take(&mut self.dirty_groups);
        if dirty.is_empty() {
            return Ok(());
        }
        for id in self.near.values().copied().collect::<Vec<LinkId>>() {
            let Some(mut line) = self.links.remove(&id) else { continue };
            let mut flow = Flow::Go;
            if let Stage::Known(talk) = &mut line.stage
                && talk.heard
                && !talk.expired
            {
                for group in &dirty {
                    if flow == Flow::Go {
                        flow = self.tell_group(step, &mut line.link, talk, *group)?;
                    }
                }
            }
            self.touched.insert(id);
            self.links.insert(id, line);
            if flow == Flow::End {
                self.end_link(step, id, None)?;
            }
        }
        let changed: Vec<&Group> = dirty.iter().filter_map(|id| self.groups.get(id)).collect();
        let mut concerned = self.resting_accounts();
        concerned.retain(|account| changed.iter().any(|group| self.relation(group, *account) != Relation::None));
        self.wake_those(step.now.mono, &concerned);
        Ok(())
    }

    /// A part of what another device knows of a group.
    pub(crate) fn group_came(&mut self, step: &mut Step<'_>, talk: &mut Talk, part: GroupPart) -> Stepped<Flow> {
        let mut coming = talk.coming_group.take().unwrap_or_else(|| Coming::new(&part));
        if !coming.add(&part) {
            return Ok(Flow::End);
        }
        let Said { items, .. } = talk.group_items.entry(part.group).or_default();
        if items.len() > limits::GROUP_ITEMS {
            items.clear();
        }
        for item in items_in(&part) {
            items.insert(item.hash()?);
        }
        let Some(head) = part.head else {
            talk.coming_group = Some(coming);
            return Ok(Flow::Go);
        };
        if self.merge_group(step, talk.account, coming)? == Merged::Forged {
            return Ok(Flow::End);
        }
        talk.groups.insert(part.group, head);
        if self.groups.get(&part.group).is_some_and(|group| group.head() != head) {
            self.dirty_groups.insert(part.group);
        }
        // Who was known for this group alone may be known no more.
        if self.people.get(talk.account).is_none() { Ok(Flow::End) } else { Ok(Flow::Go) }
    }
}

impl Coming {
    pub(super) const fn new(part: &GroupPart) -> Self {
        Self {
            group: part.group,
            founding: part.founding,
            statements: Vec::new(),
            names: Vec::new(),
            badges: Vec::new(),
            lists: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// Adds a further part; whether it is of the same group, and not of more than there can be.
    pub(super) fn add(&mut self, part: &GroupPart) -> bool {
        self.statements.extend(part.standings.iter().cloned());
        self.names.extend(part.names.iter().cloned());
        self.badges.extend(part.badges.iter().cloned());
        self.lists.extend(part.lists.iter().cloned());
        self.secrets.extend(part.secrets.iter().copied());
        let lengths =
            [self.statements.len() / 2, self.names.len(), self.badges.len(), self.lists.len(), self.secrets.len()];
        (self.group, self.founding) == (part.group, part.founding)
            && lengths.iter().all(|length| *length <= GROUP_PEOPLE)
    }
}

/// What a group is made of.
pub(super) fn items_of(group: &Group) -> impl Iterator<Item = Item<'_>> {
    let lists = group.lists.values().map(|list| Item::List(list.wire()));
    let standings = group.charter.statements().map(Item::Standing);
    let badges = group.badges.values().map(Item::Badge);
    lists.chain(standings).chain(group.charter.name().map(Item::Name)).chain(badges)
}

/// What is in a part.
fn items_in(part: &GroupPart) -> impl Iterator<Item = Item<'_>> {
    let lists = part.lists.iter().map(Item::List);
    let standings = part.standings.iter().map(Item::Standing);
    lists.chain(standings).chain(part.names.iter().map(Item::Name)).chain(part.badges.iter().map(Item::Badge))
}

/// What the other has not heard or said of a group, in parts; from now on it has.
fn unknown_parts(id: GroupId, group: &Group, known: &mut BTreeSet<[u8; 16]>) -> Stepped<Vec<GroupPart>> {
    let mut unknown = Vec::new();
    for item in items_of(group) {
        if known.insert(item.hash()?) {
            unknown.push(item);
        }
    }
    in_parts(id, group, unknown)
}

/// Some of what a group is made of, in parts.
pub(super) fn in_parts<'a>(
    id: GroupId,
    group: &Group,
    items: impl IntoIterator<Item = Item<'a>>,
) -> Stepped<Vec<GroupPart>> {
    let (mut parts, mut part, mut bytes, mut many) = (Vec::new(), empty(id, group), 0_usize, 0_usize);
    for item in items {
        let size = item.encode()?.len();
        if bytes.saturating_add(size) > limits::GROUP_PART_BYTES || many >= GROUP_PART {
            parts.push(core::mem::replace(&mut part, empty(id, group)));
            (bytes, many) = (0, 0);
        }
        item.put(&mut part);
        bytes = bytes.saturating_add(size);
        many = many.saturating_add(1);
    }
    part.secrets = List::try_from(group.secrets.clone()).unwrap_or_default();
    part.head = Some(group.head());
    parts.push(part);
    Ok(parts)
}

/// That some are in a group no more, and nothing else of it.
pub(super) fn notice(id: GroupId, group: &Group, about: [AccountId; 2]) -> Vec<GroupPart> {
    let mut part = empty(id, group);
    for statement in
        group.charter.statements().filter(|one| about.contains(&one.account) && !group.charter.is_member(one.account))
    {
        Item::Standing(statement).put(&mut part);
    }
    part.head = Some(group.head());
    vec![part]
}

fn empty(id: GroupId, group: &Group) -> GroupPart {
    GroupPart {
        group: id,
        founding: group.founding,
        standings: List::new(),
        names: List::new(),
        badges: List::new(),
        lists: List::new(),
        secrets: List::new(),
        head: None,
    }
}

impl Item<'_> {
    fn encode(&self) -> Stepped<Vec<u8>> {
        match self {
            Self::List(list) => encode(list, Table::Groups),
            Self::Standing(standing) => encode(standing, Table::Groups),
            Self::Name(name) => encode(name, Table::Groups),
            Self::Badge(badge) => encode(badge, Table::Groups),
        }
    }

    pub(super) fn hash(&self) -> Stepped<[u8; 16]> {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.encode()?);
        let mut out = [0; 16];
        hash.finalize_xof().fill(&mut out);
        Ok(out)
    }

    /// Puts it into a part that has room for it.
    fn put(self, part: &mut GroupPart) {
        let put = match self {
            Self::List(list) => part.lists.push(list.clone()),
            Self::Standing(standing) => part.standings.push(standing.clone()),
            Self::Name(name) => part.names.push(name.clone()),
            Self::Badge(badge) => part.badges.push(badge.clone()),
        };
        debug_assert!(put.is_ok(), "a part has room for as many items as are put into it");
    }
}
